"""Scores of predicted gaze trajectories: distances, share within k pixels, and the jitter metric."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import ShapeError, UsageError

TINY = 1e-6


@dataclass(frozen=True, slots=True)
class GazeScores:
    """Distances over all rows, in pixels of the label grid (80 x 60 in the 3ET+ challenge).

    ``l2`` mean Euclidean distance, ``l1`` mean absolute error of a coordinate, ``within`` the share of rows
    nearer than each tolerance.
    """

    n: int
    l2: float
    l1: float
    within: dict[float, float]


def score_gaze(
    truth: np.ndarray, predicted: np.ndarray, *, tolerances: Sequence[float] = (1, 3, 5, 10)
) -> GazeScores:
    """Compare predicted with true gaze points (3ET+ challenge: l2 and p_k).

    ``l2 = mean |p - g|``, ``p_k = share of |p - g| < k``, as the challenge's code has it (less than, not at
    most).

    Parameters
    ----------
    truth, predicted
        ``(N, 2)`` x and y of the same moments. Leave out rows of closed eyes beforehand if they shall not
        count.
    tolerances
        The ``k`` in pixels.

    Returns
    -------
    GazeScores

    Raises
    ------
    ShapeError, UsageError
        Where shapes differ, nothing is there, or a value is not finite.

    Examples
    --------
    >>> scores = score_gaze(np.array([[0, 0], [10, 10.0]]), np.array([[3, 4], [10, 10.0]]))
    >>> scores.l2, scores.l1, scores.within[5], scores.within[10]
    (2.5, 1.75, 0.5, 1.0)
    """
    true, found = _points(truth, "truth"), _points(predicted, "predicted")
    if true.shape != found.shape or not len(true):
        raise ShapeError(f"expected two arrays (N, 2) with N > 0, got {true.shape} and {found.shape}")
    error = found - true
    distance = np.hypot(error[:, 0], error[:, 1])
    within = {k: float(np.mean(distance < k)) for k in tolerances}
    return GazeScores(len(true), float(distance.mean()), float(np.abs(error).mean()), within)


def jitter(
    truth: np.ndarray, predicted: np.ndarray, *, rate_hz: float = 100.0, weight: float = 0.75
) -> float:
    """Jitter metric of EyeLoRiN (arXiv 2506.12524): how unlike the smoothness of two trajectories is.

    For each axis, with velocities ``v`` (central differences):
    ``weight |S(v') - S(v)| / (|S(v)| + e) + (1 - weight) log(1 + KL(P_v' || P_v))``, where
    ``S(v) = -sum_{f > 0} log(f + e) |V_f| / (sum_f |V_f| + e)`` over the spectrum and ``P`` are velocity
    histograms on shared Freedman-Diaconis bins; the mean of both axes. ``e = 1e-6``. Lower is closer.

    Parameters
    ----------
    truth, predicted
        ``(N, 2)`` of one recording at a constant rate, ``N >= 3``.
    rate_hz
        Rows a second.
    weight
        Share of the spectral part.

    Returns
    -------
    float
        0 or more; 0 for equal trajectories.

    Raises
    ------
    ShapeError, UsageError
        Where shapes differ, rows are too few, or an argument is out of range.

    Examples
    --------
    >>> path = np.cumsum(np.ones((50, 2)), axis=0)
    >>> jitter(path, path)
    0.0
    >>> noise = np.random.default_rng(0).normal(0, 1, (50, 2))
    >>> jitter(path, path + noise) > 0.1
    True
    """
    true, found = _points(truth, "truth"), _points(predicted, "predicted")
    if true.shape != found.shape or len(true) < 3:
        raise ShapeError(f"expected two arrays (N, 2) with N >= 3, got {true.shape} and {found.shape}")
    if not rate_hz > 0 or not 0 <= weight <= 1:
        raise UsageError(f"expected rate_hz > 0 and weight in 0..1, got {rate_hz} and {weight}")
    axes = []
    for axis in range(2):
        old = np.gradient(true[:, axis], 1 / rate_hz)
        new = np.gradient(found[:, axis], 1 / rate_hz)
        base = _spectral(old, rate_hz)
        spectral = abs(_spectral(new, rate_hz) - base) / (abs(base) + TINY)
        axes.append(weight * spectral + (1 - weight) * np.log1p(_divergence(new, old)))
    return float(np.mean(axes))


def _spectral(velocity: np.ndarray, rate_hz: float) -> float:
    size = np.abs(np.fft.rfft(velocity))
    frequency = np.fft.rfftfreq(len(velocity), 1 / rate_hz)
    return float(-np.sum(np.log(frequency[1:] + TINY) * size[1:]) / (size.sum() + TINY))


def _divergence(new: np.ndarray, old: np.ndarray) -> float:
    """KL divergence of velocity histograms on shared bins, every bin raised by a little."""
    edges = np.histogram_bin_edges(np.concatenate([new, old]), bins=_bins(np.concatenate([new, old])))
    first, second = (np.histogram(values, edges)[0] / len(values) + TINY for values in (new, old))
    first, second = first / first.sum(), second / second.sum()
    return max(0.0, float(np.sum(first * np.log(first / second))))


def _bins(values: np.ndarray) -> int:
    """Freedman-Diaconis number of bins, between 1 and 1000: a spike must not ask for millions."""
    low, high = np.quantile(values, [0.25, 0.75])
    width = 2 * (high - low) / len(values) ** (1 / 3)
    span = float(values.max() - values.min())
    return int(np.clip(np.ceil(span / width), 1, 1000)) if width > 0 and span > 0 else 1


def _points(points: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(points, float)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ShapeError(f"{name}: expected x and y, (N, 2), got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise UsageError(f"{name}: expected finite numbers; leave out rows without gaze")
    return array
