"""CAS(ME)^3: two sheets of part A, several movements in one video, and part C with a Chinese comma."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError

HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
ROWS = [
    ("spNO.1", "a", 116, 120, 131, "4", "III", "disgust"),
    ("spNO.1", "a", 175, 180, 185, "R12", "VII", "Others"),
    ("spNO.2", "b", 40, 45, 50, "5+L2", "II", "Happy"),
    ("spNO.216", "e", 0, 0, 12, "1", "V", "sad"),
    ("spNO.3", "c", 9, 12, 20, "T14", "VII", "fear"),
]
FULL = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class")
FULL_ROWS = [
    ("spNO.1", "a", 116, 120, 131, "4", "Micro-expression", "III"),
    ("spNO.1", "a", 300, 320, 350, "12", "Macro-expression", "I"),
    ("spNO.9", "k", 5, 20, 90, "6+12", "Macro-expression", "I"),
]


@pytest.fixture
def part_a(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    xlsx(tmp_path / "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [HEADER, *ROWS])
    video = tmp_path / "part_A/spNO.1/a"
    frames(video / "color", (n for n in range(1, 200) if n != 118), "{}.jpg")
    frames(video / "depth", range(1, 200), "{}.png")
    frames(tmp_path / "part_A/spNO.1/b/color", range(1, 4), "{}.jpg")
    return tmp_path


def test_several_movements_of_one_video_are_told_apart_by_onset(part_a: Path) -> None:
    found = datasets.open("casme3-a", part_a).samples()
    assert [s.id for s in found][:3] == [
        "casme3-a/spNO.1/a_116",
        "casme3-a/spNO.1/a_175",
        "casme3-a/spNO.2/b_40",
    ]
    one = found[0]
    assert (one.onset, one.apex, one.offset, one.objective, one.recording) == (115, 119, 130, 3, "spNO.1/a")
    assert one.path == part_a / "part_A/spNO.1/a/color"


def test_dropped_pictures_are_named_and_not_filled(part_a: Path) -> None:
    one = datasets.open("casme3-a", part_a).samples()[0]
    assert len(one.coded_frames()) == 15
    assert one.frame(119).name == "120.jpg"
    with pytest.raises(InputError, match="no file has the number 118"):
        one.frame(117)


def test_known_wrong_row_by_its_sample(part_a: Path) -> None:
    one = next(s for s in datasets.open("casme3-a", part_a).samples() if s.subject.endswith("216"))
    assert (one.onset, one.apex, one.offset) == (0, 0, 11)
    assert one.notes == ("fix: onset and apex 0, frames count from 1",)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (3, ["negative", "positive", "negative", "negative"]),
        (4, ["negative", "others", "positive", "negative", "negative"]),
        (7, ["disgust", "others", "happiness", "sadness", "fear"]),
        ("objective", ["III", "VII", "II", "V", "VII"]),
    ],
)
def test_protocols(part_a: Path, classes: int | str, expected: list[str]) -> None:
    assert [s.label for s in datasets.open("casme3-a", part_a).samples(classes)] == expected


def test_macro_expressions_come_from_the_full_sheet(part_a: Path, xls: Callable[..., Path]) -> None:
    xls(part_a / "annotation/CAS(ME)3_part_A_v2.xls", [FULL, *FULL_ROWS])
    dataset = datasets.open("casme3-a", part_a)
    assert len(dataset.samples()) == 5
    assert [s.id for s in dataset.samples(kind="macro")] == ["casme3-a/spNO.1/a_300", "casme3-a/spNO.9/k_5"]
    found = {r.id: [e.kind for e in r.events] for r in dataset.recordings()}
    assert found["casme3-a/spNO.1/a"] == ["micro", "micro", "macro"]
    assert found["casme3-a/spNO.1/b"] == []


def test_a_full_sheet_of_another_make_is_left(part_a: Path, xls: Callable[..., Path]) -> None:
    xls(part_a / "annotation/CAS(ME)3_part_A_v2.xls", [("A", "B"), (1, 2)])
    dataset = datasets.open("casme3-a", part_a)
    assert len(dataset.samples(kind=None)) == 5
    states = {f.what: f.found for f in dataset.check().findings}
    assert states["sheet with macro"].startswith("not used: ")
    assert "columns not found: subject" in states["sheet with macro"]


def test_macro_sheet_with_emotions(part_a: Path, xlsx: Callable[..., Path]) -> None:
    name = "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
    xlsx(part_a / "annotation" / name, [HEADER, ("spNO.1", "a", 300, 320, 350, "12", "I", "happy")])
    (one,) = datasets.open("casme3-a", part_a).samples(kind="macro")
    assert (one.emotion, one.kind) == ("happiness", "macro")


def test_cut_clips(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> None:
    xlsx(tmp_path / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [HEADER, *ROWS])
    frames(tmp_path / "Part_A_ME_clip/frame/spNO.1_a_116", range(116, 132), "{}.jpg")
    frames(tmp_path / "Part_A_ME_clip/depth/spNO.1_a_116", range(116, 132), "{}.png")
    one = datasets.open("casme3-a", tmp_path).samples()[0]
    assert one.frame(115).name == "116.jpg"


def test_a_long_row_is_mended_only_at_its_place(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    rows = [("spNO.4", "d", 10 + 50 * n, 12 + 50 * n, 20 + 50 * n, "4", "III", "anger") for n in range(708)]
    wrong = ("spNO.5", "f", 20, 25, 3475, "4", "III", "anger")
    xlsx(tmp_path / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [HEADER, *rows, wrong, wrong])
    last = datasets.open("casme3-a", tmp_path).samples()[-2:]
    assert [s.offset for s in last] == [33, 3474]


def test_part_c(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> None:
    header = ("sub", "count", "onset", "offset", "au")
    rows = [(1, 1, 100, 111, "4,7"), (1, 2, 200, 209, "4，R10"), (12, 1, 5, 9, 14)]
    xlsx(tmp_path / "CAS(ME)3_part_C_ME.xlsx", [header, *rows])
    frames(tmp_path / "part_C/01/a/color", range(1, 120), "{}.jpg")
    frames(tmp_path / "part_C/02/a/color", range(1, 3), "{}.jpg")
    dataset = datasets.open("casme3-c", tmp_path)
    found = dataset.samples()
    assert [(s.id, s.onset, s.apex, s.offset, s.aus) for s in found] == [
        ("casme3-c/01/1", 99, 104, 110, (4, 7)),
        ("casme3-c/01/2", 199, 203, 208, (4, 10)),
        ("casme3-c/12/1", 4, 6, 8, (14,)),
    ]
    assert found[0].frame(99).name == "100.jpg"
    assert [len(r.events) for r in dataset.recordings()] == [2, 0, 1]
    assert [s.label for s in dataset.samples("objective")] == ["III", "VII", "VII"]


def test_part_c_with_more_folders_than_one_is_refused(
    tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]
) -> None:
    xlsx(tmp_path / "CAS(ME)3_part_C_ME.xlsx", [("sub", "count", "onset", "offset", "au"), (1, 1, 1, 5, "4")])
    for letter in "ab":
        frames(tmp_path / f"part_C/01/{letter}/color", range(1, 3), "{}.jpg")
    with pytest.raises(InputError, match="holds 2 folders; expected one"):
        datasets.open("casme3-c", tmp_path).samples()
