"""What docs/add-a-dataset.md shows is true: its table is read, its columns exist, its reader works."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import fleeting.datasets as datasets
from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.csv_table import MORE, NEEDED
from fleeting.datasets.labels import three
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import SheetDataset
from fleeting.datasets.tables import number, text

PAGE = Path(__file__).parents[2] / "docs/add-a-dataset.md"


@pytest.fixture
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_table_on_the_page_is_read_as_the_page_says(page: str, tmp_path: Path) -> None:
    block = re.search(r"```\n(path,subject.*?)```", page, re.DOTALL)
    assert block is not None
    table = tmp_path / "mine.csv"
    table.write_text(block[1], encoding="utf-8")
    dataset = datasets.open("csv", table)
    found = dataset.samples()
    assert [(s.subject, s.onset, s.apex, s.offset, s.aus) for s in found] == [
        ("csv/p01", 0, 14, 31, (4, 7)),
        ("csv/p01", 120, 133, 150, (12,)),
        ("csv/p01", 300, 320, 340, (1, 2)),
    ]
    assert [len(r.events) for r in dataset.recordings()] == [1, 2, 0]
    assert [s.label for s in dataset.samples(3)] == ["negative", "positive", "surprise"]


def test_every_column_is_explained(page: str) -> None:
    plain, manifest = page.split("## The manifest")
    assert all(f"`{name}`" in plain for name in (*NEEDED, *MORE))
    assert all(f"`{name}`" in manifest for name in datasets.MANIFEST_COLUMNS)


def test_every_policy_is_explained(page: str) -> None:
    assert all(f"`{name}`" in page for name in (*datasets.APEX_POLICIES, *datasets.OFFSET_POLICIES))


class Mine(SheetDataset):
    """The reader on the page."""

    info = DatasetInfo(
        name="mine", title="mine", clips="2", subjects="1", fps="100", licence="mine", request="Ask me.",
        citation="none", layout=("p01/a/1.jpg",), sheets=("mine.xlsx",), labels={3: three(("fear",))},
    )  # fmt: skip
    patterns = (r"mine",)
    columns: Mapping[str, tuple[str, ...]] = {  # type: ignore[misc]
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("Onset", "OnsetFrame"),
        "offset": ("Offset",),
        "emotion": ("Emotion",),
    }
    marker = r"p\d{2}"
    fps = 100.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        onset, offset = number(cells["onset"]), number(cells["offset"])
        return Row(
            index, text(cells["subject"]), text(cells["clip"]), onset, None, offset, text(cells["emotion"])
        )


def test_the_reader_on_the_page_needs_no_more(
    tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]
) -> None:
    header = ("Subject", "Filename", "OnsetFrame", "Offset", "Emotion")
    xlsx(tmp_path / "x/mine.xlsx", [header, ("p01", "a", 3, 9, "fear"), ("p01", "b", 1, 2, "joy")])
    frames(tmp_path / "x/raw/p01/a", range(1, 11))
    dataset = Mine(tmp_path)
    (one,) = dataset.samples(3)
    assert (one.id, one.onset, one.apex, one.label) == ("mine/p01/a", 2, 5, "negative")
    assert one.frame(2).name == "img3.jpg"
    assert {f.what: f.found for f in dataset.check().findings}["frames"] == "1 of 2 on disk, not mine/p01/b"
