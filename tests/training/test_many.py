"""Many at once equals one at a time: without drop-out to rounding, with it in the spread over seeds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fleeting.core import Examples, UsageError
from fleeting.nn import BatchNorm
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, fit_many, mirror_some


def examples(count: int, seed: int, noise: float = 1.0) -> Examples:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    maps = rng.normal(size=(count, 6, 6, 3)) * noise
    maps[np.arange(count), labels] += 2
    ids = np.array([f"d/s/{i}" for i in range(count)])
    there = np.array(["d/s"] * count)
    return Examples(ids, there, there, labels, ("a", "b", "c"), {"maps": maps.astype(np.float32)})


class Net(nn.Module):
    """ReLU before the norm: a bias right before one has no gradient, and Adam makes steps of its rounding."""

    def __init__(self, classes: int, dropout: float, norm: type = BatchNorm) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3, padding=1), norm(4)
        self.dropout, self.head = nn.Dropout(dropout), nn.Linear(4 * 9, classes)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        x = self.norm(torch.relu(self.convolution(maps.permute(0, 3, 1, 2))))
        return self.head(self.dropout(nn.functional.max_pool2d(x, 2).flatten(1)))


def noisy(inputs, labels, rng, classes):
    """An augmentation of somebody else: a plain function."""
    noise = torch.from_numpy(rng.normal(size=inputs[0].shape).astype(np.float32))
    return (inputs[0] + 0.1 * noise,), labels


class NoisyRows:
    """An augmentation of whole rows."""

    def change_rows(self, rows, rng, classes):
        assert tuple(classes) == ("a", "b", "c")
        return Rows(noisy(rows.inputs, rows.labels, rng, classes)[0], rows.labels, rows.targets)


def recognizer(seed: int, dropout: float = 0.0, norm: type = BatchNorm, **changes: object) -> TorchRecognizer:
    augment = changes.pop("function", mirror_some)
    settings = TrainingSettings(epochs=5, batch_size=16, learning_rate=0.01).changed(changes)
    return TorchRecognizer(
        "net", ("maps",), lambda n, _: Net(n, dropout, norm), settings, seed=seed, augment=augment
    )


SETS = [examples(count, seed) for seed, count in enumerate((30, 29, 25, 32, 40, 31))]  # one group apart
TEST = examples(30, 99)

ALIKE = [
    {},
    {"balance": "inverse", "label_smoothing": 0.1},
    {"augment": True, "clip": 0.5},
    {"augment": True, "function": noisy},
    {"augment": True, "function": NoisyRows()},
    {"optimizer": "sgd", "loss": "focal", "schedule": "cosine"},
    {"optimizer": "adamw", "weight_decay": 0.1, "shuffle": False},
]


@pytest.mark.parametrize("changes", ALIKE)
def test_a_stack_gives_what_each_alone_gives(changes: dict) -> None:
    alone = [recognizer(seed, **changes).fit(train) for seed, train in enumerate(SETS)]
    stacked = [recognizer(seed, **changes) for seed in range(len(SETS))]
    fit_many(stacked, SETS, at_once=4)
    for one, other in zip(alone, stacked, strict=True):
        for name, values in one.module.state_dict().items():
            assert torch.allclose(values, other.module.state_dict()[name], atol=2e-4), name
        assert np.abs(one.predict(TEST) - other.predict(TEST)).max() < 1e-4
        assert [e["loss"] for e in one.run.history] == pytest.approx(
            [e["loss"] for e in other.run.history], rel=1e-3
        )
    distinct = {one.predict(TEST).tobytes() for one in stacked}
    assert len(distinct) == len(SETS)


def test_padding_would_show_if_it_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same comparison fails once the mask is taken away: the test above can fail."""
    import contextlib

    import fleeting.training.many as many

    monkeypatch.setattr(many, "counted_rows", lambda mask: contextlib.nullcontext())
    alone = [recognizer(seed).fit(train) for seed, train in enumerate(SETS[:3])]
    stacked = [recognizer(seed) for seed in range(3)]
    fit_many(stacked, SETS[:3], at_once=3)
    gaps = [np.abs(a.predict(TEST) - b.predict(TEST)).max() for a, b in zip(alone, stacked, strict=True)]
    assert max(gaps) > 1e-3


