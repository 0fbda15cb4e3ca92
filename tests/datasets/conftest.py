"""Writers of tiny trees in the published layouts; every file is made here, none holds real data."""

import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

Rows = Sequence[Sequence[Any]]


@pytest.fixture
def xlsx() -> Callable[..., Path]:
    """Write an .xlsx of one or more tabs."""

    def write(path: Path, *tabs: Rows, names: Sequence[str] = ()) -> Path:
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        book.remove(book.active)
        for at, rows in enumerate(tabs):
            page = book.create_sheet(names[at] if names else f"Sheet{at + 1}")
            for row in rows:
                page.append(list(row))
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
        return path

    return write


@pytest.fixture
def xls() -> Callable[..., Path]:
    """Write an .xls of the oldest kind (BIFF 2), which needs no library: numbers and labels only."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def write(path: Path, rows: Rows) -> Path:
        pytest.importorskip("xlrd")
        data = record(0x0009, struct.pack("<HH", 2, 0x10))
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                place = struct.pack("<HHBBB", r, c, 0, 0, 0)
                if isinstance(cell, int | float):
                    data += record(0x0003, place + struct.pack("<d", cell))
                elif cell is not None:
                    letters = str(cell).encode("latin-1")
                    data += record(0x0004, place + bytes([len(letters)]) + letters)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data + record(0x000A, b""))
        return path

    return write


@pytest.fixture
def frames() -> Callable[..., Path]:
    """Make a folder of empty files: nothing may open them."""

    def write(folder: Path, numbers: Iterable[int], name: str = "img{}.jpg") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (folder / name.format(number)).touch()
        return folder

    return write


CASME2_HEADER = (
    "Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units",
    "Estimated Emotion",
)  # fmt: skip
SAMM_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration",
    "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip


@pytest.fixture
def casme2_sheet(xlsx: Callable[..., Path]) -> Callable[..., Path]:
    """Write a CASME II sheet from rows (subject, clip, onset, apex, offset, AUs, emotion)."""

    def write(path: Path, rows: Rows) -> Path:
        return xlsx(
            path, [CASME2_HEADER, *((s, c, None, a, b, d, None, u, e) for s, c, a, b, d, u, e in rows)]
        )

    return write


@pytest.fixture
def samm_sheet(xlsx: Callable[..., Path]) -> Callable[..., Path]:
    """Write 13 rows of text, then rows (subject, clip, onset, apex, offset, AUs, emotion, class)."""

    def write(path: Path, rows: Rows) -> Path:
        above = [(f"Text {n}",) for n in range(13)]
        below = ((s, c, 1, a, b, d, "?", "Micro - 1/2", u, e, o, None) for s, c, a, b, d, u, e, o in rows)
        return xlsx(path, [*above, SAMM_HEADER, *below])

    return write
