"""Easing profiles and the frames of a plant, worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UnknownNameError, UsageError
from fleeting.synth.timing import Plant, ease, easings, interval_of, intervals_of


def test_cosine_by_hand():
    times = np.array([0.0, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 2.0])
    expected = [0, 0, 0.5 - 0.5 * np.cos(np.pi / 4), 0.5, 0.5 - 0.5 * np.cos(3 * np.pi / 4), 1, 0.5, 0, 0]
    np.testing.assert_allclose(ease(times, 1.0, 0.4), expected, atol=1e-12)


def test_other_profiles_by_hand():
    quarter = np.array([0.25])  # half of the rise of a motion over 0..1 with its apex in the middle
    assert ease(quarter, 0, 1, 0.5, "linear")[0] == pytest.approx(0.5)
    assert ease(quarter, 0, 1, 0.5, "minimum-jerk")[0] == pytest.approx(10 / 8 - 15 / 16 + 6 / 32)
    assert ease(quarter, 0, 1, 0.5, "fast-slow")[0] == pytest.approx(np.sqrt(0.5))
    assert ease(1 - quarter, 0, 1, 0.5, "fast-slow")[0] == pytest.approx(0.5**3 * 2.5)
    assert ease(np.array([0.26, 0.5, 0.74]), 0, 1, 0.5, "hold") == pytest.approx([1, 1, 1])
    assert ease(np.array([0.2]), 0, 1, 0.2)[0] == pytest.approx(1.0)  # an early apex


@settings(max_examples=60, deadline=None)
@given(
    easing=st.sampled_from(easings.names()),
    at=st.floats(0, 10),
    duration=st.floats(0.05, 3),
    apex=st.floats(0.1, 0.9),
)
def test_profiles_rise_to_one_and_fall_to_zero(easing, at, duration, apex):
    x = np.linspace(-0.2, 1.2, 701)
    value = ease(at + x * duration, at, duration, apex, easing)
    assert value.min() >= 0
    assert value.max() <= 1 + 1e-12
    assert not value[(x <= 0) | (x >= 1)].any()
    assert value[np.argmin(np.abs(x - apex))] > 0.99
    inside = (x > 0) & (x < 1)
    assert np.all(np.diff(value[inside & (x <= apex)]) >= -1e-12)
    assert np.all(np.diff(value[inside & (x >= apex)]) <= 1e-12)
    assert np.abs(np.diff(value)).max() < 0.1  # continuous


def test_frames_of_a_plant():
    times = np.arange(200) / 100
    found = interval_of(Plant((12,), at_s=1.0, duration_s=0.3), times, 0.01)
    assert (found.onset_frame, found.apex_frame, found.offset_frame) == (101, 115, 129)
    assert (found.onset_s, found.apex_s, found.offset_s) == (1.01, 1.15, 1.29)
    assert found.duration_s == pytest.approx(0.29)
    assert found.kind == "micro"
    late = interval_of(Plant((12,), at_s=0.995, duration_s=0.3, apex=0.2), times, 0.01)
    assert (late.onset_frame, late.apex_frame, late.offset_frame) == (
        100,
        106,
        129,
    )  # 1.06 s lies 2 % down the fall, 1.05 s is 8 % short of the rise
    assert interval_of(Plant((12,), at_s=0.1, duration_s=1.0), times, 0.01).kind == "macro"
    assert interval_of(Plant((12,), at_s=0.1, duration_s=1.0, kind="micro"), times, 0.01).kind == "micro"


def test_truth_is_exactly_where_the_motion_is():
    times = np.arange(300) / 60
    for easing in easings.names():
        plant = Plant((4,), at_s=1.234, duration_s=0.4321, apex=0.3, easing=easing)
        found = interval_of(plant, times, 1 / 60)
        moving = np.flatnonzero(plant.ease(times) > 0)
        assert (found.onset_frame, found.offset_frame) == (moving[0], moving[-1])
        assert plant.ease(times)[found.apex_frame] == plant.ease(times).max()


def test_held_apex_is_the_planned_one():
    times = np.arange(200) / 100
    found = interval_of(Plant((12,), at_s=0.5, duration_s=0.4, easing="hold"), times, 0.01)
    assert found.apex_frame == 70


def test_variable_rate():
    times = np.array([0.0, 0.1, 0.15, 0.3, 0.32, 0.5])
    found = interval_of(Plant((12,), at_s=0.05, duration_s=0.26), times, 0.1)
    assert (found.onset_frame, found.offset_frame, found.frame_s) == (1, 3, pytest.approx(0.02))


def test_plants_are_sorted_by_onset():
    times = np.arange(400) / 100
    truth = intervals_of([Plant((12,), at_s=2.0), Plant((4,), at_s=1.0)], times, 0.01)
    assert [one.aus for one in truth] == [(4,), (12,)]


def test_wrong_plants():
    times = np.arange(100) / 25
    with pytest.raises(UsageError, match=r"ends at 4\.3"):
        interval_of(Plant((12,), at_s=4.0, duration_s=0.3), times, 0.04)
    with pytest.raises(UsageError, match="between two frames"):
        interval_of(Plant((12,), at_s=1.005, duration_s=0.02), times, 0.04)
    with pytest.raises(UsageError, match="at least one"):
        Plant(())
    with pytest.raises(UnknownNameError, match="99"):
        Plant((99,))
    with pytest.raises(UnknownNameError, match="cosine"):
        Plant((12,), easing="cosin")
    for wrong in (
        {"side": "up"},
        {"strength_percent": -1},
        {"duration_s": 0},
        {"apex": 1.0},
        {"at_s": -0.1},
        {"kind": "nano"},
    ):
        with pytest.raises(UsageError):
            Plant((12,), **wrong)
