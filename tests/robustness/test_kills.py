"""Killed outright at any time, a run leaves nothing half-written, and the next run goes on from there."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleeting.cli.main import main
from fleeting.io import read_result
from fleeting.io.atomic import TEMPORARY_PREFIX

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX process groups")

RUN = [sys.executable, "-c", "from fleeting.cli.main import run; run()"]
ENDINGS = (".csv", ".eaf", ".html", ".json", ".signals.npz")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def videos(encode: Callable[..., Path], pictures: list[np.ndarray]) -> list[Path]:
    """Four short videos, each with another number of frames."""
    return [encode(pictures[: 11 + 3 * k], f"v{k}.mp4") for k in range(4)]


@pytest.fixture(scope="module")
def undisturbed(videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("undisturbed")
    assert main(["analyze", *map(str, videos), "--out", str(out)]) == 0
    return contents(out)


def contents(out: Path) -> dict[str, Any]:
    """What a finished folder holds, without time and machine."""
    found: dict[str, Any] = {}
    for path in sorted(out.iterdir()):
        if path.suffix == ".json":
            document = json.loads(path.read_text())
            del document["provenance"]["runtime_s"], document["provenance"]["machine"]
            found[path.name] = document
            read_result(path)  # and the signals beside it belong to it
        elif path.name in ("summary.csv", "index.html"):
            found[path.name] = re.sub(r"\b(done|skipped)\b", "done or skipped", path.read_text())
        elif path.suffix == ".html":
            found[path.name] = re.sub(r", [\d.]+ s</dd>", "", path.read_text())
        elif path.suffix == ".eaf":
            found[path.name] = re.sub(r'DATE="[^"]*"', "", path.read_text())
        else:
            found[path.name] = path.read_bytes()
    return found


def kill_at(command: list[str], out: Path, *, delay_s: float, after_first_file: bool) -> bool:
    """Start, wait, kill the whole group; says whether the run was still going."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + PATIENCE_S
    while after_first_file and process.poll() is None and time.monotonic() < deadline:
        if out.is_dir() and any(out.iterdir()):
            break
        time.sleep(0.002)
    time.sleep(delay_s)
    running = process.poll() is None
    with contextlib.suppress(ProcessLookupError):  # a quick machine was done before
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while time.monotonic() < deadline:  # until its workers are gone, too
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.01)
    return running


def check_kill(seed: int, videos: list[Path], undisturbed: dict[str, Any], out: Path) -> bool:
    rng = np.random.default_rng(seed)
    jobs = 1 + seed % 2
    command = [*RUN, "analyze", *map(str, videos), "--out", str(out), "--jobs", str(jobs)]
    late = bool(rng.random() < 0.75)  # most of a short run is loading; writing is what matters
    delay_s = float(rng.uniform(0, 0.6 if late else 2.0))
    running = kill_at(command, out, delay_s=delay_s, after_first_file=late)
    if out.is_dir():
        for path in out.iterdir():
            if path.name.startswith(TEMPORARY_PREFIX):
                continue
            if path.suffix == ".json":
                read_result(path)  # raises where it is not whole
                assert all(path.with_name(path.stem + e).exists() for e in ENDINGS), f"seed {seed}: {path}"
    assert main(command[3:]) == 0, f"seed {seed}"
    assert contents(out) == undisturbed, f"seed {seed}, killed {delay_s:.3f} s after {late=}"
    return running


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make folders beside that of the undisturbed run: the .eaf names its video from where it lies."""
    return lambda: tmp_path_factory.mktemp("killed")


def test_a_kill(videos: list[Path], undisturbed: dict[str, Any], folder: Callable[[], Path]) -> None:
    check_kill(22, videos, undisturbed, folder())  # soon after its first file


@pytest.mark.slow
def test_twenty_kills(videos: list[Path], undisturbed: dict[str, Any], folder: Callable[[], Path]) -> None:
    running = [check_kill(seed, videos, undisturbed, folder()) for seed in range(100, 120)]
    assert sum(running) >= 5, "too few kills met a run that was still going"


def test_kill_while_a_file_is_written(
    videos: list[Path], undisturbed: dict[str, Any], folder: Callable[[], Path]
) -> None:
    """The run stops for ever in the midst of its third file, and is killed there."""
    out = folder()
    code = (
        "import time\nfrom fleeting.io import atomic\nreal, count = atomic._force_to_disk, []\n"
        "def slow(path):\n    count.append(path)\n"
        "    time.sleep(600) if len(count) == 3 else real(path)\n"
        "atomic._force_to_disk = slow\nfrom fleeting.cli.main import run; run()"
    )
    arguments = ["analyze", *map(str, videos), "--out", str(out)]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        names = [path.name for path in out.iterdir()] if out.is_dir() else []
        if len(names) == 3 and any(name.startswith(TEMPORARY_PREFIX) for name in names):
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    left = sorted(path.name for path in out.iterdir())
    assert sum(name.startswith(TEMPORARY_PREFIX) for name in left) == 1  # so the test tests what it says
    assert not [name for name in left if name.endswith(".json")]
    assert main(arguments) == 0
    assert contents(out) == undisturbed
