"""The runner: seals, seeds, failures, resume, processes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fleeting import systems
from fleeting.bench import BenchSettings, run_bench
from fleeting.bench.plan import make_pieces, read_spec
from fleeting.bench.summary import best_epoch
from fleeting.core import UsageError

OWN = ("bench_systems",)


def only(run):
    assert not run.failures, run.failures
    (answers,) = run.answers
    return answers


def test_every_row_is_answered_once_by_who_never_saw_its_subject(make_toy):
    rows = make_toy(5)
    answers = only(run_bench(["stand-mean"], {"toy": rows}))
    assert answers.ids.tolist() == rows.ids.tolist()
    assert answers.folds.tolist() == rows.subjects.tolist()
    # A model of the test's own: mean of the other people's maps, fold by fold.
    maps = rows.inputs["flowmap28"].reshape(len(rows), -1).astype(float)
    for at, who in enumerate(rows.subjects):
        others = rows.subjects != who
        means = [maps[others & (rows.labels == c)].mean(0) for c in range(3)]
        far = [np.sum((maps[at] - one) ** 2) for one in means]
        assert answers.predictions[at] == np.argmin(far)


def test_majority_by_hand(make_toy):
    # s0: 2 of class 0; s1: 2 of class 0; s2: 2 of class 1. Left out s0: 2 to 2, the first wins.
    rows = make_toy(3, 2, labels=[0, 0, 0, 0, 1, 1])
    assert only(run_bench(["stand-majority"], {"toy": rows})).predictions.tolist() == [0] * 6


def test_a_cheat_finds_no_label(make_toy, own_systems):
    rows = make_toy(3, 4)
    rows = replace(rows, inputs={**rows.inputs, "truth": rows.labels.astype(np.int64)})
    cheat = own_systems.Cheat().fit(rows)
    assert cheat.predict(rows).argmax(1).tolist() == rows.labels.tolist()  # it would, were there no seal
    assert (
        cheat.predict(replace(rows.sealed(), inputs={"flowmap28": rows.inputs["flowmap28"]}))
        .argmax(1)
        .tolist()
        == rows.labels.tolist()
    )  # by the names alone
    # In a worker process: this one holds the labels, and the cheat looks through all of its memory.
    run = run_bench(["stand-cheat", "stand-mean"], {"toy": rows}, imports=OWN, jobs=2)
    run.answers.pop()
    assert only(run).predictions.tolist() == [0] * len(rows)


def test_labels_of_a_fold_do_not_change_its_answers(make_toy):
    rows = make_toy(4)
    own = rows.subjects == "toy/s1"
    turned = replace(rows, labels=np.where(own, (rows.labels + 1) % 3, rows.labels))
    before, after = (only(run_bench(["stand-mean"], {"toy": one})) for one in (rows, turned))
    assert np.array_equal(before.probabilities[own], after.probabilities[own])
    assert not np.array_equal(before.probabilities[~own], after.probabilities[~own])


def test_a_piece_carries_no_test_label(make_toy):
    rows = make_toy(3)
    spec = read_spec("stand-mean")
    for piece, _ in make_pieces("toy", rows, {"stand-mean": (spec, 0.0)}, BenchSettings(), "", ""):
        assert len(piece.view.train_labels) == len(piece.view.train) == 12
        assert piece.view.validation_labels == ()


@pytest.mark.parametrize(("protocol", "count"), [("loso", 6), ("kfold", 3), ("cross-dataset", 2)])
def test_protocols(make_toy, protocol, count):
    rows = make_toy(6)
    rows = replace(rows, datasets=np.repeat(["a", "b"], 18))
    settings = BenchSettings(protocol=protocol, folds=3)
    answers = only(run_bench(["stand-mean"], {"toy": rows}, settings))
    assert len(set(answers.folds)) == count
    for name in set(answers.folds):
        test = answers.folds == name
        assert not set(answers.subjects[test]) & set(answers.subjects[~test])


def test_oracle_epoch_by_hand(make_toy):
    # s0 has only class 1, s1 only class 2, s2 class 0 and 1 evenly.
    rows = make_toy(3, 2, labels=[1, 1, 2, 2, 0, 1])
    run = run_bench(["stand-turning"], {"toy": rows}, BenchSettings(oracle_epoch=True))
    answers = only(run)
    assert answers.predictions.tolist() == [0] * 6  # the last epoch, and nothing else
    assert answers.oracle.tolist() == [1, 1, 2, 2, 0, 0]  # at a tie the latest
    plain = only(run_bench(["stand-turning"], {"toy": rows}))
    assert plain.oracle is None and plain.predictions.tolist() == answers.predictions.tolist()
    assert (
        only(run_bench(["stand-mean"], {"toy": make_toy()}, BenchSettings(oracle_epoch=True))).oracle is None
    )


def test_the_oracle_does_not_touch_the_result_of_a_network(make_toy):
    rows, name = make_toy(3), "ststnet:training.epochs=3"
    runs = [run_bench([name], {"toy": rows}, BenchSettings(oracle_epoch=one)) for one in (False, True)]
    plain, peeked = (only(run) for run in runs)
    assert np.array_equal(plain.probabilities, peeked.probabilities)
    hits = [np.mean(one == rows.labels) for one in (peeked.predictions, peeked.oracle)]
    assert hits[0] <= hits[1]


def test_best_epoch_takes_the_later_of_two():
    epochs = np.array([[0, 1, 2, 1], [0, 0, 1, 0]])
    assert best_epoch(epochs, np.array([1, 0])).tolist() == [1, 0]
    assert best_epoch(epochs, np.array([2, 2])).tolist() == [2, 1]


def test_seeds_give_runs_of_their_own(make_toy):
    run = run_bench(["ststnet:training.epochs=1"], {"toy": make_toy(2)}, BenchSettings(seeds=2))
    assert [one.seed for one in run.answers] == [0, 1]
    assert not np.allclose(run.answers[0].probabilities, run.answers[1].probabilities)


def test_a_failed_fold_costs_its_system_and_no_other(make_toy):
    run = run_bench(["stand-failing", "stand-mean"], {"toy": make_toy()})
    assert [one.system for one in run.answers] == ["stand-mean"]
    (failure,) = run.failures
    assert failure["fold"] == "toy/s1" and failure["error"] == "ValueError: no s1 to learn from"


def test_who_chooses_an_epoch_gets_other_training_subjects_to_choose_on(make_toy):
    rows = make_toy(8)
    assert only(run_bench(["stand-choosing"], {"toy": rows})).predictions.min() >= 0
    none = run_bench(["stand-choosing"], {"toy": rows}, BenchSettings(validation=0.0))
    assert len(none.failures) == 8


def test_odd_answers_are_refused_and_swapped_classes_put_right(make_toy):
    rows = make_toy()
    odd = run_bench(["stand-odd"], {"toy": rows})
    assert "expected (6, 3), got (6, 2)" in odd.failures[0]["error"]
    swapped, plain = (only(run_bench([name], {"toy": rows})) for name in ("stand-swapped", "stand-mean"))
    assert np.array_equal(swapped.probabilities, plain.probabilities)


def test_learning_first_from_other_people_only(make_toy):
    rows, first = make_toy(), make_toy(3, name="other", noise=1)
    first = replace(first, classes=("surprise", "positive", "negative"), labels=2 - first.labels)
    settings = BenchSettings(pretrain="other")
    run = run_bench(["stand-pretrained", "stand-mean"], {"toy": rows}, settings, pretrain=first)
    assert not run.failures, run.failures
    with pytest.raises(UsageError, match=r"toy/s0 .* leaks"):
        run_bench(["stand-mean"], {"toy": rows}, settings, pretrain=rows)


def test_pretrained_weights_start_every_fold_of_a_network(make_toy):
    rows, first = make_toy(3), make_toy(4, name="other", seed=5)
    spec = "ststnet:training.epochs=4,training.learning_rate=0.003"
    run = run_bench([spec], {"toy": rows}, BenchSettings(pretrain="other"), pretrain=first)
    own = systems.create("ststnet", training={"epochs": 4, "learning_rate": 0.003}).pretrain(first)
    held = np.flatnonzero(rows.subjects == "toy/s1")
    own.fit(rows.take(np.flatnonzero(rows.subjects != "toy/s1")))
    assert np.allclose(only(run).probabilities[held], own.predict(rows.take(held)), atol=1e-5)


@pytest.mark.parametrize(
    ("names", "options", "says"),
    [
        ([], {}, "nothing to measure"),
        (["stand-mean", "stand-mean"], {}, "each system once"),
        (["stand-meen"], {}, "stand-mean"),
        (["stand-mean:strain=off"], {}, "no switch 'strain'"),
        (["stand-mean:strain"], {}, "cannot read 'strain'"),
        (["stand-mean"], {"imports": ["no_such_module"]}, "no_such_module"),
        (["stand-mean"], {"settings": BenchSettings("cross-dataset")}, "two datasets"),
        (["stand-mean"], {"settings": BenchSettings("kfold", folds=9)}, "number of subjects"),
    ],
)
def test_what_is_wrong_is_said_before_any_fold_runs(make_toy, names, options, says):
    with pytest.raises(UsageError, match=says):
        run_bench(names, {"toy": make_toy()}, **options)


@pytest.mark.parametrize("changes", [{"protocol": "lodo"}, {"seeds": 0}, {"folds": 1}, {"validation": 0.7}])
def test_settings_out_of_range(changes):
    with pytest.raises(UsageError):
        BenchSettings(**changes)


# Going on, and processes ------------------------------------------------------------------------


@pytest.fixture
def marks(tmp_path, monkeypatch):
    """Folder in which each fold that is worked on leaves a file."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv("BENCH_MARKS", str(folder))
    monkeypatch.setenv("BENCH_PEOPLE", " ".join(f"toy/s{at}" for at in range(8)))
    return folder


