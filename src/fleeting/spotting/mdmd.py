"""Main directional maximal difference: the classical spotter (Wang et al., 2017; He et al., FG 2020).

The papers' text could not be read: block grid, shares, number of directions and how runs are joined are as we
recall them. It is a reading, which no published curve has been compared with.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape
from fleeting.motion import dis_flow

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]
BLOCKS, DIRECTIONS = (6, 6), 4
SHARE = 1 / 3  # of pixels in a block, then of blocks


def block_difference(
    to_now: np.ndarray,
    to_end: np.ndarray,
    *,
    blocks: tuple[int, int] = BLOCKS,
    directions: int = DIRECTIONS,
    share: float = SHARE,
) -> float:
    """How much farther a face has moved half way than at the end: large where it went and came back.

    In each block the direction that most vectors of ``to_now`` have is the main one. Of its vectors, the
    differences of length ``|to_now| - |to_end|`` are sorted, and the greatest ``share`` of them averaged; the
    same is done with the blocks.

    Parameters
    ----------
    to_now, to_end
        ``(H, W, 2)`` flows from the first frame of a window to its middle, and to its last.
    blocks
        Rows and columns.
    directions
        Sectors, the first centred on x right.
    share
        In 0..1; one is taken at least.

    Raises
    ------
    ShapeError
        Where flows differ in size or blocks do not fit.

    Examples
    --------
    >>> moved = np.zeros((12, 12, 2))
    >>> moved[..., 0] = 2
    >>> block_difference(moved, 0 * moved), block_difference(moved, moved)  # back again, or stayed
    (2.0, 0.0)
    """
    sizes = check_shape(to_now, ("H", "W", 2), "to_now")
    check_shape(to_end, (sizes["H"], sizes["W"], 2), "to_end")
    if not (1 <= blocks[0] <= sizes["H"] and 1 <= blocks[1] <= sizes["W"]):
        raise ShapeError(f"blocks: {blocks} do not fit into {np.shape(to_now)[:2]}")
    length = np.hypot(to_now[..., 0], to_now[..., 1])
    gap = length - np.hypot(to_end[..., 0], to_end[..., 1])
    angle = np.arctan2(-to_now[..., 1], to_now[..., 0])
    sector = np.floor(angle / (2 * np.pi) * directions + 0.5).astype(int) % directions
    rows, columns = (np.linspace(0, n, k + 1).astype(int) for n, k in zip(length.shape, blocks, strict=True))
    found = []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            part = sector[top:bottom, left:right]
            main = np.bincount(part.ravel(), minlength=directions).argmax()
            found.append(_greatest(gap[top:bottom, left:right][part == main], share))
    return _greatest(np.array(found), share)


def _greatest(values: np.ndarray, share: float) -> float:
    """Mean of the greatest part."""
    count = max(1, int(len(values) * share))
    return float(np.sort(values)[-count:].mean())


def mdmd_differences(crops: np.ndarray, half: int, *, flow: Flow = dis_flow) -> np.ndarray:
    """`block_difference` of the window ``i - half .. i + half`` around every frame.

    Parameters
    ----------
    crops
        ``(T, H, W)`` uint8 grey, aligned.
    half
        Half the window, frames.
    flow
        From one picture to another.

    Returns
    -------
    numpy.ndarray
        ``(T,)`` float32; NaN where the window is not whole.

    Examples
    --------
    >>> mdmd_differences(np.zeros((5, 24, 24), np.uint8), 2).tolist()
    [nan, nan, 0.0, nan, nan]
    """
    count = check_shape(crops, ("T", "H", "W"), "crops")["T"]
    if half < 1:
        raise UsageError(f"half: expected 1 frame at least, got {half}")
    found = np.full(count, np.nan, np.float32)
    for at in range(half, count - half):
        first = crops[at - half]
        found[at] = block_difference(flow(first, crops[at]), flow(first, crops[at + half]))
    return found


def relative_differences(differences: np.ndarray, half: int) -> np.ndarray:
    """Take off the mean of the two frames ``half - 1`` away, and what falls below 0: lonely peaks stay.

    Frames without a whole neighbourhood become 0.

    Examples
    --------
    >>> relative_differences(np.array([1.0, 1, 5, 1, 3, 1, 1]), 2).tolist()
    [0.0, 0.0, 4.0, 0.0, 2.0, 0.0, 0.0]
    """
    values = np.asarray(differences, np.float64)
    check_shape(values, ("T",), "differences")
    way, made = max(half - 1, 1), np.zeros(len(values))
    if len(values) > 2 * way:
        around = (values[: -2 * way] + values[2 * way :]) / 2
        made[way:-way] = np.maximum(np.nan_to_num(values[way:-way] - around), 0)
    return made


def mdmd_decode(
    curve: np.ndarray, half: int, lengths: tuple[int, int], *, p: float = 0.01
) -> list[tuple[int, int]]:
    """Find runs of allowed length of frames above ``mean + p (max - mean)``, as the challenge's baseline.

    Such frames at most ``half`` apart are joined first (our reading).

    Parameters
    ----------
    curve
        ``(T,)`` of `relative_differences`.
    half
        Half the window, frames.
    lengths
        Least and most frames of an interval.
    p
        Share of the way from the mean to the maximum, 0..1.

    Returns
    -------
    list of (int, int)
        First and last frame, inclusive.

    Examples
    --------
    >>> curve = np.zeros(30)
    >>> curve[[10, 12, 13]] = 1
    >>> curve[25] = 1
    >>> mdmd_decode(curve, 3, (3, 9))
    [(10, 13)]
    """
    if not 0 <= p <= 1:
        raise UsageError(f"p: expected 0..1, got {p}")
    values = np.asarray(curve, float)
    above = np.flatnonzero(values > values.mean() + p * (values.max() - values.mean()))
    if not len(above):
        return []
    runs = np.split(above, np.flatnonzero(np.diff(above) > half) + 1)
    ends = [(int(run[0]), int(run[-1])) for run in runs]
    return [(a, b) for a, b in ends if lengths[0] <= b - a + 1 <= lengths[1]]
