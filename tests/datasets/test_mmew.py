"""MMEW: two layouts, and rows that have neither apex nor offset."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets

HEADER = (
    "Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion",
    "remarks",
)  # fmt: skip
ROWS = [
    (3, "S03-01-002", 1, 8, 20, "6+12", "happiness", None),
    (3, "S03-02-001", 2, "/", "/", "1+2", "surprise", "no apex"),
    (4, "S04-07-001", 1, 5, 9, "14", "others", None),
    (4, "S04-03-001", 1, None, None, "15", "sadness", None),
]


@pytest.fixture
def sheet(tmp_path: Path, xlsx: Callable[..., Path]) -> Path:
    return xlsx(tmp_path / "MMEW_Final/MMEW_Micro_Exp.xlsx", [HEADER, *ROWS])


def test_layout_by_emotion(sheet: Path, frames: Callable[..., Path]) -> None:
    base = sheet.parent / "Micro_Expression"
    frames(base / "happiness/S03-01-002", range(1, 21), "{}.jpg")
    frames(base / "surprise/S03-02-001", range(1, 12), "{}.jpg")
    frames(base / "repression/S04-07-001", range(1, 10), "{}.jpg")
    frames(sheet.parent / "Macro_Expression/S03/happiness", range(1, 3), "S03-01-{:03d}.jpg")
    dataset = datasets.open("mmew", sheet.parent.parent)
    by_clip = {s.clip: s for s in dataset.samples()}
    one = by_clip["S03-01-002"]
    assert (one.subject, one.onset, one.apex, one.offset, one.fps) == ("mmew/S03", 0, 7, 19, 90.0)
    assert [p.name for p in one.frames()][-1] == "20.jpg"
    assert by_clip["S04-07-001"].path == base / "repression/S04-07-001"


def test_layout_by_subject(sheet: Path, frames: Callable[..., Path]) -> None:
    frames(sheet.parent / "S03/happiness/S03-01-002", range(1, 21), "{}.jpg")
    found = datasets.open("mmew", sheet.parent).samples()
    assert found[0].path == sheet.parent / "S03/happiness/S03-01-002"


def test_a_row_without_apex_and_offset_ends_with_its_folder(sheet: Path, frames: Callable[..., Path]) -> None:
    frames(sheet.parent / "Micro_Expression/surprise/S03-02-001", range(1, 12), "{}.jpg")
    dataset = datasets.open("mmew", sheet.parent)
    one = next(s for s in dataset.samples() if s.clip == "S03-02-001")
    assert (one.onset, one.apex, one.offset) == (1, 5, 10)
    assert one.notes == ("no offset: last picture of the folder", "no apex: policy midpoint")
    assert dataset.dropped == (("mmew/S04/S04-03-001", "neither apex nor offset"),)


def test_protocols(sheet: Path) -> None:
    dataset = datasets.open("mmew", sheet.parent)
    assert [s.label for s in dataset.samples(3)] == ["positive"]
    assert [s.label for s in dataset.samples(4)] == ["positive", "others"]
    assert dataset.classes(7)[0] == "anger"
