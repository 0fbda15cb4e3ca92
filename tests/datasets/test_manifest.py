"""The manifest has one row for each movement, and what was written can be read back."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import UsageError


@pytest.fixture
def root(tmp_path: Path, casme2_sheet: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    rows = [
        (1, "EP02_01f", 46, 59, 86, "12", "happiness"),
        (4, "EP12_01f", 261, "/", 321, "4+?", "disgust"),
        (5, "EP01_01", 9, 5, 2, "4", "others"),
        (6, "EP03_02", 1, 9, 12, "1+2", "others"),
    ]
    casme2_sheet(tmp_path / "CASME2-coding-20140508.xlsx", rows)
    frames(tmp_path / "CASME2_RAW_selected/sub01/EP02_01f", range(46, 87))
    return tmp_path


def test_rows_and_columns(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "new/manifest.csv"
    assert datasets.write_manifest(datasets.open("casme2", root), out) == 3
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == datasets.MANIFEST_COLUMNS
    first, second, third = rows
    assert first["path"] == str((root / "CASME2_RAW_selected/sub01/EP02_01f").resolve())
    wanted = {
        "sample": "casme2/sub01/EP02_01f", "subject": "casme2/sub01",
        "onset": "45", "apex": "58", "offset": "85",
        "fps": "200", "kind": "micro", "label": "happiness", "label_3": "positive", "label_4": "positive",
        "label_5": "happiness", "label_7": "happiness", "objective": "1", "aus": "12", "first_number": "1",
    }  # fmt: skip
    assert {name: first[name] for name in wanted} == wanted
    assert (second["unread_aus"], second["notes"], second["path"]) == ("?", "no apex: policy midpoint", "")
    assert (third["label_3"], third["label_4"]) == ("", "others")


def test_a_manifest_is_a_table_that_csv_reads(root: Path, tmp_path: Path) -> None:
    before = datasets.open("casme2", root)
    out = tmp_path / "manifest.csv"
    datasets.write_manifest(before, out)
    after = datasets.open("csv", out)
    same = (
        "id", "dataset", "subject", "clip", "onset", "apex", "offset", "fps", "kind", "emotion", "aus",
        "unread", "objective", "interval", "first_number",
    )  # fmt: skip
    for one, other in zip(before.samples(kind=None), after.samples(kind=None), strict=True):
        assert {n: getattr(one, n) for n in same} == {n: getattr(other, n) for n in same}
    assert after.samples()[0].frame(45).name == "img46.jpg"
    for classes in (3, 4, 5):
        labels = {s.id: s.label for s in before.samples(classes)}
        assert {s.id: s.label for s in after.samples(classes)} == labels


def test_only_csv_is_written(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.csv"):
        datasets.write_manifest(datasets.open("casme2", root), tmp_path / "a.xlsx")
