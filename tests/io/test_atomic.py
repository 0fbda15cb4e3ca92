import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from fleeting import io
from fleeting.core import InputError
from fleeting.io.atomic import TEMPORARY_PREFIX, explain_os_error

posix = pytest.mark.skipif(os.name != "posix", reason="signals and permissions of POSIX systems")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def run_script(text, *arguments):
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("data", [b"\xe2\x82\xac", "€", lambda file: file.write(b"\xe2\x82\xac")])
def test_bytes_text_and_writers_replace_the_target(tmp_path, data):
    target = tmp_path / "a.txt"
    target.write_text("old and longer")
    assert io.write_atomic(target, data) == target
    assert target.read_bytes() == b"\xe2\x82\xac"
    assert names(tmp_path) == ["a.txt"]


@posix
def test_the_file_has_ordinary_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        io.write_atomic(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "name",
    ["with blank", "-dash", "line\nfeed", "微表情", "=1+1", "x" * 255, "e." + "y" * 200]
    + (["\udcff"] if sys.platform == "linux" else []),
)
def test_any_name_that_the_system_allows(tmp_path, name):
    target = tmp_path / name
    try:
        target.touch()
    except OSError as error:
        pytest.skip(f"this file system has no such name: {error}")
    io.write_atomic(target, b"new")
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_whatever_stops_the_writer_leaves_the_old_file_and_nothing_else(tmp_path, error):
    def writer(file):
        file.write(b"half")
        raise error

    (tmp_path / "a").write_text("old")
    with pytest.raises(error):
        io.write_atomic(tmp_path / "a", writer)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_full_disk_says_so_and_leaves_nothing(tmp_path):
    def writer(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError) as caught:
        io.write_atomic(tmp_path / "a", writer)
    assert (
        str(caught.value)
        == f"{tmp_path / 'a'}: no space left on the disk; free some space or choose another output folder"
    )
    assert names(tmp_path) == []


@posix
def test_a_limit_that_the_system_itself_enforces(tmp_path):
    """Not simulated: the kernel refuses to write more than 1000 bytes into one file."""
    script = """
import resource, sys
from fleeting import io
from fleeting.core import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    io.write_atomic(sys.argv[1], b"x" * 5000)
except InputError as error:
    print(error.what)
"""
    (tmp_path / "a").write_text("old")
    done = run_script(script, tmp_path / "a")
    assert done.stdout.strip() == "the file grows larger than the file system allows", done.stderr
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_target_is_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="is a folder, not a file"):
        io.write_atomic(tmp_path / "a", b"")
    assert names(tmp_path) == ["a"]


@posix
def test_a_parent_is_a_file(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match="lies below something that is a file"):
        io.write_atomic(tmp_path / "a" / "b", b"")


def test_the_folder_is_missing(tmp_path):
    with pytest.raises(InputError, match="its folder does not exist; make the folder first"):
        io.write_atomic(tmp_path / "none" / "a", b"")


@posix
def test_name_too_long(tmp_path):
    with pytest.raises(InputError, match="name is too long"):
        io.write_atomic(tmp_path / ("x" * 300), b"")
    assert names(tmp_path) == []


@posix
def test_folder_not_writable(tmp_path):
    """As an ordinary user: root may write anywhere, so root steps down first."""
    script = """
import os, sys
from fleeting import io
from fleeting.core import InputError
if os.geteuid() == 0:
    os.setuid(65534)
def write(folder):
    io.write_atomic(folder + "/a", b"")
def make(folder):
    io.validate_folder(folder + "/new")
for work in (write, io.validate_folder, make):
    try:
        work(sys.argv[1])
    except InputError as error:
        print(error.what)
"""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    done = run_script(script, folder)
    assert done.stdout.splitlines() == ["is not writable"] * 3, done.stderr
    assert names(folder) == []


def test_unknown_errors_keep_the_words_of_the_system():
    assert str(explain_os_error("a", OSError(errno.EIO, "Input/output error"))) == (
        "a: Input/output error; check the path and the disk"
    )
    assert explain_os_error("a", TimeoutError()).what == "TimeoutError"


def test_atomic_path_keeps_the_ending_and_moves_at_the_end(tmp_path):
    with io.atomic_path(tmp_path / "clip.mp4") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        temporary.write_bytes(b"video")
        assert not (tmp_path / "clip.mp4").exists()
    assert names(tmp_path) == ["clip.mp4"]


@posix
def test_killed_writer_leaves_litter_that_is_swept(tmp_path):
    script = """
import os, signal, sys
from fleeting import io
def writer(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
io.write_atomic(sys.argv[1], writer)
"""
    (tmp_path / "a").write_text("old")
    done = run_script(script, tmp_path / "a")
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_text() == "old"
    assert len(names(tmp_path)) == 2, "the test is void if the killed writer left nothing"
    assert io.sweep_temporaries(tmp_path) == 1
    assert names(tmp_path) == ["a"]


def test_sweeping_spares_the_living_and_the_unknown(tmp_path):
    with io.atomic_path(tmp_path / "a") as mine:
        mine.write_text("in work")
        elsewhere = tmp_path / f"{TEMPORARY_PREFIX}00000000-1-abc.tmp"
        elsewhere.write_text("another machine's, new")
        old = tmp_path / f"{TEMPORARY_PREFIX}00000000-1-def.tmp.mp4"
        old.write_text("another machine's, two days old")
        os.utime(old, (time.time() - 2 * 86400,) * 2)
        (tmp_path / "notes.tmp").write_text("not ours")
        assert io.sweep_temporaries(tmp_path) == 1
        assert not old.exists()
    assert names(tmp_path) == sorted([elsewhere.name, "a", "notes.tmp"])


def test_readers_never_see_half_a_file(tmp_path):
    target = tmp_path / "a"
    io.write_atomic(target, b"0" * 100_000)
    writers = [
        threading.Thread(target=lambda d=d: [io.write_atomic(target, d * 100_000) for _ in range(20)])
        for d in (b"1", b"2")
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen = target.read_bytes()
        assert len(seen) == 100_000
        assert len(set(seen)) == 1
    assert names(tmp_path) == ["a"]


def test_validate_folder_makes_parents_and_sweeps(tmp_path):
    folder = tmp_path / "a" / "b"
    assert io.validate_folder(folder) == folder
    assert names(folder) == []
    stale = folder / f"{TEMPORARY_PREFIX}00000000-1-def.tmp"
    stale.touch()
    os.utime(stale, (0, 0))
    io.validate_folder(folder)
    assert names(folder) == []


def test_validate_folder_refuses_files(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match="is a file, not a folder; name another output folder"):
        io.validate_folder(tmp_path / "a")
    if os.name == "posix":
        with pytest.raises(InputError, match="lies below something that is a file"):
            io.validate_folder(tmp_path / "a" / "b")
