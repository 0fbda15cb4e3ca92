"""Video -> tracks and region signals of every face, in one pass over the frames."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fleeting.analysis.rois import ROI_SHAPES, RoiFollower
from fleeting.core import LANDMARKS, FaceTrack, Growing
from fleeting.face import FacesWanted, FaceTracker, crop_transform, follow, upper_lid_height
from fleeting.io import DecodedFrame
from fleeting.motion import RegionSignals, RegionTracker

T = TypeVar("T")

LANDMARK_S = 0.5  # landmarks are measured this often; registration follows the face in between
MESH_S = 2.0  # meshes are kept this often
LIDS_S = 0.03  # ... and where the eyes look other than lately, to tell a blink
AHEAD = 24  # frames that the decoder may be ahead
BLINK_SHARE, BLINK_OTHER_SHARE = 0.8, 0.9  # of the usual height: the lower lid, and the other one
BLINK_REACH_S = 0.1
Progress = Callable[[int, float], None]


@dataclass
class FaceMeasurement:
    """Track and signals of one face, and how open its eyes were at every look.

    ``lids`` ``(M, 3)``: time in seconds, height of the right and of the left upper lid
    (`face.upper_lid_height`). ``rois`` holds the frames ``(N,)`` and rows ``(N, ...)`` of the region features
    that were asked for.
    """

    track: FaceTrack
    signals: RegionSignals
    lids: np.ndarray
    rois: tuple[np.ndarray, np.ndarray] | None = None


class _Gathering:
    """What is kept of one face while the video runs."""

    def __init__(self, roi: str | None = None) -> None:
        self.tracker = RegionTracker()
        self.frames = Growing((), np.int64)
        self.times = Growing((), float)
        self.meshes = Growing((LANDMARKS, 2), np.float32)
        self.lids = Growing((3,), np.float64)
        self.newest = np.zeros((LANDMARKS, 2), np.float32)
        self.roi = roi
        self.follower = RoiFollower()
        self.roi_frames = Growing((), np.int64)
        self.roi_rows = Growing(ROI_SHAPES[roi or "roi10"], np.float32)

    def add(self, index: int, time_s: float, landmarks: np.ndarray) -> None:
        """Keep how open the eyes are, and now and then the whole mesh."""
        self.newest = landmarks[:, :2].astype(np.float32)
        self.lids.append(np.concatenate([[time_s], upper_lid_height(self.newest[None])[0]]))
        if not len(self.times) or time_s - self.times.last >= MESH_S:
            self.frames.append(index)
            self.times.append(time_s)
            self.meshes.append(self.newest)

    def watch_lids(self, frame: DecodedFrame, time_s: float) -> None:
        """Landmark a frame in which the eyes changed."""
        if self.tracker.eyes_changed and time_s - self.lids.last[0] >= LIDS_S:
            landmarks, presence = follow(frame.rgb(), self.newest)
            if presence > 0.5:
                self.add(frame.index, time_s, landmarks)

    def measure_rois(self, frame: DecodedFrame, time_s: float, landmarks: np.ndarray | None) -> None:
        """Measure the region features of a frame; landmarks where they were just measured on it."""

        def look() -> np.ndarray | None:
            if landmarks is not None:
                return landmarks
            found, presence = follow(frame.rgb(), self.newest)
            return found if presence > 0.5 else None

        row = self.follower.push(frame.index, time_s, frame.gray(), look)
        self.follower.tracker.forget()
        if row is not None and self.roi is not None:
            self.roi_frames.append(frame.index)
            self.roi_rows.append(getattr(row, self.roi))

    def finish(self, number: int, indices: np.ndarray) -> FaceMeasurement:
        """Give all that was kept."""
        signals = self.tracker.finish()
        seen = np.isin(indices, signals.frames)
        edges = np.flatnonzero(np.diff(np.concatenate([[1], seen.astype(int), [1]])))
        pairs = zip(edges[::2], edges[1::2], strict=True)
        lost = tuple((int(indices[a]), int(indices[b - 1])) for a, b in pairs)
        track = FaceTrack(number, self.frames.array(), self.times.array(), self.meshes.array(), lost)
        rois = None if self.roi is None else (self.roi_frames.array(), self.roi_rows.array())
        return FaceMeasurement(track, signals, self.lids.array(), rois)


@dataclass
class Measurement:
    """All that one pass over a video gives.

    ``frames`` ``(T,)`` indices and ``times`` ``(T,)`` seconds of the frames analysed; ``faces`` by number.
    """

    frames: np.ndarray
    times: np.ndarray
    faces: dict[int, FaceMeasurement]


def closed_lids(lids: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Mark the frames ``(T,)`` near a look at which both upper lids were lower than usual.

    Parameters
    ----------
    lids
        ``(M, 3)`` of a `FaceMeasurement`.
    times
        ``(T,)`` seconds of the frames.

    Examples
    --------
    >>> open_, shut = [1.0, 1.0], [0.5, 0.6]
    >>> lids = np.array([[0.0, *open_], [0.5, *shut], [1.0, *open_], [1.5, *open_]])
    >>> closed_lids(lids, np.array([0.3, 0.45, 0.5, 0.7])).tolist()
    [False, True, True, False]
    """
    height = lids[:, 1:]
    usual = np.quantile(height, 0.75, axis=0)  # no median: looks are denser in blinks
    low = height / np.maximum(usual, 1e-9)
    shut = lids[(low.min(axis=1) < BLINK_SHARE) & (low.max(axis=1) < BLINK_OTHER_SHARE), 0]
    if not len(shut):
        return np.zeros(len(times), bool)
    after = np.searchsorted(shut, times).clip(max=len(shut) - 1)
    nearest = np.minimum(abs(times - shut[after]), abs(times - shut[after - 1]))
    return np.asarray(nearest < BLINK_REACH_S)


