"""Decoders of published systems, by their rules.

Sources: MEAN, ME-TST and ME-TST+ (fixed width), SL-Swin (the same on whole windows alone), BoostingVRME
(scalable selection), as their authors released them.
"""

from typing import Literal

import numpy as np

from fleeting.core import UsageError
from fleeting.spotting._boxes import (
    Box,
    check_share,
    frames_of,
    level_between,
    peaks,
    rescaled,
    seen_runs,
    strongest_apart,
)

Edges = Literal["zeros", "valid"]
EXTENSION = 5  # half widths from the peak, at most
MOST_OVERLAP = 0.2


def box_mean(curve: np.ndarray, half: int, edges: Edges = "zeros") -> np.ndarray:
    """Mean of frames ``i - half .. i + half - 1`` for every frame, stretches apart.

    Parameters
    ----------
    curve
        ``(T,)``, NaN where not seen.
    half
        Half width, frames.
    edges
        ``zeros``: outside a stretch lie zeros (``numpy.convolve(..., "same")`` of the published code).
        ``valid``: NaN where the window is not whole.

    Examples
    --------
    >>> box_mean(np.array([1.0, 1, 1, 1]), 1)
    array([0.5, 1. , 1. , 1. ])
    """
    if edges not in ("zeros", "valid"):
        raise UsageError(f"edges: expected 'zeros' or 'valid', got {edges!r}")
    smooth = np.full(len(curve), np.nan)
    kernel = np.full(2 * half, 1 / (2 * half))
    for first, last in seen_runs(curve):
        part = np.convolve(curve[first : last + 1], kernel, "full")[half - 1 :][: last - first + 1]
        if edges == "valid":
            part[:half] = np.nan
            part[max(len(part) - half + 1, 0) :] = np.nan
        smooth[first : last + 1] = part
    return smooth


def _fixed(
    curve: np.ndarray, fps: float, half_width_s: float, p: float, edges: Edges
) -> tuple[list[Box], int]:
    check_share("p", p)
    half = frames_of("half_width_s", half_width_s, fps)
    smooth = box_mean(curve, half, edges)
    if not np.isfinite(smooth).any():
        return [], half
    found = peaks(smooth, level_between(smooth, p), half)
    return [Box(at - half, at, at + half, float(smooth[at])) for at in found], half


def fixed(
    curve: np.ndarray,
    fps: float,
    *,
    half_width_s: float = 0.2,
    p: float = 0.55,
    edges: Edges = "zeros",
    dummy: bool = False,
) -> list[Box]:
    """Give each peak of the smoothed curve an interval of one and the same width.

    The curve is smoothed by a box of ``2 k`` frames; peaks of at least ``mean + p (max - mean)`` that lie
    ``k`` frames apart become ``[peak - k, peak + k]``. Since the threshold hangs on the maximum, a
    video without any movement gives intervals too.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    half_width_s
        ``k`` in seconds: half the mean duration in the training set.
    p
        Share of the way from mean to maximum.
    edges
        See `box_mean`: ``zeros`` as MEAN, ME-TST and ME-TST+ do, ``valid`` as SL-Swin does.
    dummy
        A video without a peak gives one interval of a single frame at its start, as MEAN, ME-TST and
        SL-Swin do: it counts as a false alarm.

    Examples
    --------
    >>> curve = np.zeros(40)
    >>> curve[20:26] = 1
    >>> [(b.onset, b.apex, b.offset) for b in fixed(curve, 30, half_width_s=0.1)]
    [(20, 23, 26)]
    """
    boxes, _ = _fixed(curve, fps, half_width_s, p, edges)
    if boxes or not dummy or not np.isfinite(curve).any():
        return boxes
    start = seen_runs(curve)[0][0]
    return [Box(start, start, start, 0.0)]


def fixed_nms(
    curve: np.ndarray, fps: float, *, half_width_s: float = 0.2, p: float = 0.55, edges: Edges = "zeros"
) -> list[Box]:
    """As `fixed`, but from the highest peak on, leaving out those within ``2 k`` of one taken before.

    Parameters
    ----------
    curve, fps, half_width_s, p, edges
        As for `fixed`.
    """
    boxes, half = _fixed(curve, fps, half_width_s, p, edges)
    return strongest_apart(boxes, lambda a, b: abs(a.apex - b.apex) <= 2 * half)


def scalable(
    curve: np.ndarray, fps: float, *, half_width_s: float = 0.2, p: float = 0.55, rescale: bool = True
) -> list[Box]:
    """Stretch the intervals of `fixed` to where the raw curve rises and falls (BoostingVRME).

    Within ``k`` of a peak, the onset is where the curve first rises above two thirds of its mean, the offset
    where it last falls below; then both go on outwards, at most ``5 k`` from the peak, up to two
    neighbouring frames below the mean. Of two that overlap much or whose apices are close, the earlier
    stays.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    half_width_s
        ``k`` in seconds: half the median duration in the training set.
    p
        As for `fixed`.
    rescale
        Bring the curve to 0..1 first. The thresholds are shares of the mean, which makes no sense on
        curves that can be negative, such as those of regression; the published system needs no rescaling
        since its network ends in a sigmoid.

    Examples
    --------
    >>> curve = np.zeros(60)
    >>> curve[20:36] = 1
    >>> [(b.onset, b.offset) for b in scalable(curve, 30, half_width_s=0.1)]
    [(20, 35)]
    """
    values = rescaled(curve) if rescale else curve
    boxes, half = _fixed(values, fps, half_width_s, p, "zeros")
    if not boxes:
        return []
    mean = float(np.nanmean(values))
    stretches = seen_runs(values)
    stretched = []
    for box in boxes:
        first, last = next(run for run in stretches if run[0] <= box.apex <= run[1])
        onset, offset = _stretch(values[first : last + 1], box.apex - first, half, mean)
        apex = first + onset + int(np.argmax(values[first + onset : first + offset + 1]))
        stretched.append(Box(first + onset, apex, first + offset, box.score))
    return _earlier_first(stretched, half)


def _stretch(s: np.ndarray, peak: int, half: int, mean: float) -> tuple[int, int]:
    """Onset and offset around a peak; the right side is the left side of the mirrored curve."""
    return _left(s, peak, half, mean), len(s) - 1 - _left(s[::-1], len(s) - 1 - peak, half, mean)


def _left(s: np.ndarray, peak: int, half: int, mean: float) -> int:
    low = max(0, peak - half)
    rising = (i - 1 for i in range(low + 1, peak) if s[i] > s[i - 1] and s[i] > mean / 1.5)
    onset = next(rising, low)
    for i in range(onset - 1, max(0, peak - EXTENSION * half - 1), -1):
        if s[i] < mean and s[i - 1] < mean:
            return i + 1
    return onset


def _earlier_first(boxes: list[Box], half: int) -> list[Box]:
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b.onset, b.offset)):
        if all(_hull_share(box, q) < MOST_OVERLAP and abs(box.apex - q.apex) > half for q in kept):
            kept.append(box)
    return kept


def _hull_share(a: Box, b: Box) -> float:
    """Overlap over the hull of both, frames counted without the end, as in the published code."""
    hull = max(a.offset, b.offset) - min(a.onset, b.onset)
    return max(0, min(a.offset, b.offset) - max(a.onset, b.onset)) / hull if hull else 1.0
