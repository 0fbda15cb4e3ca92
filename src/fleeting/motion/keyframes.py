"""Key frames chosen anew near where a coder put them: re-selection of GAMDSS (arXiv:2603.04766)."""

from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape

Reselection = Literal["full", "onset-apex", "around", "none"]
WAYS: tuple[Reselection, ...] = ("full", "onset-apex", "around", "none")


def reselect(
    frames: np.ndarray,
    marks: tuple[int, int, int],
    *,
    reach: float = 0.1,
    how: Reselection = "full",
    wrap: bool = False,
) -> tuple[int, int, int]:
    """Move onset, apex and offset to the frames between which most has changed.

    Onset and apex are the pair with the greatest Frobenius norm of their difference, out of
    ``onset .. onset + r`` and ``apex - r .. apex`` with ``r = floor(reach (apex - onset))``; then the offset
    is the frame of ``offset - r' .. offset``, ``r' = floor(reach (offset - apex))``, that differs most from
    the new apex. The coded frames win where nothing differs more; of equals the first.

    That is the release's search. It looks inwards alone: an apex that was coded too early, an onset too late
    and an offset too early are not brought nearer by it. ``around`` is ours: each frame is sought on both
    sides of the coded one, and of equals the nearest wins; where a head drifts, it follows the drift.

    Parameters
    ----------
    frames
        ``(T, H, W)`` or ``(T, H, W, C)``.
    marks
        Onset, apex, offset: frames, rising.
    reach
        Share of each phase that is searched; the release takes 0.1.
    how
        ``full``, ``onset-apex`` (the offset stays), ``around`` or ``none``.
    wrap
        Whether differences wrap round at 256, as those of the release do: it subtracts uint8 from uint8.

    Returns
    -------
    tuple of int
        Onset, apex, offset.

    Raises
    ------
    ShapeError, UsageError
        For marks outside the clip or not rising, a reach outside 0..0.5, an unknown way.

    Examples
    --------
    >>> clip = np.array([0, 5, 2, 9, 90, 80, 40, 30, 41, 40, 42]).reshape(-1, 1, 1)
    >>> reselect(clip, (0, 5, 10), reach=0.4)
    (0, 4, 9)
    """
    if frames.ndim == 4:
        check_shape(frames, ("T", "H", "W", "C"), "frames")
    else:
        check_shape(frames, ("T", "H", "W"), "frames")
    onset, apex, offset = marks
    if not 0 <= onset <= apex <= offset < len(frames):
        raise ShapeError(f"marks: expected rising frames in 0..{len(frames) - 1}, got {marks}")
    if not 0 <= reach <= 0.5 or how not in WAYS:
        raise UsageError(f"expected reach in 0..0.5 and a known way, got {reach} and {how!r}")
    if how == "none":
        return onset, apex, offset
    first, last = int(reach * (apex - onset)), int(reach * (offset - apex))
    out = how == "around"
    starts = range(max(onset - first * out, 0), onset + first + 1)
    tops = range(apex - first, apex + last * out + 1)
    pairs = [(onset, apex), *((o, a) for o in starts for a in tops if o < a)]
    if out:
        pairs.sort(key=lambda pair: abs(pair[0] - onset) + abs(pair[1] - apex))
    onset, apex = pairs[int(np.argmax([_distance(frames[o], frames[a], wrap=wrap) for o, a in pairs]))]
    if how != "onset-apex":
        after = min(offset + last * out, len(frames) - 1)
        ends = [offset, *range(max(offset - last, apex), after + 1)]
        if out:
            ends.sort(key=lambda end: abs(end - offset))
        offset = ends[int(np.argmax([_distance(frames[e], frames[apex], wrap=wrap) for e in ends]))]
    return onset, apex, offset


def _distance(one: np.ndarray, other: np.ndarray, *, wrap: bool) -> float:
    """Frobenius norm of a difference."""
    if wrap:
        gap = np.asarray(one, np.uint8) - np.asarray(other, np.uint8)
        return float(np.linalg.norm(gap.astype(float)))
    return float(np.linalg.norm(np.asarray(one, float) - np.asarray(other, float)))
