"""`fleeting analyze`: what it prints, which options mean what, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fleeting.analysis
from fleeting.analysis import AnalysisSettings, VideoOutcome, VideoProgress, VideoStarted
from fleeting.cli import _progress, _tables
from fleeting.cli.main import main
from fleeting.core import ActionUnit, Emotion, Expression, Interval
from fleeting.io import read_result, write_video
from fleeting.io.atomic import TEMPORARY_PREFIX

RUN = [sys.executable, "-c", "from fleeting.cli.main import run; run()"]
ENDINGS = (".csv", ".eaf", ".html", ".json", ".signals.npz")


def grey_clip(path: Path, frames: int = 5) -> Path:
    return write_video(path, [np.full((64, 64, 3), 90, np.uint8)] * frames, fps=25)


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    return [grey_clip(tmp_path / f"{name}.mp4") for name in "ab"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_video(clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(clips[0]), "--out", str(out)]) == 0
    shown, errors = capsys.readouterr()
    assert errors == ""
    lines = shown.splitlines()
    assert lines[0].startswith(f"[1/1] {clips[0]}: 0 micro, 0 macro in 0.2 s; took ")
    assert lines[1] == f"{clips[0]}: 0.20 s, 5 frames at 25/s, 0 faces"
    assert lines[2] == "nothing was found"
    assert lines[4] == "warning: no face was found in any frame (no_face)"
    assert lines[5:] == [str(out / f"a{ending}") for ending in ENDINGS]
    assert names(out) == [f"a{ending}" for ending in ENDINGS]  # and no overview of one


def test_several_videos(clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty.mp4").touch()
    videos = [str(clips[0]), str(tmp_path / "empty.mp4"), str(clips[1])]
    assert main(["analyze", *videos, "--out", str(out)]) == 1
    shown, errors = capsys.readouterr()
    assert errors == f"error: {videos[1]}: is empty; copy or record it again\n"
    lines = shown.splitlines()
    assert [line.split(" ")[0] for line in lines[:2]] == ["[1/3]", "[3/3]"]
    assert lines[-2:] == [str(out / "summary.csv"), str(out / "index.html")]
    table = [line.split() for line in lines if line.split()[1:2] in (["done"], ["failed"])]
    assert [row[1] for row in table] == ["done", "failed", "done"]
    assert names(out) == sorted([f"{n}{e}" for n in "ab" for e in ENDINGS] + ["summary.csv", "index.html"])


def test_done_before(clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["analyze", str(clips[0]), "--out", str(tmp_path / "out")]
    main(command)
    capsys.readouterr()
    assert main(command) == 0
    assert "done before" in capsys.readouterr().out
    assert main([*command, "--overwrite"]) == 0
    assert "done before" not in capsys.readouterr().out


def test_options_reach_the_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def analyze_many(videos: object, out: object, settings: object, **options: object) -> list[object]:
        seen.update(videos=videos, out=out, settings=settings, **options)
        return []

    monkeypatch.setattr(fleeting.analysis, "analyze_many", analyze_many)
    monkeypatch.setattr(fleeting.analysis, "write_overview", lambda *_, **__: {})
    options = (
        "--faces all --from 1.5 --to 2 --fps 200 --min-confidence 0.25 --no-pictures --overwrite --jobs 3"
    )
    assert main(["analyze", "x", "y", "--out", str(tmp_path), *options.split()]) == 0
    assert seen.pop("settings") == AnalysisSettings("all", 1.5, 2.0, 200.0, 0.25, pictures=False)
    del seen["on_event"]
    assert seen == {
        "videos": ["x", "y"],
        "out": tmp_path,
        "jobs": 3,
        "ray_address": None,
        "overwrite": True,
    }


def test_ray_address_reaches_the_jobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Ray is not there, that is said; where it is, nobody listens at this address."""
    clip = grey_clip(tmp_path / "a.mp4")
    code = main(["analyze", str(clip), "--out", str(tmp_path / "out"), "--ray", "127.0.0.1:1"])
    error = capsys.readouterr().err
    assert (code, error.count("\n")) in ((1, 1), (2, 1))
    assert "fleeting[distributed]" in error or "no Ray cluster answers" in error


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--ray", "local", "--jobs", "2"], "--jobs and --ray exclude each other: give one of them"),
        (["--spotter", "x"], "no spotter 'x': no such folder; shipped: learnt"),
        (["--recognizer", "x"], "no recogniser 'x': no such folder; shipped: default"),
        (["--au-detector", "x"], "no AU detector 'x': no such folder; shipped: default"),
        (["--from", "2", "--to", "1"], "expected 0 <= start <= stop, got 2.0 and 1.0 seconds"),
        (["--min-confidence", "2"], "min_confidence: expected 0..1, got 2.0"),
        (["--fps", "-1"], "fps: expected a positive number, got -1.0"),
    ],
)
def test_wrong_options(
    options: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["analyze", "a.mp4", "--out", str(out), *options]) == 2
    assert capsys.readouterr() == ("", f"error: {line}\n")
    assert not out.exists()


