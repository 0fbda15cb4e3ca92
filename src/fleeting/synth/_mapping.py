"""The mapping ``x -> x + u(x)`` of the face onto itself, forwards exactly and backwards by iteration.

Two roads lead backwards. `invert` solves for single points with the analytic motion to 1e-8 IOD: it gives the
exact flow. `invert_lattice` solves for a whole lattice from samples of the motion to better than 1e-5 IOD
(0.001 px where the eyes are 100 px apart): it serves the renderer, a few milliseconds a frame.
"""

from collections.abc import Sequence

import numpy as np

from fleeting.core import FleetingError
from fleeting.synth._fields import Lattice, Motion

_STEP = 1e-5  # IOD, for central differences
_NEWTON_ROUNDS, _PLAIN_ROUNDS = 30, 2500
_SLOPES_LAST = 4  # rounds
_ROUNDS = 200
_ARRIVED = 0.05  # lattice spacings; OpenCV 4 rounds positions to 1/32 and so never settles closer than that


def total_motion(motions: Sequence[Motion], strengths: Sequence[float]) -> Motion | None:
    """Weighted sum of motions, those of zero strength left out; None where nothing moves."""
    active = [(motion, float(s)) for motion, s in zip(motions, strengths, strict=True) if s != 0]
    if not active:
        return None

    def motion(points: np.ndarray) -> np.ndarray:
        total = np.zeros((len(points), 2))
        for one, strength in active:
            total += strength * one(points)
        return total

    return motion


def invert(motion: Motion, targets: np.ndarray, *, tolerance: float = 1e-8) -> np.ndarray:
    """Find the points that a motion carries to the targets, by Newton's method.

    Parameters
    ----------
    motion
        Displacement in IOD, without folds.
    targets
        ``(N, 2)`` face points.
    tolerance
        Greatest error of the answer's image, IOD.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``; a target that nothing moves is returned bit for bit.

    Raises
    ------
    FleetingError
        Where the iteration does not arrive, which means the motion folds.

    Examples
    --------
    >>> half = lambda p: -0.5 * p
    >>> invert(half, np.array([[1.0, 2.0]])).round(6).tolist()
    [[2.0, 4.0]]
    """
    points = targets.astype(np.float64, copy=True)
    left = np.arange(len(points))
    slopes = np.zeros((0, 4))
    for turn in range(_NEWTON_ROUNDS + _PLAIN_ROUNDS):
        if turn == _NEWTON_ROUNDS:  # Newton may run in circles around a lid's corner; this cannot
            points[left] = targets[left]
        miss = (points[left] - targets[left]) + motion(points[left])
        wrong = np.hypot(*miss.T) > tolerance
        left, miss = left[wrong], miss[wrong]
        if not len(left):
            return points
        if turn >= _NEWTON_ROUNDS:
            points[left] -= 0.5 * miss
            continue
        # slopes cost four times the motion, and serve for some rounds
        slopes = _slopes(motion, points[left]) if turn % _SLOPES_LAST == 0 else slopes[wrong]
        points[left] -= _newton(slopes, miss)
    raise FleetingError(f"the motion folds the face at {len(left)} points; plant it with less strength")


def _slopes(motion: Motion, points: np.ndarray) -> np.ndarray:
    """Elements ``(N, 4)`` of ``I + J``, row by row, from central differences."""
    x, y = np.array([_STEP, 0.0]), np.array([0.0, _STEP])
    d_x = (motion(points + x) - motion(points - x)) / (2 * _STEP)
    d_y = (motion(points + y) - motion(points - y)) / (2 * _STEP)
    return np.stack([1 + d_x[:, 0], d_y[:, 0], d_x[:, 1], 1 + d_y[:, 1]], 1)


def _newton(slopes: np.ndarray, miss: np.ndarray) -> np.ndarray:
    """Solve ``(I + J) step = miss``."""
    a, b, c, d = slopes.T
    scale = np.maximum(a * d - b * c, 0.02)
    return np.stack([d * miss[:, 0] - b * miss[:, 1], a * miss[:, 1] - c * miss[:, 0]], 1) / scale[:, None]


def invert_lattice(field: np.ndarray, *, tolerance: float = 2e-3) -> np.ndarray:
    """Invert a sampled displacement: find ``v`` with ``v(y) = -u(y + v(y))``.

    Parameters
    ----------
    field
        ``(height, width, 2)`` float32 displacement ``u`` in lattice spacings; 0 at its border.
    tolerance
        Greatest change in the last round, lattice spacings.

    Returns
    -------
    numpy.ndarray
        ``(height, width, 2)`` float32, ``v`` in lattice spacings; exactly 0 where ``u`` reaches nothing.

    Raises
    ------
    FleetingError
        Where the iteration does not arrive.

    Examples
    --------
    >>> y, x = np.mgrid[0:41, 0:41].astype(np.float32)
    >>> hill = np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 50)
    >>> hill[[0, -1]] = hill[:, [0, -1]] = 0
    >>> v = invert_lattice(np.stack([hill, 0 * hill], -1))
    >>> bool(abs(v[20, 21, 0] + 1.0) < 1e-3)  # the hill's top came from one to the left
    True
    """
    height, width = field.shape[:2]
    u = np.ascontiguousarray(np.moveaxis(field, -1, 0), np.float32)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
    pace = _pace(field)
    v = -u
    change = np.inf
    for _ in range(_ROUNDS):
        at = grid + v
        miss = v + sample_planes(u, at)
        v -= pace * miss
        change = float(np.abs(miss).max())
        if change < tolerance:
            break
    if not change < _ARRIVED:
        raise FleetingError(
            f"the motion folds the face (still moving {change:.3f}); plant it with less strength"
        )
    return np.moveaxis(v, 0, -1)


def _pace(field: np.ndarray) -> np.float32:
    """Share of the error to take back in a round: 1, or less where the motion stretches much.

    With slopes of ``x + u(x)`` between m and M, rounds converge fastest at ``2 / (m + M)``.
    """
    slopes = np.concatenate([np.diff(field[..., 0], axis=1).ravel(), np.diff(field[..., 1], axis=0).ravel()])
    low, high = 1.0 + float(slopes.min(initial=0.0)), 1.0 + float(slopes.max(initial=0.0))
    return np.float32(min(1.0, 2.0 / (max(low, 0.05) + high)))


def sample_planes(planes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Bilinear samples ``(C, H, W)`` of planes ``(C, h, w)`` at ``(2, H, W)`` x and y; 0 outside.

    One plane at a time: for two channels OpenCV 5 rounds positions to 1/32, for one it does not.
    """
    import cv2

    return np.stack(
        [cv2.remap(p, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for p in planes]
    )


def support(field: np.ndarray, reach: int = 2) -> tuple[slice, slice] | None:
    """Rows and columns in which a lattice field is not zero, grown by ``reach``; None for a zero field."""
    moving = (field != 0).any(-1)
    rows, columns = np.flatnonzero(moving.any(1)), np.flatnonzero(moving.any(0))
    if not len(rows):
        return None
    return (
        slice(max(0, int(rows[0]) - reach), int(rows[-1]) + 1 + reach),
        slice(max(0, int(columns[0]) - reach), int(columns[-1]) + 1 + reach),
    )


def crop_lattice(lattice: Lattice, where: tuple[slice, slice]) -> tuple[np.ndarray, float]:
    """Face coordinates of the first point of a piece of a lattice, and the spacing."""
    return lattice.origin + lattice.spacing * np.array([where[1].start, where[0].start]), lattice.spacing
