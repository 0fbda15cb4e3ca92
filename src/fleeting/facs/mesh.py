"""The neutral face on the 468 vertices of the face mesh: shape, mirror pairs, triangles, eye distance."""

from functools import cache

import numpy as np

from fleeting.core import ShapeError
from fleeting.facs._data import table

EYE_CORNERS = ((33, 133), (362, 263))
"""Outer and inner corner of the subject's right eye, inner and outer corner of the left one."""


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


@cache
def neutral_mesh() -> np.ndarray:
    """Return a relaxed, exactly symmetric face looking at the camera.

    Returns
    -------
    numpy.ndarray
        ``(468, 3)`` float64, read only, in units of the eye distance; the origin lies midway between the
        eye centres, x runs to the image's right (the subject's left), y down, z away from the camera.

    Notes
    -----
    ``benchmarks/make_neutral_mesh.py`` makes it and says how.

    Examples
    --------
    >>> neutral_mesh().shape
    (468, 3)
    >>> float(iod(neutral_mesh()).round(3))
    1.0
    """
    return _frozen(np.array(table("neutral_mesh")["vertices"], dtype=np.float64))


@cache
def mirror_index() -> np.ndarray:
    """For each vertex its mirror vertex, ``(468,)`` int; vertices on the midline are their own.

    Examples
    --------
    >>> int(mirror_index()[33]), int(mirror_index()[10])
    (263, 10)
    """
    return _frozen(np.array(table("neutral_mesh")["mirror"], dtype=np.intp))


@cache
def triangles() -> np.ndarray:
    """Triangles of the mesh, ``(M, 3)`` int vertex numbers, clockwise on the screen.

    They cover the whole face oval, the openings between lids and lips too, which ``triangle_sets`` takes
    apart. Left and right are mirrored. Of the neutral face's triangles 20 at its rim and in the lip corners
    turn away from the camera.

    Examples
    --------
    >>> triangles().shape[1], int(triangles().max())
    (3, 467)
    """
    return _frozen(np.array(table("neutral_mesh")["triangles"], dtype=np.intp))


def eye_centers(landmarks: np.ndarray) -> np.ndarray:
    """Midpoints between the eye corners: the corners hold still while lids and gaze move.

    Parameters
    ----------
    landmarks
        ``(..., 468, D)``, D = 2 or 3.

    Returns
    -------
    numpy.ndarray
        ``(..., 2, D)`` float, the subject's right eye (left in the picture) first.

    Raises
    ------
    ShapeError
        Where there are no 468 landmarks.

    Examples
    --------
    >>> eye_centers(neutral_mesh())[:, :2].round(2).tolist()
    [[-0.5, 0.0], [0.5, 0.0]]
    """
    points = np.asarray(landmarks)
    if points.ndim < 2 or points.shape[-2] != 468:
        raise ShapeError(f"landmarks: expected shape (..., 468, D), got {points.shape}")
    return points[..., EYE_CORNERS, :].astype(np.float64).mean(axis=-2)


def iod(landmarks: np.ndarray) -> np.ndarray:
    """Distance of the eye centres in the plane of the picture.

    Parameters
    ----------
    landmarks
        ``(..., 468, D)``; only x and y are used.

    Returns
    -------
    numpy.ndarray
        ``(...)`` float in the landmarks' unit; a scalar array for one face.

    Examples
    --------
    >>> float(iod(100 * neutral_mesh()).round(1))
    100.0
    """
    centres = eye_centers(landmarks)[..., :2]
    return np.asarray(np.linalg.norm(centres[..., 1, :] - centres[..., 0, :], axis=-1))
