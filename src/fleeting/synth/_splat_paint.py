"""Paint a drawn face, flat: skin, brows, eyes, lips, hair and what is behind, over face units."""

from dataclasses import dataclass

import numpy as np

from fleeting.synth._shape import _LEFT_CORNERS, _LEFT_LOWER, _LEFT_UPPER, OVAL, FaceShape, Half

_LEFT, _TOP, _RIGHT, _BOTTOM = -3.0, -2.6, 3.0, 3.4  # IOD
_SCALE = 110  # pixels of an eye distance
_SHIFT = 4  # bits after the point in drawn coordinates
_LEFT_BROW = (285, 295, 282, 283, 276, 300, 293, 334, 296, 336)
_OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_LIP_LINE = (61, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 291)
_NOSTRIL = (2, 326, 327)
_FOLD = (279, 426, 436, 432)
_SKINS = ((244, 212, 188), (232, 190, 160), (214, 164, 128), (178, 126, 92), (134, 90, 62), (92, 60, 44))
_HAIRS = ((30, 24, 20), (62, 42, 28), (110, 76, 44), (176, 140, 88), (140, 136, 132))
_EYES = ((70, 46, 28), (96, 70, 40), (70, 96, 80), (84, 112, 140))


@dataclass(frozen=True)
class Painting:
    """A flat picture over face units.

    Parameters
    ----------
    picture
        ``(H, W, 3)`` uint8 RGB.
    origin, scale
        Pixel of the point between the eyes, ``(2,)``, and pixels of an eye distance.
    """

    picture: np.ndarray
    origin: np.ndarray
    scale: float

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Pixels ``(N, 2)`` of face points ``(N, 2)``."""
        return points * self.scale + self.origin


def paint(rng: np.random.Generator, shape: FaceShape) -> Painting:
    """Paint a face by chance on a face's shape.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> painted = paint(np.random.default_rng(0), FaceShape.from_landmarks(neutral_mesh()))
    >>> painted.picture.shape
    (660, 660, 3)
    """
    import cv2

    size = int((_BOTTOM - _TOP) * _SCALE), int((_RIGHT - _LEFT) * _SCALE)
    brush = _Brush(np.zeros((*size, 3), np.float32), np.array([-_LEFT, -_TOP]) * _SCALE)
    skin = _between(rng, _SKINS)
    hair = np.array(_HAIRS[rng.integers(len(_HAIRS))], float) * rng.uniform(0.7, 1.2)
    brush.canvas[:] = rng.uniform(40, 220) + rng.uniform(-25, 25, 3)
    brush.canvas += _cloud(rng, size, (60, 20), (18, 8))[..., None]
    _body(rng, brush, shape, skin, hair)
    brush.fill(shape.points[list(OVAL)], skin, soft=0.03)
    _features(rng, brush, shape, skin, hair)
    pores = _cloud(rng, size, (25, 7, 2.2, 0.9), (4, 3, 2.5, 2.5))
    red = _cloud(rng, size, (30, 9), (3, 2))
    brush.canvas += pores[..., None] + red[..., None] * np.array([1.0, -0.4, -0.4])
    _spots(rng, brush, shape, skin)
    _eyes(rng, brush, shape)
    brush.canvas = cv2.GaussianBlur(brush.canvas, (0, 0), 0.7)
    return Painting(brush.canvas.clip(0, 255).astype(np.uint8), brush.origin, float(_SCALE))


class _Brush:
    """A canvas in face units, ``scale`` pixels to an eye distance; every stroke is soft-edged."""

    def __init__(self, canvas: np.ndarray, origin: np.ndarray, scale: float = _SCALE) -> None:
        self.canvas, self.origin, self.scale = canvas, origin, scale

    def fill(self, points: np.ndarray, colour: np.ndarray, share: float = 1.0, soft: float = 0.0) -> None:
        import cv2

        box, dots, mask = self._room(points, soft)
        cv2.fillPoly(mask, [dots], (255,), lineType=cv2.LINE_AA, shift=_SHIFT)
        self._lay(box, mask, colour, share, soft)

    def line(
        self, points: np.ndarray, colour: np.ndarray, width: float, share: float = 1.0, soft: float = 0.0
    ) -> None:
        import cv2

        box, dots, mask = self._room(points, soft + width)
        thick = max(1, round(width * self.scale))
        cv2.polylines(
            mask, [dots], isClosed=False, color=(255,), thickness=thick, lineType=cv2.LINE_AA, shift=_SHIFT
        )
        self._lay(box, mask, colour, share, soft)

    def _room(self, points: np.ndarray, margin: float) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
        """Give the part of the canvas that a stroke can touch, the stroke in it, and an empty mask."""
        at, edge = points * self.scale + self.origin, 4 * margin * self.scale + 3
        high = np.array(self.canvas.shape[1::-1])
        first = np.clip(np.floor(at.min(0) - edge), 0, high - 1).astype(int)
        last = np.clip(np.ceil(at.max(0) + edge), first + 1, high).astype(int)
        dots = np.rint((at - first) * 2**_SHIFT).astype(np.int32)
        mask = np.zeros((last - first)[::-1], np.uint8)
        return (slice(first[1], last[1]), slice(first[0], last[0])), dots, mask

    def _lay(
        self, box: tuple[slice, slice], mask: np.ndarray, colour: np.ndarray, share: float, soft: float
    ) -> None:
        import cv2

        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * self.scale)
        part = self.canvas[box]
        part += (share / 255 * mask.astype(np.float32))[..., None] * (np.asarray(colour, np.float32) - part)


def _between(rng: np.random.Generator, colours: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Draw a colour somewhere on the way through a list."""
    at = rng.uniform(0, len(colours) - 1)
    low = int(at)
    pair = np.array(colours[low : low + 2], float)
    return (1 - at + low) * pair[0] + (at - low) * pair[-1]


