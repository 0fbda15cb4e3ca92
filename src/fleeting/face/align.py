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
