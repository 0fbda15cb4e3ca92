"""Key frames chosen anew near where a coder put them: re-selection of GAMDSS (arXiv:2603.04766)."""

from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape

Reselection = Literal["full", "onset-apex", "none"]


def reselect(
    frames: np.ndarray,
    marks: tuple[int, int, int],
    *,
    reach: float = 0.1,
    how: Reselection = "full",
    wrap: bool = False,
) -> tuple[int, int, int]:
    """Move onset, apex and offset inwards to the frames between which most has changed.

    Onset and apex are the pair with the greatest Frobenius norm of their difference, out of
    ``onset .. onset + r`` and ``apex - r .. apex`` with ``r = floor(reach (apex - onset))``; then the offset
    is the frame of ``offset - r' .. offset``, ``r' = floor(reach (offset - apex))``, that differs most from
    the new apex. The coded frames win where nothing differs more; of equals the first.

    Parameters
    ----------
    frames
        ``(T, H, W)`` or ``(T, H, W, C)``.
    marks
        Onset, apex, offset: frames, rising.
    reach
        Share of each phase that is searched; the release takes 0.1.
    how
        ``full``, ``onset-apex`` (the offset stays) or ``none``.
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
    if not 0 <= reach <= 0.5 or how not in ("full", "onset-apex", "none"):
        raise UsageError(f"expected reach in 0..0.5 and a known way, got {reach} and {how!r}")
    if how == "none":
        return onset, apex, offset
    first, last = int(reach * (apex - onset)), int(reach * (offset - apex))
    pairs = [(onset, apex)]
    pairs += [(o, a) for o in range(onset, onset + first + 1) for a in range(apex - first, apex + 1) if o < a]
    onset, apex = pairs[int(np.argmax([_distance(frames[o], frames[a], wrap=wrap) for o, a in pairs]))]
    if how == "full":
        ends = [offset, *range(offset - last, offset)]
        offset = ends[int(np.argmax([_distance(frames[e], frames[apex], wrap=wrap) for e in ends]))]
    return onset, apex, offset


def _distance(one: np.ndarray, other: np.ndarray, *, wrap: bool) -> float:
    """Frobenius norm of a difference."""
    if wrap:
        gap = np.asarray(one, np.uint8) - np.asarray(other, np.uint8)
        return float(np.linalg.norm(gap.astype(float)))
    return float(np.linalg.norm(np.asarray(one, float) - np.asarray(other, float)))
