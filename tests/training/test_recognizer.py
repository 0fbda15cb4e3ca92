import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fleeting.core import Examples, InputError, UsageError
from fleeting.training import TorchRecognizer, TrainingSettings, load_arrays, match_classes, save_arrays

CLASSES = ("negative", "positive", "surprise")


def examples(count: int = 24, seed: int = 0, several: bool = False) -> Examples:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    inputs = (rng.normal(size=(count, 6)) + 3 * np.eye(6)[labels]).astype(np.float32)
    ids = np.array([f"d/s{i % 4}/{i}" for i in range(count)])
    subjects = np.array([f"d/s{i % 4}" for i in range(count)])
    target = np.eye(3, dtype=np.int64)[labels] if several else labels
    return Examples(ids, subjects, np.array(["d"] * count), target, CLASSES, {"six": inputs})


class Net(nn.Module):
    def __init__(self, classes: int, width: int = 8) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(6, width), nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.body(x)))


def recognizer(seed: int = 0, several: bool = False, **changes: object) -> TorchRecognizer:
    settings = TrainingSettings(epochs=20, learning_rate=0.02).changed(changes)
    return TorchRecognizer("net", ("six",), lambda n, _: Net(n), settings, seed=seed, several=several)


def test_it_learns_and_says_so_in_probabilities() -> None:
    made = recognizer().fit(examples())
    scores = made.predict(examples(seed=1).sealed())
    assert scores.shape == (24, 3) and np.allclose(scores.sum(1), 1, atol=1e-5)
    assert (scores.argmax(1) == examples(seed=1).labels).mean() > 0.8
    assert made.parameters() == 6 * 8 + 8 + 8 * 3 + 3


def test_several_labels_at_once() -> None:
    made = recognizer(several=True, epochs=60).fit(examples(several=True))
    scores = made.predict(examples(several=True))
    assert ((scores > 0.5) == examples(several=True).labels).mean() > 0.95
    with pytest.raises(UsageError, match="expected \\(N, C\\) labels"):
        made.fit(examples())


def test_rows_without_a_label_are_left_out() -> None:
    whole = examples()
    hidden = replace(whole, labels=np.where(np.arange(24) < 12, whole.labels, -1))
    one = recognizer().fit(hidden).predict(whole)
    other = recognizer().fit(whole.take(np.arange(12))).predict(whole)
    assert np.array_equal(one, other)
    with pytest.raises(UsageError, match="every label is withheld"):
        recognizer().fit(whole.sealed())


def test_nothing_learnt_nothing_said() -> None:
    with pytest.raises(UsageError, match="learnt nothing yet"):
        recognizer().predict(examples())


def test_a_missing_representation_is_named() -> None:
    bare = replace(examples(), inputs={"seven": np.zeros((24, 7), np.float32)})
    with pytest.raises(UsageError, match=r"no 'six' .they have: seven."):
        recognizer().fit(bare)


def test_pretraining_gives_the_start_and_another_head_is_made_anew() -> None:
    made = recognizer(epochs=0)
    taught = recognizer().fit(examples(seed=3))
    made.start_from(taught).fit(examples())
    assert torch.equal(made.module.body.weight, taught.module.body.weight)
    assert torch.equal(made.module.head.weight, taught.module.head.weight)
    two = replace(examples().take([0, 1, 3, 4]), classes=CLASSES[:2])
    made.fit(two)
    assert made.predict(two).shape == (4, 2)
    assert torch.equal(made.module.body.weight, taught.module.body.weight)
    again = recognizer()
    again.pretrain(examples(seed=3))
    assert np.array_equal(again.start["body.weight"], taught.module.body.weight.detach().numpy())