def test_two_processes_give_what_one_gives(make_toy):
    rows = make_toy(4)
    names = ["stand-mean", "ststnet:training.epochs=2"]
    one, two = (run_bench(names, {"toy": rows}, imports=OWN, jobs=jobs) for jobs in (1, 2))
    for a, b in zip(one.answers, two.answers, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=1e-6)


def test_a_second_run_computes_nothing_and_more_seeds_only_the_new(driving, make_toy, marks, tmp_path):
    rows, out = make_toy(8), tmp_path / "out"
    first = run_bench(["stand-marking"], {"toy": rows}, out=out)
    assert len(driving.worked_on(marks)) == 8
    again = run_bench(["stand-marking"], {"renamed": rows}, out=out)
    assert len(driving.worked_on(marks)) == 8 and again.resumed == 8
    assert np.array_equal(only(first).probabilities, only(again).probabilities)
    run_bench(["stand-marking"], {"toy": rows}, BenchSettings(seeds=2), out=out)
    assert len(driving.worked_on(marks)) == 16
    other = replace(rows, labels=(rows.labels + 1) % 3)
    run_bench(["stand-marking"], {"toy": other}, out=out)  # other rows: nothing of the old run holds
    assert len(driving.worked_on(marks)) == 24


def test_a_killed_worker_costs_one_more_try_of_its_fold(driving, make_toy, marks, tmp_path):
    rows = make_toy(8)
    run = run_bench(["stand-dying"], {"toy": rows}, out=tmp_path / "out", imports=OWN, jobs=2)
    assert (marks / ".died").exists()
    assert driving.worked_on(marks) == sorted([f"s{at}" for at in range(8)] + ["s2"])
    assert np.array_equal(
        only(run).probabilities, only(run_bench(["stand-mean"], {"toy": rows})).probabilities
    )


