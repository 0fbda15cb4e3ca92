"""The first motion basis: an action unit is a sum of compact smooth kernels on the face's own vertices."""

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from fleeting.core import Side, UnknownNameError
from fleeting.synth._eyes import lid_push
from fleeting.synth._shape import FaceShape, Half
from fleeting.synth._smooth import bump, step

OVAL_FADE = 0.18  # share of the way from centre to oval over which motion dies out
_EYE_CLEAR, _EYE_FADE = 0.035, 0.16  # IOD around an eye opening: at rest, then fading in
_GATE = 0.15  # IOD beside the midline over which a one-sided motion sets in
_PINCH_PEAK = 0.2379  # greatest value of r (1 - r^2)^3, at r = 7^-1/2
_LIP_BAND = 0.05


def read_table(name: str) -> dict[int, Any]:
    """Load the rows of a table of this room by action unit."""
    text = (resources.files("fleeting.synth") / "data" / name).read_text(encoding="utf-8")
    return {row["au"]: row for row in json.loads(text)["units"]}


@cache
def _table() -> dict[int, Any]:
    return read_table("kernel_basis.json")


def known_units() -> tuple[int, ...]:
    """Give the action units that can be planted, rising.

    Examples
    --------
    >>> 12 in known_units(), 99 in known_units()
    (True, False)
    """
    return tuple(sorted(_table()))


def look_up(table: dict[int, Any], au: int) -> Any:
    """Row of one action unit; raises UnknownNameError with those that are there."""
    if au not in table:
        names = ", ".join(str(n) for n in sorted(table))
        raise UnknownNameError(f"action unit {au} cannot be planted; available: {names}")
    return table[au]


def moves_lids(au: int) -> bool:
    """Whether a unit moves an eyelid, so that it cannot stand together with a blink.

    Examples
    --------
    >>> moves_lids(7), moves_lids(12)
    (True, False)
    """
    return any(part["kind"].endswith("_lid") for part in look_up(_table(), au)["parts"])


def kernel_motion(shape: FaceShape, au: int, side: Side, points: np.ndarray) -> np.ndarray:
    """Displacement of one action unit, not yet scaled to a peak of 1.

    Parameters
    ----------
    shape
        The face.
    au, side
        What to move; ``side`` is the subject's own.
    points
        ``(N, 2)`` face points, IOD.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``, a smooth function of position that is 0 from the face oval on.
    """
    parts = look_up(_table(), au)["parts"]
    skin, lids = np.zeros((len(points), 2)), np.zeros((len(points), 2))
    halves: tuple[Half, ...] = ("left", "right") if side == "both" else (side,)
    for part in parts:
        for half in halves[:1] if part.get("mid") else halves:
            target = lids if part["kind"].endswith("_lid") else skin
            target += _part(shape, part, half, points)
    total = skin * eye_guard(shape, points)[:, None] + lids
    total *= step((1.0 - shape.oval(points)) / OVAL_FADE)[:, None]
    return total * side_gate(shape, side, points, _GATE)[:, None]


def side_gate(shape: FaceShape, side: Side, points: np.ndarray, width: float) -> np.ndarray:
    """1 on the side asked for, exactly 0 beyond the midline, ``(N,)``; 1 everywhere for both sides."""
    if side == "both":
        return np.ones(len(points))
    away = shape.off_midline(points)
    return step((away if side == "left" else -away) / width)


def eye_guard(shape: FaceShape, points: np.ndarray) -> np.ndarray:
    """0 in both eye openings, 1 well away from them, ``(N,)``: only lids and gaze move there."""
    guard = np.ones(len(points))
    for half in ("left", "right"):
        eye = shape.eye(half)
        s, y = eye.local(points)
        middle = (eye.upper[0] + eye.lower[0]) / 2
        wide, high = eye.half + _EYE_CLEAR, eye.opening / 2 + _EYE_CLEAR
        radius = np.hypot(s * eye.half / wide, (y - middle) / high)
        guard *= step((radius - 1.0) * high / _EYE_FADE)
    return guard


def _part(shape: FaceShape, part: dict[str, Any], half: Half, points: np.ndarray) -> np.ndarray:
    kind, gain = part["kind"], float(part["gain"])
    if kind.endswith("_lid"):
        return gain * lid_push(shape.eye(half), points, upper=kind == "upper_lid")
    if kind == "press":
        return gain * _press(shape, part["size"], points)
    out = 1.0 if half == "left" else -1.0
    flip = np.array([out, 1.0])
    centre = shape.middle_of(part["at"], half) + flip * part.get("shift", [0.0, 0.0])
    away = (points - centre) / part["size"]
    hill = bump((away**2).sum(1))
    if kind == "pinch":
        return -gain / _PINCH_PEAK * hill[:, None] * away
    if "toward" in part:
        arrow = shape.middle_of(part["toward"], half) - shape.middle_of(part["at"], half)
    else:
        arrow = flip * part["move"]
    if "lip" in part:
        hill = hill * _lip_mask(shape, part["lip"], points)
    return gain * hill[:, None] * (arrow / np.hypot(*arrow))


def _press(shape: FaceShape, size: list[float], points: np.ndarray) -> np.ndarray:
    """Draw the lips to the line between them."""
    middle = (shape.points[61, 0] + shape.points[291, 0]) / 2
    below = shape.below_mouth(points) / size[1]
    across = bump(((points[:, 0] - middle) / size[0]) ** 2)
    down = -below * bump(below**2) / _PINCH_PEAK * across
    return np.stack([np.zeros_like(down), down], 1)


def _lip_mask(shape: FaceShape, lip: str, points: np.ndarray) -> np.ndarray:
    """1 on one lip, 0 on the other, smooth between them; 1 for both beyond the lip corners."""
    _, gap = shape.mouth
    band = max(_LIP_BAND, gap + 0.02)
    below = shape.below_mouth(points) / (2 * band) + 0.5
    mask = step(below if lip == "lower" else 1.0 - below)
    corner = (shape.points[291, 0] - shape.points[61, 0]) / 2
    away = np.abs(points[:, 0] - (shape.points[291, 0] + shape.points[61, 0]) / 2) / corner
    inside = 1.0 - step((away - 0.75) / 0.6)
    return 1.0 - inside * (1.0 - mask)
