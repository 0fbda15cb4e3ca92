"""Region features of one face as learnt spotters take them, frame by frame, in constant memory."""

from collections.abc import Callable

import numpy as np

from fleeting.core import transform_points
from fleeting.face import crop_transform
from fleeting.facs import to_points68
from fleeting.motion import RegionTracker, RoiMeter, RoiRow, sample_crop

ROI_SHAPES: dict[str, tuple[int, ...]] = {"roi10": (10,), "roi36": (36,), "roi12": (12, 2)}
"""Shapes of a row of what `RoiFollower` measures."""

LOOK_S = 3.0  # between landmarks: registration holds the crop; a new look lets it jump a little
Look = Callable[[], np.ndarray | None]


class RoiFollower:
    """Keeps a crop on a face, and measures its regions.

    It follows the face by itself, apart from what measures the signals of the training-free spotter: that one
    takes landmarks twice a second, and each look lets the crop jump a little.

    Attributes
    ----------
    tracker
        What holds the crop.
    crop
        Crop of the last frame, ``None`` where there was no face.
    """

    def __init__(self) -> None:
        self.tracker, self.meter = RegionTracker(), RoiMeter()
        self.crop: np.ndarray | None = None
        self._points: np.ndarray | None = None
        self._looked = -1e9

    def push(self, index: int, time_s: float, gray: np.ndarray, look: Look) -> RoiRow | None:
        """Measure a frame; ``None`` where the face is not there.

        Parameters
        ----------
        index, time_s, gray
            Of the frame, ``(H, W)`` uint8.
        look
            Gives landmarks ``(468, 2+)`` of the frame, or ``None``; asked now and then.
        """
        self.crop = None
        due = self._points is None or time_s - self._looked >= LOOK_S
        held = not due and self.tracker.push(index, time_s, gray)
        if not held:
            self._looked = time_s
            landmarks = look()
            if landmarks is None:
                self.lose()
                return None
            where = {"landmarks": landmarks, "transform": crop_transform(landmarks)}
            if not self.tracker.push(index, time_s, gray, **where):
                self.tracker.restart()
                self.meter.restart()
                self.tracker.push(index, time_s, gray, **where)
            transform = self.tracker.transform
            if transform is None:
                self.lose()
                return None
            self._points = to_points68(transform_points(transform, landmarks[:, :2]))
        self.crop = sample_crop(gray, self.tracker.transform)  # type: ignore[arg-type]
        return self.meter.push(time_s, self.crop, self._points)  # type: ignore[arg-type]

    def lose(self) -> None:
        """Begin anew: the face is gone."""
        self.crop, self._points = None, None
        self.tracker.restart()
        self.meter.restart()
