"""One way to write and to read CSV for every table of the package.

UTF-8 with a header, comma, CRLF (RFC 4180). Spreadsheets run a cell that begins with ``= + - @`` (or tab,
carriage return) as a formula, and a file name may begin so. Text cells of this kind get one apostrophe in
front; the reader takes it off again, so names come back equal. Numbers are never changed.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from fleeting.core import InputError
from fleeting.io.atomic import explain_os_error, write_atomic

# Any number of apostrophes before the dangerous sign, so that guarding can always be undone exactly.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard_text(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run.

    Examples
    --------
    >>> guard_text("=1+1"), guard_text("clip")
    ("'=1+1", 'clip')
    """
    return "'" + text if _RISKY.match(text) else text


def unguard_text(text: str) -> str:
    """Undo :func:`guard_text`.

    Examples
    --------
    >>> unguard_text("'=1+1"), unguard_text("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _GUARDED.match(text) else text


def write_table(
    path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> Path:
    """Write a table whole or not at all.

    Parameters
    ----------
    path
        The CSV file.
    columns
        The header. A row may lack some; the cell is then empty.
    rows
        ``None`` is written as an empty cell, truth as ``true`` and ``false``, real numbers with every digit.
        Text that is no proper Unicode (a damaged file name) is written with backslashes.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_table(Path(folder) / "a.csv", ["name", "x"], [{"name": "-1", "x": -1}])
    ...     path.read_text().splitlines()
    ['name,x', "'-1,-1"]
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return write_atomic(path, text.getvalue().encode("utf-8", "backslashreplace"))


def read_table(
    path: str | os.PathLike[str], *, required: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    r"""Read a table row by row.

    A byte-order mark and semicolons or tabs instead of commas, as spreadsheets write them, are understood.
    Names of columns are taken without regard to case and blanks; empty rows are passed over.

    Parameters
    ----------
    path
        The CSV file.
    required
        Columns that must be there.

    Yields
    ------
    tuple
        Line on which the row ends, counted from 1, and the cells by column.

    Raises
    ------
    InputError
        Where the file is missing, no UTF-8, lacks a column, or a row has more cells than the header.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("name;x\n'=a;1\n")
    ...     list(read_table(path, required=["x"]))
    [(2, {'name': '=a', 'x': '1'})]
    """
    text = _read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(path, header, required)
        for cells in reader:
            if len(cells) > len(header) and any(cells[len(header) :]):
                what = f"has {len(cells)} cells, the header has {len(header)}"
                raise InputError(f"{path}, line {reader.line_num}", what, "put text with commas in quotes")
            if any(cell.strip() for cell in cells):
                named = zip_longest(header, cells[: len(header)], fillvalue="")
                yield reader.line_num, {name: unguard_text(cell) for name, cell in named}
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}", f"is no CSV: {error}", "correct that row"
        ) from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return guard_text(value) if isinstance(value, str) else str(value)


def _read_text(path: str | os.PathLike[str]) -> str:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except OSError as error:
        raise explain_os_error(path, error) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, "is no UTF-8 text", "save it as CSV in UTF-8") from error


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return next((mark for mark in ",;\t" if mark in first), ",")


def _check_header(path: object, header: Sequence[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        found = ", ".join(filter(None, header)) or "nothing"
        raise InputError(path, f"lacks the columns {', '.join(missing)}", f"its first line has: {found}")
    twice = sorted({name for name in required if header.count(name) > 1})
    if twice:
        raise InputError(path, f"has the column {twice[0]} more than once", "keep one of them")
