"""Eyes, lids, lashes and brows of a drawn person."""

import numpy as np

from fleeting.synth._identity_paint import HALVES, Canvas, smooth_line
from fleeting.synth._identity_traits import Traits
from fleeting.synth._shape import Eye, FaceShape, Half
from fleeting.synth._splat_paint import _LEFT_BROW, _ellipse

_IRIS = 0.097  # IOD: 11.7 mm across, of eyes 63 mm apart


def paint_eyes(
    rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits, light: np.ndarray
) -> None:
    """Draw both eyes; they bring their own light and shade."""
    gaze = rng.normal(0, 0.006, 2)
    for half in HALVES:
        eye = shape.eye(half)
        s = np.linspace(-1, 1, 41)
        top, bottom = eye.lids(s)
        upper, lower = _at(eye, s, top), _at(eye, s, bottom)
        _ball(rng, canvas, eye, np.concatenate([upper, lower[::-1]]), upper, gaze, traits, light)
        _lids(rng, canvas, shape, half, upper, lower, traits)
        _lashes(rng, canvas, eye, upper, lower)


def _at(eye: Eye, s: np.ndarray, y: np.ndarray) -> np.ndarray:
    return eye.origin + np.outer(s * eye.half, eye.across) + np.outer(y, eye.down)


def _ball(
    rng: np.random.Generator,
    canvas: Canvas,
    eye: Eye,
    ring: np.ndarray,
    upper: np.ndarray,
    gaze: np.ndarray,
    traits: Traits,
    light: np.ndarray,
) -> None:
    import cv2

    box, dots, inside = canvas._room(ring, 0.08)
    cv2.fillPoly(inside, [dots], (255,), lineType=cv2.LINE_AA, shift=4)
    part = canvas.canvas[box]
    below = part.copy()
    own = Canvas(part, canvas.origin - np.array([box[1].start, box[0].start]), canvas.scale)
    part[:] = np.array([222, 212, 206]) * (0.98 - 0.08 * traits.tone)
    middle, wide = eye.origin, eye.half
    for side in (-1, 1):  # the ball turns away towards the corners
        corner = middle + side * wide * eye.across
        own.tint(_ellipse((corner[0], corner[1]), (0.13, 0.14)), [0.8, 0.74, 0.72], 0.04)
    inner = middle - 0.93 * wide * eye.across
    own.fill(
        _ellipse((inner[0], inner[1] + 0.004), (0.035, 0.025)),
        np.array([196, 132, 122]) * (1 - 0.3 * traits.tone),
        soft=0.01,
    )
    top, bottom = eye.lids(np.zeros(1))
    down = float(top[0] + max(0.8 * _IRIS, 0.49 * (bottom[0] - top[0])))
    x, y = middle + down * eye.down + gaze
    own.fill(_ellipse((x, y), (_IRIS, _IRIS)), 0.42 * traits.iris, soft=0.007)
    own.fill(_ellipse((x, y), (0.86 * _IRIS, 0.86 * _IRIS)), traits.iris, soft=0.01)
    for turn in rng.uniform(0, 2 * np.pi, 70):
        ray = np.array([np.cos(turn), np.sin(turn)]) * _IRIS
        far = rng.uniform([0.4, 0.6], [0.6, 0.88])
        own.tint_line(np.array([x, y]) + np.outer(far, ray), 0.006, rng.uniform(0.75, 1.4), 0.003)
    own.fill(_ellipse((x, y), (0.4 * _IRIS, 0.4 * _IRIS)), np.full(3, 12.0), soft=0.005)
    own.tint(
        np.concatenate([upper, upper[::-1] + np.array([0, 0.045])]), [0.55, 0.5, 0.5], 0.018
    )  # shadow of the lid
    glint = np.array([x, y]) + 0.42 * _IRIS * np.array([np.sign(light[0]) * 0.9, -0.8])
    own.fill(_ellipse((glint[0], glint[1]), (0.011, 0.014)), np.full(3, 250.0), share=0.9, soft=0.003)
    share = (inside.astype(np.float32) / 255)[..., None]
    lit = below[inside > 128].mean() / traits.skin.mean()  # what light the lids get
    part[:] = share * part * np.clip(0.25 + 0.8 * lit, 0.4, 1.05) + (1 - share) * below


