"""Main directional mean optical flow over 36 regions of the face (Liu et al., IEEE TAFFC 2016).

The paper's outline of its regions could not be read. Ours are 36 boxes on 68 landmarks that cover the same
places (brows, lids, nose, cheeks, mouth, chin): a reading, not the paper's table.
"""

import numpy as np

from fleeting.core import ShapeError, check_finite, check_shape
from fleeting.motion.hoof import direction_bins

# Each region is the mean of some of the 68 points (zero-based, order of iBUG).
MDMO_REGIONS: tuple[tuple[int, ...], ...] = (
    (17,), (18,), (19,), (20,), (21,), (22,), (23,), (24,), (25,), (26,),  # brows
    (21, 22), (27,), (29,), (31,), (33,), (35,),  # between the brows, nose
    (37, 38), (43, 44), (40, 41), (46, 47),  # lids
    (36, 0), (45, 16), (41, 2), (46, 14),  # corners of the eyes, below the eyes
    (31, 3), (35, 13), (48, 4), (54, 12),  # cheeks
    (48,), (50,), (51,), (52,), (54,), (57,), (57, 8), (8,),  # mouth, chin
)  # fmt: skip
BOX = 0.1  # half a box's side, in eye distances
BINS = 8


def mdmo_boxes(points: np.ndarray) -> np.ndarray:
    """Place the 36 boxes.

    Parameters
    ----------
    points
        ``(68, 2)`` x, y in pixels.

    Returns
    -------
    numpy.ndarray
        ``(36, 4)`` float: left, top, right, bottom.

    Examples
    --------
    >>> mdmo_boxes(np.random.default_rng(0).uniform(0, 60, (68, 2))).shape
    (36, 4)
    """
    check_shape(points, (68, 2), "points")
    check_finite(points, "points")
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    half = BOX * float(np.hypot(*(left - right)))
    centres = np.stack([np.mean(points[list(one)], axis=0) for one in MDMO_REGIONS])
    return np.concatenate([centres - half, centres + half], axis=1)


def main_direction(vectors: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Mean of the vectors in the direction that most of them have; the lower bin at a tie.

    Parameters
    ----------
    vectors
        ``(N, 2)``; those without length do not vote.

    Returns
    -------
    numpy.ndarray
        ``(2,)``; zero where nothing moves.

    Examples
    --------
    >>> main_direction(np.array([[1.0, 0], [3, 0], [0, 9]])).tolist()
    [2.0, 0.0]
    """
    check_shape(vectors, ("N", 2), "vectors")
    moving = vectors[np.hypot(vectors[:, 0], vectors[:, 1]) > 1e-9]
    if not len(moving):
        return np.zeros(2)
    place = direction_bins(moving, bins)
    return np.asarray(moving[place == np.bincount(place, minlength=bins).argmax()].mean(0))


def mdmo(flow: np.ndarray, points: np.ndarray, *, weight: float = 0.9) -> np.ndarray:
    """Sizes and directions of the main motion of 36 regions.

    The paper averages over the frames of a clip; here one flow, from onset to apex, stands for it.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels.
    points
        ``(68, 2)`` pixels of the same picture.
    weight
        Of sizes against directions, 0..1.

    Returns
    -------
    numpy.ndarray
        ``(72,)`` float32: ``weight`` times sizes, the largest being 1, then ``1 - weight`` times angles in
        radians, x right towards y up.

    Raises
    ------
    ShapeError
        Where there are no 68 points, some are NaN, or the eyes fall together.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> points = np.random.default_rng(0).uniform(10, 50, (68, 2))
    >>> right = np.stack([np.full((64, 64), 2.0), np.zeros((64, 64))], -1)
    >>> bool(np.allclose(mdmo(right, points), [0.9] * 36 + [0.0] * 36))
    True
    """
    sizes = check_shape(flow, ("H", "W", 2), "flow")
    boxes = mdmo_boxes(points)
    if not np.all(boxes[:, 2] > boxes[:, 0]):
        raise ShapeError("points: the eyes fall together, so regions have no size")
    low = np.clip(np.floor(boxes[:, :2]), 0, (sizes["W"] - 1, sizes["H"] - 1)).astype(int)
    high = np.maximum(np.clip(np.ceil(boxes[:, 2:]), 0, (sizes["W"], sizes["H"])).astype(int), low + 1)
    parts = [flow[t:b, l:r].reshape(-1, 2) for (l, t), (r, b) in zip(low, high, strict=True)]  # noqa: E741
    means = np.stack([main_direction(part) for part in parts])
    size = np.hypot(means[:, 0], means[:, 1])
    angle = np.arctan2(-means[:, 1], means[:, 0]) + 0.0
    return np.concatenate([weight * size / max(size.max(), 1e-12), (1 - weight) * angle]).astype(np.float32)
