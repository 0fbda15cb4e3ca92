"""Files that earlier versions wrote are read forever; expected values are written out here, not computed."""

import json
from pathlib import Path

import numpy as np
import pytest

from fleeting import io
from fleeting.core import ActionUnit, Emotion, Expression, Face, Interval, ModelUse, QualityWarning

GOLDEN = Path(__file__).parents[1] / "golden" / "result-1"
EXPRESSIONS = (
    Expression(
        0,
        Interval(120, 126, 130, 4.8, 5.04, 5.2, 0.04, "micro", 0.83),
        Emotion("surprise", {"negative": 0.25, "positive": 0.125, "surprise": 0.625}, True),
        (ActionUnit(1, "both", 0.75, 0.5), ActionUnit(2, "left", 0.5, None)),
    ),
    Expression(1, Interval(125, None, 150, 5.0, None, 6.0, 0.04, "macro", 1.5)),
    Expression(
        0,
        Interval(128, 129, 131, 5.12, 5.16, 5.24, 0.04, "micro", 0.25),
        Emotion("negative", {"negative": 0.75, "positive": 0.25}, False),
        (ActionUnit(12, "right", 0.25, None),),
    ),
)


def test_json_and_signals_of_schema_1():
    report = io.read_result(GOLDEN / "take-1.json")
    assert report.video.path == "videos/Frau Ü – take 1.mp4"
    assert report.video.sha256.startswith("9f86d081")
    assert (report.video.width, report.video.height, report.video.frames) == (640, 480, 300)
    assert (report.video.duration_s, report.video.fps, report.video.variable_rate) == (12.0, 25.0, True)
    assert report.faces == (Face(0, 0.96), Face(1, 0.5))
    assert report.expressions == EXPRESSIONS
    assert report.warnings == (
        QualityWarning("low_fps", "25 frames/s is too low to see 1/25 s; record at 100 or more"),
    )
    used = report.provenance
    assert used.version == "0.1.0"
    assert used.settings == {"faces": "all", "from_s": None, "spotter": "default", "thresholds": [1.5, 2.0]}
    sha = "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
    assert used.models == (ModelUse("face_landmark", sha, "Apache-2.0", "not disclosed"),)
    assert (used.machine, used.runtime_s) == ("Linux x86_64, 2 cores", 3.25)
    assert sorted(report.signals) == ["face0_curve", "face0_regions", "region_names", "times"]
    np.testing.assert_array_equal(report.signals["times"], np.arange(5) / 25)
    np.testing.assert_array_equal(report.signals["face0_curve"], np.float32([0, 0.5, np.nan, 2, 0.25]))
    assert report.signals["face0_regions"].shape == (5, 2, 2)
    assert report.signals["region_names"].tolist() == ["left brow", "right brow"]


def test_csv_of_schema_1():
    rows = io.read_intervals_csv(GOLDEN / "take-1.csv")
    assert rows == [
        io.IntervalRow("demo/u", "take-1", 120, 130, "micro", "surprise", 0.83, 126, 4.8, 5.04, 5.2),
        io.IntervalRow("demo/u", "take-1", 125, 150, "macro", "", 1.5, None, 5.0, None, 6.0),
        io.IntervalRow("demo/u", "take-1", 128, 131, "micro", "negative", 0.25, 129, 5.12, 5.16, 5.24),
    ]


def test_eaf_of_schema_1():
    first, second, third = (120, 126, 130), (125, None, 150), (128, 129, 131)
    assert io.read_eaf(GOLDEN / "take-1.eaf") == [
        io.EafAnnotation("micro", 0, 4800, 5240, "score 0.83", first),
        io.EafAnnotation("AU", 0, 4800, 5240, "1+2L", first),
        io.EafAnnotation("emotion", 0, 4800, 5240, "surprise (p 0.625)", first),
        io.EafAnnotation("macro", 1, 5000, 6040, "score 1.5", second),
        io.EafAnnotation("micro", 0, 5120, 5280, "score 0.25", third),
        io.EafAnnotation("AU", 0, 5120, 5280, "12R", third),
        io.EafAnnotation("emotion", 0, 5120, 5280, "negative (score 0.75)", third),
    ]


def test_what_is_written_today_is_the_same_document(tmp_path):
    report = io.read_result(GOLDEN / "take-1.json")
    paths = io.write_result(report, tmp_path, "take-1", subject="demo/u")
    then, now = (json.loads(path.read_text("utf-8")) for path in (GOLDEN / "take-1.json", paths["json"]))
    for document in (then, now):
        document["signals"].pop("sha256")  # packing may differ between versions of zlib
    assert list(now) == list(then)
    assert now == then
    csv_then, csv_now = (path.read_text("utf-8") for path in (GOLDEN / "take-1.csv", paths["csv"]))
    assert csv_now == csv_then


@pytest.mark.parametrize("place", [(), ("video",), ("expressions", 0), ("expressions", 0, "action_units", 0)])
def test_a_later_minor_version_may_add_fields(tmp_path, place):
    document = json.loads((GOLDEN / "take-1.json").read_text("utf-8"))
    document["schema"] = "fleeting.result/1.7"
    part = document
    for step in place:
        part = part[step]
    part["added_later"] = {"any": ["thing"]}
    (tmp_path / "take-1.json").write_text(json.dumps(document), "utf-8")
    assert io.read_result(tmp_path / "take-1.json").expressions == EXPRESSIONS


def test_the_plain_form_of_the_design_is_enough(tmp_path):
    """Without the fields that were added, the frame time comes from the rate, the score from the rest."""
    document = json.loads((GOLDEN / "take-1.json").read_text("utf-8"))
    del document["signals"], document["expressions"][1:]
    for name in ("frame_s", "duration_s"):
        del document["expressions"][0][name]
    del document["expressions"][0]["emotion"]["calibrated"]
    document["expressions"][0]["action_units"] = [{"au": 4, "side": "both", "probability": 0.5}]
    (tmp_path / "a.json").write_text(json.dumps(document), "utf-8")
    one = io.read_result(tmp_path / "a.json").expressions[0]
    assert one.interval.frame_s == 1 / 25
    assert one.emotion.calibrated is False
    assert one.action_units == (ActionUnit(4, "both", 0.5, 0.5),)
