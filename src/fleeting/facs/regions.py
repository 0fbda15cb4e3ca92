"""Regions of the face on the 468-point mesh: rings of vertices, and their masks in a picture."""

from functools import cache
from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UnknownNameError, check_finite
from fleeting.facs._data import table
from fleeting.facs.mesh import mirror_index, triangles

Kind = Literal["muscle", "reference", "opening"]


@cache
def _rows() -> dict[str, tuple[tuple[int, ...], str, str, str]]:
    """Name -> (ring, side, kind, what it covers)."""
    mirror = mirror_index()
    found: dict[str, tuple[tuple[int, ...], str, str, str]] = {}
    for row in table("regions")["regions"]:
        name, kind, about = row["name"], row["kind"], row["about"]
        if "middle" in row:
            half = row["middle"]
            other = [int(mirror[v]) for v in reversed(half) if mirror[v] != v]
            found[name] = (tuple(half + other), "middle", kind, about)
            continue
        ring = row["right"]
        found[f"{name}_left"] = (tuple(int(mirror[v]) for v in reversed(ring)), "left", kind, about)
        found[f"{name}_right"] = (tuple(ring), "right", kind, about)
    return found


def regions() -> dict[str, tuple[int, ...]]:
    """Region name -> ring of mesh vertices, in polygon order.

    ``left`` and ``right`` are the subject's own. The order of the names is fixed and is the order of
    ``region_masks``.

    Examples
    --------
    >>> regions()["glabella"]
    (9, 107, 55, 193, 168, 417, 285, 336)
    """
    return {name: row[0] for name, row in _rows().items()}


def region_names(kind: Kind | None = None) -> tuple[str, ...]:
    """Names of the regions, all or those of one kind.

    ``"muscle"`` regions move with action units, ``"reference"`` ones hardly do (head motion is measured
    there), ``"opening"`` ones are the eye and mouth openings.

    Examples
    --------
    >>> region_names("reference")
    ('nose_bridge', 'forehead', 'temple_left', 'temple_right')
    """
    return tuple(name for name, row in _rows().items() if kind in (None, row[2]))


def _row(name: str) -> tuple[tuple[int, ...], str, str, str]:
    if name not in _rows():
        raise UnknownNameError(f"unknown region {name!r}; available: {', '.join(_rows())}")
    return _rows()[name]


def region_side(name: str) -> str:
    """``"left"``, ``"right"`` (the subject's own) or ``"middle"``.

    Raises
    ------
    UnknownNameError
        With the names that there are.

    Examples
    --------
    >>> region_side("cheek_left"), region_side("chin")
    ('left', 'middle')
    """
    return _row(name)[1]


def region_about(name: str) -> str:
    """Say in words what a region covers; raises UnknownNameError.

    Examples
    --------
    >>> region_about("chin")
    'chin boss (mentalis)'
    """
    return _row(name)[3]


def triangle_sets() -> dict[str, np.ndarray]:
    """Sort the triangles of the mesh into skin and openings.

    Returns
    -------
    dict
        ``"skin"``, ``"eye_open_left"``, ``"eye_open_right"`` and ``"mouth_open"`` -> ``(M, 3)`` int; together
        they are ``triangles()``.

    Examples
    --------
    >>> {name: len(part) for name, part in triangle_sets().items()}
    {'eye_open_left': 14, 'eye_open_right': 14, 'mouth_open': 18, 'skin': 852}
    """
    sets, skin = {}, np.ones(len(triangles()), bool)
    for name in region_names("opening"):
        inside = np.isin(triangles(), _row(name)[0]).all(axis=1)
        sets[name], skin = triangles()[inside], skin & ~inside
    return {**sets, "skin": triangles()[skin]}


def polygon_mask(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fill a polygon: a pixel belongs to it where its centre lies inside (even-odd rule).

    Polygons that share an edge share no pixel.

    Parameters
    ----------
    polygon
        ``(N, 2)`` x, y in pixels, pixel centres at whole numbers.
    size
        ``(H, W)`` of the mask.

    Returns
    -------
    numpy.ndarray
        ``(H, W)`` bool.

    Examples
    --------
    >>> polygon_mask(np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 1.5], [0.5, 1.5]]), (3, 4)).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    height, width = size
    mask = np.zeros((height, width), bool)
    points = np.asarray(polygon, np.float64)
    low = np.clip(np.floor(points.min(0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(points.max(0)) + 1, 0, (width, height)).astype(int)
    xs, ys = np.arange(low[0], high[0]), np.arange(low[1], high[1])
    if len(xs) == 0 or len(ys) == 0:
        return mask
    ends = np.stack([points, np.roll(points, -1, axis=0)], axis=1)  # (N, 2, 2)
    # Each side from its upper end to its lower one: two polygons then compute the same for a shared side.
    upside_down = (ends[:, 0, 1] > ends[:, 1, 1]) | (
        (ends[:, 0, 1] == ends[:, 1, 1]) & (ends[:, 0, 0] > ends[:, 1, 0])
    )
    ends[upside_down] = ends[upside_down, ::-1]
    (x0, y0), (x1, y1) = ends[:, 0].T[:, :, None], ends[:, 1].T[:, :, None]  # each (N, 1)
    # Half open, so that a row through a corner meets one of the two sides there.
    crossed = (y0 <= ys) & (ys < y1)  # (N, rows)
    slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    at = x0 + (ys - y0) * slope  # (N, rows): where the side meets the row
    inside = (crossed[:, :, None] & (xs < at[:, :, None])).sum(axis=0) % 2 == 1
    mask[low[1] : high[1], low[0] : high[0]] = inside
    return mask


def region_masks(
    landmarks: np.ndarray, size: tuple[int, int], names: tuple[str, ...] | None = None
) -> np.ndarray:
    """Masks of the regions in a picture.

    Parameters
    ----------
    landmarks
        ``(468, 2)`` or ``(468, 3)`` pixels of that picture; only x and y are used.
    size
        ``(H, W)`` of the picture.
    names
        Which regions, in this order; all by default.

    Returns
    -------
    numpy.ndarray
        ``(R, H, W)`` bool. Regions share no pixel, but for a few where rings fold over on a turned or
        broadly smiling face. The mask of closed lips or lids is empty.

    Raises
    ------
    ShapeError
        Where there are no 468 landmarks, or some are NaN.
    UnknownNameError
        Where a region does not exist.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> masks = region_masks(neutral_mesh()[:, :2] * 50 + (64, 50), (150, 128))
    >>> [name for name, mask in zip(region_names(), masks, strict=True) if not mask.any()]
    ['mouth_open']
    """
    points = np.asarray(landmarks)
    if points.ndim != 2 or points.shape[0] != 468 or points.shape[1] < 2:
        raise ShapeError(f"landmarks: expected shape (468, 2), got {points.shape}")
    check_finite(points[:, :2], "landmarks")
    rings = [_row(name)[0] for name in (region_names() if names is None else names)]
    return np.stack([polygon_mask(points[list(ring), :2], size) for ring in rings])
