import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fleeting.core import InputError, UsageError
from fleeting.training import Rows, TrainingSettings, make_objective, mirror_some, train_module

SETTINGS = TrainingSettings(epochs=6, batch_size=8, learning_rate=0.01)


def network(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def rows(count: int = 30, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    inputs = rng.normal(size=(count, 5)) + 2 * np.eye(5)[labels]
    return Rows((torch.from_numpy(inputs.astype(np.float32)),), torch.from_numpy(labels))


def objective(settings: TrainingSettings = SETTINGS):
    return make_objective(rows().labels.numpy(), 3, settings)


def run(module: nn.Module, settings: TrainingSettings = SETTINGS, **options):
    return train_module(module, rows(), settings, objective(settings), **options)


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_one_step_of_sgd_by_hand() -> None:
    """A linear network without bias, one row, one step: w - rate * (p - y) x."""
    module = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(module.weight)
    data = Rows((torch.tensor([[1.0, 2.0]]),), torch.tensor([0]))
    settings = TrainingSettings(epochs=1, learning_rate=0.1, optimizer="sgd", momentum=0.0)
    told = train_module(module, data, settings, make_objective(np.array([0, 1]), 2, settings))
    assert module.weight.tolist() == pytest.approx(np.array([[0.05, 0.1], [-0.05, -0.1]]))
    assert told.history == [{"epoch": 1, "loss": pytest.approx(np.log(2)), "rate": 0.1}]


def test_the_plain_loop_gives_the_same_weights() -> None:
    """Against a loop written out in torch alone."""
    settings = TrainingSettings(epochs=3, batch_size=30, learning_rate=0.01, shuffle=False)
    ours, plain = nn.Linear(5, 3), nn.Linear(5, 3)
    plain.load_state_dict(ours.state_dict())
    run(ours, settings)
    optimizer = torch.optim.Adam(plain.parameters(), 0.01)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain(rows().inputs[0]), rows().labels).backward()
        optimizer.step()
    assert all(
        torch.allclose(a, b, atol=1e-6) for a, b in zip(ours.parameters(), plain.parameters(), strict=True)
    )


def test_same_seed_same_weights_and_other_seed_others() -> None:
    made = [network() for _ in range(3)]
    for module, seed in zip(made, (5, 5, 6), strict=True):
        run(module, seed=seed)
    assert same(made[0], made[1]) and not same(made[0], made[2])


def test_the_caller_s_random_numbers_are_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    run(network())
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path, optimizer: str) -> None:
    settings = SETTINGS.changed({"optimizer": optimizer, "schedule": "cosine", "weight_decay": 0.01})
    whole, stopped, resumed = network(), network(), network()
    told = run(whole, settings)

    class Stop(Exception):
        pass

    def stop(entry: dict[str, float]) -> None:
        if entry["epoch"] == 3:
            raise Stop

    path = tmp_path / "c.safetensors"
    with pytest.raises(Stop):
        run(stopped, settings, checkpoint=path, progress=stop)
    assert not same(whole, stopped)
    seen: list[float] = []
    again = run(resumed, settings, checkpoint=path, progress=lambda entry: seen.append(entry["epoch"]))
    assert same(whole, resumed)
    assert seen == [4, 5, 6] and again.history == told.history


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    """SIGKILL in the middle, not a polite end."""
    path = tmp_path / "c.safetensors"
    here = Path(__file__).parent
    script = (
        f"import sys, os, signal; sys.path.insert(0, {str(here)!r})\n"
        "import torch; torch.set_num_threads(1)\n"
        "from test_loop import run, network\n"
        "def end(entry):\n    if entry['epoch'] == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"run(network(), checkpoint={str(path)!r}, progress=end)\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL and path.exists()
    whole, resumed = network(), network()
    run(whole)
    run(resumed, checkpoint=path)
    assert same(whole, resumed)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    run(network(), checkpoint=path)
    with pytest.raises(InputError, match="another training"):
        run(network(), seed=1, checkpoint=path)
    with pytest.raises(InputError, match="another training"):
        run(network(), checkpoint=path, tag="a switch")
    with pytest.raises(InputError, match="another training"):
        run(network(1), checkpoint=path)  # pre-trained otherwise
    with pytest.raises(InputError, match="does not fit"):
        run(nn.Linear(5, 3), checkpoint=path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="does not fit"):
        run(network(), checkpoint=path)


def test_more_epochs_of_the_same_training_go_on(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    long, short = network(), network()
    run(long, SETTINGS.changed({"epochs": 9}))
    run(short, checkpoint=path)
    more = network()
    run(more, SETTINGS.changed({"epochs": 9}), checkpoint=path)
    assert same(long, more)


def test_the_last_epoch_is_kept_unless_a_validation_part_is_there_and_asked_for() -> None:
    held = rows(12, seed=9)
    last, best = network(), network()
    run(last, validation=held)
    hard = SETTINGS.changed({"epochs": 40, "learning_rate": 0.3, "keep": "best"})
    told = run(best, hard, validation=held)
    losses = [entry["validation_loss"] for entry in told.history]
    assert told.chosen == int(np.argmin(losses)) + 1 < 40
    again = network()
    run(again, hard.changed({"epochs": told.chosen}), validation=held)
    assert same(best, again)
    plain = network()
    run(plain)
    assert same(last, plain)  # looking at the validation part changes nothing


def test_best_needs_a_validation_part() -> None:
    for change in ({"keep": "best"}, {"patience": 3}):
        with pytest.raises(UsageError, match="validation"):
            run(network(), SETTINGS.changed(change))


def test_patience_stops_early() -> None:
    settings = SETTINGS.changed({"epochs": 200, "learning_rate": 0.3, "patience": 3, "keep": "best"})
    told = run(network(), settings, validation=rows(12, seed=9))
    assert len(told.history) == told.chosen + 3 < 200


def test_half_precision_comes_close() -> None:
    """Fabric switches the precision; weights stay in 32 bits."""
    full, half = network(), network()
    run(full, SETTINGS)
    run(half, SETTINGS.changed({"precision": "bf16-mixed"}))
    gap = max((a - b).abs().max() for a, b in zip(full.parameters(), half.parameters(), strict=True))
    assert 0 < gap < 0.1 and half[0].weight.dtype == torch.float32


def test_a_training_that_runs_away_is_stopped() -> None:
    wild = SETTINGS.changed({"optimizer": "sgd", "learning_rate": 1e30})
    with pytest.raises(UsageError, match="lower the learning rate"):
        run(nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 3)), wild)


