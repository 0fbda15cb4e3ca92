"""Action units by linear support vector machines on flow maps, one for each unit: the baseline."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Examples, InputError, ShapeError, UsageError
from fleeting.evaluation import kfold
from fleeting.systems.contract import Card
from fleeting.systems.registry import register

NAME = "svm-flow-au"
REPRESENTATION = "flowmap28"
COSTS = (1e-5, 1e-4, 1e-3, 1e-2)
USUAL_COST = 1e-3  # where there is one training subject, and nothing to choose by
INNER_FOLDS = 5
FAR = 30.0  # distance answered where training held no row with the unit, or none without


class FlowUnitSVM:
    """One linear machine for each unit, on pixels scaled to mean 0 and deviation 1 in training.

    One cost for all is chosen among four by mean F1 of the units over inner folds of training subjects, the
    least at a tie. `predict` gives the logistic function of the distances: a score, no probability.

    Parameters
    ----------
    preset, seed
        For the card; nothing here is random.
    strain
        Whether the third channel is seen.
    """

    def __init__(self, preset: str, seed: int, *, strain: bool) -> None:
        self.preset, self.seed, self.strain = preset, seed, strain
        self.classes: tuple[str, ...] = ()
        self.cost = USUAL_COST
        self.arrays: dict[str, np.ndarray] = {}

    def fit(self, train: Examples, validation: Examples | None = None) -> Self:
        """Learn from the labelled rows; ``validation`` is learnt from, too, for the cost has inner folds."""
        parts = [one for one in (train, validation) if one is not None]
        labels = [np.asarray(one.labels) for one in parts]
        if any(one.ndim != 2 for one in labels):
            raise ShapeError(f"system {NAME!r}: expected (N, C) labels, a column for each unit")
        y = np.concatenate(labels)
        x = np.concatenate([self._pixels(one) for one in parts])
        subjects = np.concatenate([one.subjects for one in parts])
        known = np.all(y >= 0, axis=1)
        if not known.any():
            raise UsageError(f"system {NAME!r}: nothing to learn from: every label is withheld")
        x, y, subjects = x[known], y[known], subjects[known]
        mean, spread = x.mean(0), x.std(0)
        spread[spread < 1e-6] = 1.0
        x = (x - mean) / spread
        gram = x @ x.T
        self.classes, self.cost = tuple(train.classes), _choose(gram, y, subjects)
        dual, bias = _machines(gram, y, self.cost)
        kept = {"mean": mean, "spread": spread, "planes": dual @ x, "bias": bias}
        self.arrays = {name: np.asarray(values, np.float32) for name, values in kept.items()}
        return self

    def distances(self, samples: Examples) -> np.ndarray:
        """Give the distances ``(N, C)`` to the planes, in units of the margin; positive where it is there."""
        if not self.arrays:
            raise UsageError(f"system {NAME!r} has learnt nothing yet; call fit or load first")
        one = self.arrays
        # row by row, so that no sum depends on who else is asked about
        x = (self._pixels(samples) - one["mean"]) / one["spread"]
        made = [row[None] @ one["planes"].T + one["bias"] for row in x]
        return np.concatenate([np.zeros((0, len(self.classes))), *made])

    def predict(self, samples: Examples) -> np.ndarray:
        """Give ``(N, C)`` scores in 0..1, above a half where the unit is on the far side of its plane."""
        return np.asarray(0.5 * (1 + np.tanh(self.distances(samples) / 2)))

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        from fleeting.training import save_arrays

        told = {"system": NAME, "preset": self.preset, "seed": self.seed, "cost": self.cost}
        told |= {
            "switches": {"strain": self.strain},
            "classes": list(self.classes),
            "inputs": [REPRESENTATION],
        }
        save_arrays(folder, self.arrays, told)

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights of a saved folder."""
        from fleeting.training import load_arrays

        arrays, told = load_arrays(folder)
        if told.get("system") != NAME:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {NAME!r}")
        self.classes, self.cost, self.arrays = tuple(told["classes"]), told["cost"], arrays
        return self

    def _pixels(self, examples: Examples) -> np.ndarray:
        maps = np.asarray(examples.inputs[REPRESENTATION], np.float64)
        seen = maps if self.strain else maps[..., :2]
        return seen.reshape(len(maps), int(np.prod(seen.shape[1:])))


def _machines(gram: np.ndarray, y: np.ndarray, cost: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the rows ``(C, N)`` and offsets ``(C,)``."""
    from sklearn.svm import SVC

    dual, bias = np.zeros(y.T.shape), np.zeros(y.shape[1])
    for unit, column in enumerate(y.T):
        if len(np.unique(column)) < 2:
            bias[unit] = FAR if column[0] else -FAR
            continue
        one = SVC(kernel="precomputed", C=cost, class_weight="balanced").fit(gram, column)
        dual[unit, one.support_] = one.dual_coef_[0]
        bias[unit] = one.intercept_[0]
    return dual, bias


def _choose(gram: np.ndarray, y: np.ndarray, subjects: np.ndarray) -> float:
    """Choose the cost on folds of training subjects."""
    people = len(set(subjects.tolist()))
    if people < 2:
        return USUAL_COST
    folds = kfold(subjects, min(INNER_FOLDS, people))
    found = []
    for cost in COSTS:
        told = np.zeros_like(y)
        for fold in folds:
            dual, bias = _machines(gram[np.ix_(fold.train, fold.train)], y[fold.train], cost)
            told[fold.test] = gram[np.ix_(fold.test, fold.train)] @ dual.T + bias > 0
        hits, both = ((told > 0) & (y > 0)).sum(0), (told > 0).sum(0) + (y > 0).sum(0)
        found.append(float(np.mean(2 * hits / np.maximum(both, 1))))
    return COSTS[int(np.argmax(found))]


@register(
    Card(
        name=NAME,
        title="Linear support vector machines on flow maps, one for each action unit",
        paper="",
        task="au",
        inputs=(REPRESENTATION,),
        parts={"machine": "scikit-learn's SVC, linear, each class weighing the same", "cost": "our choice"},
        switches={"strain": "the third channel of the map"},
        kind="baseline",
        bibtex="@article{cortes1995support, author={Cortes, Corinna and Vapnik, Vladimir},"
        " title={Support-vector networks}, journal={Machine Learning}, volume={20}, year={1995}}",
    )
)
def build(
    *, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None, strain: bool = True
) -> FlowUnitSVM:
    """Make it; it has no training to set."""
    if training:
        raise UsageError(f"system {NAME!r} has no training to set")
    return FlowUnitSVM(preset, seed, strain=strain)
