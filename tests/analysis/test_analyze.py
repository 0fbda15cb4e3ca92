"""``analyze``: one video in, one report out."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import fleeting
from fleeting.analysis import AnalysisSettings, analyze, provenance_of
from fleeting.core import CROP, InputError, Report, UsageError
from fleeting.io import write_video
from fleeting.motion import motion_regions
from fleeting.synth import CameraSettings, Life, Plant, plant, write_planted

FPS = 30
PLANT = Plant((12,), "left", 5.0, 1.2, 0.33)  # frames 37 to 45 of 75


@pytest.fixture(scope="module")
def clip(portrait, sway, tmp_path_factory) -> Path:
    made = plant(
        portrait,
        [PLANT],
        fps=FPS,
        duration_s=2.5,
        camera=CameraSettings(noise=1, crf=18),
        life=Life(head=sway),
    )
    return write_planted(made, tmp_path_factory.mktemp("clip"), "smile", flows="none").video


@pytest.fixture(scope="module")
def report(clip) -> Report:
    return analyze(clip)


def the_one(report: Report):
    (one,) = report.expressions
    return one


def same(a: Report, b: Report) -> bool:
    """Whether two reports agree in all but how long they took."""

    def alike(x: dict[str, np.ndarray], y: dict[str, np.ndarray]) -> bool:
        return x.keys() == y.keys() and all(
            np.array_equal(x[k], y[k], equal_nan=x[k].dtype.kind == "f") for k in x
        )

    timeless = [
        replace(r, provenance=replace(r.provenance, runtime_s=0.0), signals={}, pictures=()) for r in (a, b)
    ]
    pictures = len(a.pictures) == len(b.pictures) and all(map(alike, a.pictures, b.pictures))
    return timeless[0] == timeless[1] and alike(a.signals, b.signals) and pictures


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"min_confidence": 1.1}, "min_confidence: expected 0..1, got 1.1"),
        ({"min_confidence": -0.1}, "min_confidence"),
        ({"min_confidence": float("nan")}, "min_confidence"),
        ({"start_s": 2.0, "stop_s": 1.0}, "0 <= start <= stop, got 2.0 and 1.0 seconds"),
        ({"start_s": -1.0}, "0 <= start"),
        ({"stop_s": -1.0}, "0 <= start"),
        ({"stop_s": float("nan")}, "0 <= start"),
        ({"fps": 0.0}, "fps: expected a positive number"),
        ({"fps": float("inf")}, "fps"),
        ({"faces": "some"}, "faces: expected 'largest' or 'all', got 'some'"),
    ],
)
def test_wrong_settings_are_refused_before_the_video_is_opened(choices, words):
    with pytest.raises(UsageError, match=words):
        analyze("there-is-no-such-file.mp4", **choices)


def test_an_unknown_setting_is_refused():
    with pytest.raises(TypeError, match="speed"):
        analyze("there-is-no-such-file.mp4", speed=2)


def test_choices_by_name_go_before_the_settings_given():
    mixed = replace(AnalysisSettings(min_confidence=0.2, pictures=False), min_confidence=0.4)
    assert mixed == AnalysisSettings(min_confidence=0.4, pictures=False)
    with pytest.raises(UsageError, match="got 7"):
        analyze("there-is-no-such-file.mp4", AnalysisSettings(min_confidence=0.4), min_confidence=7)


def test_a_missing_video_is_an_input_error():
    with pytest.raises(InputError, match=r"there-is-no-such-file\.mp4"):
        analyze("there-is-no-such-file.mp4")


# --- what is found ----------------------------------------------------------------------------------------


def test_the_planted_movement_is_found(report):
    one = the_one(report)
    assert one.interval.kind == "micro"
    assert abs(one.interval.onset_frame - 37) <= 2
    assert abs(one.interval.apex_frame - 41) <= 2
    assert abs(one.interval.offset_frame - 45) <= 2
    assert one.interval.apex_s == pytest.approx(one.interval.apex_frame / FPS)
    assert (one.action_units[0].au, one.action_units[0].side) == (12, "left")
    assert one.emotion.label == "positive"
    assert 0 < one.interval.score < 1


def test_the_report_says_what_the_video_is(report, clip):
    assert report.video.path == str(clip)
    assert (report.video.width, report.video.height, report.video.frames) == (320, 320, 75)
    assert report.video.fps == pytest.approx(30)
    assert not report.video.variable_rate
    assert [(f.id, f.coverage) for f in report.faces] == [(0, 1.0)]


def test_signals_are_of_the_whole_video(report):
    signals = report.signals
    assert signals["frames"].tolist() == list(range(75))
    assert signals["times"] == pytest.approx(np.arange(75) / FPS)
    assert tuple(signals["region_names"]) == motion_regions()
    assert signals["face0_regions"].shape == (75, len(motion_regions()), 2)
    assert signals["face0_curve"].shape == (75,)
    assert 35 <= int(np.nanargmax(signals["face0_curve"])) <= 47
    assert signals["face0_curve"].max() > signals["threshold"]


def test_regions_are_in_pixels_of_the_crop(report):
    """5 % of the eye distance are 2.2 px at the most; the corner's region moves by a part of it."""
    corner = list(motion_regions()).index("mouth_corner_left")
    moved = report.signals["face0_regions"]
    at_apex = moved[40:43, corner].mean(0) - moved[28:35, corner].mean(0)
    assert 0.3 < np.linalg.norm(at_apex) < 0.05 * CROP.iod + 0.3
    assert at_apex[1] < 0, "upwards"


