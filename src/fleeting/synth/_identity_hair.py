"""Hair, beard, clothes and the wall behind a drawn person."""

import numpy as np

from fleeting.synth._identity_paint import Canvas, skull, smooth_line
from fleeting.synth._identity_traits import Traits
from fleeting.synth._shape import OVAL, FaceShape
from fleeting.synth._splat_paint import _OUTER_LIPS, _cloud, _ellipse


def paint_wall(rng: np.random.Generator, canvas: Canvas, traits: Traits) -> None:
    """Paint a wall out of focus, brighter on the light's side."""
    height, width = canvas.canvas.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = 0.16 * np.sin(np.radians(traits.light_turn)) * (x / width - 0.5) - 0.2 * (y / height - 0.5)
    edge = 0.28 * ((x / width - 0.5) ** 2 + (y / height - 0.45) ** 2)
    soft = _cloud(rng, (height, width), (260, 90), (0.035, 0.012))
    canvas.canvas[:] = traits.wall.astype(np.float32) * (1 + slope - edge + soft)[..., None]


def paint_clothes(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> np.ndarray:
    """Shoulders and what covers them; returns their outline, ``(N, 2)`` face points."""
    chin = shape.points[152, 1]
    broad = 1.9 + 0.4 * traits.heavy
    half = np.array(
        [
            [0.5, chin + 0.3],
            [0.85, chin + 0.5],
            [1.3, chin + 0.62],
            [broad, chin + 0.86],
            [broad + 0.3, chin + 1.6],
        ]
    )
    neck = {"round neck": 0.5, "v-neck": 0.95, "shirt": 0.72}[traits.clothes]
    dip = np.array([[0.0, chin + neck]])
    right = smooth_line(half, 30)
    outline = np.concatenate([dip, right, right[::-1] * [-1, 1]])
    canvas.fill(outline, traits.cloth, soft=0.006)
    size = canvas.canvas.shape[:2]
    folds = _cloud(rng, size, (90, 30), (0.05, 0.02))
    where = np.zeros(size, np.float32)
    Canvas(where[..., None], canvas.origin, canvas.scale).fill(outline, np.ones(1), soft=0.004)
    canvas.canvas *= 1 + (where * folds)[..., None]
    for side in (-1, 1):
        collar = np.array(
            [dip[0], [side * 0.5, chin + 0.3], [side * 0.62, chin + 0.38], [side * 0.1, chin + neck + 0.12]]
        )
        if traits.clothes == "shirt":
            canvas.fill(
                np.vstack([collar[:2], [[side * 0.75, chin + 0.5]], [[side * 0.3, chin + neck + 0.25]]]),
                1.08 * traits.cloth,
                soft=0.005,
            )
            canvas.tint_line(
                np.array([[side * 0.75, chin + 0.5], [side * 0.3, chin + neck + 0.25], dip[0]]),
                0.012,
                0.7,
                0.008,
            )
        else:
            canvas.tint_line(collar[[0, 1]] + [0, 0.05], 0.012, 0.8, 0.008)
        canvas.tint_line(collar[[0, 1]], 0.03, 0.72, 0.02)
    return outline


class _Strands:
    """Hair laid strand by strand on a layer of its own, then over the picture."""

    def __init__(self, canvas: Canvas, colour: np.ndarray) -> None:
        self.canvas, self.colour = canvas, colour
        self.contrast = 1 - 0.5 * float(np.mean(colour)) / 255  # of strand to strand; less in fair hair
        size = canvas.canvas.shape[:2]
        self.layer = np.full((*size, 3), np.clip(colour, 0, 255), np.uint8)
        self.cover = np.zeros(size, np.uint8)

    def _dots(self, points: np.ndarray) -> np.ndarray:
        return np.rint((points * self.canvas.scale + self.canvas.origin) * 16).astype(np.int32)

    def base(self, points: np.ndarray) -> None:
        import cv2

        cv2.fillPoly(self.cover, [self._dots(points)], (235,), lineType=cv2.LINE_AA, shift=4)

    def strand(self, points: np.ndarray, bright: float, thick: int = 2, cover: int = 255) -> None:
        import cv2

        dots = [self._dots(points)]
        bright = 1 + self.contrast * (bright - 1)
        colour = np.clip(self.colour * bright + 6 * (bright - 0.5), 0, 255).tolist()
        cv2.polylines(
            self.layer, dots, isClosed=False, color=colour, thickness=thick, lineType=cv2.LINE_AA, shift=4
        )
        cv2.polylines(
            self.cover, dots, isClosed=False, color=(cover,), thickness=thick, lineType=cv2.LINE_AA, shift=4
        )

    def lay(self, gloss: np.ndarray, soft: float = 1.0) -> None:
        import cv2

        cover = cv2.GaussianBlur(self.cover, (0, 0), soft)
        x, y, wide, high = cv2.boundingRect(cover)
        box = (slice(y, y + high), slice(x, x + wide))
        layer = cv2.GaussianBlur(self.layer[box], (0, 0), 0.8).astype(np.float32) * gloss[box][..., None]
        under = self.canvas.canvas[box]
        under += cover[box].astype(np.float32)[..., None] / 255 * (layer - under)


def _gloss(canvas: Canvas, traits: Traits, top: float) -> np.ndarray:
    """Brightness of hair: darker at the sides and below, a soft band of light on the crown."""
    height, width = canvas.canvas.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x - canvas.origin[0]) / canvas.scale, (y - canvas.origin[1]) / canvas.scale
    turn = np.sin(np.radians(traits.light_turn))
    side = 1 - 0.28 * np.clip((np.abs(x) - 0.45) / 0.8, 0, 1) + 0.22 * turn * x
    band = np.exp(-(((y - top - 0.3 - 0.25 * x**2) / 0.16) ** 2)) * np.exp(-(((x - 0.5 * turn) / 0.7) ** 2))
    return (side * (1 - 0.12 * np.clip(y / 2, 0, 1)) + 0.4 * band).clip(0.35, 1.7)


