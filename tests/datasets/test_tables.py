"""Sheets as published: header rows, spreadsheet types, delimiters, and errors that say what was expected."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fleeting.core import InputError
from fleeting.datasets.tables import find_table, number, read_cells, text

WANTED = {"subject": ("Subject",), "onset": ("OnsetF", "Onset Frame")}


def test_header_is_found_below_rows_of_text(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    rows = [
        ("SAMM release",),
        ("Onset means first frame",),
        ("Subject", None, "Onset Frame"),
        (6, None, 12.0),
    ]
    table = find_table(xlsx(tmp_path / "a.xlsx", rows), WANTED)
    assert table.columns == ("Subject", "Onset Frame")
    assert table.rows == ({"subject": 6, "onset": 12},)
    assert (table.numbers, table.line) == ((0,), 4)


def test_empty_rows_keep_the_places_of_those_below(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Subject,OnsetF\n1,5\n,\n2,6\n", encoding="utf-8")
    assert find_table(path, WANTED).numbers == (0, 2)


def test_the_first_name_of_a_column_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("onset frame,onsetf,SUBJECT\n1,2,3\n", encoding="utf-8")
    assert find_table(path, WANTED).rows[0]["onset"] == "2"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_tables_with_any_usual_delimiter_quotes_and_byte_order_mark(
    tmp_path: Path, delimiter: str
) -> None:
    path = tmp_path / "a.csv"
    line = delimiter.join(("Subject", "OnsetF")) + "\n" + delimiter.join(('"a\nb"', " 7 ")) + "\n"
    path.write_text(line, encoding="utf-8-sig")
    assert find_table(path, WANTED).rows == ({"subject": "a\nb", "onset": "7"},)


def test_old_excel(tmp_path: Path, xls: Callable[..., Path]) -> None:
    path = xls(tmp_path / "a.xls", [("Subject", "OnsetF"), ("spNO.1", 3)])
    assert find_table(path, WANTED).rows == ({"subject": "spNO.1", "onset": 3.0},)


def test_the_content_decides_where_the_suffix_is_wrong(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    path = xlsx(tmp_path / "a.xlsx", [("Subject", "OnsetF"), (1, 2)]).rename(tmp_path / "a.xls")
    assert read_cells(path) == [["Subject", "OnsetF"], [1, 2]]


def test_missing_columns_are_named_beside_those_found(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Subject,Begin\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        find_table(path, WANTED)
    assert str(error.value) == (
        f"{path}: columns not found: onset (OnsetF | Onset Frame); the nearest header row "
        "holds: Subject, Begin"
    )


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Subject\n1\n", encoding="utf-8")
    assert find_table(path, WANTED, optional=("onset",)).rows == ({"subject": "1"},)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK\x03\x04 broken", "not a readable .xlsx"),
        ("a.xls", b"\xd0\xcf\x11\xe0 broken", "not a readable .xls"),
        ("a.txt", b"Subject", "expected .xlsx, .xls or .csv"),
        ("a.csv", b"Subject\n\xff\xfe", "UTF-8"),
    ],
)
def test_broken_files_are_refused_with_their_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_cells(path)
    assert error.value.where == str(path)


def test_a_missing_file_and_a_missing_tab(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_cells(tmp_path / "a.xlsx")
    path = xlsx(tmp_path / "b.xlsx", [(1,)])
    with pytest.raises(InputError, match="no sheet 2, only Sheet1"):
        read_cells(path, 2)


@pytest.mark.parametrize(("module", "name"), [("openpyxl", "a.xlsx"), ("xlrd", "a.xls")])
def test_a_missing_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" if name.endswith("x") else b"\xd0\xcf\x11\xe0")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"{module} is not installed.*fleeting\[datasets\]"):
        read_cells(path)


def test_cells_to_numbers_and_text() -> None:
    assert [number(x) for x in (46, "46", "12.5", "/", "", None, float("nan"), True, "1e3", "-1")] == [
        46, 46, 12.5, None, None, None, None, None, None, -1,
    ]  # fmt: skip
    assert [text(x) for x in (4.0, 4.5, " R12 ", None)] == ["4", "4.5", "R12", ""]
