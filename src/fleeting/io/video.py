"""Video in: files through PyAV and folders of images, streaming, with exact times."""

import hashlib
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Self

from fleeting.core import InputError, QualityWarning, UsageError, VideoInfo
from fleeting.io._frame import DecodedFrame
from fleeting.io._ledger import Ledger, as_fraction

_ROUNDING = Fraction(1, 1_000_000)  # seconds; 0.1 as a float lies beyond the frame at exactly 1/10


def open_video(path: str | PathLike[str], *, fps: float | None = None) -> "VideoReader":
    """Open a video file or a folder of images.

    Parameters
    ----------
    path
        A file that FFmpeg can read, or a folder with jpg, jpeg, png or bmp images. These are taken in the
        natural order of their names (``img_2.jpg`` before ``img_10.jpg``).
    fps
        Frames per second of a folder; needed there. A file has times of its own and ignores it.

    Returns
    -------
    VideoReader
        Its size is known; everything else is learnt while reading.

    Raises
    ------
    InputError
        Where the path is missing, unreadable, empty, no video, or not a single frame can be decoded.
    UsageError
        Where a folder is opened without a positive ``fps``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from fleeting.io.writer import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clip = write_video(Path(folder) / "a.mp4", [np.zeros((32, 48, 3), np.uint8)] * 5, fps=25)
    ...     with open_video(clip) as video:
    ...         times = [float(frame.time) for frame in video.frames()]
    ...         info = video.info()
    >>> times
    [0.0, 0.04, 0.08, 0.12, 0.16]
    >>> info.width, info.height, info.frames, info.fps, info.duration_s
    (48, 32, 5, 25.0, 0.2)
    """
    where = Path(path)
    try:
        if where.is_dir():
            from fleeting.io.image_folder import FolderReader

            return FolderReader(where, fps=fps)
        _check_file(where)
        from fleeting.io._video_file import FileReader

        return FileReader(where)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error


def _check_file(path: Path) -> None:
    if not path.exists():
        raise InputError(path, "does not exist", "check the name")
    if not path.is_file():  # opening a pipe would wait for ever
        raise InputError(path, "is neither a file nor a folder", "give a video file or a folder of images")
    with path.open("rb") as file:
        if not file.read(1):
            raise InputError(path, "is empty", "copy or record it again")


def content_sha256(path: str | PathLike[str]) -> str:
    """Give the SHA-256 of a video's content, read in pieces.

    Of a file its bytes; of a folder the names and bytes of its images in order, so that a renamed folder is
    still the same video.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a").write_bytes(b"abc")
    ...     content_sha256(Path(folder) / "a")[:16]  # FIPS 180-2, appendix B.1
    'ba7816bf8f01cfea'
    """
    where = Path(path)
    try:
        if not where.is_dir():
            with where.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        from fleeting.io.image_folder import list_images

        total = hashlib.sha256()
        for image in list_images(where):
            with image.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            total.update(image.name.encode("utf-8", "surrogateescape") + b"\0" + digest)
        return total.hexdigest()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error


