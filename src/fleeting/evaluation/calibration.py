"""Does 0.8 mean 8 in 10? Reliability bins, expected calibration error, Brier score."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError

Strategy = Literal["uniform", "quantile"]


@dataclass(frozen=True, slots=True)
class ReliabilityBins:
    """One row for each bin that holds a case, rising.

    ``low`` and ``high`` edges, ``confidence`` the mean predicted probability, ``frequency`` the share that
    came true, ``count`` the cases; each ``(K,)``. Draw each frequency with its `wilson_interval`.
    """

    low: np.ndarray
    high: np.ndarray
    confidence: np.ndarray
    frequency: np.ndarray
    count: np.ndarray


def reliability_bins(
    probabilities: np.ndarray, outcomes: np.ndarray, *, bins: int = 10, strategy: Strategy = "uniform"
) -> ReliabilityBins:
    """Sort cases into bins of probability and compare what was said with what came.

    Parameters
    ----------
    probabilities
        ``(N,)`` in 0..1.
    outcomes
        ``(N,)`` true or false, or 0 and 1.
    bins
        Number of bins.
    strategy
        ``uniform`` widths, or ``quantile``: equal numbers of cases.

    Returns
    -------
    ReliabilityBins
        Empty bins are left out. Bins are closed on the right, the first on both sides.

    Raises
    ------
    ShapeError, UsageError
        Where shapes differ or values lie out of range.

    Examples
    --------
    >>> rows = reliability_bins(np.array([0.1, 0.2, 0.9, 0.8]), np.array([0, 0, 1, 0]), bins=2)
    >>> rows.confidence.round(2).tolist(), rows.frequency.tolist(), rows.count.tolist()
    ([0.15, 0.85], [0.0, 0.5], [2, 2])
    """
    said, came = _checked(probabilities, outcomes)
    if bins < 1 or strategy not in ("uniform", "quantile"):
        raise UsageError(
            f"expected bins > 0 and strategy 'uniform' or 'quantile', got {bins} and {strategy!r}"
        )
    edges = np.linspace(0, 1, bins + 1)
    if strategy == "quantile" and len(said):
        edges = np.unique(np.concatenate([[0], np.quantile(said, edges)[1:-1], [1]]))
    size = len(edges) - 1
    place = np.clip(np.searchsorted(edges, said, side="left") - 1, 0, size - 1)
    count = np.bincount(place, minlength=size)
    used = count > 0
    divide = np.maximum(count, 1)
    return ReliabilityBins(
        edges[:-1][used],
        edges[1:][used],
        (np.bincount(place, said, size) / divide)[used],
        (np.bincount(place, came, size) / divide)[used],
        count[used],
    )


def expected_calibration_error(
    probabilities: np.ndarray, outcomes: np.ndarray, *, bins: int = 10, strategy: Strategy = "uniform"
) -> float:
    """ECE: the mean distance of said and came over bins, ``sum_b n_b / N |freq_b - conf_b|``.

    After Naeini et al. (2015) and Guo et al. (2017). It depends on the bins and is biased upwards for few
    cases: give both numbers beside it. NaN without cases. Arguments as in `reliability_bins`.

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0.1, 0.2, 0.9, 0.8]), np.array([0, 0, 1, 0]), bins=2), 3)
    0.25
    """
    rows = reliability_bins(probabilities, outcomes, bins=bins, strategy=strategy)
    total = rows.count.sum()
    if not total:
        return float("nan")
    return float(np.sum(rows.count / total * np.abs(rows.frequency - rows.confidence)))


def brier_score(probabilities: np.ndarray, outcomes: np.ndarray) -> float:
    """Mean squared distance of probability and outcome (Brier, 1950); NaN without cases.

    Examples
    --------
    >>> brier_score(np.array([1.0, 0.5]), np.array([1, 0]))
    0.125
    """
    said, came = _checked(probabilities, outcomes)
    return float(np.mean((said - came) ** 2)) if len(said) else float("nan")


def top_label(probabilities: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reduce a class distribution to its winner, for the functions above.

    Parameters
    ----------
    probabilities
        ``(N, C)``, rows sum to 1.
    truth
        ``(N,)`` class indices.

    Returns
    -------
    tuple
        ``(N,)`` probability of the winner, and ``(N,)`` bool whether it was right.

    Examples
    --------
    >>> confidence, right = top_label(np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([0, 0]))
    >>> confidence.tolist(), right.tolist()
    ([0.7, 0.6], [True, False])
    """
    table, classes = np.asarray(probabilities, float), np.asarray(truth)
    if table.ndim != 2 or classes.shape != (len(table),):
        raise ShapeError(
            f"expected (N, C) probabilities and (N,) classes, got {table.shape}, {classes.shape}"
        )
    if not np.allclose(table.sum(1), 1, atol=1e-4):
        raise UsageError("probabilities: expected rows that sum to 1")
    return table.max(1), table.argmax(1) == classes


def _checked(probabilities: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    said, came = np.asarray(probabilities, float), np.asarray(outcomes, float)
    if said.ndim != 1 or said.shape != came.shape:
        raise ShapeError(f"expected two arrays (N,), got {said.shape} and {came.shape}")
    if np.any(~((said >= 0) & (said <= 1))) or np.any((came != 0) & (came != 1)):
        raise UsageError("expected probabilities in 0..1 and outcomes of 0 or 1")
    return said, came
