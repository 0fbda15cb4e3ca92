"""Arrays that can be made again, kept by key: whole or not at all, checked when read, mapped into memory."""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.io._cache_file import DamagedError, read_entry, size_on_disk, write_entry
from fleeting.io.atomic import explain_os_error, sweep_temporaries, validate_folder, write_atomic

SUFFIX = ".arrays"
REMEMBER_FROM = 4_000_000  # bytes of a source from which its hash is worth remembering
SETTLED_S = 2.0  # a file younger than this may change once more within the same time stamp


def entry_key(**parts: Any) -> str:
    """Name an entry by all that its content depends on: 64 hex digits.

    Parameters
    ----------
    parts
        Plain numbers, text, lists and mappings: the content of the source, the settings, and the version of
        the code (see `code_version`).

    Raises
    ------
    UsageError
        For a part that JSON cannot carry.

    Examples
    --------
    >>> entry_key(source="ab", size=28) == entry_key(size=28, source="ab")
    True
    >>> entry_key(source="ab", size=28) == entry_key(source="ab", size=29)
    False
    """
    try:
        text = json.dumps(parts, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"key of the cache: {error}; give plain numbers, text and lists") from error
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class CacheEntry:
    """What was kept under a key.

    Parameters
    ----------
    arrays
        By name, read-only and mapped into memory: a part that nobody looks at is not held. The file stays
        open as long as one of them is kept, so copy what is to be kept of thousands of entries.
    meta
        Plain values that came with them.
    """

    arrays: Mapping[str, np.ndarray]
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Damage:
    """An entry that was found damaged: its key, and what is wrong with it."""

    key: str
    why: str


class ArrayCache:
    """A folder of entries, each one flat file; see ``docs/cache.md`` for the format.

    An entry is written under another name and renamed, so a reader never sees half of one, whatever stops the
    writer; several processes may read and write at the same time, and the last of two equal entries stays.
    Each read checks the checksums (CRC-32: against accidents, not against malice). A damaged entry counts as
    missing, is noted in ``damaged``, and is replaced by the next `put`.

    Parameters
    ----------
    folder
        Made where it is missing.

    Attributes
    ----------
    damaged : list of Damage
        What was found damaged so far, in the order of reading.

    Raises
    ------
    InputError
        Where the folder cannot be made or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = ArrayCache(folder)
    ...     key = entry_key(source="one")
    ...     missing = cache.get(key)
    ...     _ = cache.put(key, {"flow": np.ones((2, 3), np.float32)}, {"frames": 2})
    ...     kept = cache.get(key)
    ...     missing, kept.arrays["flow"].sum().item(), kept.meta
    (None, 6.0, {'frames': 2})
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = validate_folder(folder)
        for place in self.folder.glob("[0-9a-f][0-9a-f]"):
            sweep_temporaries(place)
        self.damaged: list[Damage] = []

    def path(self, key: str) -> Path:
        """Give the file of a key, whether it is there or not."""
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def __contains__(self, key: str) -> bool:
        return self.path(key).is_file()

    def get(self, key: str, *, verify: bool = True) -> CacheEntry | None:
        """Give what was kept under a key, or ``None`` where there is nothing whole.

        Parameters
        ----------
        key
            From `entry_key`.
        verify
            Compare checksums, which reads all of the entry. Without it only the header and the size are
            looked at, and a flipped bit goes unnoticed.

        Raises
        ------
        InputError
            Where the file is there and may not be read.
        """
        path = self.path(key)
        try:
            return CacheEntry(*read_entry(path, key, verify=verify))
        except FileNotFoundError:
            return None
        except (DamagedError, ValueError, KeyError, TypeError) as error:  # JSON and dtypes that are none
            self.damaged.append(Damage(key, str(error) or type(error).__name__))
            return None
        except OSError as error:
            raise InputError(
                path, f"cannot be read ({error.strerror})", "check the permissions of the cache"
            ) from error

    def put(
        self, key: str, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any] | None = None
    ) -> CacheEntry:
        """Keep arrays under a key, and give them back as `get` would.

        Raises
        ------
        InputError
            Where the disk is full or the folder cannot be written.
        UsageError
            For arrays that are no numbers, or meta that JSON cannot carry.
        """
        path = self.path(key)
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise explain_os_error(path.parent, error) from error
        write_atomic(path, lambda file: write_entry(file, key, arrays, meta or {}))
        return CacheEntry(*read_entry(path, key, verify=False))

    def size(self) -> tuple[int, int]:
        """Count the entries and their bytes.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ArrayCache(folder).size()
        (0, 0)
        """
        return size_on_disk(self.folder, SUFFIX)


def content_key(paths: Sequence[str | os.PathLike[str]], cache: ArrayCache | None = None) -> str:
    """Name the content of files, in their order: 64 hex digits; where they lie does not count.

    Every file is read and hashed whole (SHA-256), however large. With a cache, what was hashed is remembered
    for sources of 4 MB and more by path, size, time of change and time of status change (which an edit that
    sets the time of change back still moves); a file younger than two seconds is not remembered, since it
    could change again within one tick of the file system's clock.

    Parameters
    ----------
    paths
        Files: one video, or the frames of a folder in order.
    cache
        Where to remember.

    Raises
    ------
    InputError
        Where a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     a, b = Path(folder) / "a", Path(folder) / "b"
    ...     _ = a.write_bytes(b"1"), b.write_bytes(b"1")
    ...     content_key([a]) == content_key([b]), content_key([a]) == content_key([a, b])
    (True, False)
    """
    files = [Path(one) for one in paths]
    began = time.time()
    before = _status(files)
    if cache is None or sum(size for _, size, _, _ in before) < REMEMBER_FROM:
        return _hash(files)
    key = entry_key(kind="content", status=before)
    known = cache.get(key)
    if known is not None:
        return str(known.meta["content"])
    found = _hash(files)
    newest = max(max(changed, status) for _, _, changed, status in before) / 1e9
    if began - newest > SETTLED_S and _status(files) == before:
        cache.put(key, {}, {"content": found})
    return found


def _status(files: Sequence[Path]) -> list[tuple[str, int, int, int]]:
    try:
        told = [(path, path.stat()) for path in files]
    except OSError as error:
        raise explain_os_error(error.filename or files[0], error) from error
    return [(str(path.absolute()), one.st_size, one.st_mtime_ns, one.st_ctime_ns) for path, one in told]


def _hash(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    return total.hexdigest()


def code_version(*sources: str | os.PathLike[str]) -> str:
    """Name a state of code by the text of its files: 16 hex digits.

    Parameters
    ----------
    sources
        Python files, or folders whose Python files count.

    Examples
    --------
    >>> code_version(__file__) == code_version(__file__), len(code_version(Path(__file__).parent))
    (True, 16)
    """
    digest = hashlib.sha256()
    for source in map(Path, sources):
        for path in sorted(source.glob("*.py")) if source.is_dir() else [source]:
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
