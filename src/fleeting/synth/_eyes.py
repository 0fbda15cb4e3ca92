"""Eyelids and gaze: motions that live in the narrow eye opening and so need shapes of their own."""

import numpy as np

from fleeting.core import Side
from fleeting.synth._shape import Eye, FaceShape
from fleeting.synth._smooth import bump, polyline, step

_ROUND = 0.03  # IOD, half length of the rounded corners of a lid's profile
_REACH = 1.15  # half widths of the eye beyond which a lid does not move
_RIM = 0.025  # IOD of lid rim and lashes that move as one
_GAZE_EDGE = 0.05  # IOD beside a lid over which the eyeball's shift dies out


def lid_push(eye: Eye, points: np.ndarray, *, upper: bool) -> np.ndarray:
    """Displacement that moves one lid margin down by about 1 and leaves the other lid still.

    Across the opening it falls linearly from lid to lid, so that a closing eye is squeezed evenly and never
    folds below full closure; in the skin it falls to 0 towards the brow or the cheek.

    Parameters
    ----------
    eye
        The eye opening.
    points
        ``(N, 2)`` face points, IOD.
    upper
        Which lid.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``; negate it to move the lid up.
    """
    s, y = eye.local(points)
    near = np.abs(s) < _REACH
    push = np.zeros(len(points))
    if near.any():
        push[near] = _profile(eye, s[near], y[near], upper=upper)
    return push[:, None] * eye.down


def _profile(eye: Eye, s: np.ndarray, y: np.ndarray, *, upper: bool) -> np.ndarray:
    top, bottom = eye.lids(s)
    height = bottom - top
    # the travel shrinks towards the corners a little faster than the opening does
    travel = bump((s / _REACH) ** 2) ** (2 / 3)
    skin = float(np.clip(0.85 * eye.brow, 0.12, 0.3)) if upper else 0.28
    # narrow places keep a node distance that the rounding fits into
    height = np.maximum(height, 2.5 * _ROUND)
    margin, x = (top, y) if upper else (-bottom, -y)
    profile = polyline(
        x - margin,
        [-skin - _RIM, -_RIM - 0.5 * skin, -_RIM, 0.0 * s, height],
        [0.0, 0.45, 1.0, 1.0, 0.0],
        _ROUND,
    )
    return travel * profile


def eye_inside(shape: FaceShape, side: Side, points: np.ndarray) -> np.ndarray:
    """1 inside the eye openings of a side, 0 outside, with a soft edge inside: ``(N,)``."""
    total = np.zeros(len(points))
    for half in ("left", "right"):
        if side in (half, "both"):
            eye = shape.eye(half)
            s, y = eye.local(points)
            top, bottom = eye.lids(s)
            total += step((y - top) / _GAZE_EDGE) * step((bottom - y) / _GAZE_EDGE) * (np.abs(s) < 1)
    return total


def gaze_push(shape: FaceShape, points: np.ndarray, direction: tuple[float, float]) -> np.ndarray:
    """Displacement that shifts what lies in both eye openings, lids and corners at rest.

    Sideways the iris slides along curves between the two lid lines, so that nothing is squeezed against a
    slanting lid; up and down it is squeezed towards the lids.

    Parameters
    ----------
    shape
        The face.
    points
        ``(N, 2)`` face points, IOD.
    direction
        ``(1, 0)`` sideways or ``(0, 1)`` down.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``.
    """
    total = np.zeros((len(points), 2))
    for half in ("left", "right"):
        eye = shape.eye(half)
        s, y = eye.local(points)
        top, bottom = eye.lids(s)
        eta = np.clip(
            (y - top) / np.maximum(bottom - top, 1e-9), 0.0, 1.0
        )  # 0 at the upper lid, 1 at the lower
        across = np.clip(1.0 - s**4, 0.0, None) ** 2  # flat over the iris
        if direction[0]:
            slope_top, slope_bottom = eye.lid_slopes(s)
            slope = slope_top + eta * (slope_bottom - slope_top)
            along = np.sign(eye.across[0]) * (eye.across + slope[:, None] * eye.down)
            total += (across * eye_inside(shape, half, points))[:, None] * along
        else:
            total += (across * (4.0 * eta * (1.0 - eta)) ** 2)[:, None] * eye.down
    return total
