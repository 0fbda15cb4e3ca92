import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting import io
from fleeting.core import ActionUnit, InputError, Provenance, QualityWarning, Report, UsageError
from fleeting.io.csvfile import guard_text, unguard_text

GOLDEN = Path(__file__).parents[1] / "golden" / "result-1" / "take-1.json"


@pytest.fixture
def report() -> Report:
    return io.read_result(GOLDEN)


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    return path


class TestResultCsv:
    def test_every_cell_by_hand(self, report, tmp_path):
        path = io.write_result_csv(report, tmp_path / "a.csv", video="clip", subject="demo/u")
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == io.RESULT_COLUMNS
        shared = {"subject": "demo/u", "video": "clip"}
        assert rows[0] == shared | {
            "face": "0",
            "onset": "120",
            "apex": "126",
            "offset": "130",
            "type": "micro",
            "emotion": "surprise",
            "score": "0.83",
            "kind": "micro",
            "onset_frame": "120",
            "apex_frame": "126",
            "offset_frame": "130",
            "onset_s": "4.8",
            "apex_s": "5.04",
            "offset_s": "5.2",
            "duration_s": "0.44",
            "confidence": "0.83",
            "emotion_probabilities": '{"negative": 0.25, "positive": 0.125, "surprise": 0.625}',
            "emotion_calibrated": "true",
            "action_units": "1+2L",
            "action_unit_scores": "0.75 0.5",
            "action_unit_probabilities": "0.5 none",
        }
        empty = {name for name, cell in rows[1].items() if not cell}
        assert empty == {
            *("apex", "apex_frame", "apex_s", "emotion", "emotion_probabilities", "emotion_calibrated"),
            *("action_units", "action_unit_scores", "action_unit_probabilities"),
        }
        assert (rows[2]["action_units"], rows[2]["action_unit_probabilities"]) == ("12R", "")

    def test_json_names_are_columns(self, report):
        """The design: the same names as in the JSON."""
        names = "face kind onset_frame apex_frame offset_frame onset_s apex_s offset_s confidence emotion"
        assert set(names.split()) < set(io.RESULT_COLUMNS)

    def test_pandas_reads_it(self, report, tmp_path):
        pandas = pytest.importorskip("pandas", reason="needs the extra fleeting[datasets]")
        path = io.write_result_csv(report, tmp_path / "a.csv", video="clip", subject="demo/u")
        frame = pandas.read_csv(path)
        assert frame["onset"].tolist() == [120, 125, 128]
        assert frame["apex"].isna().tolist() == [False, True, False]
        assert frame["duration_s"].tolist() == pytest.approx([0.44, 1.04, 0.16])
        assert frame["action_units"].tolist()[0] == "1+2L"


