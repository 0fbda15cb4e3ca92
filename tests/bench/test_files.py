"""Scores, files, tables, merging."""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from fleeting.bench import BenchSettings, merge_benches, read_bench, run_bench, write_bench
from fleeting.bench.summary import Answers, compare, score_answers
from fleeting.bench.tables import make_tables
from fleeting.core import InputError, UsageError

CLASSES = ("a", "b", "c")


def answers(labels, predictions, *, system="x", seed=0, subjects=None, datasets=None):
    count = len(labels)
    names = np.array(subjects if subjects is not None else [f"d/s{at}" for at in range(count)])
    sets = np.array(datasets if datasets is not None else ["d"] * count)
    ids = np.array([f"{name}/{at}" for at, name in enumerate(names)])
    chosen = np.array(predictions)
    return Answers(
        "data", system, seed, ids, names, sets, names, np.array(labels), chosen, np.eye(3)[chosen], CLASSES
    )


def test_scores_by_hand():
    # a: 2 of 3 right; b: 1 of 2; c: 1 of 1. Matrix [[2,1,0],[0,1,1],[0,0,1]].
    (told,) = score_answers([answers([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2])])
    assert told["matrix"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert told["f1"] == pytest.approx({"a": 4 / 5, "b": 2 / 4, "c": 2 / 3})
    assert told["uf1"]["value"] == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3)
    assert told["uar"]["value"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert told["accuracy"]["value"] == pytest.approx(4 / 6)
    assert told["uf1"]["low"] < told["uf1"]["value"] < told["uf1"]["high"]
    assert (told["n"], told["subjects"], told["uf1"]["sd"], told["oracle"]) == (6, 6, None, None)


def test_seeds_are_averaged_not_pooled():
    # All right with one seed, all wrong with the other: mean 0.5 of UF1 1 and 0, sd of (1, 0).
    labels = [0, 1, 2, 0, 1, 2]
    wrong = [(one + 1) % 3 for one in labels]
    (told,) = score_answers([answers(labels, labels), answers(labels, wrong, seed=1)])
    assert told["uf1"]["value"] == pytest.approx(0.5) and told["seeds"] == [0, 1]
    assert told["uf1"]["sd"] == pytest.approx(np.sqrt(0.5))


def test_parts_are_of_the_same_run():
    sets = ["m", "m", "n", "n"]
    told = score_answers([answers([0, 1, 0, 1], [0, 1, 1, 0], datasets=sets)])
    assert [(one["subset"], one["n"]) for one in told] == [("all", 4), ("m", 2), ("n", 2)]
    assert [one["accuracy"]["value"] for one in told] == [0.5, 1, 0]


def test_scores_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    labels, predictions = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    (told,) = score_answers([answers(labels, predictions)])
    assert told["uf1"]["value"] == pytest.approx(metrics.f1_score(labels, predictions, average="macro"))
    assert told["uar"]["value"] == pytest.approx(metrics.balanced_accuracy_score(labels, predictions))
    assert told["weighted_f1"]["value"] == pytest.approx(
        metrics.f1_score(labels, predictions, average="weighted")
    )


def test_comparison_by_hand():
    # Eight subjects, one row each, all right against all wrong: of 2^8 exchanges only two are as extreme.
    labels = [0, 1] * 4
    groups = {
        "good": [answers(labels, labels, system="good")],
        "bad": [answers(labels, [1 - one for one in labels], system="bad")],
    }
    (told,) = compare(groups)
    assert (told["first"], told["second"], told["exact"]) == ("good", "bad", True)
    assert told["difference"] == pytest.approx(1) and told["p"] == told["p_holm"] == 2 / 2**8


def test_systems_with_other_seeds_are_not_compared():
    labels = [0, 1, 2]
    one, two = answers(labels, labels), answers(labels, labels, seed=1)
    assert compare({"x": [one], "y": [one, two]}) == compare({"x": [one], "y": [two]}) == []


@pytest.fixture
def ran(make_toy, tmp_path):
    rows = make_toy(4)
    run = run_bench(["stand-mean", "stand-majority", "stand-turning"], {"toy": rows}, out=tmp_path / "out")
    return rows, write_bench(run, tmp_path / "out", wall_s=1.5)


def test_predictions_hold_every_row(ran):
    rows, paths = ran
    with paths["predictions"].open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 3 * len(rows)
    wanted = {
        "sample",
        "dataset",
        "subject",
        "label",
        "prediction",
        "probabilities",
        "fold",
        "seed",
        "system",
    }
    assert wanted <= set(table[0]) and not any("oracle" in name for name in table[0])
    own = [row for row in table if row["system"] == "stand-mean"]
    assert [row["sample"] for row in own] == rows.ids.tolist()
    assert [row["label"] for row in own] == [rows.classes[one] for one in rows.labels]
    for row in own:
        scores = json.loads(row["probabilities"])
        assert max(scores, key=scores.get) == row["prediction"] and row["fold"] == row["subject"]


def test_results_say_what_was_done_and_where(ran):
    _, paths = ran
    told = json.loads(paths["results"].read_text())
    assert told["schema"] == "fleeting.bench/1" and told["wall_s"] == 1.5
    assert told["settings"]["protocol"] == "loso" and told["settings"]["preset"] == "small"
    assert {"processor", "cores", "python", "system"} <= set(told["machine"])
    assert {"commit", "changed", "commits_of_folds"} == set(told["code"]) and "numpy" in told["packages"]
    (data,) = told["data"]
    assert data["n"] == 24 and data["counts"] == {"negative": 8, "positive": 8, "surprise": 8}
    assert len(told["scores"]) == 3 and len(told["tests"]) == 3 and told["failures"] == []
    assert {one["system"] for one in told["times"]} == {"stand-mean", "stand-majority", "stand-turning"}


def test_reading_gives_what_was_written(ran):
    rows, paths = ran
    facts, found = read_bench(paths["results"].parent)
    again = score_answers([one for one in found if one.system == "stand-mean"])
    assert again == [one for one in facts["scores"] if one["system"] == "stand-mean"]
    assert found[0].ids.tolist() == rows.ids.tolist()


def test_tables_hold_the_scores(ran):
    _, paths = ran
    told = json.loads(paths["results"].read_text())
    first = make_tables(told)[0]
    uf1 = {one["system"]: one["uf1"]["value"] for one in told["scores"]}
    assert {row[0]: row[3].split()[0] for row in first.rows} == {k: f"{v:.4f}" for k, v in uf1.items()}
    assert first.header[-1] == "published UF1" and not any("not a result" in one for one in first.header)
    markdown = paths["markdown"].read_text()
    for table in make_tables(told):
        assert f"## {table.title}" in markdown
    lines = [line for line in markdown.splitlines() if line.startswith("| stand-mean ")]
    assert f"{uf1['stand-mean']:.4f}" in lines[0]


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.cells, self.open = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def test_html_holds_the_same_cells_and_closes_what_it_opens(ran):
    _, paths = ran
    page = Cells()
    page.feed(paths["html"].read_text())
    told = json.loads(paths["results"].read_text())
    wanted = [
        cell for table in make_tables(told) for row in (table.header, *table.rows) for cell in row if cell
    ]
    assert page.open == [] and page.cells == wanted


def test_latex_is_escaped_and_cites(make_toy, tmp_path):
    run = run_bench(["ststnet:training.epochs=1"], {"a_b": make_toy(2)})
    text = write_bench(run, tmp_path)["latex"].read_text()
    assert r"ststnet:training.epochs=1~\cite{liong2019ststnet}" in text and r"a\_b" in text
    body = re.sub(r"^%.*$", "", text, flags=re.M)
    assert not re.search(r"(?<!\\)[_%#]", body)
    assert body.count(r"\begin{") == body.count(r"\end{")
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len({row.count("&") for row in rows[:2]}) == 1


def test_the_oracle_has_a_column_that_says_what_it_is(make_toy, tmp_path):
    rows = make_toy(3, 2, labels=[1, 1, 2, 2, 0, 1])
    run = run_bench(["stand-turning", "stand-mean"], {"toy": rows}, BenchSettings(oracle_epoch=True))
    paths = write_bench(run, tmp_path)
    told = json.loads(paths["results"].read_text())
    by_name = {one["system"]: one["oracle"] for one in told["scores"]}
    assert by_name["stand-mean"] is None and by_name["stand-turning"]["note"].startswith("not a result")
    assert by_name["stand-turning"]["accuracy"] == pytest.approx(5 / 6)
    assert "oracle epoch UF1 (not a result)" in paths["markdown"].read_text()
    assert "not_a_result_oracle_prediction" in paths["predictions"].read_text().splitlines()[0]
    _, again = read_bench(tmp_path)
    assert [one.oracle is None for one in again] == [False, True]


def test_published_numbers_stand_beside_the_very_same_set_only(ran):
    _, paths = ran
    told = json.loads(paths["results"].read_text())
    told["systems"][0]["published"] = [
        {"dataset": "MEGC2019 composite", "protocol": "LOSO", "metric": m, "value": v, "source": "a log"}
        for m, v in (("UF1", 0.7353), ("UAR", 0.7186))
    ]
    assert {row[-1] for row in make_tables(told)[0].rows} == {"–"}
    for one in (told["data"][0], *told["scores"], *told["times"]):
        one["name" if "name" in one else "data"] = "megc2019-flow"
    assert {row[-1] for row in make_tables(told)[0].rows} == {"–"}  # of that name, but with 24 samples
    told["data"][0]["n"] = 442
    cells = {row[0]: row[-1] for row in make_tables(told)[0].rows}
    assert cells["stand-mean"] == "0.7353 (a log)" and cells["stand-majority"] == "–"
    told["settings"]["protocol"] = "kfold"
    assert {row[-1] for row in make_tables(told)[0].rows} == {"–"}


def test_a_failed_system_has_no_score(make_toy, tmp_path):
    run = run_bench(["stand-failing", "stand-mean"], {"toy": make_toy()})
    told = json.loads(write_bench(run, tmp_path)["results"].read_text())
    assert {one["system"] for one in told["scores"]} == {"stand-mean"}
    assert make_tables(told)[-1].rows[0][:3] == ("stand-failing", "toy", "toy/s1")


# Merging ----------------------------------------------------------------------------------------


def run_into(folder, names, rows, **settings):
    write_bench(run_bench(names, {"toy": rows}, BenchSettings(**settings)), folder)
    return folder


def test_merged_runs_are_as_one_run(make_toy, tmp_path):
    rows = make_toy()
    one = run_into(tmp_path / "1", ["stand-mean"], rows)
    two = run_into(tmp_path / "2", ["stand-majority", "stand-mean"], rows)
    both = run_into(tmp_path / "3", ["stand-mean", "stand-majority"], rows)
    paths = merge_benches([one, two], tmp_path / "out")
    merged, whole = (json.loads((p / "results.json").read_text()) for p in (tmp_path / "out", both))
    assert merged["scores"] == whole["scores"] and merged["tests"] == whole["tests"]
    assert len(merged["merged_from"]) == 2 and "merged from 2 runs" in paths["markdown"].read_text()
    assert merge_benches([tmp_path / "out"], tmp_path / "again")["results"].exists()


def test_what_does_not_fit_is_not_merged(make_toy, tmp_path):
    rows = make_toy()
    one = run_into(tmp_path / "1", ["stand-mean"], rows)
    with pytest.raises(UsageError, match="flow is 'learnt', elsewhere 'dis'"):
        merge_benches([one, run_into(tmp_path / "5", ["stand-mean"], rows, flow="learnt")], "x")
    earlier = run_into(tmp_path / "6", ["stand-majority"], rows) / "results.json"
    told = json.loads(earlier.read_text())
    del told["settings"]["flow"]  # of before there was a choice
    earlier.write_text(json.dumps(told))
    assert merge_benches([one, earlier.parent], tmp_path / "7")
    with pytest.raises(UsageError, match="protocol"):
        merge_benches([one, run_into(tmp_path / "2", ["stand-mean"], rows, protocol="kfold", folds=2)], "x")
    other = replace(rows, labels=(rows.labels + 1) % 3)
    with pytest.raises(UsageError, match="other rows"):
        merge_benches([one, run_into(tmp_path / "3", ["stand-mean"], other)], "x")
    changed = tmp_path / "4"
    run_into(changed, ["stand-mean"], rows)
    text = (changed / "predictions.csv").read_text()
    (changed / "predictions.csv").write_text(text.replace("negative,negative", "negative,positive", 1))
    with pytest.raises(UsageError, match="other predictions"):
        merge_benches([one, changed], "x")


@pytest.mark.parametrize("damage", ["gone", "text", "schema", "class", "column"])
def test_damaged_folders_are_told(make_toy, tmp_path, damage):
    folder = run_into(tmp_path / "1", ["stand-mean"], make_toy())
    results, predictions = folder / "results.json", folder / "predictions.csv"
    if damage == "gone":
        results.unlink()
    elif damage == "text":
        results.write_text("{}")
    elif damage == "schema":
        results.write_text(results.read_text().replace("fleeting.bench/1", "fleeting.bench/9"))
    elif damage == "class":
        predictions.write_text(predictions.read_text().replace("negative", "angry"))
    else:
        predictions.write_text(predictions.read_text().replace("probabilities", "p"))
    with pytest.raises(InputError):
        merge_benches([folder], tmp_path / "out")
    assert not (tmp_path / "out" / "results.json").exists()