def test_clipping_bounds_the_step() -> None:
    settings = TrainingSettings(
        epochs=1, batch_size=30, learning_rate=1.0, optimizer="sgd", momentum=0.0, clip=1e-3
    )
    module = nn.Linear(5, 3)
    before = [p.detach().clone() for p in module.parameters()]
    run(module, settings)
    moved = torch.cat([(a - b).flatten() for a, b in zip(module.parameters(), before, strict=True)])
    assert moved.norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_an_extra_loss_is_added_and_augmentation_is_used_where_asked() -> None:
    plain, heavier = network(), network()
    run(plain)
    run(heavier, extra=lambda output, batch: output["logits"].square().mean())
    assert not same(plain, heavier)
    calls: list[int] = []

    def augment(rows, rng):
        calls.append(len(rows))
        return rows

    run(network(), augment=augment)
    assert calls == []
    run(network(), SETTINGS.changed({"augment": True, "epochs": 1}), augment=augment)
    assert sum(calls) == 30


def test_mirroring_in_training_depends_on_the_seed_alone() -> None:
    maps = torch.randint(0, 256, (8, 4, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    first = mirror_some((maps,), torch.zeros(8), np.random.default_rng(1), ())[0][0]
    assert torch.equal(first, mirror_some((maps,), torch.zeros(8), np.random.default_rng(1), ())[0][0])