def _lids(
    rng: np.random.Generator,
    canvas: Canvas,
    shape: FaceShape,
    half: Half,
    upper: np.ndarray,
    lower: np.ndarray,
    traits: Traits,
) -> None:
    eye = shape.eye(half)
    s = np.linspace(-0.98, 1.08, 30)
    top, _ = eye.lids(np.clip(s, -1, 1))
    room = max(0.04, min(0.075, 0.35 * eye.brow))
    rise = room * (1 - 0.45 * np.abs(s - 0.05) ** 2.2)
    crease = _at(eye, s, top - rise)
    canvas.tint(np.concatenate([crease, upper[::-1]]), [0.97, 0.94, 0.93], 0.015)
    canvas.crease(crease, 0.011, 0.12 + 0.42 * traits.eye_crease, 0.006)
    canvas.line(
        lower[3:-2] + 0.008 * eye.down, traits.skin * [1.02, 0.86, 0.84], 0.011, share=0.55, soft=0.005
    )
    canvas.tint_line(lower[2:-1] + 0.028 * eye.down, 0.012, [0.86, 0.8, 0.8], 0.009)


def _lashes(rng: np.random.Generator, canvas: Canvas, eye: Eye, upper: np.ndarray, lower: np.ndarray) -> None:
    canvas.tint_line(upper[2:], 0.012, [0.3, 0.25, 0.24], 0.004)
    canvas.tint_line(upper[14:], 0.016, [0.45, 0.4, 0.4], 0.006)
    canvas.tint_line(lower[10:], 0.007, [0.7, 0.62, 0.6], 0.004)
    for at in rng.uniform(6, 40, 34):
        root = upper[int(at)]
        lean = (at - 16) / 24
        tip = root + rng.uniform(0.025, 0.042) * (0.8 * lean * eye.across - eye.down)
        canvas.tint_line(
            np.array([root, 0.5 * (root + tip) + 0.006 * eye.across * lean, tip]), 0.005, 0.5, 0.002
        )
    for at in rng.uniform(14, 40, 16):
        root = lower[int(at)] + 0.006 * eye.down
        tip = root + rng.uniform(0.012, 0.022) * (0.6 * (at - 18) / 22 * eye.across + eye.down)
        canvas.tint_line(np.array([root, tip]), 0.005, 0.75, 0.002)


def paint_brows(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Draw brows hair by hair over a soft shade."""
    colour = 0.62 * traits.hair * (1 - 0.3 * traits.grey)
    colour = np.minimum(colour, 0.66 * traits.skin)
    for half in HALVES:
        own = shape.half(half)[list(_LEFT_BROW)]
        low, high = smooth_line(own[:5], 60), smooth_line(own[:4:-1], 60)
        middle = 0.55 * low + 0.45 * high
        along = np.linspace(0, 1, 60)
        taper = traits.brow_thick * (1 - 0.62 * along**2.5) * (0.75 + 0.25 * np.minimum(1, along / 0.15))
        low, high = middle + taper[:, None] * (low - middle), middle + taper[:, None] * (high - middle)
        last = 56
        ring = np.concatenate([low[2:last], high[2:last][::-1]])
        canvas.fill(ring, colour, share=0.3 + 0.25 * traits.heavy, soft=0.018)
        for _ in range(int(150 + 120 * traits.brow_thick)):
            at = min(last, int(60 * rng.beta(1.05, 1.45)))
            root = low[at] + rng.uniform(-0.1, 0.85) * (high[at] - low[at])
            tangent = low[min(at + 2, 59)] - low[max(at - 2, 0)]
            tangent = tangent / np.hypot(*tangent)
            rise = (high[at] - low[at]) / max(np.hypot(*(high[at] - low[at])), 1e-6)
            turn = np.clip(at / 22, 0.15, 1.0) + rng.normal(0, 0.12)
            way = turn * tangent + (1.05 - turn) * rise
            tip = root + rng.uniform(0.05, 0.085) * way / np.hypot(*way)
            canvas.line(np.array([root, tip]), colour * rng.uniform(0.6, 1.25), 0.006, share=0.5, soft=0.002)
