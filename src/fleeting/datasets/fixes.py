"""Known wrong rows of published sheets, kept as data with the reason for each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from fleeting.core import InputError
from fleeting.datasets.rows import Row


@dataclass(frozen=True, slots=True)
class Fix:
    """One entry of a ``fixes/*.toml`` file.

    Parameters
    ----------
    sample
        ``subject/clip`` of the row. Where only its place in the sheet was ever published, ``row``
        (zero-based below the header) stands instead, and then ``when`` must be given.
    where
        Values the row must still hold, so that a corrected release is left alone.
    when
        A fault the row must show: ``implausible`` (order broken, a frame missing, or longer than
        ``limit`` frames) or ``sheet`` (the sheet has ``rows_in_sheet`` rows).
    change
        New values of the fields ``onset``, ``apex``, ``offset``, ``emotion``, ``aus``.
    swap_aus_with
        Place of the row with which the action units changed places.
    """

    reason: str
    source: str
    sample: str = ""
    row: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""
    limit: int = 0
    rows_in_sheet: int = 0
    change: Mapping[str, Any] = field(default_factory=dict)
    swap_aus_with: int | None = None

    def __post_init__(self) -> None:
        if not self.sample and (self.row is None or not self.when):
            raise ValueError(f"fix {self.reason!r}: a row number alone does not say which sample it is")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A sample that a published list leaves out, and why.

    ``rows_in_sheet`` limits it to the release of the sheet that has so many rows.
    """

    sample: str
    reason: str
    rows_in_sheet: int = 0


@lru_cache
def _load(dataset: str) -> Mapping[str, Any]:
    file = resources.files("fleeting.datasets") / "fixes" / f"{dataset}.toml"
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, f"is not TOML ({error})", "reinstall fleeting") from error


def fixes_for(dataset: str) -> tuple[Fix, ...]:
    """Load the fixes of a dataset; empty where there are none.

    Examples
    --------
    >>> all(fix.reason and fix.source for fix in fixes_for("casme3-a"))
    True
    """
    return tuple(Fix(**entry) for entry in _load(dataset).get("fix", ()))


def exclusions_for(dataset: str) -> tuple[Exclusion, ...]:
    """Load the named exclusions of a list such as ``megc2019-composite``."""
    return tuple(Exclusion(**entry) for entry in _load(dataset).get("exclude", ()))


def apply_fixes(rows: list[Row], fixes: tuple[Fix, ...]) -> list[Row]:
    """Give the rows with every fix that fits; what was changed is added to ``Row.notes``.

    Examples
    --------
    >>> row = Row(0, "s1", "a", 10, 12, 3)
    >>> fix = Fix("typing error", "release notes", sample="s1/a", where={"offset": 3}, change={"offset": 30})
    >>> apply_fixes([row], (fix,))[0].offset
    30
    """
    fixed = list(rows)
    places = {row.index: at for at, row in enumerate(rows)}
    for fix in fixes:
        if fix.swap_aus_with is not None:
            _swap(fixed, rows, fix, places)
            continue
        for at, row in enumerate(rows):
            if not (_meant(row, fix) and _shows(row, fix, len(rows))):
                continue
            new = replace(fixed[at], **fix.change)
            if _mends(new, fix):
                fixed[at] = replace(new, notes=(*new.notes, f"fix: {fix.reason}"))
    return fixed


def _swap(fixed: list[Row], rows: list[Row], fix: Fix, places: Mapping[int, int]) -> None:
    one, other = places.get(fix.row if fix.row is not None else -1), places.get(fix.swap_aus_with or -1)
    if one is None or other is None or not _shows(rows[one], fix, len(rows)):
        return
    for at, source in ((one, rows[other]), (other, rows[one])):
        fixed[at] = replace(fixed[at], aus=source.aus, notes=(*fixed[at].notes, f"fix: {fix.reason}"))


def _meant(row: Row, fix: Fix) -> bool:
    return row.key == fix.sample if fix.sample else row.index == fix.row


def _shows(row: Row, fix: Fix, rows: int) -> bool:
    """Whether the row still has the fault that the fix mends."""
    if any(getattr(row, name) != value for name, value in fix.where.items()):
        return False
    if fix.when == "sheet":
        return rows == fix.rows_in_sheet
    if fix.when == "implausible":
        return row.implausible(fix.limit)
    return True


def _mends(row: Row, fix: Fix) -> bool:
    """Whether the changed row is in order: a fix known by its place alone must not spoil another release."""
    if fix.sample:
        return True
    if row.onset is None or row.offset is None or row.offset < row.onset:
        return False
    return not fix.limit or row.offset - row.onset + 1 <= fix.limit