def _cloud(
    rng: np.random.Generator, size: tuple[int, int], widths: tuple[float, ...], heights: tuple[float, ...]
) -> np.ndarray:
    """Sum of smooth noises of given widths (pixels) and deviations (grey levels)."""
    import cv2

    total = np.zeros(size, np.float32)
    for width, height in zip(widths, heights, strict=True):
        step = max(1.0, width / 2)
        small = rng.normal(size=(int(size[0] / step) + 2, int(size[1] / step) + 2)).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(small, (0, 0), width / step / 2 + 0.3))
        total += height * cv2.resize(soft / soft.std(), size[::-1], interpolation=cv2.INTER_CUBIC)
    return total


def _ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 73)
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], 1)


def _body(
    rng: np.random.Generator, brush: _Brush, shape: FaceShape, skin: np.ndarray, hair: np.ndarray
) -> None:
    """Shoulders, neck, hair and the head around the face."""
    rim = shape.points[list(OVAL)]
    wide, top, chin = np.abs(rim[:, 0]).max(), rim[:, 1].min(), rim[:, 1].max()
    cloth = rng.uniform(30, 200, 3)
    brush.fill(_ellipse((0, chin + 1.75), (2.6, 1.5)), cloth, soft=0.02)
    if rng.random() < 0.5:  # long hair falls behind the neck
        brush.fill(_ellipse((0, 0.5), (1.3 * wide, 1.75)), hair, soft=0.03)
    neck = np.array([[-0.62, chin - 0.7], [0.62, chin - 0.7], [0.72, chin + 0.75], [-0.72, chin + 0.75]])
    brush.fill(neck * [wide, 1], 0.8 * skin, soft=0.05)
    crown = rng.uniform(0.45, 0.75)
    brush.fill(_ellipse((0, 0.05), (1.16 * wide, 0.05 - top + crown)), hair, soft=0.02)
    for side in (-1, 1):
        brush.fill(_ellipse((side * 1.06 * wide, 0.35), (0.14, 0.33)), 0.92 * skin, soft=0.02)
    for _ in range(140):  # strands
        turn, out = rng.uniform(np.pi, 2 * np.pi), np.sqrt(rng.uniform(0.5, 0.92))
        start = np.array([0, 0.05]) + out * np.array(
            [1.16 * wide * np.cos(turn), (0.05 - top + crown) * np.sin(turn)]
        )
        bend = np.array([[0, 0], [0.1 * start[0], 0.15], [0.25 * start[0], 0.35]]) * rng.uniform(0.3, 0.8)
        brush.line(start + bend, hair * rng.uniform(0.6, 1.5), 0.012, share=0.5)


