"""Pictures of a movement at onset and apex, with the flow between them."""

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import CROP, transform_points
from fleeting.face import crop_transform
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


def region_motion(spotted: Spotted) -> dict[str, np.ndarray]:
    """Motion of each region at the apex, pixels of the aligned crop; needs no picture."""
    return {
        "regions": np.array(motion_regions()),
        "region_motion": (spotted.candidate.vector * CROP.iod).astype(np.float32),
    }


def picture(onset: np.ndarray, apex: np.ndarray, landmarks: np.ndarray) -> dict[str, np.ndarray]:
    """Crops at onset and apex, and the flow between them without head motion.

    Parameters
    ----------
    onset, apex
        ``(H, W, 3)`` uint8 frames.
    landmarks
        ``(468, 2)`` in the onset, pixels.

    Returns
    -------
    dict
        ``onset``, ``apex`` ``(n,)`` uint8: JPEG of the aligned crop; ``flow`` ``(h, w, 2)`` float16,
        pixels of a grid of that size over the crop; ``landmarks`` ``(468, 2)`` in the crop.
    """
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
