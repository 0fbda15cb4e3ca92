"""Decoded pictures: grey and RGB arrays made on demand, the right way up."""

import contextlib
import functools
import re
import zlib
from typing import Any, NamedTuple

import av
import numpy as np

from fleeting.core import InputError

_NATIVE_DEEP_LUMA = re.compile(r"(yuva?4\d\dp|gray)(9|10|12|14|16)le")
# PyAV 17 began to spread each conversion over threads; the decoder needs the cores more (a third less work).
_ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
_FINGERPRINT_STEP = 16  # every 16th line: 20 kB of a 640x480 picture, some ten microseconds


class Orientation(NamedTuple):
    """How a stored picture is turned to be seen: swap the axes first, then mirror."""

    swap: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Turn an image ``(H, W, ...)``; without anything to do it comes back as it is."""
        if self == UPRIGHT:
            return image
        import cv2  # several times faster at this than numpy, and seldom needed

        if self.swap:
            image = cv2.transpose(image)
        if self.mirror_x:
            image = cv2.flip(image, 1)
        if self.mirror_y:
            image = cv2.flip(image, 0)
        return image

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after turning."""
        return (height, width) if self.swap else (width, height)


UPRIGHT = Orientation()
_QUARTER_TURNS = (  # counter-clockwise by 0, 90, 180, 270 degrees
    UPRIGHT,
    Orientation(swap=True, mirror_y=True),
    Orientation(mirror_x=True, mirror_y=True),
    Orientation(swap=True, mirror_x=True),
)


def orientation_from_matrix(matrix: tuple[int, ...]) -> Orientation:
    """Read a display matrix: nine numbers ``a b u c d v x y w``.

    A point ``(x, y)`` of the stored picture is shown at ``(a x + c y, b x + d y)``, y downwards (ISO/IEC
    14496-12, track header). Turns other than quarter turns are taken as the nearest one.

    Examples
    --------
    >>> orientation_from_matrix((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))  # a quarter turn clockwise
    Orientation(swap=True, mirror_x=True, mirror_y=False)
    """
    a, b, _, c, d = matrix[:5]
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swap=True, mirror_x=c < 0, mirror_y=b < 0)
    return Orientation(swap=False, mirror_x=a < 0, mirror_y=d < 0)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Find out how a decoded frame is to be turned, mirror images included."""
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # the frame carries side data of a kind that this PyAV has no name for
        return _QUARTER_TURNS[round(frame.rotation / 90) % 4]  # a mirror image cannot be told from this
    if data is None:
        return UPRIGHT
    return orientation_from_matrix(tuple(int(n) for n in _numbers(data, np.int32)))


class AvPicture:
    """A frame as the decoder gave it."""

    __slots__ = ("_frame", "_orientation")

    def __init__(self, frame: av.VideoFrame, orientation: Orientation) -> None:
        self._frame = frame
        self._orientation = orientation

    def gray(self) -> np.ndarray:
        """Luma of the frame, upright."""
        luma = luma_of(self._frame)
        if luma is None and _is_yuv(self._frame.format.name):  # packed: unpack it, to keep the luma's range
            luma = luma_of(self._frame.reformat(format="yuv444p", **_ONE_THREAD))
        if luma is None:
            luma = _convert(self._frame, "gray")
        return self._orientation.apply(luma)

    def rgb(self) -> np.ndarray:
        """RGB of the frame, upright."""
        return self._orientation.apply(_convert(self._frame, "rgb24"))


def luma_of(frame: av.VideoFrame) -> np.ndarray | None:
    """Give the stored luma as ``(H, W)`` uint8, a view where it has 8 bits, or None where there is none."""
    depth = _luma_depth(frame.format.name)
    plane = frame.planes[0]
    if depth is None or plane.line_size <= 0:  # some old codecs store the picture bottom-up
        return None
    if depth == 8:
        return _numbers(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    deep = _numbers(plane, "<u2").reshape(-1, plane.line_size // 2)[: frame.height, : frame.width]
    half, top = 1 << (depth - 9), (1 << depth) - 1
    return ((np.minimum(deep, top - half) + half) >> (depth - 8)).astype(np.uint8)


@functools.cache
def _luma_depth(name: str) -> int | None:
    """Bits of the luma that fills a pixel format's first plane alone; None for all other formats."""
    layout = av.VideoFormat(name)
    if layout.is_rgb or layout.has_palette or layout.is_bit_stream or layout.is_bayer:
        return None
    luma, *others = layout.components
    if luma.plane != 0 or any(other.plane == 0 for other in others):
        return None
    if luma.bits == 8 or _NATIVE_DEEP_LUMA.fullmatch(name):
        return luma.bits
    return None


@functools.cache
def _is_yuv(name: str) -> bool:
    layout = av.VideoFormat(name)
    return not (layout.is_rgb or layout.has_palette or layout.is_bayer) and len(layout.components) >= 3


def _convert(frame: av.VideoFrame, layout: str) -> np.ndarray:
    with contextlib.suppress(av.FFmpegError, ValueError):
        return frame.to_ndarray(format=layout, **_ONE_THREAD)
    # Damaged or exotic colour tags: take the frame as plain video.
    try:
        return frame.to_ndarray(format=layout, src_colorspace="ITU601", src_color_range="MPEG", **_ONE_THREAD)
    except (av.FFmpegError, ValueError) as error:
        what = f"of the pixel format {frame.format.name} cannot be turned into a picture"
        raise InputError("frame", what, "convert the video to MP4 (H.264)") from error


def fingerprint(frame: av.VideoFrame) -> int:
    """Tell two decoded frames apart by a checksum over every 16th line of the first plane."""
    plane = frame.planes[0]
    stride = abs(plane.line_size)
    if not stride:
        return 0
    deep = frame.format.components[0].bits >= 8
    used = min(stride, frame.width if deep else frame.width // 8)  # line padding holds chance bytes
    lines = _numbers(plane, np.uint8).reshape(-1, stride)[::_FINGERPRINT_STEP, :used]
    return zlib.crc32(lines.tobytes())


def _numbers(buffer: Any, dtype: Any) -> np.ndarray:  # PyAV's buffers are none to the type checker
    return np.frombuffer(buffer, dtype)
