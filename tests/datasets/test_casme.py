"""CASME and CASME II as published, quirks included."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError, UsageError

CASME2_ROWS = [
    (1, "EP02_01f", 46, 59, 86, "12", "happiness"),
    (1, "EP03_02", 131, 151, 161, "4+?", "others"),
    (4, "EP12_01f", 261, "/", 321, "4+10", "disgust"),
    (5, "EP09_05f", 66, 66, 111, "4", "disgust"),
    (17, "EP01_06", 1, 20, 40, "17", "repression"),
    (17, "EP05_02", 1, 20, 40, "1+2", "surprise"),
    (19, "EP01_01f", 5, 9, 20, "L1", "sadness"),
    (24, "EP02_07", 5, 9, 20, "20", "fear"),
]


@pytest.fixture
def casme2(tmp_path: Path, casme2_sheet: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    casme2_sheet(tmp_path / "CASME2-coding-20140508.xlsx", CASME2_ROWS)
    frames(tmp_path / "CASME2_RAW_selected/sub01/EP02_01f", range(46, 87))
    frames(tmp_path / "Cropped/sub01/EP02_01f", range(46, 87), "reg_img{}.jpg")
    return tmp_path


def test_casme2_frames_are_zero_based_and_inclusive(casme2: Path) -> None:
    one = datasets.open("casme2", casme2).samples()[0]
    assert (one.id, one.subject, one.clip) == ("casme2/sub01/EP02_01f", "casme2/sub01", "EP02_01f")
    assert (one.onset, one.apex, one.offset, one.fps) == (45, 58, 85, 200.0)
    interval = one.interval
    assert interval is not None
    assert (interval.frames, interval.duration_s, interval.kind) == (41, 0.205, "micro")
    assert one.frames()[0].name == "img46.jpg"
    assert one.frame(one.onset).name == "img46.jpg"
    assert one.frame(58).name == "img59.jpg"
    assert [p.name for p in one.coded_frames()][::40] == ["img46.jpg", "img86.jpg"]


def test_casme2_missing_apex_and_policies(casme2: Path) -> None:
    by_clip = {s.clip: s for s in datasets.open("casme2", casme2).samples()}
    lost = by_clip["EP12_01f"]
    assert lost.apex == (261 + 321) // 2 - 1
    assert lost.notes == ("no apex: policy midpoint",)
    assert lost.path is None
    with pytest.raises(InputError, match="casme2/sub04/EP12_01f: its frames are not on disk"):
        lost.frames()
    none = datasets.open("casme2", casme2, apex="none")
    assert {s.clip: s.apex for s in none.samples()}["EP12_01f"] is None


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (3, ["positive", "negative", "negative", "negative", "surprise"]),
        (4, ["positive", "others", "negative", "negative", "negative", "surprise"]),
        (5, ["happiness", "others", "disgust", "disgust", "repression", "surprise"]),
        (7, ["happiness", "others", "disgust", "disgust", "repression", "surprise", "sadness", "fear"]),
        # 12, 4+?, 4+10 (in no row of Davison's table), 4, 17, 1+2, L1, 20
        ("objective", ["I", "III", "VII", "III", "VII", "II", "V", "VI"]),
    ],
)
def test_casme2_protocols(casme2: Path, classes: int | str, expected: list[str]) -> None:
    dataset = datasets.open("casme2", casme2)
    found = dataset.samples(classes)
    order = dataset.classes(classes)
    assert [order[s.target] for s in found if s.target is not None] == [s.label for s in found]
    assert [s.label for s in found] == expected


def test_casme2_class_order_is_that_of_megc(casme2: Path) -> None:
    assert datasets.open("casme2", casme2).classes(3) == ("negative", "positive", "surprise")


def test_casme2_unknown_protocol_names_those_there_are(casme2: Path) -> None:
    with pytest.raises(UsageError, match="classes=6; it has 3, 4, 5, 7, objective"):
        datasets.open("casme2", casme2).samples(6)
    with pytest.raises(UsageError, match="'micro', 'macro' or None"):
        datasets.open("casme2", casme2).samples(kind="both")


def test_casme2_what_cannot_be_read_of_the_units_is_kept(casme2: Path) -> None:
    dataset = datasets.open("casme2", casme2)
    one = dataset.samples()[1]
    assert (one.aus, one.au_text, one.unread) == ((4,), "4+?", ("?",))
    assert ("casme2/sub01/EP03_02", "?") in dataset.check().unread


def test_casme2_stored_objective_classes_win(casme2: Path, xlsx: Callable[..., Path]) -> None:
    xlsx(
        casme2 / "CASME2-ObjectiveClasses.xlsx",
        [("Subject", "Filename", "Objective Class"), (1, "EP02_01f", 7)],
    )
    stored = {s.clip: s.objective for s in datasets.open("casme2", casme2).samples()}
    assert (stored["EP02_01f"], stored["EP05_02"]) == (7, 2)


def test_casme2_frames_may_be_chosen(casme2: Path) -> None:
    cropped = datasets.open("casme2", casme2, frames=casme2 / "Cropped").samples()[0]
    assert cropped.frame(45).name == "reg_img46.jpg"
    with pytest.raises(InputError, match="no such folder of frames"):
        datasets.open("casme2", casme2, frames=casme2 / "none")


def test_casme2_frames_are_not_listed_before_they_are_asked_for(
    casme2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> None:
        raise AssertionError("listed")

    monkeypatch.setattr("fleeting.datasets.base.list_frames", never)
    dataset = datasets.open("casme2", casme2)
    assert len(dataset.samples(5)) == 6
    with pytest.raises(AssertionError, match="listed"):
        dataset.samples()[0].frames()


def test_casme2_row_60_is_mended_only_where_it_is_wrong(
    tmp_path: Path, casme2_sheet: Callable[..., Path]
) -> None:
    rows = [(1, f"EP{n:02d}_01", 1, 5, 9, "4", "others") for n in range(60)]
    wrong = (7, "EP03_04", 60, "/", 300, "4", "disgust")
    right = (7, "EP03_04", 60, 70, 88, "4", "disgust")
    for name, last, offset in (("a", wrong, 90), ("b", right, 87)):
        casme2_sheet(tmp_path / name / "CASME2-coding-20140508.xlsx", [*rows, last])
        assert datasets.open("casme2", tmp_path / name).samples()[-1].offset == offset


def test_casme2_errors_name_what_was_expected(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    with pytest.raises(
        InputError, match=r"no such file or folder for casme2; expected CASME2-coding-20140508\.xlsx"
    ):
        datasets.open("casme2", tmp_path / "none")
    with pytest.raises(InputError, match=r"no sheet of casme2 found; expected CASME2-coding.*http"):
        datasets.open("casme2", tmp_path)
    path = xlsx(tmp_path / "CASME2-coding-20140508.xlsx", [("Subject", "Clip", "Start"), (1, "EP", 5)])
    with pytest.raises(
        InputError, match=r"columns not found: clip \(Filename\).*holds: Subject, Clip, Start"
    ) as error:
        datasets.open("casme2", tmp_path)
    assert error.value.where == str(path)


def test_casme2_check_says_what_is_missing(casme2: Path) -> None:
    report = datasets.open("casme2", casme2).check()
    states = {f.what: (f.found, f.state) for f in report.findings}
    assert not report.ok
    assert states["samples"] == ("8", "differs")
    assert states["frames"][1] == "missing"
    assert states["frames"][0].startswith("1 of 8 on disk, not casme2/sub01/EP03_02")
    assert states["onset, apex, offset"] == ("all", "ok")
    assert states["sheet"][0].endswith("CASME2-coding-20140508.xlsx")
    assert ("casme2/sub04/EP12_01f", "no apex: policy midpoint") in report.changed
    assert "http" in report.request


def test_casme2_check_finds_a_truncated_clip(casme2: Path) -> None:
    (casme2 / "CASME2_RAW_selected/sub01/EP02_01f/img86.jpg").unlink()
    states = {f.what: f.found for f in datasets.open("casme2", casme2).check().findings}
    assert states["onset, apex, offset"] == "missing in 1: casme2/sub01/EP02_01f"


def test_casme_reads_the_first_apex_and_pads_the_subject(
    tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]
) -> None:
    header = ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AU", "Emotion")
    rows = [
        (1, "EP01_5", None, 73, 81, 85, 91, None, "14", "tense"),
        (11, "EP12_8", None, 20, 25, None, 30, None, 4.0, "disgust"),
        (None, None, None, None, None, None, None, None, None, "total"),
    ]
    xlsx(tmp_path / "CASME.xlsx", [header, *rows])
    frames(tmp_path / "Cropped/sub01/EP01_5", range(73, 92), "EP01_5-{:03d}.jpg")
    dataset = datasets.open("casme", tmp_path)
    one, two = dataset.samples()
    assert (one.subject, one.apex, one.fps, one.aus) == ("casme/sub01", 80, 60.0, (14,))
    assert one.frame(72).name == "EP01_5-073.jpg"
    assert (two.subject, two.aus) == ("casme/sub11", (4,))
    assert [s.label for s in dataset.samples(4)] == ["others", "negative"]
    assert [s.label for s in dataset.samples(3)] == ["negative"]


def test_casme_and_casme2_below_one_root_do_not_mix(
    tmp_path: Path, xlsx: Callable[..., Path], casme2_sheet: Callable[..., Path], frames: Callable[..., Path]
) -> None:
    header = ("Subject", "Filename", "OnsetF", "ApexF1", "OffsetF", "AU", "Emotion")
    xlsx(tmp_path / "CASME/CASME.xlsx", [header, (1, "EP01_5", 73, 81, 91, "14", "tense")])
    casme2_sheet(tmp_path / "CASME2/CASME2-coding-20140508.xlsx", CASME2_ROWS)
    frames(tmp_path / "CASME/CASME_raw_selected/sub01/EP01_5", range(73, 92))
    frames(tmp_path / "CASME2/CASME2_RAW_selected/sub01/EP02_01f", range(46, 87))
    assert "CASME_raw_selected" in str(datasets.open("casme", tmp_path).samples()[0].path)
    assert "CASME2_RAW_selected" in str(datasets.open("casme2", tmp_path).samples()[0].path)
