import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from fleeting.core import (
    LANDMARKS,
    ActionUnit,
    Curve,
    Emotion,
    Expression,
    Face,
    FaceTrack,
    Frame,
    Interval,
    ModelUse,
    Provenance,
    QualityWarning,
    Report,
    ShapeError,
    UsageError,
    VideoInfo,
)


def track(**changes) -> FaceTrack:
    whole = {
        "face": 0,
        "frames": np.arange(4),
        "times": np.arange(4) / 25,
        "landmarks": np.zeros((4, LANDMARKS, 2), np.float32),
    }
    return FaceTrack(**(whole | changes))


def report(**changes) -> Report:
    whole = {
        "video": VideoInfo("a.mp4", "0" * 64, 640, 480, 50, 2.0, 25.0, False),
        "faces": (Face(0, 1.0),),
        "expressions": (Expression(0, Interval.from_frames(3, 9, fps=25)),),
        "warnings": (QualityWarning("one_frame", "There is one frame."),),
        "provenance": Provenance("0.1", {"faces": "largest"}, (ModelUse("m", "0" * 64, "Apache-2.0", "x"),)),
    }
    return Report(**(whole | changes))


def test_a_track_has_as_many_frames_times_and_landmarks():
    assert track().lost == ()
    for name, wrong in (
        ("frames", np.arange(3)),
        ("times", np.zeros((4, 1))),
        ("landmarks", np.zeros((4, 68, 2))),
        ("landmarks", np.zeros((4, LANDMARKS, 3))),
        ("landmarks", np.zeros((5, LANDMARKS, 2))),
    ):
        with pytest.raises(ShapeError, match=r"expected shape \("):
            track(**{name: wrong})


def test_times_of_a_curve_rise():
    with pytest.raises(ShapeError, match="rise"):
        Curve(np.zeros(3), np.array([0, 0.1, 0.1]))
    with pytest.raises(ShapeError, match="rise"):
        Curve(np.zeros(3), np.array([0, 0.2, 0.1]))
    with pytest.raises(ShapeError, match="rise"):
        Curve(np.zeros(3), np.array([0, np.nan, 0.1]))
    with pytest.raises(ShapeError, match="times"):
        Curve(np.zeros(3), np.array([0, 0.1]))
    with pytest.raises(ShapeError, match="values"):
        Curve(np.zeros((3, 1)), np.array([0, 0.1, 0.2]))


def test_frame_rate_of_a_curve_is_the_median():
    assert Curve(np.zeros(5), np.array([0, 0.04, 0.08, 0.12, 1.0])).fps == pytest.approx(25)
    assert Curve(np.zeros(1), np.zeros(1)).fps == 0
    assert Curve(np.zeros(0), np.zeros(0)).fps == 0
    assert np.isnan(Curve(np.array([1.0, np.nan]), np.array([0.0, 0.1])).values[1])  # "not seen" is allowed


def test_a_report_has_pictures_of_all_expressions_or_of_none():
    assert report().pictures == ()
    assert len(report(pictures=({"onset": np.zeros(1)},)).pictures) == 1
    with pytest.raises(UsageError, match="one entry for each of 1 expressions, got 2"):
        report(pictures=({}, {}))


def test_reports_do_not_share_their_signals():
    one, other = report(), report()
    one.signals["x"] = np.zeros(1)
    assert other.signals == {}


@pytest.mark.parametrize(
    "thing",
    [
        track(),
        report(),
        Curve(np.zeros(2), np.arange(2)),
        Frame(0, Fraction(0), np.zeros((2, 2, 3), np.uint8)),
        ActionUnit(12, "left", 0.5),
        Emotion("positive", {"positive": 1.0}),
        Interval.from_frames(0, 3, fps=25),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_types_are_frozen(thing):
    name = dataclasses.fields(thing)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, name, None)
    with pytest.raises((AttributeError, TypeError)):
        thing.invented = 1


def test_a_score_is_no_probability_unless_it_is_said():
    assert ActionUnit(12, "left", 0.5).probability is None
    assert not Emotion("positive", {"positive": 1.0}).calibrated
