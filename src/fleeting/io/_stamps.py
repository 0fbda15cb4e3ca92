"""Which stamp belongs to which frame index, without decoding."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fleeting.io.video import VideoReader


@dataclass(frozen=True)
class Book:
    """Stamps of frames in a row.

    Parameters
    ----------
    first
        Index of the first frame here.
    stamps
        ``(N,)`` int64 ticks, strictly rising.
    origin
        Stamp of frame 0.
    tick
        Seconds.
    """

    first: int
    stamps: np.ndarray
    origin: int
    tick: Fraction

    def stamp(self, index: int) -> int:
        """Stamp of a frame."""
        return int(self.stamps[index - self.first])

    def time(self, index: int) -> Fraction:
        """Seconds since frame 0, exact."""
        return (self.stamp(index) - self.origin) * self.tick

    def times(self) -> np.ndarray:
        """Seconds of all frames ``(N,)``."""
        return np.asarray((self.stamps - self.origin) * float(self.tick))

    def index_of(self, stamp: int) -> int | None:
        """Index of the frame with this stamp, None where there is none."""
        place = int(np.searchsorted(self.stamps, stamp))
        if place == len(self.stamps) or self.stamps[place] != stamp:
            return None
        return self.first + place


def known_book(reader: VideoReader, frames: np.ndarray, times: np.ndarray) -> Book | None:
    """Turn times that a pass has measured back into stamps; None where these were not the container's."""
    origin, tick = _origin(reader)
    if origin is None or tick is None or not len(frames):
        return None
    ticks = times / float(tick)
    stamps = np.round(ticks).astype(np.int64)
    # Seconds are floats here: an hour in ticks of 1/90000 still leaves a millionth of a tick. What lies
    # between two ticks is no stamp but was put in by rule.
    if np.abs(ticks - stamps).max() > 1e-3 or np.any(np.diff(stamps) <= 0):
        return None
    return Book(int(frames[0]), stamps + origin, origin, tick)


def packet_book(reader: VideoReader) -> Book | None:
    """Read the stamps of all packets; None where they do not tell the frames (to be sure of them, decode)."""
    from fleeting.io._packets import packet_stamps

    origin, tick = _origin(reader)
    if origin is None or tick is None:
        return None
    stamps = packet_stamps(reader)
    if stamps is None or not len(stamps) or stamps[0] != origin:
        return None
    return Book(0, stamps, origin, tick)


def _origin(reader: VideoReader) -> tuple[int | None, Fraction | None]:
    return getattr(reader, "_first_stamp", None), getattr(reader, "_tick", None)