def test_with_drop_out_each_network_has_its_own_and_the_spread_is_the_same() -> None:
    train, seeds = examples(30, 0, noise=2.0), range(24)
    alone = [recognizer(seed, 0.5).fit(train) for seed in seeds]
    stacked = [recognizer(seed, 0.5) for seed in seeds]
    fit_many(stacked, [train] * len(seeds), at_once=8)
    scores = [np.stack([one.predict(TEST) for one in made]) for made in (alone, stacked)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3  # not the same draws
    spread = [part.std(0).mean() for part in scores]
    assert 0.7 < spread[0] / spread[1] < 1.4
    error = np.sqrt((scores[0].var(0) + scores[1].var(0)) / len(seeds))
    assert (np.abs(scores[0].mean(0) - scores[1].mean(0)) < 4.5 * error).all()
    twins = [recognizer(3, 0.5) for _ in range(2)]  # one seed twice: alike but for drop-out
    fit_many(twins, [train] * 2, at_once=2)
    assert np.abs(twins[0].predict(TEST) - twins[1].predict(TEST)).max() > 1e-4


def test_the_same_stack_gives_the_same() -> None:
    def scores() -> np.ndarray:
        stacked = [recognizer(seed, 0.5) for seed in range(3)]
        fit_many(stacked, SETS[:3], at_once=3)
        return np.stack([one.predict(TEST) for one in stacked])

    assert np.array_equal(scores(), scores())


def test_on_the_cpu_each_is_fitted_alone_by_default() -> None:
    stacked, seen = [recognizer(seed, 0.5) for seed in range(2)], []
    fit_many(stacked, SETS[:2], progress=lambda done, of: seen.append((done, of)))
    assert np.array_equal(stacked[1].predict(TEST), recognizer(1, 0.5).fit(SETS[1]).predict(TEST))
    assert seen == [(1, 2), (2, 2)]


def test_what_cannot_be_stacked_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'norm' would count padded rows"):
        fit_many([recognizer(s, norm=nn.BatchNorm2d) for s in range(2)], SETS[:2], at_once=2)
    with pytest.raises(UsageError, match="cannot be trained in a stack"):
        fit_many([recognizer(s, keep="best") for s in range(2)], SETS[:2], at_once=2)
    with pytest.raises(UsageError, match="must be of one system"):
        fit_many([recognizer(0), recognizer(1, epochs=3)], SETS[:2], at_once=2)
    with pytest.raises(UsageError, match="as many"):
        fit_many([recognizer(0)], SETS[:2])


def test_detectors_of_several_labels_are_stacked_with_their_own_weights_and_sides() -> None:
    def detector(seed: int) -> TorchRecognizer:
        made = recognizer(seed, balance="inverse", augment=True, optimizer="sgd")
        made.several = True
        return made

    def several(count: int, seed: int) -> Examples:
        labels = (np.random.default_rng(seed).random((count, 3)) < 0.3).astype(np.int64)
        labels[0], labels[1] = 1, (-1, 0, 1)  # one is unknown
        return replace(examples(count, seed), labels=labels, classes=("12L", "12R", "4"))

    sets = [several(30, 0), several(27, 1), several(29, 2)]
    alone = [detector(seed).fit(train) for seed, train in enumerate(sets)]
    stacked = [detector(seed) for seed in range(3)]
    fit_many(stacked, sets, at_once=3)
    gaps = [np.abs(a.predict(TEST) - b.predict(TEST)).max() for a, b in zip(alone, stacked, strict=True)]
    assert max(gaps) < 1e-4
