"""Reliability bins, ECE and Brier score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import brier_score, expected_calibration_error, reliability_bins, top_label


def test_bins_by_hand():
    said = np.array([0.05, 0.15, 0.15, 0.95, 1.0, 0.0])
    came = np.array([0, 0, 1, 1, 1, 0])
    rows = reliability_bins(said, came)
    assert rows.low.tolist() == pytest.approx([0, 0.1, 0.9])
    assert rows.count.tolist() == [2, 2, 2]
    assert rows.confidence.tolist() == pytest.approx([0.025, 0.15, 0.975])
    assert rows.frequency.tolist() == pytest.approx([0, 0.5, 1])
    assert expected_calibration_error(said, came) == pytest.approx((0.025 + 0.35 + 0.025) / 3)


def test_bins_are_closed_on_the_right():
    rows = reliability_bins(np.array([0.0, 0.5, 0.75, 1.0]), np.array([0, 1, 1, 1]), bins=2)
    assert rows.count.tolist() == [2, 2]
    assert rows.confidence.tolist() == [0.25, 0.875]


def test_perfect_and_worst():
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([1, 0])) == 0
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([0, 1])) == 1
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0)))
    assert np.isnan(brier_score(np.zeros(0), np.zeros(0)))


def test_quantile_bins_hold_equal_numbers():
    said = np.linspace(0.01, 0.5, 100)
    rows = reliability_bins(said, (said > 0.3).astype(int), bins=5, strategy="quantile")
    assert rows.count.tolist() == [20] * 5
    assert (rows.low[0], rows.high[-1]) == (0, 1)


def test_quantile_bins_survive_many_equal_values():
    rows = reliability_bins(np.full(20, 0.3), np.zeros(20), bins=10, strategy="quantile")
    assert rows.count.sum() == 20


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.integers(0, 1)), min_size=1, max_size=40))
def test_scikit_learn_agrees(rows):
    calibration = pytest.importorskip("sklearn.calibration")
    metrics = pytest.importorskip("sklearn.metrics")
    said, came = (np.array(column) for column in zip(*rows, strict=True))
    ours = reliability_bins(said, came, bins=7)
    frequency, confidence = calibration.calibration_curve(came, said, n_bins=7)
    assert ours.frequency == pytest.approx(frequency)
    assert ours.confidence == pytest.approx(confidence)
    assert brier_score(said, came) == pytest.approx(metrics.brier_score_loss(came, said, pos_label=1))
    assert 0 <= expected_calibration_error(said, came, bins=7) <= 1


def test_calibrated_numbers_are_found_calibrated_and_stretched_ones_are_not():
    rng = np.random.default_rng(0)
    said = rng.uniform(0, 1, 20_000)
    came = rng.uniform(0, 1, 20_000) < said
    assert expected_calibration_error(said, came) < 0.02
    assert expected_calibration_error(said**3, came) > 0.15


def test_top_label():
    confidence, right = top_label(np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 1]))
    assert confidence.tolist() == [0.8, 0.5]
    assert right.tolist() == [True, False]  # at a tie the first class wins


def test_wrong_input_is_named():
    with pytest.raises(UsageError, match=r"0\.\.1"):
        brier_score(np.array([1.2]), np.array([1]))
    with pytest.raises(UsageError):
        brier_score(np.array([np.nan]), np.array([1]))
    with pytest.raises(ShapeError):
        brier_score(np.array([0.2]), np.array([1, 0]))
    with pytest.raises(UsageError, match="strategy"):
        reliability_bins(np.array([0.2]), np.array([1]), strategy="other")
    with pytest.raises(UsageError, match="sum to 1"):
        top_label(np.array([[0.2, 0.2]]), np.array([0]))
    with pytest.raises(ShapeError):
        top_label(np.array([0.2, 0.8]), np.array([0]))
