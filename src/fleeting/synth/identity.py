"""People who do not exist: drawn portraits by number, with the exact place of every mesh point."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fleeting.core import FleetingError, UsageError, check_image, check_shape
from fleeting.facs import eye_centers
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
_SIDE = 768  # pixels of the drawing, whatever is asked for: another size shows the same person
_EYES_AT = 0.43  # height of the eyes in the picture
_TRIES = 8
_LOOKED_AT = 512  # pixels
_MOST_GAP = 0.05  # eye distances


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
        What the person looks like, by name: ``age`` (years that the skin shows), ``tone`` (0 lightest skin to
        1 darkest), ``hair_style``, ``hair_colour``, ``beard``, ``light_turn`` (degrees) and more; sizes are
        deviations from the mean face.
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
    _check_size(size)
    return _resized(_drawn(int(seed)), size)


def _check_size(size: int) -> None:
    if not 64 <= size <= 2048:
        raise UsageError(f"size: expected 64 to 2048 pixels, got {size}")


@dataclass(frozen=True)
class _Drawn:
    """A person at full size, before it is made as large as was asked for."""

    picture: np.ndarray
    landmarks: np.ndarray
    traits: Traits
    seed: int


def _drawn(seed: int) -> _Drawn:
    rng = np.random.default_rng((seed, 4681))
    traits = draw_traits(rng)
    points = make_points(rng, traits)
    origin = np.array([0.5 + rng.normal(0, 0.012), _EYES_AT + rng.normal(0, 0.01)]) * _SIDE - 0.5
    scale = _SIDE * _IOD * rng.uniform(0.95, 1.06)
    picture = _draw(rng, points, traits, origin, scale)
    return _Drawn(picture, points[:, :2] * scale + origin, traits, seed)


def _resized(drawn: _Drawn, size: int) -> Identity:
    import cv2

    how = cv2.INTER_AREA if size < _SIDE else cv2.INTER_CUBIC
    picture = cv2.resize(drawn.picture, (size, size), interpolation=how)
    landmarks = (drawn.landmarks + 0.5) * (size / _SIDE) - 0.5  # pixel centres lie at whole numbers
    return Identity(picture, landmarks, drawn.traits.plain(), drawn.seed)


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
    most = final.max(-1, keepdims=True)
    final *= 1 - 0.45 * np.clip(most - 180, 0, None) / np.maximum(
        most, 1
    )  # a camera keeps room in the lights
    return final.clip(0, 255).round().astype(np.uint8)


def landmark_gap(person: Identity) -> float:
    """Ask the shipped face models where the landmarks of a drawn person are.

    Returns
    -------
    float
        Median distance between what they find and where the mesh was drawn, in eye distances; infinite
        where they find no face, or several.

    Examples
    --------
    >>> landmark_gap(Identity(np.zeros((64, 64, 3), np.uint8), np.zeros((468, 2)), {}, 0))
    inf
    """
    from fleeting.face import find_faces

    found = find_faces(person.picture)
    if len(found) != 1:
        return float("inf")
    right, left = eye_centers(person.landmarks)
    apart = np.hypot(*(np.asarray(found[0], float)[:, :2] - person.landmarks).T)
    return float(np.median(apart) / np.hypot(*(left - right)))


def usable_identity(seed: int, number: int, *, size: int = 512) -> Identity:
    """Draw person ``number`` of the people of a seed: one whom the face models find where it was drawn.

    People are tried in an order that depends on ``seed`` and ``number`` alone, so that a set can be made in
    pieces. One is used where exactly one face is found, with landmarks (see `landmark_gap`) within 0.05 eye
    distances of the mesh in the median; that is looked at in a picture of 512 pixels, whatever the size.

    Parameters
    ----------
    seed, number
        0 or more.
    size
        See `identity`.

    Raises
    ------
    UsageError
        For a negative seed or number, or a size outside 64 to 2048.
    FleetingError
        Where none of eight people is usable, which has not been seen.

    Examples
    --------
    >>> usable_identity(0, 1, size=96).landmarks.shape
    (468, 2)
    """
    if seed < 0 or number < 0:
        raise UsageError(f"seed, number: expected 0 or more, got {seed} and {number}")
    _check_size(size)
    for attempt in range(_TRIES):
        own = int(np.random.SeedSequence((seed, number, attempt)).generate_state(1)[0])
        drawn = _drawn(own)
        if landmark_gap(_resized(drawn, _LOOKED_AT)) <= _MOST_GAP:
            return _resized(drawn, size)
    raise FleetingError(
        f"people of seed {seed}: the face models found none of {_TRIES} tries for number {number}"
    )


def usable_identities(count: int, seed: int = 0, *, size: int = 512) -> Iterator[Identity]:
    """Draw people one after another, see `usable_identity`.

    Examples
    --------
    >>> len({person.seed for person in usable_identities(2, size=64)})
    2
    """
    for number in range(count):
        yield usable_identity(seed, number, size=size)
