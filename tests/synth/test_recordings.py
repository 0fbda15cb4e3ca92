"""The set synth-recordings: what happens and when, tables, same bytes, resume, memory."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.synth.conftest import face_marks, texture

from fleeting import datasets
from fleeting.core import InputError, UsageError
from fleeting.evaluation import Span, score_spotting
from fleeting.io import open_video, read_intervals
from fleeting.synth import (
    CameraSettings,
    Filming,
    RecordingSettings,
    read_recordings,
    subject_recordings,
    write_recordings,
)
from fleeting.synth import _life_script as life_script
from fleeting.synth._clip_people import Sitter
from fleeting.synth._life_script import Script, write_script

SMALL = RecordingSettings(
    minutes=0.1,
    micro_per_minute=10.0,
    macro_per_minute=6.0,
    filming=Filming(size=96, iod_px=(24, 30), fps=(25.0,)),
)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    path = tmp_path_factory.mktemp("photo") / "portrait.png"
    cv2.imwrite(str(path), data.astronaut()[0:300, 70:370, ::-1])
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> Path:
    out = tmp_path_factory.mktemp("set")
    write_recordings(out, 3, seed=4, subjects=2, settings=SMALL, portraits=[photo])
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def sitter() -> Sitter:
    return Sitter("synth/p0000s0", texture(), face_marks(), 3, 1.0, CameraSettings(), 50.0)


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Script]]:
    monkeypatch.setattr(life_script, "bearable", lambda *_: 100.0)  # it is slow, and another test's
    wanted = RecordingSettings(minutes=3.0)
    yield [write_script(np.random.default_rng(i), sitter(), wanted, 180.0) for i in range(60)]


def test_rates_are_those_of_the_settings(scripts: list[Script]) -> None:
    kinds = [one.plant.kind for script in scripts for one in script.expressions]
    usual = RecordingSettings()
    # 180 minutes: 324 micro and 702 macro are expected, give or take three deviations
    assert kinds.count("micro") / 180 == pytest.approx(usual.micro_per_minute, abs=0.3)
    assert kinds.count("macro") / 180 == pytest.approx(usual.macro_per_minute, abs=0.45)
    swallows = sum(len(script.life.swallows_s) for script in scripts)
    talks = sum(len(script.life.talk) for script in scripts)
    assert swallows / 180 == pytest.approx(usual.swallows_per_minute, abs=0.25)
    assert talks / 180 == pytest.approx(usual.talks_per_minute, abs=0.2)
    counts = [sum(one.plant.kind == "micro" for one in script.expressions) for script in scripts]
    assert 0.5 < np.var(counts) / np.mean(counts) < 1.7  # as chance has it (Poisson): 1


def test_expressions_words_and_swallows_come_one_at_a_time(scripts: list[Script]) -> None:
    for script in scripts:
        busy = [(one.plant.at_s, one.plant.at_s + one.plant.duration_s) for one in script.expressions]
        busy += [(t.at_s, t.at_s + (t.duration_s or 0.0)) for t in script.life.talk]
        busy += [(at, at + 1.0) for at in script.life.swallows_s]
        busy.sort()
        assert busy[0][0] >= 0.99 and busy[-1][1] <= 179.01
        gaps = [b[0] - a[1] for a, b in pairwise(busy)]
        assert min(gaps) > 0.59
        starts = [one.plant.at_s for one in script.expressions]
        assert starts == sorted(starts)
        turns = script.life.head.turns
        assert all(a.at_s + a.duration_s < b.at_s for a, b in pairwise(turns))


def test_kinds_differ_in_length_and_strength(scripts: list[Script]) -> None:
    plants = [one.plant for script in scripts for one in script.expressions]
    micro = [p for p in plants if p.kind == "micro"]
    macro = [p for p in plants if p.kind == "macro"]
    assert max(p.duration_s for p in micro) <= 0.5 < min(p.duration_s for p in macro)
    assert np.median([p.strength_percent for p in micro]) == pytest.approx(4.0, abs=0.6)
    assert np.median([p.strength_percent for p in macro]) == pytest.approx(12.0, abs=1.2)
    assert {one.label for script in scripts for one in script.expressions} == {
        "negative",
        "positive",
        "surprise",
    }


def test_the_csv_reader_reads_it(made: Path) -> None:
    report = datasets.check("csv", made)
    assert report.ok, report.findings
    dataset = datasets.open("csv", made)
    own = read_recordings(made)
    read = dataset.recordings()
    assert [one.id for one in read] == [f"{mine.subject}/{mine.path.stem}" for mine in own]
    for one, mine in zip(read, own, strict=True):
        assert one.path == mine.path
        spans = [(e.onset, e.apex, e.offset, e.kind) for e in one.events]
        assert spans == [(i.onset_frame, i.apex_frame, i.offset_frame, i.kind) for i in mine.intervals]
    assert sum(len(one.events) for one in read) > 2
    assert len(dataset.samples(kind="micro")) == sum(
        i.kind == "micro" for mine in own for i in mine.intervals
    )


def test_a_quiet_recording_is_one_too(tmp_path: Path, photo: Path) -> None:
    quiet = replace(SMALL, micro_per_minute=0.0, macro_per_minute=0.0)
    write_recordings(tmp_path, 1, seed=1, settings=quiet, portraits=[photo])
    (one,) = read_recordings(tmp_path)
    assert one.intervals == () and one.frames == 150
    (read,) = datasets.open("csv", tmp_path).recordings()
    assert read.events == () and read.path == one.path


def test_truth_is_a_table_that_score_reads(made: Path) -> None:
    truth = read_intervals(made / "truth.csv")
    own = read_recordings(made)
    assert len(truth) == sum(len(one.rows) for one in own)
    spans = [Span.from_interval(i, one.path.stem) for one in own for i in one.intervals]
    told = [Span(one.video, one.onset, one.offset, one.type) for one in truth]
    scores = score_spotting(told, spans, threshold=0.99)
    assert scores.counts().tp == len(spans) and scores.counts().fp == 0
    assert all(one.apex is not None and one.onset <= one.apex <= one.offset for one in truth)


def test_what_is_written_is_what_was_drawn(made: Path, photo: Path) -> None:
    stored = read_recordings(made)[0]
    drawn = next(subject_recordings(0, 1, seed=4, settings=SMALL, portraits=[photo]))
    assert [dict(row) for row in stored.rows] == drawn.rows
    with open_video(stored.path) as video:
        frames = [frame.rgb() for frame in video.frames()]
        assert video.info().fps == pytest.approx(stored.fps)
    assert len(frames) == len(drawn.planted) == stored.frames == 150
    for i, image in enumerate(drawn.planted.frames()):
        if i in (0, 100, 149):
            assert abs(frames[i].astype(float) - image).mean() < 6
    told = json.loads(stored.path.with_suffix(".synth.json").read_text())
    assert len(told["plants"]) == len(stored.rows)
    assert {event["what"] for event in told["events"]} >= {"plant"}


def test_same_bytes_however_many_processes(tmp_path: Path, made: Path, photo: Path) -> None:
    write_recordings(tmp_path, 3, seed=4, subjects=2, settings=SMALL, portraits=[photo], jobs=2)
    assert files(tmp_path) == files(made)
    with pytest.raises(InputError, match="made otherwise"):
        write_recordings(tmp_path, 4, seed=4, subjects=2, settings=SMALL, portraits=[photo])


def test_a_killed_run_goes_on(tmp_path: Path, made: Path, photo: Path) -> None:
    """Killed outright at some point after the first recording: nothing is made twice, nothing stays half."""
    out = tmp_path / "set"
    code = (
        "from tests.synth.test_recordings import SMALL\n"
        "from fleeting.synth import write_recordings\n"
        f"write_recordings({str(out)!r}, 3, seed=4, subjects=2, settings=SMALL, portraits=[{str(photo)!r}])\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    while run.poll() is None and not (out / "p0000" / "00").is_dir():
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    first = out / "p0000" / "00"
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    write_recordings(out, 3, seed=4, subjects=2, settings=SMALL, portraits=[photo])
    assert files(out) == files(made)
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before


def test_frames_do_not_pile_up(tmp_path: Path, photo: Path) -> None:
    calm = RecordingSettings(
        minutes=0.4,
        micro_per_minute=5.0,
        macro_per_minute=0.0,
        turns_per_minute=0.0,
        head_percent=0.0,
        talks_per_minute=0.0,
        filming=Filming(size=128, iod_px=(36.0, 36.0), fps=(25.0,), noise=(0.0, 0.0)),
    )
    (one,) = subject_recordings(0, 1, seed=1, settings=calm, portraits=[photo])
    height, width = one.planted.size
    tracemalloc.start()
    try:
        count = sum(image.shape == (height, width, 3) for image in one.planted.frames())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == len(one.planted) == 600
    assert peak < 0.25 * count * height * width * 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 0.0},
        {"minutes": 1000.0},
        {"micro_per_minute": -1.0},
        {"macro_per_minute": 100.0},
        {"class_shares": (1.0,)},
        {"tables": ()},
        {"strength_percent": (50.0, 0.1)},
        {"one_sided": -0.1},
        {"talk_s": (4.0, 1.0)},
        {"talks_per_minute": 100.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        RecordingSettings(**wrong)  # type: ignore[arg-type]


def test_what_is_no_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples\.csv"):
        read_recordings(tmp_path)
    with pytest.raises(UsageError, match="seed"):
        write_recordings(tmp_path / "a", 1, seed=-1, settings=SMALL)
    assert not (tmp_path / "a").exists()
