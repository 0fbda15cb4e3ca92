"""The battery of checks that every system must pass, those of other packages too: ``systems.check(name)``.

It needs no data: inputs are invented (`representations`). It shows that a system keeps the contract and
learns at all; how good it is on faces is the benchmark's to say.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import Examples, FleetingError
from fleeting.systems.contract import Card, Recognizer, Spotter, SpottingRecording
from fleeting.systems.registry import card, create, defaults
from fleeting.systems.representations import invented_examples, invented_recordings

LEARNABLE = ("recognition", "au", "spotting")
_CLOSE = 1e-4


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended: ``state`` is ``passed``, ``failed`` or ``skipped``, ``message`` says why."""

    check: str
    state: str
    message: str = ""


class _Failed(Exception):
    """The system breaks the contract."""


class _Skipped(Exception):
    """The check does not apply."""


def check(name: str, checks: Sequence[str] | None = None) -> list[CheckResult]:
    """Run the battery on a registered system.

    Parameters
    ----------
    name
        As registered, from inside or outside this package.
    checks
        Some of `check_names` of its task; all by default.

    Returns
    -------
    list of CheckResult

    Examples
    --------
    >>> [one.state for one in check("ststnet", ["labels_of_held_out_rows_change_nothing"])]
    ['passed']
    """
    found = card(name)
    trial: _Trial | _SpotterTrial = _SpotterTrial(found) if found.task == "spotting" else _Trial(found)
    table = _table(found)
    return [_run(one, table[one], trial) for one in (checks or table)]


def check_names(name: str) -> list[str]:
    """List the checks that a system's task has.

    Examples
    --------
    >>> check_names("ststnet")[0]
    'gives_scores'
    """
    return list(_table(card(name)))


def _table(found: Card) -> dict[str, Callable[[Any], None]]:
    if found.task not in LEARNABLE:
        return {}
    return _SPOTTER_CHECKS if found.task == "spotting" else _CHECKS


def _run(name: str, one: Callable[[Any], None], trial: Any) -> CheckResult:
    try:
        one(trial)
    except _Skipped as reason:
        return CheckResult(name, "skipped", str(reason))
    except (_Failed, FleetingError) as reason:
        return CheckResult(name, "failed", str(reason))
    return CheckResult(name, "passed")


class _Trial:
    """A recogniser or detector under test: sixteen rows to learn, eight to predict."""

    def __init__(self, found: Card) -> None:
        self.card = found
        self.several = found.task == "au"
        self.train = self.rows(16, seed=1)
        self.test = self.rows(8, seed=2)

    def rows(self, count: int, seed: int) -> Examples:
        classes = ("1", "4", "12") if self.several else ("negative", "positive", "surprise")
        return invented_examples(
            self.card.inputs,
            count,
            classes=classes,
            several=self.several,
            seed=seed,
            targets=self.card.check.get("targets", ()),
        )

    def make(self, seed: int = 0, **switches: Any) -> Any:
        options = {k: v for k, v in self.card.check.items() if k not in ("targets", "paper_rows")}
        made = create(self.card.name, seed=seed, **(options | switches))
        expect(_has(made, Recognizer), "expected methods fit, predict, save, load and the attribute classes")
        return made

    def predict(self, system: Any, rows: Examples) -> np.ndarray:
        """Predict with every label withheld, and see to the shape."""
        scores = np.asarray(system.predict(rows.sealed()))
        expect(scores.shape == (len(rows), 3), f"predict: expected ({len(rows)}, 3), got {scores.shape}")
        expect(bool(np.all(np.isfinite(scores))), "predict: some scores are not finite")
        return scores

    @cached_property
    def fitted(self) -> Any:
        made = self.make()
        expect(made.fit(self.train) is made, "fit: expected to return the system itself")
        return made


def expect(held: bool, message: str) -> None:  # noqa: FBT001 - reads like assert
    """Fail the check where something does not hold."""
    if not held:
        raise _Failed(message)


def _has(made: object, protocol: Any) -> bool:
    return isinstance(made, protocol)


def _same(one: np.ndarray, other: np.ndarray, what: str, within: float = _CLOSE) -> None:
    gap = float(np.max(np.abs(one - other))) if one.size else 0.0
    expect(one.shape == other.shape and gap <= within, f"{what}: scores differ by {gap:.2g}")


def _gives_scores(trial: _Trial) -> None:
    scores = trial.predict(trial.fitted, trial.test)
    expect(tuple(trial.fitted.classes) == trial.train.classes, f"classes: got {trial.fitted.classes}")
    expect(bool(scores.min() >= 0 and scores.max() <= 1), "predict: scores must lie in 0..1")
    if not trial.several:
        expect(bool(np.allclose(scores.sum(1), 1, atol=1e-4)), "predict: rows must sum to 1")
    empty = np.asarray(trial.fitted.predict(trial.test.take([])))
    expect(empty.shape == (0, 3), f"predict: expected (0, 3) for no rows, got {empty.shape}")


