"""People who do not exist: drawn portraits by number, with the exact place of every mesh point."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError, check_image, check_shape
from fleeting.synth._identity_eyes import paint_brows, paint_eyes
from fleeting.synth._identity_hair import (
    paint_beard,
    paint_clothes,
    paint_hair,
    paint_hair_behind,
    paint_wall,
)
from fleeting.synth._identity_light import light_from, make_relief, shade
from fleeting.synth._identity_paint import Canvas, paint_features, paint_skin, silhouettes
from fleeting.synth._identity_traits import Traits, draw_traits, make_points
from fleeting.synth._shape import FaceShape

_IOD = 1 / 4.9  # eye distance, share of the picture's side
_SIDE = 1024  # pixels of the drawing, whatever is asked for: another size shows the same person
_EYES_AT = 0.43  # height of the eyes in the picture
_TRIES = 8


@dataclass(frozen=True)
class Identity:
    """A drawn person, looking at the camera with a neutral face.

    Parameters
    ----------
    picture
        ``(H, W, 3)`` uint8 RGB.
    landmarks
        ``(468, 2)`` pixels of the mesh points, exact: the picture was drawn on them.
    traits
        What the person looks like, by name: numbers and words.
    seed
        What it was drawn from.
    """

    picture: np.ndarray
    landmarks: np.ndarray
    traits: dict[str, float | str]
    seed: int

    def __post_init__(self) -> None:
        check_image(self.picture, "picture")
        check_shape(self.landmarks, (468, 2), "landmarks")

    @property
    def name(self) -> str:
        """``identity`` and the seed."""
        return f"identity {self.seed}"


def identity(seed: int, *, size: int = 512) -> Identity:
    """Draw a person.

    Parameters
    ----------
    seed
        0 or more; same seed and size, same picture. Another size shows the same person.
    size
        Side of the picture, pixels; the eyes are about a fifth of it apart.

    Returns
    -------
    Identity
        As it comes, looked at by nobody: `usable_identity` gives people whom the face models find.

    Raises
    ------
    UsageError
        For a negative seed, or a size outside 64 to 2048.

    Examples
    --------
    >>> person = identity(3, size=128)
    >>> person.picture.shape, person.landmarks.shape
    ((128, 128, 3), (468, 2))
    """
    if seed < 0:
        raise UsageError(f"seed: expected 0 or more, got {seed}")
    if not 64 <= size <= 2048:
        raise UsageError(f"size: expected 64 to 2048 pixels, got {size}")
    import cv2

    rng = np.random.default_rng((int(seed), 4681))
    traits = draw_traits(rng)
    points = make_points(rng, traits)
    origin = np.array([0.5 + rng.normal(0, 0.012), _EYES_AT + rng.normal(0, 0.01)]) * _SIDE - 0.5
    scale = _SIDE * _IOD * rng.uniform(0.95, 1.06)
    drawn = _draw(rng, points, traits, origin, scale)
    how = cv2.INTER_AREA if size < _SIDE else cv2.INTER_CUBIC
    picture = cv2.resize(drawn, (size, size), interpolation=how)
    landmarks = (points[:, :2] * scale + origin + 0.5) * (size / _SIDE) - 0.5
    return Identity(picture, landmarks, traits.plain(), int(seed))


def _draw(
    rng: np.random.Generator, points: np.ndarray, traits: Traits, origin: np.ndarray, scale: float
) -> np.ndarray:
    """Picture ``(_SIDE, _SIDE, 3)`` uint8: what the skin is like, the light on it, then eyes and hair."""
    import cv2

    shape, size = FaceShape(points[:, :2]), (_SIDE, _SIDE)
    light = light_from(traits.light_turn, traits.light_height)
    canvas = Canvas(np.zeros((*size, 3), np.float32), origin, scale)
    paint_skin(rng, canvas, shape, traits)
    paint_features(rng, canvas, shape, traits)
    clothes = paint_clothes(rng, canvas, shape, traits)
    relief = make_relief(points, size, origin, scale)
    bright, shine = shade(relief, light, traits.light_hard, size)
    glow = (55 * traits.shine * traits.light_hard * shine)[..., None]
    canvas.canvas = canvas.canvas * bright + glow
    person, canvas.canvas = canvas.canvas, np.zeros((*size, 3), np.float32)
    paint_wall(rng, canvas, traits)
    paint_hair_behind(rng, canvas, shape, traits)
    where = np.zeros((*size, 1), np.float32)
    outline = Canvas(where, origin, scale)
    for one in silhouettes(shape, traits, clothes):
        outline.fill(one, np.ones(1), soft=0.008)
    canvas.canvas += where * (person - canvas.canvas)
    paint_eyes(rng, canvas, shape, traits, light)
    paint_brows(rng, canvas, shape, traits)
    paint_beard(rng, canvas, shape, traits)
    paint_hair(rng, canvas, shape, traits)
    tint = 1 + 0.05 * traits.warmth * np.array([1.0, 0.1, -1.0], np.float32)
    final = cv2.GaussianBlur(canvas.canvas * tint, (0, 0), 0.6)
    return final.clip(0, 255).round().astype(np.uint8)


def usable_identity(seed: int, number: int, *, size: int = 512) -> Identity:
    """Draw person ``number`` of the people of a seed, one whom the face models find.

    Depends on ``seed`` and ``number`` alone, so that a set can be made in pieces.
    """
    from fleeting.face import find_faces

    for attempt in range(_TRIES):
        drawn = int(np.random.SeedSequence((seed, number, attempt)).generate_state(1)[0])
        person = identity(drawn, size=size)
        if find_faces(person.picture):
            return person
    raise UsageError(
        f"people of seed {seed}: number {number} was not found by the face models in {_TRIES} tries"
    )


def usable_identities(count: int, seed: int = 0, *, size: int = 512) -> Iterator[Identity]:
    """Draw people one by one, see `usable_identity`."""
    for number in range(count):
        yield usable_identity(seed, number, size=size)
