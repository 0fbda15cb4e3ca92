"""Motion of a few face regions, as the state-space and graph spotters take it.

Places, sizes and pooling follow the public code of ME-TST, ME-TST+, BoostingVRME and AUW-GCN. Released pixels
are those of a crop of 320 in which the inner corners of the eyes lie 71 apart; here they are scaled to the
picture at hand, so that any aligned crop will do, and results are given in pixels of 320. Released flow is
computed patch by patch; here once for the whole picture.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fleeting.core import ShapeError, UsageError, check_finite, check_shape
from fleeting.motion.flow import dis_flow

FIVE_REGIONS = ("brow_right", "brow_left", "mouth", "wing_right", "wing_left")
"""Regions of ME-TST, in order; left and right are the subject's own."""

EIGHTEEN_REGIONS = (
    "brow_right", "point_20", "point_19", "point_18",
    "brow_left", "point_23", "point_24", "point_25",
    "mouth", "point_48", "point_54", "point_51", "point_57", "point_62",
    "wing_right", "wing_left", "lower_lid_right", "lower_lid_left",
)  # fmt: skip
"""Regions of ME-TST+ and BoostingVRME, in order: whole regions, and points within them."""

TWELVE_POINTS = (18, 19, 20, 23, 24, 25, 28, 30, 48, 51, 54, 57)
"""Points of AUW-GCN and Causal-Ex (68 points, zero-based) around which boxes lie, in order."""

