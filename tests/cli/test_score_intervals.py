"""`fleeting score spotting` and `str` end to end: tables in, numbers or one line of complaint out."""

import json

import pytest
from typer.testing import CliRunner

from fleeting.cli.score import app

runner = CliRunner()


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def score(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def score_json(*arguments):
    result = score(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.strip().splitlines()) == 1
    return json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def complaint(*arguments):
    result = score(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and "Traceback" not in result.stderr
    return lines[0]


# --- spotting ---

TRUTH = (
    "subject,video,onset,offset,type,emotion\n"
    "d/anna,v1,10,19,micro,negative\nd/anna,v1,50,99,macro,positive\nd/ben,v2,5,14,micro,positive\n"
)
FOUND = (
    "subject,video,onset,apex,offset,type,emotion,score\n"
    "d/anna,v1,12,15,20,micro,negative,0.9\nd/ben,v2,50,52,59,micro,negative,0.4\nd/ben,v2,5,9,14,micro,negative,0.8\n"
)


@pytest.fixture
def spans(tmp_path):
    return write(tmp_path, "truth.csv", TRUTH), write(tmp_path, "found.csv", FOUND)


def test_spotting_by_hand(spans):
    truth, found = spans
    report = score_json("spotting", "--truth", truth, "--predictions", found, "--minutes", 2)
    assert [report["micro"][k] for k in ("tp", "fp", "fn")] == [2, 1, 0]
    assert [report["macro"][k] for k in ("tp", "fp", "fn")] == [0, 0, 1]
    assert report["micro"]["f1"] == pytest.approx(4 / 5)
    assert report["overall"]["f1"] == pytest.approx(4 / 6)
    assert report["datasets"]["d"]["overall"]["tp"] == 2
    assert report["errors_frames"]["onset"] == {"n": 2, "bias": 1, "mae": 1, "median": 1}
    assert report["errors_frames"]["apex"]["mae"] is None
    rate = report["false_alarms_per_minute"]
    assert (rate["value"], rate["low"], rate["high"]) == pytest.approx((0.5, 0.0253 / 2, 5.572 / 2), abs=1e-3)
    # Micro: both hits come before the false alarm; macro: nothing found.
    assert report["ap50"] == pytest.approx(0.5)
    assert report["rule"] == "strict"


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        ("strict", (1, 0, 1)),
        ("mean", (1, 0, 1)),
        ("slswin", (0, 1, 2)),
        ("megc2020", (2, -1, 0)),
        ("auwgcn", (0, 1, 2)),
        ("map-str", (2, 0, 0)),
        ("strs-script", (2, 0, 0)),
    ],
)
def test_every_rule_by_name(tmp_path, rule, counts):
    truth = write(tmp_path, "t.csv", "subject,video,onset,offset,type\ns,v,0,9,micro\ns,v,10,19,micro\n")
    found = write(tmp_path, "p.csv", "subject,video,onset,offset,type\ns,v,0,19,micro\n")
    report = score_json("spotting", "--truth", truth, "--predictions", found, "--rule", rule)
    assert tuple(report["micro"][k] for k in ("tp", "fp", "fn")) == counts


def test_unknown_rule_lists_all(spans):
    truth, found = spans
    line = complaint("spotting", "--truth", truth, "--predictions", found, "--rule", "strikt")
    assert "did you mean 'strict'" in line and "strs-script" in line


def test_video_set_and_iou(spans):
    truth, found = spans
    base = ("spotting", "--truth", truth, "--predictions", found)
    assert score_json(*base, "--iou", 0.9)["micro"]["tp"] == 1
    assert "threshold" in complaint(*base, "--iou", 0)
    write(truth.parent, "more.csv", FOUND + "d/cem,v9,0,9,,micro,,0.1\n".replace(",,micro", ",9,micro"))
    more = truth.parent / "more.csv"
    assert score_json("spotting", "--truth", truth, "--predictions", more)["overall"]["fp"] == 2
    kept = score_json("spotting", "--truth", truth, "--predictions", more, "--video-set", "with_target")
    assert kept["overall"]["fp"] == 1


def test_result_of_analyze_as_it_is(tmp_path):
    """The CSV that the package writes: no subjects, columns of its own, a folder with an empty one."""
    from fleeting.core import Emotion, Expression, Interval, Provenance, Report, VideoInfo
    from fleeting.io.tables import write_result_csv

    def report(*expressions):
        video = VideoInfo("v1.mp4", "0" * 64, 640, 480, 200, 2.0, 100.0, False)
        return Report(video, (), expressions, (), Provenance("0", {}))

    hit = Interval.from_frames(11, 20, fps=100, apex=15, score=0.7)
    folder = tmp_path / "results"
    folder.mkdir()
    write_result_csv(
        report(Expression(0, hit, Emotion("negative", {"negative": 1.0}))), folder / "v1.csv", video="v1"
    )
    write_result_csv(report(), folder / "v2.csv", video="v2")
    write(folder, "summary.csv", "file,status\nv1.mp4,done\n")
    truth = write(tmp_path, "truth.csv", TRUTH)
    alone = score_json("spotting", "--truth", truth, "--predictions", folder / "v1.csv")
    report_ = score_json("spotting", "--truth", truth, "--predictions", folder)
    assert report_["overall"] == alone["overall"]
    assert [report_["overall"][k] for k in ("tp", "fp", "fn")] == [1, 0, 2]
    strs = score_json("str", "--truth", truth, "--predictions", folder)
    assert strs["confusion"][0] == [1, 0]


