"""A list of what is done, kept on disk, so that a killed run goes on where it was."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fleeting.core import InputError, UsageError

SCHEMA = "fleeting.ledger/1"


class Ledger:
    """Results by key, in a file that only ever grows.

    Each result is forced to the disk before :meth:`record` returns. A run that is killed leaves at most half
    a last line, which the next run passes over and writes over: that item is not done. One process writes at
    a time, the driver of the run; a second one is noticed and refused.

    Parameters
    ----------
    path
        The file, by custom ``.jsonl``; its folder must exist. It is made when something is recorded.

    Raises
    ------
    InputError
        Where the file cannot be read, is no ledger, or is damaged before its last line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Ledger(Path(folder) / "done.jsonl").record("fold 1", {"uf1": 0.5})
    ...     again = Ledger(Path(folder) / "done.jsonl")
    ...     again["fold 1"], [key for key in ("fold 1", "fold 2") if key not in again]
    ({'uf1': 0.5}, ['fold 2'])
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._values: dict[str, Any] = {}
        self._size = 0  # of the file as last seen, with a torn last line
        self._good = 0  # up to here it is whole
        self._load()

    def record(self, key: str, value: Any = None) -> None:
        """Add a result that is done.

        Parameters
        ----------
        key
            Names the item in every run alike: what it depends on, not its position.
        value
            Anything that JSON carries (NaN and infinity too). It is kept as JSON gives it back, tuples as
            lists, so that a run that goes on sees just what it would have seen.

        Raises
        ------
        UsageError
            Where the key is recorded already or JSON cannot carry the value.
        InputError
            Where the file cannot be written, or another process wrote to it.
        """
        if key in self._values:
            raise UsageError(f"{key!r} is in the ledger already; ask `key in ledger` before working on it")
        try:
            line = json.dumps({"key": key, "value": value}) + "\n"
        except (TypeError, ValueError) as error:
            raise UsageError(f"{key!r}: {error}; give plain numbers, text and lists") from error
        header = "" if self._good else json.dumps({"schema": SCHEMA}) + "\n"
        self._append((header + line).encode("ascii"))
        self._values[key] = json.loads(line)["value"]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _load(self) -> None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return  # nothing is done yet
        except OSError as error:
            raise self._trouble(error) from error
        self._size = len(data)
        lines = data.split(b"\n")[:-1]  # after the last line feed there is nothing, or a torn line
        for number, line in enumerate(lines, start=1):
            self._read_line(number, line)
            self._good += len(line) + 1
        if (
            not lines
            and data.strip(b"\0")
            and not data.startswith(b'{"schema": "fleeting.ledger'[: len(data)])
        ):
            raise InputError(self.path, "is no ledger", "name another file")

    def _read_line(self, number: int, line: bytes) -> None:
        try:
            entry = json.loads(line)
            if number == 1:
                fits = entry["schema"] == SCHEMA
            else:
                self._values[entry["key"]] = entry["value"]
                fits = True
        except (ValueError, KeyError, TypeError) as error:
            what = "is no ledger" if number == 1 else f"line {number} is damaged"
            raise InputError(self.path, what, "take it away to begin anew") from error
        if not fits:
            raise InputError(
                self.path, f"has schema {entry['schema']!r}, this version reads {SCHEMA}", "update"
            )

    def _append(self, data: bytes) -> None:
        try:
            with self.path.open("r+b" if self.path.exists() else "xb") as file:
                if file.seek(0, os.SEEK_END) != self._size:
                    raise InputError(self.path, "another run writes to it", "let that end, or name another")
                file.seek(self._good)
                file.write(data)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            raise InputError(self.path, "another run began it just now", "let that end") from error
        except OSError as error:
            self._size = self.path.stat().st_size if self.path.exists() else 0
            raise self._trouble(error) from error
        self._good += len(data)
        self._size = self._good

    def _trouble(self, error: OSError) -> InputError:
        return InputError(self.path, error.strerror or type(error).__name__, "check the path and the disk")
