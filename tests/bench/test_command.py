"""``fleeting bench`` as people type it."""

import json
import sys

import pytest

from fleeting import systems
from fleeting.cli.main import main

QUICK = "ststnet:training.epochs=1"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FLEETING_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def write_tree(own_systems):
    from megc_tree import write_tree  # beside the systems, where their fixture made it importable

    return write_tree


def bench(*words):
    return main(["bench", *map(str, words)])


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_synthetic_maps_need_no_root(tmp_path, capsys):
    out = tmp_path / "out"
    assert bench("stand-mean", QUICK, "--no-baselines", "--data", "synth-flowmaps:30:5", "--out", out) == 0
    shown = capsys.readouterr().out
    told = results(out)
    assert told["data"][0]["subjects"] == 5 and "30 samples of 5 subjects" in shown
    value = {one["system"]: one["uf1"]["value"] for one in told["scores"]}
    assert set(value) == {"stand-mean", QUICK} and f"{value[QUICK]:.4f}" in shown
    names = {path.name for path in out.iterdir()}
    assert names == {"done.jsonl", "predictions.csv", "results.json", "table.html", "table.md", "table.tex"}


def test_a_tree_of_68_people_in_the_public_layout(tmp_path, write_tree):
    root, out = write_tree(tmp_path / "megc"), tmp_path / "out"
    words = ["--data", "megc2019-flow", "--root", root, "--out", out, "--no-baselines"]
    assert bench("stand-majority", "stand-mean", QUICK, *words) == 0
    told = results(out)
    (data,) = told["data"]
    assert (data["n"], data["subjects"]) == (442, 68)
    assert data["counts"] == {"negative": 250, "positive": 109, "surprise": 83}
    assert data["datasets"] == {"casme2": 145, "samm": 133, "smic": 164}
    major = next(one for one in told["scores"] if one["system"] == "stand-majority")
    assert major["subset"] == "all"
    assert major["accuracy"]["value"] == pytest.approx(250 / 442)  # known of the set: always "negative"
    assert major["uf1"]["value"] == pytest.approx(0.2408, abs=5e-5)
    text = (out / "table.md").read_text()
    assert "0.7353 (official log)" in text and "by dataset" in text and "| smic |" in text


@pytest.mark.slow
def test_the_baselines_on_that_tree_in_two_processes(tmp_path, write_tree):
    root, out = write_tree(tmp_path / "megc"), tmp_path / "out"
    words = ["--data", "megc2019-flow", "--root", root, "--out", out, "--jobs", 2, "--no-baselines"]
    assert bench("majority", "svm-flow", "ststnet:training.epochs=8,training.batch_size=32", *words) == 0
    value = {one["system"]: one["uf1"]["value"] for one in results(out)["scores"] if one["subset"] == "all"}
    assert value["majority"] == pytest.approx(0.2408, abs=5e-5)
    assert (
        value["svm-flow"] > 0.5 and value["ststnet:training.epochs=8,training.batch_size=32"] > 0.4
    )  # the classes differ in level: it can be learnt


def test_baselines_come_along_unless_switched_off(tmp_path):
    out = tmp_path / "out"
    words = ["--data", "synth-flowmaps:12:3", "--protocol", "kfold", "--folds", 2, "--out", out]
    assert bench("stand-mean", *words) == 0
    known = [one for one in ("majority", "svm-flow", "ststnet") if one in systems.list()]
    assert [one["label"] for one in results(out)["systems"]] == [*known, "stand-mean"]


def test_two_sets_for_training_on_one_and_testing_on_the_other(tmp_path, write_tree):
    root, out = write_tree(tmp_path / "megc", share=0.1), tmp_path / "out"
    words = ["--protocol", "cross-dataset", "--data", "synth-flowmaps:30:3", "--data", "megc2019-flow"]
    assert bench("stand-mean", "--no-baselines", *words, "--root", root, "--out", out) == 0
    (data,) = results(out)["data"]
    assert sorted(data["datasets"]) == ["casme2", "samm", "smic", "synth"]


def test_systems_of_ones_own_seeds_oracle_and_pretraining(tmp_path):
    out = tmp_path / "out"
    words = ["--data", "synth-flowmaps:24:4", "--no-baselines", "--import", "bench_systems"]
    words += ["--seeds", 2, "--oracle-epoch", "--pretrain", "synth-flowmaps:20:2", "--out", out]
    assert bench("stand-turning", "stand-pretrained", *words) == 0
    told = results(out)
    assert told["settings"]["pretrain"] == "synth-flowmaps:20:2"
    by_name = {one["system"]: one for one in told["scores"]}
    assert by_name["stand-turning"]["seeds"] == [0, 1] and by_name["stand-pretrained"]["oracle"] is None
    assert by_name["stand-turning"]["oracle"]["note"].startswith("not a result")


def test_a_module_in_the_folder_one_works_in(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine_of_today.py").write_text("import bench_systems\nNAME = 'x'\n")
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    words = ["--data", "synth-flowmaps:12:3", "--no-baselines", "--import", "mine_of_today", "--out", "out"]
    assert bench("stand-mean", *words) == 0 and (home / "out" / "results.json").exists()


def test_merge(tmp_path, capsys):
    words = ["--data", "synth-flowmaps:24:4", "--no-baselines", "--out"]
    assert bench("stand-mean", *words, tmp_path / "1") == 0
    assert bench("stand-majority", *words, tmp_path / "2") == 0
    assert bench("--merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "both") == 0
    assert {one["system"] for one in results(tmp_path / "both")["scores"]} == {"stand-mean", "stand-majority"}


def test_a_failed_fold_ends_with_1_and_the_rest_is_there(tmp_path, capsys):
    out = tmp_path / "out"
    data = ["--data", "synth-flowmaps:24:4", "--no-baselines", "--out", out]
    assert bench("stand-failing", "stand-mean", *data) == 1
    assert "no s1 to learn from" in capsys.readouterr().err
    assert {one["system"] for one in results(out)["scores"]} == {"stand-mean"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--data", "synth-flowmaps:24:4"], "name systems"),
        (["stand-mean"], "--data"),
        (["stand-mean", "--data", "megc2019-flow"], "--root"),
        (["stand-mean", "--data", "synth-flowmaps:24:4", "--root", "."], "--root"),
        (["stand-mean", "--data", "synth-flowmaps:24:4", "--data", "synth-flowmaps:24:4"], "each set once"),
        (["stand-meam", "--data", "synth-flowmaps:24:4"], "stand-mean"),
        (["stand-mean", "--data", "synth-flowmaps:24:4", "--protocol", "lodo"], "loso"),
        (["--merge"], "nothing to merge"),
    ],
)
def test_wrong_usage_is_told_in_a_line(tmp_path, capsys, words, says):
    assert bench(*words, "--no-baselines", "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err.strip()
    assert says in told and "\n" not in told


def test_bench_is_not_imported_by_the_command_line():
    import subprocess

    code = "import fleeting.cli.main, sys; print('fleeting.bench' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
