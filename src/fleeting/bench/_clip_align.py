"""From the frames of a sample to an aligned clip: find the face, cut all frames by one transform."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from fleeting.bench._clip_source import ClipSource
from fleeting.core import LANDMARKS, CropGeometry, InputError, transform_points
from fleeting.motion import USUAL_FLOW, AlignedClip, input_geometry, sample_crop

BORDER = 0.3  # of the picture's size: added around pictures that are cropped so tightly that no face is found
MOST_WAITING = 500  # frames that may be held while no face has been found yet

Color = Callable[[], np.ndarray]


def align(source: ClipSource, frames: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read and cut the frames of a source.

    The face is landmarked at the onset, where it is not found there at the apex, then at the offset; the one
    transform from there holds for all frames, so that landmarks, which shake, move nothing.

    Parameters
    ----------
    source
        Its frames are all read.
    frames
        ``key``, ``all`` or ``tracked``, see `fleeting.motion.InputMaker`.

    Returns
    -------
    arrays
        ``frames`` ``(T, H, W)`` uint8, ``landmarks`` ``(468, 2)``, with ``tracked`` also ``track``
        ``(T, 468, 2)``, float32 pixels of the crop.
    meta
        ``transform`` from the picture to the crop, ``geometry``, ``notes``.

    Raises
    ------
    InputError
        Where a frame cannot be decoded or no face is found.
    """
    from fleeting.face import crop_transform

    geometry = input_geometry(frames)
    looks = {at for at in source.key if at is not None}
    waiting: list[tuple[np.ndarray, Color]] = []
    cut: list[np.ndarray] = []
    track: list[np.ndarray] = []
    marks, transform, notes = None, np.eye(2, 3), list(source.notes)
    for place, (gray, rgb) in enumerate(source.read()):
        if marks is None and place in looks:
            marks = find_face(rgb())
            if marks is not None:
                transform = crop_transform(marks, geometry)
                notes += [f"no face at the onset: aligned by frame {source.indices[place]}"] if place else []
        waiting.append((gray, rgb))
        if marks is None:
            _check_waiting(source, waiting)
            continue
        for picture, color in waiting:
            cut.append(sample_crop(np.ascontiguousarray(picture), transform, geometry))
            if frames == "tracked":
                track.append(_follow(color, track[-1] if track else marks))
        waiting = []
    if marks is None:
        raise InputError(source.name, "no face was found at onset, apex or offset", "look at these frames")
    arrays = {
        "frames": np.stack(cut),
        "landmarks": transform_points(transform, marks).astype(np.float32),
    }
    if track:
        arrays["track"] = transform_points(transform, np.stack(track)).astype(np.float32)
    told = {"transform": transform.tolist(), "geometry": asdict(geometry), "notes": notes}
    return arrays, told


def _check_waiting(source: ClipSource, waiting: list[Any]) -> None:
    if len(waiting) > MOST_WAITING:
        raise InputError(
            source.name, f"no face was found at the onset, nor in {MOST_WAITING} frames after", ""
        )


def find_face(image: np.ndarray) -> np.ndarray | None:
    """Landmark the largest face ``(468, 2)``, pixels; looks again with a border where there is none.

    The border is for released crops that leave the face detector no room around the face.
    """
    import cv2

    from fleeting.face import find_faces

    found = find_faces(image)
    if found:
        return np.asarray(found[0][:, :2], float)
    wide = round(BORDER * max(image.shape[:2]))
    grown = cv2.copyMakeBorder(image, wide, wide, wide, wide, cv2.BORDER_REPLICATE)
    found = find_faces(np.ascontiguousarray(grown))
    return np.asarray(found[0][:, :2] - wide, float) if found else None


def _follow(color: Color, before: np.ndarray) -> np.ndarray:
    """Landmark the next frame; where the face is lost, the landmarks stay."""
    from fleeting.face import follow

    marks, presence = follow(color(), before)
    return np.asarray(marks[:, :2], float) if presence > 0.5 else before


def as_clip(
    arrays: dict[str, np.ndarray],
    meta: dict[str, Any],
    key: tuple[int, int, int],
    fps: float | None,
    flow: str = USUAL_FLOW,
) -> AlignedClip:
    """Put what `align` gave together; ``flow`` is what inputs measure flow with."""
    geometry = CropGeometry(**meta["geometry"])
    marks = np.asarray(arrays["landmarks"]).reshape(LANDMARKS, 2)
    return AlignedClip(arrays["frames"], *key, fps, marks, geometry, arrays.get("track"), flow)
