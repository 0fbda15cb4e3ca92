"""A video file that is still being written, frame by frame."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from fleeting.core import InputError, UsageError
from fleeting.io._frame import DecodedFrame

QUICK = {"probesize": "500000", "analyzeduration": "500000"}  # bytes, microseconds: do not wait to begin


def follow_video(
    path: str | PathLike[str],
    *,
    quiet_s: float = 5.0,
    poll_s: float = 0.05,
    done: Callable[[], bool] = lambda: False,
) -> Iterator[DecodedFrame]:
    """Give the frames of a file that grows, each as soon as it is there.

    Nothing is kept: memory does not grow with the file. The container must be one that can be read while it
    is written, such as MPEG-TS (``.ts``) or Matroska (``.mkv``); an MP4 has its index at the end and cannot.

    Parameters
    ----------
    path
        Of the file; it must be there, and may be empty yet.
    quiet_s
        The file counts as finished when it has not grown for so long, seconds.
    poll_s
        How often to look whether it has grown, seconds.
    done
        Asked while waiting: True ends it at once, after all that was written.

    Yields
    ------
    DecodedFrame
        Counted from 0, times in seconds since the first.

    Raises
    ------
    InputError
        Where the file is missing, or holds no video that can be read on the way.
    UsageError
        For times that are not positive.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from fleeting.io.writer import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clip = write_video(Path(folder) / "a.ts", [np.zeros((32, 48, 3), np.uint8)] * 5, fps=25)
    ...     [float(frame.time) for frame in follow_video(clip, done=lambda: True)]
    [0.0, 0.04, 0.08, 0.12, 0.16]
    """
    if not (quiet_s > 0 and poll_s > 0):
        raise UsageError(f"expected positive seconds, got quiet_s={quiet_s}, poll_s={poll_s}")
    if not Path(path).is_file():
        raise InputError(path, "no such file", "give a file that is being written")
    with Path(path).open("rb") as file:
        yield from _frames(path, _Growing(file, quiet_s, poll_s, done))


class _Growing:
    """What PyAV reads from: at the end of the file it waits for more. It cannot seek, and does not say so."""

    def __init__(self, file: BinaryIO, quiet_s: float, poll_s: float, done: Callable[[], bool]) -> None:
        self.file, self.quiet_s, self.poll_s, self.done = file, quiet_s, poll_s, done

    def read(self, size: int) -> bytes:
        """Give up to so many bytes, none at the very end."""
        since = time.monotonic()
        while True:
            last = self.done() or time.monotonic() - since > self.quiet_s
            data = self.file.read(size)  # after the question: what was written before it is read
            if data or last:
                return data
            time.sleep(self.poll_s)


def _frames(path: str | PathLike[str], source: _Growing) -> Iterator[DecodedFrame]:
    import av

    from fleeting.io._picture import AvPicture, orientation_of

    try:
        with av.open(source, "r", options=QUICK, metadata_errors="replace") as container:
            if not container.streams.video:
                raise InputError(path, "holds no video", "give a recording in .ts or .mkv")
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # threads over frames would hold frames back
            first: Fraction | None = None
            for index, frame in enumerate(container.decode(stream)):
                stamp = Fraction(frame.pts or 0) * Fraction(frame.time_base or 1)
                first = stamp if first is None else first
                yield DecodedFrame(index, stamp - first, AvPicture(frame, orientation_of(frame)))
    except av.FFmpegError as error:
        raise InputError(
            path, f"cannot be read while it grows ({error.strerror})", "write it as .ts or .mkv"
        ) from error
