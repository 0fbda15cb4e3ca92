"""`analyze` with a spotter that has learnt: what ships, what was exported, and what is no spotter."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import fleeting
from fleeting.core import UnknownNameError, UsageError
from fleeting.spotting import FACTS
from fleeting.synth import CameraSettings, Life, Plant, plant, write_planted


@pytest.fixture(scope="module")
def smile(portrait, sway, tmp_path_factory):
    """Two seconds of the portrait with one planted smile, frames 24 to 33."""
    made = plant(
        portrait,
        [Plant((12,), "both", 5.0, 0.8, 0.33)],
        fps=30,
        duration_s=2.0,
        camera=CameraSettings(noise=1, crf=18),
        life=Life(head=sway),
    )
    return write_planted(made, tmp_path_factory.mktemp("smile"), "smile", flows="none").video


def test_what_ships_finds_a_planted_smile_and_is_named(smile):
    report = fleeting.analyze(smile, pictures=False, spotter="learnt")
    (one,) = report.expressions
    spotter = fleeting.load_spotter("learnt")
    assert abs(one.interval.onset_frame - 24) <= 2 and abs(one.interval.offset_frame - 33) <= 2
    assert spotter.least_score <= one.interval.score <= 1 and one.action_units[0].au == 12
    assert report.signals["face0_curve"].max() <= 1 and report.signals["threshold"] == spotter.least_score
    assert {use.sha256 for use in report.provenance.models} >= {spotter.card["sha256"]}
    assert report.provenance.settings["spotter"]["name"] == "learnt"
    json.dumps(report.provenance.settings)


def test_its_card_names_the_facts_that_are_measured():
    card = fleeting.load_spotter().card
    assert tuple(card["facts"]) == FACTS and "no real face" in card["trained_on"]
    home = Path(str(files("fleeting.models"))) / "data/spotters/learnt/model.onnx"
    assert home.stat().st_size < 5e6


def test_a_score_does_not_depend_on_companions():
    rows = np.random.default_rng(0).normal(size=(6, len(FACTS))).astype(np.float32)
    judge = fleeting.load_spotter().judge
    assert judge(rows)[2:3] == pytest.approx(judge(rows[2:3]), abs=1e-6)
    assert judge(rows[:0]).shape == (0,)


def test_what_is_no_spotter_is_said_before_the_video_is_opened(tmp_path):
    recogniser = Path(str(files("fleeting.models"))) / "data/recognizers/default"
    with pytest.raises(UsageError, match="is made for 'recognition'; a spotter says which movements count"):
        fleeting.analyze("there-is-no-such-video.mp4", spotter=str(recogniser))
    with pytest.raises(UnknownNameError, match="no spotter 'nobody': no such folder; shipped: learnt"):
        fleeting.analyze("there-is-no-such-video.mp4", spotter="nobody")
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes(
            (Path(str(files("fleeting.models"))) / "data/spotters/learnt" / name).read_bytes()
        )
    card = json.loads((tmp_path / "model.json").read_text()) | {"inputs": ["roi10"]}
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(UsageError, match="takes roi10; `analyze` measures movement-facts"):
        fleeting.load_spotter(tmp_path)


def test_a_network_that_was_trained_drives_analyze(smile, tmp_path):
    """From recordings to a folder to a report: intervals by the decoder, units by the motion of regions."""
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    from fleeting import systems
    from fleeting.bench import train_spotter, video_recording

    recordings = systems.feature_recordings(3, 1, settings=systems.FeatureSettings(seconds=8), seed=1)
    made, fitted = train_spotter(lambda: systems.create("meldae", training={"epochs": 6}), recordings)
    assert [(one["kind"], one["method"], one["with_rows"]) for one in fitted] == [("micro", "fleeting", True)]
    always = {"kind": "micro", "method": "fixed", "parameters": {"p": 0.3}, "least_score": 0.0}
    made.export(tmp_path, decodings=[always], trained_on="invented recordings")

    report = fleeting.analyze(smile, pictures=False, spotter=str(tmp_path))
    curve = report.signals["face0_curve"]
    expected = made.curve(video_recording(smile, inputs=["roi36"])).values
    assert np.allclose(curve, expected, atol=0.02)  # landmarks of other looks, else the same features
    assert report.expressions and "threshold" not in report.signals
    for one in report.expressions:
        assert one.interval.kind == "micro"
        assert one.interval.score == pytest.approx(curve[one.interval.apex_frame], abs=1e-3)
        assert one.interval.onset_s == report.signals["times"][one.interval.onset_frame]
    told = report.provenance.settings["spotter"]
    assert told["input"] == "roi36" and told["decodings"][0]["method"] == "fixed"
    assert "invented recordings" in {use.trained_on for use in report.provenance.models}
    json.dumps(report.provenance.settings)

    # the decoder that was fitted, which also sees the rows, at any score
    mine = Path(shutil.copytree(tmp_path, tmp_path / "mine"))
    card = json.loads((mine / "model.json").read_text())
    card["decodings"] = [{**fitted[0], "curve": "curve", "least_score": 0.0}]
    (mine / "model.json").write_text(json.dumps(card))
    again = fleeting.analyze(smile, pictures=False, spotter=str(mine))
    assert np.array_equal(again.signals["face0_curve"], curve)
    rows = fleeting.load_spotter(mine).decodings[0]
    assert rows.with_rows and rows.parameters == fitted[0]["parameters"]
    assert all(0 <= one.interval.score <= 1 for one in again.expressions)


def test_what_the_face_did_in_an_interval_that_somebody_else_found(smile):
    from fleeting.analysis import measure
    from fleeting.core import CROP, Interval
    from fleeting.io import open_video
    from fleeting.spotting import explained

    with open_video(smile) as video:
        seen = measure(video.frames())
    given = seen.faces[0].signals
    moved = Interval.from_frames(24, 33, fps=30, apex=28, score=1.7)
    lost = given.openings.copy()
    lost[26:31] = np.nan
    for openings, expected in ((given.openings, 12), (lost, None)):
        (one,) = explained(given.regions, given.head, openings, seen.times, [moved], unit=1 / CROP.iod)
        assert one.interval == moved and one.candidate.score == 1.0
        if expected is None:
            assert not one.candidate.vector.any()
        else:
            assert one.au == expected and one.candidate.z > 3 and one.candidate.fit > 0.5
