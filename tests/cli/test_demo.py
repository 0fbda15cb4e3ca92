"""`fleeting demo`: what is planted, what is shown, and that a miss is called a miss."""

import hashlib
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fleeting.cli import demo
from fleeting.cli.main import main
from fleeting.core import ActionUnit, Expression, Interval
from fleeting.io import read_intervals_csv
from fleeting.synth import Plant, PlantedInterval

pytest.importorskip("skimage", reason="the portrait comes with the extra fleeting[demo]")


def planted(onset: int, offset: int, au: int = 12, side: str = "left") -> PlantedInterval:
    plant = Plant((au,), side, 4.0, at_s=onset / 50, duration_s=(offset - onset + 1) / 50)  # type: ignore[arg-type]
    return PlantedInterval(Interval.from_frames(onset, offset, fps=50), plant)


def found(onset: int, offset: int, kind: str = "micro") -> Expression:
    units = (ActionUnit(12, "left", 0.9), ActionUnit(6, "both", 0.5), ActionUnit(4, "both", 0.1))
    return Expression(0, Interval.from_frames(onset, offset, fps=50, kind=kind), None, units)  # type: ignore[arg-type]


def shown(
    truth: list[PlantedInterval], said: list[Expression], capsys: pytest.CaptureFixture[str]
) -> tuple[list[list[str]], str]:
    """Rows of the printed table, in cells, and the line below it."""
    blink = SimpleNamespace(what="blink", at_s=6.0, duration_s=0.3)
    clip = SimpleNamespace(truth=tuple(truth), events=(blink,))
    demo.show(clip, said)  # type: ignore[arg-type]
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    return [re.split(r"\s{2,}", line.strip()) for line in lines[2:-1]], lines[-1]


def test_found_missed_and_false_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ends count: of 10-19 and 12-21, 8 frames of 12 agree; of 100-109 and 105-114, 5 of 15."""
    truth = [planted(10, 19), planted(100, 109), planted(200, 209, au=4, side="both")]
    said = [found(12, 21), found(105, 114), found(302, 309)]
    rows, line = shown(truth, said, capsys)
    assert rows == [
        ["AU 12", "left", "4 %", "10-19", "12-21", "0.67", "12L+6", "micro", "found"],
        ["AU 12", "left", "4 %", "100-109", "105-114", "0.33", "12L+6", "micro", "MISSED"],
        ["AU 4", "both", "4 %", "200-209", "–", "–", "–", "–", "MISSED"],
        ["–", "–", "–", "–", "105-114", "–", "12L+6", "micro", "FALSE ALARM"],
        ["–", "–", "–", "–", "302-309", "–", "12L+6", "micro", "FALSE ALARM (blink)"],
    ]
    assert line == "recall 0.33 (1 of 3), precision 0.33 (1 of 3) at IoU >= 0.5, rule strict"


def test_a_macro_expression_is_no_hit(capsys: pytest.CaptureFixture[str]) -> None:
    rows, line = shown([planted(10, 19)], [found(10, 19, kind="macro")], capsys)
    assert rows[0][-4:] == ["1.00", "12L+6", "macro", "MISSED"]
    assert line.startswith("recall 0.00 (0 of 1), precision 0.00 (0 of 1)")


def test_one_found_over_two_planted_is_one_hit(capsys: pytest.CaptureFixture[str]) -> None:
    """20-39 holds half of itself twice; the rule gives it to one plant, and the other is missed."""
    rows, line = shown([planted(20, 29), planted(30, 39)], [found(20, 39)], capsys)
    assert sorted(row[-1] for row in rows) == ["MISSED", "found"]
    assert line.startswith("recall 0.50 (1 of 2), precision 1.00 (1 of 1)")


def test_nothing_found(capsys: pytest.CaptureFixture[str]) -> None:
    rows, line = shown([planted(10, 19)], [], capsys)
    assert [row[-1] for row in rows] == ["MISSED"]
    assert line.startswith("recall 0.00 (0 of 1), precision 0.00 (0 of 0)")


def test_plan_holds_what_the_page_promises() -> None:
    plants = [Plant(aus, side, *rest) for aus, side, *rest in demo.PLANTED]  # type: ignore[arg-type]
    assert len(plants) == 6
    assert {plant.side for plant in plants} == {"both", "left", "right"}
    assert len({plant.aus for plant in plants}) == 6
    for plant in plants:
        assert 3.0 <= plant.strength_percent <= 5.0
        assert 0.2 <= plant.duration_s <= 0.5
    starts = sorted(plant.at_s for plant in plants)
    assert min(np.diff(starts)) > 1.0
    assert starts[-1] + 0.5 < demo.LENGTH_S


def test_portrait_is_a_face() -> None:
    from fleeting.face import FaceTracker

    picture = demo.portrait()
    assert (picture.shape, picture.dtype) == ((320, 320, 3), np.uint8)
    assert len(FaceTracker().look(0.0, picture)) == 1


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert "pip install 'fleeting[demo]'" in error
    assert not (tmp_path / "out").exists()


def test_output_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").touch()
    assert main(["demo", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'out'}: is a file, not a folder; name another output folder\n"
    )


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One plant and a still head, two seconds."""
    monkeypatch.setattr(demo, "PLANTED", (((12,), "left", 5.0, 0.8, 0.40),))
    monkeypatch.setattr(demo, "BLINKS_S", ())
    monkeypatch.setattr(demo, "LENGTH_S", 2.0)


@pytest.mark.usefixtures("short")
def test_a_short_one_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["demo", "--out", str(out)]) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    lines = printed.splitlines()
    paths = [Path(line) for line in lines if line.startswith(str(out))]
    assert [path.relative_to(out).as_posix() for path in paths] == [
        "planted/portrait.mp4",
        "planted/portrait.csv",
        *(f"portrait{ending}" for ending in (".csv", ".eaf", ".html", ".json", ".signals.npz")),
    ]
    assert all(path.is_file() for path in paths)
    (truth,) = read_intervals_csv(out / "planted" / "portrait.csv")
    assert (truth.onset, truth.offset) == (41, 59)  # strictly between 0.8 s and 1.2 s at 50 frames a second
    assert "41-59" in printed

    said = re.search(r"recall [\d.]+ \((\d+) of (\d+)\), precision [\d.]+ \((\d+) of (\d+)\)", printed)
    assert said
    hits, planted_count, _, found_count = map(int, said.groups())
    command = ["score", "spotting", "--truth", str(paths[1]), "--predictions", str(paths[2]), "--json"]
    assert main(command) == 0
    scores = json.loads(capsys.readouterr().out)["overall"]
    assert (scores["tp"], scores["fn"], scores["fp"]) == (hits, planted_count - hits, found_count - hits)


@pytest.mark.usefixtures("short")
def test_the_clip_is_always_the_same(tmp_path: Path) -> None:
    clip = demo.planted_clip(demo.portrait())
    sums = [hashlib.sha256(np.stack(list(clip.frames())).tobytes()).hexdigest() for _ in range(2)]
    again = demo.planted_clip(demo.portrait())
    sums.append(hashlib.sha256(np.stack(list(again.frames())).tobytes()).hexdigest())
    assert len(set(sums)) == 1
    assert clip.truth == again.truth


@pytest.mark.slow
def test_the_whole_demo_finds_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    said = re.search(r"recall [\d.]+ \((\d+) of 6\), precision ([\d.]+)", printed)
    assert said, printed
    assert int(said[1]) >= 5, printed
    assert float(said[2]) >= 0.7, printed
