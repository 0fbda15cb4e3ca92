"""Planting into a real video: the face is followed, and only the planted frames change."""

import numpy as np
import pytest

from fleeting.core import InputError, UsageError, transform_points
from fleeting.facs import neutral_mesh
from fleeting.io import open_video, write_video
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant
from fleeting.synth._source import fit_track


def test_track_of_known_affines():
    rng = np.random.default_rng(0)
    times = np.arange(80) / 25
    shape = neutral_mesh()[:, :2]
    truth = np.stack(
        [
            np.array(
                [
                    [50 + 2 * np.sin(t), -3.0 * t, 90 + 5 * t],
                    [3.0 * t, 51 + np.sin(t), 80 + 3 * np.sin(2 * t)],
                ]
            )
            for t in times
        ]
    )
    seen = np.ones(80, bool)
    seen[30:40] = False
    found = np.stack([transform_points(a, shape) for a in truth[seen]])
    talking = neutral_mesh()[:, 1] > 0.9  # the jaw goes its own way
    found[:, talking, 1] += 4 * np.abs(np.sin(8 * times[seen]))[:, None]
    face, affines = fit_track(found + rng.normal(size=found.shape) * 0.4, np.flatnonzero(seen), times, 25.0)
    nose = face.points[[6, 168, 4, 33, 263]]
    wanted = found[:, [6, 168, 4, 33, 263]]
    got = np.stack([transform_points(a, nose) for a in affines[seen]])
    assert np.sqrt(np.mean((got - wanted) ** 2)) < 0.25  # the noise was 0.4
    assert np.array_equal(affines[30], affines[29])
    assert affines.shape == (80, 2, 3)


@pytest.fixture(scope="module")
def moving(portrait, tmp_path_factory):
    """A lossless video of the portrait whose head sways, and the clip that knows how."""
    from fleeting.face import find_faces

    marks = find_faces(portrait)[0]
    life = Life(head=HeadMotion(sway_percent=4, roll_deg=2))
    clip = plant(portrait, fps=25, duration_s=1.2, landmarks=marks, life=life, seed=8)
    path = tmp_path_factory.mktemp("video") / "a.mkv"
    write_video(path, clip.frames(), 25, codec="libx264rgb", crf=0, pixel_format="rgb24")
    return path, clip, marks


def test_plant_in_a_video_moves_with_the_face(moving):
    path, known, marks = moving
    one = Plant((12,), "left", 8.0, at_s=0.4, duration_s=0.5)
    clip = plant(path, [one])
    with open_video(path) as video:
        source = [frame.rgb().copy() for frame in video.frames()]
    interval = clip.truth[0].interval
    made = list(clip.frames())
    assert len(made) == len(source) == len(clip) == 30
    for i, (a, b) in enumerate(zip(made, source, strict=True)):
        inside = interval.onset_frame <= i <= interval.offset_frame
        assert np.array_equal(a, b) != inside
    corner = marks[291, :2][None].astype(float)
    for i in range(interval.onset_frame + 3, interval.offset_frame - 2, 3):
        where = corner + known.flow_at(corner, 9.0, clip.times[i])  # where the lip corner really is
        u = clip.displacement(clip.times[i]).astype(float)
        size = np.hypot(u[..., 0], u[..., 1])
        peak = np.array(np.unravel_index(size.argmax(), size.shape))[::-1]
        assert np.hypot(*(peak - where[0])) < 0.12 * clip.iod_px
        wanted = 0.08 * float(one.ease(clip.times[i : i + 1])[0]) * clip.iod_px
        assert size.max() == pytest.approx(wanted, rel=0.04)  # the eye distance breathes a little


def test_track_agrees_with_the_known_head(moving):
    path, known, marks = moving
    clip = plant(path, [])
    points = marks[[168, 6, 33, 263, 4], :2].astype(float)
    first = points + known.flow_at(points, 9.0, 0.0)
    for i in (10, 20, 29):
        truth = known.flow_at(first, 0.0, known.times[i])
        found = clip.flow_at(first, 0.0, clip.times[i])
        assert np.sqrt(np.mean((truth - found) ** 2)) < 0.5
    outside = clip.flow(0.0, 0.5)[-1]
    assert np.isnan(outside).all()  # not known there


def test_no_face_where_it_is_needed(portrait, tmp_path):
    grey = np.full_like(portrait, 90)
    frames = [portrait] * 10 + [grey] * 3 + [portrait] * 3
    path = write_video(tmp_path / "gap.mp4", frames, 25)
    clip = plant(path, [Plant((12,), at_s=0.05, duration_s=0.2)])
    assert clip.scene.seen.tolist() == [True] * 10 + [False] * 3 + [True] * 3
    with pytest.raises(InputError, match="no face while 12 is planted"):
        plant(path, [Plant((12,), at_s=0.35, duration_s=0.2)])
    empty = write_video(tmp_path / "empty.mp4", [grey] * 2, 25)
    with pytest.raises(InputError, match="no face in any frame"):
        plant(empty, [])


def test_video_is_cut_and_scaled(moving):
    path, _, _ = moving
    clip = plant(
        path, [Plant((4,), at_s=0.1, duration_s=0.3)], duration_s=0.6, camera=CameraSettings(scale=0.5)
    )
    assert len(clip) == 15
    with pytest.raises(UsageError, match="rate of its own"):
        plant(path, [], fps=100)
    assert clip.size == (150, 150)
    assert next(clip.frames()).shape == (150, 150, 3)
