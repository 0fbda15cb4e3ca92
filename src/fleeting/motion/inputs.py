"""The inputs of recognisers that this package makes from aligned clips."""

import itertools

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import CropGeometry, InputError
from fleeting.motion.aligned import AlignedClip, input_maker
from fleeting.motion.backends import USUAL_FLOW, find_flow
from fleeting.motion.representations import flow_map, sample_frames
from fleeting.motion.rigid import fit_head_motion, relief
from fleeting.motion.tracker import LOOSE, STIFF, motion_regions

# The part of the face that the public 28 x 28 maps show: left, top, width, height in eye distances from the
# point between the eyes; as `fleeting.synth.FlowMapSettings.usual_crop`, which was measured on them.
FIELD_BOX = (-0.83, -0.56, 1.66, 2.06)
# Eye distance at which flow is measured. Movements of a tenth of a pixel are lost at 44; docs/cache.md has
# the figures.
FLOW_IOD = 88.0


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
    """Measure what the face did from one frame of a clip to another; the head's own motion is taken out.

    Flow at an eye distance of 88 pixels (a smaller crop is enlarged), then the similarity that the stiff
    regions of the face agree on is fitted, robustly, and subtracted.

    Parameters
    ----------
    clip
        With landmarks: they say where the stiff regions are. ``clip.flow`` names what measures the flow.
    first, second
        Places of the frames.

    Returns
    -------
    numpy.ndarray
        ``(H, W, 2)`` float32, pixels of the clip's crop, x right and y down.

    Examples
    --------
    >>> from fleeting.core import CROP
    >>> y, x = np.mgrid[:128, :112]
    >>> face = lambda d: np.uint8(128 + 60 * np.sin((x - d) / 4) + 60 * np.cos(y / 5))
    >>> marks = np.float32(facs.neutral_mesh()[:, :2] * CROP.iod + CROP.origin)
    >>> clip = AlignedClip(np.stack([face(0), face(1)]), 0, 1, 1, None, marks)
    >>> bool(abs(movement(clip, 0, 1)).mean() < 0.1)  # all moved alike: the head, not the face
    True
    """
    flow = plain_flow(clip.frames[first], clip.frames[second], clip.geometry, clip.flow)
    return flow - _head_flow(flow, clip.landmarks, clip.geometry)


def plain_flow(
    first: np.ndarray, second: np.ndarray, geometry: CropGeometry, flow: str = USUAL_FLOW
) -> np.ndarray:
    """Measure flow ``(H, W, 2)`` between two crops, the head's motion included, in pixels of the crop."""
    grow, measure = FLOW_IOD / geometry.iod, find_flow(flow).measure
    if grow < 1.05:
        return measure(first, second)
    large = (round(first.shape[1] * grow), round(first.shape[0] * grow))
    field = measure(*(cv2.resize(one, large, interpolation=cv2.INTER_CUBIC) for one in (first, second)))
    size = (first.shape[1], first.shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_AREA) / np.float32(grow))


def _head_flow(flow: np.ndarray, landmarks: np.ndarray, geometry: CropGeometry) -> np.ndarray:
    """Flow ``(H, W, 2)`` of shift, scale and roll of the head; parallax of turns stays in."""
    small = geometry.scaled(44.0 / geometry.iod)  # fine enough to say where the regions are
    shrink = small.iod / geometry.iod
    field = cv2.resize(flow, (small.width, small.height), interpolation=cv2.INTER_AREA)
    tx, ty, scale, roll = _fit_head(field * np.float32(shrink), (landmarks + 0.5) * shrink - 0.5, small)
    x, y = np.arange(flow.shape[1], dtype=np.float32), np.arange(flow.shape[0], dtype=np.float32)
    dx, dy = np.meshgrid((x - geometry.origin[0]) / geometry.iod, (y - geometry.origin[1]) / geometry.iod)
    head = np.stack([tx + scale * dx - roll * dy, ty + scale * dy + roll * dx], -1)
    return np.asarray(head / shrink, np.float32)


