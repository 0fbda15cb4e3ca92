import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import ShapeError, UnknownNameError
from fleeting.facs import (
    mirror_index,
    neutral_mesh,
    polygon_mask,
    region_about,
    region_masks,
    region_names,
    region_side,
    regions,
)

PROMISED = ["brow_inner", "brow_outer", "lid_upper", "lid_lower", "cheek", "nose_side", "upper_lip"]
PROMISED += ["mouth_corner", "jaw", "temple", "eye_open"]
MIDDLE = ["glabella", "nose_bridge", "nose_tip", "lower_lip", "chin", "forehead", "mouth_open"]
# Two vertices between which, or one on which, lies a point well inside; by hand, on the subject's right.
INSIDE = {
    "brow_inner": (65, 108),
    "brow_outer": (105, 105),
    "lid_upper": (27, 27),
    "lid_lower": (23, 23),
    "eye_outer": (124, 35),
    "cheek": (101, 101),
    "nose_side": (198, 198),
    "nasolabial": (203, 203),
    "upper_lip": (167, 167),
    "mouth_corner": (57, 57),
    "buccal": (207, 207),
    "jaw": (169, 169),
    "temple": (71, 71),
    "eye_open": (159, 145),
    "glabella": (8, 8),
    "nose_bridge": (197, 197),
    "nose_tip": (1, 1),
    "lower_lip": (17, 17),
    "chin": (199, 199),
    "forehead": (10, 151),
}
FACE = neutral_mesh()[:, :2] * 173.3 + (211.37, 170.41)
SIZE = (500, 423)


def test_promised_names_are_there_with_their_sides():
    for name in PROMISED:
        assert region_side(f"{name}_left") == "left"
        assert region_side(f"{name}_right") == "right"
    for name in MIDDLE:
        assert region_side(name) == "middle"
    assert set(region_names()) == set(regions())


def test_kinds():
    assert set(region_names("reference")) == {"nose_bridge", "forehead", "temple_left", "temple_right"}
    assert set(region_names("opening")) == {"eye_open_left", "eye_open_right", "mouth_open"}
    parts = [region_names(kind) for kind in ("muscle", "reference", "opening")]
    assert sorted(sum(parts, ())) == sorted(region_names())


def test_left_is_the_mirror_of_right_and_lies_on_the_subjects_left():
    face, mirror = neutral_mesh(), mirror_index()
    for name, ring in regions().items():
        if region_side(name) == "middle":
            assert set(mirror[list(ring)].tolist()) == set(ring)
            continue
        other = name.replace("_left", "_right") if "_left" in name else name.replace("_right", "_left")
        assert set(mirror[list(ring)].tolist()) == set(regions()[other])
        assert (face[list(ring), 0].mean() > 0) == (region_side(name) == "left")


def test_rings_do_not_cross_themselves():
    for name, ring in regions().items():
        points = neutral_mesh()[list(ring), :2]
        shoelace = np.cross(
            np.c_[points, np.zeros(len(points))], np.c_[np.roll(points, -1, 0), np.zeros(len(points))]
        )[:, 2].sum()
        drawn = polygon_mask(points * 1000 + 2000, (5000, 4000)).sum() / 1e6
        assert len(set(ring)) == len(ring)
        # A crossing would take area off the shoelace sum.
        assert abs(shoelace) / 2 == pytest.approx(drawn, rel=0.02, abs=2e-4), name


@pytest.mark.parametrize("name", INSIDE)
def test_masks_cover_the_place_that_gives_the_name(name):
    one, other = INSIDE[name]
    point = (FACE[one] + FACE[other]) / 2
    full = name if name in regions() else f"{name}_right"
    column, row = point.round().astype(int)
    sharing = [n for n, m in zip(region_names(), region_masks(FACE, SIZE), strict=True) if m[row, column]]
    assert sharing == [full]


