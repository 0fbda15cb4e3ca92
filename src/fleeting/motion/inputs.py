"""The inputs of recognisers that this package makes from aligned clips."""

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import CropGeometry
from fleeting.motion.aligned import AlignedClip, input_maker
from fleeting.motion.flow import dis_flow
from fleeting.motion.representations import flow_map, sample_frames

# The part of the face that the public 28 x 28 maps show: left, top, width, height in eye distances from the
# point between the eyes; as `fleeting.synth.FlowMapSettings.usual_crop`, which was measured on them.
FIELD_BOX = (-0.83, -0.56, 1.66, 2.06)


def field_box(geometry: CropGeometry) -> tuple[slice, slice]:
    """Rows and columns of a crop that the public maps show.

    Examples
    --------
    >>> from fleeting.core import CROP
    >>> field_box(CROP)
    (slice(19, 110, None), slice(19, 93, None))
    """
    left, top, width, height = (one * geometry.iod for one in FIELD_BOX)
    x, y = geometry.origin + 0.5  # edges of pixels, not their centres
    return slice(round(y + top), round(y + top + height)), slice(round(x + left), round(x + left + width))


def movement(clip: AlignedClip, first: int, second: int) -> np.ndarray:
    """Flow ``(H, W, 2)`` between two frames of a clip, pixels of the crop."""
    return dis_flow(clip.frames[first], clip.frames[second])


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Bring pictures ``(T, H, W)`` to ``(T, size, size)`` by area; the crop is squeezed to a square."""
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in images])


def clip_of(clip: AlignedClip, count: int, size: int) -> np.ndarray:
    """Frames from onset to offset as ``(count, size, size)`` uint8, linear in time.

    What most networks on raw frames take; a system's file needs two lines for it::

        @input_maker("clip16x112", frames="all")
        def _clip16x112(clip): return clip_of(clip, 16, 112)
    """
    return sample_frames(resized(clip.coded, size), count)


def _map28(clip: AlignedClip, first: int, second: int) -> np.ndarray:
    return flow_map(movement(clip, first, second)[field_box(clip.geometry)], 28)


@input_maker("flowmap28")
def flowmap28(clip: AlignedClip) -> np.ndarray:
    """u, v, strain from onset to apex, each stretched to 0..255: ``(28, 28, 3)`` uint8."""
    return _map28(clip, clip.onset, clip.apex)


@input_maker("flowmap28-offset")
def flowmap28_offset(clip: AlignedClip) -> np.ndarray:
    """u, v, strain from apex to offset, for systems of two phases: ``(28, 28, 3)`` uint8."""
    return _map28(clip, clip.apex, clip.offset)


@input_maker("crops")
def crops(clip: AlignedClip) -> np.ndarray:
    """Onset, apex and offset: ``(3, 128, 112)`` uint8 grey."""
    return clip.frames[[clip.onset, clip.apex, clip.offset]]


@input_maker("clip64", frames="all")
def clip64(clip: AlignedClip) -> np.ndarray:
    """Ten frames from onset to offset: ``(10, 64, 64)`` uint8 grey."""
    return clip_of(clip, 10, 64)


@input_maker("clip16x112", frames="all")
def clip16x112(clip: AlignedClip) -> np.ndarray:
    """Sixteen frames from onset to offset: ``(16, 112, 112)`` uint8 grey."""
    return clip_of(clip, 16, 112)


@input_maker("flow64")
def flow64(clip: AlignedClip) -> np.ndarray:
    """Flow from onset to apex of the face as a square: ``(64, 64, 2)`` float32, pixels of that square."""
    field = movement(clip, clip.onset, clip.apex)
    return cv2.resize(field, (64, 64), interpolation=cv2.INTER_AREA) * _square(clip, 64)


@input_maker("points68")
def points68(clip: AlignedClip) -> np.ndarray:
    """Landmarks of iBUG at the onset: ``(68, 2)`` float32, pixels of a 64 x 64 face."""
    points = facs.to_points68(clip.landmarks)[:, :2]
    return np.asarray((points + 0.5) * _square(clip, 64) - 0.5, np.float32)


def _square(clip: AlignedClip, size: int) -> np.ndarray:
    """Pixels of a square for each pixel of the crop, in x and y."""
    return np.array([size / clip.geometry.width, size / clip.geometry.height], np.float32)


@input_maker("flow-clip", frames="all")
def flow_clip(clip: AlignedClip) -> np.ndarray:
    """Flow from the onset to ten frames of the movement: ``(10, 28, 28, 2)`` float32, pixels of the crop."""
    chosen = sample_frames(clip.coded, 10)
    box = field_box(clip.geometry)
    fields = [dis_flow(chosen[0], one)[box] for one in chosen]
    return np.stack([cv2.resize(one, (28, 28), interpolation=cv2.INTER_AREA) for one in fields])
