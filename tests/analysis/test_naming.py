"""What the models say, joined with what the spotter saw, by hand; and models on the road of a video."""

import json
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

import fleeting
from fleeting import facs
from fleeting.analysis import AnalysisSettings, namer
from fleeting.analysis.naming import SEEN_BY_SPOTTER, Namer, joined, recognised, rows_for
from fleeting.core import ActionUnit, Interval, UnknownNameError, UsageError
from fleeting.models import load_au_detector, load_recognizer
from fleeting.motion import AlignedClip, find_flow, input_geometry
from fleeting.spotting import Candidate, Spotted, hypotheses, side_channels
from fleeting.synth import CameraSettings, Life, Plant, plant, write_planted

UNITS = hypotheses().units
TWELVE = facs.TWELVE_UNITS


def spotted(au: int, side: str, *more: tuple[int, str]) -> Spotted:
    """A movement that is the sum of some units' patterns."""
    moved = sum(hypotheses().patterns[UNITS.index(one)] for one in ((au, side), *more))
    given = {"au": au, "side": side, "vector": moved, "scale": np.ones(len(side_channels()))}
    candidate = Candidate(**{**{f.name: 0 for f in fields(Candidate)}, **given})
    return Spotted(Interval.from_frames(0, 9, fps=30, apex=4), au, side, candidate)


def answers(**likely: float) -> np.ndarray:
    """Probabilities of the twelve units: ``au12=0.9``, the others near 0."""
    return np.array([likely.get(f"au{unit}", 0.001) for unit in TWELVE])


def names(units) -> list[tuple[int, str]]:
    return [(unit.au, unit.side) for unit in units]


def test_the_spotters_own_unit_is_named_first_and_whatever_the_detector_says():
    one = spotted(12, "left")
    ruled = (ActionUnit(12, "left", 0.9),)
    units = joined(one, ruled, TWELVE, answers(au6=0.97, au12=0.001))
    assert names(units) == [(12, "left"), (6, units[1].side)]
    odds = np.log(0.001 / 0.999) + SEEN_BY_SPOTTER
    assert units[0].score == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-4)
    assert units[1].score == pytest.approx(0.97, abs=1e-4), "nothing on top for the others"


def test_at_even_odds_the_score_is_the_spotters_alone():
    (unit,) = joined(spotted(4, "both"), (ActionUnit(4, "both", 0.8),), TWELVE, answers(au4=0.5))
    assert unit.score == pytest.approx(1 / (1 + np.exp(-SEEN_BY_SPOTTER)), abs=1e-4)


def test_a_unit_of_the_detector_gets_the_side_that_fits_the_movement():
    one = spotted(4, "both", (12, "right"))
    units = joined(one, (ActionUnit(4, "both", 0.8),), TWELVE, answers(au4=0.9, au12=0.8))
    assert names(units) == [(4, "both"), (12, "right")]


def test_what_the_detector_doubts_is_not_named_though_the_rules_did():
    ruled = (ActionUnit(4, "both", 0.8), ActionUnit(9, "both", 0.4))
    assert names(joined(spotted(4, "both"), ruled, TWELVE, answers(au4=0.9, au9=0.2))) == [(4, "both")]


def test_units_that_the_detector_does_not_know_are_the_rules():
    ruled = (ActionUnit(20, "both", 0.8), ActionUnit(24, "both", 0.6), ActionUnit(23, "both", 0.4))
    assert joined(spotted(20, "both"), ruled, TWELVE, answers())[:2] == ruled[:2]


def test_units_that_never_act_together_are_not_named_together():
    assert frozenset({2, 15}) in facs.unit_pairs("never_seen")
    units = joined(spotted(2, "both"), (ActionUnit(2, "both", 1.0),), TWELVE, answers(au2=0.9, au15=0.9))
    assert names(units) == [(2, "both")]


