"""Two moments of a face in one picture: amplified difference, flow arrows, heat of the regions."""

from typing import Literal

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import UsageError, check_image, check_shape
from fleeting.motion import motion_regions
from fleeting.report.pictures import amplified_difference, arrows_of, face_mask

Comparison = Literal["difference", "flow", "heat"]
COMPARISONS = ("difference", "flow", "heat")
DARK, LIGHT = (0, 61, 122), (255, 255, 255)  # arrows: blue with a white rim, as on the page
HEAT_FULL = 0.004  # of the crop's width: motion at the end of the scale, unless a region moved more
HEAT_SHARE = 0.65


def comparison(
    kind: str, first: np.ndarray, second: np.ndarray, flow: np.ndarray, mesh: np.ndarray
) -> tuple[np.ndarray, float]:
    """Draw what differs between two aligned crops.

    Parameters
    ----------
    kind
        ``difference``: change of brightness around mid-grey; ``flow``: arrows; ``heat``: each region in the
        colour of its mean motion (viridis, for every kind of colour sight).
    first, second
        ``(H, W, 3)`` uint8 RGB, without head motion.
    flow
        ``(H, W, 2)`` pixels from the first to the second.
    mesh
        ``(468, 2)`` landmarks in the first.

    Returns
    -------
    image
        ``(H, W, 3)`` uint8 RGB.
    scale
        ``difference``, ``flow``: how many times it is amplified; ``heat``: pixels at the end of the scale.

    Raises
    ------
    UsageError
        For another kind.

    Examples
    --------
    >>> grey = np.full((64, 56, 3), 100, np.uint8)
    >>> mesh = facs.neutral_mesh()[:, :2] * 22 + (28, 22)
    >>> image, gain = comparison("difference", grey, grey + 5, np.zeros((64, 56, 2), np.float32), mesh)
    >>> image.shape, gain, int(image[20, 28, 0])
    ((64, 56, 3), 20.0, 228)
    """
    check_image(first, "first")
    check_shape(second, first.shape, "second")
    check_shape(flow, (*first.shape[:2], 2), "flow")
    mask = face_mask(first.shape[:2], mesh)
    if kind == "difference":
        grey, gain = amplified_difference(first, second, mask)
        return np.repeat(grey[..., None], 3, axis=2), float(gain)
    if kind == "flow":
        return _arrows(first, flow, mask)
    if kind == "heat":
        return _heat(first, flow, mesh)
    raise UsageError(f"kind: expected {', '.join(COMPARISONS)}, got {kind!r}")


def _pale(image: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.repeat(np.round(255 - (255 - grey) * 0.55).astype(np.uint8)[..., None], 3, axis=2)


def _arrows(first: np.ndarray, flow: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, float]:
    arrows = arrows_of(flow, mask)
    image = np.ascontiguousarray(_pale(first))
    sharp = 4  # bits of a pixel that OpenCV draws with
    for colour, thick in ((LIGHT, 3), (DARK, 1)):
        for tail, motion in zip(arrows.tails, arrows.motion * arrows.gain, strict=True):
            start, end = (tuple(int(v) for v in np.round(p * 2**sharp)) for p in (tail, tail + motion))
            cv2.arrowedLine(image, start, end, colour, thick, cv2.LINE_AA, sharp, 0.3)
    return image, float(arrows.gain)


def _heat(first: np.ndarray, flow: np.ndarray, mesh: np.ndarray) -> tuple[np.ndarray, float]:
    masks = facs.region_masks(mesh, first.shape[:2], motion_regions())
    lengths = [float(np.linalg.norm(flow[m].mean(0))) if m.any() else 0.0 for m in masks]
    full = max(max(lengths, default=0.0), HEAT_FULL * first.shape[1])
    level = np.zeros(first.shape[:2], np.float32)
    inside = np.zeros(first.shape[:2], bool)
    for region, length in sorted(zip(masks, lengths, strict=True), key=lambda pair: pair[1]):
        level[region], inside[region] = length / full, True
    colours = cv2.applyColorMap(np.round(level * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    colours = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    image = _pale(first).astype(np.float32)
    image[inside] = HEAT_SHARE * colours[inside] + (1 - HEAT_SHARE) * image[inside]
    return np.round(image).astype(np.uint8), full
