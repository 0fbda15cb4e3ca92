"""What coders do, change by change, in one SQLite file beside the results: nothing acknowledged is ever lost.

One row for each change, never altered and never taken away; what stands now is what the rows add up to. Undo
and redo are rows too. A change is acknowledged when SQLite has forced it to disk.
"""

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fleeting.core import InputError, UsageError
from fleeting.io.annotation import Annotation, Edit, annotation_of, as_document, checked_text

ANNOTATION_FILE = "fleeting-annotations.sqlite"
VERSION = 1
BUSY_S = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS coders (name TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, recording TEXT NOT NULL, coder TEXT NOT NULL,
  revision INTEGER NOT NULL, op TEXT NOT NULL, edits TEXT NOT NULL, of INTEGER, at TEXT NOT NULL,
  UNIQUE (recording, coder, revision));
CREATE TABLE IF NOT EXISTS reveals (
  recording TEXT NOT NULL, coder TEXT NOT NULL, revision INTEGER NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (recording, coder));
CREATE TABLE IF NOT EXISTS imports (
  id INTEGER PRIMARY KEY AUTOINCREMENT, recording TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  data BLOB NOT NULL, at TEXT NOT NULL, removed TEXT);
"""


@dataclass(frozen=True, slots=True)
class Coding:
    """One coder's annotations of one recording, as they stand after ``revision`` changes."""

    recording: str
    coder: str
    revision: int
    annotations: tuple[Annotation, ...]
    can_undo: bool
    can_redo: bool

    @property
    def by_key(self) -> dict[str, Annotation]:
        """Annotations by key."""
        return {one.key: one for one in self.annotations}


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the log; ``of`` is the revision that an undo or redo is about."""

    revision: int
    op: str
    edits: tuple[Edit, ...]
    of: int | None
    at: str


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was brought in for a recording: its name, its kind and its bytes."""

    id: int
    recording: str
    name: str
    kind: str
    data: bytes


class StaleRevisionError(UsageError):
    """Somebody changed the annotations since they were read; ``coding`` is how they stand now."""

    def __init__(self, coding: Coding) -> None:
        self.coding = coding
        super().__init__(
            f"annotations of {coding.coder}: changed elsewhere (another tab?) and now at revision "
            f"{coding.revision}; this page shows them as they are now, do it again"
        )