def test_three_units_at_most():
    found = joined(spotted(1, "both"), (), TWELVE, answers(au1=0.9, au2=0.9, au4=0.8, au5=0.95, au7=0.85))
    assert [unit.au for unit in found] == [1, 5, 2]


def fixed(labels, shares, none):
    return SimpleNamespace(
        labels=labels, predict=lambda rows: np.array([shares]), none=lambda rows: np.array([none])
    )


def test_no_expression_at_all_is_unclear():
    told = recognised(fixed(("negative", "positive", "surprise"), [0.5, 0.3, 0.2], 0.6), {})
    assert told.label == "unclear"
    assert told.probabilities == pytest.approx(
        {"negative": 0.2, "positive": 0.12, "surprise": 0.08, "unclear": 0.6}
    )
    assert not told.calibrated


def test_a_recogniser_without_that_class_has_its_own_labels_alone():
    told = recognised(fixed(("disgust", "other"), [0.25, 0.75], 0.0), {})
    assert (told.label, told.probabilities) == ("other", {"disgust": 0.25, "other": 0.75})


def test_units_weigh_in_on_the_emotion():
    """Evidence of unit 9 at .9 over negative, positive, surprise: roots of it times .3, .6, .1."""
    three = fixed(("negative", "positive", "surprise"), [0.3, 0.6, 0.1], 0.0)
    wrinkled = (ActionUnit(9, "both", 0.9),)
    evidence = facs.emotion_evidence({9: 0.9})
    weights = [evidence[name] + evidence["unclear"] / 3 for name in three.labels]
    wanted = np.array([0.3, 0.6, 0.1]) * np.sqrt(weights)
    told = recognised(three, {}, wrinkled)
    assert told.label == "negative"
    assert list(told.probabilities.values()) == pytest.approx(wanted / wanted.sum())
    assert recognised(three, {}, (ActionUnit(12, "both", 0.9),)).label == "positive"
    assert recognised(three, {}).label == "positive"
    other = fixed(("disgust", "other"), [0.25, 0.75], 0.0)
    assert recognised(other, {}, wrinkled).probabilities == {"disgust": 0.25, "other": 0.75}
    quiet = recognised(fixed(three.labels, [0.3, 0.6, 0.1], 0.6), {}, wrinkled)
    assert quiet.probabilities["unclear"] == pytest.approx(0.6)


def test_rules_alone_need_no_frames():
    names = namer("rules", "rules")
    assert (names.inputs, names.uses) == ((), ())
    units, told = names.name(spotted(12, "both"), {})
    assert (units[0].au, told.label) == (12, "positive")