def test_a_killed_driver_loses_nothing_that_was_done(driving, make_toy, marks, tmp_path):
    rows, out = make_toy(8), tmp_path / "out"
    done = driving.kill_the_driver(out)
    assert 2 <= len(done) < 8
    before = set(marks.glob("toy*"))
    run = run_bench(["stand-marking"], {"toy": rows}, out=out, imports=OWN, jobs=2)
    anew = sorted(path.name.split("-")[1] for path in set(marks.glob("toy*")) - before)
    assert anew == sorted({f"s{at}" for at in range(8)} - done)  # each once, and none that was done
    assert run.resumed == len(done)
    assert np.array_equal(
        only(run).probabilities, only(run_bench(["stand-mean"], {"toy": rows})).probabilities
    )


def test_a_torn_last_line_is_a_fold_not_done(driving, make_toy, marks, tmp_path):
    rows, out = make_toy(8), tmp_path / "out"
    run_bench(["stand-marking"], {"toy": rows}, out=out)
    ledger = out / "done.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-20])
    run = run_bench(["stand-marking"], {"toy": rows}, out=out)
    assert run.resumed == 7 and len(driving.worked_on(marks)) == 9
    assert len(json.loads(ledger.read_text().splitlines()[-1])["value"]["probabilities"]) == 6
