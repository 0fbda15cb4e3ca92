"""Decoders by plain rules: stretches above a threshold, and pairs of an onset and an offset."""

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape, iou
from fleeting.spotting._boxes import (
    Box,
    frames_of,
    level,
    level_between,
    rescaled,
    seen_runs,
    strongest_apart,
)


def runs(
    curve: np.ndarray,
    fps: float,
    *,
    high: float = 0.55,
    low: float = 0.3,
    relative: bool = True,
    join_s: float = 0.0,
    least_s: float = 0.0,
    most_s: float | None = None,
) -> list[Box]:
    """Take each stretch that stays above a low threshold and somewhere reaches a high one.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    high, low
        The thresholds. With ``relative`` shares of the way from the mean of the curve to its maximum,
        otherwise heights of the curve, such as 0.5 for probabilities.
    relative
        What ``high`` and ``low`` mean.
    join_s
        Stretches no further apart than this become one; never across frames that were not seen.
    least_s, most_s
        Shortest and longest to keep, seconds.

    Returns
    -------
    list of Box
        ``score`` is the mean of the curve over the stretch.

    Examples
    --------
    >>> curve = np.array([0, 0.2, 0.5, 0.9, 0.5, 0.2, 0, 0.4, 0])
    >>> [(b.onset, b.offset) for b in runs(curve, 30, high=0.6, low=0.3, relative=False)]
    [(2, 4)]
    """
    if low > high:
        raise UsageError(f"runs: expected low <= high, got {low} and {high}")
    if join_s < 0 or least_s < 0 or (most_s is not None and most_s < least_s):
        raise UsageError(
            f"runs: expected 0 <= join_s, 0 <= least_s <= most_s, got {join_s}, {least_s}, {most_s}"
        )
    if not np.isfinite(curve).any() or (relative and level(curve)):
        return []
    if relative:
        high, low = level_between(curve, high), level_between(curve, low)
    boxes = []
    for first, last in seen_runs(curve):
        above = seen_runs(np.where(curve[first : last + 1] >= low, 1.0, np.nan))
        for a, b in _joined(above, round(join_s * fps)):
            part = curve[first + a : first + b + 1]
            if part.max() >= high and least_s <= (b - a + 1) / fps <= (np.inf if most_s is None else most_s):
                apex = first + a + int(part.argmax())
                boxes.append(Box(first + a, apex, first + b, float(part.mean())))
    return boxes


def _joined(stretches: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Make one of neighbours with at most ``gap`` frames between them."""
    joined: list[tuple[int, int]] = []
    for a, b in stretches:
        if joined and a - joined[-1][1] - 1 <= gap:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def onset_offset(
    curve: np.ndarray,
    fps: float,
    *,
    onset_curve: np.ndarray | None = None,
    offset_curve: np.ndarray | None = None,
    high: float = 0.5,
    relative: bool = True,
    nearest_s: float = 2 / 30,
    reach_s: float = 7 / 30,
    least_s: float = 5 / 30,
    most_s: float = 1.0,
    overlap: float = 0.5,
) -> list[Box]:
    """Pair the likeliest onset before a strong frame with the likeliest offset after it.

    The rule of AUW-GCN and Causal-Ex with its numbers for micro-expressions at 30 frames/s: for each
    frame ``a`` that is high enough, the onset is the maximum of the onset curve within
    ``[a - reach, a - nearest]``, the offset mirrored. It counts where onset beats offset at the one and
    offset beats onset at the other; the score is the product of the three heights, and of two that overlap
    the stronger stays.

    Parameters
    ----------
    curve, fps
        As for `decode`: how likely a frame is the apex.
    onset_curve, offset_curve
        ``(T,)`` how likely a frame is an onset, an offset, at least 0. Where a spotter gives none, the
        slope of the curve is taken, up for onsets and down for offsets; the interval then ends halfway up
        the flanks.
    high, relative
        Least height of a frame, as in `runs`.
    nearest_s, reach_s
        Least and most distance from the frame to either end, seconds.
    least_s, most_s
        Shortest and longest to keep, seconds.
    overlap
        Largest IoU of two that are kept.

    Examples
    --------
    >>> curve = np.array([0, 0, 0, 1, 2, 4, 6, 7, 6, 4, 2, 1, 0, 0, 0.0])
    >>> [(b.onset, b.apex, b.offset) for b in onset_offset(curve, 30)]
    [(5, 7, 9)]
    """
    if (onset_curve is None) != (offset_curve is None):
        raise UsageError("onset-offset: expected both onset_curve and offset_curve, or neither")
    least, most = frames_of("nearest_s", nearest_s, fps), frames_of("reach_s", reach_s, fps)
    frames_of("most_s", most_s, fps)
    if most < least or not 0 <= least_s <= most_s:
        raise UsageError("onset-offset: expected nearest_s <= reach_s and 0 <= least_s <= most_s")
    if not np.isfinite(curve).any() or (relative and level(curve)):
        return []
    rise = _side(curve, onset_curve, 1, "onset_curve")
    fall = _side(curve, offset_curve, -1, "offset_curve")
    least_height = level_between(curve, high) if relative else high
    strength = rescaled(curve) if relative else curve
    boxes = []
    for first, last in seen_runs(curve):
        for a in range(first + least, last - least + 1):
            if curve[a] < least_height:
                continue
            near, far = max(first, a - most), min(last, a + most)
            onset = near + int(rise[near : a - least + 1].argmax())
            offset = far - int(fall[a + least : far + 1][::-1].argmax())
            fits = rise[onset] > fall[onset] and fall[offset] > rise[offset]
            if fits and least_s - 1e-9 <= (offset - onset + 1) / fps <= most_s + 1e-9:
                boxes.append(Box(onset, a, offset, float(strength[a] * rise[onset] * fall[offset])))
    return strongest_apart(boxes, lambda x, y: iou((x.onset, x.offset), (y.onset, y.offset)) > overlap)


def _side(curve: np.ndarray, given: np.ndarray | None, sign: int, name: str) -> np.ndarray:
    if given is not None:
        values = np.asarray(given, float)
        check_shape(values, (len(curve),), name)
        if not np.isfinite(values[np.isfinite(curve)]).all():
            raise ShapeError(f"{name}: expected a number wherever the curve has one")
        return values
    slope = np.full(len(curve), np.nan)
    for first, last in seen_runs(curve):
        part = curve[first : last + 1]
        slope[first : last + 1] = np.gradient(part) if len(part) > 1 else 0.0
    return np.maximum(sign * slope, 0)
