"""Video out: whole files or none."""

import itertools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from fleeting.core import UsageError, check_image, check_shape
from fleeting.io._ledger import SLOWEST_FPS, as_fraction
from fleeting.io.atomic import atomic_path

if TYPE_CHECKING:
    from fleeting.io._encoder import Encoder

_TAKES_CRF = ("libx264", "libx264rgb", "libx265", "libvpx", "libvpx-vp9", "libaom-av1", "libsvtav1")
_FINE_TICKS = 60_000  # per second where frames bring their own times; some encoders hold no more than 65535


class VideoWriter:
    """Write RGB pictures to a video file, which appears only when all went well.

    Parameters
    ----------
    path
        Target; its ending chooses the container (``.mp4``, ``.mkv``, ...). An older file is replaced.
    width, height
        Size in pixels. With ``yuv420p`` both must be even, since it stores colour for blocks of 2x2 pixels.
        An odd size is an error and not padded: the video that comes back would not fit its own annotation.
    fps
        Frames per second.
    codec
        Name of an FFmpeg encoder. Lossless: ``libx264rgb`` with ``crf=0`` and ``rgb24``, or ``ffv1`` with
        ``bgr0`` in ``.mkv``; ``libx264`` with ``crf=0`` loses only what the way to ``yuv420p`` loses.
    crf
        Quality of the encoders that know it: 0 lossless, 18 visually so, 51 worst.
    pixel_format
        How pixels are stored.
    options
        Further options of the encoder, as FFmpeg names them.

    Raises
    ------
    UsageError
        Where an argument does not fit.
    InputError
        Where the file cannot be written: no folder, no permission, full disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with VideoWriter(Path(folder) / "a.mp4", width=32, height=16, fps=25) as writer:
    ...         for level in (0, 128, 255):
    ...             writer.write(np.full((16, 32, 3), level, np.uint8))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a.mp4']
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        width: int,
        height: int,
        fps: float | Fraction,
        codec: str = "libx264",
        crf: int | None = 18,
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.width, self.height = width, height
        if width < 1 or height < 1 or not SLOWEST_FPS <= fps < math.inf:
            got = f"got {width}x{height} at {fps} fps"
            raise UsageError(f"{path}: expected a size above 0 and at least {SLOWEST_FPS} fps, {got}")
        self.fps = as_fraction(fps).limit_denominator(1001)
        self.frames = 0
        self._codec, self._pixel_format = codec, pixel_format
        self._options = dict(options or {})
        if crf is not None and codec in _TAKES_CRF:
            self._options.setdefault("crf", str(crf))
        self._tick = 1 / self.fps
        self._has_times = False
        self._last = -1
        self._encoder: Encoder | None = None
        self._temporary: Path | None = None
        from fleeting.io._encoder import check_format

        check_format(self.path, codec, pixel_format, (width, height))

    def __enter__(self) -> Self:
        self._whole = atomic_path(self.path)
        self._temporary = self._whole.__enter__()
        return self

    def write(self, image_rgb: np.ndarray, time: float | Fraction | None = None) -> None:
        """Add a picture.

        Parameters
        ----------
        image_rgb
            ``(height, width, 3)`` uint8 RGB.
        time
            Seconds from 0, rising from picture to picture, kept to 17 microseconds (to 1 millisecond in
            ``.mkv`` and ``.webm``). Give it for every picture or for none; without, pictures follow each
            other at ``fps``.

        Raises
        ------
        UsageError
            Where the picture has another size or type, or the time does not rise.
        InputError
            Where the file cannot be written.
        """
        check_image(image_rgb, f"{self.path}: picture {self.frames}")
        check_shape(image_rgb, (self.height, self.width, 3), f"{self.path}: picture {self.frames}")
        if self._temporary is None:
            raise UsageError(f"{self.path}: is not open; write inside a with block")
        if self._encoder is None:
            self._encoder = self._open(self._temporary, has_times=time is not None)
        stamp = self._stamp(time)
        self._encoder.encode(image_rgb, stamp)
        self._last = stamp
        self.frames += 1

    def _open(self, temporary: Path, *, has_times: bool) -> "Encoder":
        """Open the file at the first picture, which shows how fine the clock must be."""
        from fleeting.io._encoder import Encoder, Target

        fine = max(1, _FINE_TICKS // self.fps.numerator) * self.fps.numerator
        self._has_times = has_times
        self._tick = Fraction(1, fine) if has_times else 1 / self.fps
        size = self.width, self.height
        target = Target(
            self.path, *size, self.fps, self._tick, self._codec, self._pixel_format, self._options
        )
        return Encoder(temporary, target)

    def _stamp(self, time: float | Fraction | None) -> int:
        """Give the number of ticks at which the next picture stands."""
        if (time is not None) != self._has_times:
            raise UsageError(f"{self.path}: picture {self.frames}: give a time for every picture or for none")
        if time is None:
            return self.frames
        if not 0 <= time < math.inf:
            raise UsageError(f"{self.path}: picture {self.frames}: expected a time from 0 s, got {time}")
        stamp = round(as_fraction(time) / self._tick)
        if stamp <= self._last:
            last = float(self._last * self._tick)
            what = f"expected a time after {last:.6f} s, got {float(time):.6f} s"
            raise UsageError(f"{self.path}: picture {self.frames}: {what}")
        return stamp

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise
        self._temporary = None
        self._whole.__exit__(None, None, None)

    def _finish(self) -> None:
        if self._encoder is None:
            raise UsageError(f"{self.path}: no picture was written; write at least one")
        self._encoder.finish()

    def _abandon(self) -> None:
        """Leave the target as it was, whatever the reason."""
        if self._encoder is not None:
            self._encoder.close()
        self._temporary = None
        self._whole.__exit__(_Abandoned, _Abandoned(), None)


class _Abandoned(Exception):
    """Tells the atomic path not to put the file in place."""


def write_video(
    path: str | PathLike[str],
    frames: Iterable[np.ndarray],
    fps: float | Fraction,
    *,
    times: Iterable[float | Fraction] | None = None,
    codec: str = "libx264",
    crf: int | None = 18,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """Write pictures to a video file; see :class:`VideoWriter` for everything that is not said here.

    Parameters
    ----------
    frames
        ``(H, W, 3)`` uint8 RGB pictures of one size, at least one; taken one at a time.
    times
        Seconds of each picture, for a variable frame rate.

    Returns
    -------
    pathlib.Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder) / "a.mkv", [np.zeros((8, 8, 3), np.uint8)], fps=25, codec="ffv1").name
    'a.mkv'
    """
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise UsageError(f"{path}: no picture was given; give at least one")
    check_image(first, f"{path}: picture 0")
    stamps: Iterator[float | Fraction | None] = itertools.repeat(None)
    if times is not None:
        stamps = iter(times)
    height, width = first.shape[:2]
    with VideoWriter(
        path,
        width=width,
        height=height,
        fps=fps,
        codec=codec,
        crf=crf,
        pixel_format=pixel_format,
        options=options,
    ) as writer:
        for picture in itertools.chain([first], pictures):
            time = next(stamps, None)
            if time is None and times is not None:
                raise UsageError(f"{path}: there are fewer times than pictures; give one for each")
            writer.write(picture, time)
    return writer.path
