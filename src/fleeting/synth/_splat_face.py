"""A drawn person of splats: mesh, colours, what every action unit does to the vertices, pose, background."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import Side, UnknownNameError
from fleeting.facs import neutral_mesh
from fleeting.synth._eyes import gaze_push, lid_push
from fleeting.synth._fields import Lattice, unit_field
from fleeting.synth._flowmap_faces import _HALVES, _unit, vary_shape
from fleeting.synth._flowmap_units import UNITS
from fleeting.synth._kernels import _table, eye_guard, look_up
from fleeting.synth._shape import FaceShape
from fleeting.synth._smooth import step
from fleeting.synth._splat_mesh import _FLAT_Z, SplatMesh, head_mesh, normals, slide
from fleeting.synth._splat_paint import Painting, paint
from fleeting.synth._splat_view import View
from fleeting.synth.splat import Splats, colours_from, splats_on

EYES = ("blink left", "blink right", "gaze x", "gaze y")
_NECK = np.array([0.0, 1.1, 0.9])  # IOD: a head turns about its neck


@dataclass(frozen=True)
class SplatFace:
    """A person ready to be rendered.

    Parameters
    ----------
    mesh
        At rest.
    splats
        On the mesh.
    painting
        What the colours come from, and what lies behind.
    bank
        ``(2 K + 4, V, 2)`` float32: displacement of the vertices, peak 1 IOD, by each unit's left and right
        half (rows ``2 i`` and ``2 i + 1`` of `UNITS`) and by `EYES`.
    gain
        ``(K, 2)`` how strongly the person's left and right half of each unit act.
    """

    mesh: SplatMesh
    splats: Splats
    painting: Painting
    bank: np.ndarray
    gain: np.ndarray

    def vertices(self, weights: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Vertices ``(V, 3)`` of an expression and a pose.

        Parameters
        ----------
        weights
            ``(2 K + 4,)`` IOD for each row of the bank.
        pose
            ``(6,)`` shift x, y, z (IOD), then pitch, yaw and roll (radians) about the neck.
        """
        flat = np.tensordot(weights, self.bank, 1)
        face = self.mesh.vertices + slide(self.mesh.vertices, self.mesh.triangles, flat)
        moved = (face - _NECK) @ turn(*pose[3:]).T + _NECK + pose[:3]
        return face + self.mesh.hold[:, None] * (moved - face)

    def background(self, view: View) -> np.ndarray:
        """Give what a camera sees behind the head, ``(H, W, 3)`` 0..1: the painting, standing there."""
        y, x = np.mgrid[0 : view.height, 0 : view.width]
        pixels = np.stack([x.ravel(), y.ravel()], 1).astype(float)
        eye = view.lift(pixels[:1], np.zeros(1))
        ray = view.lift(pixels, np.ones(len(pixels))) - eye
        flat = eye[:, :2] + (_FLAT_Z - eye[:, 2:]) / ray[:, 2:] * ray[:, :2]
        return colours_from(self.painting.picture, self.painting.pixels(flat)).reshape(*x.shape, 3)


