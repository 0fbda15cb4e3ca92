"""One person for flow maps: a face shape, its own way to move, and the bank of all its motions on a grid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fleeting.facs import neutral_mesh
from fleeting.synth._eyes import gaze_push, lid_push
from fleeting.synth._flowmap_units import UNITS
from fleeting.synth._kernels import _part, _table, eye_guard, look_up
from fleeting.synth._shape import OVAL, FaceShape, Half
from fleeting.synth._smooth import step

GRID = 44  # points of the bank each way
MARGIN = 1.25  # the bank reaches this much beyond the person's usual crop
HEAD = ("shift x", "shift y", "roll", "scale", "yaw", "pitch")
EYES = ("blink left", "blink right", "gaze x", "gaze y")
_HALVES: tuple[Half, ...] = ("left", "right")
_PIVOT_Y = 1.1  # IOD below the eyes: a head turns about its neck
_DEPTH, _REACH = 1.2, (1.15, 1.7)  # IOD: height of the face's relief and how wide it is
_LEFT_LINES = (
    ((285, 295, 282, 283, 276), 1.0),  # brow, lower edge
    ((398, 384, 385, 386, 387, 388, 466), 1.0),  # lids
    ((382, 381, 380, 374, 373, 390, 249), 0.9),
    ((13, 312, 311, 310, 415, 291), 1.0),  # line between the lips
    ((0, 267, 269, 270, 409, 291), 0.7),
    ((17, 314, 405, 321, 375, 291), 0.7),
    ((2, 326, 327, 294, 279), 0.9),  # nostrils and wing
    ((168, 399, 437, 456), 0.4),  # side of the nose
    ((279, 426, 436, 432), 0.4),  # fold between cheek and mouth
    (OVAL[1:19], 0.5),  # rim of the face
)
"""Vertices of lines on the left half, and how well flow can be measured on them."""


@dataclass(frozen=True)
class Crop:
    """Which part of the face a map shows, in face units (IOD, origin between the eyes)."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Person:
    """All that is a person's own.

    Parameters
    ----------
    crop
        Usual crop.
    bank
        ``(rows, 2, GRID, GRID)`` float32: displacement in IOD of each unit's left and right half (rows
        ``2 i`` and ``2 i + 1``), of `HEAD` for 1 IOD, 1 radian or a factor e, and of `EYES` for 1 IOD.
    texture
        ``(GRID, GRID)`` float32 in 0..1: how well flow can be measured there.
    gain
        ``(len(UNITS), 2)`` how strongly the person's left and right half of each unit act.
    """

    crop: Crop
    bank: np.ndarray
    texture: np.ndarray
    gain: np.ndarray


def vary_shape(rng: np.random.Generator, amount: float) -> FaceShape:
    """Draw a face: the neutral mesh with other proportions; ``amount`` 0 leaves it as it is.

    Proportions of adult faces vary by 4 to 10 percent of their mean (standard deviation; facial
    anthropometry, Farkas 1994).
    """
    points = neutral_mesh()[:, :2].copy()
    width, jaw, middle, mouth, brow, length, side, lean = amount * rng.normal(
        0, [0.05, 0.06, 0.05, 0.08, 0.04, 0.05, 0.015, 0.02]
    )
    x, y = points.T.copy()
    below = step((y - 0.2) / 1.6)
    about_mouth = np.exp(-(((y - 1.15) / 0.3) ** 2))
    x_new = x * (1 + width * step((np.abs(x) - 0.3) / 0.6) + jaw * below + mouth * about_mouth)
    y_new = y * (1 + np.where(y > 0, length, middle))
    y_new += brow * np.exp(-(((y + 0.28) / 0.16) ** 2)) + lean * x * below
    x_new += side * below + 0.5 * lean * y * below
    return FaceShape.from_landmarks(np.stack([x_new, y_new], 1))


def grid_points(crop: Crop) -> np.ndarray:
    """Face coordinates of the bank's grid, ``(GRID * GRID, 2)``: the crop and a margin around it."""
    reach = MARGIN * (np.arange(GRID) / (GRID - 1) - 0.5) + 0.5
    x, y = np.meshgrid(crop.left + crop.width * reach, crop.top + crop.height * reach)
    return np.stack([x.ravel(), y.ravel()], 1)


