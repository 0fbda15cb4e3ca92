"""What splat faces do by chance: expressions, poses, and where the camera stands."""

from typing import TYPE_CHECKING

import numpy as np

from fleeting.synth._flowmap_units import CLASSES, TABLES, UNITS, draw_units, unit_sets
from fleeting.synth._splat_view import View

if TYPE_CHECKING:
    from fleeting.synth._splat_face import SplatFace


def log_uniform(rng: np.random.Generator, ends: tuple[float, float]) -> float:
    """Draw evenly in the logarithm."""
    return float(np.exp(rng.uniform(*np.log(ends))))


def camera(rng: np.random.Generator, size: int, iod_share: tuple[float, float]) -> View:
    """Place a camera somewhere before the face."""
    aim = np.array([0.0, 0.45, 0.0]) + rng.normal(0, [0.08, 0.08, 0.0])
    iod_px = size * rng.uniform(*iod_share)
    return View.toward_face(size, iod_px=iod_px, distance=rng.uniform(7, 16), aim=aim)


def start(
    rng: np.random.Generator, face: "SplatFace", percent: float, tilt_deg: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a weak expression and a pose of the head to begin with."""
    weights, _ = expression(rng, face)
    weights = weights * rng.uniform(0, percent / 100)
    weights[-4:-2] = rng.uniform(0, percent / 100)  # lids a little lower, both alike
    angles = np.radians(tilt_deg) * rng.normal(size=3).clip(-2.5, 2.5)
    return weights, np.concatenate([np.zeros(3), angles])


def expression(rng: np.random.Generator, face: "SplatFace") -> tuple[np.ndarray, list[int]]:
    """Draw weights of the bank with greatest displacement about 1 IOD, and the units that act."""
    label = int(rng.integers(3))
    sets = {label: unit_sets(CLASSES[label], tuple(TABLES)[:2])}
    on = draw_units(rng, np.array([label]), sets)[0]
    parts = (on * np.exp(rng.normal(0, 0.35, len(on))))[:, None] * face.gain
    if rng.random() < 0.2:
        parts[:, rng.integers(2)] *= rng.uniform(0, 0.25)
    weights = np.concatenate([parts.ravel(), np.zeros(4)])
    if rng.random() < 0.15:
        weights[-4:-2] = rng.normal(0, 1)
    if rng.random() < 0.15:
        weights[-2:] = rng.normal(0, 0.6, 2)
    peak = np.hypot(*np.tensordot(weights, face.bank, 1).T).max()
    return weights / max(peak, 1e-6), [unit for unit, acts in zip(UNITS, on, strict=True) if acts]


def head_step(
    rng: np.random.Generator, face: "SplatFace", view: View, at: np.ndarray, head_px: float
) -> np.ndarray:
    """Draw a change of the pose ``(6,)`` that moves the face's points by ``head_px`` in the mean."""
    if not head_px:
        return np.zeros(6)
    way = rng.normal(size=6) * [0.01, 0.01, 0.02, 0.01, 0.01, 0.01]
    rest, size = np.zeros(len(face.bank)), 1.0
    start = view.project(face.vertices(rest, at)[:468])[:, :2]
    for _ in range(3):  # nearly linear, so that a few steps meet it
        end = view.project(face.vertices(rest, at + size * way)[:468])[:, :2]
        size *= head_px / float(np.hypot(*(end - start).T).mean())
    return size * way