SIDE = 320.0  # released crop: nine times half the distance of the inner eye corners
HEAD_SHARE = 0.7
SECTOR_SHARE = 0.6
HALF_BOX = 5.5  # of the twelve regions, released pixels: 11 x 11
_WHOLE = {"brow_right": (17, 22), "brow_left": (22, 27), "mouth": (48, 67)}
# Released pixels around the points of a whole region, after its inner margin: left, top, right, bottom.
_GROWN = {"brow_right": (5, -5, -10, -5), "brow_left": (10, -5, -10, -5), "mouth": (-10, -5, 10, 0)}
_WINGS = {"wing_right": (31, (-20, -20, 10, 5)), "wing_left": (35, (-10, -20, 20, 5))}
_CORNERS = {48: (-10, -10, 20, 10), 54: (-20, -10, 10, 10)}
_LIDS = {"lower_lid_right": (36, 42), "lower_lid_left": (42, 48)}
_NOSE = (-8, 2, 8, 3)  # around points 29 and 30
_SECTOR_STARTS = np.radians([30.0, 150.0, 210.0, 330.0])

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def farneback_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dense flow by Farneback's method with the released parameters, ``(H, W, 2)`` pixels.

    On small crops its window of 15 pixels blurs neighbours.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> wave = lambda dx: (128 + 60 * np.sin((x - dx) / 4) + 60 * np.cos(y / 5)).astype(np.uint8)
    >>> bool(abs(farneback_flow(wave(0), wave(1))[16:48, 16:48, 0].mean() - 1) < 0.1)
    True
    """
    check_shape(first, ("H", "W"), "first")
    check_shape(second, first.shape, "second")
    field = np.zeros((*first.shape, 2), np.float32)
    return np.asarray(cv2.calcOpticalFlowFarneback(first, second, field, 0.5, 3, 15, 5, 7, 1.5, 0))


def strongest_mean(vectors: np.ndarray, share: float) -> np.ndarray:
    """Mean of the longest vectors.

    Parameters
    ----------
    vectors
        ``(N, 2)``.
    share
        Of them that count, 0..1, rounded up.

    Returns
    -------
    numpy.ndarray
        ``(2,)``; zero for no vectors.

    Examples
    --------
    >>> strongest_mean(np.array([[0.0, 0], [0, 1], [3, 0], [5, 0]]), 0.5).tolist()
    [4.0, 0.0]
    """
    if not len(vectors):
        return np.zeros(2)
    order = np.argsort(np.hypot(vectors[:, 0], vectors[:, 1]), kind="stable")
    return np.asarray(vectors[order[int(len(order) * (1 - share)) :]].mean(0), float)


def main_sector_mean(vectors: np.ndarray, share: float = SECTOR_SHARE) -> np.ndarray:
    """Motion in the direction that most vectors have, of four: down, left, up, right.

    Sectors reach from 30 to 150, 150 to 210, 210 to 330 and 330 to 30 degrees, x right towards y down. Of
    the vectors in the fullest the longest count: their common direction, times their mean length.

    Parameters
    ----------
    vectors
        ``(N, 2)``.
    share
        Of those in the sector that count.

    Returns
    -------
    numpy.ndarray
        ``(2,)``; zero where nothing moves.

    Examples
    --------
    >>> main_sector_mean(np.array([[0.0, 2], [0.1, 2], [-5, 0]])).round(1).tolist()
    [0.1, 2.0]
    """
    size = np.hypot(vectors[:, 0], vectors[:, 1])
    moving = vectors[size > 1e-9]
    if not len(moving):
        return np.zeros(2)
    angle = np.arctan2(moving[:, 1], moving[:, 0]) % (2 * np.pi)
    sector = np.searchsorted(_SECTOR_STARTS, angle, side="right") % len(_SECTOR_STARTS)
    chosen = moving[sector == np.bincount(sector, minlength=4).argmax()]
    size = np.hypot(chosen[:, 0], chosen[:, 1])
    longest = np.argsort(-size, kind="stable")[: max(int(np.ceil(share * len(chosen))), 1)]
    total = chosen[longest].sum(0)
    length = float(np.hypot(*total))
    return np.zeros(2) if length < 1e-9 else np.asarray(total / length * size[longest].mean(), float)


def pixel_of_320(points: np.ndarray) -> float:
    """How long a pixel of the released crop is in the picture that 68 points belong to.

    Raises
    ------
    ShapeError
        Where there are no 68 points, some are NaN, or the eyes fall together.

    Examples
    --------
    >>> points = np.zeros((68, 2))
    >>> points[42, 0] = 640 / 9
    >>> round(pixel_of_320(points), 6)
    1.0
    """
    check_shape(points, (68, 2), "points")
    check_finite(points, "points")
    half = float(np.hypot(*(points[42] - points[39]))) / 2
    if not half > 0:
        raise ShapeError("points: the eyes fall together, so regions have no size")
    return 9 * half / SIDE


def roi_boxes(points: np.ndarray, regions: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Place the boxes of regions.

    Parameters
    ----------
    points
        ``(68, 2)`` pixels, an upright face.
    regions
        Names out of `FIVE_REGIONS` and `EIGHTEEN_REGIONS`.

    Returns
    -------
    boxes
        ``(R, 4)`` left, top, right, bottom.
    shares
        ``(R,)`` of the vectors in it that count.

    Raises
    ------
    UsageError
        For an unknown region.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> boxes, shares = roi_boxes(to_points68(neutral_mesh()[:, :2]) * 130, FIVE_REGIONS)
    >>> boxes.shape, shares.tolist()
    ((5, 4), [0.3, 0.3, 0.3, 0.2, 0.2])
    """
    unit = pixel_of_320(points)
    found = [_box(points, name, unit) for name in regions]
    return np.array([box for box, _ in found]), np.array([share for _, share in found])


