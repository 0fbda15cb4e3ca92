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
    assert report["confusion"] == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
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
