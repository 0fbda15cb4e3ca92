"""Support vector machines on flow maps, linear and with Gaussian kernel: the baselines without a network."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Examples, InputError, UsageError
from fleeting.evaluation import confusion, kfold, uf1
from fleeting.systems.contract import Card
from fleeting.systems.registry import register

REPRESENTATION = "flowmap28"
COSTS = {"linear": (1e-5, 1e-4, 1e-3, 1e-2), "rbf": (0.1, 1.0, 10.0, 100.0)}
USUAL_COST = {"linear": 1e-3, "rbf": 10.0}  # where there is one training subject, and nothing to choose by
INNER_FOLDS = 5


class FlowSVM:
    """One machine for each class against the rest, on pixels scaled to mean 0 and deviation 1 in training.

    The cost is chosen among four by UF1 over inner folds of training subjects (the least at a tie); each
    class weighs the same. `predict` gives the softmax of the distances to the planes: a score that orders
    classes, no calibrated probability.

    Parameters
    ----------
    system
        Name in the registry.
    kernel
        ``linear``, or ``rbf`` with a width of 1 over the number of pixels.
    preset, seed
        For the card; nothing here is random.
    strain
        Whether the third channel is seen.
    """

    def __init__(self, system: str, kernel: str, preset: str, seed: int, *, strain: bool) -> None:
        self.system, self.kernel, self.preset, self.seed, self.strain = system, kernel, preset, seed, strain
        self.classes: tuple[str, ...] = ()
        self.cost = USUAL_COST[kernel]
        self.arrays: dict[str, np.ndarray] = {}

    def fit(self, train: Examples, validation: Examples | None = None) -> Self:
        """Learn from the labelled rows; ``validation`` is learnt from, too, for the cost has inner folds."""
        pixels = [self._pixels(one) for one in (train, validation) if one is not None]
        parts = [one for one in (train, validation) if one is not None]
        x = np.concatenate(pixels)
        labels = np.concatenate([np.asarray(one.labels) for one in parts])
        subjects = np.concatenate([one.subjects for one in parts])
        known = labels >= 0
        x, labels, subjects = x[known], labels[known], subjects[known]
        if len(np.unique(labels)) < 2:
            raise UsageError(f"system {self.system!r}: needs training rows of two classes at least")
        self.classes = tuple(train.classes)
        mean, spread = x.mean(0), x.std(0)
        spread[spread < 1e-6] = 1.0  # what never varied in training must not explode later
        x = (x - mean) / spread
        gram = self._kernel(x, x)
        self.cost = self._choose(gram, labels, subjects)
        dual, bias = _one_against_rest(gram, labels, len(self.classes), self.cost)
        used = np.any(dual != 0, axis=0)
        rows, dual = (x[used], dual[:, used]) if self.kernel == "rbf" else (dual @ x, np.eye(len(dual)))
        kept = {"mean": mean, "spread": spread, "rows": rows, "dual": dual, "bias": bias}
        self.arrays = {name: np.asarray(values, np.float32) for name, values in kept.items()}
        return self

    def predict(self, samples: Examples) -> np.ndarray:
        """Give ``(N, C)`` scores."""
        far = self.distances(samples)
        powers = np.exp(far - far.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    def distances(self, samples: Examples) -> np.ndarray:
        """Give the distances ``(N, C)`` to the planes, in units of the margin."""
        if not self.arrays:
            raise UsageError(f"system {self.system!r} has learnt nothing yet; call fit or load first")
        one = self.arrays
        # row by row, so that no sum depends on who else is asked about
        x = (self._pixels(samples) - one["mean"]) / one["spread"]
        made = [self._kernel(row[None], one["rows"]) @ one["dual"].T + one["bias"] for row in x]
        return np.concatenate([np.zeros((0, len(self.classes))), *made])

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        from fleeting.training import save_arrays

        told = {"system": self.system, "preset": self.preset, "seed": self.seed, "cost": self.cost}
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
        if told.get("system") != self.system:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {self.system!r}")
        self.classes, self.cost, self.arrays = tuple(told["classes"]), told["cost"], arrays
        return self

    def _pixels(self, examples: Examples) -> np.ndarray:
        maps = np.asarray(examples.inputs[REPRESENTATION], np.float64)
        seen = maps if self.strain else maps[..., :2]
        return seen.reshape(len(maps), int(np.prod(seen.shape[1:])))

    def _kernel(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        products = one @ other.T
        if self.kernel == "linear":
            return np.asarray(products)
        far = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * products
        return np.asarray(np.exp(-np.maximum(far, 0) / one.shape[1]))

    def _choose(self, gram: np.ndarray, labels: np.ndarray, subjects: np.ndarray) -> float:
        """Choose the cost on folds of training subjects."""
        people = len(set(subjects.tolist()))
        if people < 2:
            return USUAL_COST[self.kernel]
        folds = kfold(subjects, min(INNER_FOLDS, people), labels=labels.tolist())
        found = []
        for cost in COSTS[self.kernel]:
            told = np.full(len(labels), -1)
            for fold in folds:
                if len(np.unique(labels[fold.train])) < 2:
                    told[fold.test] = labels[fold.train][0]
                    continue
                inner = gram[np.ix_(fold.train, fold.train)]
                dual, bias = _one_against_rest(inner, labels[fold.train], len(self.classes), cost)
                told[fold.test] = (gram[np.ix_(fold.test, fold.train)] @ dual.T + bias).argmax(1)
            found.append(float(uf1(confusion(labels.tolist(), told.tolist(), range(len(self.classes))))))
        return COSTS[self.kernel][int(np.argmax(found))]


def _one_against_rest(
    gram: np.ndarray, labels: np.ndarray, classes: int, cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the rows ``(C, N)`` and offsets ``(C,)``; a class without rows is far from everything."""
    from sklearn.svm import SVC

    dual, bias = np.zeros((classes, len(labels))), np.full(classes, -1e3)
    for number in np.unique(labels):
        one = SVC(kernel="precomputed", C=cost, class_weight="balanced").fit(gram, labels == number)
        dual[number, one.support_] = one.dual_coef_[0]
        bias[number] = one.intercept_[0]
    return dual, bias


def _card(name: str, title: str, kernel: str) -> Card:
    return Card(
        name=name,
        title=title,
        paper="",
        task="recognition",
        inputs=(REPRESENTATION,),
        parts={
            "machine": f"scikit-learn's SVC, {kernel} kernel, one class against the rest",
            "cost": "our choice",
        },
        switches={"strain": "the third channel of the map"},
        kind="baseline",
        bibtex="@article{cortes1995support, author={Cortes, Corinna and Vapnik, Vladimir},"
        " title={Support-vector networks}, journal={Machine Learning}, volume={20}, year={1995}}",
    )


def _no_training(name: str, training: Mapping[str, Any] | None) -> None:
    if training:
        raise UsageError(f"system {name!r} has no training to set")


@register(_card("svm-flow", "Linear support vector machine on flow maps", "linear"))
def linear(
    *, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None, strain: bool = True
) -> FlowSVM:
    """Make the linear one."""
    _no_training("svm-flow", training)
    return FlowSVM("svm-flow", "linear", preset, seed, strain=strain)


@register(_card("svm-flow-rbf", "Support vector machine with Gaussian kernel on flow maps", "rbf"))
def gaussian(
    *, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None, strain: bool = True
) -> FlowSVM:
    """Make the one with Gaussian kernel."""
    _no_training("svm-flow-rbf", training)
    return FlowSVM("svm-flow-rbf", "rbf", preset, seed, strain=strain)
