"""Rigid head motion: rigid on the face, nothing in the background, exact both ways."""

import numpy as np
import pytest

from fleeting.core import UsageError, similarity, transform_points
from fleeting.facs import neutral_mesh
from fleeting.synth import HeadMotion, Life, Turn, plant
from fleeting.synth._shape import FaceShape
from fleeting.synth.head import HeadPath

SHAPE = FaceShape.from_landmarks(neutral_mesh())


def path(seed: int = 1, **motion) -> HeadPath:
    return HeadPath(HeadMotion(**motion), SHAPE, seed)


def test_in_the_plane_the_face_moves_as_a_similarity():
    head = path(sway_percent=3, roll_deg=2, scale_percent=2)
    moved = head.forward(SHAPE.points, 0.7)
    fitted = similarity(SHAPE.points, moved)
    assert np.abs(transform_points(fitted, SHAPE.points) - moved).max() < 1e-9
    x, y, roll, log_scale = head.pose(0.7)[:4]
    turn = np.exp(log_scale) * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    np.testing.assert_allclose(fitted[:, :2], turn, atol=1e-9)
    pivot = np.array([[0.0, 1.1]])
    np.testing.assert_allclose(transform_points(fitted, pivot)[0] - pivot[0], [x, y], atol=1e-9)


def test_yaw_shifts_the_middle_more_than_the_edge():
    head = path(turns=(Turn(0.0, 1.0, yaw_deg=12),))
    moved = head.forward(SHAPE.points, 0.5) - SHAPE.points
    nose, ear = moved[4, 0], moved[[234, 454], 0]
    assert nose > 0.1  # to the image's right
    assert np.all(nose > ear + 0.05)
    assert np.ptp(SHAPE.points[:, 0] + moved[:, 0]) < np.ptp(SHAPE.points[:, 0])  # foreshortened
    assert np.abs(moved[:, 1]).max() < 0.02


def test_signs_of_the_other_turns():
    for turn, vertex, axis, sign in (
        (Turn(0, 1, pitch_deg=10), 4, 1, 1),  # nose down
        (Turn(0, 1, roll_deg=10), 10, 0, 1),  # clockwise: the forehead goes to the right
        (Turn(0, 1, shift_percent=(10, 0)), 152, 0, 1),
    ):
        moved = path(turns=(turn,)).forward(SHAPE.points, 0.5) - SHAPE.points
        assert sign * moved[vertex, axis] > 0.05


def test_forward_undoes_back():
    head = path(sway_percent=5, roll_deg=3, yaw_deg=3, pitch_deg=3, scale_percent=3)
    points = np.random.default_rng(0).uniform(-3, 4, (500, 2))
    for time in (0.1, 1.7, 9.3):
        there = head.forward(points, time)
        np.testing.assert_allclose(there + head.back(there, time), points, atol=1e-9)


def test_far_away_nothing_moves():
    head = path(sway_percent=5, roll_deg=3)
    far = np.array([[3.6, 0.5], [-3.6, 0.5], [0.0, 5.0], [0.0, -4.0]])
    assert not head.back(far, 1.0).any()


def test_drift_has_the_size_asked_for_and_is_slow():
    times = np.arange(0, 600, 0.05)
    poses = np.array([path(2, sway_percent=2, roll_deg=1).pose(t) for t in times[::4]])
    np.testing.assert_allclose(poses[:, :2].std(0), 0.02, rtol=0.1)
    assert poses[:, 2].std() == pytest.approx(np.radians(1), rel=0.1)
    fine = np.array([path(2, sway_percent=2).pose(t)[0] for t in times[:2000]])
    spectrum = np.abs(np.fft.rfft(fine - fine.mean())) ** 2
    hertz = np.fft.rfftfreq(2000, 0.05)
    assert spectrum[hertz < 1].sum() > 0.98 * spectrum.sum()


def test_still_head_is_exactly_still():
    assert path().mix(1.0) is None
    assert HeadMotion().still
    assert not path().back(SHAPE.points, 1.0).any()
    assert path(turns=(Turn(1.0, 1.0, yaw_deg=5),)).mix(0.5) is None  # before the turn


def test_background_stays_bit_for_bit(portrait):
    from fleeting.face import find_faces

    marks = find_faces(portrait)[0]
    life = Life(head=HeadMotion(sway_percent=3, roll_deg=1))
    clip = plant(portrait, fps=5, duration_s=0.6, landmarks=marks, life=life, seed=2)
    for i, made in enumerate(clip.frames()):
        changed = (made != portrait).any(-1)
        assert changed[100:170, 110:200].mean() > 0.5  # the face
        flow = clip.flow(5.0, float(clip.times[i]))
        assert np.isfinite(flow).all()
        assert np.array_equal(made[-20:], portrait[-20:])
        assert np.array_equal(made[:, -15:], portrait[:, -15:])


def test_wrong_head_motion():
    with pytest.raises(UsageError, match="roll_deg"):
        HeadMotion(roll_deg=30)
    with pytest.raises(UsageError, match="20 degrees"):
        Turn(0, 1, yaw_deg=40)
    with pytest.raises(UsageError, match="30 percent"):
        Turn(0, 1, shift_percent=(50, 0))
