"""``fleeting train`` on invented rows: the data come from the bench room, which is stood in for here."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

import fleeting.bench  # noqa: E402
from fleeting import systems  # noqa: E402
from fleeting.cli.main import main  # noqa: E402
from fleeting.core import Examples, InputError  # noqa: E402

torch.set_num_threads(1)
ASK = ["train", "ststnet", "--epochs", "2", "--out"]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_examples(name: str, root: Path | None = None, **_: object) -> Examples:
        if name == "gone":
            raise InputError("gone", "no such folder", "give its folder with --root")
        classes = ("none", "surprise", "negative", "positive") if name == "synthetic" else None
        chosen = {} if classes is None else {"classes": classes}
        return systems.invented_examples(["flowmap28"], 12, seed=len(name), **chosen)

    def load_data(name: str, root: Path | None = None, **_: object) -> fleeting.bench.Loaded:
        lost = (fleeting.bench.Missing("d/s/a", "negative", "no face"),) if name == "torn" else ()
        return fleeting.bench.Loaded(load_examples(name, root), lost)

    monkeypatch.setattr(fleeting.bench, "load_examples", load_examples)
    monkeypatch.setattr(fleeting.bench, "load_data", load_data)


def run(out: Path, *more: str) -> int:
    return main([*ASK, str(out), "--data", "mine", *more])


def test_the_folder_can_be_gone_on_from_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "a") == 0
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["card.json", "model.json", "model.onnx", "weights.safetensors"]
    facts = json.loads((tmp_path / "a" / "model.json").read_text())
    assert facts["classes"] == ["negative", "positive", "surprise"] and facts["inputs"] == ["flowmap28"]
    assert facts["trained_on"] == "12 samples of mine" and facts["training"]["epochs"] == 2
    rows = systems.invented_examples(["flowmap28"], 5)
    scores = systems.load(tmp_path / "a").predict(rows)
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(str(tmp_path / "a" / "model.onnx"))
    assert np.allclose(session.run(None, dict(rows.inputs))[0], scores, atol=1e-5)
    assert "12 samples of 2 subjects" in capsys.readouterr().out


def test_same_seed_same_file_and_other_seed_another(tmp_path: Path) -> None:
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(tmp_path / folder, "--seed", seed) == 0
    a, b, c = ((tmp_path / n / "weights.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def test_pretraining_takes_the_classes_that_both_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "a", "--pretrain", "synthetic") == 0
    assert "9 samples of synthetic" in capsys.readouterr().out  # a quarter are "none"
    assert run(tmp_path / "b") == 0
    one, other = (systems.load(tmp_path / n) for n in "ab")
    rows = systems.invented_examples(["flowmap28"], 5)
    assert np.abs(one.predict(rows) - other.predict(rows)).max() > 1e-4


def test_a_component_can_be_switched_off(tmp_path: Path) -> None:
    assert run(tmp_path / "a", "--off", "strain", "--off", "dropout") == 0
    assert json.loads((tmp_path / "a" / "card.json").read_text())["switches"] == {
        "strain": False,
        "three_streams": True,
        "dropout": False,
    }


def test_a_stopped_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fleeting.cli.train as command

    class Stop(Exception):
        pass

    def stop(self: object, entry: dict[str, float]) -> None:
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(command.Lines, "__call__", stop)
        with pytest.raises(Stop):
            run(tmp_path / "a")
    assert (tmp_path / "a" / "checkpoint.safetensors").exists()
    seen: list[float] = []
    monkeypatch.setattr(command.Lines, "__call__", lambda self, entry: seen.append(entry["epoch"]))
    assert run(tmp_path / "a") == 0 and seen == [2]
    assert run(tmp_path / "b") == 0
    first, second = ((tmp_path / n / "weights.safetensors").read_bytes() for n in "ab")
    assert first == second


def test_clips_that_are_missing_end_with_1_and_the_model_is_there(tmp_path: Path) -> None:
    assert main([*ASK, str(tmp_path / "a"), "--data", "torn"]) == 1
    assert (tmp_path / "a" / "model.onnx").exists()


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--preset", "huge"], 2, "small or paper"),
        (["--off", "sound"], 2, "no switch 'sound'"),
        (["--data", "gone"], 1, "give its folder with --root"),
    ],
)
def test_wrong_wishes_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, says: str
) -> None:
    assert run(tmp_path / "a", *more) == code
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and says in said[0]


def test_a_spotter_learns_from_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def signal_set(name: str, *, seed: int) -> list[systems.SpottingRecording]:
        asked.append((name, seed))
        return systems.varied_recordings(2, seconds=8, seed=seed)

    monkeypatch.setattr(fleeting.bench, "signal_set", signal_set)
    out, ask = tmp_path / "out", ["train", "judged", "--epochs", "2", "--data", "synth-signals:2"]
    assert main([*ask, "--seed", "3", "--out", str(out)]) == 0
    assert asked == [("synth-signals:2", 3)]
    assert "judged: 2 recordings of synth-signals:2, 2 subjects" in capsys.readouterr().out
    facts = json.loads((out / "model.json").read_text())
    assert facts["task"] == "spotting" and facts["trained_on"] == "2 recordings of synth-signals:2"
    rows = np.random.default_rng(0).normal(size=(5, 30)).astype(np.float32)
    judged = systems.load(out).judge(rows)
    assert np.allclose(fleeting.load_spotter(out).judge(rows), judged, atol=1e-5)
    assert main([*ask, "--pretrain", "synth-clips", "--out", str(out)]) == 2
    assert "is a spotter: leave --pretrain out" in capsys.readouterr().err
    assert main(["train", "mdmd", "--data", "synth-signals:2", "--out", str(out)]) == 2
    assert "learns nothing: there is nothing to train" in capsys.readouterr().err


def test_a_network_of_frames_comes_with_its_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, root: Path | None, **options: object) -> fleeting.bench.LoadedRecordings:
        assert (name, root, options["inputs"]) == ("mine", tmp_path, ("roi12",))
        few = systems.FeatureSettings(seconds=8)
        lost = (fleeting.bench.Missing("d/s/b", "", "no face"),)
        return fleeting.bench.LoadedRecordings(tuple(systems.feature_recordings(3, 1, settings=few)), lost)

    monkeypatch.setattr(fleeting.bench, "load_recordings", load)
    ask = ["train", "auw-gcn", "--epochs", "1", "--data", "mine", "--root", str(tmp_path)]
    assert main([*ask, "--out", str(tmp_path / "a")]) == 1  # a film is missing; the model is there
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["card.json", "model.json", "model.onnx", "weights.safetensors"]
    spotter = fleeting.load_spotter(tmp_path / "a")
    assert [(how.kind, how.curve) for how in spotter.decodings] == [
        ("micro", "micro_action"), ("macro", "macro_action"),
    ]  # fmt: skip
    assert spotter.card["trained_on"] == "3 recordings of mine"
