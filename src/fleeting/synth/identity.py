"""People who do not exist: drawn portraits by number, with the exact place of every mesh point."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError, check_image, check_shape
from fleeting.synth._flowmap_faces import vary_shape
from fleeting.synth._splat_paint import paint

_IOD = 1 / 4.9  # eye distance, share of the picture's side
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
    shape = vary_shape(rng, 1.0)
    painting = paint(rng, shape)
    iod = size * _IOD
    origin = np.array([size / 2, _EYES_AT * size]) - 0.5
    grow = iod / painting.scale
    back = np.array(
        [[grow, 0, origin[0] - grow * painting.origin[0]], [0, grow, origin[1] - grow * painting.origin[1]]]
    )
    picture = cv2.warpAffine(
        painting.picture, back, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return Identity(picture, shape.points * iod + origin, {}, int(seed))


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
