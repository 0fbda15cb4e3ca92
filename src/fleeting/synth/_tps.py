"""The second motion basis: thin-plate splines through landmark groups that are moved or held.

It shares no region, direction or falloff with the first one and is random within bounds. Nothing may be
tuned on it: it exists to show that what was tuned on the first basis is not tied to that basis.
"""

import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from fleeting.core import Side
from fleeting.synth._kernels import look_up, side_gate
from fleeting.synth._shape import OVAL, FaceShape, Half

_OVAL_FADE = 0.1
_GATE = 0.22
_GRID = 1 / 32  # IOD
_FAR = 1.35  # a second ring of anchors lies this much further out than the oval


@cache
def _table() -> dict[str, Any]:
    text = (resources.files("fleeting.synth") / "data" / "tps_basis.json").read_text(encoding="utf-8")
    return json.loads(text)


def tps_motion(shape: FaceShape, au: int, side: Side, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Motion of one action unit, not yet scaled to a peak of 1.

    Parameters
    ----------
    shape
        The face.
    au, side
        What to move.
    seed
        Directions are turned by up to 14 degrees and gains changed by up to a fifth, alike on both sides.

    Returns
    -------
    callable
        From ``(N, 2)`` face points to ``(N, 2)`` displacements.
    """
    table = _table()
    unit = look_up({row["au"]: row for row in table["units"]}, au)
    moves = _jittered(unit["moves"], au, seed)
    halves: tuple[Half, ...] = ("left", "right") if side == "both" else (side,)
    anchors, values = _far_anchors(shape)
    for half in ("left", "right"):
        pick, flip = shape.half(half), np.array([1.0 if half == "left" else -1.0, 1.0])
        for name, vertices in table["groups"].items():
            arrow = moves.get(name, np.zeros(2)) * flip * (half in halves)
            if name not in unit["free"]:
                anchors.append(pick[vertices])
                values.append(np.tile(arrow, (len(vertices), 1)))
    for name, vertices in table["mid_groups"].items():
        if name not in unit["free"]:
            anchors.append(shape.points[vertices])
            values.append(np.tile(moves.get(name, np.zeros(2)), (len(vertices), 1)))
    spline = _sampled(np.concatenate(anchors), np.concatenate(values), table["smoothing"])

    def motion(points: np.ndarray) -> np.ndarray:
        edge = np.clip((1.0 - shape.oval(points)) / _OVAL_FADE, 0.0, 1.0)
        fade = edge * edge * (3.0 - 2.0 * edge) * side_gate(shape, side, points, _GATE)
        return spline(points) * fade[:, None]

    return motion


def _sampled(anchors: np.ndarray, values: np.ndarray, smoothing: float) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a thin-plate spline, take it on a fine grid and carry it on by a bicubic spline.

    The bicubic one is the motion: a hundred times as fast, and as smooth. The grid is symmetric about x = 0,
    so that mirrored faces move alike.
    """
    from scipy.interpolate import RBFInterpolator
    from scipy.ndimage import map_coordinates, spline_filter

    plate = RBFInterpolator(anchors, values, kernel="thin_plate_spline", smoothing=smoothing)
    wide = int(np.ceil(np.abs(anchors[:, 0]).max() / _GRID))
    low, high = np.floor(anchors[:, 1].min() / _GRID), np.ceil(anchors[:, 1].max() / _GRID)
    x, y = np.arange(-wide, wide + 1), np.arange(low, high + 1)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2) * _GRID
    planes = plate(grid).reshape(len(y), len(x), 2)
    coefficients = [spline_filter(planes[..., c], order=3, mode="mirror") for c in (0, 1)]

    def motion(points: np.ndarray) -> np.ndarray:
        at = np.stack([points[:, 1] / _GRID - low, points[:, 0] / _GRID + wide])
        return np.stack(
            [map_coordinates(c, at, order=3, mode="mirror", prefilter=False) for c in coefficients], 1
        )

    return motion


def _jittered(moves: list[list[Any]], au: int, seed: int) -> dict[str, np.ndarray]:
    """Turn and scale each move at random; midline moves stay on the midline."""
    table = _table()
    rng = np.random.default_rng((seed, 707, au))
    found = {}
    for name, away, down, gain in moves:
        angle = np.radians(rng.uniform(-1, 1) * table["jitter_degrees"])
        size = gain * (1 + rng.uniform(-1, 1) * table["jitter_gain"])
        if name in table["mid_groups"]:
            angle = 0.0
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        arrow = np.array([away, down], float)
        found[name] = size * (turn @ (arrow / np.hypot(*arrow)))
    return found


def _far_anchors(shape: FaceShape) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Still anchors on the oval and on a ring beyond it."""
    ring = shape.points[list(OVAL)]
    centre = (ring.max(0) + ring.min(0)) / 2
    both = np.concatenate([ring, centre + _FAR * (ring - centre)])
    return [both], [np.zeros_like(both)]
