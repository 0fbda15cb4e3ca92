"""The transform to the crop, and the height of the upper lids."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting import facs
from fleeting.core import CROP, CropGeometry, ShapeError, compose, transform_points
from fleeting.face import crop_transform, find_faces, follow, upper_lid_height
from fleeting.face.align import STABLE_POINTS

MESH = facs.neutral_mesh()[:, :2] * 60 + [150, 120]
angles, scales = st.floats(-3.1, 3.1), st.floats(0.1, 10)
shifts = st.tuples(st.floats(-500, 500), st.floats(-500, 500))


def moved(points: np.ndarray, angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn.T + shift


def test_the_neutral_face_comes_to_its_place():
    for geometry in (CROP, CropGeometry(200, 220, 80.0, 0.4)):
        inside = transform_points(crop_transform(MESH, geometry), MESH)
        right, left = facs.eye_centers(inside)[:, :2]
        assert left - right == pytest.approx([geometry.iod, 0], abs=1e-9)
        assert (left + right) / 2 == pytest.approx(geometry.origin, abs=1e-9)


def test_the_whole_face_is_in_the_crop():
    inside = transform_points(crop_transform(MESH), MESH)
    rings = np.unique(np.concatenate([np.array(ring) for ring in facs.regions().values()]))
    assert (inside[rings] >= 1).all()
    assert (inside[rings] <= [CROP.width - 2, CROP.height - 2]).all()


@given(angles, scales, shifts)
def test_where_the_face_is_does_not_matter(angle, scale, shift):
    other = moved(MESH, angle, scale, shift)
    here = transform_points(crop_transform(MESH), MESH)
    there = transform_points(crop_transform(other), other)
    assert there == pytest.approx(here, abs=1e-6)


def test_it_is_a_similarity():
    shaken = MESH + np.random.default_rng(0).normal(0, 3, MESH.shape)
    (a, b, _), (c, d, _) = crop_transform(shaken)
    assert (a, b) == pytest.approx((d, -c))
    assert a * d - b * c > 0  # not mirrored


def test_opencv_finds_the_same_transform():
    rng = np.random.default_rng(3)
    for _ in range(10):
        points = moved(MESH, rng.uniform(-1, 1), rng.uniform(0.5, 2), tuple(rng.uniform(-50, 50, 2)))
        points += rng.normal(0, 1, points.shape)
        stable = list(STABLE_POINTS)
        target = facs.neutral_mesh()[stable, :2] * CROP.iod + CROP.origin
        # a huge threshold makes every point an inlier: plain least squares, refined to the end
        theirs, inliers = cv2.estimateAffinePartial2D(
            points[stable], target, ransacReprojThreshold=1e4, refineIters=100
        )
        assert inliers.all()
        assert crop_transform(points) == pytest.approx(theirs, abs=1e-4)


MOVED_BY_MUSCLES = {
    "lips": (61, 291, 0, 17, 13, 14, 37, 267, 84, 314),
    "brows": (52, 282, 55, 285, 65, 295, 66, 296),
    "lids": (159, 145, 386, 374),
    "chin and jaw": (152, 199, 175, 148, 377),
    "cheeks": (50, 280, 205, 425, 117, 346),
    "wings of the nose": (129, 358, 64, 294),
}


@pytest.mark.parametrize("what", MOVED_BY_MUSCLES)
def test_an_expression_does_not_move_the_crop(what):
    smiling = MESH.copy()
    smiling[list(MOVED_BY_MUSCLES[what])] += [4.0, -5.0]
    assert np.array_equal(crop_transform(smiling), crop_transform(MESH))


def test_depth_is_left_out():
    with_depth = np.column_stack([MESH, np.random.default_rng(0).normal(size=468)])
    assert np.array_equal(crop_transform(with_depth), crop_transform(MESH))


@pytest.mark.parametrize("shape", [(467, 2), (68, 2), (2, 468, 2)])
def test_other_landmarks_are_refused(shape):
    with pytest.raises(ShapeError):
        crop_transform(np.zeros(shape))
    with pytest.raises(ShapeError, match="landmarks"):
        upper_lid_height(np.zeros((1, *shape)) if len(shape) == 2 else np.zeros((*shape, 1)))


def test_picture_and_crop_agree(portrait):
    """The eyes of the portrait lie in the crop where the geometry says."""
    (face,) = find_faces(portrait)
    eyes = facs.eye_centers(transform_points(crop_transform(face), face))[:, :2]
    wanted = CROP.origin + np.array([[-CROP.iod / 2, 0], [CROP.iod / 2, 0]])
    assert np.abs(eyes - wanted).max() < 0.05 * CROP.iod


# --- lids ---------------------------------------------------------------------------------------------


def eyes_by_hand(right: float, left: float) -> np.ndarray:
    """Eyes 10 px wide on level lines, with their upper lids so many pixels above."""
    points = np.zeros((468, 2))
    points[33], points[133], points[362], points[263] = (0, 50), (10, 50), (30, 50), (40, 50)
    points[[160, 159, 158]] = (3, 50 - right), (5, 50 - right), (7, 50 - right)
    points[[387, 386, 385]] = (37, 50 - left), (35, 50 - left), (33, 50 - left)
    return points


def test_lid_height_by_hand():
    heights = upper_lid_height(np.stack([eyes_by_hand(2, 3), eyes_by_hand(0, 1)]))
    assert heights == pytest.approx(np.array([[0.2, 0.3], [0.0, 0.1]]))


@given(angles, scales, shifts)
def test_lid_height_does_not_depend_on_where_the_face_is(angle, scale, shift):
    other = moved(eyes_by_hand(2, 3), angle, scale, shift)
    assert upper_lid_height(other[None])[0] == pytest.approx([0.2, 0.3], abs=1e-6)


def test_a_lower_lid_does_not_count():
    points = eyes_by_hand(2, 2)
    tight = points.copy()
    tight[[144, 145, 153, 373, 374, 380]] += [0, -1.5]  # AU 7
    assert np.array_equal(upper_lid_height(points[None]), upper_lid_height(tight[None]))


def test_a_planted_blink_lowers_the_upper_lid_and_opens_it_again(portrait):
    from fleeting.synth import Life, plant

    clip = plant(portrait[:320, 60:380], [], fps=25, duration_s=0.8, life=Life(blinks_s=(0.2,)), seed=1)
    shut = clip.strengths(clip.times)[:, 0]
    heights, before = [], None
    for image in clip.frames():
        before = find_faces(image)[0] if before is None else follow(image, before)[0]
        heights.append(upper_lid_height(before[None])[0])
    height = np.stack(heights) / np.median(heights, axis=0)
    assert (height[shut > 0.9 * shut.max()] < 0.75).all()
    assert (height[shut == 0] > 0.93).all()


def test_composed_with_another_transform():
    shift = np.array([[1.0, 0, 7], [0, 1, -3]])
    assert compose(crop_transform(MESH + np.array([7, -3])), shift) == pytest.approx(
        crop_transform(MESH), abs=1e-9
    )
