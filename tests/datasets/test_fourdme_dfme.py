"""4DME (several labels, uncertain and swapped units) and DFME (three sheets, three frame rates)."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError

FOURD = (
    "sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs", "AU4", "AU12", "Positive", "Negative",
    "Surprise", "Repression", "Others",
)  # fmt: skip
DFME = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId", "Fps", "AU")


def fourd_row(at: int, units: str, *flags: int) -> tuple:
    return (f"{at:02d}", f"{at:02d}_1", "", 10, 15, 20, units, 0, 0, *flags)


def test_fourdme(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> None:
    rows = [
        fourd_row(1, "AU4(k)+L7", 0, 1, 0, 0, 0),
        fourd_row(2, "AUR2+12", 1, 0, 1, 0, 0),
        fourd_row(3, "15", 0, 0, 0, 1, 0),
        fourd_row(4, "45", 0, 0, 0, 0, 1),
        (None, "total", None, None, None, None, 4),
    ]
    xlsx(tmp_path / "4DME_Labelling_Micro_release v1.xlsx", [FOURD, *rows])
    frames(tmp_path / "gray_micro/01/01_1", range(10, 21), "Frame_{:09d}.jpg")
    dataset = datasets.open("4dme", tmp_path)
    found = dataset.samples()
    assert [s.emotion for s in found] == ["negative", "positive+surprise", "repression", "others"]
    assert [s.aus for s in found] == [(7,), (2, 12), (15,), (45,)]
    assert found[0].frame(9).name == "Frame_000000010.jpg"
    assert [s.label for s in dataset.samples(5)] == ["negative", "repression", "others"]
    assert [s.label for s in dataset.samples(3)] == ["negative", "negative"]


def test_fourdme_emotion_column_alone(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    row = ("01", "01_1", "Surprise+Positive", 10, 15, 20, "12")
    xlsx(tmp_path / "4DME_Labelling_Micro_release v1.xlsx", [FOURD[:7], row])
    (one,) = datasets.open("4dme", tmp_path).samples()
    assert one.emotion == "surprise+positive"


@pytest.mark.parametrize(("rows", "units"), [(267, ["6", "5"]), (268, ["5", "6"])])
def test_fourdme_swapped_units_of_the_release_with_267_rows(
    tmp_path: Path, xlsx: Callable[..., Path], rows: int, units: list[str]
) -> None:
    lines = [fourd_row(n, "5" if n == 144 else "6" if n == 145 else "4", 0, 1, 0, 0, 0) for n in range(rows)]
    xlsx(tmp_path / "4DME_Labelling_Micro_release v1.xlsx", [FOURD, *lines])
    found = datasets.open("4dme", tmp_path).samples()
    assert [s.au_text for s in found[144:146]] == units


@pytest.fixture
def dfme(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    train = [
        ("sub0003", "sub0003_01", 1, 12, 30, "disgust", 2, 500, "4+AD31"),
        ("sub0004", "sub0004_02", 5, 9, 22, "surprise", 6, 200, "1+2+M58"),
    ]
    test = [("sub0900", "sub0900_01", 2, 5, 12, "contempt", 1, 300, "L14")]
    xlsx(tmp_path / "annotation/training_full_with_AU.xlsx", [DFME, *train])
    xlsx(tmp_path / "annotation/testA_full_with_AU.xlsx", [DFME, *test])
    frames(tmp_path / "DFME_train/sub0003_01", range(1, 31), "{:05d}.png")
    frames(tmp_path / "DFME_testA/sub0900/sub0900_01", range(2, 13), "{:05d}.png")
    return tmp_path


def test_dfme_parts_rates_and_both_layouts(dfme: Path) -> None:
    found = datasets.open("dfme", dfme).samples()
    assert [(s.id, s.split, s.fps) for s in found] == [
        ("dfme/sub0003/sub0003_01", "train", 500.0),
        ("dfme/sub0004/sub0004_02", "train", 200.0),
        ("dfme/sub0900/sub0900_01", "testA", 300.0),
    ]
    assert found[0].frame(0).name == "00001.png"
    assert found[1].path is None
    assert found[2].frame(1).name == "00002.png"
    assert found[0].interval is not None and found[0].interval.duration_s == 0.06


def test_dfme_movements_and_descriptors_are_no_action_units_shown(dfme: Path) -> None:
    found = datasets.open("dfme", dfme).samples()
    assert [s.aus for s in found] == [(4, 31), (1, 2), (14,)]
    assert all(s.unread == () for s in found)


def test_dfme_protocols(dfme: Path) -> None:
    dataset = datasets.open("dfme", dfme)
    assert [s.label for s in dataset.samples(3)] == ["negative", "surprise", "negative"]
    assert dataset.classes(7) == (
        "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise",
    )  # fmt: skip


def test_dfme_one_sheet_alone_and_none(dfme: Path, tmp_path: Path) -> None:
    one = datasets.open("dfme", dfme, sheet=dfme / "annotation/testA_full_with_AU.xlsx")
    assert [s.split for s in one.samples()] == ["testA"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no sheet of dfme found; expected training_full_with_AU"):
        datasets.open("dfme", empty)


def test_dfme_check_names_the_sheets(dfme: Path) -> None:
    states = {f.what: f.found for f in datasets.open("dfme", dfme).check().findings}
    assert states["sheet testB"] == "not there"
    assert states["sheet train"].endswith("training_full_with_AU.xlsx")
