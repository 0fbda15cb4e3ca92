"""``fleeting synth clips`` and ``fleeting synth recordings``: what they write, say and refuse."""

from pathlib import Path

import cv2
import pytest

from fleeting.cli import _counting
from fleeting.cli import main as room
from fleeting.datasets import open as open_dataset


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> str:
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    cv2.imwrite(str(path), data.astronaut()[0:300, 70:370, ::-1])
    return str(path)


def test_clips(tmp_path: Path, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "set"
    given = ["--count", "3", "--seed", "1", "--subjects", "2", "--fps", "25", "--size", "96"]
    assert room.main(["synth", "clips", "--out", str(out), *given, "--portrait", photo]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("3 clips of 2 people: ")
    assert said[1:] == [str(out), str(out / "samples.csv"), str(out / "clips.json")]
    samples = open_dataset("csv", out).samples(None)
    assert len(samples) == 3 and all(one.fps == 25 for one in samples)
    # again: nothing to do, and the same answer
    assert room.main(["synth", "clips", "--out", str(out), *given, "--portrait", photo]) == 0
    assert capsys.readouterr().out.splitlines() == said


def test_recordings(tmp_path: Path, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "set"
    given = ["--count", "1", "--seed", "3", "--minutes", "0.1", "--fps", "25", "--size", "96"]
    rates = ["--micro-per-minute", "20", "--macro-per-minute", "0"]
    assert room.main(["synth", "recordings", "--out", str(out), *given, *rates, "--portrait", photo]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("1 recordings of 1 people, 0.1 minutes: ") and said[0].endswith("0 macro")
    assert said[1:] == [str(out / name) for name in ("", "samples.csv", "truth.csv", "recordings.json")]
    (recording,) = open_dataset("csv", out).recordings()
    assert said[0].split(": ")[1].startswith(f"{len(recording.events)} micro")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["clips", "--count", "0"], 2, "count: expected at least one"),
        (["clips", "--count", "2", "--subjects", "5"], 2, "subjects"),
        (["clips", "--count", "1", "--size", "33"], 2, "size"),
        (["clips", "--count", "1", "--fps", "0"], 2, "fps"),
        (["clips", "--count", "1", "--basis", "none"], 2, "basis"),
        (["clips", "--count", "1", "--portrait", "nowhere.png"], 1, "nowhere.png"),
        (["recordings", "--count", "1", "--minutes", "0"], 2, "minutes"),
        (["recordings", "--count", "1", "--micro-per-minute", "99"], 2, "micro_per_minute"),
        (["recordings", "--count", "1", "--portrait", "nowhere.png"], 1, "nowhere.png"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert room.main(["synth", *arguments, "--seed", "1", "--out", str(tmp_path / "set")]) == code
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
    assert told in said.err


def test_lines_of_progress_are_few(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 20.0, 20.0, 21.0, 90.0])
    monkeypatch.setattr(_counting.time, "monotonic", lambda: next(clock))
    with _counting.counting("people", 4) as tell:
        for done in range(1, 5):
            tell(done)
    assert capsys.readouterr().out == "2 of 4 people\n"