def _box(points: np.ndarray, name: str, unit: float) -> tuple[np.ndarray, float]:
    if name in _WHOLE:
        part = points[slice(*_WHOLE[name])]
        return _around(part, _GROWN[name], unit), 0.3
    if name in _WINGS:
        at, grown = _WINGS[name]
        return _around(points[at : at + 1], grown, unit), 0.2
    if name in _LIDS:
        eye = points[slice(*_LIDS[name])]
        (left, top), (right, bottom) = eye.min(0), eye.max(0)
        height, middle = (right - left) / 2, (top + bottom) / 2
        inner = 5 * unit
        box = [left + inner, middle + height / 2 + inner, right - inner, middle + 1.5 * height - inner]
        return np.array(box), 0.3
    if name.startswith("point_") and name in EIGHTEEN_REGIONS:
        at = int(name.removeprefix("point_"))
        return _around(points[at : at + 1], _CORNERS.get(at, (-10, -10, 10, 10)), unit), (
            0.3 if at in (23, 24, 25) else 0.2
        )
    raise UsageError(f"no region {name!r}; available: {', '.join((*FIVE_REGIONS, *EIGHTEEN_REGIONS))}")


def _around(points: np.ndarray, grown: tuple[float, float, float, float], unit: float) -> np.ndarray:
    edges = np.concatenate([points.min(0), points.max(0)])
    return np.asarray(edges + unit * np.array(grown))


