"""From a film of a face to what spotters take: find, align, measure regions, in one pass."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike

import numpy as np

from fleeting.core import CROP, Growing, InputError, Interval, UsageError, transform_points
from fleeting.face import FaceTracker, crop_transform
from fleeting.facs import to_points68
from fleeting.io import DecodedFrame, open_video
from fleeting.motion import (
    RegionTracker,
    RoiMeter,
    RoiRow,
    dis_flow,
    flow_channels,
    motion_regions,
    sample_crop,
)
from fleeting.systems import SpottingRecording

ROIS = {"roi10": (10,), "roi36": (36,), "roi12": (12, 2)}
SIGNALS = ("regions", "head", "openings")
CROPS, MAPS = "crop64", "flowmap42"
FILM_INPUTS = (*ROIS, *SIGNALS, CROPS, MAPS)
"""What `video_rows` can make."""

_UNSEEN = RoiRow(0.0, np.full(10, np.nan), np.full(36, np.nan), np.full((12, 2), np.nan))
LOOK_S = 3.0  # between landmarks: registration holds the crop; a new look lets it jump a little
AHEAD_S = 0.1  # from a frame to the one that its flow map looks at


def video_rows(
    frames: Iterable[DecodedFrame], inputs: Sequence[str] = tuple(ROIS)
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Measure the largest face in each frame, in one pass.

    Parameters
    ----------
    frames
        In order, such as ``open_video(path).frames()``.
    inputs
        Some of `FILM_INPUTS`.

    Returns
    -------
    times
        ``(T,)`` seconds.
    inputs
        ``roi10`` ``(T, 10)``, ``roi36`` ``(T, 36)``, ``roi12`` ``(T, 12, 2)``; ``regions``, ``head``,
        ``openings`` as the training-free spotter takes them; NaN where no face was seen. ``crop64``
        ``(T, 64, 64)`` uint8 and ``flowmap42`` ``(T, 42, 42, 3)`` float16, 0 there.

    Raises
    ------
    UsageError
        For an input that is not made of films.
    """
    unknown = sorted(set(inputs) - set(FILM_INPUTS))
    if unknown:
        told = ", ".join(FILM_INPUTS)
        raise UsageError(f"input {unknown[0]!r} cannot be made from films; these can: {told}")
    eye = _Eye()
    times = Growing((), float)
    numbers = Growing((), np.int64)
    rows = {name: Growing(shape, np.float32) for name, shape in ROIS.items() if name in inputs}
    crops = Growing((64, 64), np.uint8)
    maps = _MapsAhead()
    for frame in frames:
        times.append(float(frame.time))
        numbers.append(frame.index)
        row = eye.push(frame) or _UNSEEN
        for name, column in rows.items():
            column.append(getattr(row, name))
        if CROPS in inputs:
            crops.append(_small(eye.crop))
        if MAPS in inputs:
            maps.push(float(frame.time), eye.crop)
    made = {name: column.array() for name, column in rows.items()}
    made |= eye.signals(numbers.array()) if set(SIGNALS) & set(inputs) else {}
    made |= {CROPS: crops.array()} if CROPS in inputs else {}
    made |= {MAPS: maps.finish()} if MAPS in inputs else {}
    return times.array(), {name: made[name] for name in inputs}


def _small(crop: np.ndarray | None) -> np.ndarray:
    import cv2

    size = (64, 64)
    return np.zeros(size, np.uint8) if crop is None else cv2.resize(crop, size, interpolation=cv2.INTER_AREA)