def _overfits(trial: _Trial) -> None:
    if not trial.card.learns:
        raise _Skipped("its card says that it cannot learn from inputs")
    scores = trial.predict(trial.fitted, trial.train)
    labels = np.asarray(trial.train.labels)
    right = (scores > 0.5) == (labels > 0) if trial.several else scores.argmax(1) == labels
    expect(bool(right.mean() > 0.95), f"16 rows trained on, {right.mean():.0%} right: it does not learn")


def _gradients(trial: _Trial) -> None:
    made = trial.make()
    if not hasattr(made, "gradients"):
        raise _Skipped("has no gradients")
    found = made.gradients(trial.train)
    dead = sorted(name for name, size in found.items() if not size > 0)
    expect(bool(found) and not dead, f"no gradient reaches {', '.join(dead) or 'anything'}")


def _same_seed(trial: _Trial) -> None:
    again = trial.predict(trial.make().fit(trial.train), trial.test)
    _same(trial.predict(trial.fitted, trial.test), again, "same seed, fitted twice", 1e-6)


def _save_load(trial: _Trial) -> None:
    scores = trial.predict(trial.fitted, trial.test)
    with tempfile.TemporaryDirectory() as folder:
        trial.fitted.save(folder)
        written = {path.name for path in Path(folder).rglob("*") if path.is_file()}
        expect("card.json" in written, f"save: no card.json, only {sorted(written)}")
        pickles = [n for n in written if n.endswith((".pkl", ".pickle", ".pt", ".pth", ".joblib"))]
        expect(not pickles, f"save: {pickles} may hold code; write safetensors")
        back = trial.make().load(folder)
        expect(tuple(back.classes) == tuple(trial.fitted.classes), "load: classes differ")
        _same(scores, trial.predict(back, trial.test), "saved and loaded", 0.0)


def _companions(trial: _Trial) -> None:
    together = trial.predict(trial.fitted, trial.test)
    alone = np.concatenate(
        [trial.predict(trial.fitted, trial.test.take([at])) for at in range(len(trial.test))]
    )
    _same(together, alone, "a row alone and among others")
    order = np.arange(len(trial.test))[::-1]
    _same(together[order], trial.predict(trial.fitted, trial.test.take(order)), "rows in another order")


def _labels(trial: _Trial) -> None:
    from dataclasses import replace

    sealed = trial.predict(trial.fitted, trial.test)
    shown = np.asarray(trial.fitted.predict(trial.test))
    turned = np.asarray(trial.fitted.predict(replace(trial.test, labels=trial.test.labels[::-1].copy())))
    _same(sealed, shown, "labels of held-out rows shown", 0.0)
    _same(sealed, turned, "labels of held-out rows permuted", 0.0)


def _switches(trial: _Trial) -> None:
    if not trial.card.switches:
        raise _Skipped("has no switch")
    usual = trial.predict(trial.fitted, trial.test)
    dead = []
    for name, value in _flips(trial.card):
        other = trial.predict(trial.make(**{name: value}).fit(trial.train), trial.test)
        if np.max(np.abs(other - usual)) < 1e-6:
            dead.append(f"{name}={value!r}")
    expect(not dead, f"switches that change nothing: {', '.join(dead)}")


def _flips(found: Card) -> list[tuple[str, Any]]:
    """Every switch with every value that is not its usual one."""
    flips: list[tuple[str, Any]] = []
    for name, usual in defaults(found.name).items():
        if name in found.choices:
            flips += [(name, value) for value in found.choices[name] if value != usual]
        else:
            expect(isinstance(usual, bool), f"switch {name!r} is not on or off: name its choices in the card")
            flips.append((name, not usual))
    return flips


def _paper_preset(trial: _Trial) -> None:
    """Forward and backward at the sizes of the paper, without the hours of its training."""
    changes: dict[str, Any] = {"training": {"epochs": 1}} if "training" in trial.card.check else {}
    made = create(trial.card.name, preset="paper", **changes)
    if not hasattr(made, "gradients"):
        trial.predict(made.fit(trial.train), trial.test)
        return
    found = made.gradients(trial.train.take(np.arange(trial.card.check.get("paper_rows", 6))))
    broken = sorted(name for name, size in found.items() if not np.isfinite(size))
    expect(
        bool(found) and not broken, f"paper: gradients are not finite in {', '.join(broken) or 'anything'}"
    )