def _inside(flow: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Vectors ``(N, 2)`` of the pixels whose centres lie in a box, none where it lies outside."""
    left, top = np.maximum(np.ceil(box[:2] - 1e-9), 0).astype(int)
    right, bottom = np.minimum(np.floor(box[2:] + 1e-9) + 1, flow.shape[1::-1]).astype(int)
    part = flow[top : max(bottom, top), left : max(right, left)]
    return np.asarray(part.reshape(-1, 2), float)


def head_vector(flow: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Motion of the head, by that of the nose's ridge, ``(2,)`` pixels of the picture.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> points = to_points68(neutral_mesh()[:, :2]) * 60 + 80
    >>> head_vector(np.ones((200, 160, 2)), points).tolist()
    [1.0, 1.0]
    """
    return strongest_mean(_inside(flow, _around(points[29:31], _NOSE, pixel_of_320(points))), HEAD_SHARE)


def roi_vectors(flow: np.ndarray, points: np.ndarray, regions: tuple[str, ...]) -> np.ndarray:
    """Motion of regions without that of the head, ``(R, 2)`` pixels of the released crop.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels, from the picture that ``points`` belong to.
    points
        ``(68, 2)`` pixels.
    regions
        Names.

    Examples
    --------
    A face that shifts as a whole does not move:

    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> points = to_points68(neutral_mesh()[:, :2]) * 60 + 80
    >>> float(np.abs(roi_vectors(np.ones((200, 160, 2)), points, FIVE_REGIONS)).max())
    0.0
    """
    check_shape(flow, ("H", "W", 2), "flow")
    boxes, shares = roi_boxes(points, regions)
    head = head_vector(flow, points)
    free = []
    for box, share in zip(boxes, shares, strict=True):
        part = _inside(flow, box)
        # an empty region gives (0, 0), not minus the motion of the head
        free.append(strongest_mean(part, share) - head if len(part) else np.zeros(2))
    return np.stack(free) / pixel_of_320(points)


def point_vectors(flow: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Measure the main motion around twelve points, less that of the head, ``(12, 2)`` pixels of 320.

    Parameters
    ----------
    flow, points
        As for `roi_vectors`.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> points = to_points68(neutral_mesh()[:, :2]) * 60 + 80
    >>> point_vectors(np.zeros((200, 160, 2)), points).shape
    (12, 2)
    """
    check_shape(flow, ("H", "W", 2), "flow")
    unit = pixel_of_320(points)
    free = flow - head_vector(flow, points)
    half = HALF_BOX * unit
    boxes = [_around(points[at : at + 1], (-1, -1, 1, 1), half) for at in TWELVE_POINTS]
    return np.stack([main_sector_mean(_inside(free, box)) for box in boxes]) / unit


@dataclass(frozen=True, slots=True)
class RoiRow:
    """What was measured of one frame: ``roi10`` ``(10,)``, ``roi36`` ``(36,)``, ``roi12`` ``(12, 2)``."""

    time_s: float
    roi10: np.ndarray
    roi36: np.ndarray
    roi12: np.ndarray


class RoiMeter:
    """Measures the regions of a face frame by frame, in constant memory.

    The released spotters take motion since the first frame of each window of a second or two. Here motion is
    measured against a reference that is renewed, and chained, so that a row says how far each region has
    come since the recording began; a window takes off its own first row. So each frame is measured twice
    (against the reference, and against the frame before it) however much windows overlap.

    Parameters
    ----------
    renew_s
        How long a reference serves.
    flow
        Dense flow of two pictures, such as `dis_flow` or `farneback_flow`.

    Raises
    ------
    UsageError
        For a time that is not positive.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> points = to_points68(neutral_mesh()[:, :2]) * 40 + 60
    >>> meter = RoiMeter()
    >>> meter.push(0.0, np.zeros((150, 120), np.uint8), points).roi12.shape
    (12, 2)
    """

    def __init__(self, *, renew_s: float = 1.0, flow: Flow = dis_flow) -> None:
        if not renew_s > 0:
            raise UsageError(f"renew_s: expected a positive number of seconds, got {renew_s}")
        self.renew_s, self.flow = renew_s, flow
        self._names = tuple(dict.fromkeys((*FIVE_REGIONS, *EIGHTEEN_REGIONS)))
        self._five = [self._names.index(name) for name in FIVE_REGIONS]
        self._eighteen = [self._names.index(name) for name in EIGHTEEN_REGIONS]
        self._base = np.zeros((len(self._names), 2))
        self._way = self._base
        self.restart()

    def restart(self) -> None:
        """Take the next frame as a new reference, as after the face was lost; regions go on from there."""
        self._base = self._way
        self._reference: tuple[float, np.ndarray, np.ndarray] | None = None
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def push(self, time_s: float, gray: np.ndarray, points: np.ndarray) -> RoiRow:
        """Measure the next frame; the first one is all zeros.

        Parameters
        ----------
        time_s
            Seconds, rising.
        gray
            ``(H, W)`` uint8, aligned, of one size.
        points
            ``(68, 2)`` points in it.
        """
        self._way, step = self._base, np.zeros((len(TWELVE_POINTS), 2))
        if self._reference is not None and self._before is not None:
            to_here = self.flow(self._reference[1], gray)
            self._way = self._base + roi_vectors(to_here, self._reference[2], self._names)
            same = self._before[0] is self._reference[1]
            step = point_vectors(to_here if same else self.flow(self._before[0], gray), self._before[1])
        if self._reference is None or time_s - self._reference[0] >= self.renew_s:
            self._reference, self._base = (time_s, gray, points), self._way
        self._before = (gray, points)
        return RoiRow(
            float(time_s),
            self._way[self._five].ravel().astype(np.float32),
            self._way[self._eighteen].ravel().astype(np.float32),
            step.astype(np.float32),
        )


def roi_flow(
    frames: Iterable[tuple[float, np.ndarray, np.ndarray]],
    *,
    renew_s: float = 1.0,
    flow: Flow = dis_flow,
) -> Iterator[RoiRow]:
    """Measure the regions of a recording, a row for each frame, see `RoiMeter`.

    Parameters
    ----------
    frames
        Time in seconds, aligned grey picture ``(H, W)`` uint8, and ``(68, 2)`` points in it.
    renew_s, flow
        As for `RoiMeter`.

    Examples
    --------
    >>> from fleeting.facs import neutral_mesh, to_points68
    >>> points = to_points68(neutral_mesh()[:, :2]) * 40 + 60
    >>> still = np.random.default_rng(0).integers(0, 255, (150, 120), np.uint8)
    >>> rows = list(roi_flow((t / 30, still, points) for t in range(3)))
    >>> len(rows), float(np.abs(rows[2].roi36).max())
    (3, 0.0)
    """
    meter = RoiMeter(renew_s=renew_s, flow=flow)
    for time_s, gray, points in frames:
        yield meter.push(time_s, gray, points)