class AnnotationLog:
    """The file, for several threads and several processes at a time.

    Parameters
    ----------
    path
        The SQLite file; made at the first change, so that to look at results leaves nothing behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = AnnotationLog(Path(folder) / ANNOTATION_FILE)
    ...     moment = Annotation("k", 0, "micro", 3, 5, 9)
    ...     _ = log.change("film", "anna", 0, "add", lambda state: [Edit(None, moment)])
    ...     after = log.undo("film", "anna", 1)
    ...     log.close()
    >>> after.annotations, after.revision, after.can_redo
    ((), 2, True)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def coders(self) -> list[str]:
        """List all who ever had a name here, by name."""
        with self._reading() as db:
            found = db.execute("SELECT name FROM coders UNION SELECT coder FROM changes") if db else ()
            return sorted(name for (name,) in found)

    def add_coder(self, name: str) -> str:
        """Enter a coder; one who is there already stays.

        Raises
        ------
        UsageError
            For an empty name, or one that is too long or no proper text.
        """
        name = " ".join(checked_text(name, "coder").split())
        if not name:
            raise UsageError("coder: expected a name, got none; type one")
        if name.casefold() == "machine":
            raise UsageError("coder: 'machine' is what the spotter is called here; take another name")
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO coders VALUES (?, ?)", (name, _now()))
        return name

    def coding(self, recording: str, coder: str) -> Coding:
        """Add up one coder's changes of one recording."""
        with self._reading() as db:
            return _coding(recording, coder, _changes(db, recording, coder) if db else [])

    def history(self, recording: str, coder: str) -> list[Change]:
        """List the changes, oldest first."""
        with self._reading() as db:
            return _changes(db, recording, coder) if db else []

    def coded(self, recording: str) -> list[str]:
        """List those who changed anything in a recording, or had its answer shown."""
        with self._reading() as db:
            query = "SELECT coder FROM {} WHERE recording = ?1"
            query = query.format("changes") + " UNION " + query.format("reveals")
            return sorted(name for (name,) in db.execute(query, (recording,))) if db else []

    def change(
        self,
        recording: str,
        coder: str,
        revision: int,
        op: str,
        edits: Callable[[Mapping[str, Annotation]], Sequence[Edit]],
    ) -> Coding:
        """Make one change, whole or not at all; on return it is on disk.

        Parameters
        ----------
        recording, coder
            Whose annotations of what.
        revision
            The one that the change was made on.
        op
            Its name in the log.
        edits
            Given the annotations by key, says what changes; nothing is written where that is nothing.

        Raises
        ------
        StaleRevisionError
            Where ``revision`` is not the present one.
        InputError
            Where the file cannot be written.
        """

        def rows(changes: list[Change], now: Coding) -> tuple[str, Sequence[Edit], int | None]:
            return op, edits(now.by_key), None

        return self._append(recording, coder, revision, rows)

    def undo(self, recording: str, coder: str, revision: int) -> Coding:
        """Take back the last change that is not taken back.

        Raises
        ------
        UsageError
            Where there is none; StaleRevisionError as in `change`.
        """

        def rows(changes: list[Change], now: Coding) -> tuple[str, Sequence[Edit], int | None]:
            done, _ = _stacks(changes)
            if not done:
                raise UsageError("undo: there is nothing to undo")
            return "undo", [Edit(e.after, e.before) for e in reversed(done[-1].edits)], done[-1].revision

        return self._append(recording, coder, revision, rows)

    def redo(self, recording: str, coder: str, revision: int) -> Coding:
        """Do again what was taken back last; errors as in `undo`."""

        def rows(changes: list[Change], now: Coding) -> tuple[str, Sequence[Edit], int | None]:
            _, undone = _stacks(changes)
            if not undone:
                raise UsageError("redo: there is nothing to do again")
            return "redo", undone[-1].edits, undone[-1].revision

        return self._append(recording, coder, revision, rows)

    def _append(
        self,
        recording: str,
        coder: str,
        revision: int,
        rows: Callable[[list[Change], Coding], tuple[str, Sequence[Edit], int | None]],
    ) -> Coding:
        name = self.add_coder(coder)
        with self._writing() as db:
            changes = _changes(db, recording, name)
            now = _coding(recording, name, changes)
            if revision != now.revision:
                raise StaleRevisionError(now)
            op, edits, of = rows(changes, now)
            if not edits:
                return now
            text = json.dumps([[_packed(edit.before), _packed(edit.after)] for edit in edits])
            db.execute(
                "INSERT INTO changes (recording, coder, revision, op, edits, of, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (recording, name, revision + 1, op, text, of, _now()),
            )
            changes.append(Change(revision + 1, op, tuple(edits), of, ""))
        return _coding(recording, name, changes)

    def reveal(self, recording: str, coder: str) -> None:
        """Note that a coder has seen the machine's answer; the first time counts."""
        name = self.add_coder(coder)
        with self._writing() as db:
            revision = _coding(recording, name, _changes(db, recording, name)).revision
            row = (recording, name, revision, _now())
            db.execute("INSERT OR IGNORE INTO reveals VALUES (?, ?, ?, ?)", row)

    def revealed_at(self, recording: str, coder: str) -> int | None:
        """Tell after how many changes a coder saw the machine's answer; None where she has not yet."""
        with self._reading() as db:
            query = "SELECT revision FROM reveals WHERE recording = ? AND coder = ?"
            row = db.execute(query, (recording, coder)).fetchone() if db else None
            return None if row is None else int(row[0])

    def add_import(self, recording: str, name: str, kind: str, data: bytes) -> int:
        """Keep a file that was brought in, as it is; gives its number."""
        name = checked_text(name, "name", 255)
        with self._writing() as db:
            row = (recording, name, kind, data, _now())
            done = db.execute(
                "INSERT INTO imports (recording, name, kind, data, at) VALUES (?, ?, ?, ?, ?)", row
            )
            return int(done.lastrowid or 0)

    def imports(self, recording: str) -> list[Import]:
        """List the files that were brought in for a recording and not taken out again, oldest first."""
        with self._reading() as db:
            query = (
                "SELECT id, recording, name, kind, data FROM imports WHERE recording = ? AND removed IS NULL"
            )
            return [Import(*row) for row in db.execute(query + " ORDER BY id", (recording,))] if db else []

    def remove_import(self, recording: str, number: int) -> bool:
        """Take an imported file out of use; it stays in the log. Tells whether it was there."""
        with self._writing() as db:
            query = "UPDATE imports SET removed = ? WHERE id = ? AND recording = ? AND removed IS NULL"
            return db.execute(query, (_now(), number, recording)).rowcount > 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give the open file, or None where there is none yet."""
        with self._lock, self._explained():
            yield self._opened() if self._connection or self.path.exists() else None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            db = self._opened()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "check that the folder can be written and the disk is not full; nothing was changed"
            raise InputError(self.path, f"cannot be used ({error})", hint) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            # Every change is one transaction that we begin ourselves, hence isolation_level None.
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version > VERSION:
                    what = f"was written by a newer fleeting (version {version})"
                    raise InputError(self.path, what, "update fleeting")
                db.execute("PRAGMA synchronous = FULL")
                if version < VERSION:
                    db.execute("PRAGMA journal_mode = WAL")  # stays as it was where a disk cannot
                    db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
            except BaseException:
                db.close()
                raise
            self._connection = db
        return self._connection


def _changes(db: sqlite3.Connection, recording: str, coder: str) -> list[Change]:
    query = (
        "SELECT revision, op, edits, of, at FROM changes WHERE recording = ? AND coder = ? ORDER BY revision"
    )
    return [
        Change(revision, op, tuple(Edit(_unpacked(a), _unpacked(b)) for a, b in json.loads(edits)), of, at)
        for revision, op, edits, of, at in db.execute(query, (recording, coder))
    ]


def _coding(recording: str, coder: str, changes: Sequence[Change]) -> Coding:
    state: dict[str, Annotation] = {}
    for change in changes:
        for edit in change.edits:
            if edit.before is not None:
                state.pop(edit.before.key, None)
            if edit.after is not None:
                state[edit.after.key] = edit.after
    done, undone = _stacks(changes)
    ordered = sorted(state.values(), key=lambda one: (one.onset, one.offset, one.face, one.key))
    return Coding(recording, coder, len(changes), tuple(ordered), bool(done), bool(undone))


def _stacks(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Sort out which changes can be undone, and which can be done again; the next one last."""
    done: list[Change] = []
    undone: list[Change] = []
    for change in changes:
        if change.op == "undo":
            undone.append(done.pop())
        elif change.op == "redo":
            done.append(undone.pop())
        else:
            done.append(change)
            undone.clear()
    return done, undone


def _packed(annotation: Annotation | None) -> object:
    return None if annotation is None else as_document(annotation)


def _unpacked(document: dict[str, object] | None) -> Annotation | None:
    return None if document is None else annotation_of(document)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
