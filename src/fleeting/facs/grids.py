"""Regions as masks of action units and on the patch grid of a network."""

from collections.abc import Sequence

import numpy as np

from fleeting.core import ShapeError, UnknownNameError
from fleeting.facs.directions import au_motion
from fleeting.facs.regions import region_masks
from fleeting.facs.units import TWELVE_UNITS


def au_regions(au: int, least: float = 0.5) -> tuple[str, ...]:
    """Regions that an action unit moves at least so much, relative to its strongest one.

    Raises
    ------
    UnknownNameError
        Where nothing is known of the unit's motion.

    Examples
    --------
    >>> au_regions(17)
    ('chin', 'lower_lip')
    """
    if au not in au_motion():
        known = ", ".join(str(unit) for unit in au_motion())
        raise UnknownNameError(f"no motion is known for action unit {au}; available: {known}")
    return tuple(motion.region for motion in au_motion()[au] if motion.weight >= least)


def au_masks(
    landmarks: np.ndarray,
    size: tuple[int, int],
    aus: Sequence[int] = TWELVE_UNITS,
    least: float = 0.5,
) -> np.ndarray:
    """Where each action unit shows: the union of the regions that it moves.

    Parameters
    ----------
    landmarks
        ``(468, 2)`` pixels.
    size
        ``(H, W)`` of the picture.
    aus, least
        Units, and how much a region must move (see ``au_regions``).

    Returns
    -------
    numpy.ndarray
        ``(A, H, W)`` bool; units may share pixels.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> au_masks(neutral_mesh()[:, :2] * 50 + (64, 50), (128, 128)).shape
    (12, 128, 128)
    """
    return np.stack([region_masks(landmarks, size, au_regions(au, least)).any(axis=0) for au in aus])


def patch_cover(masks: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Fraction of each patch that a mask covers, exact also where patches cut through pixels.

    Parameters
    ----------
    masks
        ``(..., H, W)`` bool, or float in 0..1.
    grid
        ``(rows, columns)`` of patches, such as ``(14, 14)`` for a vision transformer.

    Returns
    -------
    numpy.ndarray
        ``(..., rows, columns)`` float64 in 0..1.

    Raises
    ------
    ShapeError
        Where the masks have no picture axes, or the grid is finer than the picture.

    Examples
    --------
    >>> patch_cover(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]]), (1, 2)).round(3).tolist()
    [[0.667, 0.222]]
    """
    masks = np.asarray(masks, np.float64)
    if masks.ndim < 2 or not all(0 < n <= length for n, length in zip(grid, masks.shape[-2:], strict=True)):
        raise ShapeError(
            f"masks: expected (..., H, W) at least as fine as the grid {grid}, got {masks.shape}"
        )
    rows, columns = (_shares(n, length) for n, length in zip(grid, masks.shape[-2:], strict=True))
    return rows @ masks @ columns.T


def _shares(patches: int, length: int) -> np.ndarray:
    """``(patches, length)``: which part of each patch each pixel makes up; rows sum to 1."""
    edges = np.linspace(0, length, patches + 1)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.clip(overlap, 0, None) * patches / length
