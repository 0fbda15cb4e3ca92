"""Similarities of the plane against OpenCV, SciPy and homogeneous matrices."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fleeting.core import CROP, CropGeometry, ShapeError, compose, invert, similarity, transform_points

angles, scales = st.floats(-3.1, 3.1), st.floats(0.05, 20)
shifts = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))
transforms = st.builds(
    lambda angle, scale, shift: np.array(
        [
            [scale * np.cos(angle), -scale * np.sin(angle), shift[0]],
            [scale * np.sin(angle), scale * np.cos(angle), shift[1]],
        ]
    ),
    angles,
    scales,
    shifts,
)
POINTS = np.random.default_rng(0).normal((100, 60), 40, (9, 2))


def homogeneous(transform: np.ndarray) -> np.ndarray:
    return np.vstack([transform, [0, 0, 1]])


# --- similarity ---------------------------------------------------------------------------------------


@given(transforms)
def test_a_planted_similarity_is_found_again(planted):
    assert similarity(POINTS, transform_points(planted, POINTS)) == pytest.approx(planted, rel=1e-6, abs=1e-6)


def test_by_hand():
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2.0]])
    quarter = np.array([[0, 0], [0, 2], [-2, 2], [-2, 0.0]])  # x to y: clockwise on the screen
    assert similarity(square, quarter) == pytest.approx(np.array([[0, -1, 0], [1, 0, 0.0]]))
    assert similarity(square, 3 * square + [5, -1]) == pytest.approx(np.array([[3, 0, 5], [0, 3, -1.0]]))


def test_opencv_agrees_on_points_that_do_not_fit():
    rng = np.random.default_rng(1)
    for _ in range(20):
        source = rng.normal(0, 30, (12, 2))
        target = source @ rng.normal(0, 1, (2, 2)) + rng.normal(0, 5, (12, 2))
        # a huge threshold makes every point an inlier: plain least squares, refined to the end
        theirs, _ = cv2.estimateAffinePartial2D(
            source, target, ransacReprojThreshold=1e6, refineIters=200, maxIters=1
        )
        assert similarity(source, target) == pytest.approx(theirs, abs=1e-4)


def test_scipy_agrees_on_the_turn():
    """Kabsch's turn does not depend on scale, so SciPy's answer for the plane is ours too."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        source = rng.normal(0, 30, (8, 2))
        target = transform_points(np.array([[1.6, -1.2, 3], [1.2, 1.6, 4]]), source) + rng.normal(
            0, 2, (8, 2)
        )
        flat = [np.column_stack([p - p.mean(0), np.zeros(len(p))]) for p in (target, source)]
        turn = Rotation.align_vectors(*flat)[0].as_matrix()[:2, :2]
        ours = similarity(source, target)[:, :2]
        assert ours / np.sqrt(np.linalg.det(ours)) == pytest.approx(turn, abs=1e-6)


@given(st.integers(0, 2**31))
def test_nothing_near_it_fits_better(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(0, 10, (2, 7, 2))
    best = similarity(source, target)
    (a, b, x), (_, _, y) = best

    def cost(a, b, x, y):
        return ((transform_points(np.array([[a, b, x], [-b, a, y]]), source) - target) ** 2).sum()

    for step in np.vstack([np.eye(4), -np.eye(4)]) * 1e-3:
        assert cost(a + step[0], b + step[1], x + step[2], y + step[3]) >= cost(a, b, x, y)


def test_it_never_mirrors():
    mirrored = POINTS * [-1, 1]
    assert np.linalg.det(similarity(POINTS, mirrored)[:, :2]) >= 0


def test_points_that_coincide_give_no_nan():
    found = similarity(np.full((5, 2), 7.0), POINTS[:5])
    assert np.isfinite(found).all()
    assert transform_points(found, np.array([[7.0, 7.0]]))[0] == pytest.approx(POINTS[:5].mean(0))


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match="source"):
        similarity(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="target"):
        similarity(np.zeros((4, 2)), np.zeros((5, 2)))


# --- chaining -----------------------------------------------------------------------------------------


@given(transforms, transforms)
def test_compose_is_the_product_of_homogeneous_matrices(second, first):
    wanted = (homogeneous(second) @ homogeneous(first))[:2]
    assert compose(second, first) == pytest.approx(wanted, rel=1e-9, abs=1e-6)
    there = transform_points(second, transform_points(first, POINTS))
    assert transform_points(compose(second, first), POINTS) == pytest.approx(there, rel=1e-9, abs=1e-6)


@given(transforms)
def test_invert_undoes(transform):
    assert invert(transform) == pytest.approx(np.linalg.inv(homogeneous(transform))[:2], rel=1e-6, abs=1e-6)
    back = transform_points(invert(transform), transform_points(transform, POINTS))
    assert back == pytest.approx(POINTS, rel=1e-6, abs=1e-6)


def test_invert_takes_any_affine():
    shear = np.array([[2.0, 0.5, 3], [0, 1, -1]])
    assert compose(invert(shear), shear) == pytest.approx(np.eye(2, 3))


def test_points_of_any_number_of_axes_and_with_depth():
    transform = np.array([[0.0, -1, 10], [1, 0, 20]])
    batch = np.arange(24.0).reshape(2, 4, 3)  # x, y, z
    moved = transform_points(transform, batch)
    assert moved.shape == (2, 4, 2)
    assert moved[1, 2].tolist() == [10 - 19.0, 20 + 18.0]
    assert transform_points(transform, [1.0, 2.0]).tolist() == [8.0, 21.0]


# --- the crop -----------------------------------------------------------------------------------------


def test_origin_by_hand():
    geometry = CropGeometry(101, 201, 40.0, 0.25)
    assert geometry.origin.tolist() == [50.0, 50.0]


@pytest.mark.parametrize("factor", [0.5, 2, 4])
def test_scaled_shows_the_same(factor):
    """Corners of pixels, not their centres, scale: the eyes stay where they were to a sixth of a pixel."""
    larger = CROP.scaled(factor)
    assert (larger.width, larger.height) == (round(112 * factor), round(128 * factor))
    assert larger.iod == CROP.iod * factor
    assert larger.eyes_y == CROP.eyes_y
    assert np.abs((CROP.origin + 0.5) * factor - 0.5 - larger.origin).max() <= 0.17 * abs(factor - 1)


def test_the_default_crop_holds_a_face():
    """Forehead and chin of the neutral face, and half an eye distance beside the eyes."""
    assert CROP.origin[0] - 1.2 * CROP.iod > 0
    assert CROP.origin[1] + 1.9 * CROP.iod < CROP.height
    assert CROP.origin[1] - 0.95 * CROP.iod > 0
