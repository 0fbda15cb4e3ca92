"""SAMM and SAMM Long Videos: text above the header, odd codes, fractions, and two sheets joined."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets

SAMM_ROWS = [
    ("006", "006_1_2", 5562, 5576, 5588, "4", "Anger", 3),
    (6, "006_1_3", 120, 140, 160, "R12 or R14", "Other", 7),
    (7, "007_3_1", 50, 60, 90, "A12+A7+ref(7B)", "Happiness", 1),
    (7, "007_4_1", 10, 20, 30, "10A/B", "Disgust", 4),
    (9, "009_1_1", 10, 20, 30, "5", "Surprise", 2),
    ("* text under the table", None, None, None, None, None, None, None),
]
LV_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type",
    "Action Units", "Notes",
)  # fmt: skip
LV_ROWS = [
    ("006", "006_1_1", 1, 1, 300, 900, 900, "Macro", "12", None),
    ("006", "006_1_2", 1, 5562, 5576, 5588, 27, "Micro - 1/2", "4", None),
    ("006", "006_2_1", 2, 100.25, 150.5, 180.75, 80, "Macro", "L14", None),
    ("007", "007_3_1", 3, 0, -1, 90, 90, "Micro - 1/2", "ref(10)", None),
]


@pytest.fixture
def samm(tmp_path: Path, samm_sheet: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    samm_sheet(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", SAMM_ROWS)
    frames(tmp_path / "SAMM/006/006_1_2", range(5562, 5589), "006_{:05d}.jpg")
    return tmp_path


@pytest.fixture
def long_videos(samm: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    above = [(f"Text {n}",) for n in range(9)]
    xlsx(samm / "lv/SAMM_LongVideos_V3_Release.xlsx", [*above, LV_HEADER, *LV_ROWS])
    frames(samm / "lv/SAMM_longvideos/006_1", range(1, 12), "006_1_{:04d}.jpg")
    frames(samm / "lv/SAMM_longvideos/006_5", range(1, 4), "006_5_{:04d}.jpg")
    return samm


def test_samm_rows(samm: Path) -> None:
    found = datasets.open("samm", samm).samples()
    assert [s.id for s in found][:2] == ["samm/006/006_1_2", "samm/006/006_1_3"]
    assert len(found) == 5
    one = found[0]
    assert (one.onset, one.apex, one.offset, one.fps, one.objective) == (5561, 5575, 5587, 200.0, 3)
    assert one.frame(5561).name == "006_05562.jpg"


def test_samm_units_as_written(samm: Path) -> None:
    """Of alternatives the first counts; what is in the reference does not."""
    units = {s.clip: s.aus for s in datasets.open("samm", samm).samples()}
    assert units == {"006_1_2": (4,), "006_1_3": (12,), "007_3_1": (7, 12), "007_4_1": (10,), "009_1_1": (5,)}


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (3, ["negative", "positive", "negative", "surprise"]),
        (4, ["negative", "others", "positive", "negative", "surprise"]),
        (5, ["anger", "others", "happiness", "surprise"]),
        (7, ["anger", "happiness", "disgust", "surprise"]),
        ("objective", ["III", "VII", "I", "IV", "II"]),
    ],
)
def test_samm_protocols(samm: Path, classes: int | str, expected: list[str]) -> None:
    assert [s.label for s in datasets.open("samm", samm).samples(classes)] == expected


def test_samm_lv_types_are_the_datasets_own(long_videos: Path) -> None:
    """007_3_1 lasts 0.45 s and 006_2_1 0.41 s: the second is macro because the sheet says so."""
    dataset = datasets.open("samm-lv", long_videos)
    kinds = {s.clip: (s.kind, s.interval.kind) for s in dataset.samples(kind=None) if s.interval}
    assert kinds == {
        "006_1_1": ("macro", "macro"),
        "006_1_2": ("micro", "micro"),
        "006_2_1": ("macro", "macro"),
        "007_3_1": ("micro", "micro"),
    }
    assert [s.clip for s in dataset.samples()] == ["006_1_2", "007_3_1"]
    assert [s.clip for s in dataset.samples(kind="macro")] == ["006_1_1", "006_2_1"]


def test_samm_lv_emotions_come_from_the_other_sheet(long_videos: Path) -> None:
    found = datasets.open("samm-lv", long_videos).samples(3)
    assert [(s.clip, s.label, s.objective) for s in found] == [
        ("006_1_2", "negative", 3),
        ("007_3_1", "positive", 1),
    ]
    (long_videos / "SAMM_Micro_FACS_Codes_v2.xlsx").unlink()
    alone = datasets.open("samm-lv", long_videos)
    assert alone.samples(3) == ()
    assert len(alone.samples()) == 2


def test_samm_lv_fractions_onset_zero_and_missing_apex(long_videos: Path) -> None:
    by_clip = {s.clip: s for s in datasets.open("samm-lv", long_videos).samples(kind=None)}
    one = by_clip["006_2_1"]
    assert (one.onset, one.apex, one.offset) == (99, 150, 180)
    lost = by_clip["007_3_1"]
    assert (lost.onset, lost.apex, lost.offset) == (0, 44, 89)
    assert any("before the first frame" in note for note in lost.notes)
    assert any("leave it out" in note for note in by_clip["006_1_1"].notes)


def test_samm_lv_people_are_those_of_samm(long_videos: Path) -> None:
    short = datasets.open("samm", long_videos).samples()[0]
    long = datasets.open("samm-lv", long_videos).samples()[0]
    assert (short.subject, long.subject) == ("samm/006", "samm-lv/006")
    assert short.person == long.person == "samm/006"


def test_samm_lv_recordings_include_silent_videos(long_videos: Path) -> None:
    found = {r.id: r for r in datasets.open("samm-lv", long_videos).recordings()}
    assert list(found) == [f"samm-lv/{v}" for v in ("006/006_1", "006/006_2", "006/006_5", "007/007_3")]
    first = found["samm-lv/006/006_1"]
    assert [e.clip for e in first.events] == ["006_1_1", "006_1_2"]
    assert [i.kind for i in first.intervals] == ["macro", "micro"]
    assert first.path is not None and len(first.frames()) == 11
    assert [e.offset for e in first.clamped(500).events] == [499]
    silent = found["samm-lv/006/006_5"]
    assert (silent.events, silent.fps, silent.person) == ((), 200.0, "samm/006")
    assert found["samm-lv/006/006_2"].path is None


def test_samm_lv_check_counts_both_types(long_videos: Path) -> None:
    states = {f.what: f for f in datasets.open("samm-lv", long_videos).check().findings}
    assert (states["micro"].found, states["macro"].found, states["micro"].expected) == ("2", "2", "159")
    assert states["emotions from"].found.endswith("SAMM_Micro_FACS_Codes_v2.xlsx")
    assert states["long videos"].found == "2"


def test_a_samm_sheet_of_another_make_is_no_source_of_emotions(
    long_videos: Path, xlsx: Callable[..., Path]
) -> None:
    xlsx(long_videos / "SAMM_Micro_FACS_Codes_v2.xlsx", [("A", "B"), (1, 2)])
    states = {f.what: f.found for f in datasets.open("samm-lv", long_videos).check().findings}
    assert states["emotions from"] == "not there"
