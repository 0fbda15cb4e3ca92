"""Gaze scores by hand, and what the jitter metric must and must not see."""

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import jitter, score_gaze


def path(n=200):
    t = np.arange(n) / 100
    return np.stack([40 + 10 * np.sin(t), 30 + 5 * np.cos(2 * t)], axis=1)


def test_distances_by_hand():
    truth = np.array([[0.0, 0.0], [10.0, 10.0], [20.0, 20.0]])
    found = truth + np.array([[3.0, 4.0], [0.0, 0.5], [-9.0, 12.0]])
    scores = score_gaze(truth, found)
    assert scores.l2 == pytest.approx((5 + 0.5 + 15) / 3)
    assert scores.l1 == pytest.approx((7 + 0.5 + 21) / 6)
    assert scores.within == pytest.approx({1: 1 / 3, 3: 1 / 3, 5: 1 / 3, 10: 2 / 3})
    assert scores.n == 3


def test_tolerance_itself_is_outside():
    """The challenge counts less than k."""
    scores = score_gaze(np.zeros((1, 2)), np.array([[5.0, 0.0]]))
    assert scores.within[5] == 0 and scores.within[10] == 1


def test_jitter_by_hand_on_three_rows():
    """Three rows at 1 Hz: spectra and histograms small enough to write out."""
    truth = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]])  # velocity 1, 2, 3
    found = np.array([[0.0, 0.0], [2.0, 2.0], [2.0, 2.0]])  # velocity 2, 1, 0
    e = 1e-6

    def spectral(v):
        size = np.abs(
            [v[0] + v[1] + v[2], v[0] + v[1] * np.exp(-2j * np.pi / 3) + v[2] * np.exp(-4j * np.pi / 3)]
        )
        return -np.log(1 / 3 + e) * size[1] / (size.sum() + e)

    old, new = spectral([1, 2, 3]), spectral([2, 1, 0])
    # Freedman-Diaconis over 0, 1, 1, 2, 2, 3: quartiles 1 and 2, width 2 / 6^(1/3) = 1.10, so 3 bins over
    # 0..3: new 1, 1, 1 and old 0, 1, 2 of three.
    p = np.array([1, 1, 1]) / 3 + e
    q = np.array([0, 1, 2]) / 3 + e
    p, q = p / p.sum(), q / q.sum()
    expected = 0.75 * abs(new - old) / (abs(old) + e) + 0.25 * np.log1p(np.sum(p * np.log(p / q)))
    assert jitter(truth, found, rate_hz=1) == pytest.approx(expected, rel=1e-9)


def test_equal_paths_have_none():
    assert jitter(path(), path()) == 0


def test_a_shift_is_no_jitter():
    assert jitter(path(), path() + 7) == pytest.approx(0, abs=1e-6)


def test_more_noise_more_jitter_and_smoothing_helps():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (200, 2))
    small, large = jitter(path(), path() + 0.01 * noise), jitter(path(), path() + noise)
    assert 0 < small < large
    kernel = np.ones(15) / 15
    smooth = np.stack([np.convolve((path() + noise)[:, i], kernel, "same") for i in range(2)], axis=1)
    assert jitter(path()[20:-20], smooth[20:-20]) < jitter(path()[20:-20], (path() + noise)[20:-20])


def test_the_spectral_weight():
    rng = np.random.default_rng(1)
    found = path() + rng.normal(0, 1, (200, 2))
    whole, part = jitter(path(), found, weight=1), jitter(path(), found, weight=0)
    assert jitter(path(), found) == pytest.approx(0.75 * whole + 0.25 * part)


def test_standing_still_is_a_number():
    assert jitter(np.ones((10, 2)), np.ones((10, 2))) == 0
    assert np.isfinite(jitter(np.ones((10, 2)), path(10)))


def test_wrong_input_is_named():
    with pytest.raises(ShapeError):
        score_gaze(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ShapeError):
        score_gaze(np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(UsageError, match="finite"):
        score_gaze(np.array([[np.nan, 0]]), np.zeros((1, 2)))
    with pytest.raises(ShapeError, match="N >= 3"):
        jitter(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(UsageError, match="rate_hz"):
        jitter(path(), path(), rate_hz=0)
