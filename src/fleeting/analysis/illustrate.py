"""Onset and apex pictures of each movement with the flow between them, decoded again by index."""

from collections.abc import Sequence

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import CROP, Expression, FaceTrack, transform_points
from fleeting.face import crop_transform, landmark, roi_from_landmarks
from fleeting.io import VideoReader
from fleeting.motion import (
    dis_flow,
    fit_head_motion,
    motion_regions,
    relief,
    remove_head_motion,
    sample_crop,
)
from fleeting.spotting import Spotted

PICTURE = CROP.scaled(2.5)
FLOW_SCALE = 0.25  # arrows are drawn far apart
FULL_COLOUR = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
TOGETHER = 16  # movements whose frames are in memory at once


def region_motion(spotted: Spotted) -> dict[str, np.ndarray]:
    """Motion of each region at the apex, pixels of the aligned crop; needs no picture."""
    return {
        "regions": np.array(motion_regions()),
        "region_motion": (spotted.candidate.vector * CROP.iod).astype(np.float32),
    }


def pictures(
    video: VideoReader, found: Sequence[tuple[Expression, Spotted]], tracks: dict[int, FaceTrack]
) -> list[dict[str, np.ndarray]]:
    """Crops at onset and apex, and the flow between them without head motion, for every movement.

    Frames are decoded again, a few movements at a time: memory does not grow with their number beyond
    the crops.

    Returns
    -------
    list of dict
        ``onset``, ``apex`` ``(n,)`` uint8: JPEG of the aligned crop; ``flow`` ``(h, w, 2)`` float16,
        pixels of a grid of that size over the crop; ``landmarks`` ``(468, 2)``; and the entries of
        `region_motion`.
    """
    shown = []
    for first in range(0, len(found), TOGETHER):
        group = found[first : first + TOGETHER]
        spans = [(e.interval.onset_frame, _apex(e)) for e, _ in group]
        frames = video.read({index for span in spans for index in span})
        for (expression, spotted), (onset, apex) in zip(group, spans, strict=True):
            one = _picture(frames[onset].rgb(), frames[apex].rgb(), onset, tracks[expression.face])
            shown.append({**one, **region_motion(spotted)})
    return shown


def _apex(expression: Expression) -> int:
    apex = expression.interval.apex_frame
    return expression.interval.onset_frame if apex is None else apex


def _picture(onset: np.ndarray, apex: np.ndarray, index: int, track: FaceTrack) -> dict[str, np.ndarray]:
    near = int(np.argmin(np.abs(track.frames - index)))
    landmarks, _ = landmark(onset, roi_from_landmarks(track.landmarks[near]))
    transform = crop_transform(landmarks, PICTURE)
    first, second = (sample_crop(image, transform, PICTURE) for image in (onset, apex))
    mesh = transform_points(transform, landmarks)
    second, flow = without_head_motion(first, second, mesh)
    small = cv2.resize(flow, None, fx=FLOW_SCALE, fy=FLOW_SCALE, interpolation=cv2.INTER_AREA) * FLOW_SCALE
    return {
        "onset": _packed(first),
        "apex": _packed(second),
        "flow": small.astype(np.float16),
        "landmarks": mesh.astype(np.float32),
    }


def _packed(image: np.ndarray) -> np.ndarray:
    """JPEG bytes ``(n,)`` uint8: hundreds of pictures wait in memory until the page is written."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, FULL_COLOUR]
    return np.asarray(cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)[1]).ravel()


def without_head_motion(
    first: np.ndarray, second: np.ndarray, mesh: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move the second crop onto the first as a stiff head would move, and measure what is left.

    Parameters
    ----------
    first, second
        ``(H, W, 3)`` uint8 crops of one geometry.
    mesh
        ``(468, 2)`` landmarks in the first.

    Returns
    -------
    second
        The moved crop.
    flow
        ``(H, W, 2)`` float32 pixels.
    """
    names = motion_regions()
    masks = facs.region_masks(mesh, first.shape[:2], names)
    y, x = np.mgrid[: first.shape[0], : first.shape[1]].astype(np.float32)
    iod = float(PICTURE.iod)
    centres = np.stack([[x[m].mean(), y[m].mean()] if m.any() else PICTURE.origin for m in masks])
    depth = np.array([facs.neutral_mesh()[list(facs.regions()[n]), 2].mean() for n in names]) * iod
    basis = relief(centres - PICTURE.origin, depth, iod)
    trust = np.array([1.0 if n in facs.region_names("reference") else 0.25 for n in names])
    gray = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second)]
    raw = dis_flow(*gray)
    moved = np.stack([raw[m].mean(0) if m.any() else np.zeros(2) for m in masks])[None]
    head = fit_head_motion(moved, basis, trust, soft_px=0.4)
    tx, ty, scale, roll = head[0, :4]
    dx, dy = (x - PICTURE.origin[0]) / iod, (y - PICTURE.origin[1]) / iod
    shift = np.stack([tx + scale * dx - roll * dy, ty + scale * dy + roll * dx], -1).astype(np.float32)
    still = cv2.remap(
        second, x + shift[..., 0], y + shift[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    flow = dis_flow(gray[0], cv2.cvtColor(still, cv2.COLOR_RGB2GRAY))
    rest = np.stack([flow[m].mean(0) if m.any() else np.zeros(2) for m in masks])[None]
    left = rest - remove_head_motion(rest, basis, fit_head_motion(rest, basis, trust, soft_px=0.4))
    return still, (flow - np.median(left[0], axis=0)).astype(np.float32)