def _features(
    rng: np.random.Generator, brush: _Brush, shape: FaceShape, skin: np.ndarray, hair: np.ndarray
) -> None:
    """Shadows, folds, nose, lips and brows."""
    halves: tuple[Half, ...] = ("left", "right")
    lips = skin * np.array([0.86, 0.6, 0.6]) * rng.uniform(0.85, 1.05)
    age = rng.uniform(0, 1)
    for half in halves:
        points = shape.half(half)
        lids = points[[*_LEFT_UPPER, *_LEFT_LOWER[::-1]]]
        brush.fill(lids.mean(0) + 1.6 * (lids - lids.mean(0)), 0.78 * skin, share=0.7, soft=0.05)
        cheek = tuple((points[205 if half == "right" else 425] * 0.5 + points[425] * 0.5).tolist())
        brush.fill(_ellipse(cheek, (0.24, 0.2)), skin * [1.04, 0.88, 0.86], share=0.6, soft=0.1)
        brush.line(points[list(_FOLD)], 0.72 * skin, 0.03, share=0.25 + 0.4 * age, soft=0.02)
        brush.line(points[[168, 399, 437, 456]], 0.85 * skin, 0.06, share=0.5, soft=0.04)
        brush.line(points[[456, 279, 327]], 0.7 * skin, 0.03, share=0.6, soft=0.015)
        brush.line(points[list(_NOSTRIL)], 0.35 * skin, 0.05, share=0.8, soft=0.015)
    for height in (0.35, 0.5, 0.65):  # forehead lines
        if rng.random() < age:
            left, right = shape.points[[54, 284]]
            x = np.linspace(0.75 * left[0], 0.75 * right[0], 20)
            y = height * shape.points[10, 1] + 0.02 * np.cos(3 * x + rng.uniform(0, 6))
            brush.line(np.stack([x, y], 1), 0.8 * skin, 0.015, share=0.6 * age, soft=0.01)
    brush.fill(shape.points[list(_OUTER_LIPS)], lips, share=0.9, soft=0.015)
    brush.line(shape.points[list(_LIP_LINE)], 0.4 * lips, 0.022, share=0.9, soft=0.006)
    for half in halves:
        brow = shape.half(half)[list(_LEFT_BROW)]
        brush.fill(brow, hair, share=rng.uniform(0.45, 0.8), soft=0.015)
        low, high = brow[:5], brow[:4:-1]
        for _ in range(60):
            at, up = rng.uniform(0, 3.99), rng.uniform(0, 0.8)
            k, rest = int(at), at - int(at)
            root = (1 - rest) * low[k] + rest * low[k + 1]
            tip = (1 - rest) * high[k] + rest * high[k + 1]
            start = root + up * (tip - root)
            hair_end = start + 0.5 * (tip - root) + 0.06 * (low[4] - low[0])
            brush.line(np.stack([start, hair_end]), 0.6 * hair, 0.009, share=0.6)


def _spots(rng: np.random.Generator, brush: _Brush, shape: FaceShape, skin: np.ndarray) -> None:
    """Moles and freckles."""
    rim = shape.points[list(OVAL)]
    for _ in range(rng.integers(0, 3) + (rng.integers(20, 80) if rng.random() < 0.3 else 0)):
        at = rng.uniform(rim.min(0), rim.max(0))
        radius = 0.008 + 0.01 * rng.random()
        brush.fill(_ellipse((at[0], at[1]), (radius, radius)), 0.6 * skin, share=rng.uniform(0.3, 0.8))


def _eyes(rng: np.random.Generator, brush: _Brush, shape: FaceShape) -> None:
    """Draw the white, iris, pupil, light, and the lids' edges."""
    import cv2

    iris = np.array(_EYES[rng.integers(len(_EYES))], float) * rng.uniform(0.8, 1.2)
    gaze = rng.normal(0, 0.012, 2)
    for half in ("left", "right"):
        points = shape.half(half)
        inner, outer = points[list(_LEFT_CORNERS)]
        ring = np.concatenate([[inner], points[list(_LEFT_UPPER)], [outer], points[list(_LEFT_LOWER)][::-1]])
        inside = np.zeros(brush.canvas.shape[:2], np.uint8)
        dots = np.rint((ring * _SCALE + brush.origin) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(inside, [dots], (255,), lineType=cv2.LINE_AA, shift=_SHIFT)
        below = brush.canvas.copy()
        brush.canvas[:] = np.array([226, 220, 214]) * rng.uniform(0.9, 1.03)
        x, y = (inner + outer) / 2 + gaze
        brush.fill(_ellipse((x, y), (0.098, 0.098)), 0.6 * iris, soft=0.006)
        brush.fill(_ellipse((x, y), (0.08, 0.08)), iris, soft=0.01)
        brush.fill(_ellipse((x, y), (0.04, 0.04)), np.full(3, 12.0), soft=0.004)
        brush.fill(_ellipse((x - 0.03, y - 0.03), (0.014, 0.014)), np.full(3, 250.0), soft=0.002)
        # the shade of the lid
        brush.line(ring[:9] + np.array([0, 0.015]), np.full(3, 60.0), 0.03, share=0.5, soft=0.012)
        share = (inside.astype(np.float32) / 255)[..., None]
        brush.canvas[:] = share * brush.canvas + (1 - share) * below
        brush.line(ring[:9], np.full(3, 35.0), 0.022, share=0.85, soft=0.004)
        brush.line(np.concatenate([ring[8:], ring[:1]]), np.full(3, 90.0), 0.012, share=0.5, soft=0.004)
