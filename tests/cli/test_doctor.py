"""The doctor: sees what is there, finds what is broken, says what to do."""

import importlib.metadata
import json
from importlib import import_module
from pathlib import Path

import av
import pytest
import typer
from typer.testing import CliRunner

import fleeting.face
from fleeting.core import ModelUse

room = import_module("fleeting.cli.doctor")  # the module: the room may give this name to the command
app = typer.Typer()
app.command()(room.doctor)


def run(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(options))
    return result.exit_code, result.stdout


def states(checks: list) -> dict[str, str]:
    return {check.name: check.state for check in checks}


def test_all_is_well_where_the_tests_run() -> None:
    code, text = run()
    assert code == 0
    assert text.rstrip().endswith("all that is needed works")
    assert importlib.metadata.version("numpy") in text


def test_json_is_one_object_with_every_check() -> None:
    code, text = run("--json")
    result = json.loads(text)
    assert code == 0
    assert result["ok"] is True
    names = {check["name"] for check in result["checks"]}
    assert {"python", "fleeting", "numpy", "av", "free disk", "cache", "face_landmark", "H.264"} <= names
    assert {check["name"] for check in result["checks"] if check["group"] == "extra"} >= {"train", "demo"}


def test_a_changed_model_is_broken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = ModelUse("face_landmark", "0" * 64, "", "")
    monkeypatch.setattr(fleeting.face, "model_uses", lambda: (changed,))
    code, text = run()
    assert code == 1
    assert "face_landmark is broken: install fleeting again" in text.splitlines()[-1]
    assert json.loads(run("--json")[1])["ok"] is False


def test_a_missing_model_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleeting.face, "model_uses", lambda: (ModelUse("nowhere", "0" * 64, "", ""),))
    (check,) = room._models()
    assert (check.state, check.detail) == ("broken", "file is missing")


def test_requirements_are_sorted_by_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=2", "av", "torch==2.13.0; extra == 'train'", 'fleeting[demo]; extra == "dev"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    assert room._requirements() == {"": ["numpy", "av"], "train": ["torch"]}


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the core that is not there is broken, one of an extra only absent."""
    monkeypatch.setattr(room, "_requirements", lambda: {"": ["no-such-a", "numpy"], "train": ["no-such-b"]})
    assert states([*room._needed(), *room._extras()]) == {
        "no-such-a": "broken",
        "numpy": "ok",
        "train": "absent",
    }
    assert "pip install '.[train]'" in run()[1]


def test_what_is_installed_and_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_requirements", lambda: {"": ["numpy"]})
    monkeypatch.setattr(room, "_MODULES", {"numpy": "numpy.nothing_of_this_name"})
    (check,) = room._needed()
    assert check.state == "broken"
    assert "does not load" in check.detail


def test_folders_that_can_and_cannot_be_written(tmp_path: Path) -> None:
    assert room._writable("cache", tmp_path / "not" / "there" / "yet").state == "ok"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert room._writable("cache", tmp_path / "file" / "in").state == "absent"


def test_cache_folder_follows_its_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("FLEETING_CACHE", raising=False)
    assert room.cache_folder() == tmp_path / "user" / "fleeting"
    monkeypatch.setenv("FLEETING_CACHE", str(tmp_path / "own"))
    assert room.cache_folder() == tmp_path / "own"


def test_h264_comes_back_with_its_grey_levels() -> None:
    assert room._round_trip([0, 60, 120, 180, 240]) == ""


def test_a_codec_that_is_not_there_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise av.error.EncoderNotFoundError(1, "no such encoder")

    monkeypatch.setattr(av, "open", refuse)
    check = room._h264()
    assert check.state == "broken"
    assert "pip install" in check.advice
