"""Cutting the aligned crop, against a ramp whose value at every point is known, SciPy, and OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from fleeting.core import CROP, CropGeometry, invert, transform_points
from fleeting.motion import sample_crop

Y, X = np.mgrid[: CROP.height, : CROP.width].astype(float)


def towards(place: tuple[float, float], scale: float, degrees: float = 0.0) -> np.ndarray:
    """Similarity that brings a place of the picture to the middle of the crop."""
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    return np.column_stack([turn, np.array([CROP.width / 2, CROP.height / 2]) - turn @ place])


def seen(transform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where in the picture each pixel of the crop looks: x, y."""
    places = transform_points(invert(transform), np.stack([X, Y], -1))
    return places[..., 0], places[..., 1]


def smooth(size: tuple[int, int], sigma: float, seed: int = 0) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=size), sigma)
    return (128 + 45 * noise / noise.std()).clip(0, 255).round().astype(np.uint8)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.06, 3.0), st.floats(-40, 40), st.floats(0, 1))
def test_a_ramp_is_read_at_the_right_place(scale, degrees, along):
    """Grey rises by 133 across the picture: half a crop pixel beside the place would show at any shrink."""
    width = int(150 / scale) + 8
    slope, height = 200 / width, width
    way = np.array([np.cos(2 * np.pi * along), np.sin(2 * np.pi * along)])
    y, x = np.mgrid[:height, :width].astype(float)
    ramp = 128 + slope / 1.5 * ((x - width / 2) * way[0] + (y - height / 2) * way[1])
    transform = towards((width / 2, height / 2), scale, degrees)
    found = sample_crop(ramp.round().astype(np.uint8), transform)
    at_x, at_y = seen(transform)
    wanted = 128 + slope / 1.5 * ((at_x - width / 2) * way[0] + (at_y - height / 2) * way[1])
    margin = 2 * max(1.0, 1 / scale)
    inside = (at_x > margin) & (at_x < width - 1 - margin) & (at_y > margin) & (at_y < height - 1 - margin)
    assert inside.mean() > 0.3
    error = (found - wanted)[inside]
    assert np.abs(error).max() < 2.0  # grey levels: rounding of the ramp and of the interpolation
    assert abs(error.mean()) < 0.35


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0), (0.7, 10), (1.6, -25), (2.5, 3)])
def test_without_strong_shrink_it_is_bilinear_as_in_scipy(scale, degrees):
    picture = smooth((240, 260), 3)
    transform = towards((130, 120), scale, degrees)
    at_x, at_y = seen(transform)
    wanted = map_coordinates(picture.astype(float), [at_y, at_x], order=1, mode="nearest")
    assert np.abs(sample_crop(picture, transform) - wanted).max() < 2.5


@pytest.mark.parametrize("scale", [0.5, 0.34, 0.25, 0.1])
def test_strong_shrink_averages_first(scale):
    """A box blur read at the exact places is the oracle; fine grain is averaged away."""
    size = (int(CROP.height / scale) + 40, int(CROP.width / scale) + 40)
    fine = np.random.default_rng(1).integers(0, 255, size, np.uint8)
    picture = (0.5 * fine + 0.5 * smooth(size, 6 / scale)).astype(np.uint8)
    whole = int(1 / scale)
    transform = np.array([[scale, 0, -20 * scale], [0, scale, -20 * scale]])
    found = sample_crop(picture, transform).astype(float)
    # blur over one crop pixel, then read at the exact places
    blurred = cv2.blur(picture.astype(np.float32), (whole | 1, whole | 1))
    at_x, at_y = seen(transform)
    wanted = map_coordinates(blurred, [at_y, at_x], order=1, mode="nearest")
    inner = (slice(3, -3), slice(3, -3))
    assert np.corrcoef(found[inner].ravel(), wanted[inner].ravel())[0, 1] > 0.9
    grain = found - gaussian_filter(found, 3)
    assert grain[inner].std() < 40 / np.sqrt(whole)  # of 37 in the picture


def test_stripes_finer_than_a_pixel_become_even_grey():
    stripes = np.tile(np.array([0, 255], np.uint8), (1000, 500))
    found = sample_crop(stripes, towards((500, 500), 0.13, 5))
    assert np.abs(found.astype(int) - 127.5).max() < 20  # 7 columns hold 3 or 4 of one kind: 255 / 14


def test_beyond_the_edge_the_edge_goes_on():
    picture = np.full((60, 60), 50, np.uint8)
    picture[:, 0] = 200
    for scale in (1.0, 0.3):
        found = sample_crop(picture, towards((0, 30), scale))
        assert (found[:, 2] > 150).all() or scale < 1
        assert abs(int(found[CROP.height // 2, -1]) - 50) <= 1
    gone = sample_crop(picture, towards((-500, -500), 0.3))
    assert gone.shape == (CROP.height, CROP.width)


def test_colour_is_cut_channel_by_channel():
    picture = np.stack([smooth((300, 280), 4, s) for s in range(3)], -1)
    for scale in (0.8, 0.3):
        transform = towards((140, 150), scale, 7)
        whole = sample_crop(picture, transform)
        assert whole.shape == (CROP.height, CROP.width, 3)
        for k in range(3):
            alone = sample_crop(np.ascontiguousarray(picture[..., k]), transform)
            assert np.abs(whole[..., k].astype(int) - alone).max() <= 1


def test_another_geometry_and_a_frozen_view():
    picture = smooth((200, 400), 4)
    view = picture[:, 100:300]
    view.setflags(write=False)
    geometry = CropGeometry(40, 30, 15.0, 0.4)
    for scale in (1.0, 0.2):
        transform = np.array([[scale, 0, 0], [0, scale, 0]])
        found = sample_crop(view, transform, geometry)
        assert found.shape == (30, 40)
        assert np.array_equal(found, sample_crop(view.copy(), transform, geometry))