class _MapsAhead:
    """Small maps of the flow from each frame to the one a tenth of a second on, or to the last."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, np.ndarray]] = deque()
        self.maps = Growing((42, 42, 3), np.float16)

    def push(self, time_s: float, crop: np.ndarray | None) -> None:
        """Take the next crop, ``None`` where there is no face."""
        if crop is None:
            self._flush()
            self.maps.append(np.zeros((42, 42, 3), np.float16))
            return
        self.waiting.append((time_s, crop))
        while time_s - self.waiting[0][0] >= AHEAD_S - 1e-6:
            self._draw(self.waiting.popleft()[1], crop)

    def finish(self) -> np.ndarray:
        """Give ``(T, 42, 42, 3)``."""
        self._flush()
        return self.maps.array()

    def _flush(self) -> None:
        while self.waiting:
            last = self.waiting[-1][1]
            self._draw(self.waiting.popleft()[1], last)

    def _draw(self, crop: np.ndarray, later: np.ndarray) -> None:
        self.maps.append(flow_channels(dis_flow(crop, later), 42))


def live_rows(frames: Iterable[DecodedFrame]) -> Iterator[tuple[float, RoiRow]]:
    """Measure the regions of the largest face, frame by frame, in constant memory.

    Parameters
    ----------
    frames
        In order, such as ``fleeting.io.follow_video(path)``.

    Yields
    ------
    time_s : float
        Of the frame.
    row : RoiRow
        NaN where no face was seen.
    """
    eye = _Eye()
    for frame in frames:
        yield float(frame.time), eye.push(frame) or _UNSEEN
        eye.tracker.forget()


class _Eye:
    """Keeps the crop on the largest face."""

    def __init__(self) -> None:
        self.finder, self.tracker, self.meter = FaceTracker("largest"), RegionTracker(), RoiMeter()
        self.points: np.ndarray | None = None
        self.crop: np.ndarray | None = None
        self.looked = -1e9

    def push(self, frame: DecodedFrame) -> RoiRow | None:
        """Give the row of a frame, ``None`` where there is no face."""
        time_s, gray = float(frame.time), frame.gray()
        self.crop = None
        due = self.points is None or time_s - self.looked >= LOOK_S
        held = not due and self.tracker.push(frame.index, time_s, gray)
        if not held:
            self.looked = time_s
            found = self.finder.look(time_s, frame.rgb())
            if not found:
                self._lost()
                return None
            landmarks = found[0]
            where = {"landmarks": landmarks, "transform": crop_transform(landmarks)}
            if not self.tracker.push(frame.index, time_s, gray, **where):
                self.tracker.restart()
                self.meter.restart()
                self.tracker.push(frame.index, time_s, gray, **where)
            transform = self.tracker.transform
            if transform is None:
                self._lost()
                return None
            self.points = to_points68(transform_points(transform, landmarks[:, :2]))
        self.crop = sample_crop(gray, self.tracker.transform)  # type: ignore[arg-type]
        return self.meter.push(time_s, self.crop, self.points)  # type: ignore[arg-type]

    def signals(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Give what the tracker measured, a row for each of the frames with these numbers."""
        told = self.tracker.finish()
        place = np.searchsorted(numbers, told.frames)
        shapes = {"regions": (len(motion_regions()), 2), "head": (4,), "openings": (3,)}
        found = {name: np.full((len(numbers), *shape), np.nan, np.float32) for name, shape in shapes.items()}
        found["regions"][place] = told.regions / CROP.iod
        found["head"][place], found["openings"][place] = told.head, told.openings
        return found

    def _lost(self) -> None:
        self.points = None
        self.tracker.restart()
        self.meter.restart()


def video_recording(
    path: str | PathLike[str],
    *,
    subject: str = "video/unknown",
    fps: float | None = None,
    intervals: Sequence[Interval] | None = None,
    inputs: Sequence[str] = tuple(ROIS),
) -> SpottingRecording:
    """Read a film as a recording for spotters.

    Parameters
    ----------
    path
        A video file or a folder of pictures, as `fleeting.io.open_video` takes it.
    subject
        As ``dataset/subject``.
    fps
        Frame rate of a folder of pictures.
    intervals
        What was coded in it, if anything.
    inputs
        Some of `FILM_INPUTS`.

    Returns
    -------
    SpottingRecording

    Raises
    ------
    InputError
        Where no face was seen in any frame, or the film cannot be read.
    """
    with open_video(path, fps=fps) as reader:
        times, made = video_rows(reader.frames(), inputs)
    if not any(_seen(values) for values in made.values()):
        raise InputError(path, "no face was seen", "give a film in which a face looks towards the camera")
    coded = None if intervals is None else tuple(intervals)
    return SpottingRecording(str(path), subject, subject.partition("/")[0], times, made, coded)


def _seen(values: np.ndarray) -> bool:
    """Whether any row holds a face: rows without one are NaN, or 0 in pictures."""
    return bool(np.isfinite(values).any() if values.dtype == np.float32 else values.any())
