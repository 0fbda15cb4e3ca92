"""Spotters through the runner: same numbers as without it, resumed, sealed, on disk as `score` reads it."""

import json

import numpy as np
import pytest

from fleeting import bench
from fleeting.bench import BenchSettings, SpotterSpec, SpottingSettings, run_spotting, run_spotting_bench
from fleeting.cli.main import main
from fleeting.core import UsageError
from fleeting.systems import FeatureSettings, feature_recordings

SETTINGS = BenchSettings("kfold", folds=2)
PESFORMER = "pesformer:training.epochs=1"


@pytest.fixture(scope="module")
def recordings():
    return feature_recordings(4, 1, settings=FeatureSettings(seconds=15), seed=5)


def sorted_spans(run, key):
    return sorted(run.found[key], key=lambda one: (one.video, one.kind, one.onset))


def test_the_runner_gives_what_the_plain_comparison_gives(recordings):
    plain = run_spotting(
        recordings, [SpotterSpec("training-free")], SpottingSettings(folds=2, decoders=("own", "runs"))
    )
    through = run_spotting_bench(
        ["training-free"], "invented", recordings, SETTINGS, decoders=["own", "runs"]
    ).run
    for decoder in ("own", "runs"):
        key = ("training-free", decoder, 0)
        assert sorted_spans(plain, key) == sorted_spans(through, key) != []
    assert through.truth == plain.truth and through.minutes == plain.minutes


def test_a_second_run_does_only_what_is_missing_and_two_processes_give_the_same(recordings, tmp_path):
    first = run_spotting_bench([PESFORMER], "invented", recordings, SETTINGS, out=tmp_path, jobs=2)
    assert (first.resumed, first.failures) == (0, ())
    lines = (tmp_path / "done.jsonl").read_text().splitlines()
    (tmp_path / "done.jsonl").write_text("\n".join(lines[:-1]) + "\n")  # as a killed run leaves it
    seen = []
    again = run_spotting_bench(
        [PESFORMER], "invented", recordings, SETTINGS, out=tmp_path, on_progress=seen.append
    )
    assert again.resumed == 1 and [one.done for one in seen] == [2]
    for key in first.run.found:
        assert sorted_spans(first.run, key) == sorted_spans(again.run, key)


def test_coded_movements_of_the_held_out_part_are_nowhere_in_what_a_worker_gets(recordings):
    from fleeting.bench import spotting_runner as room

    sent = []

    def spy(shared, piece):
        sent.append((shared, piece))
        raise UsageError("seen enough")

    before, room._do = room._do, spy
    try:
        done = run_spotting_bench(["training-free"], "invented", recordings, SETTINGS)
    finally:
        room._do = before
    assert len(done.failures) == 2 and "seen enough" in done.failures[0]["error"]
    assert not done.run.found  # a system with a failed fold has no score
    for shared, piece in sent:
        assert all(one.intervals is None and one.emotions is None for one in shared.recordings)
        held = {recordings[at].subject for at in piece.test}
        assert not held & {recordings[at].subject for at in piece.train}
        assert len(piece.coded) == len(piece.train)


def test_wrong_questions_are_told(recordings):
    with pytest.raises(UsageError, match="is for recognition"):
        run_spotting_bench(["majority"], "invented", recordings, SETTINGS)
    with pytest.raises(UsageError, match="takes 'crop64'"):
        run_spotting_bench(["mdmd"], "invented", recordings, SETTINGS)
    with pytest.raises(UsageError, match="withheld"):
        run_spotting_bench(["training-free"], "x", [one.sealed() for one in recordings], SETTINGS)


def test_the_command_and_the_score_of_its_files_agree(tmp_path, capsys):
    out = tmp_path / "run"
    asked = ["bench", "training-free", "--data", "synth-signals:3", "--protocol", "loso"]
    assert main([*asked, "--decoder", "own", "--out", str(out)]) == 0
    assert "6 recordings of 3 subjects" in capsys.readouterr().out
    (row,) = json.loads((out / "results.json").read_text())["scores"]
    command = ["score", "spotting", "--truth", str(out / "truth.csv"), "--json", "--predictions"]
    assert main([*command, str(out / "predictions" / "training-free.own.seed0.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert row["micro"]["f1"]["value"] == pytest.approx(told["micro"]["f1"])
    assert {"table.md", "table.html", "table.tex"} <= {one.name for one in out.iterdir()}


def test_sorts_do_not_mix(tmp_path, capsys):
    asked = ["bench", "training-free", "majority", "--data", "synth-signals", "--out", str(tmp_path)]
    assert main(asked) == 2
    assert "of one sort" in capsys.readouterr().err


def test_tables_name_what_is_missing_and_keep_the_best_first(recordings):
    missing = [bench.Missing("d/s/film", "", "no face was seen")]
    done = run_spotting_bench(["training-free"], "invented", recordings, SETTINGS, missing=missing)
    from fleeting.bench.spotting_files import _facts

    facts = _facts(done)
    tables = bench.spotting_tables(facts)
    assert [one.title for one in tables] == ["invented", "invented: differences of F1, micro", "Missing"]
    f1 = [float(row[2].split()[0]) for row in tables[0].rows]
    assert f1 == sorted(f1, reverse=True) and len(f1) == 2
    assert facts["tests"][0]["second"] == ["training-free", "own"]
    assert np.isfinite(facts["tests"][0]["p"])
