"""Files that are there whole or not at all.

A file is written under a temporary name in its own folder, forced to the disk and then renamed over the
target, so that a reader never sees half of it, whatever stops the writer. A writer that is killed outright
(SIGKILL, power) leaves its temporary file; :func:`sweep_temporaries` takes such litter away.
"""

import contextlib
import errno
import hashlib
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fleeting.core import InputError

TEMPORARY_PREFIX = ".fleeting-"
STALE_AFTER_S = 24 * 3600.0

_WHAT: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space left on the disk", "free some space or choose another output folder"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another output folder"),
    errno.EFBIG: ("the file grows larger than the file system allows", "choose another output folder"),
    errno.EACCES: ("is not writable", "change its permissions or choose another output folder"),
    errno.EPERM: ("is not writable", "change its permissions or choose another output folder"),
    errno.EROFS: ("lies on a read-only file system", "choose another output folder"),
    errno.EISDIR: ("is a folder, not a file", "move it away or choose another name"),
    errno.ENOTDIR: ("lies below something that is a file, not a folder", "choose another output folder"),
    errno.ENOENT: ("its folder does not exist", "make the folder first"),
    errno.ENAMETOOLONG: ("the name is too long for the file system", "choose a shorter name"),
}


def explain_os_error(where: object, error: OSError) -> InputError:
    """Turn an error of the operating system into one line that says what to do.

    Parameters
    ----------
    where
        The file or folder, as the user named it.
    error
        What the operating system raised.

    Returns
    -------
    InputError
        To be raised ``from error``.

    Examples
    --------
    >>> str(explain_os_error("out", OSError(errno.EROFS, "")))
    'out: lies on a read-only file system; choose another output folder'
    """
    unknown = (error.strerror or type(error).__name__, "check the path and the disk")
    what, hint = _WHAT.get(error.errno or 0, unknown)
    return InputError(where, what, hint)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Lend a temporary path whose file takes the target's place when the block ends well.

    For writers that need a path rather than an open file (a video encoder). The temporary name lies in the
    target's folder and ends like the target, so that formats are still guessed from it.

    Parameters
    ----------
    path
        The target. Its folder must exist.

    Yields
    ------
    pathlib.Path
        Write here.

    Raises
    ------
    InputError
        Where the disk is full, the folder is missing or not writable, or the target is a folder. The target
        is then as it was before.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as temporary:
    ...         written = temporary.write_text("whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    target = Path(path)
    temporary = target.with_name(_temporary_name(target.suffix))
    done = False
    try:
        if target.is_dir():  # os.replace would say so too, but with another error on each system
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        yield temporary
        _force_to_disk(temporary)
        os.replace(temporary, target)  # noqa: PTH105 - the one call that replaces on every system
        done = True
        _force_folder_to_disk(target.parent)
    except OSError as error:
        raise explain_os_error(path, error) from error
    finally:  # also on KeyboardInterrupt
        if not done:
            with contextlib.suppress(OSError):  # the error that brought us here matters more
                temporary.unlink(missing_ok=True)


def write_atomic(path: str | os.PathLike[str], data: bytes | str | Callable[[BinaryIO], object]) -> Path:
    r"""Write a whole file or nothing.

    Parameters
    ----------
    path
        The target; an older file is replaced.
    data
        Bytes, text (written as UTF-8), or a function that writes to the open binary file it is given.

    Returns
    -------
    pathlib.Path
        The target.

    Raises
    ------
    InputError
        As :func:`atomic_path`. Whatever else the writing function raises comes through; in every case the
        target is as it was before and no temporary file is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "a.txt", "é").read_bytes()
    b'\xc3\xa9'
    """
    with atomic_path(path) as temporary, temporary.open("xb") as file:
        if callable(data):
            data(file)
        else:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
    return Path(path)


def validate_folder(folder: str | os.PathLike[str]) -> Path:
    """Make an output folder ready: create it, prove it writable, clear old litter.

    Parameters
    ----------
    folder
        Where results shall go; parents are made too.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        Where it is a file, lies below a file, or cannot be made or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     validate_folder(Path(folder) / "new" / "out").is_dir()
    True
    """
    path = Path(folder)
    probe = path / _temporary_name("")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)  # asking is not enough: the access bits lie on network drives and as root
        probe.unlink()
    except FileExistsError as error:
        raise InputError(folder, "is a file, not a folder", "name another output folder") from error
    except OSError as error:
        raise explain_os_error(folder, error) from error
    sweep_temporaries(path)
    return path


def sweep_temporaries(folder: str | os.PathLike[str]) -> int:
    """Remove temporary files that killed writers left in a folder.

    A file goes if the process that made it, on this machine, is gone, or if nobody wrote to it for a day
    (files of other machines, a number that another process has by now, systems where this cannot be asked).

    Returns
    -------
    int
        How many were removed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sweep_temporaries(folder)
    0
    """
    removed = 0
    for path in Path(folder).glob(TEMPORARY_PREFIX + "*.tmp*"):
        with contextlib.suppress(OSError):  # another process may sweep at the same time
            if _is_stale(path):
                path.unlink()
                removed += 1
    return removed


def _temporary_name(suffix: str) -> str:
    suffix = suffix if len(suffix) <= 10 else ""  # an ending that long is no file type
    return f"{TEMPORARY_PREFIX}{_machine()}-{os.getpid()}-{secrets.token_hex(6)}.tmp{suffix}"


def _machine() -> str:
    """Eight letters for this machine: enough to tell it from others that share the folder."""
    return hashlib.sha256(platform.node().encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _is_stale(path: Path) -> bool:
    machine, _, rest = path.name.removeprefix(TEMPORARY_PREFIX).partition("-")
    process = rest.partition("-")[0]
    if os.name == "posix" and machine == _machine() and process.isdecimal() and not _is_running(int(process)):
        return True
    return time.time() - path.stat().st_mtime > STALE_AFTER_S


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's process; or not a process number at all
        return True
    return True


def _force_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _force_folder_to_disk(folder: Path) -> None:
    """Make the rename itself last; where a system cannot do this for a folder, the file is still whole."""
    if os.name != "posix":
        return
    cannot = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)  # some network drives; a folder one may not list
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in cannot:
            raise
