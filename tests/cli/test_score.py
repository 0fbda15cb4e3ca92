"""`fleeting score` end to end: tables in, numbers or one line of complaint out."""

import json
import subprocess
import sys

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


# --- recognition ---

LABELS = (
    "sample,dataset,subject,label\n"
    "a,casme2,sub01,negative\nb,casme2,sub01,positive\nc,casme2,sub02,negative\n"
    "a,samm,006,surprise\nb,samm,006,negative\n"
)
SAID = (
    "sample,dataset,prediction\n"
    "b,samm,negative\na,samm,negative\nc,casme2,negative\nb,casme2,positive\na,casme2,positive\n"
)


@pytest.fixture
def labels(tmp_path):
    return write(tmp_path, "truth.csv", LABELS), write(tmp_path, "found.csv", SAID)


def test_recognition_by_hand(labels):
    """Joined on sample and dataset. Confusion: negative 2 of 3, positive 1 of 1, surprise 0 of 1."""
    truth, found = labels
    report = score_json(
        "recognition", "--truth", truth, "--predictions", found, "--labels", "negative,positive,surprise"
    )
    assert report["confusion"] == [[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert report["uar"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert report["uf1"] == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)
    assert report["accuracy"] == pytest.approx(3 / 5)
    assert (report["n"], report["subjects"]) == (5, 3)
    assert report["datasets"]["samm"]["accuracy"] == 0.5
    assert report["majority"]["accuracy"] == pytest.approx(3 / 5)
    low, high = report["intervals"]["uf1"]["low"], report["intervals"]["uf1"]["high"]
    assert 0 <= low <= report["uf1"] <= high <= 1
    assert any("3 subjects" in warning for warning in report["warnings"])


def test_recognition_table_for_people(labels):
    truth, found = labels
    result = score("recognition", "--truth", truth, "--predictions", found)
    assert result.exit_code == 0
    for word in ("uf1", "uar", "majority (negative)", "surprise", "casme2", "0.4444"):
        assert word in result.stdout


def test_class_of_the_predictions_alone_is_reported(tmp_path):
    truth = write(tmp_path, "t.csv", "sample,label\n1,0\n2,1\n")
    found = write(tmp_path, "p.csv", "sample,prediction\n1,0\n2,10\n")
    report = score_json("recognition", "--truth", truth, "--predictions", found)
    assert report["labels"] == ["0", "1", "10"]
    assert report["uf1"] == 0.5 and report["uf1_declared"] == pytest.approx(1 / 3)
    assert report["classes"]["10"]["f1"] is None
    assert report["intervals"] == {}
    assert any("lacks 10" in w for w in report["warnings"]) and any(
        "no subjects" in w for w in report["warnings"]
    )


def test_two_systems_are_compared_over_subjects(tmp_path):
    rows = [(f"s{i}", f"p{i}") for i in range(12)]
    truth = write(
        tmp_path,
        "t.csv",
        "sample,subject,label\n" + "".join(f"{s},{p},{i % 2}\n" for i, (s, p) in enumerate(rows)),
    )
    right = write(
        tmp_path, "a.csv", "sample,prediction\n" + "".join(f"{s},{i % 2}\n" for i, (s, _) in enumerate(rows))
    )
    wrong = write(tmp_path, "b.csv", "sample,prediction\n" + "".join(f"{s},0\n" for s, _ in rows))
    test = score_json("recognition", "--truth", truth, "--predictions", right, "--against", wrong)["against"][
        "accuracy"
    ]
    assert test["difference"] == 0.5
    # All exchanges of six subjects that differ: 2 of 64 are as extreme.
    assert test["p_value"] == pytest.approx(2 / 64)


@pytest.mark.parametrize(
    ("truth", "found", "said"),
    [
        ("sample,label\na,x\n", "sample,prediction\na,x\nb,x\n", "truth.csv: lacks the sample of"),
        ("sample,label\na,x\nb,x\n", "sample,prediction\na,x\n", "found.csv: lacks the sample of"),
        (
            "sample,label\na,x\na,x\n",
            "sample,prediction\na,x\n",
            "truth.csv, line 3: sample 'a' was already on line 2",
        ),
        ("sample,label\na,\n", "sample,prediction\na,x\n", "truth.csv, line 2, column label: is empty"),
        ("sample,lable\na,x\n", "sample,prediction\na,x\n", "truth.csv: lacks the columns label"),
        ("sample,label\n", "sample,prediction\na,x\n", "truth.csv: has a header but no rows"),
        ("", "sample,prediction\na,x\n", "truth.csv: lacks the columns sample, label"),
    ],
)
def test_complaints_name_file_line_and_column(tmp_path, truth, found, said):
    one, two = write(tmp_path, "truth.csv", truth), write(tmp_path, "found.csv", found)
    assert said in complaint("recognition", "--truth", one, "--predictions", two)


def test_label_that_was_not_declared(labels):
    truth, found = labels
    line = complaint("recognition", "--truth", truth, "--predictions", found, "--labels", "negative,positive")
    assert "truth.csv, column label: 'surprise' is none of --labels" in line


def test_file_that_is_missing_or_no_text(tmp_path):
    truth = write(tmp_path, "t.csv", LABELS)
    assert "nowhere.csv: no such file" in complaint(
        "recognition", "--truth", truth, "--predictions", "nowhere.csv"
    )
    (tmp_path / "b.csv").write_bytes(b"sample,prediction\n\xff\xfe,1\n")
    assert "UTF-8" in complaint("recognition", "--truth", truth, "--predictions", tmp_path / "b.csv")
    assert score("recognition", "--truth", truth).exit_code == 2


def test_spreadsheet_tables_with_semicolons_and_a_mark(tmp_path):
    truth = tmp_path / "t.csv"
    truth.write_bytes("\ufeffSample;Label\r\nä b;x\r\n".encode())
    found = write(tmp_path, "p.csv", "sample,prediction\nä b,x\n")
    assert score_json("recognition", "--truth", truth, "--predictions", found)["accuracy"] == 1


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
    assert strs["confusion"][0] == [1, 0, 0]


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


# --- au ---


def test_au_by_hand(tmp_path):
    truth = write(tmp_path, "t.csv", "sample,subject,au_1,AU12\na,s,1,0\nb,s,1,0\nc,t,0,\n")
    found = write(tmp_path, "p.csv", "sample,au_1,au12,au_99\na,0.9,0,1\nb,0.2,0.7,1\nc,0.5,1,1\n")
    report = score_json("au", "--truth", truth, "--predictions", found)
    # AU1: hit, miss, false alarm. AU12: never shown; the third cell is not coded.
    assert report["units"]["1"] == {"f1": 0.5, "precision": 0.5, "recall": 0.5, "support": 2}
    assert report["units"]["12"]["f1"] is None
    assert report["macro_f1"] == 0.5 and report["macro_f1_declared"] == 0.25
    assert report["micro_f1"] == pytest.approx(2 / (2 + 2 + 1))
    high = score_json("au", "--truth", truth, "--predictions", found, "--threshold", 0.6)
    assert high["units"]["1"]["precision"] == 1
    assert score("au", "--truth", truth, "--predictions", found).exit_code == 0


def test_au_complaints(tmp_path):
    truth = write(tmp_path, "t.csv", "sample,au_1,au_2\na,1,0\n")
    short = write(tmp_path, "p.csv", "sample,au_1\na,1\n")
    assert "p.csv: lacks the columns au_2" in complaint("au", "--truth", truth, "--predictions", short)
    odd = write(tmp_path, "q.csv", "sample,au_1,au_2\na,1,3\n")
    assert "q.csv, line 2, column au_2" in complaint("au", "--truth", truth, "--predictions", odd)
    assert "q.csv, line 2, column au_2: expected 0, 1 or nothing" in complaint(
        "au", "--truth", odd, "--predictions", truth
    )
    none = write(tmp_path, "n.csv", "sample,x\na,1\n")
    assert "no columns like au_1" in complaint("au", "--truth", none, "--predictions", truth)


# --- answers ---


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


COARSE = "What is the coarse expression class?"


def test_vqa_by_hand(tmp_path):
    truth = write(
        tmp_path,
        "t.jsonl",
        lines(
            {"video_id": "casme3_test_CAS-1_1", "video": "CAS-1", "question": COARSE, "answer": "negative"},
            {"video_id": "samm_test_SAMM-1_1", "video": "SAMM-1", "question": COARSE, "answer": "positive"},
            {"video_id": "samm_test_SAMM-1_3", "question": "What is the action unit?", "answer": "dimpler"},
        ),
    )
    found = write(
        tmp_path,
        "p.jsonl",
        lines(
            {"video_id": "samm_test_SAMM-1_3", "answer": "AU14"},
            {"video_id": "samm_test_SAMM-1_1", "answer": "Negative"},
            {"video_id": "casme3_test_CAS-1_1", "answer": "negative"},
        ),
    )
    report = score_json("vqa", "--truth", truth, "--predictions", found)
    assert report["coarse"]["uar"] == 0.5
    assert report["coarse"]["uf1"] == pytest.approx(1 / 3)
    assert report["action_units"]["f1"] == 1
    assert report["fine"] is None
    assert report["datasets"]["casme3"]["coarse"]["uf1"] == 1
    result = score("vqa", "--truth", truth, "--predictions", found)
    assert result.exit_code == 0 and "samm coarse" in result.stdout


def test_lvqa_by_hand(tmp_path):
    asked = "How many expression events appear in this video?"
    truth = write(
        tmp_path,
        "t.jsonl",
        lines({"id": "x_1", "question": asked, "answer": 4}, {"id": "x_2", "question": asked, "answer": "2"}),
    )
    found = write(
        tmp_path, "p.jsonl", lines({"id": "x_1", "answer": "3 events"}, {"id": "x_2", "answer": "some"})
    )
    report = score_json("lvqa", "--truth", truth, "--predictions", found)
    assert report["counts"]["count_all"] == {"mae": 1.5, "rmse": pytest.approx(2.5**0.5), "n": 2, "unread": 1}
    assert report["event_type"] is None
    assert "no number" in report["warnings"][0]
    assert score("lvqa", "--truth", truth, "--predictions", found).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"video_id": "a", "answer": "x"}\n{"video_id": "a", "answer": "y"}\n',
            "line 2: 'a' was already on line 1",
        ),
        ("{oops\n", "line 1: is no JSON"),
        ("[1]\n", "line 1: is no JSON object"),
        ('{"answer": "x"}\n', "line 1: has neither video_id nor id"),
        ('{"video_id": "b", "answer": "x"}\n', "lacks the question"),
        ('{"video_id": "a"}\n', "line 1, field answer"),
        ("", "is empty"),
    ],
)
def test_answer_files_that_are_wrong(tmp_path, text, said):
    truth = write(tmp_path, "t.jsonl", lines({"video_id": "a", "question": COARSE, "answer": "negative"}))
    found = write(tmp_path, "p.jsonl", text)
    assert said in complaint("vqa", "--truth", truth, "--predictions", found)