def _fit_head(flow: np.ndarray, landmarks: np.ndarray, geometry: CropGeometry) -> np.ndarray:
    """Shift x and y, scale and roll ``(4,)`` that the stiff regions agree on, pixels."""
    names = motion_regions()
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    masks = facs.region_masks(landmarks, flow.shape[:2], names)
    seen = [at for at, mask in enumerate(masks) if mask.any()]
    if not seen:
        return np.zeros(4)
    centres = np.stack([[x[masks[at]].mean(), y[masks[at]].mean()] for at in seen])
    rings, mesh = facs.regions(), facs.neutral_mesh()
    depth = np.array([mesh[list(rings[names[at]]), 2].mean() for at in seen]) * geometry.iod
    moved = np.stack([flow[masks[at]].mean(0) for at in seen])[None]
    trust = np.array([STIFF.get(names[at], LOOSE) for at in seen])
    basis = relief(centres - geometry.origin, depth, geometry.iod)
    return np.asarray(fit_head_motion(moved, basis, trust)[0, :4])


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Bring pictures ``(T, H, W)`` to ``(T, size, size)`` by area; the crop is squeezed to a square."""
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in images])


def clip_of(clip: AlignedClip, count: int, size: int) -> np.ndarray:
    """Give the frames from onset to offset as ``(count, size, size)`` uint8, linear in time.

    This is what most networks on raw frames take; a system's file needs three lines for it::

        @input_maker("clip32", frames="all")
        def clip32(clip):
            return clip_of(clip, 32, 112)

    Examples
    --------
    >>> clip_of(AlignedClip(np.zeros((5, 128, 112), np.uint8), 1, 2, 3), 16, 64).shape
    (16, 64, 64)
    """
    return sample_frames(resized(clip.coded, size), count)


def _square(clip: AlignedClip, size: int) -> np.ndarray:
    """Pixels of a square for each pixel of the crop, in x and y."""
    return np.array([size / clip.geometry.width, size / clip.geometry.height], np.float32)


def _map28(clip: AlignedClip, first: int, second: int) -> np.ndarray:
    return flow_map(movement(clip, first, second)[field_box(clip.geometry)], 28)


@input_maker("flowmap28")
def flowmap28(clip: AlignedClip) -> np.ndarray:
    """u, v, strain from onset to apex, each stretched to 0..255: ``(28, 28, 3)`` uint8."""
    return _map28(clip, clip.onset, clip.apex)


@input_maker("flowmap28-return")
def flowmap28_return(clip: AlignedClip) -> np.ndarray:
    """u, v, strain from apex to offset; black where the offset is the apex: ``(28, 28, 3)`` uint8."""
    if clip.apex == clip.offset:
        return np.zeros((28, 28, 3), np.uint8)
    return _map28(clip, clip.apex, clip.offset)


@input_maker("flow64")
def flow64(clip: AlignedClip) -> np.ndarray:
    """Flow from onset to apex of the face as a square: ``(64, 64, 2)`` float32, pixels of that square."""
    field = movement(clip, clip.onset, clip.apex)
    return cv2.resize(field, (64, 64), interpolation=cv2.INTER_AREA) * _square(clip, 64)


@input_maker("points68")
def points68(clip: AlignedClip) -> np.ndarray:
    """Landmarks of iBUG at the onset: ``(68, 2)`` float32, pixels of a 64 x 64 face."""
    return _points68(clip, clip.landmarks, 64)


def _points68(clip: AlignedClip, mesh: np.ndarray, size: int) -> np.ndarray:
    return np.asarray((facs.to_points68(mesh)[..., :2] + 0.5) * _square(clip, size) - 0.5, np.float32)


@input_maker("keyframes")
def keyframes(clip: AlignedClip) -> np.ndarray:
    """Onset, apex and offset as squares: ``(3, 112, 112)`` uint8 grey."""
    return resized(clip.frames[[clip.onset, clip.apex, clip.offset]], 112)


@input_maker("crops")
def crops(clip: AlignedClip) -> np.ndarray:
    """Onset, apex and offset as they were cut, eyes 88 pixels apart: ``(3, 256, 224)`` uint8 grey."""
    return clip.frames[[clip.onset, clip.apex, clip.offset]]


@input_maker("clip64", frames="all")
def clip64(clip: AlignedClip) -> np.ndarray:
    """Ten frames from onset to offset: ``(10, 64, 64)`` uint8 grey."""
    return clip_of(clip, 10, 64)


@input_maker("clip16", frames="all")
def clip16(clip: AlignedClip) -> np.ndarray:
    """Sixteen frames from onset to offset: ``(16, 112, 112)`` uint8 grey."""
    return clip_of(clip, 16, 112)


@input_maker("clip8", frames="all")
def clip8(clip: AlignedClip) -> np.ndarray:
    """Eight frames from onset to offset: ``(8, 128, 128)`` uint8 grey."""
    return clip_of(clip, 8, 128)


@input_maker("clip8-flow", frames="all")
def clip8_flow(clip: AlignedClip) -> np.ndarray:
    """Flow from frame to frame of ``clip8``, the head's motion included, as a network sees both: pixels.

    ``(7, 128, 128, 2)`` float32.
    """
    frames = clip8(clip)
    wide = CropGeometry(128, 128, clip.geometry.iod * 128 / clip.geometry.width, clip.geometry.eyes_y)
    return np.stack([plain_flow(a, b, wide, clip.flow) for a, b in itertools.pairwise(frames)])


@input_maker("clip8-landmarks", frames="tracked")
def clip8_landmarks(clip: AlignedClip) -> np.ndarray:
    """Points of iBUG in frames 2 to 8 of ``clip8``, pixels: ``(7, 68, 2)`` float32."""
    if clip.track is None:
        raise InputError("clip8-landmarks", "the clip has no landmarks frame by frame", "prepare it again")
    track = sample_frames(clip.track[clip.onset : clip.offset + 1], 8)[1:]
    return np.stack([_points68(clip, mesh, 128) for mesh in track])


@input_maker("frames32", frames="all")
def frames32(clip: AlignedClip) -> np.ndarray:
    """Thirty-two frames, even in time, of all that was read of the clip: ``(32, 112, 112)`` uint8 grey."""
    return sample_frames(resized(clip.frames, 112), 32)


@input_maker("marks32", frames="all")
def marks32(clip: AlignedClip) -> np.ndarray:
    """Onset, apex and offset as places among ``frames32``: ``(3,)`` int16."""
    places = np.array([clip.onset, clip.apex, clip.offset]) * 31 / max(len(clip) - 1, 1)
    return np.round(places).astype(np.int16)


@input_maker("flow-clip", frames="all")
def flow_clip(clip: AlignedClip) -> np.ndarray:
    """Flow from the onset to each of ten frames of the movement, of the part of the face that the maps show.

    ``(10, 28, 28, 2)`` float32, pixels of the crop with eyes 44 pixels apart; the head's motion taken out.
    """
    sampled = sample_frames(clip.coded, 10)
    of_ten = AlignedClip(sampled, 0, 0, 9, clip.fps, clip.landmarks, clip.geometry, flow=clip.flow)
    box = field_box(clip.geometry)
    fields = [movement(of_ten, 0, at)[box] * np.float32(44.0 / clip.geometry.iod) for at in range(10)]
    return np.stack([cv2.resize(one, (28, 28), interpolation=cv2.INTER_AREA) for one in fields])