def test_folders_of_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import cv2

    folder = tmp_path / "s1" / "clip"
    folder.mkdir(parents=True)
    for number in range(1, 12):
        cv2.imwrite(str(folder / f"img_{number}.jpg"), np.full((64, 64, 3), 90, np.uint8))
    command = ["analyze", f"{folder}{os.sep}", "--out", str(tmp_path / "out")]
    assert main(command) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "--fps" in line
    assert main([*command, "--fps", "200"]) == 0
    video = read_result(tmp_path / "out" / "clip.json").video
    assert (video.frames, video.fps) == (11, 200.0)


def test_unexpected_errors_are_one_line_and_debug_shows_more(
    clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = fleeting.analysis.analyze

    def analyze(path: str, *rest: object, **options: object) -> object:
        if path.endswith("a.mp4"):
            raise ZeroDivisionError("division by zero")
        return real(path, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fleeting.analysis, "analyze", analyze)
    command = ["analyze", *map(str, clips), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    line = (
        f"error: {clips[0]}: unexpected ZeroDivisionError: division by zero; "
        "run `fleeting doctor` and report both\n"
    )
    assert capsys.readouterr().err == line
    assert (tmp_path / "out" / "b.json").exists()
    assert main([*command, "--debug"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(line)
    assert "Traceback" in shown
    assert "in analyze" in shown


def test_names_with_markup_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos = [grey_clip(tmp_path / name) for name in ("[red]a :smile: [.mp4", "b.mp4")]
    assert main(["analyze", *map(str, videos), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.count("[red]a :smile: [") >= 2  # in its line and in the table


def expression(**changes: object) -> Expression:
    interval = Interval.from_frames(50, 69, fps=50, apex=60, score=0.8125)
    units = (ActionUnit(6, "both", 0.9), ActionUnit(12, "left", 0.7))
    return Expression(1, interval, Emotion("positive", {"positive": 1.0}), units)


def test_a_moment_says_when_what_and_how_sure() -> None:
    assert _tables.expression_row(3, expression()) == [
        *[3, "0:01.00", "0:01.38", "0.40 s", "micro", "6+12L", "positive", "0.81", 1]
    ]


def test_long_tables_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    _tables.print_table(["n"], [[f"row{k}"] for k in range(_tables.MOST_ROWS + 7)])
    shown = capsys.readouterr().out
    assert shown.count("row") == _tables.MOST_ROWS
    assert shown.endswith("... and 7 more in the files\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.00"), (59.994, "0:59.99"), (59.996, "1:00.00"), (3600, "1:00:00.00"), (4205.5, "1:10:05.50")],
)
def test_clock(seconds: float, text: str) -> None:
    assert _tables.clock(seconds) == text


def test_long_videos_say_something_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now)
    with _progress.watching(2) as watch:
        watch(VideoStarted(0, "a.mp4", 4000))
        for frames in range(1, 2001):
            now = 100.0 + frames / 100
            watch(VideoProgress(0, frames, frames / 50))
    assert capsys.readouterr().out == "[1/2] a.mp4: 1501 frames, 100 frames/s, 25 s left\n"


def test_an_unknown_length_has_no_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now)
    with _progress.watching(1) as watch:
        watch(VideoStarted(0, "a.ts", None))
        now = 20.0
        watch(VideoProgress(0, 5000, 1.0))
    assert capsys.readouterr().out == "[1/1] a.ts: 5000 frames, 250 frames/s\n"


def test_bars_know_what_is_known() -> None:
    """A known length gives a share and a time left, an unknown one a pulse, in whatever order they come."""
    progress = _progress._bars()
    bars = _progress._Bars(progress, 3, debug=False)
    seen = []
    for index, expected in enumerate((100, None, 50)):
        bars(VideoStarted(index, f"in/v{index}.mp4", expected))
        bars._drawn = 0.0
        bars(VideoProgress(index, 25, 1.0))
        one = progress.tasks[-1]
        seen.append((one.description, one.total, one.completed))
        bars(VideoOutcome(index, f"in/v{index}.mp4", f"v{index}", "done", None))  # type: ignore[arg-type]
        assert not progress.tasks[-1].visible
    assert seen == [("v0.mp4", 100, 25), ("v1.mp4", None, 25), ("v2.mp4", 50, 25)]
    assert (progress.tasks[0].description, progress.tasks[0].completed) == ("all videos", 3)


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are a POSIX thing")
def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    clip = grey_clip(tmp_path / "a.mp4", 60)
    missing = tmp_path / "missing.mp4"
    code, out, terminal = on_terminal("analyze", str(clip), str(missing), "--out", str(tmp_path / "out"))
    assert code == 1
    assert "a.mp4" in terminal
    assert " 60 frames, " in terminal or "frames, " in terminal
    assert "all videos" in terminal
    assert f"error: {missing}: does not exist; check the name" in terminal.replace("\r\n", "")
    assert "[1/2]" not in out
    assert out.splitlines()[-1] == str(tmp_path / "out" / "index.html")


def on_terminal(*arguments: str) -> tuple[int, str, str]:
    """Run with stderr on a pseudo terminal; gives exit code, stdout, and what the terminal got."""
    import pty

    mine, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "400"}
    process = subprocess.Popen(
        [*RUN, *arguments], stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True
    )
    os.close(theirs)
    got = b""
    while True:
        try:
            piece = os.read(mine, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        got += piece
    os.close(mine)
    out = process.stdout.read() if process.stdout else ""
    return process.wait(), out, got.decode()


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no SIGINT for one process")
@pytest.mark.parametrize("jobs", [1, 2])
def test_interruption_leaves_whole_files(tmp_path: Path, jobs: int) -> None:
    out = tmp_path / "out"
    videos = [grey_clip(tmp_path / "a.mp4"), *(grey_clip(tmp_path / f"{n}.mp4", 1500) for n in "bc")]
    process = subprocess.Popen(
        [*RUN, "analyze", *map(str, videos), "--out", str(out), "--jobs", str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (out / "a.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "stopped: what is finished is kept, and the same command goes on from there\n"
    assert names(out) == [f"a{ending}" for ending in ENDINGS]
    assert not [name for name in names(out) if name.startswith(TEMPORARY_PREFIX)]
    json.loads((out / "a.json").read_text())


def test_outcomes_decide_the_exit_code() -> None:
    from fleeting.cli.analyze import exit_code
    from fleeting.core import InputError, UsageError

    def outcome(error: Exception | None) -> VideoOutcome:
        return VideoOutcome(0, "a", "a", "failed" if error else "done", None, error=error)  # type: ignore[arg-type]

    good, bad, wrong = outcome(None), outcome(InputError("a", "b")), outcome(UsageError("c"))
    assert exit_code([good, good]) == 0
    assert (
        exit_code([good, bad]) == exit_code([bad]) == exit_code([good, wrong]) == exit_code([bad, wrong]) == 1
    )
    assert exit_code([wrong, wrong]) == 2