class VideoReader(ABC):
    """A video that can be read from the start, again and again, or at single frames.

    Made by :func:`open_video`. Every pass decodes anew and holds one frame at a time; what is kept for each
    frame is its time stamp and a checksum (12 bytes).

    Attributes
    ----------
    path : Path
        As the user gave it.
    width, height : int
        Size in pixels of the first frame as it is shown, after rotation. Later frames of another size are
        scaled to it. Pixels are taken as square.
    nominal_fps : float
        Frame rate as the container states it, or 25 where it states none: a first guess, no measurement.
    expected_frames : int or None
        How many frames the container promises, ``None`` where it promises nothing: for a progress bar alone.
    """

    path: Path
    width: int
    height: int
    nominal_fps: float
    expected_frames: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ledger: Ledger | None = None
        self._sha256: str | None = None
        self._closed = False

    @abstractmethod
    def _new_ledger(self, stop: Fraction | None = None) -> Ledger:
        """Open the book for a pass."""

    @abstractmethod
    def _decode(self, ledger: Ledger) -> Iterator[DecodedFrame]:
        """Decode from the start, entering each frame in the ledger before it is given, up to its stop."""

    @abstractmethod
    def _pick(self, wanted: list[int], ledger: Ledger) -> dict[int, DecodedFrame]:
        """Decode single frames that the ledger knows; those that cannot be had exactly are left out."""

    def frames(self, start_s: float | None = None, stop_s: float | None = None) -> Iterator[DecodedFrame]:
        """Decode the video, frame by frame.

        Parameters
        ----------
        start_s, stop_s
            Seconds since the first frame, both ends in (to a microsecond). Frames before ``start_s`` are
            decoded and dropped, so that ``index`` counts from the start of the video; after ``stop_s``
            decoding ends.

        Yields
        ------
        DecodedFrame
            With ``index`` rising by one and ``time`` strictly rising.

        Raises
        ------
        UsageError
            Where the times are negative or in the wrong order, or the reader is closed.
        """
        if self._closed:
            raise UsageError(f"{self.path}: the reader is closed; open the video again")
        first, last = start_s or 0.0, stop_s
        if first < 0 or (last is not None and last < first):
            raise UsageError(f"{self.path}: expected 0 <= start <= stop, got {start_s} and {stop_s} seconds")
        return self._pass(
            as_fraction(first) - _ROUNDING, None if last is None else as_fraction(last) + _ROUNDING
        )

    def _pass(self, start: Fraction, stop: Fraction | None) -> Iterator[DecodedFrame]:
        ledger = self._new_ledger(stop)
        for frame in self._decode(ledger):
            self._keep(ledger)
            if frame.time >= start:
                yield frame
        ledger.complete = not ledger.stopped
        self._keep(ledger)

    def _keep(self, ledger: Ledger) -> None:
        """Make the longest pass so far the one that counts."""
        known = self._ledger
        if known is None or ledger.complete or (not known.complete and len(ledger) > len(known)):
            self._ledger = ledger

    def read(self, indices: Iterable[int]) -> dict[int, DecodedFrame]:
        """Decode a few frames by index.

        Frames that a pass has already seen are found by seeking to the key frame before them; time stamp and
        checksum must then be those of the pass, otherwise (and for frames not seen yet) decoding starts at
        the beginning. So the result equals that of :meth:`frames`, whatever the container says. All frames
        asked for are in memory at once.

        Parameters
        ----------
        indices
            Zero-based frame indices, in any order.

        Returns
        -------
        dict
            Frame by index, rising.

        Raises
        ------
        UsageError
            Where an index lies outside the video.
        """
        wanted = sorted({operator.index(index) for index in indices})
        if wanted and wanted[0] < 0:
            raise UsageError(f"{self.path}: expected frame indices from 0, got {wanted[0]}")
        if self._closed:
            raise UsageError(f"{self.path}: the reader is closed; open the video again")
        found: dict[int, DecodedFrame] = {}
        if wanted and self._ledger is not None:
            seen = len(self._ledger)
            found = self._pick([index for index in wanted if index < seen], self._ledger)
            if self._ledger.complete and wanted[-1] >= seen:
                raise UsageError(f"{self.path}: has {seen} frames, there is no frame {wanted[-1]}")
        missing = set(wanted) - set(found)
        if missing:
            found |= self._scan(missing)
        return dict(sorted(found.items()))

    def _scan(self, wanted: set[int]) -> dict[int, DecodedFrame]:
        found: dict[int, DecodedFrame] = {}
        for frame in self.frames():
            if frame.index in wanted:
                found[frame.index] = frame
                if len(found) == len(wanted):
                    return found
        gone = min(wanted - set(found))
        raise UsageError(f"{self.path}: has no frame {gone} that can be decoded")

    def info(self) -> VideoInfo:
        """Say what is known of the video after a pass: counted, not promised.

        ``duration_s`` is the time of the last frame plus the mean distance of frames, ``fps`` is frames over
        duration. After a pass that stopped early (``stop_s``) this is about the part from the start to there.

        Raises
        ------
        UsageError
            Where no frame has been read yet.
        """
        ledger = self._ledger
        if ledger is None:
            raise UsageError(f"{self.path}: nothing is known of it yet; read its frames first")
        if self._sha256 is None:
            self._sha256 = content_sha256(self.path)
        duration = ledger.last + ledger.frame_s
        return VideoInfo(
            path=str(self.path),
            sha256=self._sha256,
            width=self.width,
            height=self.height,
            frames=len(ledger),
            duration_s=float(duration),
            fps=float(len(ledger) / duration),
            variable_rate=ledger.variable_rate,
        )

    @property
    def problems(self) -> list[QualityWarning]:
        """What the passes so far have found wrong.

        Codes: ``truncated`` (the file ends before the video does), ``decode_error`` (damaged pieces were
        skipped or may look wrong), ``non_monotonic_time`` (times were missing or out of order),
        ``variable_rate``, ``interlaced``, ``size_change``.
        """
        return [] if self._ledger is None else self._ledger.problems()

    @property
    def complete(self) -> bool:
        """Whether a pass has reached the end of the video."""
        return self._ledger is not None and self._ledger.complete

    def close(self) -> None:
        """End the use of the reader. Files are open only while a pass runs."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