def test_after_pretraining_the_rate_is_lower() -> None:
    made = recognizer().fit(examples())
    usual = made.run.history[0]["rate"]
    made.start_from(made).fit(examples())
    assert made.run.history[0]["rate"] == pytest.approx(0.3 * usual)
    assert made.settings == recognizer().settings  # what is saved names the rate of the system
    made.pretrain(examples())  # the first training is a whole one
    assert made.run.history[0]["rate"] == usual


def test_pretraining_helps_where_there_is_little() -> None:
    few = examples(3, seed=5)
    alone = recognizer(epochs=1).fit(few).predict(examples(60, seed=6))
    first = recognizer(epochs=1).start_from(recognizer().fit(examples(seed=3))).fit(few)
    right = [
        (s.argmax(1) == examples(60).labels).mean() for s in (alone, first.predict(examples(60, seed=6)))
    ]
    assert right[1] > right[0] + 0.2


def test_a_dead_parameter_shows_in_the_gradients() -> None:
    class Dead(Net):
        def __init__(self, classes: int) -> None:
            super().__init__(classes)
            self.unused = nn.Linear(2, 2)

    made = recognizer()
    made.build = lambda n, _: Dead(n)
    found = made.gradients(examples())
    assert found["unused.weight"] == 0 and found["body.weight"] > 0


def test_a_saved_folder_holds_no_code_and_says_what_it_is(tmp_path: Path) -> None:
    made = recognizer(seed=4).fit(examples())
    made.save(tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["card.json", "weights.safetensors"]
    card = json.loads((tmp_path / "new" / "card.json").read_text())
    assert card["classes"] == list(CLASSES) and card["inputs"] == ["six"] and card["seed"] == 4
    back = recognizer().load(tmp_path / "new")
    assert np.array_equal(back.predict(examples()), made.predict(examples()))


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    made = recognizer().fit(examples())
    made.save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1  # one bit in one weight
    weights.write_bytes(data)
    with pytest.raises(InputError, match=r"not the file that card.json names"):
        recognizer().load(tmp_path)
    weights.write_bytes(b"short")
    with pytest.raises(InputError, match="cannot be read"):
        recognizer().load(tmp_path)
    weights.unlink()
    with pytest.raises(InputError, match="no such file"):
        recognizer().load(tmp_path)


def test_weights_of_another_system_or_size_are_refused(tmp_path: Path) -> None:
    made = recognizer().fit(examples())
    made.save(tmp_path)
    other = recognizer()
    other.system = "other"
    with pytest.raises(InputError, match="is of system 'net'"):
        other.load(tmp_path)
    wide = recognizer()
    wide.build = lambda n, _: Net(n, 9)
    with pytest.raises(InputError, match="another shape"):
        wide.load(tmp_path)


def test_arrays_of_other_learners_are_kept_bit_by_bit(tmp_path: Path) -> None:
    arrays = {"a": np.array([1.5, np.inf, -0.0]), "b": np.zeros((0, 2), np.float32), "c": np.arange(3)}
    save_arrays(tmp_path, arrays, {"system": "svm"})
    back, told = load_arrays(tmp_path)
    assert told["system"] == "svm" and told["schema"] == "fleeting.system/1"
    for name, values in arrays.items():
        assert back[name].dtype == values.dtype and back[name].tobytes() == values.tobytes()


def test_classes_are_matched_by_name() -> None:
    synthetic = replace(examples(), classes=("surprise", "none", "negative"))
    matched = match_classes(synthetic, CLASSES)
    assert set(matched.labels.tolist()) == {0, 2} and len(matched) == 16
    by_id = dict(zip(matched.ids.tolist(), matched.labels.tolist(), strict=True))
    assert by_id["d/s0/0"] == 2 and by_id["d/s2/2"] == 0  # surprise, negative
    several = match_classes(replace(examples(several=True), classes=("4", "12", "1")), ("1", "2"))
    assert several.labels[:3].tolist() == [[0, -1], [0, -1], [1, -1]]
    with pytest.raises(UsageError, match="no class in common"):
        match_classes(synthetic, ("happy",))
