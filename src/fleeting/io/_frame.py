"""The frame that a reader gives: a position, a time, and pictures made on demand."""

from fractions import Fraction
from typing import Protocol

import numpy as np


class Picture(Protocol):
    """Something that can be turned into arrays."""

    def gray(self) -> np.ndarray:
        """Grey picture ``(H, W)`` uint8."""
        ...

    def rgb(self) -> np.ndarray:
        """Colour picture ``(H, W, 3)`` uint8 RGB."""
        ...


class DecodedFrame:
    """One picture of a video, turned into arrays only when asked, and once.

    Arrays are read-only: they may be views of the decoder's own memory, from which later frames are
    predicted. Take a copy to draw on one.

    Attributes
    ----------
    index : int
        Zero-based position in decode order, counted over the whole video.
    time : Fraction
        Seconds since the first frame of the video, exact.
    """

    __slots__ = ("_gray", "_picture", "_rgb", "index", "time")

    def __init__(self, index: int, time: Fraction, picture: Picture) -> None:
        self.index = index
        self.time = time
        self._picture = picture
        self._gray: np.ndarray | None = None
        self._rgb: np.ndarray | None = None

    def gray(self) -> np.ndarray:
        """Give the brightness of each pixel.

        For YUV and grey videos this is the stored luma, without any colour conversion and, for 8 bits and no
        rotation, without a copy. Its range is the video's own: mostly limited (16 black to 235 white), for
        some cameras full (0 to 255). Deeper luma is rounded to 8 bits. RGB videos are converted with the
        weights of ITU-R BT.601 (0.299, 0.587, 0.114), full range.

        Returns
        -------
        numpy.ndarray
            ``(H, W)`` uint8, read-only; rows may be further apart than ``W`` bytes.
        """
        if self._gray is None:
            self._gray = _frozen(self._picture.gray())
        return self._gray

    def rgb(self) -> np.ndarray:
        """Give the picture in colour.

        Returns
        -------
        numpy.ndarray
            ``(H, W, 3)`` uint8 RGB, full range, read-only.
        """
        if self._rgb is None:
            self._rgb = _frozen(self._picture.rgb())
        return self._rgb

    def __repr__(self) -> str:
        return f"DecodedFrame(index={self.index}, time={float(self.time):.6f})"


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
