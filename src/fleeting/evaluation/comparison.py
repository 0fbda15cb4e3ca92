"""Is one system better than another? Paired tests over subjects, and Holm's correction for several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation.bootstrap import CHUNK, Statistic, resample_weights


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Result of `paired_test`.

    ``difference`` is the metric of the first minus that of the second, ``low`` and ``high`` its bootstrap
    interval over subjects, ``p_value`` two-sided. ``exact`` tells whether all exchanges were enumerated.
    """

    difference: float
    low: float
    high: float
    p_value: float
    level: float
    subjects: int
    exact: bool


def paired_test(
    first: np.ndarray,
    second: np.ndarray,
    statistic: Statistic,
    *,
    samples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedTest:
    """Permutation test on the difference of a pooled metric, exchanging whole subjects between two systems.

    Under the null hypothesis it does not matter which system made a subject's predictions, so the counts of
    each subject are exchanged with probability 1/2, and ``p`` is the share of exchanges whose difference is
    at least as large (Pitman, 1937; with the ``(1 + r) / (1 + B)`` of Davison and Hinkley, 1997, where
    exchanges are sampled). With ``2^S <= samples`` all are enumerated.

    Parameters
    ----------
    first, second
        ``(S, ...)`` additive counts of the same subjects in the same order, for example from
        `subject_confusions`.
    statistic
        Takes pooled counts ``(B, ...)`` and gives ``(B,)``, for example `uf1`.
    samples
        Number of exchanges, and of resamples for the interval.
    level, seed
        As in `subject_bootstrap`.

    Returns
    -------
    PairedTest

    Raises
    ------
    ShapeError
        Where the two differ in shape, or there is no subject.

    Examples
    --------
    >>> from fleeting.evaluation import counts_f1
    >>> good, bad = np.tile([4, 1, 1], (6, 1)), np.tile([2, 3, 3], (6, 1))
    >>> test = paired_test(good, bad, counts_f1)
    >>> round(test.difference, 3), test.p_value == 2 / 2**6, test.exact
    (0.4, True, True)
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    if one.shape != two.shape or one.ndim < 2 or not len(one):
        raise ShapeError(f"expected two arrays (subjects, ...) of one shape, got {one.shape} and {two.shape}")
    if samples < 1 or not 0 < level < 1:
        raise UsageError(f"expected samples > 0 and a level in (0, 1), got {samples} and {level}")
    exact = 2 ** len(one) <= samples
    swaps = _all_swaps(len(one)) if exact else np.random.default_rng(seed).integers(0, 2, (samples, len(one)))
    observed = float(np.squeeze(statistic(one.sum(0, keepdims=True)) - statistic(two.sum(0, keepdims=True))))
    null = _differences(one, two, 1.0 - swaps, statistic, swap=True)
    extreme = int(np.sum(np.abs(null) >= abs(observed) - 1e-12))
    p_value = extreme / len(null) if exact else (1 + extreme) / (1 + len(null))
    weights = resample_weights(len(one), samples, seed).astype(float)
    spread = _differences(one, two, weights, statistic, swap=False)
    spread = spread[np.isfinite(spread)]
    low, high = (
        np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
        if len(spread) and len(one) > 1
        else (np.nan, np.nan)
    )
    return PairedTest(observed, float(low), float(high), p_value, level, len(one), exact)


def _all_swaps(subjects: int) -> np.ndarray:
    return (np.arange(2**subjects)[:, None] >> np.arange(subjects)) & 1


def _differences(
    one: np.ndarray, two: np.ndarray, weights: np.ndarray, statistic: Statistic, *, swap: bool
) -> np.ndarray:
    """Metric difference for each row of weights; with ``swap`` the second gets the other subjects' counts."""
    parts = []
    for start in range(0, len(weights), CHUNK):
        own = weights[start : start + CHUNK]
        other = 1 - own
        first, second = np.tensordot(own, one, (1, 0)), np.tensordot(own, two, (1, 0))
        if swap:
            first = first + np.tensordot(other, two, (1, 0))
            second = second + np.tensordot(other, one, (1, 0))
        parts.append(statistic(first) - statistic(second))
    return np.concatenate(parts)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjust p-values of several comparisons (Holm, 1979).

    Sorted, the ``i``-th smallest of ``m`` is multiplied by ``m - i + 1``; then made to rise, and cut at 1.

    Parameters
    ----------
    p_values
        ``(M,)`` in 0..1.

    Returns
    -------
    numpy.ndarray
        ``(M,)`` adjusted, in the order given; compare them with 0.05.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005]).round(3).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    values = np.asarray(p_values, float)
    if values.ndim != 1 or np.any(~((values >= 0) & (values <= 1))):
        raise UsageError(f"p_values: expected a list of numbers in 0..1, got {p_values}")
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(
        1, np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    )
    return adjusted
