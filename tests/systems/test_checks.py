"""The battery finds what it is there to find: each check fails on a system that breaks just that."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fleeting import systems
from fleeting.core import Curve, Examples
from fleeting.systems import Card, SpottingRecording
from fleeting.training import load_arrays, save_arrays


class Honest:
    """Least squares on the pixels, solved in closed form: passes all checks."""

    def __init__(self, seed: int, bias: bool) -> None:
        self.seed, self.bias = seed, bias
        self.classes: tuple[str, ...] = ()
        self.weights = np.zeros((0, 0))

    def features(self, samples: Examples) -> np.ndarray:
        flat = samples.inputs["flowmap28"].reshape(len(samples), 2352) / 127.5 - 1
        return np.concatenate([flat, np.full((len(flat), 1), 10.0 if self.bias else 0.0)], 1)

    def fit(self, train: Examples, validation: Examples | None = None) -> "Honest":
        self.classes = tuple(train.classes)
        x = self.features(train)
        self.weights = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ np.eye(3)[train.labels])
        return self

    def predict(self, samples: Examples) -> np.ndarray:
        scores = np.exp(5 * np.einsum("nf,fc->nc", self.features(samples), self.weights))
        return scores / scores.sum(1, keepdims=True)

    def save(self, folder: str) -> None:
        save_arrays(folder, {"w": self.weights}, {"system": "subject", "classes": self.classes})

    def load(self, folder: str) -> "Honest":
        arrays, told = load_arrays(folder)
        self.weights, self.classes = arrays["w"], tuple(told["classes"])
        return self


class Unsteady(Honest):
    def fit(self, train, validation=None):
        super().fit(train)
        self.weights = self.weights + 1e-2 * np.random.default_rng().normal(size=self.weights.shape)
        return self


class Forgetful(Honest):
    def load(self, folder):
        super().load(folder)
        self.weights = self.weights * 1.001
        return self


class Pickled(Honest):
    def save(self, folder):
        super().save(folder)
        (Path(folder) / "model.pkl").write_bytes(b"code")


class Sociable(Honest):
    def features(self, samples):
        flat = super().features(samples)
        return flat - flat.mean(0) if 0 < len(flat) < 9 else flat  # centres on the batch it is shown


class Peeking(Honest):
    def predict(self, samples):
        scores = super().predict(samples)
        if (samples.labels >= 0).all():
            scores = np.eye(3)[samples.labels] * 0.5 + scores * 0.5
        return scores


class Dull(Honest):
    def predict(self, samples):
        return np.full((len(samples), 3), 1 / 3) + self.bias * np.array([1e-3, -1e-3, 0])


class Unbounded(Honest):
    def predict(self, samples):
        return super().predict(samples) * 2


class Stuck(Honest):
    def features(self, samples):
        self.bias = True
        return super().features(samples)


class Lossy(Honest):
    load = None


class Deadened(Honest):
    def gradients(self, examples):
        return {"alive": 1.0, "dead.weight": 0.0}


@pytest.fixture
def subject() -> Iterator:
    def run(kind: type, **facts: object) -> dict[str, systems.CheckResult]:
        card = Card(
            "subject", "t", "", "recognition", ("flowmap28",), switches={"bias": "a constant"}, **facts
        )

        @systems.register(card)
        def build(
            *, preset: str = "small", seed: int = 0, training: object = None, bias: bool = True
        ) -> object:
            return kind(seed, bias)

        return {one.check: one for one in systems.check("subject")}

    yield run
    systems.forget("subject")


def failed(results: dict[str, systems.CheckResult]) -> set[str]:
    return {name for name, one in results.items() if one.state == "failed"}


def test_an_honest_system_passes(subject) -> None:
    results = subject(Honest)
    assert not failed(results), results
    assert results["every_parameter_gets_a_gradient"].state == "skipped"


@pytest.mark.parametrize(
    ("kind", "check", "says"),
    [
        (Unbounded, "gives_scores", "0..1"),
        (Lossy, "gives_scores", "expected methods fit, predict, save, load"),
        (Dull, "overfits_sixteen_rows", "does not learn"),
        (Deadened, "every_parameter_gets_a_gradient", "dead.weight"),
        (Unsteady, "same_seed_same_result", "fitted twice"),
        (Forgetful, "saved_and_loaded_is_the_same", "differ by"),
        (Pickled, "saved_and_loaded_is_the_same", "may hold code"),
        (Sociable, "companions_in_a_batch_change_nothing", "alone and among others"),
        (Peeking, "labels_of_held_out_rows_change_nothing", "shown"),
        (Stuck, "every_switch_changes_the_output", "bias=False"),
    ],
)
def test_each_check_finds_its_fault(subject, kind: type, check: str, says: str) -> None:
    results = subject(kind)
    assert check in failed(results)
    assert says in results[check].message


def test_a_system_that_cannot_learn_may_say_so(subject) -> None:
    assert subject(Dull, learns=False)["overfits_sixteen_rows"].state == "skipped"


def test_detectors_of_several_labels_have_the_same_battery() -> None:
    from fleeting.systems.recognition.ststnet import STSTNet
    from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

    facts = {"switches": {"strain": "x"}, "check": {"training": {"epochs": 80}}}

    @systems.register(Card("subject", "t", "", "au", ("flowmap28",), **facts))
    def build(
        *, preset: str = "small", seed: int = 0, training: object = None, strain: bool = True
    ) -> object:
        settings = TrainingSettings(learning_rate=3e-3, balance="inverse").changed(training)
        return TorchRecognizer(
            "subject",
            ("flowmap28",),
            lambda n, _: STSTNet(n, strain=strain),
            settings,
            seed=seed,
            several=True,
            augment=mirror_some,
        )

    try:
        results = {one.check: one for one in systems.check("subject")}
    finally:
        systems.forget("subject")
    assert {one.state for one in results.values()} == {"passed"}, results


class Mean:
    """Spotter under test: distance of each frame from the mean of those that stood still."""

    def __init__(self, seed: int, absolute: bool) -> None:
        self.absolute, self.rest = absolute, np.zeros(0)

    def frames(self, recording: SpottingRecording) -> np.ndarray:
        return recording.inputs["flowmap28"].reshape(len(recording.times), -1).astype(float)

    def fit(self, recordings: list[SpottingRecording]) -> "Mean":
        self.rest = np.concatenate([self.frames(one) for one in recordings]).mean(0)
        return self

    def curve(self, recording: SpottingRecording) -> Curve:
        apart = self.frames(recording) - self.rest
        return Curve(np.abs(apart).mean(1) if self.absolute else (apart**2).mean(1), recording.times)

    def save(self, folder: str) -> None:
        save_arrays(folder, {"rest": self.rest}, {"system": "subject"})

    def load(self, folder: str) -> "Mean":
        self.rest = load_arrays(folder)[0]["rest"]
        return self


class MeanPeeking(Mean):
    def curve(self, recording):
        curve = super().curve(recording)
        return Curve(curve.values + len(recording.intervals or ()), curve.times)


class MeanShort(Mean):
    def curve(self, recording):
        curve = super().curve(recording)
        return Curve(curve.values[1:], curve.times[1:])


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (Mean, None),
        (MeanPeeking, "intervals_of_held_out_recordings_change_nothing"),
        (MeanShort, "gives_a_curve"),
    ],
)
def test_spotters_have_their_battery(kind: type, fault: str | None) -> None:
    @systems.register(Card("subject", "t", "", "spotting", ("flowmap28",), switches={"absolute": "L1"}))
    def build(
        *, preset: str = "small", seed: int = 0, training: object = None, absolute: bool = True
    ) -> object:
        return kind(seed, absolute)

    try:
        results = {one.check: one for one in systems.check("subject")}
    finally:
        systems.forget("subject")
    assert (fault in failed(results)) if fault else not failed(results), results
