"""Single frames of a long video at once, by exact index: for a person who looks, steps and plays.

`VideoReader.read` is sure of an index because a pass over the whole video has counted the frames. Who opens
an hour of video to look at one moment cannot wait for that. Here the index comes from what is known already
(the times that a result holds for every frame) or from the stamps of the packets, which are read without
decoding; the frame is then found by its stamp alone. Where stamps cannot be trusted, the pass is made.
"""

import threading
from collections import OrderedDict
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from fleeting.core import UsageError, check_shape
from fleeting.io._frame import DecodedFrame, Picture
from fleeting.io._stamps import Book, known_book, packet_book
from fleeting.io.video import VideoReader, open_video

if TYPE_CHECKING:
    from fleeting.io._cursor import Cursor

CACHE_BYTES = 192 * 2**20  # of decoded frames, for each video
BYTES_A_PIXEL = 1.5  # of a decoded frame: 4:2:0 in 8 bits, as nearly all are
CURSORS = 2  # places of one video from which decoding can go on
AHEAD = 40  # frames that are sooner decoded than sought


class FrameAccess:
    """Frames of one video by index, in any order; safe for several threads.

    Made by `open_frames`.

    Attributes
    ----------
    path : Path
        The video.
    width, height : int
        Pixels, as shown.
    """

    def __init__(self, reader: VideoReader, frames: np.ndarray, times: np.ndarray) -> None:
        self.path = reader.path
        self.width, self.height = reader.width, reader.height
        self._reader = reader
        self._lock = threading.RLock()
        self._known_frames, self._known_times = frames, times
        self._cursors: list[Cursor] = []
        self._counted = False
        room = int(CACHE_BYTES / (BYTES_A_PIXEL * self.width * self.height))
        self._cache: OrderedDict[int, Picture] = OrderedDict()
        self._room = min(max(room, 8), 1024)
        self._book: Book | None = known_book(reader, frames, times)

    @property
    def exact(self) -> bool:
        """Whether frames are found by their stamps; else by passes over the video (slow, as sure)."""
        return self._book is not None or not self._counted

    def count(self) -> int:
        """Count the frames of the whole video: by its packets, or by a pass where that cannot be trusted.

        Takes about as long as to read the file once; known afterwards.
        """
        with self._lock:
            self._count()
            return len(self._known_times)

    def times(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """Give the times of frames, both ends in.

        Parameters
        ----------
        first, last
            Frame indices; ``last`` beyond the end is cut, ``None`` is the last of the video.

        Returns
        -------
        numpy.ndarray
            ``(N,)`` seconds since the first frame of the video.

        Raises
        ------
        UsageError
            Where the indices are negative or in the wrong order.
        """
        if first < 0 or (last is not None and last < first):
            raise UsageError(f"{self.path}: expected 0 <= first <= last, got {first} and {last}")
        with self._lock:
            if last is None or not (self._knows(first) and self._knows(last)):
                self._count()
            start = int(np.searchsorted(self._known_frames, first))
            stop = len(self._known_frames)
            if last is not None:
                stop = int(np.searchsorted(self._known_frames, last, side="right"))
            return self._known_times[start:stop].copy()

    def nearest(self, time_s: float) -> tuple[int, float]:
        """Find the frame that is shown at a time.

        Parameters
        ----------
        time_s
            Seconds since the first frame; before it counts as 0, after the last frame as the last.

        Returns
        -------
        tuple
            Frame index, and the time at which this frame begins.
        """
        with self._lock:
            known = self._known_times
            if not len(known) or not known[0] <= time_s < known[-1]:
                self._count()
            # a hair more: a time that was rounded on its way still means its own frame
            place = int(np.searchsorted(self._known_times, time_s + 1e-6, side="right")) - 1
            place = min(max(place, 0), len(self._known_times) - 1)
            return int(self._known_frames[place]), float(self._known_times[place])

    def get(self, index: int) -> DecodedFrame:
        """Decode one frame, or take it from what was decoded lately.

        Parameters
        ----------
        index
            Frame index.

        Returns
        -------
        DecodedFrame
            The same picture and time that a pass over the whole video gives for this index.

        Raises
        ------
        UsageError
            Where the video has no such frame.
        """
        if index < 0:
            raise UsageError(f"{self.path}: expected frame indices from 0, got {index}")
        with self._lock:
            if not self._knows(index):
                self._count()
            if not self._knows(index):
                raise UsageError(
                    f"{self.path}: has {len(self._known_times)} frames, there is no frame {index}"
                )
            return DecodedFrame(index, self._time(index), self._picture(index))

    def _time(self, index: int) -> Fraction:
        if self._book is not None:
            return self._book.time(index)
        return Fraction(float(self._known_times[np.searchsorted(self._known_frames, index)]))

    def _knows(self, index: int) -> bool:
        frames = self._known_frames
        return bool(len(frames)) and int(frames[0]) <= index <= int(frames[-1])

    def _picture(self, index: int) -> Picture:
        picture = self._cache.get(index)
        if picture is None and self._book is not None:
            picture = self._decode(index, self._book)
            if picture is None:
                self._book = None  # its stamps do not lead there: from now on by the long way
                self._cache.clear()
        if picture is None:
            picture = self._reader.read([index])[index]
        self._remember(index, picture)
        return picture

    def _decode(self, index: int, book: Book) -> Picture | None:
        """Find a frame by its stamp: going on from where a cursor stands, or seeking."""
        for cursor in self._cursors:
            if cursor.at < index <= cursor.at + AHEAD:
                return self._run(cursor, index) or self._sought(index, book)
        return self._sought(index, book)

    def _sought(self, index: int, book: Book) -> Picture | None:
        from fleeting.io._cursor import SEEK_BACK_S, Cursor

        for back_s in SEEK_BACK_S:
            if len(self._cursors) >= CURSORS:
                self._drop(self._cursors[0])
            cursor = Cursor(self._reader, book, index, back_s)
            self._cursors.append(cursor)
            picture = self._run(cursor, index)
            if picture is not None:
                return picture
        return None

    def _run(self, cursor: "Cursor", index: int) -> Picture | None:
        for at, picture in cursor:
            self._remember(at, picture)
            if at == index:
                return picture
            if at > index:
                break
        self._drop(cursor)
        return None

    def _drop(self, cursor: "Cursor") -> None:
        cursor.close()
        if cursor in self._cursors:
            self._cursors.remove(cursor)

    def _remember(self, index: int, picture: Picture) -> None:
        self._cache[index] = picture
        self._cache.move_to_end(index)
        while len(self._cache) > self._room:
            self._cache.popitem(last=False)

    def _count(self) -> None:
        """Learn the times of all frames."""
        if self._counted:
            return
        book = packet_book(self._reader)
        if book is not None and len(self._known_frames):
            inside = self._known_frames[-1] < len(book.stamps)
            agrees = inside and np.allclose(book.times()[self._known_frames], self._known_times, atol=1e-6)
            book = book if agrees else None
        if book is not None:
            self._known_times = book.times()
        else:
            self._known_times = np.array([float(frame.time) for frame in self._reader.frames()])
        self._book = book
        self._known_frames = np.arange(len(self._known_times))
        self._counted = True
        for cursor in list(self._cursors):
            self._drop(cursor)

    def close(self) -> None:
        """Close the file and forget the frames."""
        with self._lock:
            for cursor in list(self._cursors):
                self._drop(cursor)
            self._cache.clear()
            self._reader.close()


def open_frames(
    path: str | PathLike[str],
    *,
    frames: np.ndarray | None = None,
    times: np.ndarray | None = None,
    fps: float | None = None,
) -> FrameAccess:
    """Open a video to look at single frames.

    Parameters
    ----------
    path
        A video file or a folder of images.
    frames, times
        What is known already from a pass over this very content: frame indices ``(N,)`` without a gap and
        their times ``(N,)`` in seconds, as ``signals.npz`` holds them. With these the first frame is there
        at once.
    fps
        Frames per second of a folder of images.

    Returns
    -------
    FrameAccess

    Raises
    ------
    InputError
        Where the video cannot be read.
    UsageError
        Where ``frames`` have gaps or do not fit ``times``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fleeting.io.writer import write_video
    >>> pictures = [np.full((32, 48, 3), 20 * n, np.uint8) for n in range(10)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     access = open_frames(write_video(pathlib.Path(folder) / "a.mp4", pictures, fps=25))
    ...     frame = access.get(7)
    ...     access.times(3, 5).round(2).tolist(), float(frame.time), int(frame.rgb().mean().round(-1))
    ([0.12, 0.16, 0.2], 0.28, 140)
    """
    indices = np.zeros(0, np.int64) if frames is None else np.asarray(frames, np.int64)
    seconds = np.zeros(0) if times is None else np.asarray(times, float)
    check_shape(indices, ("N",), "frames")
    check_shape(seconds, (len(indices),), "times")
    if len(indices) > 1 and not np.all(np.diff(indices) == 1):
        raise UsageError("frames: expected indices without a gap")
    return FrameAccess(open_video(path, fps=fps), indices, seconds)
