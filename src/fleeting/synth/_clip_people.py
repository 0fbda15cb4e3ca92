"""Who is filmed in made clips and recordings, and with which camera: one draw for each person of a set."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.synth._source import _grown, read_photo
from fleeting.synth.camera import CameraSettings

_IDENTITY_PX = 512  # side of a drawn portrait; its eyes are 104 pixels apart
_EYES_AT = 0.42  # height of the eyes in the picture, share of its side
_BASES = ("person", "kernel", "tps")


@dataclass(frozen=True, slots=True)
class Filming:
    """Cameras and pictures; a pair is a range out of which each person's camera is drawn.

    Parameters
    ----------
    size
        Greatest side of the pictures, pixels, even, 64..1024; small faces come in smaller pictures, since a
        portrait shows only so much around a face.
    fps
        Frame rates; each person is filmed with one of them.
    iod_px
        Eye distance, drawn evenly in the logarithm: small faces are as many as large ones.
    noise
        Sensor noise at mid grey, grey levels.
    blur_px
        Gaussian blur.
    flicker, gradient
        Relative change of the light, of the whole picture and between its edges.
    flicker_bands
        Bands of the flicker over the height of the picture (rolling exposure); none by default.
    crf
        H.264 quality.
    basis
        How faces move: ``person`` (the kernels, varied from person to person), ``kernel`` or ``tps``.

    Raises
    ------
    UsageError
        For values out of range.
    """

    size: int = 256
    fps: tuple[float, ...] = (25.0, 30.0, 60.0, 100.0, 200.0)
    iod_px: tuple[float, float] = (34.0, 78.0)
    noise: tuple[float, float] = (0.5, 3.0)
    blur_px: tuple[float, float] = (0.0, 0.8)
    flicker: tuple[float, float] = (0.0, 0.02)
    gradient: tuple[float, float] = (0.0, 0.04)
    crf: tuple[int, int] = (16, 26)
    basis: str = "person"
    flicker_bands: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 64 <= self.size <= 1024 or self.size % 2:
            raise UsageError(f"size: expected an even number in 64..1024, got {self.size}")
        if not self.fps or not all(5 <= fps <= 1000 for fps in self.fps):
            raise UsageError(f"fps: expected frame rates in 5..1000, got {self.fps}")
        if not 12 <= self.iod_px[0] <= self.iod_px[1] <= 0.45 * self.size:
            most = 0.45 * self.size
            raise UsageError(f"iod_px: expected a rising pair in 12..{most:g} pixels, got {self.iod_px}")
        for name in ("noise", "blur_px", "flicker", "gradient", "crf", "flicker_bands"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise UsageError(f"{name}: expected a rising pair from 0 on, got {(low, high)}")
        if self.basis not in _BASES:
            raise UsageError(f"basis: expected {', '.join(_BASES)}, got {self.basis!r}")
        CameraSettings(
            noise=self.noise[1],
            blur_px=self.blur_px[1],
            flicker=self.flicker[1],
            gradient=self.gradient[1],
            flicker_bands=self.flicker_bands[1],
        )


@dataclass(frozen=True)
class Sitter:
    """A person before a camera.

    Parameters
    ----------
    subject
        ``synth/p0003s1``: number and seed.
    picture
        ``(S, S, 3)`` uint8 RGB, at rest.
    landmarks
        ``(468, 2)`` pixels of it.
    person
        Seed of the way the person moves.
    lively
        Factor of the strength of all the person's expressions.
    camera, fps
        What films.
    """

    subject: str
    picture: np.ndarray
    landmarks: np.ndarray
    person: int
    lively: float
    camera: CameraSettings
    fps: float


Portraits = Sequence[str | PathLike[str]]


def open_sitter(index: int, seed: int, filming: Filming, portraits: Portraits = ()) -> Sitter:
    """Draw person ``index`` of the people of a seed, or take one of the portraits in turn.

    Depends on ``seed`` and ``index`` alone, so that a set can be made in pieces.

    Raises
    ------
    InputError
        Where a portrait cannot be read or shows no face.
    """
    rng = np.random.default_rng((seed, index, 511))
    iod_px = float(np.exp(rng.uniform(*np.log(filming.iod_px))))
    person = int(rng.integers(2**31))
    lively = float(np.exp(rng.normal(0, 0.2)))
    fps = float(filming.fps[int(rng.integers(len(filming.fps)))])
    drawn = {
        name: rng.uniform(*getattr(filming, name)) for name in ("noise", "blur_px", "flicker", "gradient")
    }
    hertz = {"flicker_hz": rng.uniform(1, 12), "gradient_hz": rng.uniform(0.05, 0.4)}
    camera = CameraSettings(
        **{name: round(float(value), 4) for name, value in (drawn | hertz).items()},
        crf=int(rng.integers(filming.crf[0], filming.crf[1] + 1)),
    )
    shift = rng.normal(0, 0.03, 2)
    bands = rng.uniform(*filming.flicker_bands)  # drawn last: what was drawn before stays as it was
    camera = replace(camera, flicker_bands=round(float(bands), 4))
    picture, marks = _portrait(index, seed, portraits, iod_px)
    picture, marks = frame_face(picture, marks, filming.size, iod_px, shift)
    return Sitter(f"synth/p{index:04d}s{seed}", picture, marks, person, lively, camera, fps)


def _portrait(index: int, seed: int, portraits: Portraits, iod_px: float) -> tuple[np.ndarray, np.ndarray]:
    if not portraits:
        from fleeting.synth.identity import usable_identity

        one = usable_identity(seed, index, size=max(_IDENTITY_PX, 2 * round(2.5 * iod_px)))
        return one.picture, one.landmarks
    from fleeting.face import find_faces

    path = Path(portraits[index % len(portraits)])
    picture = read_photo(path)
    found = find_faces(picture)
    if not found:
        raise InputError(path, "shows no face", "give a picture with a face that looks at the camera")
    return picture, np.asarray(found[0], float)[:, :2]


def frame_face(
    picture: np.ndarray, landmarks: np.ndarray, size: int, iod_px: float, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Resize and cut a portrait so that the eyes are ``iod_px`` apart.

    Parameters
    ----------
    picture, landmarks
        ``(H, W, 3)`` uint8 and ``(468, 2)`` pixels.
    size
        Greatest side of the result, pixels; smaller where the portrait shows no more around the face.
    iod_px
        Eye distance in the result.
    shift
        ``(2,)`` where the face lies besides its usual place, share of the side.

    Returns
    -------
    tuple
        ``(S, S, 3)`` uint8, S even, and ``(468, 2)``.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh
    >>> marks = neutral_mesh()[:, :2] * 50 + [80, 60]
    >>> made, moved = frame_face(np.zeros((160, 160, 3), np.uint8), marks, 96, 30.0, np.zeros(2))
    >>> made.shape, round(float(np.ptp(moved[:, 0]) / np.ptp(marks[:, 0])), 6)
    ((96, 96, 3), 0.6)
    """
    import cv2

    from fleeting.facs import eye_centers

    eyes = eye_centers(landmarks)[:, :2]
    ratio = iod_px / float(np.hypot(*(eyes[1] - eyes[0])))
    wide, high = (max(2, round(n * ratio)) for n in picture.shape[1::-1])
    small = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC)
    grown = _grown(picture, small)
    marks = landmarks @ grown[:, :2].T + grown[:, 2]
    middle = eyes.mean(0) @ grown[:, :2].T + grown[:, 2]
    side = min(size, wide - wide % 2, high - high % 2)  # even, as video wants it
    corner = np.rint(middle - (np.array([0.5, _EYES_AT]) + shift) * side).astype(int)
    left, top = (int(v) for v in np.clip(corner, 0, [wide - side, high - side]))
    return np.ascontiguousarray(small[top : top + side, left : left + side]), marks - [left, top]


def portrait_digests(portraits: Portraits) -> list[str]:
    """Name the content of portraits, so that a set is not gone on with from other pictures.

    Raises
    ------
    InputError
        Where one cannot be read.
    """
    told = []
    for path in map(Path, portraits):
        try:
            told.append(hashlib.sha256(path.read_bytes()).hexdigest())
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "check the name") from error
    return told
