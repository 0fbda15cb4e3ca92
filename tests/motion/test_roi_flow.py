"""Region flow on hand-made fields: places of boxes, pooling, head removal, scale, chaining of references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.facs import neutral_mesh, to_points68
from fleeting.motion import (
    EIGHTEEN_REGIONS,
    FIVE_REGIONS,
    TWELVE_POINTS,
    farneback_flow,
    main_sector_mean,
    point_vectors,
    roi_boxes,
    roi_flow,
    roi_vectors,
    strongest_mean,
)


def face(scale: float = 1.0) -> np.ndarray:
    """68 points with inner eye corners 640 / 9 = 71.1 pixels apart, times a scale."""
    points = to_points68(neutral_mesh()[:, :2])
    points = points * (640 / 9) / (points[42, 0] - points[39, 0]) * scale
    return points - points.min(0) + 60 * scale


def field(points: np.ndarray) -> np.ndarray:
    height, width = (points.max(0)[::-1] + 70).astype(int)
    return np.zeros((height, width, 2))


def test_boxes_by_hand():
    points = face()
    boxes, shares = roi_boxes(points, ("point_19", "point_48", "wing_left", "mouth", "lower_lid_right"))
    at = {n: points[n] for n in (19, 48, 35)}
    assert np.allclose(boxes[0], [*(at[19] - 10), *(at[19] + 10)])
    assert np.allclose(boxes[1], at[48][[0, 1, 0, 1]] + [-10, -10, 20, 10])
    assert np.allclose(boxes[2], at[35][[0, 1, 0, 1]] + [-10, -20, 20, 5])
    mouth = points[48:67]
    assert np.allclose(boxes[3], np.concatenate([mouth.min(0) - [10, 5], mouth.max(0) - [-10, 0]]))
    eye = points[36:42]
    width, middle = np.ptp(eye[:, 0]), (eye[:, 1].min() + eye[:, 1].max()) / 2
    assert boxes[4][1] == pytest.approx(middle + width / 4 + 5)
    assert boxes[4][3] == pytest.approx(middle + 3 * width / 4 - 5)
    assert shares.tolist() == [0.2, 0.2, 0.2, 0.3, 0.3]
    small, _ = roi_boxes(face(0.5), ("point_19",))
    assert np.allclose(small[0, 2:] - small[0, :2], 10)  # half the face, half the box


def test_every_box_of_every_region_holds_pixels():
    for scale in (1.0, 0.34):
        boxes, _ = roi_boxes(face(scale), tuple(dict.fromkeys((*FIVE_REGIONS, *EIGHTEEN_REGIONS))))
        assert (boxes[:, 2:] - boxes[:, :2]).min() > 1.5


def test_motion_in_one_place_is_seen_there():
    points = face()
    flow = field(points)
    x, y = points[48].round().astype(int)
    flow[y - 4 : y + 5, x - 4 : x + 5] = [3.0, -2.0]
    moved = dict(zip(EIGHTEEN_REGIONS, roi_vectors(flow, points, EIGHTEEN_REGIONS), strict=True))
    # 81 pixels move of the 30 x 20 in the box; the longest fifth is 120 of them
    assert moved["point_48"] == pytest.approx(np.array([3.0, -2.0]) * 81 / 120)
    assert np.hypot(*moved["mouth"]) > 0.1
    others = [name for name in moved if name not in ("point_48", "mouth")]
    assert not any(moved[name].any() for name in others)


def test_the_head_is_taken_off_and_pixels_are_those_of_320():
    for scale in (1.0, 0.5):
        points = face(scale)
        flow = field(points) + np.array([1.5, 0.5])
        assert np.allclose(roi_vectors(flow, points, EIGHTEEN_REGIONS), 0)
        brow = (np.mgrid[: flow.shape[0], : flow.shape[1]][0] < points[27, 1]) & (
            np.mgrid[: flow.shape[0], : flow.shape[1]][1] < points[27, 0]
        )
        flow[brow] += [0, -4 * scale]
        found = dict(zip(FIVE_REGIONS, roi_vectors(flow, points, FIVE_REGIONS), strict=True))
        assert np.allclose(found["brow_right"], [0, -4], atol=1e-6)
        assert np.allclose(found["mouth"], 0, atol=1e-6)


def test_a_region_outside_the_picture_does_not_move():
    points = face()
    flow = (field(points) + np.array([2.0, 0.0]))[: int(points[57, 1]) - 60]  # cut above the mouth
    found = dict(zip(EIGHTEEN_REGIONS, roi_vectors(flow, points, EIGHTEEN_REGIONS), strict=True))
    assert not found["point_57"].any()


@given(st.integers(1, 60), st.floats(0.05, 1.0))
def test_strongest_mean_against_sorting(count, share):
    vectors = np.random.default_rng(count).normal(size=(count, 2))
    kept = sorted(vectors, key=lambda v: np.hypot(*v))[int(count * (1 - share)) :]
    assert np.allclose(strongest_mean(vectors, share), np.mean(kept, axis=0))


def test_sectors():
    for angle, other in ((90, 200), (180, 90), (270, 0), (0, 100), (340, 170)):
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        away = np.array([np.cos(np.radians(other)), np.sin(np.radians(other))])
        found = main_sector_mean(np.stack([2 * way, way, way, 9 * away]))
        assert np.allclose(found, way * (2 + 1) / 2)  # the two longest of three
    assert not main_sector_mean(np.zeros((5, 2))).any()


def test_twelve_points():
    points = face()
    flow = field(points)
    x, y = points[54].round().astype(int)
    flow[y - 8 : y + 9, x - 8 : x + 9] = [0.0, -1.5]
    found = point_vectors(flow, points)
    assert found[TWELVE_POINTS.index(54)] == pytest.approx([0, -1.5])
    assert not found[TWELVE_POINTS.index(48)].any()


def test_references_are_chained():
    """Pictures say how far the left brow has come; the flow between two is the difference."""
    points = face(0.5)
    mask = field(points)[..., 0]
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    brow = (rows < points[27, 1]) & (columns > points[27, 0])
    pairs = []

    def flow(first, second):
        pairs.append((int(first[0, 0]), int(second[0, 0])))
        away = np.zeros((*mask.shape, 2))
        away[brow] = [0, -0.5 * (float(second[0, 0]) - float(first[0, 0]))]
        return away

    pictures = [np.full(mask.shape, 2 * t, np.uint8) for t in range(8)]
    rows_found = list(
        roi_flow(((t / 10, one, points) for t, one in enumerate(pictures)), renew_s=0.3, flow=flow)
    )
    left = [row.roi10.reshape(5, 2)[1, 1] for row in rows_found]
    assert left == pytest.approx([-2.0 * t for t in range(8)])  # a pixel of this picture is two of 320
    steps = [row.roi12[TWELVE_POINTS.index(24), 1] for row in rows_found]
    assert steps == pytest.approx([0] + [-2.0] * 7)
    assert (0, 6) in pairs and (6, 8) in pairs and (0, 8) not in pairs  # renewed at 0.3 s
    assert not rows_found[0].roi36.any() and rows_found[0].roi36.shape == (36,)


def test_a_planted_shift_of_a_picture_is_measured():
    rng = np.random.default_rng(0)
    points = face(0.5)
    size = field(points).shape[:2]
    import cv2

    still = cv2.GaussianBlur(rng.integers(0, 255, size).astype(np.uint8), (0, 0), 2)
    still = cv2.normalize(still, None, 0, 255, cv2.NORM_MINMAX)
    moved = still.copy()
    top = int(points[48:67, 1].min()) - 12
    moved[top:] = np.roll(still, 1, axis=1)[top:]
    for engine in (None, farneback_flow):
        options = {} if engine is None else {"flow": engine}
        last = list(roi_flow([(0.0, still, points), (0.1, moved, points)], **options))[1]
        mouth = last.roi10.reshape(5, 2)[2]
        assert abs(mouth[0] - 2) < 0.7 and abs(mouth[1]) < 0.5
        assert np.abs(last.roi10.reshape(5, 2)[:2]).max() < 0.3


def test_what_cannot_be_measured():
    with pytest.raises(ShapeError, match="fall together"):
        roi_boxes(np.zeros((68, 2)), FIVE_REGIONS)
    with pytest.raises(UsageError, match="no region 'ear'"):
        roi_boxes(face(), ("ear",))
    with pytest.raises(UsageError, match="renew_s"):
        list(roi_flow([], renew_s=0))
