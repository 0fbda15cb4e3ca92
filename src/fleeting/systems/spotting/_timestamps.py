"""Targets of PESFormer: each timestamp by itself or anchors; whole videos, or windows that lose some."""

from collections.abc import Sequence

import numpy as np

from fleeting.core import iou

ANCHORS_S = (0.2, 0.5, 1.0, 2.0)  # lengths of the twin's anchors: ours
ANCHOR_IOU = 0.5


def timestamp_targets(
    units: int, ends: Sequence[tuple[int, int]], hop: int, encoding: str, fps: float
) -> np.ndarray:
    """Say for each unit of time whether it is in a movement.

    Parameters
    ----------
    units
        How many; unit ``u`` stands for frames ``u hop .. u hop + hop - 1``.
    ends
        Onset and offset of each movement, frames, both ends in.
    hop
        Frames from unit to unit.
    encoding
        ``timestamps``: 1 where the unit's centre lies in a movement; a movement between two centres marks
        the nearest unit, so that none is lost. ``anchors``: 1 where one of a few fixed lengths around the
        centre overlaps a movement by half (IoU), as anchors are matched; movements that fit none are lost.
    fps
        Frames per second, for the lengths of anchors.

    Returns
    -------
    numpy.ndarray
        ``(units,)`` float32.

    Examples
    --------
    >>> timestamp_targets(8, [(4, 9)], 2, "timestamps", 30.0).tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    >>> timestamp_targets(8, [(4, 9)], 2, "anchors", 30.0).tolist()  # of 6 frames
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    found = np.zeros(units, np.float32)
    centres = np.arange(units) * hop + (hop - 1) / 2
    for onset, offset in ends:
        if encoding == "timestamps":
            inside = (centres >= onset) & (centres <= offset)
            if not inside.any():
                inside[min(int((onset + offset) / 2 // hop), units - 1)] = True
            found[inside] = 1
        else:
            found[matched_anchors(centres, (onset, offset), fps)] = 1
    return found


def matched_anchors(centres: np.ndarray, ends: tuple[int, int], fps: float) -> list[int]:
    """Give the units with an anchor that overlaps a movement by half.

    Examples
    --------
    >>> matched_anchors(np.array([0.5, 100.5]), (95, 109), 30.0)
    [1]
    >>> matched_anchors(np.arange(9.0), (4, 4), 30.0)  # a single frame fits no anchor
    []
    """
    found = []
    for at, centre in enumerate(centres):
        halves = (max(length * fps - 1, 0) / 2 for length in ANCHORS_S)
        boxes = ((round(centre - half), round(centre + half)) for half in halves)
        if any(iou(box, ends) >= ANCHOR_IOU for box in boxes):
            found.append(at)
    return found


def kept_intervals(
    ends: Sequence[tuple[int, int]], parts: Sequence[tuple[int, int]], hop: int
) -> list[tuple[int, int]]:
    """Leave out the movements that lie in no part as a whole: those that windows lose.

    Examples
    --------
    >>> kept_intervals([(10, 20), (60, 70)], [(0, 32), (32, 64)], hop=2)  # frames 0..63, 64..127
    [(10, 20)]
    """
    return [
        (a, b)
        for a, b in ends
        if any(first * hop <= a and b <= last * hop + hop - 1 for first, last in parts)
    ]
