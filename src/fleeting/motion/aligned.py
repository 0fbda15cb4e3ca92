"""A movement as aligned frames, and what systems see of it: one function for each input, by name.

A file that holds a system and needs an input of its own writes a function from an `AlignedClip` to an array
and files it under the input's name; ``fleeting datasets prepare``, ``bench`` and ``train`` then make it from
the clips of any dataset.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fleeting.core import CROP, LANDMARKS, CropGeometry, Registry, ShapeError, UsageError, check_shape

NEEDS = ("key", "all", "tracked")
KEY_SCALE = 2.0  # of the usual crop: flow of key frames is measured with the eyes 88 pixels apart


@dataclass(frozen=True)
class AlignedClip:
    """Frames of one movement, all cut by one transform: what still moves is the face, and the head.

    Parameters
    ----------
    frames
        ``(T, H, W)`` uint8 grey. For inputs that look at ``key`` frames these are onset, apex and offset
        alone, twice as large.
    onset, apex, offset
        Places in ``frames``; ``onset <= apex <= offset``.
    fps
        Frames per second of the source; ``None`` where unknown. Of ``key`` frames it says nothing.
    landmarks
        ``(468, 2)`` float32 at the onset, pixels of the crop, order of the MediaPipe face mesh.
    geometry
        The crop: its size is that of the frames, the eyes are ``geometry.iod`` pixels apart.
    track
        ``(T, 468, 2)`` float32, the same for every frame, where the input asked for it.
    flow
        What `movement` measures flow with, a name for `find_flow`.

    Raises
    ------
    ShapeError
        Where arrays do not fit together.

    Examples
    --------
    >>> clip = AlignedClip(np.zeros((3, 128, 112), np.uint8), 0, 1, 2, 200.0)
    >>> clip.geometry.iod, len(clip)
    (44.0, 3)
    """

    frames: np.ndarray
    onset: int
    apex: int
    offset: int
    fps: float | None = None
    landmarks: np.ndarray = field(default_factory=lambda: np.zeros((LANDMARKS, 2), np.float32))
    geometry: CropGeometry = CROP
    track: np.ndarray | None = None
    flow: str = "dis"

    def __post_init__(self) -> None:
        size = (self.geometry.height, self.geometry.width)
        count = check_shape(self.frames, ("T", *size), "frames")["T"]
        check_shape(self.landmarks, (LANDMARKS, 2), "landmarks")
        if self.track is not None:
            check_shape(self.track, (count, LANDMARKS, 2), "track")
        if self.frames.dtype != np.uint8:
            raise ShapeError(f"frames: expected uint8 grey, got {self.frames.dtype}")
        if not 0 <= self.onset <= self.apex <= self.offset < count:
            told = f"onset {self.onset}, apex {self.apex}, offset {self.offset}"
            raise ShapeError(f"expected 0 <= onset <= apex <= offset < {count} frames, got {told}")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def coded(self) -> np.ndarray:
        """Frames from onset to offset, both ends in, ``(N, H, W)``."""
        return self.frames[self.onset : self.offset + 1]


Make = Callable[[AlignedClip], np.ndarray]


@dataclass(frozen=True, slots=True)
class InputMaker:
    """How an input is made from a clip.

    Parameters
    ----------
    name
        Of the input, as in the cards of systems.
    make
        Clip -> array; the same shape and type for every clip.
    frames
        ``key``: looks at onset, apex and offset alone, so nothing else is read from the disk; these are cut
        with the eyes 88 pixels apart. ``all``: needs every frame from onset to offset; eyes 44 pixels apart.
        ``tracked``: as ``all``, with landmarks of every frame.
    """

    name: str
    make: Make
    frames: str = "key"


_makers: Registry[InputMaker] = Registry("input")


def input_maker(name: str, *, frames: str = "key") -> Callable[[Make], Make]:
    """Return a decorator that files a function as the maker of an input.

    Parameters
    ----------
    name
        As in the card of the systems that take it.
    frames
        ``key``, ``all`` or ``tracked``; see `InputMaker`.

    Raises
    ------
    UsageError
        Where the name is taken, or ``frames`` is none of them.

    Examples
    --------
    >>> @input_maker("doctest-apex")
    ... def apex(clip):
    ...     return clip.frames[clip.apex]
    >>> find_input("doctest-apex").make(AlignedClip(np.zeros((3, 128, 112), np.uint8), 0, 1, 2)).shape
    (128, 112)
    >>> del _makers._items["doctest-apex"]
    """
    if frames not in NEEDS:
        raise UsageError(f"input {name!r}: frames is {frames!r}, expected {', '.join(NEEDS)}")

    def file(make: Make) -> Make:
        if name in _makers and _same(_makers.get(name).make, make):
            return make  # a module that is imported again under another name, as notebooks and pytest do
        _makers.register(name)(InputMaker(name, make, frames))
        return make

    return file


def _same(one: Make, other: Make) -> bool:
    return one.__qualname__ == other.__qualname__ and inspect.getsourcefile(one) == inspect.getsourcefile(
        other
    )


def input_geometry(frames: str) -> CropGeometry:
    """Give the crop for what an input looks at, see `InputMaker`.

    Examples
    --------
    >>> input_geometry("key").iod, input_geometry("all").iod
    (88.0, 44.0)
    """
    return CROP.scaled(KEY_SCALE) if frames == "key" else CROP


def find_input(name: str) -> InputMaker:
    """Look up how an input is made; raises UnknownNameError with the nearest names.

    Examples
    --------
    >>> from fleeting.motion import find_input
    >>> find_input("flowmap28").frames
    'key'
    """
    return _makers.get(name)


def input_names() -> list[str]:
    """Names of the inputs that can be made from clips, sorted.

    Examples
    --------
    >>> from fleeting.motion import input_names
    >>> "flowmap28" in input_names()
    True
    """
    return _makers.names()
