"""`fleeting score vqa`, `lvqa` and `gaze` end to end: tables in, numbers or one line of complaint out."""

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