def test_models_are_run_on_what_a_clip_gives():
    geometry = input_geometry("key")
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (3, geometry.height, geometry.width)).astype(np.uint8)
    mesh = np.float32(facs.neutral_mesh()[:, :2] * geometry.iod + geometry.origin)
    clip = AlignedClip(frames, 0, 1, 2, None, mesh, geometry)
    names = Namer(load_recognizer(), load_au_detector())
    units, told = names.name(spotted(12, "both"), {"key": clip})
    assert units[0].au == 12
    assert sum(told.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert [use.name for use in names.uses] == ["fleeting recogniser", "fleeting AU detector"]


def test_a_model_gets_the_flow_that_it_learnt_with():
    """And the other model its own; a network of flow that is no longer the same is refused."""
    geometry = input_geometry("key")
    y, x = np.mgrid[: geometry.height, : geometry.width]
    hill = np.exp(-(((x - 112) / 30) ** 2) - ((y - 170) / 30) ** 2)
    face = [np.uint8(128 + 60 * np.sin((x - d * hill) / 4) + 60 * np.cos(y / 5)) for d in (0, 2, 0)]
    mesh = np.float32(facs.neutral_mesh()[:, :2] * geometry.iod + geometry.origin)
    clip = AlignedClip(np.stack(face), 0, 1, 2, None, mesh, geometry)
    usual, learnt, detector = load_recognizer(), load_recognizer(), load_au_detector()
    learnt.card |= {"flow": "learnt", "flow_sha256": find_flow("learnt").version}
    made: dict = {}
    maps = [rows_for(one, {"key": clip}, made)["flowmap28"] for one in (usual, detector, learnt)]
    assert maps[0] is maps[1] and len(made) == 2
    assert not np.array_equal(maps[0], maps[2])
    assert "fleeting flow" in [use.name for use in Namer(learnt, detector).uses]
    assert "fleeting flow" not in [use.name for use in Namer(usual, detector).uses]
    learnt.card["flow_sha256"] = "another"
    with pytest.raises(UsageError, match="another network of flow than 'learnt'"):
        rows_for(learnt, {"key": clip}, {})


@pytest.mark.parametrize("asked", [{"recognizer": "nobody"}, {"au_detector": "nobody"}])
def test_a_model_that_is_not_there_is_said_before_the_video_is_opened(asked):
    with pytest.raises(UnknownNameError, match="'nobody': no such folder; shipped: default"):
        fleeting.analyze("there-is-no-such-video.mp4", AnalysisSettings(**asked))


def test_a_result_names_the_models(tmp_path):
    clip = tmp_path / "grey.mp4"
    fleeting.io.write_video(clip, [np.full((64, 64, 3), 90, np.uint8)] * 5, fps=25)
    used = {one.name: one for one in fleeting.analyze(clip).provenance.models}
    card = load_au_detector().card
    assert used["fleeting AU detector"].sha256 == card["sha256"]
    assert "no real face" in used["fleeting recogniser"].trained_on
    by_rules = fleeting.analyze(clip, recognizer="rules", au_detector="rules").provenance
    assert len(by_rules.models) == len(used) - 2
    assert json.loads(json.dumps(by_rules.settings))["recognizer"] == "rules"


@pytest.fixture(scope="module")
def smile(portrait, sway, tmp_path_factory):
    """A second and a half of the portrait with one planted smile."""
    made = plant(
        portrait,
        [Plant((12,), "both", 5.0, 0.6, 0.33)],
        fps=30,
        duration_s=1.6,
        camera=CameraSettings(noise=1, crf=18),
        life=Life(head=sway),
    )
    return write_planted(made, tmp_path_factory.mktemp("smile"), "smile", flows="none").video


def test_the_shipped_models_name_a_planted_smile(smile):
    (one,) = fleeting.analyze(smile, pictures=False).expressions
    assert one.action_units[0].au == 12
    assert one.emotion.label == "positive"
    assert set(one.emotion.probabilities) == {"negative", "positive", "surprise", "unclear"}


def test_a_recogniser_of_ones_own_takes_the_place_whatever_it_looks_at(smile, tmp_path):
    """This one says by its weights alone, from all frames of the movement."""
    torch = pytest.importorskip(
        "torch", reason="TORCH IS NOT INSTALLED: exporting is untested; fleeting[train]"
    )
    from fleeting.training import export_onnx

    class Bias(torch.nn.Module):
        def forward(self, clip):
            return clip.float().mean((1, 2, 3))[:, None] * 0 + torch.tensor([0.0, 2.0])

    example = (torch.zeros((2, 10, 64, 64), dtype=torch.uint8),)
    card = {"inputs": ["clip64"], "classes": ["disgust", "other"], "task": "recognition", "name": "own"}
    export_onnx(Bias(), example, tmp_path / "model.onnx", card)
    report = fleeting.analyze(smile, recognizer=str(tmp_path))
    (one,) = report.expressions
    told = np.exp([0, 2]) / np.exp([0, 2]).sum()
    assert one.emotion.label == "other"
    assert one.emotion.probabilities == pytest.approx({"disgust": told[0], "other": told[1]}, abs=1e-5)
    assert one.action_units[0].au == 12, "the detector is still the shipped one"
    assert "own" in [use.name for use in report.provenance.models]
