"""Motion fields on a face, scaled so that their greatest displacement is one eye distance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import Registry, Side, UsageError
from fleeting.synth._eyes import gaze_push
from fleeting.synth._kernels import kernel_motion
from fleeting.synth._shape import FaceShape

Motion = Callable[[np.ndarray], np.ndarray]
"""Displacement ``(N, 2)`` at face points ``(N, 2)``, both in IOD, at full strength."""

Basis = Callable[[FaceShape, int, Side, int], Motion]
"""Makes the (unscaled) motion of one action unit from a face, a side and a seed."""

bases: Registry[Basis] = Registry("motion basis")

SPACING = 1 / 96  # IOD between lattice points
_COARSE = 1 / 48
_CHUNK = 40_000  # points at a time: keeps scratch arrays inside the cache


@bases.register("kernel")
def kernel_basis(shape: FaceShape, au: int, side: Side, seed: int) -> Motion:
    """Place sums of compact kernels on muscle seed vertices (see ``_kernels``); nothing in it is random."""
    return lambda points: kernel_motion(shape, au, side, points)


@bases.register("tps")
def tps_basis(shape: FaceShape, au: int, side: Side, seed: int) -> Motion:
    """Lay thin-plate splines through displaced landmark groups (see ``_tps``), jittered by the seed."""
    from fleeting.synth._tps import tps_motion

    return tps_motion(shape, au, side, seed)


@bases.register("person")
def person_basis(shape: FaceShape, au: int, side: Side, seed: int) -> Motion:
    """Take the kernels as the person of the seed moves them (see ``_person_motion``)."""
    from fleeting.synth._person_motion import person_motion

    return person_motion(shape, au, side, seed)


@dataclass(frozen=True)
class Lattice:
    """A fine regular grid over the face oval, in face units.

    Parameters
    ----------
    origin
        ``(2,)`` face coordinates of the first point.
    width, height
        Number of points in x and in y.
    spacing
        IOD between neighbours.
    """

    origin: np.ndarray
    width: int
    height: int
    spacing: float = SPACING

    @classmethod
    def over(cls, shape: FaceShape, spacing: float = SPACING) -> "Lattice":
        """Cover a face's oval with two points of margin."""
        angle = np.linspace(-np.pi, np.pi, 361)
        centre, _ = shape._oval
        ray = np.stack([np.cos(angle), np.sin(angle)], 1)
        ring = centre + ray / shape.oval(centre + ray)[:, None]
        low, high = ring.min(0) - 2 * spacing, ring.max(0) + 2 * spacing
        width, height = np.ceil((high - low) / spacing).astype(int) + 1
        return cls(low, int(width), int(height), spacing)

    @property
    def points(self) -> np.ndarray:
        """``(height * width, 2)`` face coordinates, row by row."""
        y, x = np.mgrid[0 : self.height, 0 : self.width]
        return np.stack([x.ravel(), y.ravel()], 1) * self.spacing + self.origin

    def coarser(self) -> "Lattice":
        """Cover the same face at 1/48 IOD, for looking where something is."""
        step = max(1.0, _COARSE / self.spacing)
        width, height = (int(np.ceil(n / step)) + 1 for n in (self.width, self.height))
        return Lattice(self.origin, width, height, self.spacing * step)

    def sample(self, motion: Motion) -> np.ndarray:
        """Evaluate a motion on the lattice: ``(height, width, 2)`` float64."""
        return evaluate(motion, self.points).reshape(self.height, self.width, 2)


def evaluate(motion: Motion, points: np.ndarray) -> np.ndarray:
    """Evaluate a motion at many points ``(N, 2)``, a piece at a time."""
    pieces = [motion(points[i : i + _CHUNK]) for i in range(0, len(points), _CHUNK)]
    return np.concatenate(pieces) if pieces else np.zeros((0, 2))


@dataclass(frozen=True)
class UnitField:
    """A motion whose greatest displacement on the face is exactly 1 IOD.

    Parameters
    ----------
    motion
        The motion before scaling.
    scale
        What it is multiplied by.
    peak_at
        ``(2,)`` face point of the greatest displacement.
    """

    motion: Motion
    scale: float
    peak_at: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Displacement ``(N, 2)`` IOD at face points ``(N, 2)``."""
        return self.scale * self.motion(points)


def scale_to_unit(motion: Motion, lattice: Lattice, name: str) -> UnitField:
    """Find the greatest displacement and divide by it; raises UsageError where nothing moves."""
    points = lattice.coarser().points
    size = np.hypot(*evaluate(motion, points).T)
    best = points[int(np.argmax(size))]
    offset = np.linspace(-1, 1, 21)
    for reach in (2 * _COARSE, _COARSE / 5):
        near = best + reach * np.stack(np.meshgrid(offset, offset), -1).reshape(-1, 2)
        size = np.hypot(*motion(near).T)
        best = near[int(np.argmax(size))]
    peak = float(size.max())
    if not peak > 1e-6:
        raise UsageError(f"{name} moves nothing on this face; give a face that looks at the camera")
    return UnitField(motion, 1.0 / peak, best)


def unit_field(
    shape: FaceShape,
    lattice: Lattice,
    aus: Sequence[int],
    side: Side = "both",
    *,
    basis: str = "kernel",
    seed: int = 0,
) -> UnitField:
    """Make the motion of one or several action units together, with peak 1 IOD.

    Each unit is scaled to a peak of 1 first, so that none drowns the others.

    Raises
    ------
    UnknownNameError
        For a basis or an action unit that does not exist.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> shape = FaceShape.from_landmarks(neutral_mesh())
    >>> smile = unit_field(shape, Lattice.over(shape), [12], "left")
    >>> smile(shape.points[[291, 61]]).round(1).tolist()
    [[0.6, -0.8], [0.0, 0.0]]
    """
    make = bases.get(basis)
    singles = []
    for au in sorted(set(aus)):
        motion = make(shape, int(au), side, seed)
        singles.append(scale_to_unit(motion, lattice, f"action unit {au}"))
    if len(singles) == 1:
        return singles[0]
    name = "+".join(str(au) for au in sorted(set(aus)))
    return scale_to_unit(
        lambda points: np.sum([one(points) for one in singles], axis=0), lattice, f"action units {name}"
    )


def gaze_field(shape: FaceShape, lattice: Lattice, direction: tuple[float, float]) -> UnitField:
    """Shift of both irises within the eye openings, peak 1 IOD (see ``_eyes.gaze_push``)."""
    return scale_to_unit(lambda points: gaze_push(shape, points, direction), lattice, "gaze")


def least_jacobian(field: np.ndarray, spacing: float) -> float:
    """Least determinant of the Jacobian of ``x + u(x)`` on a lattice; a fold where it is not above 0.

    Parameters
    ----------
    field
        ``(height, width, 2)`` displacement, same unit as ``spacing``.
    spacing
        Distance of lattice neighbours.

    Examples
    --------
    >>> y, x = np.mgrid[0:5, 0:5] * 1.0
    >>> round(least_jacobian(np.stack([-0.25 * x, 0 * y], -1), 1.0), 3)
    0.75
    """
    u_x, u_y = np.diff(field, axis=1)[:-1] / spacing, np.diff(field, axis=0)[:, :-1] / spacing
    return float(((1 + u_x[..., 0]) * (1 + u_y[..., 1]) - u_x[..., 1] * u_y[..., 0]).min())
