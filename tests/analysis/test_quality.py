"""Every warning at its threshold, from measurements made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from fleeting import facs
from fleeting.analysis.measure import FaceMeasurement, Measurement
from fleeting.analysis.quality import warn
from fleeting.core import FaceTrack, QualityWarning, VideoInfo
from fleeting.motion import RegionSignals

FRAMES = 200
INFO = VideoInfo("a.mp4", "0" * 64, 640, 480, FRAMES, 2.0, 100.0, variable_rate=False)


def mesh(iod_px: float = 80.0) -> np.ndarray:
    """A frontal face ``(468, 2)`` whose eyes are so far apart."""
    points = facs.neutral_mesh()[:, :2]
    return (points * iod_px / facs.iod(points) + 200).astype(np.float32)


def face(number: int = 0, seen: int = FRAMES, meshes: list[np.ndarray] | None = None) -> FaceMeasurement:
    looks = np.stack(meshes or [mesh()])
    track = FaceTrack(number, np.arange(len(looks)), np.arange(len(looks)) / 2, looks)
    signals = RegionSignals(
        np.arange(seen), np.zeros((seen, 1, 2)), np.zeros((seen, 4)), np.ones(seen), np.ones((seen, 3))
    )
    return FaceMeasurement(track, signals, np.zeros((len(looks), 3)))


def codes(info: VideoInfo = INFO, *faces: FaceMeasurement, size: int = 10**7, problems=()) -> list[str]:
    seen = Measurement(np.arange(FRAMES), np.arange(FRAMES) / 100, dict(enumerate(faces)))
    return [w.code for w in warn(info, seen, list(problems), size)]


def test_a_good_video_has_no_warning():
    assert codes(INFO, face()) == []


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (200, []),
        (50.0, []),
        (49.99, ["frame_rate_low"]),
        (20.0, ["frame_rate_low"]),
        (19.99, ["frame_rate_too_low"]),
        (1, ["frame_rate_too_low"]),
    ],
)
def test_frame_rate(fps, expected):
    assert codes(replace(INFO, fps=fps), face()) == expected


def test_one_frame_has_no_rate_to_speak_of():
    assert codes(replace(INFO, frames=1, fps=0.0), face()) == ["one_frame"]


def test_no_face_says_that_and_nothing_of_compression():
    assert codes(INFO, size=10) == ["no_face"]


@pytest.mark.parametrize(("seen", "expected"), [(196, []), (195, ["face_lost"]), (1, ["face_lost"])])
def test_face_lost_below_98_percent(seen, expected):
    assert codes(INFO, face(seen=seen)) == expected


def test_the_share_that_was_seen_is_told():
    (said,) = warn(INFO, Measurement(np.arange(200), np.arange(200) / 100, {3: face(3, 100)}), [], 10**7)
    assert said.message.startswith("face 3 was seen in 50 % of the frames")


@pytest.mark.parametrize(("iod", "expected"), [(40.5, []), (39.5, ["face_small"])])
def test_small_face(iod, expected):
    assert codes(INFO, face(meshes=[mesh(iod)])) == expected


def test_the_usual_size_counts():
    assert codes(INFO, face(meshes=[mesh(30), mesh(60), mesh(60)])) == []
    assert codes(INFO, face(meshes=[mesh(30), mesh(30), mesh(60)])) == ["face_small"]


def turned(share: float) -> np.ndarray:
    """The nose lies so far off the middle that the halves differ by this share."""
    made = mesh()
    right, left = made[234, 0], made[454, 0]
    made[1, 0] = (right + left) / 2 + share * (left - right) / 2
    return made


@pytest.mark.parametrize(
    ("share", "expected"), [(0.34, []), (0.36, ["head_turned"]), (-0.36, ["head_turned"])]
)
def test_head_turned_to_either_side(share, expected):
    assert codes(INFO, face(meshes=[turned(share)])) == expected


def test_a_head_turned_now_and_then_is_no_warning():
    assert codes(INFO, face(meshes=[turned(0.5)] + [mesh()] * 4)) == [], "in a fifth of the looks"
    assert codes(INFO, face(meshes=[turned(0.5)] + [mesh()] * 3)) == ["head_turned"]


def test_several_faces():
    assert codes(INFO, face(), face(1)) == ["several_faces"]


def test_strong_compression():
    """0.02 bits for each of 640 x 480 x 200 pixels are 153600 bytes."""
    assert codes(INFO, face(), size=153_600) == []
    assert codes(INFO, face(), size=153_599) == ["strong_compression"]
    assert codes(INFO, face(), size=0) == [], "a folder of images has no size"


def test_what_the_reader_said_comes_first_and_all_are_collected():
    broken = QualityWarning("truncated", "the file ends early")
    found = codes(replace(INFO, fps=25), face(seen=10), face(1), size=10, problems=[broken])
    assert found == ["truncated", "frame_rate_low", "face_lost", "several_faces", "strong_compression"]
