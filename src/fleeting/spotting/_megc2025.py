"""How BoostingVRME decoded the two unseen sets of the spot-then-recognise task of MEGC 2025, by its release.

Both have a half width of six frames at about 30 a second. What the release did by hand for single videos is
not a rule and not here.
"""

import numpy as np

from fleeting.spotting._boxes import Box, rescaled, seen_runs
from fleeting.spotting._published import box_mean, fixed

QUIET, LESS = 0.2, 0.8  # of the smoothed curve: looked for near the peak, and farther off


def megc2025_samm(
    curve: np.ndarray, fps: float, *, half_width_s: float = 0.2, p: float = 0.65, rescale: bool = True
) -> list[Box]:
    """Read ends from the smoothed curve, as BoostingVRME did for the unseen videos of SAMM.

    On each side of a peak of `fixed` the end is the nearest frame within ``k`` that lies with its outer
    neighbour below 0.2; else the nearest between ``k`` and ``2 k`` where both lie below 0.8; else the frame
    ``2 k`` away.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    half_width_s, p
        As for `fixed`.
    rescale
        Bring the curve to 0..1 first, since the two heights are absolute; the published network ends in a
        sigmoid and needs none.

    Examples
    --------
    >>> curve = np.zeros(60)
    >>> curve[25:35] = 1
    >>> [(b.onset, b.apex, b.offset) for b in megc2025_samm(curve, 30, half_width_s=0.1)]
    [(26, 30, 34)]
    """
    values = rescaled(curve) if rescale else curve
    boxes = fixed(values, fps, half_width_s=half_width_s, p=p)
    if not boxes:
        return []
    half = boxes[0].apex - boxes[0].onset
    smooth, stretches, found = box_mean(values, half), seen_runs(values), []
    for box in boxes:
        first, last = next(run for run in stretches if run[0] <= box.apex <= run[1])
        before, after = smooth[first : box.apex + 1][::-1], smooth[box.apex : last + 1]
        found.append(
            Box(box.apex - _reach(before, half), box.apex, box.apex + _reach(after, half), box.score)
        )
    return found


def _reach(side: np.ndarray, half: int) -> int:
    """Frames from a peak, the first of a side, to the end of its movement."""
    for height, start, stop in ((QUIET, 1, half), (LESS, half + 1, 2 * half)):
        for i in range(start, min(stop, len(side) - 2) + 1):
            if side[i] < height and side[i + 1] < height:
                return i
    return 2 * half


def megc2025_cas(curve: np.ndarray, fps: float, *, half_width_s: float = 0.2, p: float = 0.55) -> list[Box]:
    """Make one interval of two that overlap by more than half of ``k``, as for the unseen CAS(ME)^3 videos.

    The intervals are those of `fixed`; what two become runs from a quarter of ``k`` after the onset of the
    first to a quarter before the offset of the second.

    Parameters
    ----------
    curve, fps, half_width_s, p
        As for `fixed`.

    Examples
    --------
    >>> curve = np.zeros(100)
    >>> curve[[14, 30, 42]] = 1
    >>> ends = lambda boxes: [(b.onset, b.offset) for b in boxes]
    >>> ends(fixed(curve, 100, half_width_s=0.1)), ends(megc2025_cas(curve, 100, half_width_s=0.1))
    ([(12, 32), (26, 46)], [(14, 44)])
    """
    kept: list[Box] = []
    for box in sorted(fixed(curve, fps, half_width_s=half_width_s, p=p), key=lambda b: b.apex):
        half = box.apex - box.onset
        if kept and kept[-1].offset - box.onset > half / 2:
            first, trim = kept.pop(), half // 4
            apex, score = max((first.apex, first.score), (box.apex, box.score), key=lambda one: one[1])
            box = Box(first.onset + trim, apex, box.offset - trim, score)
        kept.append(box)
    return kept
