"""Annotation sheets as published: .xlsx, .xls and .csv to rows, with the header found wherever it stands."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleeting.core import InputError
from fleeting.datasets.folders import squeeze

HEADER_ROWS = 40
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
EXTRA_HINT = "install the readers with `pip install 'fleeting[datasets]'`"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one sheet under names of our own.

    ``columns`` is what the sheet calls its columns; ``rows`` hold the wanted values by our names,
    ``numbers`` the zero-based place of each row below the header; ``line`` is the line of place 0 as an
    editor counts.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    numbers: tuple[int, ...]
    line: int


def read_cells(path: Path, sheet: int | str = 0) -> list[list[Any]]:
    """Read all cells of a sheet; empty ones are ``None``.

    Raises
    ------
    InputError
        Where the file is missing, is no sheet, or its reader is not installed.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "give the annotation sheet as it was released")
    with path.open("rb") as file:
        start = file.read(8)
    # The content decides: published .xls files are now and then .xlsx inside.
    if start.startswith(b"PK"):
        return _read_xlsx(path, sheet)
    if start.startswith(OLD_EXCEL) or path.suffix.lower() == ".xls":
        return _read_xls(path, sheet)
    if path.suffix.lower() == ".csv":
        return _read_csv(path)
    raise InputError(path, "is not a sheet that can be read", "expected .xlsx, .xls or .csv")


def _read_csv(path: Path) -> list[list[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not UTF-8 (byte {error.start})", "save it as UTF-8 CSV") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [[cell.strip() or None for cell in row] for row in rows]


def _read_xlsx(path: Path, sheet: int | str) -> list[list[Any]]:
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise InputError(path, "openpyxl is not installed", EXTRA_HINT) from error
    from zipfile import BadZipFile

    with path.open("rb") as file:
        try:
            book = openpyxl.load_workbook(file, data_only=True, read_only=True)
        except (BadZipFile, KeyError, ValueError) as error:
            raise InputError(path, f"is not a readable .xlsx ({error})", "download it again") from error
        page = book[_sheet_name(path, book.sheetnames, sheet)]
        page.reset_dimensions()  # some files state a wrong size
        return [[_clean(c) for c in row] for row in page.iter_rows(values_only=True)]


def _read_xls(path: Path, sheet: int | str) -> list[list[Any]]:
    try:
        import xlrd
    except ModuleNotFoundError as error:
        raise InputError(path, "xlrd is not installed", EXTRA_HINT) from error
    try:
        book = xlrd.open_workbook(str(path))
    except xlrd.XLRDError as error:
        raise InputError(path, f"is not a readable .xls ({error})", "save it as .xlsx") from error
    page = book.sheet_by_name(_sheet_name(path, book.sheet_names(), sheet))
    return [[_clean(c) for c in page.row_values(r)] for r in range(page.nrows)]


def _sheet_name(path: Path, names: Sequence[str], sheet: int | str) -> str:
    if isinstance(sheet, str) and sheet in names:
        return sheet
    if isinstance(sheet, int) and sheet < len(names):
        return names[sheet]
    raise InputError(
        path, f"has no sheet {sheet!r}, only {', '.join(names)}", "use the file as it was released"
    )


def _clean(cell: Any) -> Any:
    if isinstance(cell, str):
        cell = cell.strip().strip("\u200b\ufeff").strip()
    return None if cell in ("", None) else cell


def find_table(
    path: Path,
    wanted: Mapping[str, Sequence[str]],
    *,
    optional: Sequence[str] = (),
    sheet: int | str = 0,
) -> Table:
    """Read a sheet whose header stands in one of its first rows.

    Parameters
    ----------
    wanted
        Our name of a column and the names it goes by, compared without case, space and punctuation.
    optional
        Those of our names that may be absent.

    Raises
    ------
    InputError
        Naming the columns that were expected and those that were found.
    """
    cells = read_cells(path, sheet)
    names = {ours: tuple(squeeze(n) for n in theirs) for ours, theirs in wanted.items()}
    needed = [ours for ours in names if ours not in optional]
    best: tuple[int, int, dict[str, int]] = (-1, 0, {})
    for at, row in enumerate(cells[:HEADER_ROWS]):
        places = _places(row, names)
        fits = sum(ours in places for ours in needed)
        if fits > best[0]:
            best = (fits, at, places)
    fits, at, places = best
    if fits < len(needed):
        _complain(path, cells[at] if cells else [], [n for n in needed if n not in places], wanted)
    header = tuple(str(c) for c in cells[at] if c is not None)
    rows, numbers = [], []
    for number, row in enumerate(cells[at + 1 :]):
        if any(c is not None for c in row):
            rows.append({ours: row[i] if i < len(row) else None for ours, i in places.items()})
            numbers.append(number)
    return Table(path, header, tuple(rows), tuple(numbers), at + 2)


def _places(row: Sequence[Any], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Find each of our columns in a header row; the first of its names that is there wins."""
    squeezed = [squeeze(c) if c is not None else "" for c in row]
    places: dict[str, int] = {}
    for ours, theirs in names.items():
        for name in theirs:
            if name in squeezed:
                places[ours] = squeezed.index(name)
                break
    return places


def _complain(
    path: Path, header: Sequence[Any], missing: Sequence[str], wanted: Mapping[str, Sequence[str]]
) -> None:
    expected = "; ".join(f"{ours} ({' | '.join(wanted[ours])})" for ours in missing)
    found = ", ".join(str(c) for c in header if c is not None) or "nothing"
    raise InputError(path, f"columns not found: {expected}", f"the nearest header row holds: {found}")


def number(value: Any) -> float | None:
    """Read a frame number; ``None`` for what the sheets write where there is none.

    Examples
    --------
    >>> number("46"), number(12.5), number("/"), number(None), number(" 7 ")
    (46.0, 12.5, None, None, 7.0)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return None if value != value else float(value)
    text = str(value).strip()
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def text(value: Any) -> str:
    """Give a cell as text, whole numbers without ``.0``.

    Examples
    --------
    >>> text(4.0), text(" 4+7 "), text(None)
    ('4', '4+7', '')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
