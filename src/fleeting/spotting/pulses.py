"""From region signals to a curve: how much does a moment look like "there and back again"?

A micro-expression leaves a baseline and returns to it within half a second. For each length of time
and each pattern (an action unit on a side) the response is the smaller of the rise over the time before
and the fall to the time after, so that a step, a ramp or a drift gives nothing. It is measured
in units of what the same region does otherwise: noise of measurement, its usual activity (a mouth that
talks), activity just now, and the leak of head motion.
"""

from dataclasses import dataclass

import numpy as np

from fleeting.spotting.hypotheses import Hypotheses, hypotheses

# Lengths of a movement, seconds.
MICRO_S = (0.10, 0.15, 0.22, 0.32, 0.45)
MACRO_S = (0.7, 1.0, 1.5, 2.2, 3.2)
FLOOR = 0.0014  # noise that is always assumed, in eye distances
HEAD_LEAK = 0.03  # share of the head's own motion that may be left in a region
CALM_S = 3.0  # "just now" for activity
BLOCK_S = 0.25


@dataclass(frozen=True)
class Responses:
    """Response of every pattern at one length.

    ``z`` ``(T, K)`` in units of the usual; ``size`` ``(T, K)`` of the action in eye distances;
    ``noise`` ``(T, R)`` per region, eye distances; ``length_s`` the length looked for.
    """

    length_s: float
    z: np.ndarray
    size: np.ndarray
    noise: np.ndarray


def window_means(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Mean of ``values`` ``(T, ...)`` over frames ``first..last`` (inclusive), per row; NaN where empty.

    Examples
    --------
    >>> window_means(np.arange(5.0), np.array([0, 3]), np.array([2, 9]))
    array([1. , 3.5])
    """
    total = len(values)
    low, high = np.clip(first, 0, total), np.clip(last + 1, 0, total)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=float)])
    count = (high - low).astype(float)
    count[count <= 0] = np.nan
    return (sums[high] - sums[low]) / count.reshape(-1, *[1] * (values.ndim - 1))


def respond(
    regions: np.ndarray, head: np.ndarray, fps: float, length_s: float, patterns: Hypotheses | None = None
) -> Responses:
    """Response to movements of one length.

    Parameters
    ----------
    regions
        ``(T, R, 2)`` displacements in eye distances, without gaps, at a constant frame rate.
    head
        ``(T, 2)`` place of the face in eye distances.
    fps
        Frames per second.
    length_s
        Length of the movement, seconds.

    Examples
    --------
    >>> from fleeting.motion import motion_regions
    >>> still = np.zeros((60, len(motion_regions()), 2))
    >>> bool(respond(still, np.zeros((60, 2)), 30, 0.2).z.max() == 0)
    True
    """
    chosen = patterns or hypotheses()
    rise, fall, around = _differences(regions, fps, length_s)
    head_rise, head_fall, _ = _differences(head, fps, length_s)
    noise = _noise(around, np.abs(head_rise) + np.abs(head_fall), fps, length_s)  # (T, R, 2)
    flat = chosen.patterns.reshape(len(chosen.units), -1)  # (K, 2R)
    precision = 1 / noise.reshape(len(noise), -1) ** 2  # (T, 2R)
    information = precision @ (flat**2).T  # (T, K)
    size = np.minimum(
        (rise.reshape(len(rise), -1) * precision) @ flat.T, (fall.reshape(len(fall), -1) * precision) @ flat.T
    )
    size = np.maximum(size, 0) / np.maximum(information, 1e-12)
    return Responses(length_s, size * np.sqrt(information), size, noise.mean(-1))


def _differences(
    values: np.ndarray, fps: float, length_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle minus before, middle minus after, and middle minus both; a missing flank copies the other."""
    t = np.arange(len(values))
    core = max(0, round(length_s * fps / 6))
    half = max(1, round(length_s * fps / 2))
    flank = max(1, round(max(0.08, length_s / 3) * fps))
    middle = window_means(values, t - core, t + core)
    before = window_means(values, t - half - flank, t - half - 1)
    after = window_means(values, t + half + 1, t + half + flank)
    rise, fall = middle - before, middle - after
    rise, fall = np.where(np.isnan(rise), fall, rise), np.where(np.isnan(fall), rise, fall)
    rise, fall = np.nan_to_num(rise), np.nan_to_num(fall)
    return rise, fall, (rise + fall) / 2


def _noise(around: np.ndarray, head: np.ndarray, fps: float, length_s: float) -> np.ndarray:
    """What a region does otherwise, per frame and axis, in eye distances."""
    size = np.abs(around)
    usual = 1.48 * np.median(size, axis=0)  # (R, 2)
    block = max(1, round(BLOCK_S * fps))
    count = max(1, len(size) // block)
    level = size[: count * block].reshape(count, -1, *size.shape[1:]).mean(1) if len(size) >= block else size
    reach = max(1, round(max(CALM_S, 3 * length_s) / BLOCK_S / 2))
    now = np.stack([np.median(level[max(0, i - reach) : i + reach + 1], axis=0) for i in range(len(level))])
    now = 1.25 * now[np.minimum(np.arange(len(size)) // block, len(now) - 1)]
    leak = HEAD_LEAK * head.max(axis=1)[:, None, None]
    return np.sqrt(FLOOR**2 + np.maximum(usual[None], now) ** 2 + leak**2)