def measure(
    frames: Iterator[DecodedFrame],
    *,
    faces: FacesWanted = "largest",
    progress: Progress | None = None,
    roi: str | None = None,
) -> Measurement:
    """Find, follow and register faces.

    Parameters
    ----------
    frames
        From ``VideoReader.frames``. They are decoded in a second thread.
    faces
        ``largest`` or ``all``.
    progress
        Called with the number of frames done and the time of the last.
    roi
        Region features to measure beside the signals, one of `ROI_SHAPES`.
    """
    finder = FaceTracker(faces)
    gathered: dict[int, _Gathering] = {}
    indices, times = Growing((), np.int64), Growing((), float)
    looked = -1e9
    for frame in ahead(frames):
        time_s = float(frame.time)
        indices.append(frame.index)
        times.append(time_s)
        gray = frame.gray()
        due = time_s - looked >= LANDMARK_S or not finder.alive
        if not due:
            lost = [n for n in finder.alive if not gathered[n].tracker.push(frame.index, time_s, gray)]
            for number in lost:
                gathered[number].tracker.restart()
            due = bool(lost)
            skip = set(finder.alive) - set(lost)
            for number in skip:
                gathered[number].watch_lids(frame, time_s)
        else:
            skip = set()
        found: dict[int, np.ndarray] = {}
        if due:
            looked = time_s
            found = _look(finder, gathered, frame, time_s, gray, skip, roi)
        if roi is not None:
            for number in finder.alive:
                gathered[number].measure_rois(frame, time_s, found.get(number))
        if progress is not None:
            progress(len(indices), time_s)
    done = {n: one.finish(n, indices.array()) for n, one in sorted(gathered.items())}
    return Measurement(indices.array(), times.array(), done)


def _look(
    finder: FaceTracker,
    gathered: dict[int, _Gathering],
    frame: DecodedFrame,
    time_s: float,
    gray: np.ndarray,
    skip: set[int],
    roi: str | None,
) -> dict[int, np.ndarray]:
    """Landmark the faces of a frame; those in ``skip`` have been measured on it already."""
    before = set(finder.alive)
    found = finder.look(time_s, frame.rgb())
    for number in before - set(found):
        gathered[number].tracker.restart()
        gathered[number].follower.lose()
    for number, landmarks in found.items():
        one = gathered.setdefault(number, _Gathering(roi))
        one.add(frame.index, time_s, landmarks)
        if number in skip:
            continue
        where = {"landmarks": landmarks, "transform": crop_transform(landmarks)}
        if not one.tracker.push(frame.index, time_s, gray, **where):
            one.tracker.restart()
            one.tracker.push(frame.index, time_s, gray, **where)
    return found


def ahead(items: Iterator[T], limit: int = AHEAD) -> Iterator[T]:
    """Run an iterator in a second thread, a few items ahead; its errors come through.

    Examples
    --------
    >>> list(ahead(iter(range(3))))
    [0, 1, 2]
    """
    waiting: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(limit)
    stopped = threading.Event()

    def put(entry: tuple[bool, T | BaseException | None]) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:  # noqa: BLE001 - handed to the reader, which raises it
            put((False, error))

    thread = threading.Thread(target=work, daemon=True, name="fleeting-decode")
    thread.start()
    try:
        while True:
            more, item = waiting.get()
            if more:
                yield item  # type: ignore[misc]
            elif isinstance(item, BaseException):
                raise item
            else:
                return
    finally:
        stopped.set()
        thread.join()
