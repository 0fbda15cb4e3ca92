"""CAS(ME)^2: a sheet without header, three tabs, offset 0, and videos without a row."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError

CODES = [
    (1, "anger1_1", 557, 572, 608, "4", "negative", "macro-expression", "anger"),
    (1, "anger1_2", 2854, 2862, 0, "4", "negative", "macro-expression", "anger"),
    (1, "disgust1_1", 100, 105, 111, "L14", "others", "micro-expression", "disgust"),
    (2, "happy5_3 ", 10, 30, 12, "12", "positive", "micro-expression", "happiness"),
]
NAMES = [("1", "s15", 1), ("2", "s16", 2)]
VIDEOS = [(101, "disgust1"), ("0401", "anger1"), (508, "happy5")]


@pytest.fixture
def root(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    tabs = ("CASFEcode_final", "naming rule1", "naming rule2")
    xlsx(tmp_path / "CAS(ME)^2code_final.xlsx", CODES, NAMES, VIDEOS, names=tabs)
    frames(tmp_path / "rawpic/s15/15_0101disgustingteeth", range(1, 121), "img_{:05d}.jpg")
    frames(tmp_path / "rawpic/s15/15_0503unnamed", range(1, 4), "img_{:05d}.jpg")
    return tmp_path


def test_rows(root: Path) -> None:
    by_clip = {s.clip: s for s in datasets.open("casme-sq", root).samples(kind=None)}
    assert set(by_clip) == {"anger1_1", "anger1_2", "disgust1_1", "happy5_3"}
    one = by_clip["anger1_1"]
    assert (one.subject, one.recording, one.kind) == ("casme-sq/s15", "s15/15_0401", "macro")
    assert (one.onset, one.apex, one.offset, one.fps) == (556, 571, 607, 30.0)
    assert by_clip["disgust1_1"].recording == "s15/15_0101"
    assert by_clip["disgust1_1"].frame(99).name == "img_00100.jpg"
    late = by_clip["happy5_3"]
    assert (late.apex, late.notes) == (10, ("apex 30 outside 10..12: policy midpoint",))


@pytest.mark.parametrize(("policy", "offset"), [("apex", 2861), ("mirror", 2869), ("drop", None)])
def test_offset_zero_follows_the_policy(root: Path, policy: str, offset: int | None) -> None:
    dataset = datasets.open("casme-sq", root, offset=policy)
    found = {s.clip: s.offset for s in dataset.samples(kind=None)}
    assert found.get("anger1_2") == offset
    assert len(dataset.dropped) == (offset is None)


def test_protocols_count_micro_expressions_only(root: Path) -> None:
    dataset = datasets.open("casme-sq", root)
    assert [s.label for s in dataset.samples(4)] == ["others", "positive"]
    assert [s.label for s in dataset.samples(3)] == ["positive"]


def test_recordings_and_silent_videos(root: Path) -> None:
    found = {r.id: r for r in datasets.open("casme-sq", root).recordings()}
    assert {k: len(r.events) for k, r in found.items()} == {
        "casme-sq/s15/15_0101": 1,
        "casme-sq/s15/15_0401": 2,
        "casme-sq/s15/15_0503": 0,
        "casme-sq/s16/16_0508": 1,
    }
    assert found["casme-sq/s15/15_0503"].fps == 30.0
    assert found["casme-sq/s16/16_0508"].path is None


def test_a_name_that_the_tabs_do_not_have_is_told(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    xlsx(
        tmp_path / "code_final.xlsx",
        [(1, "fear9_1", 1, 2, 3, "4", "negative", "macro-expression", "x")],
        NAMES,
        VIDEOS,
    )
    with pytest.raises(InputError, match=r"row 1: subject 1 or video 'fear9' is not in tabs 2 and 3"):
        datasets.open("casme-sq", tmp_path)


def test_a_sheet_with_one_tab_and_an_empty_one_are_told(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    path = xlsx(tmp_path / "code_final.xlsx", CODES)
    with pytest.raises(InputError, match="has no sheet 1"):
        datasets.open("casme-sq", tmp_path)
    xlsx(path, [("a", "b")], NAMES, VIDEOS)
    with pytest.raises(InputError, match="9 columns: subject number, video, onset"):
        datasets.open("casme-sq", tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="no sheet of casme-sq found"):
        datasets.open("casme-sq", tmp_path)


def test_check(root: Path) -> None:
    states = {f.what: (f.found, f.state) for f in datasets.open("casme-sq", root).check().findings}
    assert states["long videos"] == ("2", "note")
    assert states["micro"] == ("2", "differs")
    assert states["sheet"][0].endswith("code_final.xlsx")