def paint_hair_behind(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Paint what of long hair falls behind the neck."""
    if traits.hair_style != "long":
        return
    wide = np.abs(shape.points[list(OVAL), 0]).max()
    hair, low = _Strands(canvas, 0.5 * traits.hair), traits.hair_length
    side = np.array([[0.85, -0.6], [1.0, 0.3], [1.08, low - 0.3], [0.96, low]])
    hair.base(np.concatenate([side, side[::-1] * [-1, 1]]) * [wide, 1])
    hair.lay(np.ones(canvas.canvas.shape[:2], np.float32), 5.0)


def paint_hair(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Hair on the head and beside it."""
    style = traits.hair_style
    if style == "bald":
        return
    outline, line = _hairline(rng, shape, traits)
    clumps = rng.uniform(0.8, 1.15, 81)
    hair = _Strands(canvas, traits.hair)
    part = rng.choice([-1, 1]) * rng.uniform(0.2, 0.55) if style == "side parting" else rng.uniform(-0.2, 0.2)
    if style not in ("receding", "long"):
        hair.base(np.concatenate([outline, line[::-1]]))
    if style == "curly":
        _curls(rng, hair, outline, line)
    elif style == "receding":
        _sides(rng, hair, outline, line)
    elif style == "long":
        _long(rng, hair, shape, outline, traits, part)
    else:
        _combed(rng, hair, outline, line, part, style, clumps)
    hair.lay(_gloss(canvas, traits, float(outline[:, 1].min())))


def _hairline(rng: np.random.Generator, shape: FaceShape, traits: Traits) -> tuple[np.ndarray, np.ndarray]:
    """Outline of the hair and the line where it begins, ``(80, 2)`` each, from left to right."""
    rim = shape.points[list(OVAL)]
    head = skull(shape)[19:]
    puff = {"curly": 0.26, "tied back": 0.02, "receding": 0.01}.get(
        traits.hair_style, rng.uniform(0.06, 0.14)
    )
    middle = np.array([head[:, 0].mean(), 0.3])
    outline = smooth_line(middle + (head - middle) * [1 + 0.55 * puff, 1 + puff], 80)
    wide, top = 1.04 * (rim[9, 0] - rim[27, 0]) / 2, rim[:, 1].min()
    lift = rng.uniform(-0.02, 0.1) + (0.22 if traits.hair_style == "receding" else 0)
    down = 0.32 if traits.hair_style in ("cropped", "side parting", "receding") else 0.05
    corner = rng.uniform(0.62, 0.74)
    half = np.array(
        [
            [1.02, down],
            [0.98, -0.12],
            [0.93, -0.42],
            [corner + 0.1, top + 0.2 - lift],
            [0.42, top + 0.03 - lift],
            [0.0, top - lift],
        ]
    )
    left = half * [-wide, 1]
    line = smooth_line(np.concatenate([left, half[-2::-1] * [wide, 1]]), 80)
    return outline, line + np.stack([np.zeros(80), rng.normal(0, 0.006, 80)], 1)


def _combed(
    rng: np.random.Generator,
    hair: _Strands,
    outline: np.ndarray,
    line: np.ndarray,
    part: float,
    style: str,
    clumps: np.ndarray,
) -> None:
    """Strands from the hairline over the crown, or from a parting to both sides."""
    count = len(line)
    short = style == "cropped"
    for _ in range(2000 if short else 1500):
        at = rng.uniform(0, count - 1.01)
        start = rng.beta(0.8, 1.0) if short else rng.uniform(0, 0.75)
        far = rng.uniform(0.12, 0.3) if short else rng.uniform(0.3, 0.8)
        t = np.linspace(start, min(rng.normal(1.0, 0.02), start + far), 6)
        sweep = 0.0
        if style == "side parting":
            sweep = 10 * np.sign(line[int(at), 0] - part)
        where = np.clip(at + sweep * (t - start) + rng.normal(0, 1.2), 0, count - 1)
        index = where.astype(int)
        points = line[index] + t[:, None] * (outline[index] - line[index])
        hair.strand(
            points + rng.normal(0, 0.008, 2), rng.uniform(0.55, 1.35), thick=2 if rng.random() < 0.5 else 1
        )
    for at in rng.uniform(0, count - 1.01, 350):  # fine hairs that soften the line
        root = line[int(at)] + rng.normal(0, 0.012, 2)
        toward = outline[int(at)] - line[int(at)]
        tip = root + rng.uniform(0.06, 0.16) * toward / np.hypot(*toward) + rng.normal(0, 0.012, 2)
        hair.strand(np.array([root, tip]), rng.uniform(0.7, 1.1), thick=1, cover=170)


def _curls(rng: np.random.Generator, hair: _Strands, outline: np.ndarray, line: np.ndarray) -> None:
    turn = np.linspace(0, 4.4, 9)
    for _ in range(1900):
        at, out = rng.integers(len(line)), rng.uniform(-0.01, 1.04)
        middle = line[at] + out * (outline[at] - line[at])
        curl = (
            np.stack([np.cos(turn), np.sin(turn)], 1)
            * rng.uniform(0.015, 0.045)
            * np.linspace(0.5, 1, 9)[:, None]
        )
        spin = rng.uniform(0, 6.3)
        curl = curl @ np.array([[np.cos(spin), np.sin(spin)], [-np.sin(spin), np.cos(spin)]])
        hair.strand(middle + curl, rng.uniform(0.45, 1.5), thick=2)


def _sides(rng: np.random.Generator, hair: _Strands, outline: np.ndarray, line: np.ndarray) -> None:
    """Hair at the sides, thinning towards the top."""
    for _ in range(1900):
        at = rng.uniform(0, 26) if rng.random() < 0.5 else rng.uniform(53, 79)
        thin = 1 - abs(at - 39.5) / 39.5
        if rng.random() < 1.6 * thin:
            continue
        start = rng.uniform(0, 0.9)
        t = np.linspace(start, min(1.02, start + 0.3), 4)[:, None]
        k = int(at)
        hair.strand(
            line[k] + t * (outline[k] - line[k]) + rng.normal(0, 0.02, 2),
            rng.uniform(0.7, 1.2),
            thick=1,
            cover=200,
        )


def _long(
    rng: np.random.Generator,
    hair: _Strands,
    shape: FaceShape,
    outline: np.ndarray,
    traits: Traits,
    part: float,
) -> None:
    """Hair parted on the crown that falls over both sides: strands between an inner and an outer curve."""
    reach, wave = traits.hair_length, rng.uniform(0, 0.03)
    rim = shape.points[list(OVAL)]
    wide, top = np.abs(rim[:, 0]).max(), rim[:, 1].min()
    at = int(np.argmin(np.abs(outline[:, 0] - part)))
    open_at, broad = rng.uniform(0.55, 0.68), rng.uniform(0.2, 0.34)
    for side in (-1, 1):
        pick = slice(at, 6, -1) if side < 0 else slice(at, 73)
        face = np.array([[open_at, top + 0.26], [0.93, -0.38], [1.0, 0.05], [1.01, 0.5], [0.97, 1.0]])
        low = (
            np.array([[0.93, 0.55 * reach + 0.6], [0.88, reach]])
            if reach > 1.5
            else np.array([[0.95, reach]])
        )
        start = np.array([[side * part / wide, top - 0.1], [0.3 + 0.6 * side * part / wide, top + 0.08]])
        inner = smooth_line(np.concatenate([start, face, low]) * [side * wide, 1], 60)
        out = np.array([[1.04 + 0.5 * broad, 0.3], [1.02 + broad, 1.0], [0.98 + broad, reach + 0.1]])
        arch = outline[pick]
        outer = smooth_line(np.concatenate([arch[: 3 * len(arch) // 4 : 6], out * [side * wide, 1]]), 60)
        hair.base(np.concatenate([inner[:50], outer[:50][::-1]]))
        clump = np.interp(np.linspace(0, 1, 200), np.linspace(0, 1, 30), rng.uniform(0.72, 1.2, 30))
        bend = np.sin(np.linspace(0, 12, 60) + rng.uniform(0, 6)) * np.linspace(0, 1, 60) ** 2
        for _ in range(1000):
            u = rng.uniform(-0.03, 1.03)
            drift = u + 0.06 * np.linspace(0, 1, 60) * rng.normal()
            curve = inner + drift[:, None] * (outer - inner)
            curve[:, 0] += wave * bend
            first, last = int(rng.integers(0, 30)), int(rng.triangular(34, 54, 61))
            level = clump[int(np.clip(u, 0, 1) * 199)] * rng.uniform(0.78, 1.2)
            hair.strand(curve[first:last:2], level, thick=1 if rng.random() < 0.7 else 2)
    seam = smooth_line(
        np.array(
            [
                [part, top - 0.1],
                [0.9 * part, 0.5 * (top + outline[at, 1])],
                [0.8 * part, outline[at, 1] + 0.06],
            ]
        )
    )
    hair.strand(seam, 0.45, thick=3)


def paint_beard(rng: np.random.Generator, canvas: Canvas, shape: FaceShape, traits: Traits) -> None:
    """Stubble or a short beard, hair by hair, round the lips and along the jaw."""
    if traits.beard == "none":
        return
    points = shape.points
    left = points[[361, 435, 427, 391, 2]]
    right = points[[132, 215, 207, 165, 2]]
    jaw = points[[58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288]]
    area = np.concatenate([left * [0.98, 1], right[::-1] * [0.98, 1], jaw])
    size = canvas.canvas.shape[:2]
    mask = np.zeros((*size, 1), np.float32)
    own = Canvas(mask, canvas.origin, canvas.scale)
    own.fill(area, np.ones(1), soft=0.07)
    own.fill(points[list(_OUTER_LIPS)], np.zeros(1), soft=0.01)
    under = points[[17, 18]].mean(0)
    own.fill(_ellipse((under[0] - 0.17, under[1] + 0.04), (0.07, 0.05)), np.zeros(1), share=0.7, soft=0.03)
    own.fill(_ellipse((under[0] + 0.17, under[1] + 0.04), (0.07, 0.05)), np.zeros(1), share=0.7, soft=0.03)
    colour = np.minimum(0.6 * traits.hair + 8, 0.7 * traits.skin)
    full = traits.beard == "short"
    canvas.canvas += (0.55 if full else 0.22) * mask * (colour - canvas.canvas)
    low, high = area.min(0), area.max(0) + np.array([0, 0.06])
    hair = _Strands(canvas, colour)
    for root in rng.uniform(low, high, (6000 if full else 3500, 2)):
        x, y = (root * canvas.scale + canvas.origin).astype(int)
        if not (0 <= y < size[0] and 0 <= x < size[1]) or rng.random() > mask[y, x, 0]:
            continue
        long = rng.uniform(0.03, 0.07) if full else rng.uniform(0.006, 0.014)
        tip = root + long * np.array([0.35 * np.sign(root[0]) + rng.normal(0, 0.3), 1.0])
        hair.strand(np.array([root, tip]), rng.uniform(0.6, 1.5), thick=1, cover=150 if full else 120)
    hair.lay(np.ones(size, np.float32), 0.6)
