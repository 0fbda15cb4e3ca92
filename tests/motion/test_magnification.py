"""Magnified motion: as large as asked for, and of nothing but what moved by itself."""

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.motion import dis_flow, local_motion, magnify

cv2 = pytest.importorskip("cv2")
SIZE = 160


def texture(seed: int = 0) -> np.ndarray:
    """A picture with detail of several sizes."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), s) * s for s in (1.5, 3, 6)]
    picture = sum(layers)
    picture = 128 + 45 * picture / np.std(picture)
    return np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def bump(pixels: float) -> np.ndarray:
    """A shift to the right around the middle that fades outwards, ``(H, W, 2)``."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    near = np.exp(-((x - SIZE / 2) ** 2 + (y - SIZE / 2) ** 2) / (2 * 18**2)).astype(np.float32)
    return np.stack([pixels * near, 0 * near], -1)


def drawn(picture: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Move every point of a picture by ``shift``: the inverse is found by iteration."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    at = np.stack([x, y], -1)
    for _ in range(30):
        at = np.stack([x, y], -1) - cv2.remap(shift, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    return cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(("pixels", "gain"), [(0.5, 6), (1.0, 4), (0.3, 10)])
def test_a_small_movement_is_shown_as_large_as_asked(pixels: float, gain: float) -> None:
    still = texture()
    shown = next(magnify(still, [drawn(still, bump(pixels))], gain))
    wanted = drawn(still, bump(pixels * gain))
    truth = wanted.astype(int)
    inside = (slice(40, 120), slice(40, 120))
    error = np.abs(shown.astype(int) - truth)[inside].mean()
    untouched = np.abs(still.astype(int) - truth)[inside].mean()
    assert error < 0.35 * untouched
    # Dense flow makes motions smaller, those that it magnifies and those that it measures here.
    moved, due = (dis_flow(still[..., 0], one[..., 0])[75:85, 75:85, 0].mean() for one in (shown, wanted))
    assert 0.75 * due < moved < 1.1 * due


def test_the_head_is_held_still_and_not_magnified() -> None:
    still = texture(1)
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), 1.0, 1.01)
    turn[:, 2] += 2.0, -1.5
    moved = cv2.warpAffine(still, turn, (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    shown = next(magnify(still, [moved], 20)).astype(int)
    inside = (slice(20, 140), slice(20, 140))
    assert np.abs(shown - still)[inside].mean() < 0.25 * np.abs(moved.astype(int) - still)[inside].mean()


def test_noise_alone_is_hardly_magnified() -> None:
    still = texture(2)
    noise = np.random.default_rng(5).normal(scale=1.5, size=still.shape)
    noisy = (still + noise).round().clip(0, 255).astype(np.uint8)
    shown = next(magnify(still, [noisy], 10)).astype(int)
    assert np.abs(shown - noisy)[20:140, 20:140].mean() < 2.5


def test_frames_stream_one_by_one() -> None:
    still = texture()
    taken: list[int] = []

    def frames():
        for number in range(100):
            taken.append(number)
            yield still

    made = magnify(still, frames(), 5)
    next(made)
    next(made)
    assert taken == [0, 1]


def test_local_motion_takes_out_affine_motion_and_keeps_the_rest() -> None:
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    whole = np.stack([1.5 + 0.01 * x, -0.7 - 0.02 * y], -1)
    everywhere = np.ones((SIZE, SIZE), bool)
    assert np.abs(local_motion(whole, everywhere)).max() < 0.02
    left = local_motion(whole + bump(1.0), everywhere)
    assert left[SIZE // 2, SIZE // 2, 0] == pytest.approx(1.0, abs=0.1)
    assert np.abs(left[:20, :20]).max() < 0.1


@pytest.mark.parametrize("gain", [0, 0.5, 51, float("nan")])
def test_wrong_gains(gain: float) -> None:
    with pytest.raises(UsageError, match=r"gain: expected 1\.\.50"):
        magnify(texture(), [], gain)


def test_wrong_shapes() -> None:
    with pytest.raises(ShapeError):
        next(magnify(texture(), [texture()[:-1]], 5))
    with pytest.raises(ShapeError):
        magnify(texture(), [], 5, mask=np.ones((3, 3), bool))