def make_person(
    rng: np.random.Generator, crop: Crop, *, shape: float, motion: float, asymmetry: float, extent: float
) -> Person:
    """Draw a person.

    Parameters
    ----------
    rng
        Source of chance.
    crop
        What its maps show.
    shape, motion, asymmetry
        How much people differ in proportions, in the way they move and between their halves; 1 is usual.
    extent
        Size of the moving regions relative to the kernel basis.
    """
    face = vary_shape(rng, shape)
    points = grid_points(crop)
    lids = {(h, up): lid_push(face.eye(h), points, upper=up) for h in _HALVES for up in (True, False)}
    guard = eye_guard(face, points)[:, None]
    oval = face.oval(points)
    inside = step((1.05 - oval) / 0.18)[:, None]
    rows: list[np.ndarray] = []
    for au in UNITS:
        parts = _unit(face, au, points, lids, rng, motion, extent)
        halves = [(skin * guard + lid) * inside for skin, lid in parts]
        peak = float(np.hypot(*np.sum(halves, axis=0).T).max())
        rows += [half / max(peak, 1e-6) for half in halves]
    rows += _head(points, oval)
    blink = look_up(_table(), 45)["parts"]
    rows += [sum(p["gain"] * lids[h, p["kind"] == "upper_lid"] for p in blink) for h in _HALVES]
    rows += [gaze_push(face, points, (1.0, 0.0)), gaze_push(face, points, (0.0, 1.0))]
    bank = np.moveaxis(np.stack(rows).astype(np.float32), -1, 1).reshape(len(rows), 2, GRID, GRID)
    gain = np.exp(rng.normal(0, 0.2 * motion, (len(UNITS), 1)))
    tilt = asymmetry * (rng.normal(0, 0.12) + rng.normal(0, 0.15, (len(UNITS), 1)))
    return Person(crop, bank, _texture(rng, face, crop), gain * np.exp(np.hstack([tilt, -tilt])))


def _unit(
    face: FaceShape,
    au: int,
    points: np.ndarray,
    lids: dict[tuple[Half, bool], np.ndarray],
    rng: np.random.Generator,
    motion: float,
    extent: float,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Skin and lid motion of both halves, with the person's own sizes, places, directions and shares."""
    halves = [(np.zeros_like(points), np.zeros_like(points)) for _ in _HALVES]
    turn = motion * rng.normal(0, 0.16)
    grow = extent * np.exp(motion * rng.normal(0, 0.15))
    for part in look_up(_table(), au)["parts"]:
        own = _vary(part, rng, motion, grow)
        angle = turn + motion * rng.normal(0, 0.1)
        if part.get("mid"):
            near, push = _push(face, own, "left", points)
            for skin, _ in halves:
                skin[near] += 0.5 * push
            continue
        for (skin, lid), half in zip(halves, _HALVES, strict=True):
            if part["kind"].endswith("_lid"):
                lid += own["gain"] * lids[half, part["kind"] == "upper_lid"]
            else:
                near, push = _push(face, own, half, points)
                skin[near] += push @ _rotation(angle if half == "left" else -angle)
    return halves


def _push(
    face: FaceShape, part: dict[str, Any], half: Half, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions in ``points`` of what a part can move (its kernel ends at its size), and how they move."""
    near = np.arange(len(points))
    if part["kind"] != "press":
        flip = np.array([1.0 if half == "left" else -1.0, 1.0])
        x, y = face.middle_of(part["at"], half) + flip * part["shift"]
        wide, high = part["size"]
        near = np.flatnonzero((np.abs(points[:, 0] - x) < wide) & (np.abs(points[:, 1] - y) < high))
    return near, _part(face, part, half, points[near])


def _vary(part: dict[str, Any], rng: np.random.Generator, motion: float, grow: float) -> dict[str, Any]:
    own = dict(part, gain=part["gain"] * float(np.exp(motion * rng.normal(0, 0.15))))
    if "size" in part:
        own["size"] = (grow * np.array(part["size"])).tolist()
        off = rng.normal(0, 0.03 * motion, 2) * ([0, 1] if part.get("mid") else [1, 1])
        own["shift"] = (np.array(part.get("shift", [0.0, 0.0])) + off).tolist()
    return own


def _rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _head(points: np.ndarray, oval: np.ndarray) -> list[np.ndarray]:
    """Motions of a rigid head to first order, dying out in the background around it; see `HEAD`."""
    hold = step((1.7 - oval) / 0.5)[:, None]
    x, y = points[:, 0], points[:, 1] - _PIVOT_Y
    relief = _DEPTH * np.exp(-((x / _REACH[0]) ** 2) - ((points[:, 1] - 0.4) / _REACH[1]) ** 2)
    none, one = np.zeros_like(x), np.ones_like(x)
    fields = [(one, none), (none, one), (-y, x), (x, y), (relief, none), (none, relief)]
    return [hold * np.stack(field, 1) for field in fields]


def _texture(rng: np.random.Generator, face: FaceShape, crop: Crop) -> np.ndarray:
    """Measurability: high on the lines of a face, low on bare skin, by chance from place to place."""
    import cv2

    drawn = np.zeros((GRID, GRID), np.uint8)
    lines = [(half, line, weight) for half in _HALVES for line, weight in _LEFT_LINES]
    for half, vertices, weight in sorted(lines, key=lambda line: line[2]):
        place = np.array([[crop.left, crop.top]]), np.array([[crop.width, crop.height]])
        at = (((face.half(half)[list(vertices)] - place[0]) / place[1] - 0.5) / MARGIN + 0.5) * (GRID - 1)
        dots = np.rint(at * 16).astype(np.int32)[None]
        cv2.polylines(
            drawn, dots, isClosed=False, color=255 * weight * rng.uniform(0.6, 1), lineType=16, shift=4
        )
    soft = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (5, 5), 1.0) * 1.8
    patches = cv2.resize(rng.uniform(0, 0.3, (6, 6)), (GRID, GRID), interpolation=cv2.INTER_LINEAR)
    return np.clip(soft + patches, 0, 1).astype(np.float32)
