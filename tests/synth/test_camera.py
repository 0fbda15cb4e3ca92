"""What the camera adds, measured from its pictures."""

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.synth import CameraSettings
from fleeting.synth.camera import Camera, noise_levels

SIZE = (120, 160)


def flat(level: int) -> np.ndarray:
    return np.full((*SIZE, 3), level, np.uint8)


@pytest.mark.parametrize("level", [20, 118, 220])
@pytest.mark.parametrize("noise", [1.5, 4.0])
def test_noise_has_the_size_it_says_and_grows_with_the_light(level, noise):
    camera = Camera(CameraSettings(noise=noise), SIZE, seed=1)
    shots = np.stack([camera.shoot(flat(level), i, i / 50) for i in range(6)]).astype(float)
    wanted = np.sqrt(noise**2 * (0.25 + 0.75 * level / 118) + 1 / 12)  # rounding to whole levels adds 1/12
    assert shots.std() == pytest.approx(wanted, rel=0.02)
    assert shots.mean() == pytest.approx(level, abs=0.05)


def test_noise_is_new_in_every_frame_pixel_and_colour():
    camera = Camera(CameraSettings(noise=4), SIZE, seed=1)
    a, b = (camera.shoot(flat(118), i, 0.0).astype(float) - 118 for i in (0, 1))
    for one, two in ((a, b), (a[:, 1:], a[:, :-1]), (a[1:], a[:-1]), (a[..., 0], a[..., 1])):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03
    assert np.array_equal(camera.shoot(flat(118), 1, 0.0) - 118.0, b)


def test_noise_levels_by_hand():
    levels = noise_levels(2.0)
    assert levels[0] == pytest.approx(1.0)
    assert levels[236] == pytest.approx(2 * np.sqrt(1.75))


def test_flicker_changes_all_pixels_alike():
    camera = Camera(CameraSettings(flicker=0.1, flicker_hz=2), SIZE, seed=3)
    shots = np.stack([camera.shoot(flat(200), i, i / 40) for i in range(80)]).astype(float)
    means = shots.mean((1, 2, 3)) / 200
    assert np.all(shots.std((1, 2, 3)) == 0)
    assert 0.06 < np.abs(means - 1).max() <= 0.1025
    spectrum = np.abs(np.fft.rfft(means - means.mean()))
    assert np.fft.rfftfreq(80, 1 / 40)[spectrum.argmax()] == pytest.approx(2.0)


def test_rolling_exposure_makes_bands_that_wander_down():
    camera = Camera(CameraSettings(flicker=0.1, flicker_hz=2, flicker_bands=3), SIZE, seed=3)
    shots = np.stack([camera.shoot(flat(200), i, i / 80) for i in range(40)]).astype(float) / 200 - 1
    assert np.all(np.ptp(shots, axis=(2, 3)) == 0)  # every row is lit evenly
    rows = shots[:, :, 0, 0]
    assert np.abs(np.fft.rfft(rows[0])).argmax() == 3
    # 3 bands in 120 rows, 2 a second: a row sees what the one above it by 40 rows x 2 Hz x 1/80 s = 1 row saw
    np.testing.assert_allclose(rows[1:, 1:], rows[:-1, :-1], atol=1e-6)


def test_gradient_tilts_the_light_and_wanders():
    camera = Camera(CameraSettings(gradient=0.2, gradient_hz=1), SIZE, seed=3)
    first, opposite = (camera.shoot(flat(120), 0, t).astype(float) / 120 - 1 for t in (0.0, 0.5))
    corner = [first[y, x, 0] for y in (0, -1) for x in (0, -1)]
    assert 0.19 < max(corner) < 0.29
    assert first[..., 0].mean() == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(first, -opposite, atol=0.01)  # half a turn later


def test_blur_against_scipy():
    from scipy.ndimage import gaussian_filter

    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    made = Camera(CameraSettings(blur_px=2.0), SIZE, 0).shoot(image, 0, 0.0)
    wanted = gaussian_filter(image.astype(float), (2, 2, 0), mode="mirror", truncate=4)
    assert np.abs(made - wanted).max() < 2.5


def test_clean_camera_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    assert Camera(CameraSettings(), SIZE, 0).shoot(image, 0, 0.0) is image


@pytest.mark.parametrize(
    "wrong", [{"noise": -1}, {"scale": 0}, {"crf": 60}, {"flicker": 0.5}, {"flicker_bands": -1}]
)
def test_wrong_settings(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        CameraSettings(**wrong)


def test_wrong_pictures():
    with pytest.raises(ShapeError):
        Camera(CameraSettings(noise=1), SIZE, 0).shoot(np.zeros((4, 4), np.uint8), 0, 0.0)