class TestToFrame:
    def test_columns_and_types(self, report):
        pandas = pytest.importorskip("pandas", reason="needs the extra fleeting[datasets]")
        frame = io.to_frame(report)
        assert tuple(frame.columns) == io.RESULT_COLUMNS
        assert frame["video"].unique().tolist() == ["Frau Ü – take 1"]
        assert frame["apex_frame"].tolist() == [126, pandas.NA, 129]
        assert str(frame["onset"].dtype) == "Int64"
        assert frame["onset_s"].tolist() == [4.8, 5.0, 5.12]
        assert np.isnan(frame["apex_s"][1])
        assert frame["emotion_calibrated"].tolist() == [True, pandas.NA, False]

    def test_no_expression_gives_the_same_columns_and_types(self, report):
        pytest.importorskip("pandas", reason="needs the extra fleeting[datasets]")
        frame = io.to_frame(replace(report, expressions=()))
        assert len(frame) == 0
        assert frame.dtypes.astype(str).to_dict()["onset"] == "Int64"
        assert tuple(frame.columns) == io.RESULT_COLUMNS

    def test_without_pandas_the_extra_is_named(self, report, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(UsageError, match=r"pip install 'fleeting\[datasets\]'"):
            io.to_frame(report)


def test_action_units_text():
    units = [ActionUnit(4, "both", 0), ActionUnit(12, "right", 0), ActionUnit(12, "left", 0)]
    assert io.action_units_text(units) == "4+12R+12L"
    assert io.action_units_text([]) == ""


class TestIntervals:
    def test_only_used_columns_are_written(self, tmp_path):
        rows = [
            io.IntervalRow("s/1", "a", 0, 0, "micro", apex=0),
            io.IntervalRow("s/1", "a", 3, 9, "macro", score=0.5),
        ]
        path = io.write_intervals_csv(rows, tmp_path / "a.csv")
        assert path.read_bytes() == (
            b"subject,video,onset,offset,type,score,apex\r\ns/1,a,0,0,micro,,0\r\ns/1,a,3,9,macro,0.5,\r\n"
        )
        assert io.read_intervals_csv(path) == rows

    def test_no_rows(self, tmp_path):
        path = io.write_intervals_csv([], tmp_path / "a.csv")
        assert path.read_text() == "subject,video,onset,offset,type\n"
        assert io.read_intervals_csv(path) == []

    @pytest.mark.parametrize(
        "text",
        [
            "subject,video,onset,offset,type\ns,v,3,9,micro\n",
            "\ufeffsubject,video,onset,offset,type\r\ns,v,3,9,micro",
            "subject;video;onset;offset;type;score\ns;v;3;9;micro;\n",
            "subject\tvideo\tonset\toffset\ttype\ns\tv\t3\t9\tmicro\n",
            'Type, Offset ,ONSET,video,subject,other\nMicro-Expression,9.0,3,v,s,"a,b"\n',
            '"subject","video","onset","offset","type"\n\n"s","v","3","9","micro"\n,,,,\n',
            "subject,video,onset,offset,type,emotion\ns,v,3,9,micro\n",
        ],
    )
    def test_what_spreadsheets_make_of_it(self, tmp_path, text):
        assert io.read_intervals_csv(write(tmp_path, text)) == [io.IntervalRow("s", "v", 3, 9, "micro")]

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("", "lacks the columns subject, video, onset, offset, type; its first line has: nothing"),
            ("subject,video,onset,type\n", "lacks the columns offset; its first line has: subject, video"),
            (
                "subject,video,onset,offset,type\ns,v,1,2,micro\ns,v,x,2,micro\n",
                "line 3: onset: expected a number, got 'x'",
            ),
            (
                "subject,video,onset,offset,type\ns,v,1.5,2,micro\n",
                "onset: expected a whole number, got '1.5'",
            ),
            ("subject,video,onset,offset,type\ns,v,,2,micro\n", "onset: expected a whole number, got ''"),
            ("subject,video,onset,offset,type\ns,v,inf,2,micro\n", "onset: expected a number, got 'inf'"),
            ("subject,video,onset,offset,type\ns,v,3,2,micro\n", "expected 0 <= onset <= apex <= offset"),
            ("subject,video,onset,offset,type\ns,v,-1,2,micro\n", "expected 0 <= onset"),
            ("subject,video,onset,offset,type\ns,v,1,2,nano\n", "type: expected micro or macro, got 'nano'"),
            ("subject,video,onset,offset,type\ns,v,1,2\n", "type: expected micro or macro, got ''"),
            (
                "subject,video,onset,offset,type,score\ns,v,1,2,micro,nan\n",
                "score: expected a number, got 'nan'",
            ),
            ("subject,video,onset,offset,type\ns,a,b,1,2,micro\n", "has 6 cells, the header has 5; put text"),
            ("subject,video,onset,offset,type,video\n", "has the column video more than once"),
            ('subject,video,onset,offset,type\n"s,v,1,2,micro\n', "is no CSV"),
        ],
    )
    def test_errors_say_where_and_what(self, tmp_path, text, what):
        with pytest.raises(InputError) as caught:
            io.read_intervals_csv(write(tmp_path, text))
        assert what in str(caught.value)
        assert "rows.csv" in str(caught.value)

    def test_no_text_and_no_file(self, tmp_path):
        path = write(tmp_path, "subject,video,onset,offset,type\nmüller,v,1,2,micro\n", "latin-1")
        with pytest.raises(InputError, match="is no UTF-8 text; save it as CSV in UTF-8"):
            io.read_intervals_csv(path)
        with pytest.raises(InputError, match="no such file"):
            io.read_intervals_csv(tmp_path / "none.csv")
        with pytest.raises(InputError, match="is a folder"):
            io.read_intervals_csv(tmp_path)

    @pytest.mark.parametrize(
        "row", [(5, 3, "micro", None), (3, 5, "micro", 6), (-1, 5, "micro", None), (1, 2, "x", 1)]
    )
    def test_rows_are_checked_when_made(self, row):
        onset, offset, kind, apex = row
        with pytest.raises(UsageError):
            io.IntervalRow("s", "v", onset, offset, kind, apex=apex)