# --- gaze ---


def test_gaze_by_hand(tmp_path):
    truth = write(tmp_path, "t.csv", "recording,row,x,y\nr,0,0,0\nr,1,1,1\nr,2,2,2\nq,0,5,5\n")
    found = write(tmp_path, "p.csv", "recording,row,x,y\nq,0,5,5\nr,2,2,2\nr,1,4,5\nr,0,0,0\n")
    report = score_json("gaze", "--truth", truth, "--predictions", found)
    assert report["l2"] == pytest.approx(5 / 4)
    assert report["l1"] == pytest.approx(7 / 8)
    assert (report["p1"], report["p5"], report["p10"]) == (0.75, 0.75, 1)
    assert list(report["jitter_by_recording"]) == ["r"]
    assert "q has fewer" in report["warnings"][0]
    assert score("gaze", "--truth", truth, "--predictions", found).exit_code == 0


def test_gaze_rows_are_put_in_order(tmp_path):
    """The jitter metric sees time: rows "10" and "9" are numbers, not text."""
    rows = [(i, i * i % 7, i) for i in range(12)]
    ordered = write(
        tmp_path, "a.csv", "recording,row,x,y\n" + "".join(f"r,{i},{x},{y}\n" for i, x, y in rows)
    )
    mixed = write(
        tmp_path, "b.csv", "recording,row,x,y\n" + "".join(f"r,{i},{x},{y}\n" for i, x, y in rows[::-1])
    )
    other = write(tmp_path, "c.csv", "recording,row,x,y\n" + "".join(f"r,{i},{y},{x}\n" for i, x, y in rows))
    one = score_json("gaze", "--truth", ordered, "--predictions", other)
    two = score_json("gaze", "--truth", mixed, "--predictions", other)
    assert one == two


# --- help ---


def test_help_tells_a_newcomer_what_to_write():
    result = score("--help")
    assert result.exit_code == 0
    for word in (
        "recognition",
        "subject,video,onset,offset,type",
        "Examples:",
        "fleeting score spotting",
        "zero-based",
    ):
        assert word in result.stdout


@pytest.mark.parametrize("task", ["recognition", "spotting", "str", "au", "vqa", "lvqa", "gaze"])
def test_every_task_has_help(task):
    result = score(task, "--help")
    assert result.exit_code == 0
    assert "--truth" in result.stdout and "--json" in result.stdout


def test_importing_the_commands_is_light():
    code = (
        "import sys, fleeting.cli.score; print([m for m in ('numpy', 'scipy', 'pandas') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
