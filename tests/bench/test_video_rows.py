"""From pixels to what spotters take: a planted smile is where it was planted, a lost face is no motion."""

import numpy as np
import pytest

import fleeting
from fleeting import systems
from fleeting.bench import video_recording
from fleeting.core import InputError
from fleeting.motion import EIGHTEEN_REGIONS
from fleeting.synth import CameraSettings, HeadMotion, Life, Plant, plant, write_planted


def filmed(folder, at_s, duration_s, *, strength, seed, camera, blinks=()):
    """The portrait, moving its head a little, with one planted smile."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    portrait = np.ascontiguousarray(data.astronaut()[0:320, 60:380])
    sway = HeadMotion(sway_percent=1.5, roll_deg=0.4, yaw_deg=0.5, pitch_deg=0.5, scale_percent=0.4)
    clip = plant(
        portrait,
        [Plant((12,), strength_percent=strength, at_s=at_s, duration_s=0.4)],
        fps=30,
        duration_s=duration_s,
        seed=seed,
        camera=camera,
        life=Life(head=sway, blinks_s=blinks),
    )
    return write_planted(clip, folder, "clip", flows="none").video


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    camera = CameraSettings(noise=2.0, crf=23)
    return filmed(tmp_path_factory.mktemp("film"), 1.0, 2.0, strength=4.0, seed=1, camera=camera)


def test_a_planted_smile_is_seen_at_the_mouth_when_it_was_planted(film):
    one = video_recording(film, subject="planted/a")
    assert len(one.times) == 60 and one.intervals is None and one.dataset == "planted"
    way = one.inputs["roi36"].reshape(60, 18, 2)
    assert np.isfinite(way).all() and not way[0].any()
    left, right = (way[:, EIGHTEEN_REGIONS.index(name)] for name in ("point_54", "point_48"))
    rest = np.r_[22:30, 43:50]
    for corner, outwards in ((left, 1), (right, -1)):
        moved = corner[34:39].mean(0) - corner[rest].mean(0)
        assert outwards * moved[0] > 0.35 and moved[1] < -0.7  # px of 320: out and up
    brows = [EIGHTEEN_REGIONS.index(name) for name in ("brow_left", "brow_right")]
    assert np.abs(way[34:39, brows].mean(0) - way[rest][:, brows].mean(0)).max() < 0.6
    flow = one.inputs["roi12"]
    assert np.abs(flow[30:42, 8:10]).max() > 2 * np.abs(flow[5:25, 8:10]).mean()


def test_a_film_without_a_face_says_so(tmp_path):
    import cv2

    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((80, 80, 3), 90, np.uint8))
    with pytest.raises(InputError, match="no face"):
        video_recording(folder, fps=25)


def test_the_training_free_spotter_finds_the_same_by_both_roads(portrait_with_blinks):
    report = fleeting.analyze(portrait_with_blinks, pictures=False, recognizer="rules", au_detector="rules")
    signals = ("regions", "head", "openings", "closed")
    one = video_recording(portrait_with_blinks, inputs=signals)
    assert {15, 75} <= set(np.flatnonzero(one.inputs["closed"]).tolist())  # blinks at 0.4 and 2.4 s

    def ends(intervals):
        return [(i.onset_frame, i.apex_frame, i.offset_frame, i.kind) for i in intervals]

    spotter = systems.create("training-free")
    expected = ends(one.interval for one in report.expressions)
    assert expected and ends(spotter.intervals(one)) == expected
    curve = spotter.curve(one).values
    assert np.allclose(curve, report.signals["face0_curve"], atol=1e-3, equal_nan=True)


@pytest.fixture(scope="module")
def portrait_with_blinks(tmp_path_factory):
    folder, camera = tmp_path_factory.mktemp("blinks"), CameraSettings(noise=1.0, crf=20)
    return filmed(folder, 1.3, 3.0, strength=5.0, seed=2, camera=camera, blinks=(0.4, 2.4))
