"""Where the frames of a sample are: files and places, with what a release has dropped; decoding them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fleeting.core import InputError
from fleeting.datasets import Sample

MOST_DROPPED = 3  # frames that onset, apex or offset may be away from the nearest one that is there


@dataclass(frozen=True)
class ClipSource:
    """The frames of a sample that are to be read.

    Parameters
    ----------
    name
        Of the sample, for messages.
    files
        One video, or a picture for each of ``indices``.
    indices
        ``(T,)`` frame indices in the source, rising.
    key
        Places of onset, apex and offset in ``indices``; the apex is ``None`` where it is not known.
    video
        Whether ``files`` is one video.
    notes
        What was taken instead of frames that are not there.
    """

    name: str
    files: tuple[Path, ...]
    indices: tuple[int, ...]
    key: tuple[int, int | None, int]
    video: bool
    notes: tuple[str, ...] = ()

    def at_key_frames(self) -> "ClipSource":
        """Give the same with onset, apex and offset alone; the apex must be known."""
        onset, apex, offset = self.key
        if apex is None:
            raise InputError(self.name, "its apex is not known", "give the apex policy midpoint")
        kept = sorted({onset, apex, offset})
        files = self.files if self.video else tuple(self.files[at] for at in kept)
        places = (kept.index(onset), kept.index(apex), kept.index(offset))
        return ClipSource(
            self.name, files, tuple(self.indices[at] for at in kept), places, self.video, self.notes
        )

    def with_apex(self, apex: int) -> "ClipSource":
        """Give the same with the place of the apex."""
        onset, _, offset = self.key
        return ClipSource(self.name, self.files, self.indices, (onset, apex, offset), self.video, self.notes)

    def read(self) -> Iterator[tuple[np.ndarray, Callable[[], np.ndarray]]]:
        """Decode the frames in order: grey ``(H, W)`` uint8, and a function that gives RGB.

        Raises
        ------
        InputError
            Where a frame cannot be decoded, or a video ends too early.
        """
        return self._read_video() if self.video else self._read_pictures()

    def _read_pictures(self) -> Iterator[tuple[np.ndarray, Callable[[], np.ndarray]]]:
        size: tuple[int, ...] | None = None
        for path in self.files:
            gray = read_picture(path)
            if size not in (None, gray.shape):
                raise InputError(path, f"is {gray.shape}, the frames before it {size}", "check the folder")
            size = gray.shape
            yield gray, lambda path=path: read_picture(path, color=True)  # type: ignore[misc]

    def _read_video(self) -> Iterator[tuple[np.ndarray, Callable[[], np.ndarray]]]:
        from fleeting.io import open_video

        wanted = set(self.indices)
        with open_video(self.files[0]) as video:
            for frame in video.frames():
                if frame.index in wanted:
                    yield frame.gray(), frame.rgb
                    wanted.remove(frame.index)
                if not wanted:
                    return
            told = f"has {frame.index + 1} frames, frame {min(wanted)} is coded"
        raise InputError(self.files[0], told, "check onset and offset")


def find_source(sample: Sample) -> ClipSource:
    """Find the frames of a sample from onset to offset; opens none.

    A frame that a release dropped is replaced by the nearest one in the movement, up to three frames away.

    Raises
    ------
    InputError
        Where they are not on disk, or onset, apex or offset have no frame near them.
    """
    wanted = (sample.onset, sample.apex, sample.offset)
    if sample.is_video and sample.path is not None:
        indices = tuple(range(sample.onset, sample.offset + 1))
        places = tuple(None if one is None else one - sample.onset for one in wanted)
        return ClipSource(sample.id, (sample.path,), indices, places, video=True)  # type: ignore[arg-type]
    pairs = sample.indexed_frames()
    if not pairs:
        what = f"none of its frames {sample.onset} to {sample.offset} is there"
        raise InputError(sample.path, what, "check onset and offset, or take the whole release")
    indices = tuple(at for at, _ in pairs)
    found = [None if one is None else _nearest(sample, indices, one) for one in wanted]
    words = ("onset", "apex", "offset")
    notes = tuple(
        f"{word} frame {one} is not there: {indices[place]} taken"
        for word, one, place in zip(words, wanted, found, strict=True)
        if place is not None and indices[place] != one
    )
    key = (found[0], found[1], found[2])
    return ClipSource(sample.id, tuple(path for _, path in pairs), indices, key, video=False, notes=notes)  # type: ignore[arg-type]


def _nearest(sample: Sample, indices: Sequence[int], wanted: int) -> int:
    place = int(np.argmin(np.abs(np.array(indices) - wanted)))
    if abs(indices[place] - wanted) > MOST_DROPPED:
        what = f"frame {wanted} is not there, the nearest one is {indices[place]}"
        raise InputError(sample.path, what, "check onset and offset, or take the whole release")
    return place


def read_picture(path: Path, *, color: bool = False) -> np.ndarray:
    """Decode a picture as grey ``(H, W)``, or RGB ``(H, W, 3)``; uint8.

    Raises
    ------
    InputError
        Where it cannot be.
    """
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the error below tells it
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        mode = cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE
        image = cv2.imdecode(data, mode) if data.size else None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    except cv2.error as error:
        raise InputError(path, "cannot be decoded", "copy it again") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if image is None:
        raise InputError(path, "cannot be decoded", "copy it again")
    return np.ascontiguousarray(image[..., ::-1]) if color else image
