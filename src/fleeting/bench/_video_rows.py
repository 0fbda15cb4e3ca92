"""From a film of a face to what spotters take: find, align, measure regions, in one pass."""

from collections.abc import Iterable, Sequence
from os import PathLike

import numpy as np

from fleeting.core import Growing, InputError, Interval, transform_points
from fleeting.face import FaceTracker, crop_transform
from fleeting.facs import to_points68
from fleeting.io import DecodedFrame, open_video
from fleeting.motion import RegionTracker, RoiMeter, RoiRow, sample_crop
from fleeting.systems import SpottingRecording

_UNSEEN = RoiRow(0.0, np.full(10, np.nan), np.full(36, np.nan), np.full((12, 2), np.nan))
LOOK_S = 3.0  # between landmarks: registration holds the crop; a new look lets it jump a little


def video_rows(frames: Iterable[DecodedFrame]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Measure the regions of the largest face in each frame.

    Parameters
    ----------
    frames
        In order, such as ``open_video(path).frames()``.

    Returns
    -------
    times
        ``(T,)`` seconds.
    inputs
        ``roi10`` ``(T, 10)``, ``roi36`` ``(T, 36)``, ``roi12`` ``(T, 12, 2)``; NaN where no face was seen.
    """
    eye = _Eye()
    times = Growing((), float)
    rows = {"roi10": Growing((10,), np.float32), "roi36": Growing((36,), np.float32)}
    rows["roi12"] = Growing((12, 2), np.float32)
    for frame in frames:
        times.append(float(frame.time))
        row = eye.push(frame) or _UNSEEN
        for name, column in rows.items():
            column.append(getattr(row, name))
    return times.array(), {name: column.array() for name, column in rows.items()}


class _Eye:
    """Keeps the crop on the largest face."""

    def __init__(self) -> None:
        self.finder, self.tracker, self.meter = FaceTracker("largest"), RegionTracker(), RoiMeter()
        self.points: np.ndarray | None = None
        self.looked = -1e9

    def push(self, frame: DecodedFrame) -> RoiRow | None:
        """Give the row of a frame, ``None`` where there is no face."""
        time_s, gray = float(frame.time), frame.gray()
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
        crop = sample_crop(gray, self.tracker.transform)  # type: ignore[arg-type]
        return self.meter.push(time_s, crop, self.points)  # type: ignore[arg-type]

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

    Returns
    -------
    SpottingRecording

    Raises
    ------
    InputError
        Where no face was seen in any frame, or the film cannot be read.
    """
    with open_video(path, fps=fps) as reader:
        times, inputs = video_rows(reader.frames())
    if not np.isfinite(inputs["roi36"]).any():
        raise InputError(path, "no face was seen", "give a film in which a face looks towards the camera")
    coded = None if intervals is None else tuple(intervals)
    return SpottingRecording(str(path), subject, subject.partition("/")[0], times, inputs, coded)
