"""From a film of a face to what spotters take: find, align, measure regions, in one pass."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike

import numpy as np

from fleeting.analysis import ROI_SHAPES, Measurement, RoiFollower, closed_lids, measure
from fleeting.core import CROP, Growing, InputError, Interval, UsageError
from fleeting.face import FaceTracker
from fleeting.io import DecodedFrame, open_video
from fleeting.motion import RoiRow, dis_flow, flow_channels, motion_regions
from fleeting.systems import SpottingRecording

ROIS = ROI_SHAPES
CLOSED = "closed"
SIGNALS = ("regions", "head", "openings", CLOSED)
CROPS, MAPS = "crop64", "flowmap42"
FILM_INPUTS = (*ROIS, *SIGNALS, CROPS, MAPS)
"""What `video_rows` can make."""

_UNSEEN = RoiRow(0.0, np.full(10, np.nan), np.full(36, np.nan), np.full((12, 2), np.nan))
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
        ``openings`` as the training-free spotter takes them, NaN where no face was seen, and ``closed``
        ``(T,)`` uint8, 1 where the lids were low: measured as `fleeting.analyze` does. ``crop64``
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
    tap = _Tap(inputs)
    if set(SIGNALS) & set(inputs):
        measured = measure(tap.passing(frames))
        made = tap.finish() | _signals(measured)
    else:
        for _ in tap.passing(frames):
            pass
        made = tap.finish()
    return tap.times.array(), {name: made[name] for name in inputs}


class _Tap:
    """Measures what is not the signals of `analyze` while frames pass by."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self.eye = _Eye() if set(inputs) - set(SIGNALS) else None
        self.times = Growing((), float)
        self.rows = {name: Growing(shape, np.float32) for name, shape in ROIS.items() if name in inputs}
        self.crops = Growing((64, 64), np.uint8) if CROPS in inputs else None
        self.maps = _MapsAhead() if MAPS in inputs else None

    def passing(self, frames: Iterable[DecodedFrame]) -> Iterator[DecodedFrame]:
        """Give the frames on."""
        for frame in frames:
            self.times.append(float(frame.time))
            if self.eye is not None:
                row = self.eye.push(frame) or _UNSEEN
                self.eye.follower.tracker.forget()
                for name, column in self.rows.items():
                    column.append(getattr(row, name))
                if self.crops is not None:
                    self.crops.append(_small(self.eye.follower.crop))
                if self.maps is not None:
                    self.maps.push(float(frame.time), self.eye.follower.crop)
            yield frame

    def finish(self) -> dict[str, np.ndarray]:
        """Give what was measured."""
        made = {name: column.array() for name, column in self.rows.items()}
        made |= {} if self.crops is None else {CROPS: self.crops.array()}
        return made | ({} if self.maps is None else {MAPS: self.maps.finish()})


def _signals(measured: Measurement) -> dict[str, np.ndarray]:
    """Rows of what `analyze` measured; of several faces one after the other the earlier one counts."""
    count = len(measured.frames)
    shapes = {"regions": (len(motion_regions()), 2), "head": (4,), "openings": (3,)}
    found = {name: np.full((count, *shape), np.nan, np.float32) for name, shape in shapes.items()}
    found[CLOSED] = np.zeros(count, np.uint8)
    for number in sorted(measured.faces, reverse=True):
        face = measured.faces[number]
        place = np.searchsorted(measured.frames, face.signals.frames)
        found["regions"][place] = face.signals.regions / CROP.iod
        found["head"][place], found["openings"][place] = face.signals.head, face.signals.openings
        found[CLOSED][place] = closed_lids(face.lids, measured.times)[place]
    return found


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
        eye.follower.tracker.forget()


class _Eye:
    """Keeps a crop on the largest face."""

    def __init__(self) -> None:
        self.finder, self.follower = FaceTracker("largest"), RoiFollower()

    def push(self, frame: DecodedFrame) -> RoiRow | None:
        """Give the row of a frame, ``None`` where there is no face."""
        time_s = float(frame.time)

        def look() -> np.ndarray | None:
            found = self.finder.look(time_s, frame.rgb())
            return found[0] if found else None

        return self.follower.push(frame.index, time_s, frame.gray(), look)


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