def test_pictures_show_onset_and_apex(report):
    (shown,) = report.pictures
    assert shown.keys() == {"onset", "apex", "flow", "landmarks", "regions", "region_motion"}
    onset, apex = (cv2.imdecode(shown[name], cv2.IMREAD_COLOR) for name in ("onset", "apex"))
    assert onset.shape == apex.shape
    assert onset.shape[0] >= 2 * CROP.height
    assert shown["landmarks"].shape == (468, 2)
    assert np.isfinite(shown["flow"].astype(float)).all()
    difference = np.abs(onset.astype(float) - apex).mean(-1)
    left, right = (shown["landmarks"][i].round().astype(int) for i in (291, 61))  # mouth corners

    def around(point: np.ndarray) -> float:
        return float(difference[point[1] - 12 : point[1] + 13, point[0] - 12 : point[0] + 13].mean())

    assert around(left) > 1.5 * around(right)


def test_progress_tells_every_frame(clip):
    told = []
    analyze(clip, pictures=False, stop_s=0.5, progress=lambda frames, time_s: told.append((frames, time_s)))
    assert [frames for frames, _ in told] == list(range(1, len(told) + 1))
    assert [time_s for _, time_s in told] == pytest.approx(np.arange(len(told)) / FPS)
    assert len(told) in (15, 16)


# --- choices ----------------------------------------------------------------------------------------------


def test_without_pictures_there_is_no_raster_of_the_face(clip, report):
    bare = analyze(clip, pictures=False)
    (shown,) = bare.pictures
    assert shown.keys() == {"regions", "region_motion"}
    assert bare.expressions == report.expressions
    everything = [*shown.values(), *bare.signals.values()]
    assert max(a.nbytes for a in everything) <= 75 * len(motion_regions()) * 2 * 4, "a number for each region"


def test_a_part_keeps_the_frame_numbers_of_the_whole(clip, report):
    part = analyze(clip, start_s=0.5, stop_s=2.2, pictures=False)
    assert part.signals["frames"].tolist() == list(range(15, 67))
    assert part.signals["times"][0] == pytest.approx(0.5)
    one, whole = the_one(part).interval, the_one(report).interval
    for name in ("onset_frame", "apex_frame", "offset_frame"):
        assert abs(getattr(one, name) - getattr(whole, name)) <= 2
    assert one.onset_s == pytest.approx(one.onset_frame / FPS)
    assert part.provenance.settings["start_s"] == 0.5
    assert part.provenance.settings["stop_s"] == 2.2


def test_a_part_without_the_movement_shows_none(clip):
    assert analyze(clip, stop_s=1.0, pictures=False).expressions == ()


def test_a_part_beyond_the_end_is_refused(clip):
    with pytest.raises(InputError, match="ends before 60 s; give an earlier start"):
        analyze(clip, start_s=60.0)


def test_least_confidence(clip, report):
    score = the_one(report).interval.score
    assert analyze(clip, pictures=False, min_confidence=score).expressions == report.expressions
    strict = analyze(clip, pictures=False, min_confidence=min(1.0, score + 0.001))
    assert strict.expressions == ()
    assert strict.pictures == ()
    assert np.array_equal(strict.signals["face0_curve"], report.signals["face0_curve"])


def test_a_folder_of_images_is_a_video(clip, report, tmp_path):
    with fleeting.open_video(clip) as video:
        for frame in video.frames():
            picture = cv2.cvtColor(frame.rgb(), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(tmp_path / f"img_{frame.index + 1:03d}.png"), picture)
    folder = analyze(tmp_path, fps=FPS, pictures=False)
    one, usual = the_one(folder).interval, the_one(report).interval
    assert abs(one.onset_frame - usual.onset_frame) <= 1
    assert abs(one.offset_frame - usual.offset_frame) <= 1
    slower = analyze(tmp_path, fps=FPS / 2, pictures=False)
    assert slower.video.duration_s == pytest.approx(5.0)
    assert "frame_rate_too_low" in {w.code for w in slower.warnings}


# --- the same again, and on disk --------------------------------------------------------------------------


def test_the_same_video_gives_the_same_report(clip, report):
    assert same(analyze(clip), report)


