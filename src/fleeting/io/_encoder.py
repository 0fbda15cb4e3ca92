"""The encoder behind the video writer (PyAV)."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from fleeting.core import UsageError
from fleeting.io.atomic import explain_os_error

_BT601, _LIMITED = 6, 1  # AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be written, and ``name``, what errors call it."""

    name: Path
    width: int
    height: int
    fps: Fraction
    tick: Fraction
    codec: str
    pixel_format: str
    options: dict[str, str]


def check_format(name: Path, codec: str, pixel_format: str, size: tuple[int, int]) -> None:
    """Raise UsageError where FFmpeg knows no such encoder or pixel format, or the size does not fit it."""
    try:
        encodes = av.Codec(codec, "w").type
        layout = av.VideoFormat(pixel_format)
    except ValueError as error:  # UnknownCodecError is one
        raise UsageError(
            f"{name}: FFmpeg has no such encoder or pixel format ({error}); for example codec='libx264', "
            "pixel_format='yuv420p'"
        ) from error
    if encodes != "video":
        raise UsageError(f"{name}: {codec} encodes no pictures; choose a video codec")
    width, height = size
    if (width % 2 and layout.chroma_width(2) == 1) or (height % 2 and layout.chroma_height(2) == 1):
        raise UsageError(
            f"{name}: {pixel_format} needs an even size, got {width}x{height}; "
            "crop or pad the pictures by one pixel, or use pixel_format='yuv444p'"
        )


class Encoder:
    """One open video file; errors come as InputError (disk) or UsageError (what cannot be encoded)."""

    def __init__(self, path: Path, target: Target) -> None:
        self._target = target
        self._reformatter = VideoReformatter()  # one for all pictures: preparing it costs more than using it
        with self._explained():
            try:
                self._container = av.open(f"file:{path}", "w")
            except ValueError as error:
                raise UsageError(
                    f"{target.name}: its ending names no video format; use .mp4, .mkv, .mov, .webm or .avi"
                ) from error
            try:
                self._stream = self._open_stream()
            except BaseException:
                self.close()
                raise

    def _open_stream(self) -> VideoStream:
        target = self._target
        try:
            stream = self._container.add_stream(target.codec, rate=target.fps, options=target.options)
        except ValueError as error:
            raise UsageError(
                f"{target.name}: such a file cannot hold {target.codec}; choose another codec or file ending"
            ) from error
        assert isinstance(stream, VideoStream)  # so check_format has found
        stream.width, stream.height = target.width, target.height
        stream.pix_fmt = target.pixel_format
        stream.codec_context.time_base = stream.time_base = target.tick
        if not stream.format.is_rgb:  # say which way to YUV was taken; players guess it from the size
            stream.codec_context.colorspace = _BT601
            stream.codec_context.color_range = _LIMITED
        return stream

    def encode(self, image: np.ndarray, stamp: int) -> None:
        """Add an RGB picture at a number of ticks."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        if not self._stream.format.is_rgb:
            frame = self._reformatter.reformat(
                frame,
                format=self._target.pixel_format,
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
            )
        frame.pts, frame.time_base = stamp, self._target.tick
        with self._explained():
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds, and close."""
        with self._explained():
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def close(self) -> None:
        """Close a file that is to be thrown away."""
        with contextlib.suppress(av.FFmpegError, OSError):  # there is nothing left to save
            self._container.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        target = self._target
        try:
            yield
        except OSError as error:
            raise explain_os_error(target.name, error) from error
        except av.FFmpegError as error:
            form = f"{target.codec} at {target.width}x{target.height} {target.pixel_format}"
            raise UsageError(
                f"{target.name}: {form} cannot be written ({error.strerror}); "
                "choose another codec, pixel format or file ending"
            ) from error
