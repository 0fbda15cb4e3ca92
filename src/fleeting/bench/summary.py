"""From predictions to scores: pooled over folds, with intervals over subjects and tests between systems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fleeting.core import UsageError
from fleeting.evaluation import (
    accuracy,
    holm,
    paired_test,
    scores_of,
    subject_bootstrap,
    subject_confusions,
    uar,
    uf1,
    weighted_f1,
)

METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uf1": uf1,
    "uar": uar,
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
}
RESAMPLES, EXCHANGES = 2000, 10_000
ALL = "all"


@dataclass(frozen=True)
class Answers:
    """All predictions of a system on a set with one seed, one position for each row in every array.

    Parameters
    ----------
    data, system, seed
        Which.
    ids, subjects, datasets, folds
        ``(N,)`` str.
    labels, predictions
        ``(N,)`` int64, places in ``classes``.
    probabilities
        ``(N, C)``.
    classes
        In order.
    oracle
        ``(N,)`` int64, predictions of the epoch chosen on the held-out fold: not a result. ``None`` where it
        was not measured.
    """

    data: str
    system: str
    seed: int
    ids: np.ndarray
    subjects: np.ndarray
    datasets: np.ndarray
    folds: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    oracle: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Answers":
        """Give some rows."""
        picked = {
            name: getattr(self, name)[rows]
            for name in ("ids", "subjects", "datasets", "folds", "labels", "predictions", "probabilities")
        }
        return replace(self, **picked, oracle=None if self.oracle is None else self.oracle[rows])


def best_epoch(epochs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Choose the epoch with most hits on the held-out fold, a late one at a tie: the common mistake.

    Parameters
    ----------
    epochs
        ``(M, E)`` class answered after each epoch.
    truth
        ``(M,)``.

    Returns
    -------
    numpy.ndarray
        ``(M,)`` answers of that epoch. They measure how much the mistake feigns and are no result.

    Examples
    --------
    >>> best_epoch(np.array([[0, 1, 1], [0, 0, 1]]), np.array([1, 0])).tolist()
    [1, 0]
    """
    hits = (epochs == truth[:, None]).sum(0)
    return epochs[:, len(hits) - 1 - int(np.argmax(hits[::-1]))]


def score_answers(runs: Sequence[Answers]) -> list[dict[str, Any]]:
    """Score one system on one set over its seeds, on all rows and on each dataset in it.

    A score is the mean over seeds of the metric of the pooled matrix, with a 95 % interval over subjects
    (`fleeting.evaluation.subject_bootstrap`), each subject bringing its rows of all seeds.

    Parameters
    ----------
    runs
        One for each seed, of the same rows.

    Returns
    -------
    list of dict
        ``subset``, ``n``, ``subjects``, ``seeds``, each metric as ``{value, low, high, sd}``, ``f1`` and
        ``recall`` by class, ``matrix`` summed over seeds, ``oracle`` or ``None``.
    """
    first = runs[0]
    names = sorted(set(first.datasets.tolist()))
    subsets = [(ALL, np.arange(len(first.ids)))]
    if len(names) > 1:
        subsets += [(name, np.flatnonzero(first.datasets == name)) for name in names]
    return [_score([one.take(rows) for one in runs], subset) for subset, rows in subsets]


def _score(runs: list[Answers], subset: str) -> dict[str, Any]:
    first = runs[0]
    counts = seed_confusions(runs)
    pooled = scores_of(counts.sum((0, 1)), first.classes)
    told: dict[str, Any] = {
        "data": first.data,
        "system": first.system,
        "subset": subset,
        "n": len(first.ids),
        "subjects": len(counts),
        "seeds": [one.seed for one in runs],
        "classes": list(first.classes),
        **{name: _estimate(counts, metric) for name, metric in METRICS.items()},
        "f1": dict(zip(first.classes, _plain(pooled.f1), strict=True)),
        "recall": dict(zip(first.classes, _plain(pooled.recall), strict=True)),
        "matrix": counts.sum((0, 1)).astype(int).tolist(),
        "oracle": None,
    }
    if all(one.oracle is not None for one in runs):
        peeked = [replace(one, predictions=one.oracle) for one in runs]  # type: ignore[arg-type]
        chosen = seed_confusions(peeked)
        told["oracle"] = {"note": "not a result: the epoch was chosen on the held-out fold"} | {
            name: _number(_over_seeds(metric)(chosen.sum(0, keepdims=True))[0])
            for name, metric in METRICS.items()
        }
    return told


def seed_confusions(runs: Sequence[Answers]) -> np.ndarray:
    """Count a matrix for each subject and seed, ``(S, seeds, C, C)``, subjects sorted."""
    first = runs[0]
    places = range(len(first.classes))
    for one in runs:
        if one.ids.tolist() != first.ids.tolist():
            raise UsageError(f"{one.system} on {one.data}: seeds {first.seed} and {one.seed} differ in rows")
    made = [
        subject_confusions(one.labels.tolist(), one.predictions.tolist(), list(places), one.subjects)[1]
        for one in runs
    ]
    return np.stack(made, 1)


def compare(groups: Mapping[str, Sequence[Answers]]) -> list[dict[str, Any]]:
    """Test every pair of systems on one set, by UF1, exchanging whole subjects.

    Parameters
    ----------
    groups
        System -> its runs, all of the same rows; those with other seeds are not compared.

    Returns
    -------
    list of dict
        ``first``, ``second``, ``difference`` of UF1 with its interval, ``p``, and ``p_holm`` corrected for
        the number of pairs.
    """
    names = list(groups)
    counts = {name: seed_confusions(groups[name]) for name in names}
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    seeds = {name: [one.seed for one in groups[name]] for name in names}
    pairs = [(a, b) for a, b in pairs if seeds[a] == seeds[b]]
    found = [paired_test(counts[a], counts[b], _over_seeds(uf1), samples=EXCHANGES) for a, b in pairs]
    corrected: Sequence[float] | np.ndarray = holm([one.p_value for one in found]) if found else []
    return [
        {
            "data": groups[a][0].data,
            "first": a,
            "second": b,
            "metric": "uf1",
            "difference": _number(one.difference),
            "low": _number(one.low),
            "high": _number(one.high),
            "p": one.p_value,
            "p_holm": float(p),
            "subjects": one.subjects,
            "exact": one.exact,
        }
        for (a, b), one, p in zip(pairs, found, corrected, strict=True)
    ]


def _estimate(counts: np.ndarray, metric: Callable[[np.ndarray], np.ndarray]) -> dict[str, float | None]:
    found = subject_bootstrap(counts, _over_seeds(metric), samples=RESAMPLES)
    by_seed = metric(counts.sum(0))
    spread = float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None
    return {
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
        "sd": None if spread is None else _number(spread),
    }


def _over_seeds(metric: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Make a metric of one matrix the mean of the metric over seeds: ``(B, seeds, C, C)`` to ``(B,)``."""
    return lambda pooled: metric(pooled).mean(-1)


def _number(value: float) -> float | None:
    """Give a number for JSON; ``None`` for one that is not defined."""
    return float(value) if np.isfinite(value) else None


def _plain(values: np.ndarray) -> list[float | None]:
    return [_number(one) for one in values]
