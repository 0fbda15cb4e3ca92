"""CSV of OpenFace and of Py-Feat, in the columns that their documentation lists."""

import numpy as np
import pytest

from fleeting.core import InputError
from fleeting.io import Extremes, extremes, read_series

FEAT = (
    "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,x_0,Pitch,Roll,Yaw,AU01,AU12,anger,happiness,"
    "neutral,input,frame\n"
    "10,10,50,50,0.99,12,1,2,3,0.1,0.9,0.0,0.8,0.2,clip.mp4,0\n"
    "10,10,50,50,0.99,12,1,2,3,0.2,nan,0.0,0.8,0.2,clip.mp4,5\n"
)
HEAD = "frame, face_id, timestamp, confidence, success, gaze_0_x, pose_Rx, x_0, X_0, AU01_r, AU45_c\n"


def test_py_feat() -> None:
    times = np.array([0.0, 0.1, 0.15, 0.3, 0.31, 0.5])
    (track,), messages = read_series(FEAT.encode(), "a.csv", times=times)
    assert (track.source, track.face, messages) == ("Py-Feat", "", [])
    assert track.columns == (
        "FaceScore",
        "Pitch",
        "Roll",
        "Yaw",
        "AU01",
        "AU12",
        "anger",
        "happiness",
        "neutral",
    )
    assert track.frames.tolist() == [0, 5]
    assert track.times.tolist() == [0.0, 0.5]  # the video's own, whatever its frame rate
    assert track.values[0, 4] == pytest.approx(0.1)
    assert np.isnan(track.values[1, 5])
    (alone,), _ = read_series(FEAT.encode(), "a.csv", fps=10)
    assert alone.times.tolist() == [0.0, 0.5]


def test_several_faces_of_py_feat() -> None:
    text = FEAT + "90,10,50,50,0.7,12,1,2,3,0.7,0.9,0.0,0.8,0.2,clip.mp4,5\n"
    tracks, _ = read_series(text.encode(), "a.csv", fps=10)
    assert [(track.face, track.frames.tolist()) for track in tracks] == [("0", [0, 5]), ("1", [5])]
    assert tracks[1].values[0, 4] == pytest.approx(0.7)


def test_openface_counts_from_one_and_says_when_its_clock_is_off() -> None:
    text = HEAD + "1, 0, 0.0, 0.9, 1, 0, 0.1, 5, 6, 2.5, 1\n3, 0, 0.08, 0.2, 0, 0, 0.1, 5, 6, 2.5, 1\n"
    (track,), messages = read_series(text.encode(), "a.csv", times=np.array([0, 0.04, 0.5]))
    assert track.columns == ("confidence", "pose_Rx", "AU01_r", "AU45_c")
    assert track.frames.tolist() == [0, 2]
    assert track.times.tolist() == [0.0, 0.5]
    assert np.isnan(track.values[1]).all()  # not a success
    assert "0.42 s off" in messages[0]
    (own,), _ = read_series(text.encode(), "a.csv")
    assert own.times.tolist() == [0.0, 0.08]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "neither"),
        ("a,b\n1,2\n", "neither"),
        (HEAD, "holds no row"),
        (HEAD + "1, 0, 0.0\n", "line 2: is cut off"),
        (HEAD + "x, 0, 0.0, 0.9, 1, 0, 0.1, 5, 6, 2.5, 1\n", "whole number"),
        (HEAD + "0, 0, 0.0, 0.9, 1, 0, 0.1, 5, 6, 2.5, 1\n", "frame -1"),
        (FEAT, "not known"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_series(text.encode(), "a.csv")


@pytest.mark.parametrize("points", [1, 7, 50, 400])
def test_thinning_loses_no_peak_and_no_gap(points: int) -> None:
    rng = np.random.default_rng(points)
    times = np.cumsum(rng.uniform(0.001, 0.02, 20_000))
    values = rng.normal(size=(20_000, 3))
    values[9_000, 1], values[12_345, 2] = 50, -50
    values[3_000:9_000, 0] = np.nan
    made = Extremes(times, values)
    for find in (made.between, lambda *span: extremes(times, values, *span)):
        t, low, high = find(times[0], times[-1], points)
        assert len(t) <= points
        assert np.all(np.diff(t) > 0)
        assert np.nanmax(high, axis=0) == pytest.approx(np.nanmax(values, axis=0))
        assert np.nanmin(low, axis=0) == pytest.approx(np.nanmin(values, axis=0))
    if points == 400:
        inside = (t > times[3_200]) & (t < times[8_700])
        assert np.isnan(low[inside, 0]).all()
        assert np.isnan(high[inside, 0]).all()


def test_a_short_span_comes_back_whole() -> None:
    times = np.arange(1000) / 100
    values = np.sin(times)[:, None]
    t, low, high = Extremes(times, values).between(5.0, 5.05, 100)
    assert t == pytest.approx(np.arange(499, 507) / 100)  # and the neighbours, so that lines reach the edge
    assert np.array_equal(low, high)
    empty = Extremes(np.zeros(0), np.zeros((0, 2)))
    assert [len(part) for part in empty.between(0, 1, 10)] == [0, 0, 0]
