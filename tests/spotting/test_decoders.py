"""What holds for every decoder, and for the door they stand behind."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fleeting
from fleeting.core import ShapeError, UnknownNameError, UsageError
from fleeting.spotting import DECODERS, decode

ALL = DECODERS.names()


def bumps(frames: int, *places: tuple[int, int, float]) -> np.ndarray:
    """Raised cosines (first and last frame of motion, height) on a level of zero."""
    curve = np.zeros(frames)
    for onset, offset, height in places:
        phase = (np.arange(onset, offset + 1) - onset + 1) / (offset - onset + 2)
        curve[onset : offset + 1] += height * np.sin(np.pi * phase) ** 2
    return curve


def spans(found) -> list[tuple[int, int]]:
    return [(i.onset_frame, i.offset_frame) for i in found]


def test_the_decoders_of_the_field_and_ours_are_there():
    published = ["fixed", "fixed-nms", "megc2025-cas", "megc2025-samm", "scalable"]
    assert sorted([*published, "durations", "fleeting", "onset-offset", "runs"]) == ALL


@pytest.mark.parametrize("method", ALL)
def test_each_finds_a_plain_movement(method):
    """Sine squared over frames 90 to 102; all but the fixed width must overlap it by half."""
    (one,) = decode(bumps(200, (90, 102, 3.0)), 30, method)
    assert fleeting.core.iou((one.onset_frame, one.offset_frame), (90, 102)) >= 0.5
    assert one.apex_frame == 96
    assert one.onset_s == one.onset_frame / 30
    assert one.kind == "micro"


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("curve", [[], [np.nan] * 9, [0.0] * 50, [0.0], [2.0]], ids=str)
def test_nothing_in_nothing(method, curve):
    assert decode(np.array(curve), 30, method) == []


@pytest.mark.parametrize("method", ["durations", "fleeting", "onset-offset", "runs"])
def test_a_constant_curve_holds_no_movement(method):
    """The published ones find its middle: the published smoothing pads with zeros (see their own tests)."""
    assert decode(np.full(90, 0.1) + 1e-17, 30, method) == []
    assert decode(np.full(90, -7.0), 30, method) == []


@pytest.mark.parametrize("method", ALL)
@settings(max_examples=60, deadline=None)
@given(
    curve=arrays(
        float,
        st.integers(0, 120),
        elements=st.one_of(st.floats(-5, 5, width=32), st.just(float("nan")), st.just(0.0)),
    ),
    fps=st.sampled_from([7.5, 25.0, 30.0, 200.0]),
)
def test_no_interval_reaches_into_what_was_not_seen(method, curve, fps):
    found = decode(curve, fps, method)
    for one in found:
        assert 0 <= one.onset_frame <= one.apex_frame <= one.offset_frame < len(curve)
        assert np.isfinite(curve[one.onset_frame : one.offset_frame + 1]).all()
        assert np.isfinite(one.score)
    assert found == sorted(found, key=lambda i: (i.onset_frame, i.offset_frame))


@pytest.mark.parametrize("method", ALL)
def test_what_was_not_seen_splits_a_movement(method):
    curve = bumps(200, (90, 102, 3.0), (30, 42, 3.0))
    curve[96] = np.nan
    found = decode(curve, 30, method)
    assert any(abs(i.apex_frame - 36) <= 1 for i in found), "the whole one must still be found"
    assert not any(i.onset_frame <= 96 <= i.offset_frame for i in found)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("later", [1, 37])
def test_a_later_movement_is_found_later(method, later):
    """Zeros in front move everything; behind lie as many, so that the mean stays."""
    curve = bumps(200, (60, 72, 3.0), (120, 130, 2.9))
    first = decode(np.concatenate([curve, np.zeros(later)]), 30, method)
    second = decode(np.concatenate([np.zeros(later), curve]), 30, method)
    assert len(first) == 2
    assert [(a + later, b + later) for a, b in spans(first)] == spans(second)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("gain", [0.25, 16.0])
def test_gain_changes_no_interval(method, gain):
    curve = bumps(200, (60, 72, 3.0), (120, 130, 2.9)) + 0.01 * np.sin(np.arange(200))
    assert spans(decode(gain * curve, 30, method)) == spans(decode(curve, 30, method))


@pytest.mark.parametrize("method", ALL)
def test_the_same_curve_gives_the_same_and_is_left_alone(method):
    curve = bumps(200, (60, 72, 3.0)) + 0.1 * np.random.default_rng(0).normal(size=200)
    before = curve.copy()
    assert decode(curve, 30, method) == decode(curve, 30, method)
    assert (curve == before).all()


@pytest.mark.parametrize("method", ALL)
def test_a_list_of_numbers_is_a_curve_too_and_intervals_can_be_written(method):
    found = decode(list(bumps(90, (40, 50, 1.0))), 30, method)
    assert found == decode(bumps(90, (40, 50, 1.0)), 30, method)
    assert json.loads(json.dumps([i.score for i in found])) == [i.score for i in found]


def test_fleeting_decode_is_the_same_door():
    curve = bumps(90, (40, 50, 1.0))
    assert fleeting.decode is decode
    assert decode(curve, 30) == decode(curve, 30, method="fleeting")


@pytest.mark.parametrize(
    ("curve", "error", "words"),
    [
        (np.zeros((3, 2)), ShapeError, r"curve: expected shape \(T\), got \(3, 2\)"),
        (np.array([1.0, np.inf]), ShapeError, "infinite"),
        (["a", "b"], ShapeError, "row of numbers, got list"),
        (3.0, ShapeError, "expected shape"),
    ],
)
def test_what_is_no_curve_is_refused(curve, error, words):
    with pytest.raises(error, match=words):
        decode(curve, 30)


@pytest.mark.parametrize("fps", [0, -1, np.nan, np.inf])
def test_what_is_no_frame_rate_is_refused(fps):
    with pytest.raises(UsageError, match="fps: expected a positive number"):
        decode(np.zeros(9), fps)


def test_unknown_names_are_told_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown decoder 'fixd'; did you mean 'fixed'\?"):
        decode(np.zeros(9), 30, "fixd")
    with pytest.raises(
        UsageError, match="decoder 'fixed' has no parameter 'width'; it takes half_width_s, p"
    ):
        decode(np.zeros(9), 30, "fixed", width=3)


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("fixed", {"half_width_s": 0}, "half_width_s: expected a positive number of seconds"),
        ("fixed", {"p": 1.5}, "p: expected 0..1"),
        ("fixed", {"edges": "reflect"}, "edges: expected 'zeros' or 'valid'"),
        ("scalable", {"half_width_s": np.nan}, "half_width_s"),
        ("runs", {"low": 0.9}, "low <= high"),
        ("runs", {"join_s": -1}, "join_s"),
        ("runs", {"least_s": 0.5, "most_s": 0.1}, "most_s"),
        ("onset-offset", {"onset_curve": np.zeros(9)}, "both onset_curve and offset_curve"),
        ("onset-offset", {"reach_s": 0.01}, "nearest_s <= reach_s"),
        ("onset-offset", {"onset_curve": np.zeros(8), "offset_curve": np.zeros(8)}, "expected shape"),
        ("fleeting", {"least": -0.1}, "least: expected 0..1"),
        ("fleeting", {"usual_s": -1.0}, "usual_s: expected a positive number of seconds"),
        ("durations", {"least_share": -0.1}, "least_share: expected 0..1"),
        ("durations", {"lengths_s": ()}, "lengths_s: expected positive seconds"),
        ("durations", {"lengths_s": (0.2, -1.0)}, "lengths_s: expected positive seconds"),
    ],
)
def test_values_out_of_range_are_refused(method, parameters, words):
    with pytest.raises(UsageError, match=words):
        decode(np.arange(9.0), 30, method, **parameters)
