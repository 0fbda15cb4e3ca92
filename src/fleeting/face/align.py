"""Where the aligned crop lies in the picture: one similarity, from points that no expression moves.

Landmarks shake by about a hundredth of the eye distance from frame to frame, more than a
micro-expression moves, so a transform made here is only a start: it is held over many frames and
followed by registration (`fleeting.motion`). ``docs/benchmarks/alignment.md`` measures the difference.
"""

import numpy as np

from fleeting import facs
from fleeting.core import CROP, LANDMARKS, CropGeometry, check_shape, similarity

# Corners of the eyes, bridge of the nose, sides of the forehead: bone lies under all of them.
STABLE_POINTS = (33, 133, 362, 263, 168, 6, 197, 195, 5, 10, 109, 338, 127, 356)


def crop_transform(landmarks: np.ndarray, geometry: CropGeometry = CROP) -> np.ndarray:
    """Similarity ``(2, 3)`` from the picture to the aligned crop.

    Parameters
    ----------
    landmarks
        ``(468, 2+)`` pixels of the picture.
    geometry
        The crop.

    Examples
    --------
    >>> mesh = facs.neutral_mesh()[:, :2] * 60 + 100  # a face with an eye distance of 60 px
    >>> matrix = crop_transform(mesh)
    >>> round(float(np.hypot(*matrix[:, 0])), 3)  # 44 / 60
    0.733
    """
    points = np.asarray(landmarks, float)[:, :2]
    check_shape(points, (LANDMARKS, 2), "landmarks")
    stable = list(STABLE_POINTS)
    target = facs.neutral_mesh()[stable, :2] * geometry.iod + geometry.origin
    return similarity(points[stable], target)


def upper_lid_height(landmarks: np.ndarray) -> np.ndarray:
    """Height of the upper lids above the line through the corners of the eye, over the eye's width.

    A blink brings the upper lid down by a third or more; a tightened lid (AU7) moves the lower one.

    Parameters
    ----------
    landmarks
        ``(N, 468, 2+)``.

    Returns
    -------
    ``(N, 2)`` float, the subject's right eye first; about 0.2 open, 0.1 shut.

    Examples
    --------
    >>> upper_lid_height(facs.neutral_mesh()[None]).shape
    (1, 2)
    """
    points = np.asarray(landmarks, float)[..., :2]
    check_shape(points, ("N", LANDMARKS, 2), "landmarks")
    heights = []
    for outer, inner, lid in ((33, 133, (160, 159, 158)), (263, 362, (387, 386, 385))):
        start, end = points[..., outer, :], points[..., inner, :]
        along = end - start
        width = np.linalg.norm(along, axis=-1)
        rise = points[..., list(lid), :].mean(-2) - start
        cross = along[..., 0] * rise[..., 1] - along[..., 1] * rise[..., 0]
        heights.append(np.abs(cross) / np.maximum(width, 1e-9) ** 2)
    return np.stack(heights, axis=-1)