def test_empty_predictions_and_empty_truth(tmp_path):
    header = "subject,video,onset,offset,type\n"
    empty, full = write(tmp_path, "e.csv", header), write(tmp_path, "f.csv", header + "s,v,0,9,micro\n")
    assert score_json("spotting", "--truth", full, "--predictions", empty)["overall"]["fn"] == 1
    report = score_json("spotting", "--truth", empty, "--predictions", full)
    assert report["overall"]["fp"] == 1 and report["ap50"] is None
    assert score_json("spotting", "--truth", empty, "--predictions", empty)["overall"]["f1"] == 0
    assert score("spotting", "--truth", empty, "--predictions", empty).exit_code == 0


def test_videos_that_do_not_join_are_named(tmp_path):
    truth = write(tmp_path, "t.csv", TRUTH)
    found = write(tmp_path, "p.csv", "subject,video,onset,offset,type\nd/anna,v1.mp4,10,19,micro\n")
    report = score_json("spotting", "--truth", truth, "--predictions", found)
    assert any("v1.mp4" in warning for warning in report["warnings"])
    result = score("spotting", "--truth", truth, "--predictions", found)
    assert "v1.mp4" in result.stdout and "check the column video" in " ".join(result.stdout.split())


def test_subject_that_cannot_be_told(tmp_path):
    truth = write(tmp_path, "t.csv", "subject,video,onset,offset,type\na,v,0,9,micro\nb,v,0,9,micro\n")
    found = write(tmp_path, "p.csv", "subject,video,onset,offset,type\n,v,0,9,micro\n")
    assert "several subjects" in complaint("spotting", "--truth", truth, "--predictions", found)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("s,v,ten,19,micro", "line 2, column onset: expected a number, got 'ten'"),
        ("s,v,1.5,19,micro", "line 2, column onset: expected a whole frame number"),
        ("s,v,20,19,micro", "line 2, column offset: 19 lies before onset 20"),
        ("s,,1,19,micro", "line 2, column video: is empty"),
        ("s,v,1,nan,micro", "line 2, column offset: expected a number"),
    ],
)
def test_rows_that_are_wrong(tmp_path, row, said):
    truth = write(tmp_path, "t.csv", f"subject,video,onset,offset,type\n{row}\n")
    assert said in complaint("spotting", "--truth", truth, "--predictions", truth)


def test_folder_without_tables(tmp_path):
    truth = write(tmp_path, "t.csv", TRUTH)
    (tmp_path / "none").mkdir()
    assert "holds no CSV files" in complaint("spotting", "--truth", truth, "--predictions", tmp_path / "none")


def test_two_spotters_are_compared(spans):
    truth, found = spans
    nothing = write(truth.parent, "n.csv", "subject,video,onset,offset,type\n")
    test = score_json("spotting", "--truth", truth, "--predictions", found, "--against", nothing)["against"][
        "f1"
    ]
    assert test["difference"] == pytest.approx(4 / 6)
    assert test["subjects"] == 2


# --- str ---


def test_str_by_hand(spans):
    truth, found = spans
    report = score_json("str", "--truth", truth, "--predictions", found)
    # Two pairs: negative right, positive called negative. P (1/2, 0), R (1, 0): 2 * .25 * .5 / .75 = 1/3.
    assert report["spotting"]["f1"] == pytest.approx(4 / 6)
    assert report["analysis"]["f1"] == pytest.approx(1 / 3)
    assert report["strs"] == pytest.approx(4 / 6 / 3)
    assert report["f1_dr_assumed"]["joint"] == pytest.approx(2 / 6)
    result = score("str", "--truth", truth, "--predictions", found, "--labels", "negative")
    assert result.exit_code == 0 and "STRS" in result.stdout


def test_str_tables_of_the_challenge_have_no_type(tmp_path):
    truth = write(
        tmp_path, "gt.csv", "subject,video,onset,offset,emotion\n1,A,10,19,positive\n1,B,0,9,negative\n"
    )
    found = write(
        tmp_path, "pred.csv", "subject,video,onset,offset,emotion\n1,A,8,19,positive\n1,B,-2,9,positive\n"
    )
    report = score_json("str", "--truth", truth, "--predictions", found, "--rule", "strs-script")
    assert report["strs"] == pytest.approx(1 / 3)
    assert not any("type" in warning for warning in report["warnings"])


def test_str_without_emotions(tmp_path):
    truth = write(tmp_path, "t.csv", "subject,video,onset,offset,type\ns,v,0,9,micro\n")
    assert "t.csv, column emotion" in complaint("str", "--truth", truth, "--predictions", truth)