class TestFormulas:
    @pytest.mark.parametrize(
        "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-x", "-dash clip"]
    )
    def test_nothing_that_a_spreadsheet_would_run(self, tmp_path, name):
        path = io.write_intervals_csv([io.IntervalRow(name, name, 0, 1, "micro", name)], tmp_path / "a.csv")
        with path.open(encoding="utf-8", newline="") as file:
            header, cells = csv.reader(file)
        for column in ("subject", "video", "emotion"):
            assert cells[header.index(column)][0] == "'"
        assert io.read_intervals_csv(path)[0].video == name

    def test_numbers_stay_numbers(self, tmp_path):
        path = io.write_intervals_csv(
            [io.IntervalRow("s", "v", 0, 1, "micro", score=-0.5)], tmp_path / "a.csv"
        )
        assert path.read_text().splitlines()[1] == "s,v,0,1,micro,-0.5"

    def test_a_truth_file_without_the_guard_joins_with_one_that_has_it(self, tmp_path):
        path = write(tmp_path, "subject,video,onset,offset,type\n,-clip,0,1,micro\n")
        assert io.read_intervals_csv(path)[0].video == "-clip"

    @given(st.text(st.sampled_from("'=+-@\t\r\na ")))
    def test_guarding_is_undone_exactly(self, text):
        assert unguard_text(guard_text(text)) == text
        assert guard_text(text)[:1] not in tuple("=+-@\t\r")

    @given(st.text(), st.text())
    def test_and_never_makes_two_names_one(self, a, b):
        assert (guard_text(a) == guard_text(b)) == (a == b)


class TestSummary:
    def test_rows_by_hand(self, report, tmp_path):
        twice = (
            QualityWarning("low_fps", "a"),
            QualityWarning("face_lost", "b"),
            QualityWarning("low_fps", "c"),
        )
        rows = [
            io.SummaryRow.of_report(replace(report, warnings=twice), result="take-1"),
            io.SummaryRow("=b.mp4", "failed", "b.mp4: has no video stream; give a file with a picture"),
            io.SummaryRow.of_report(replace(report, expressions=(), warnings=()), status="skipped"),
        ]
        lines = io.write_summary(rows, tmp_path / "summary.csv").read_text("utf-8").splitlines()
        assert lines == [
            "file,status,message,result,frames,duration_s,fps,faces,micro,macro,warnings",
            "videos/Frau Ü – take 1.mp4,done,,take-1,300,12.0,25.0,2,2,1,low_fps face_lost",
            "'=b.mp4,failed,b.mp4: has no video stream; give a file with a picture,,,,,,,,",
            "videos/Frau Ü – take 1.mp4,skipped,,,300,12.0,25.0,2,0,0,",
        ]

    def test_status_is_one_of_three(self):
        with pytest.raises(UsageError, match="done, failed, skipped"):
            io.SummaryRow("a", "ok")

    def test_no_videos(self, tmp_path):
        assert len(io.write_summary([], tmp_path / "s.csv").read_text().splitlines()) == 1


def test_reports_need_no_heavy_library_to_be_imported():
    """Importing the room may not load what only some of its functions need."""
    script = (
        "import sys; import fleeting.io.results, fleeting.io.tables; "
        "print([m for m in ('pandas', 'pydantic', 'pympi', 'cv2', 'scipy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_provenance_without_models_is_fine(report, tmp_path):
    changed = replace(report, provenance=Provenance("0.1.0", {}))
    assert io.read_result(io.write_result(changed, tmp_path, "a")["json"]).provenance == changed.provenance
