"""Pictures of one expression: crops, amplified difference, flow over the face; loaded only for these."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from markupsafe import Markup

from fleeting.core import ShapeError, check_image, check_shape
from fleeting.report.svg import BLUE, arrow_path, tag

LARGEST = 320  # px: the page shows them at about 220
QUALITY = 90
GAINS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20)
ARROW_GAINS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
CELLS = 20  # arrows from left to right
LONGEST = 2.2  # cells that the longest arrow may cross
WEAKEST = 0.2  # arrows below this share of the longest are left out
BRIGHTEST_DIFFERENCE = 100  # grey levels from mid-grey that the strong differences reach


def data_uri(image: np.ndarray, side: int = LARGEST) -> str:
    """Encode a picture as a JPEG data URI.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB, or ``(H, W)`` uint8 grey.
    side
        Largest side in pixels; a larger picture is shrunk.

    Raises
    ------
    ShapeError
        For any other array.

    Examples
    --------
    >>> data_uri(np.zeros((8, 8, 3), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    if image.ndim != 2 or image.dtype != np.uint8:
        check_image(image, "picture")
    if not image.size:
        raise ShapeError(f"picture: expected at least one pixel, got shape {image.shape}")
    scale = side / max(image.shape[:2])
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    # 4:4:4: a crop is small, and half the colour of a lip line is too little.
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, packed = cv2.imencode(".jpg", np.ascontiguousarray(image), options)
    if not done:
        raise ShapeError(f"picture of shape {image.shape} cannot be encoded as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(packed.tobytes()).decode("ascii")


def as_image(picture: np.ndarray) -> np.ndarray:
    """Give an RGB picture ``(H, W, 3)``, unpacking it where it comes as JPEG bytes ``(n,)``.

    Raises
    ------
    ShapeError
        Where the bytes are no picture.

    Examples
    --------
    >>> as_image(np.zeros((4, 6, 3), np.uint8)).shape
    (4, 6, 3)
    """
    if picture.ndim != 1:
        return picture
    unpacked = cv2.imdecode(picture, cv2.IMREAD_COLOR)
    if unpacked is None:
        raise ShapeError("pictures: expected RGB pictures or JPEG bytes, got bytes that are no picture")
    return np.asarray(cv2.cvtColor(unpacked, cv2.COLOR_BGR2RGB))


def face_mask(size: tuple[int, int], landmarks: np.ndarray | None) -> np.ndarray:
    """Mark the pixels inside the face: the hull of the landmarks, or all where there are none.

    Parameters
    ----------
    size
        ``(H, W)`` of the crop.
    landmarks
        ``(L, 2)`` crop pixels, or ``None``.

    Returns
    -------
    numpy.ndarray
        ``(H, W)`` bool.

    Examples
    --------
    >>> int(face_mask((8, 8), np.array([[2, 2], [5, 2], [5, 5], [2, 5.0]])).sum())
    16
    """
    if landmarks is None or not np.isfinite(landmarks).all():
        return np.ones(size, bool)
    hull = cv2.convexHull(np.round(landmarks).astype(np.int32))
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, hull, 1)
    return mask.astype(bool) if mask.any() else np.ones(size, bool)


def amplified_difference(onset: np.ndarray, apex: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Show what changed from onset to apex around mid-grey: lighter where the apex is lighter.

    Parameters
    ----------
    onset, apex
        ``(H, W, 3)`` uint8 RGB aligned crops.
    mask
        ``(H, W)`` bool, where the face is: it alone decides the amplification.

    Returns
    -------
    image
        ``(H, W)`` uint8: ``128 + gain * (apex - onset)`` of the luma, cut at 0 and 255.
    gain
        The amplification, one of a few round numbers up to 20.

    Examples
    --------
    >>> a = np.full((4, 4, 3), 100, np.uint8)
    >>> picture, gain = amplified_difference(a, a + 10, np.ones((4, 4), bool))
    >>> gain, int(picture[0, 0])
    (10, 228)
    """
    check_image(onset, "onset")
    check_shape(apex, onset.shape, "apex")
    weights = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
    change = apex.astype(np.float32) @ weights - onset.astype(np.float32) @ weights
    strong = float(np.percentile(np.abs(change[mask]), 99))
    gain = max((g for g in GAINS if g * strong <= BRIGHTEST_DIFFERENCE * 1.001), default=GAINS[0])
    return np.clip(np.round(128 + gain * change), 0, 255).astype(np.uint8), gain


@dataclass(frozen=True, slots=True)
class Arrows:
    """Flow arrows: tails and motion ``(N, 2)`` in pixels of the picture, to be drawn ``gain`` times as long.

    ``longest`` is the longest motion in pixels of the flow's own grid.
    """

    tails: np.ndarray
    motion: np.ndarray
    gain: int
    longest: float


def arrows_of(flow: np.ndarray, mask: np.ndarray) -> Arrows:
    """Thin a flow field to arrows that can be read.

    Parameters
    ----------
    flow
        ``(h, w, 2)`` in pixels of its own grid, x right, y down. The grid covers the picture.
    mask
        ``(H, W)`` bool, of the size of the picture: no arrows outside.

    Returns
    -------
    Arrows
        One for each cell of a grid of about 20 x 20 (the cell's mean) whose motion is at least 20 % of the
        longest; ``gain`` is a round number that makes the longest at most about two cells long.

    Examples
    --------
    >>> found = arrows_of(np.full((10, 10, 2), 0.5, np.float32), np.ones((100, 100), bool))
    >>> len(found.tails), found.gain, round(found.longest, 2), found.motion[0].tolist()
    (100, 2, 0.71, [5.0, 5.0])
    """
    height, width = check_shape(flow, ("h", "w", 2), "flow").values()
    flow = np.nan_to_num(np.asarray(flow, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    size = np.array(mask.shape[::-1], float)  # W, H
    across = min(CELLS, width)
    down = max(1, min(height, round(across * size[1] / size[0])))
    means = cv2.resize(flow, (across, down), interpolation=cv2.INTER_AREA).reshape(-1, 2)
    step = size / (across, down)
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(down)), axis=-1).reshape(-1, 2)
    tails = (cells + 0.5) * step
    pixel = tails.astype(int)
    inside = mask[pixel[:, 1], pixel[:, 0]]
    lengths = np.linalg.norm(means, axis=1)
    longest = float(lengths[inside].max()) if inside.any() else 0.0
    if longest <= 0:
        return Arrows(np.zeros((0, 2)), np.zeros((0, 2)), 1, 0.0)
    motion = means * (size / (width, height))
    reach = float(np.linalg.norm(motion[inside], axis=1).max())
    gain = max((g for g in ARROW_GAINS if g * reach <= LONGEST * step.max()), default=1)
    keep = inside & (lengths >= WEAKEST * longest)
    return Arrows(tails[keep], motion[keep], gain, longest)


def flow_picture(
    onset: np.ndarray, flow: np.ndarray, mask: np.ndarray, label: str, side: int = LARGEST
) -> tuple[Markup, Arrows]:
    """Draw the flow from onset to apex over a pale grey onset crop.

    Returns
    -------
    tuple
        An ``<svg>`` that carries the picture inside, and the arrows with their stretch.

    Examples
    --------
    >>> face = np.full((64, 64, 3), 90, np.uint8)
    >>> svg, arrows = flow_picture(face, np.ones((64, 64, 2), np.float32), np.ones((64, 64), bool), "flow")
    >>> arrows.gain, svg.count("<image")
    (2, 1)
    """
    height, width = onset.shape[:2]
    arrows = arrows_of(flow, mask)
    grey = cv2.cvtColor(onset, cv2.COLOR_RGB2GRAY).astype(np.float32)
    pale = np.round(255 - (255 - grey) * 0.55).astype(np.uint8)
    unit = width / 220  # a line of one unit is about a pixel on the page
    path = arrow_path(arrows.tails, arrows.motion * arrows.gain, 6 * unit)
    drawn = tag(
        "svg",
        tag("title", label),
        tag("image", href=data_uri(pale, side), width=width, height=height),
        tag("path", d=path, stroke="#fff", stroke_width=3 * unit, class_="arrows", opacity=0.75),
        tag("path", d=path, stroke=BLUE, stroke_width=1.3 * unit, class_="arrows"),
        viewBox=f"0 0 {width} {height}",
        class_="picture",
        role="img",
        aria_label=label,
    )
    return drawn, arrows
