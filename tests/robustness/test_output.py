"""Output folders that cannot be used, and disks that fill up on the way."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fleeting.cli.main import main
from fleeting.io import atomic, read_result
from fleeting.io.atomic import TEMPORARY_PREFIX

ENDINGS = (".csv", ".eaf", ".html", ".json", ".signals.npz")
Encode = Callable[..., Path]


@pytest.fixture(scope="module")
def two(encode: Encode, pictures: list[np.ndarray]) -> list[str]:
    return [str(encode(pictures[:count], f"v{count}.mp4")) for count in (8, 9)]


def temporaries(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(TEMPORARY_PREFIX)]


def test_a_file_in_place_of_the_folder(
    two: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    assert main(["analyze", *two, "--out", str(out)]) == 1
    assert capfd.readouterr() == (
        "",
        f"error: {out}: is a file, not a folder; name another output folder\n",
    )
    assert out.read_text() == "mine"


def test_a_folder_below_a_file(two: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    out = tmp_path / "notes.txt" / "out"
    assert main(["analyze", *two, "--out", str(out)]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: {out}: ")
    assert "folder" in line


def test_a_folder_that_may_not_be_written_to(
    two: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    if os.access(out, os.W_OK):
        pytest.skip("this user may write everywhere (root), so no folder is closed")
    assert main(["analyze", *two, "--out", str(out)]) == 1
    assert capfd.readouterr() == (
        "",
        f"error: {out}: is not writable; change its permissions or choose another output folder\n",
    )


def test_a_folder_in_place_of_a_result(
    two: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "v8.csv" / "inside").mkdir(parents=True)
    assert main(["analyze", *two, "--out", str(out)]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: {two[0]}: {out / 'v8.csv'}: is a folder, not a file; ")
    assert all((out / f"v9{ending}").is_file() for ending in ENDINGS)
    assert (out / "v8.csv" / "inside").is_dir()


@pytest.mark.parametrize("written", range(5))
def test_the_disk_fills_up_at_each_file(
    written: int,
    two: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At each of the five files of the first video in turn; there is room again for the second."""
    out, count = tmp_path / "out", []
    real = atomic._force_to_disk

    def full(path: Path) -> None:
        count.append(path)
        if len(count) == written + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path)

    monkeypatch.setattr(atomic, "_force_to_disk", full)
    assert main(["analyze", *two, "--out", str(out)]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: {two[0]}: {out}")
    assert line.endswith(": no space left on the disk; free some space or choose another output folder")
    assert not (out / "v8.json").exists()
    assert not temporaries(out)
    assert all((out / f"v9{ending}").is_file() for ending in ENDINGS)
    assert main(["analyze", *two, "--out", str(out)]) == 0
    assert read_result(out / "v8.json").video.frames == 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no mount command")
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(two: list[str], small_disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = small_disk / "out"
    assert main(["analyze", two[0], "--out", str(out)]) == 0
    capfd.readouterr()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    assert main(["analyze", *two, "--out", str(out)]) == 1
    shown, errors = capfd.readouterr()
    lines = errors.splitlines()
    assert len(lines) == 2  # the second video, and the page over both
    assert lines[0].startswith(f"error: {two[1]}: {out}")
    assert all("no space left on the disk; free some space" in line for line in lines)
    assert "done before" in shown
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    filler.unlink()
    assert main(["analyze", *two, "--out", str(out)]) == 0
    assert len(list(out.iterdir())) == 12