def turn(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Rotation ``(3, 3)``: roll clockwise on the screen, then yaw to the image's right, then pitch downwards.

    Examples
    --------
    >>> turn(0, 0, np.pi / 2).round(6)[:, 0].tolist()
    [0.0, 1.0, 0.0]
    """
    (cp, cy, cr), (sp, sy, sr) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def draw_face(
    rng: np.random.Generator, *, basis: str = "kernel", levels: int = 1, per_edge: int = 2
) -> SplatFace:
    """Draw a person.

    Parameters
    ----------
    rng
        Source of chance.
    basis
        How faces move: ``kernel`` with the person's own sizes, places and directions, or ``tps``.
    levels, per_edge
        See `head_mesh` and `splats_on`.

    Raises
    ------
    UnknownNameError
        For another basis.

    Examples
    --------
    >>> face = draw_face(np.random.default_rng(0), levels=0, per_edge=1)
    >>> face.bank.shape[0] == 2 * len(UNITS) + len(EYES)
    True
    """
    if basis not in ("kernel", "tps"):
        raise UnknownNameError(f"motion basis {basis!r} does not exist; available: kernel, tps")
    shape = vary_shape(rng, 1.0)
    points = np.column_stack([shape.points, _depth(rng)])
    mesh = head_mesh(points, levels=levels)
    painting = paint(rng, shape)
    splats = splats_on(mesh, per_edge=per_edge)
    flat = mesh.vertices[:, :2]
    bank = _kernel_bank(rng, shape, flat) if basis == "kernel" else _tps_bank(rng, shape, flat)
    gain = np.exp(rng.normal(0, 0.2, (len(UNITS), 1)))
    tilt = rng.normal(0, 0.12) + rng.normal(0, 0.15, (len(UNITS), 1))
    gain = gain * np.exp(np.hstack([tilt, -tilt]))
    return SplatFace(mesh, _coloured(rng, splats, mesh, painting), painting, bank, gain)


def _depth(rng: np.random.Generator) -> np.ndarray:
    """Depth of the 468 points: the neutral face's, deeper or flatter, with another nose and chin."""
    x, y, z = neutral_mesh().T
    overall, nose, chin = rng.normal(0, [0.06, 0.05, 0.05])
    about_nose = np.exp(-((x / 0.25) ** 2) - ((y - 0.55) / 0.3) ** 2)
    about_chin = np.exp(-((x / 0.4) ** 2) - ((y - 1.7) / 0.3) ** 2)
    return z * (1 + overall) - nose * about_nose - chin * about_chin


def _coloured(rng: np.random.Generator, splats: Splats, mesh: SplatMesh, painting: Painting) -> Splats:
    """Colours of the painting under a light from somewhere above (Lambert), on the face alone."""
    from dataclasses import replace

    import torch

    light = np.array([rng.normal(0, 0.5), rng.normal(-0.5, 0.3), -1.0])
    light /= np.linalg.norm(light)
    ahead = -light[2]  # of a surface that looks at the camera
    shade = 1 + rng.uniform(0.25, 0.7) * (
        np.maximum(normals(mesh.vertices, mesh.triangles) @ light, 0) - ahead
    )
    shade = 1 + (1 - step((mesh.vertices[:, 2] - 0.25) / 0.7)) * (shade - 1)
    middles = splats.middles(torch.as_tensor(mesh.vertices, dtype=torch.float32)).numpy().astype(float)
    shades = (splats.place[:, :, None] * torch.as_tensor(shade[:, None])[splats.triangle]).sum(1).numpy()
    colours = colours_from(painting.picture, painting.pixels(middles[:, :2])) * shades
    return replace(splats, colour=torch.as_tensor(colours.clip(0, 1), dtype=torch.float32))


def _kernel_bank(rng: np.random.Generator, shape: FaceShape, points: np.ndarray) -> np.ndarray:
    lids = {(h, up): lid_push(shape.eye(h), points, upper=up) for h in _HALVES for up in (True, False)}
    guard = eye_guard(shape, points)[:, None]
    inside = step((1.05 - shape.oval(points)) / 0.18)[:, None]
    rows: list[np.ndarray] = []
    for au in UNITS:
        halves = [
            (skin * guard + lid) * inside
            for skin, lid in _unit(shape, au, points, lids, rng, motion=1.0, extent=1.2)
        ]
        peak = float(np.hypot(*np.sum(halves, axis=0).T).max())
        rows += [half / max(peak, 1e-6) for half in halves]
    return np.stack(rows + _eye_rows(shape, points)).astype(np.float32)


def _tps_bank(rng: np.random.Generator, shape: FaceShape, points: np.ndarray) -> np.ndarray:
    lattice, seed = Lattice.over(shape), int(rng.integers(2**31))
    sides: tuple[Side, Side] = ("left", "right")
    rows = [
        unit_field(shape, lattice, [au], side, basis="tps", seed=seed)(points)
        for au in UNITS
        for side in sides
    ]
    return np.stack(rows + _eye_rows(shape, points)).astype(np.float32)


def _eye_rows(shape: FaceShape, points: np.ndarray) -> list[np.ndarray]:
    blink = look_up(_table(), 45)["parts"]
    rows = [
        np.sum(
            [p["gain"] * lid_push(shape.eye(h), points, upper=p["kind"] == "upper_lid") for p in blink],
            axis=0,
        )
        for h in _HALVES
    ]
    return [*rows, gaze_push(shape, points, (1.0, 0.0)), gaze_push(shape, points, (0.0, 1.0))]
