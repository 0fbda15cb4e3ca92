"""Uncertainty of pooled numbers: subjects are resampled, never samples, since a face repeats itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import ShapeError, UsageError

Statistic = Callable[[np.ndarray], np.ndarray]
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    ``low`` and ``high`` are NaN where the interval cannot be computed (fewer than two subjects).
    ``units`` is the number of subjects or cases behind it.
    """

    value: float
    low: float
    high: float
    level: float
    units: int


def subject_bootstrap(
    counts: np.ndarray,
    statistic: Statistic,
    *,
    samples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Percentile interval of a pooled metric over resampled subjects (Efron, 1979; cluster form).

    Each sample draws ``S`` subjects with replacement, sums their counts and computes the metric once on the
    sums, just as the reported number is computed.

    Parameters
    ----------
    counts
        ``(S, ...)`` additive counts of each subject: confusion matrices, or TP, FP, FN.
    statistic
        Takes pooled counts ``(B, ...)`` and gives ``(B,)``, for example `uf1` or `counts_f1`.
    samples
        Number of resamples.
    level
        Coverage, in (0, 1).
    seed
        Same seed, same interval.

    Returns
    -------
    Estimate
        Resamples in which the metric is undefined (NaN) are left out. One that happens to lack a class
        gives the UF1 of the others (see `confusion`), as a sample of such subjects would.

    Raises
    ------
    UsageError
        Where there is no subject, or an argument is out of range.

    Examples
    --------
    >>> from fleeting.evaluation import counts_f1
    >>> estimate = subject_bootstrap(np.array([[3, 1, 0], [1, 2, 2], [4, 0, 1]]), counts_f1, seed=1)
    >>> round(estimate.value, 3), estimate.low < estimate.value < estimate.high
    (0.727, True)
    """
    counts = _checked(counts, level, samples)
    value = _number(statistic(counts.sum(0, keepdims=True)))
    if len(counts) < 2:
        return Estimate(value, float("nan"), float("nan"), level, len(counts))
    values = bootstrap_values(counts, statistic, samples=samples, seed=seed)
    low, high = _percentiles(values, level)
    return Estimate(value, low, high, level, len(counts))


def bootstrap_values(
    counts: np.ndarray, statistic: Statistic, *, samples: int = 2000, seed: int = 0
) -> np.ndarray:
    """Give the metric ``(samples,)`` of every resample; see `subject_bootstrap`.

    Examples
    --------
    >>> bootstrap_values(np.ones((4, 1)), lambda pooled: pooled[:, 0], samples=3).tolist()
    [4.0, 4.0, 4.0]
    """
    counts = np.asarray(counts, float)
    weights = resample_weights(len(counts), samples, seed)
    return _in_chunks(lambda rows: statistic(np.tensordot(rows, counts, axes=(1, 0))), weights)


def resample_weights(subjects: int, samples: int, seed: int = 0) -> np.ndarray:
    """How often each subject is drawn in each resample, ``(samples, subjects)`` int.

    Examples
    --------
    >>> resample_weights(5, 2).sum(1).tolist()
    [5, 5]
    """
    return np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=samples)


def bootstrap_rows(
    subjects: Sequence[str] | np.ndarray,
    statistic: Callable[[np.ndarray], float],
    *,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """As `subject_bootstrap`, for metrics that are no function of summed counts (AP, medians, ECE).

    Parameters
    ----------
    subjects
        ``(N,)`` subject of each row.
    statistic
        Takes row positions, with repeats, and gives a number; called ``samples + 1`` times.

    Examples
    --------
    >>> error = np.array([1.0, 2.0, 4.0])
    >>> bootstrap_rows(["a", "b", "b"], lambda rows: float(np.median(error[rows]))).value
    2.0
    """
    names, inverse = np.unique(np.asarray(subjects), return_inverse=True)
    if not len(names) or not 0 < level < 1 or samples < 1:
        raise UsageError(
            f"expected subjects, a level in (0, 1) and samples > 0, got {len(names)}, {level}, {samples}"
        )
    rows = [np.flatnonzero(inverse == i) for i in range(len(names))]
    value = float(statistic(np.arange(len(inverse))))
    if len(names) < 2:
        return Estimate(value, float("nan"), float("nan"), level, len(names))
    values = np.array(
        [
            statistic(np.concatenate([rows[i] for i in np.repeat(np.arange(len(names)), draw)]))
            for draw in resample_weights(len(names), samples, seed)
        ],
        float,
    )
    low, high = _percentiles(values, level)
    return Estimate(value, low, high, level, len(names))


def _checked(counts: np.ndarray, level: float, samples: int) -> np.ndarray:
    counts = np.asarray(counts, float)
    if counts.ndim < 2 or not len(counts):
        raise ShapeError(f"counts: expected (subjects, ...) with at least one subject, got {counts.shape}")
    if not 0 < level < 1 or samples < 1:
        raise UsageError(f"expected a level in (0, 1) and samples > 0, got {level} and {samples}")
    return counts


def _in_chunks(function: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Apply in pieces, so that thousands of resampled matrices need little memory."""
    return np.concatenate([function(rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK)])


def _percentiles(values: np.ndarray, level: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _number(value: np.ndarray) -> float:
    value = np.asarray(value)
    if value.shape != (1,):
        raise ShapeError(
            f"statistic: expected one number for each row of pooled counts, got shape {value.shape}"
        )
    return float(value[0])