_CHECKS: dict[str, Callable[[_Trial], None]] = {
    "gives_scores": _gives_scores,
    "overfits_sixteen_rows": _overfits,
    "every_parameter_gets_a_gradient": _gradients,
    "same_seed_same_result": _same_seed,
    "saved_and_loaded_is_the_same": _save_load,
    "companions_in_a_batch_change_nothing": _companions,
    "labels_of_held_out_rows_change_nothing": _labels,
    "every_switch_changes_the_output": _switches,
    "paper_preset_runs": _paper_preset,
}


class _SpotterTrial:
    """A spotter under test: two recordings to learn, one to run over."""

    def __init__(self, found: Card) -> None:
        self.card = found
        frames = found.check.get("frames", 120)
        self.train = invented_recordings(found.inputs, 2, frames=frames, seed=1)
        self.test = invented_recordings(found.inputs, 1, frames=frames, seed=2)[0]

    def make(self, seed: int = 0, **switches: Any) -> Any:
        options = {k: v for k, v in self.card.check.items() if k != "frames"}
        made = create(self.card.name, seed=seed, **(options | switches))
        expect(_has(made, Spotter), "expected methods fit, curve, save and load")
        return made

    def values(self, system: Any, recording: SpottingRecording | None = None) -> np.ndarray:
        asked = recording or self.test.sealed()
        curve = system.curve(asked)
        expect(
            len(curve.values) == len(asked.times), f"curve: {len(curve.values)} values for {len(asked.times)}"
        )
        expect(bool(np.array_equal(curve.times, asked.times)), "curve: its times are not the recording's")
        return np.nan_to_num(np.asarray(curve.values, float))

    def said(self, system: Any) -> np.ndarray:
        """Give the curve, and all else that a system with ``outputs`` says of each frame, in a row."""
        parts = [self.values(system)]
        if hasattr(system, "outputs"):
            parts += [np.ravel(one) for one in system.outputs(self.test.sealed()).values()]
        return np.nan_to_num(np.concatenate(parts))

    @cached_property
    def fitted(self) -> Any:
        made = self.make()
        expect(made.fit(self.train) is made, "fit: expected to return the system itself")
        return made


def _gives_curve(trial: _SpotterTrial) -> None:
    expect(bool(np.ptp(trial.values(trial.fitted)) > 0), "curve: the same value in every frame")


def _rises(trial: _SpotterTrial) -> None:
    if not trial.card.learns:
        raise _Skipped("its card says that it does not learn")
    known = trial.train[0]
    values = trial.values(trial.fitted, known.sealed())
    inside = np.zeros(len(values), bool)
    for one in known.intervals or ():
        inside[one.onset_frame : one.offset_frame + 1] = True
    higher, lower = values[inside].mean(), values[~inside].mean()
    expect(bool(higher > lower), f"curve: {higher:.3g} inside movements trained on, {lower:.3g} outside")


def _spotter_seed(trial: _SpotterTrial) -> None:
    again = trial.values(trial.make().fit(trial.train))
    _same(trial.values(trial.fitted), again, "same seed, fitted twice", 1e-6)


def _spotter_save(trial: _SpotterTrial) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial.fitted.save(folder)
        expect((Path(folder) / "card.json").is_file(), "save: no card.json")
        _same(trial.values(trial.fitted), trial.values(trial.make().load(folder)), "saved and loaded", 0.0)


def _spotter_labels(trial: _SpotterTrial) -> None:
    sealed = trial.values(trial.fitted)
    _same(sealed, trial.values(trial.fitted, trial.test), "intervals of held-out recordings shown", 0.0)


def _spotter_switches(trial: _SpotterTrial) -> None:
    if not trial.card.switches:
        raise _Skipped("has no switch")
    usual = trial.said(trial.fitted)
    dead = [
        f"{name}={value!r}"
        for name, value in _flips(trial.card)
        if np.max(np.abs(trial.said(trial.make(**{name: value}).fit(trial.train)) - usual)) < 1e-6
    ]
    expect(not dead, f"switches that change nothing: {', '.join(dead)}")


def _spotter_gradients(trial: _SpotterTrial) -> None:
    made = trial.make()
    if not hasattr(made, "gradients"):
        raise _Skipped("has no gradients")
    found = made.gradients(trial.train)
    dead = sorted(name for name, size in found.items() if not size > 0)
    expect(bool(found) and not dead, f"no gradient reaches {', '.join(dead) or 'anything'}")


_SPOTTER_CHECKS: dict[str, Callable[[_SpotterTrial], None]] = {
    "gives_a_curve": _gives_curve,
    "rises_where_it_was_taught": _rises,
    "every_parameter_gets_a_gradient": _spotter_gradients,
    "same_seed_same_result": _spotter_seed,
    "saved_and_loaded_is_the_same": _spotter_save,
    "intervals_of_held_out_recordings_change_nothing": _spotter_labels,
    "every_switch_changes_the_output": _spotter_switches,
}