def test_a_report_comes_back_from_disk(report, tmp_path):
    files = fleeting.save_report(report, tmp_path, "smile")
    back = fleeting.read_report(files["json"])
    assert back.video == report.video
    assert back.faces == report.faces
    assert back.expressions == report.expressions
    assert back.warnings == report.warnings
    assert back.provenance == report.provenance
    assert back.signals.keys() == report.signals.keys()
    for name, values in report.signals.items():
        assert np.array_equal(back.signals[name], values), name


def test_provenance_says_how_the_result_came_to_be(report):
    made = report.provenance
    assert made.version == fleeting.__version__
    assert made.settings["faces"] == "largest"
    assert made.settings["crop"] == {"width": CROP.width, "height": CROP.height, "iod_px": CROP.iod}
    assert made.settings["spotter"]["least_z"] == report.signals["threshold"]
    assert json.loads(json.dumps(made.settings)) == made.settings
    assert made.models
    for model in made.models:
        assert len(model.sha256) == 64
        assert model.licence
        assert model.trained_on
    assert made.runtime_s > 0
    assert "Python" in made.machine
    again = provenance_of(AnalysisSettings())
    assert (again.settings, again.models) == (made.settings, made.models)


# --- warnings ---------------------------------------------------------------------------------------------


def codes(report: Report) -> set[str]:
    return {w.code for w in report.warnings}


def film(path: Path, pictures: list[np.ndarray], fps: float = 60, crf: int = 18) -> Path:
    return write_video(path / "film.mp4", pictures, fps=fps, crf=crf)


def noisy(picture: np.ndarray, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def squeezed(picture: np.ndarray, middle: int = 160, by: float = 3.0) -> np.ndarray:
    """The half of the face that lies on the left of the picture is narrow, as when a head is turned away."""
    height, width = picture.shape[:2]
    x = np.arange(width, dtype=np.float32)
    source = np.where(x < middle, middle - (middle - x) * by, x).astype(np.float32)
    return cv2.remap(picture, *np.meshgrid(source, np.arange(height, dtype=np.float32)), cv2.INTER_LINEAR)


@pytest.fixture(scope="module")
def good(portrait) -> np.ndarray:
    """The portrait, large enough."""
    return cv2.resize(portrait, None, fx=1.25, fy=1.25, interpolation=cv2.INTER_CUBIC)


def test_a_good_clip_gives_no_warning(good, tmp_path):
    assert codes(analyze(film(tmp_path, noisy(good, 20)), pictures=False)) == set()


@pytest.mark.parametrize(("fps", "code"), [(30, "frame_rate_low"), (12, "frame_rate_too_low")])
def test_low_frame_rates(good, tmp_path, fps, code):
    assert codes(analyze(film(tmp_path, noisy(good, 12), fps), pictures=False)) == {code}


def test_one_frame(good, tmp_path):
    report = analyze(film(tmp_path, [good]))
    assert "one_frame" in codes(report)
    assert report.expressions == ()
    assert len(report.faces) == 1


def test_no_face(tmp_path):
    report = analyze(film(tmp_path, noisy(np.full((200, 200, 3), 120, np.uint8), 8)))
    assert codes(report) == {"no_face"}
    assert report.faces == ()


def test_a_face_that_goes_away(good, tmp_path):
    wall = np.full_like(good, 120)
    report = analyze(film(tmp_path, noisy(good, 30) + noisy(wall, 30)), pictures=False)
    assert codes(report) == {"face_lost"}
    assert report.faces[0].coverage == pytest.approx(0.5, abs=0.05)
    curve = report.signals["face0_curve"]
    assert np.isfinite(curve[:28]).all()
    assert np.isnan(curve[32:]).all(), "nothing is made up for the frames without a face"
    assert report.expressions == ()


def test_a_small_face(good, tmp_path):
    small = cv2.resize(good, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    assert codes(analyze(film(tmp_path, noisy(small, 12)), pictures=False)) == {"face_small"}


def test_several_faces_are_followed_only_where_that_is_asked(good, tmp_path):
    pair = np.hstack([good, good[:, ::-1]])
    video = film(tmp_path, noisy(pair, 12))
    alone = analyze(video, pictures=False)
    assert len(alone.faces) == 1
    assert codes(alone) == set()
    both = analyze(video, faces="all", pictures=False)
    assert [f.id for f in both.faces] == [0, 1]
    assert codes(both) == {"several_faces"}
    assert {"face0_curve", "face1_curve"} <= both.signals.keys()


def test_strong_compression(good, tmp_path):
    assert "strong_compression" in codes(analyze(film(tmp_path, noisy(good, 30), crf=46), pictures=False))


def test_a_head_that_is_turned_away(good, tmp_path):
    turned = squeezed(good, 200)
    assert "head_turned" in codes(analyze(film(tmp_path, noisy(turned, 12)), pictures=False))
