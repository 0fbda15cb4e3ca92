"""Skin and features of a drawn person, before and after the light falls on them."""

from collections.abc import Sequence

import numpy as np

from fleeting.synth._identity_traits import Traits
from fleeting.synth._shape import OVAL, FaceShape, Half
from fleeting.synth._splat_paint import _FOLD, _LIP_LINE, _OUTER_LIPS, _Brush, _cloud, _ellipse

HALVES: tuple[Half, ...] = ("left", "right")
_UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_ALA = (360, 279, 358, 294, 327)
_UNDER_EYE = (453, 452, 451, 450, 449, 448)


class Canvas(_Brush):
    """A brush that can also tint: multiply what is there."""

    def tint(self, points: np.ndarray, factor: Sequence[float] | float, soft: float) -> None:
        """Multiply a filled shape, ``(N, 2)`` face points."""
        import cv2

        box, dots, mask = self._room(points, soft)
        cv2.fillPoly(mask, [dots], (255,), lineType=cv2.LINE_AA, shift=4)
        self._multiply(box, mask, factor, soft)

    def crease(self, points: np.ndarray, width: float, depth: float, soft: float = 0.008) -> None:
        """Draw a fold: a dark line, deepest in the middle of its length, and a light one below it."""
        fine = smooth_line(points)
        for shift, factor in ((0.0, 1 - depth), (1.3 * width, 1 + 0.3 * depth)):
            line = fine + np.array([0.0, shift])
            for part in (slice(0, None), slice(len(fine) // 5, -len(fine) // 5)):
                self.tint_line(line[part], width, 1 - 0.5 * (1 - factor), soft)

    def tint_line(
        self, points: np.ndarray, width: float, factor: Sequence[float] | float, soft: float
    ) -> None:
        """Multiply a line."""
        import cv2

        box, dots, mask = self._room(points, soft + width)
        thick = max(1, round(width * self.scale))
        cv2.polylines(
            mask, [dots], isClosed=False, color=(255,), thickness=thick, lineType=cv2.LINE_AA, shift=4
        )
        self._multiply(box, mask, factor, soft)

    def _multiply(
        self, box: tuple[slice, slice], mask: np.ndarray, factor: Sequence[float] | float, soft: float
    ) -> None:
        import cv2

        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * self.scale)
        change = (mask.astype(np.float32) / 255)[..., None] * (np.asarray(factor, np.float32) - 1)
        self.canvas[box] *= 1 + change


def smooth_line(points: np.ndarray, count: int = 40) -> np.ndarray:
    """Curve ``(count, 2)`` through points, by a cubic spline over their length."""
    from scipy.interpolate import make_interp_spline

    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    spline = make_interp_spline(along, points, k=min(3, len(points) - 1))
    return spline(np.linspace(0, along[-1], count))


def paint_skin(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Head, ears and neck in the colours of skin, with what varies from place to place."""
    skin, points = traits.skin, shape.points
    wide = np.abs(points[list(OVAL), 0]).max()
    canvas.canvas[:] = skin
    _ears(canvas, wide, skin)
    canvas.fill(skull(shape), skin, soft=0.012)
    fair = 1 - 0.6 * traits.tone
    red = np.array([1.03, 1 - 0.09 * fair, 1 - 0.09 * fair])
    for half in HALVES:
        own = shape.half(half)
        cheek = 0.5 * (own[425] + own[280])
        canvas.tint(_ellipse((cheek[0], cheek[1]), (0.3, 0.24)), red.tolist(), 0.12)
        eye = own[[386, 374]].mean(0)
        canvas.tint(_ellipse((eye[0], eye[1] - 0.02), (0.36, 0.2)), [0.93, 0.88, 0.88], 0.06)
        canvas.tint(smooth_line(own[list(_UNDER_EYE)]) + np.array([0, 0.03]), [0.94, 0.9, 0.92], 0.04)
    canvas.tint(_ellipse((0, points[4, 1]), (0.2, 0.16)), red.tolist(), 0.07)
    canvas.tint(_ellipse((0, points[199, 1]), (0.22, 0.16)), (0.5 + 0.5 * red).tolist(), 0.08)
    canvas.tint(_ellipse((0, points[151, 1]), (0.6, 0.2)), [1.01, 1.0, 0.97], 0.12)
    size = canvas.canvas.shape[:2]
    grain = _cloud(rng, size, (60, 18, 6.0, 2.4), (0.016, 0.01, 0.011, 0.014 + 0.01 * traits.age / 75))
    blotch = _cloud(rng, size, (45, 14), (0.012, 0.010))
    canvas.canvas *= 1 + grain[..., None] + blotch[..., None] * np.array([0.6, -0.9, -0.9], np.float32)


def skull(shape: FaceShape) -> np.ndarray:
    """Outline of the head without hair, ``(N, 2)`` face points: the face's oval with the crown above."""
    rim = shape.points[list(OVAL)]
    low = rim[np.r_[9:28]]  # from the subject's left ear round the chin to the right one
    left, right = low[0], low[-1]
    angle = np.linspace(np.pi, 2 * np.pi, 60)
    middle, wide = (left[0] + right[0]) / 2, 1.04 * (left[0] - right[0]) / 2
    top = rim[:, 1].min() - 0.5
    across, up = (
        np.sign(f) * np.abs(f) ** 0.74 for f in (np.cos(angle), np.sin(angle))
    )  # rounder than an ellipse
    crown = np.stack([middle + wide * across, left[1] + (left[1] - top) * up], 1)
    return np.concatenate([low, crown])


def silhouettes(shape: FaceShape, traits: Traits, clothes: np.ndarray) -> list[np.ndarray]:
    """Outlines of neck, clothes, ears and head, ``(N, 2)`` face points each."""
    rim = shape.points[list(OVAL)]
    wide, chin = np.abs(rim[:, 0]).max(), rim[:, 1].max()
    half = np.array(
        [[0.6, 0.9], [0.6, chin + 0.15], [0.72, chin + 0.36], [1.1, chin + 0.62], [1.0, chin + 1.2]]
    )
    half = half * [wide * (0.94 + 0.1 * traits.heavy), 1]
    neck = np.concatenate([half, half[::-1] * [-1, 1]])
    ears = [] if traits.hair_style == "long" else [_ear(side, wide) for side in (-1.0, 1.0)]
    return [neck, clothes, *ears, skull(shape)]


def _ear(side: float, wide: float) -> np.ndarray:
    ear = _ellipse((0, 0), (0.12, 0.31))
    ear[:, 0] = ear[:, 0] * (1 - 0.35 * ear[:, 1] / 0.34) - side * 0.04 * ear[:, 1] / 0.34
    return ear + np.array([side * 1.08 * wide, 0.3])


def _ears(canvas: Canvas, wide: float, skin: np.ndarray) -> None:
    for side in (-1.0, 1.0):
        ear = _ear(side, wide)
        middle = ear.mean(0)
        canvas.fill(ear, skin * [0.99, 0.92, 0.9], soft=0.012)
        canvas.tint(middle + 0.6 * (ear - middle), [0.86, 0.77, 0.75], 0.03)
        fold = (middle + 0.82 * (ear - middle))[(np.arange(40) + (36 if side < 0 else 0) - 20) % 73]
        canvas.tint_line(fold, 0.02, [0.82, 0.76, 0.74], 0.012)


def paint_features(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Folds, nose, lips and spots."""
    _wrinkles(rng, canvas, shape, traits)
    _nose(canvas, shape)
    _lips(rng, canvas, shape, traits)
    _spots(rng, canvas, shape, traits)


def _wrinkles(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    points = shape.points
    old = float(np.clip((traits.age - 25) / 45, 0, 1))
    for half in HALVES:
        own = shape.half(half)
        canvas.crease(own[list(_FOLD)], 0.02, 0.10 + 0.22 * old, 0.02)
        bag = smooth_line(own[[453, 452, 451, 450, 449]]) + np.array([0, 0.02])
        canvas.crease(bag, 0.014, 0.06 + 0.2 * old, 0.012)
        if old > 0.25:
            canvas.crease(own[[291, 410, 434]] * 0.5 + own[[291, 432, 430]] * 0.5, 0.014, 0.2 * old, 0.015)
        corner, out = own[263], np.sign(own[263, 0])
        for k, angle in enumerate(np.radians([-22, 2, 24])):
            if rng.random() < 1.6 * old:
                far = rng.uniform(0.12, 0.2)
                t = np.linspace(0.25, 1, 5)[:, None]
                ray = np.array([[out * np.cos(angle), np.sin(angle)]]) * far * t + [[0, 0.02 * k]] * t**2
                canvas.crease(corner + 0.04 * np.array([out, 0]) + ray, 0.009, 0.22 * old, 0.006)
    for height in (0.3, 0.47, 0.64):
        if rng.random() < 1.3 * old:
            x = np.linspace(0.72 * points[54, 0], 0.72 * points[284, 0], 14)
            y = height * points[10, 1] - 0.3 * (1 - height) * 0 - 0.12 * np.cos(1.6 * x) + 0.1
            y += 0.012 * np.cos(4 * x + rng.uniform(0, 6))
            canvas.crease(np.stack([x, y], 1), 0.012, rng.uniform(0.08, 0.2) * old + 0.03, 0.01)
    for side in (-1, 1):
        if rng.random() < 0.8 * old:
            line = np.array([[0.09, -0.42], [0.075, -0.33], [0.09, -0.24]]) * [side, 1]
            canvas.tint_line(smooth_line(line), 0.012, 1 - 0.18 * old, 0.01)


def _nose(canvas: Canvas, shape: FaceShape) -> None:
    points = shape.points
    for half in HALVES:
        own = shape.half(half)
        canvas.tint_line(smooth_line(own[list(_ALA)]), 0.018, [0.74, 0.66, 0.64], 0.014)
        hole = own[[2, 326, 327]].mean(0) * [1, 0] + [0, own[[2, 326, 327], 1].mean() - 0.012]
        out = np.sign(hole[0])
        nostril = _ellipse((0, 0), (0.072, 0.026)) @ np.array([[1, -0.25 * out], [0, 1]])
        canvas.tint(nostril + hole, [0.3, 0.22, 0.22], 0.014)
        canvas.tint(0.7 * nostril + hole, [0.55, 0.45, 0.45], 0.008)
        ridge = smooth_line(own[[0, 164, 2]] + [0.045 * out, 0])
        canvas.tint_line(ridge, 0.02, 1.05, 0.015)
    canvas.tint_line(smooth_line(points[[164, 2]] * 0.7 + points[[0, 164]] * 0.3, 6), 0.03, 0.93, 0.02)
    canvas.tint(_ellipse((points[2, 0], points[2, 1] + 0.02), (0.17, 0.035)), [0.82, 0.76, 0.75], 0.03)


def _lips(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    points = shape.points
    rose = np.array([176, 96, 96]) * (1 - 0.45 * traits.tone)
    colour = 0.55 * traits.skin * np.array([0.88, 0.68, 0.7]) + 0.45 * rose
    colour = colour + 0.25 * (traits.heavy - 0.3) * (traits.skin - colour)
    outer = points[list(_OUTER_LIPS)]
    closed = smooth_line(np.concatenate([outer, outer[:1]]), 90)
    canvas.fill(closed, colour, share=0.85, soft=0.016)
    canvas.tint(
        np.concatenate([smooth_line(points[list(_UPPER_LIP)]), points[list(_LIP_LINE)][::-1]]), 0.92, 0.012
    )
    low = points[[17, 14]].mean(0)
    canvas.tint(_ellipse((low[0], low[1] + 0.005), (0.2, 0.035)), [1.07, 1.1, 1.1], 0.03)
    line = smooth_line(points[list(_LIP_LINE)])
    for x, y in line[4:-4]:  # fine lines across the lips
        for way in (-1, 1):
            jitter = rng.normal(0, 0.006, 2)
            tip = np.array([x * 1.03, y + way * rng.uniform(0.05, 0.1)]) + jitter
            canvas.tint_line(
                np.array([[x + jitter[0], y + jitter[1]], tip]), 0.006, rng.uniform(0.9, 1.03), 0.004
            )
    canvas.tint_line(line, 0.016, [0.5, 0.4, 0.42], 0.008)
    canvas.tint_line(line, 0.05, [0.88, 0.82, 0.82], 0.02)
    for corner in (points[61], points[291]):
        canvas.tint(_ellipse((corner[0], corner[1]), (0.035, 0.025)), [0.74, 0.68, 0.68], 0.015)
    under = points[[17, 18]].mean(0)
    canvas.tint(_ellipse((under[0], under[1] + 0.03), (0.2, 0.03)), 0.9, 0.03)


def _spots(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Moles and freckles."""
    rim = shape.points[list(OVAL)]
    for _ in range(traits.moles):
        at, radius = rng.uniform(rim.min(0), rim.max(0)), 0.008 + 0.012 * rng.random()
        canvas.tint(_ellipse((at[0], at[1]), (radius, radius)), rng.uniform(0.4, 0.7), 0.004)
    for _ in range(int(160 * traits.freckles)):
        at = np.array([rng.normal(0, 0.5), rng.normal(0.35, 0.25)])
        radius = rng.uniform(0.004, 0.011)
        canvas.tint(_ellipse((at[0], at[1]), (radius, radius)), [0.86, 0.76, 0.68], 0.004)
