"""The same regions for faces that come with 68 points (iBUG, dlib) instead of the mesh."""

from functools import cache

import numpy as np

from fleeting.core import ShapeError
from fleeting.facs._data import table
from fleeting.facs.mesh import neutral_mesh
from fleeting.facs.regions import polygon_mask, region_names, regions

_EYE_CORNERS_68 = ((36, 39), (42, 45))


@cache
def vertices68() -> tuple[int, ...]:
    """Mesh vertex at the place of each of the 68 points.

    Examples
    --------
    >>> len(vertices68()), vertices68()[8]  # the chin
    (68, 152)
    """
    return tuple(table("points68")["vertices"])


def to_points68(landmarks: np.ndarray) -> np.ndarray:
    """Take the 68 points out of mesh landmarks.

    Parameters
    ----------
    landmarks
        ``(..., 468, D)``.

    Returns
    -------
    numpy.ndarray
        ``(..., 68, D)``, zero-based order of iBUG.

    Raises
    ------
    ShapeError
        Where there are no 468 landmarks.

    Examples
    --------
    >>> to_points68(neutral_mesh()).shape
    (68, 3)
    """
    points = np.asarray(landmarks)
    if points.ndim < 2 or points.shape[-2] != 468:
        raise ShapeError(f"landmarks: expected shape (..., 468, D), got {points.shape}")
    return points[..., vertices68(), :]


@cache
def _anchors() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Region -> (nearest of the 68 points, way from it in eye distances) for each vertex of its ring."""
    face = neutral_mesh()[:, :2]
    points = face[list(vertices68())]
    found = {}
    for name, ring in regions().items():
        corners = face[list(ring)]
        nearest = np.linalg.norm(corners[:, None] - points[None], axis=-1).argmin(axis=1)
        found[name] = (nearest, corners - points[nearest])
    return found


def region_polygons68(points: np.ndarray) -> dict[str, np.ndarray]:
    """Rings of the regions, placed by 68 points.

    Each vertex of a ring keeps the way that it has from its nearest point on the neutral mesh, turned and
    scaled with the eyes. This is rougher than the mesh itself, most of all at forehead and cheek.

    Parameters
    ----------
    points
        ``(68, 2)`` x, y in pixels, zero-based order of iBUG.

    Returns
    -------
    dict
        Region name -> ``(N, 2)`` polygon in pixels.

    Raises
    ------
    ShapeError
        Where there are no 68 points.

    Examples
    --------
    >>> face = to_points68(neutral_mesh()[:, :2]) * 60 + 100
    >>> region_polygons68(face)["chin"].shape
    (14, 2)
    """
    points = np.asarray(points, np.float64)
    if points.shape != (68, 2):
        raise ShapeError(f"points: expected shape (68, 2), got {points.shape}")
    right, left = (points[list(corners)].mean(axis=0) for corners in _EYE_CORNERS_68)
    across = left - right  # one eye distance along the face's own x axis
    axes = np.stack([across, [-across[1], across[0]]])  # rows: x and y of the upright face, in pixels
    return {name: points[nearest] + way @ axes for name, (nearest, way) in _anchors().items()}


def region_masks68(
    points: np.ndarray, size: tuple[int, int], names: tuple[str, ...] | None = None
) -> np.ndarray:
    """Masks of the regions in a picture whose face has 68 points; see ``region_masks``.

    Returns
    -------
    numpy.ndarray
        ``(R, H, W)`` bool.

    Examples
    --------
    >>> face = to_points68(neutral_mesh()[:, :2]) * 60 + 100
    >>> region_masks68(face, (220, 200), ("chin",)).shape
    (1, 220, 200)
    """
    polygons = region_polygons68(points)
    return np.stack([polygon_mask(polygons[name], size) for name in names or region_names()])
