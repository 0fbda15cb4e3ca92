"""Systems for action units through the runner: sealed, resumed, scored as `fleeting score au` scores."""

import json

import numpy as np
import pytest

from fleeting.bench import BenchSettings, load_unit_examples, run_unit_bench, unit_tables, write_unit_bench
from fleeting.bench import unit_bench as room
from fleeting.cli.main import main
from fleeting.core import UsageError

SETTINGS = BenchSettings("kfold", folds=2)


@pytest.fixture(scope="module")
def rows():
    return load_unit_examples("synth-flowmaps:40:4")[0]


@pytest.fixture(scope="module")
def done(rows, tmp_path_factory):
    out = tmp_path_factory.mktemp("units")
    return run_unit_bench(["svm-flow-au"], "few", rows, SETTINGS, out=out), out


def test_every_row_is_answered_once_by_a_system_that_did_not_see_its_subject(rows, done, monkeypatch):
    bench, _ = done
    assert np.isfinite(bench.scores["svm-flow-au", 0]).all() and len(set(bench.folds)) == 2
    for subject in set(rows.subjects.tolist()):
        assert len(set(bench.folds[rows.subjects == subject])) == 1
    sent = []
    monkeypatch.setattr(room, "_do", lambda *given: sent.append(given) or 1 / 0)
    failed = run_unit_bench(["svm-flow-au"], "few", rows, SETTINGS)
    assert len(failed.failures) == 2 and not failed.scores
    for sealed, _, _, piece in sent:
        assert (sealed.labels == -1).all() and len(piece.labels) == len(piece.fold.train)


def test_a_second_run_does_nothing_again(rows, done):
    bench, out = done
    again = run_unit_bench(["svm-flow-au"], "few", rows, SETTINGS, out=out, jobs=2)
    assert (bench.resumed, again.resumed) == (0, 2)
    assert np.array_equal(again.scores["svm-flow-au", 0], bench.scores["svm-flow-au", 0])


def test_files_score_as_the_table_says(done, tmp_path, capsys):
    paths = write_unit_bench(done[0], tmp_path)
    told = json.loads(paths["results"].read_text())
    found = {one["system"]: one for one in told["scores"]}
    predictions = paths["predictions"] / "svm-flow-au.seed0.csv"
    asked = ["score", "au", "--json", "--truth", str(paths["truth"]), "--predictions", str(predictions)]
    assert main(asked) == 0
    scored = json.loads(capsys.readouterr().out)
    text = json.dumps(scored)
    assert f"{found['svm-flow-au']['macro_f1']['value']:.6f}"[:7] in text
    shown = np.array(list(told["data"]["shown"].values()))
    always = [2 * n / (n + 40) for n in shown if n]  # hand-worked: everything is said to be there
    assert found["every unit, always"]["macro_f1"]["value"] == pytest.approx(np.mean(always))
    assert unit_tables(told)[0].rows[-1][0] == "every unit, always"


def test_wrong_questions_are_told(rows):
    with pytest.raises(UsageError, match="is for recognition"):
        run_unit_bench(["majority"], "few", rows)
    with pytest.raises(UsageError, match="with --root"):
        load_unit_examples("casme2")


def test_the_command(tmp_path, capsys):
    asked = ["bench", "svm-flow-au", "--data", "synth-flowmaps:24:3", "--protocol", "loso"]
    assert main([*asked, "--out", str(tmp_path / "run")]) == 0
    assert "24 samples of 3 subjects" in capsys.readouterr().out
