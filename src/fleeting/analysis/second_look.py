"""The frames of each movement once more, decoded by index: for the models that name it, and for pictures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fleeting.analysis.illustrate import picture, region_motion
from fleeting.analysis.naming import Namer
from fleeting.core import Expression, FaceTrack, Interval, transform_points
from fleeting.face import crop_transform, landmark, roi_from_landmarks
from fleeting.io import DecodedFrame, VideoReader
from fleeting.motion import AlignedClip, input_geometry, sample_crop
from fleeting.spotting import Spotted

TOGETHER = 16  # movements whose frames are in memory at once, where three frames of each are enough

Frames = dict[int, DecodedFrame]
Shown = dict[str, np.ndarray]


def look_again(
    video: VideoReader,
    found: Sequence[tuple[Expression, Spotted]],
    tracks: dict[int, FaceTrack],
    namer: Namer,
    *,
    pictures: bool,
) -> list[tuple[Expression, Shown]]:
    """Name every movement, and take its pictures.

    Frames are decoded again, a few movements at a time: memory does not grow with their number beyond the
    pictures.

    Parameters
    ----------
    video
        Open.
    found
        Movements with what the spotter knows of them.
    tracks
        Where each face was.
    namer
        Gives units and emotion.
    pictures
        Whether to keep crops and flow; see `illustrate.picture`.

    Returns
    -------
    list
        The expressions, named, each with the arrays to show.
    """
    needs = {one.frames for one in namer.inputs}
    together = 1 if needs - {"key"} else TOGETHER
    seen = []
    for first in range(0, len(found), together):
        group = found[first : first + together]
        wanted = {index for e, _ in group for index in _indices(e.interval, needs, pictures=pictures)}
        frames = video.read(wanted) if wanted else {}
        for expression, spotted in group:
            shown = region_motion(spotted)
            if wanted:
                onset = expression.interval.onset_frame
                marks = _landmarks(frames[onset], onset, tracks[expression.face])
                clips = {need: _clip(frames, expression.interval, marks, need) for need in needs}
                units, emotion = namer.name(spotted, clips)
                expression = replace(expression, action_units=units, emotion=emotion)
                if pictures:
                    both = (frames[onset].rgb(), frames[_apex(expression.interval)].rgb())
                    shown = {**picture(*both, marks), **shown}
            seen.append((expression, shown))
    return seen


def _apex(interval: Interval) -> int:
    return interval.onset_frame if interval.apex_frame is None else interval.apex_frame


def _indices(interval: Interval, needs: set[str], *, pictures: bool) -> set[int]:
    """Frames of a movement that somebody looks at."""
    if needs - {"key"}:
        return set(range(interval.onset_frame, interval.offset_frame + 1))
    key = {interval.onset_frame, _apex(interval)} if needs or pictures else set()
    return key | ({interval.offset_frame} if needs else set())


def _landmarks(frame: DecodedFrame, index: int, track: FaceTrack) -> np.ndarray:
    """Landmark the onset ``(468, 2)``, starting from where the face was last seen near it."""
    near = int(np.argmin(np.abs(track.frames - index)))
    found, _ = landmark(frame.rgb(), roi_from_landmarks(track.landmarks[near]))
    return np.asarray(found[:, :2])


def _clip(frames: Frames, interval: Interval, marks: np.ndarray, need: str) -> AlignedClip:
    """Cut the frames of a movement by the onset's transform."""
    geometry = input_geometry(need)
    transform = crop_transform(marks, geometry)
    first, apex, last = interval.onset_frame, _apex(interval), interval.offset_frame
    indices = [first, apex, last] if need == "key" else list(range(first, last + 1))
    key = (0, 1, 2) if need == "key" else (0, apex - first, last - first)
    cut = [sample_crop(frames[index].gray(), transform, geometry) for index in indices]
    mesh = transform_points(transform, marks).astype(np.float32)
    seconds = interval.offset_s - interval.onset_s
    fps = (last - first) / seconds if seconds > 0 and need != "key" else None
    return AlignedClip(np.stack(cut), *key, fps, mesh, geometry)