def test_masks_share_no_pixel_and_are_large_enough_to_pool():
    masks = region_masks(FACE, SIZE)
    assert masks.dtype == bool and masks.shape == (len(region_names()), *SIZE)
    assert masks.sum(axis=0).max() == 1
    area = dict(zip(region_names(), masks.sum(axis=(1, 2)) / 173.3**2, strict=True))
    for name in (*region_names("muscle"), *region_names("reference")):
        assert area[name] > 0.02, name  # 46 pixels of a crop with 48 pixels between the eyes


def test_masks_of_a_mirrored_face_are_mirrored():
    width = SIZE[1]
    flipped = FACE[mirror_index()] * [-1, 1] + [width - 1, 0]
    masks = dict(zip(region_names(), region_masks(FACE, SIZE), strict=True))
    for name, mask in zip(region_names(), region_masks(flipped, SIZE), strict=True):
        # The picture and the vertices are mirrored: the right cheek stays a right cheek, where the left was.
        other = name.replace("left", "#").replace("right", "left").replace("#", "right")
        assert np.count_nonzero(mask[:, ::-1] != masks[other]) <= 2, name


def test_masks_outside_the_picture_are_empty_and_parts_are_cut():
    assert not region_masks(FACE + 5000, (50, 60)).any()
    whole = region_masks(FACE, SIZE)
    part = region_masks(FACE - (100, 90), (200, 150))
    np.testing.assert_array_equal(part, whole[:, 90:290, 100:250])


def test_names_choose_and_order_the_masks():
    both = region_masks(FACE, SIZE, ("chin", "cheek_left"))
    np.testing.assert_array_equal(both[1], region_masks(FACE, SIZE)[region_names().index("cheek_left")])


def test_depth_is_ignored():
    deep = np.c_[FACE, np.arange(468.0)]
    np.testing.assert_array_equal(region_masks(deep, SIZE), region_masks(FACE, SIZE))


def test_errors():
    with pytest.raises(UnknownNameError, match=r"unknown region 'nose'.*nose_tip"):
        region_side("nose")
    with pytest.raises(UnknownNameError):
        region_masks(FACE, SIZE, ("cheek",))
    with pytest.raises(ShapeError, match=r"\(468, 2\)"):
        region_masks(FACE[:68], SIZE)
    with pytest.raises(ShapeError, match="NaN"):
        region_masks(np.full((468, 2), np.nan), SIZE)
    assert region_about("jaw_left") == region_about("jaw_right") != ""


@given(
    st.lists(st.tuples(st.floats(-5, 25), st.floats(-5, 25)), min_size=3, max_size=8),
)
def test_polygons_agree_with_opencv(points):
    polygon = np.array(points, np.float32)
    mask = polygon_mask(polygon, (20, 22))
    for y in range(0, 20, 3):
        for x in range(0, 22, 3):
            edge = np.abs(distance_to_edges(polygon.astype(float), (x, y)))
            if edge < 1e-3:
                continue  # on the line: either answer is right
            crossings = cv2.pointPolygonTest(polygon.reshape(-1, 1, 2), (float(x), float(y)), False)
            assert mask[y, x] == (crossings > 0)


def distance_to_edges(polygon, point):
    """Smallest distance of a point from the sides of a polygon."""
    start, way = polygon, np.roll(polygon, -1, axis=0) - polygon
    length = np.maximum((way**2).sum(axis=1), 1e-12)
    share = np.clip(((np.array(point) - start) * way).sum(axis=1) / length, 0, 1)
    return np.linalg.norm(start + share[:, None] * way - point, axis=1).min()


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), min_size=4, max_size=4, unique=True))
def test_polygons_that_share_an_edge_share_no_pixel(points):
    hull = cv2.convexHull(np.array(points, np.int32)).reshape(-1, 2)
    if len(hull) < 4:
        return
    one = polygon_mask(hull[[0, 1, 2]], (20, 20))
    other = polygon_mask(hull[[0, 2, 3]], (20, 20))
    assert not (one & other).any()
    np.testing.assert_array_equal(one | other, polygon_mask(hull, (20, 20)))
