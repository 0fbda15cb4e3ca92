"""Threshold runs, and pairs of onset and offset."""

import numpy as np
import pytest

from fleeting.spotting import DECODERS

runs, pairs = DECODERS.get("runs"), DECODERS.get("onset-offset")
CURVE = np.array([0, 0.2, 0.5, 0.9, 0.5, 0.2, 0, 0.4, 0.45, 0, 0])


def boxes(found) -> list[tuple[int, int]]:
    return [(b.onset, b.offset) for b in found]


def test_a_run_must_reach_the_high_threshold_and_lasts_to_the_low_one():
    plain = {"relative": False}
    assert boxes(runs(CURVE, 30, high=0.6, low=0.3, **plain)) == [(2, 4)]
    assert boxes(runs(CURVE, 30, high=0.6, low=0.2, **plain)) == [(1, 5)]
    assert boxes(runs(CURVE, 30, high=0.45, low=0.3, **plain)) == [(2, 4), (7, 8)]
    assert boxes(runs(CURVE, 30, high=0.91, low=0.3, **plain)) == []


def test_the_score_of_a_run_is_its_mean_and_its_apex_the_maximum():
    (one,) = runs(CURVE, 30, high=0.6, low=0.3, relative=False)
    assert one.apex == 3
    assert one.score == pytest.approx(1.9 / 3)


def test_relative_thresholds_lie_between_mean_and_maximum():
    """Mean 0.2, maximum 1: 0.5 is the height 0.6, 0.25 the height 0.4."""
    curve = np.array([0, 0, 0, 0, 0.39, 0.4, 1, 0.21, 0, 0])
    assert boxes(runs(curve, 30, high=0.5, low=0.25)) == [(5, 6)]
    assert boxes(runs(10 * curve - 3, 30, high=0.5, low=0.24)) == [(5, 6)]


def test_near_runs_are_joined_before_they_are_judged():
    plain = {"high": 0.45, "low": 0.3, "relative": False}
    assert boxes(runs(CURVE, 30, join_s=1 / 30, **plain)) == [(2, 4), (7, 8)], "two frames lie between"
    assert boxes(runs(CURVE, 30, join_s=2 / 30, **plain)) == [(2, 8)]
    gap = CURVE.copy()
    gap[6] = np.nan
    assert boxes(runs(gap, 30, join_s=1.0, **plain)) == [(2, 4), (7, 8)], "never across what was not seen"


def test_runs_too_short_or_too_long_are_left_out():
    plain = {"high": 0.45, "low": 0.3, "relative": False}
    assert boxes(runs(CURVE, 10, least_s=0.3, **plain)) == [(2, 4)]
    assert boxes(runs(CURVE, 10, most_s=0.2, **plain)) == [(7, 8)]


def peaked(place: int, frames: int = 60, height: float = 0.9) -> np.ndarray:
    curve = np.full(frames, 0.01)
    curve[place] = height
    return curve


GIVEN = {"relative": False, "onset_curve": peaked(16), "offset_curve": peaked(25, height=0.8)}


def test_the_likeliest_onset_and_offset_are_paired():
    """Two to seven frames from the apex at 30 frames/s: the onset is 4 before, the offset 5 after."""
    (one,) = pairs(peaked(20), 30, **GIVEN)
    assert (one.onset, one.apex, one.offset) == (16, 20, 25)
    assert one.score == pytest.approx(0.9 * 0.9 * 0.8)


def test_ends_too_near_or_too_far_are_not_looked_at():
    near = {**GIVEN, "onset_curve": peaked(19)}
    assert pairs(peaked(20), 30, **near) == [], "elsewhere onset does not beat offset"
    far = {**GIVEN, "onset_curve": peaked(12)}
    assert pairs(peaked(20), 30, **far) == []
    (one,) = pairs(peaked(20), 30, **far, reach_s=8 / 30)
    assert one.onset == 12


def test_onset_must_beat_offset_where_it_begins():
    both = {**GIVEN, "offset_curve": peaked(25) + peaked(16)}
    assert pairs(peaked(20), 30, **both) == []


def test_a_pair_outside_the_durations_is_left_out():
    """Frames 16 to 25 last 10 / 30 s."""
    assert pairs(peaked(20), 30, **GIVEN, least_s=11 / 30) == []
    assert pairs(peaked(20), 30, **GIVEN, most_s=9 / 30) == []
    assert len(pairs(peaked(20), 30, **GIVEN, least_s=10 / 30, most_s=10 / 30)) == 1


def test_of_two_that_overlap_the_stronger_stays():
    """Frames 20 and 21 both pair 16 with 25; they are one movement."""
    apex = peaked(20)
    apex[21] = 0.7
    (one,) = pairs(apex, 30, **GIVEN)
    assert one.apex == 20
    assert len(pairs(apex, 30, **GIVEN, overlap=1.0)) == 2


def test_without_curves_of_ends_the_slope_tells():
    """By central differences this is steepest at its threes and sixes; the outer ones count."""
    curve = np.zeros(40)
    curve[15:26] = [0, 1, 3, 6, 8, 9, 8, 6, 3, 1, 0]
    (one,) = pairs(curve, 30)
    assert (one.onset, one.apex, one.offset) == (17, 20, 23)


def test_curves_of_ends_must_be_known_where_the_curve_is():
    hole = peaked(16)
    hole[3] = np.nan
    with pytest.raises(ValueError, match="onset_curve: expected a number wherever"):
        pairs(peaked(20), 30, **{**GIVEN, "onset_curve": hole})
    unseen = peaked(20)
    unseen[3] = np.nan
    assert len(pairs(unseen, 30, **{**GIVEN, "onset_curve": hole})) == 1
