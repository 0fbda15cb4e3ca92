"""What the viewer holds open: results, videos, signals and the coders' log. No web here."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fleeting.core import Expression, InputError, Report, UsageError
from fleeting.io import (
    ANNOTATION_FILE,
    AnnotationLog,
    Extremes,
    FrameAccess,
    MediaKind,
    SignalFile,
    machine_keys,
    media_kind,
    open_frames,
)
from fleeting.report import region_motion
from fleeting.serve.library import FoundVideo, Library, Recording, VideoFinder

T = TypeVar("T")
OPEN_VIDEOS = 4
OPEN_SIGNALS = 3
DERIVED = 64
MOST_STREAM = 20_000  # frames that one stream may hold


class Desk:
    """Everything that the routes need.

    Parameters
    ----------
    place
        A folder with results, or one result.
    videos
        A further folder with videos.
    blind
        Whether the machine's answer is hidden from every coder until she asks for it.

    Raises
    ------
    InputError
        Where there is no result.
    """

    def __init__(self, place: Path, videos: Path | None = None, *, blind: bool = False) -> None:
        self.library = Library(place, videos)
        self.finder = VideoFinder(self.library)
        self.log = AnnotationLog(self.library.folder / ANNOTATION_FILE)
        self.blind = blind
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._videos: OrderedDict[Hashable, FrameAccess] = OrderedDict()
        self._signals: OrderedDict[Hashable, SignalFile] = OrderedDict()
        self._lines: OrderedDict[Hashable, Extremes] = OrderedDict()
        self._derived: OrderedDict[Hashable, Any] = OrderedDict()

    def find_video(self, recording: Recording) -> Path:
        """Give the video of a recording.

        Raises
        ------
        InputError
            Where it is not there or not the one that was analysed.
        """
        found: FoundVideo = self.finder.find(recording)
        if found.path is None:
            raise InputError("video", found.why)
        return found.path

    def frames(self, recording: Recording) -> FrameAccess:
        """Open the video of a recording, or give it as it is open already."""
        path = self.find_video(recording)
        key = ("frames", str(path), path.stat().st_mtime_ns, recording.id)
        return self._kept(self._videos, key, OPEN_VIDEOS, lambda: self._open(recording, path))

    def _open(self, recording: Recording, path: Path) -> FrameAccess:
        signals = self.signals(recording)
        known = {}
        if signals is not None and "times" in signals and "frames" in signals:
            known = {"frames": signals["frames"], "times": signals["times"]}
        return open_frames(path, fps=_fps(report_of(recording)), **known)

    def signals(self, recording: Recording) -> SignalFile | None:
        """Open the signals of a recording; None where there are none."""
        path = recording.signals_path
        if not path.is_file():
            return None
        key = ("signals", str(path), path.stat().st_mtime_ns)
        return self._kept(self._signals, key, OPEN_SIGNALS, lambda: SignalFile(path))

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Work something small out once and keep it for a while."""
        return self._kept(self._derived, ("derived", key), DERIVED, make)

    def lines(self, file: SignalFile, face: int) -> Extremes:
        """Give the curve and the motion of every region ``(T, 1 + R)``, prepared once: they are large."""

        def make() -> Extremes:
            times = file["times"]
            moved = region_motion(times, file.read(f"face{face}_regions"))
            return Extremes(times, np.column_stack([file[f"face{face}_curve"], moved]))

        key = ("lines", str(file.path), file.path.stat().st_mtime_ns, face)
        return self._kept(self._lines, key, OPEN_SIGNALS, make)

    def prepare(self, recording: Recording) -> None:
        """Begin to prepare what the page of a recording asks for next, in a thread."""
        file = self.signals(recording)
        faces = [face.id for face in report_of(recording).faces[:1]]
        if file is not None and faces and f"face{faces[0]}_curve" in file:
            threading.Thread(target=self.lines, args=(file, faces[0]), daemon=True).start()

    def media(self, recording: Recording) -> MediaKind:
        """Say what a browser can do with the video."""
        path = self.find_video(recording)
        return self.derived(("media", str(path), path.stat().st_mtime_ns), lambda: media_kind(path))

    def seconds(self, recording: Recording) -> Callable[[int], float | None]:
        """Give what tells the time of a frame, None where nobody knows without reading the whole video."""
        signals, info = self.signals(recording), report_of(recording).video
        known, times = np.zeros(0, np.int64), np.zeros(0)
        if signals is not None and "times" in signals and "frames" in signals:
            known, times = signals["frames"], signals["times"]

        def second(index: int) -> float | None:
            place = int(np.searchsorted(known, index))
            if place < len(known) and known[place] == index:
                return float(times[place])
            return None if info.variable_rate or info.fps <= 0 else index / info.fps

        return second

    def times(self, recording: Recording) -> np.ndarray:
        """Give the times ``(T,)`` of all frames.

        Raises
        ------
        InputError
            Where neither the result nor the video tells.
        """
        signals, info = self.signals(recording), report_of(recording).video
        if signals is not None and "times" in signals and len(signals["times"]) == info.frames:
            return np.asarray(signals["times"], float)
        if self.finder.find(recording).path is not None:
            return self.frames(recording).times()
        if info.variable_rate or info.fps <= 0:
            raise InputError("video", "the times of its frames are not known without it", "give --videos DIR")
        return np.arange(info.frames) / info.fps

    def span(self, recording: Recording, first: int, last: int, step: int = 1) -> range:
        """Check a stretch of frames, both ends in.

        Raises
        ------
        UsageError
            Where it is empty, too long, or not in the video.
        """
        count = report_of(recording).video.frames
        if not 0 <= first <= last < max(count, 1) or not 1 <= step <= 1000:
            raise UsageError(f"expected 0 <= from <= to < {count} frames and a step of 1..1000")
        if (last - first) // step >= MOST_STREAM:
            raise UsageError(f"expected at most {MOST_STREAM} frames at a time")
        return range(first, last + 1, step)

    def close(self) -> None:
        """Close all files."""
        for access in self._videos.values():
            access.close()
        self.log.close()

    def _kept(self, shelf: "OrderedDict[Hashable, T]", key: Hashable, most: int, make: Callable[[], T]) -> T:
        """Take from a shelf, or make: once, even where several ask, and without holding up others."""
        with self._lock:
            if key in shelf:
                shelf.move_to_end(key)
                return shelf[key]
            mine = self._making.setdefault(key, threading.Lock())
        with mine:
            with self._lock:
                if key in shelf:
                    return shelf[key]
            made = make()
            with self._lock:
                shelf[key] = made
                self._making.pop(key, None)
                while len(shelf) > most:
                    shelf.popitem(last=False)  # whoever still works with it keeps it until then
        return made


def report_of(recording: Recording) -> Report:
    """Give the result of a recording that `Library.get` gave."""
    assert recording.report is not None
    return recording.report


def expressions_of(recording: Recording) -> dict[str, Expression]:
    """Give the machine's expressions by key."""
    found = report_of(recording).expressions
    return dict(zip(machine_keys(found), found, strict=True))


def log_name(recording: Recording) -> str:
    """Name a recording in the log: by its video's content, so that a new analysis keeps the annotations."""
    return report_of(recording).video.sha256


def numbers(array: np.ndarray) -> list[float | None]:
    """Give numbers as JSON knows them: what is not seen is null, rounded to a millionth.

    Examples
    --------
    >>> numbers(np.array([1.0, np.nan]))
    [1.0, None]
    """
    rounded = np.round(np.asarray(array, float), 6)
    found: list[float | None] = rounded.tolist()
    for place in np.flatnonzero(~np.isfinite(rounded)):
        found[place] = None
    return found


def _fps(report: Report) -> float | None:
    value = report.provenance.settings.get("fps")
    return float(value) if isinstance(value, int | float) and value > 0 else None
