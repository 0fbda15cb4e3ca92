"""SMIC: folders as truth, the E sheets, three cameras, and names of clips that no line has."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError, UsageError
from fleeting.datasets.rows import Row
from fleeting.datasets.smic_names import name_extras, name_lost

E_HEADER = (
    "Subject", "Filename", "OnsetF", "OffsetF", "Onset2F", "Offset2F", "Onset3F", "Offset3F", "FirstF",
    "LastF", "TotalMF1", "TotalMF2", "TotalMF3", "TotalVL", "Emotion",
)  # fmt: skip


def e_row(subject: int, clip: str, first: int, *pairs: tuple[int, int], emotion: str = "negative") -> tuple:
    cells = [cell for pair in (*pairs, *[(None, None)] * (3 - len(pairs))) for cell in pair]
    return (subject, clip, *cells, first, first + 500, None, None, None, None, emotion)


@pytest.fixture
def trimmed(tmp_path: Path, frames: Callable[..., Path]) -> Path:
    hs = tmp_path / "SMIC_all_raw/HS"
    frames(hs / "s1/micro/negative/s1_ne_01", range(90823, 90843), "image{:06d}.bmp")
    frames(hs / "s1/micro/surprise/s1_sur_01", range(100, 131), "image{:06d}.bmp")
    frames(hs / "s20/micro/positive/s20_po_02", range(5, 16), "image{:06d}.bmp")
    (hs / "s1/non_micro").mkdir()
    frames(tmp_path / "SMIC_all_raw/VIS/s11/micro/negative/s11_ne_01", range(7, 18), "image{:06d}.bmp")
    frames(tmp_path / "SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01", range(1, 5))
    return tmp_path


@pytest.fixture
def extended(tmp_path: Path, xlsx: Callable[..., Path], frames: Callable[..., Path]) -> Path:
    rows = [
        e_row(3, "s3_ne_01", 1000, (1100, 1140)),
        e_row(3, "s3_ne_02", 2000, (2100, 2120), (2300, 2330)),
        e_row(20, "s20_po_01", 5, (25, 45), emotion="positive"),
        ("Note: some videos were lost", None),
        (None, "Total", 157),
    ]
    xlsx(tmp_path / "HS_long/SMIC-HS-E_annotation.xlsx", [E_HEADER, *rows])
    frames(tmp_path / "HS_long/SMIC_HS_E/s03/s3_ne_02", range(2000, 2400), "image{:06d}.jpg")
    return tmp_path


def test_trimmed_clips_come_from_the_folders(trimmed: Path) -> None:
    found = datasets.open("smic-hs", trimmed).samples(3)
    assert [(s.id, s.label, s.target) for s in found] == [
        ("smic-hs/s01/s01_ne_01", "negative", 0),
        ("smic-hs/s01/s01_sur_01", "surprise", 2),
        ("smic-hs/s20/s20_po_02", "positive", 1),
    ]
    one = found[0]
    assert (one.onset, one.apex, one.offset, one.fps, one.person) == (0, 9, 19, 100.0, "smic/s01")
    assert one.notes == ("no apex: policy midpoint",)
    assert one.frame(9).name == "image090832.bmp"
    assert "raw" in str(one.path)
    assert one.aus == ()


def test_cameras_do_not_mix_and_people_are_shared(trimmed: Path) -> None:
    (one,) = datasets.open("smic-vis", trimmed).samples()
    assert (one.subject, one.person, one.fps, one.offset) == ("smic-vis/s11", "smic/s11", 25.0, 10)
    with pytest.raises(InputError, match=r"no sheet of smic-nir found.*Oulu"):
        datasets.open("smic-nir", trimmed)


def test_only_three_classes(trimmed: Path) -> None:
    with pytest.raises(UsageError, match=r"it has 3$"):
        datasets.open("smic-hs", trimmed).samples(5)


def test_a_clip_folder_without_numbers_is_refused(trimmed: Path, frames: Callable[..., Path]) -> None:
    frames(trimmed / "SMIC_all_raw/HS/s1/micro/negative/s1_ne_02", ("a", "b"), "{}.bmp")
    with pytest.raises(InputError, match="carry no numbers"):
        datasets.open("smic-hs", trimmed)


@pytest.mark.parametrize("emotion", ["negative", 0, None, "positive"])
def test_a_sheet_of_trimmed_clips(tmp_path: Path, xlsx: Callable[..., Path], emotion: object) -> None:
    """The kind in the name decides; a sheet that says otherwise is told."""
    header = ("subject", "filename", "onset", "apex", "offset", "emotion")
    xlsx(tmp_path / "smic.xlsx", [header, ("s03", "s03_ne_03", 500, 520, 530, emotion)])
    (one,) = datasets.open("smic-hs", tmp_path).samples(3)
    assert (one.clip, one.label, one.onset, one.apex, one.offset) == ("s03_ne_03", "negative", 0, 20, 30)
    assert one.notes == (
        ("the sheet says positive, the name of the clip negative: the name is used",)
        if emotion == "positive"
        else ()
    )


def test_extended_lines_hold_several_movements(extended: Path) -> None:
    dataset = datasets.open("smic-e-hs", extended)
    found = dataset.samples()
    assert [(s.id, s.onset, s.apex, s.offset) for s in found] == [
        ("smic-e-hs/s03/s03_ne_01", 100, 120, 140),
        ("smic-e-hs/s03/s03_ne_02", 100, 110, 120),
        ("smic-e-hs/s03/s03_ne_02#2", 300, 315, 330),
        ("smic-e-hs/s20/s20_po_01", 20, 30, 40),
    ]
    assert found[1].frame(100).name == "image002100.jpg"
    recordings = dataset.recordings()
    assert [len(r.events) for r in recordings] == [1, 2, 1]
    assert recordings[1].path is not None and len(recordings[1].frames()) == 400


def test_the_slow_cameras_have_columns_of_their_own(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    header = (
        "Subject",
        "Filename",
        "OnsetF",
        "OffsetF",
        "FirstF",
        "OnsetF NIR",
        "OffsetF NIR",
        "FirstF NIR",
        "Emotion",
    )
    row = (11, "s11_ne_01", 900, 990, 800, 30, 40, 10, "negative")
    xlsx(tmp_path / "SMIC-NIR-E_annotation.xlsx", [header, row])
    (one,) = datasets.open("smic-e-nir", tmp_path).samples()
    assert (one.onset, one.offset, one.fps) == (20, 30, 25.0)


def test_trimmed_labels_from_the_extended_sheet_fill_the_gaps(extended: Path) -> None:
    """s3_ne_02 shows two movements: the second is s03_ne_03 by the numbering."""
    found = {s.clip: s for s in datasets.open("smic-hs", extended).samples(3)}
    assert set(found) == {"s03_ne_01", "s03_ne_02", "s03_ne_03", "s20_po_01"}
    assert found["s03_ne_03"].notes[0].startswith("another movement in the line of s03_ne_02")
    assert found["s03_ne_03"].path is None


def line(clip: str) -> Row:
    return Row(0, clip[:3], clip, 5, None, 9, "negative")


def test_extra_movements_take_the_next_free_number() -> None:
    rows = [line("s04_ne_04"), line("s04_ne_07"), line("s04_ne_09")]
    extras = [(rows[0], (20.0, 25.0)), (rows[0], (30.0, 35.0)), (rows[2], (40.0, 45.0))]
    assert [r.clip for r in name_extras(rows, extras)] == ["s04_ne_05", "s04_ne_06", "s04_ne_10"]


def test_lost_clips_are_named_by_their_gap_and_have_no_frames() -> None:
    rows = [line("s04_ne_01"), line("s04_ne_04"), line("s05_sur_01")]
    assert [(r.clip, r.emotion, r.onset) for r in name_lost(rows)] == [
        ("s04_ne_02", "negative", None),
        ("s04_ne_03", "negative", None),
    ]


def test_a_line_for_every_clip_means_none_is_added(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    """164 lines are complete: leftover second onsets must not be counted again."""
    clips = [(1 + n // 20, f"s{1 + n // 20}_ne_{1 + n % 20:02d}") for n in range(164)]
    rows = [e_row(subject, clip, 1, (5, 9), (20, 25)) for subject, clip in clips]
    xlsx(tmp_path / "SMIC-HS-E_annotation.xlsx", [E_HEADER, *rows])
    assert len(datasets.open("smic-hs", tmp_path).samples()) == 164
    assert len(datasets.open("smic-e-hs", tmp_path).samples()) == 328


def test_smic_check_names_the_source(trimmed: Path, extended: Path) -> None:
    trim = {f.what: f.found for f in datasets.open("smic-hs", trimmed).check().findings}
    assert trim["clips from"].endswith("HS")
    assert trim["classes=3"] == "negative 1, positive 1, surprise 1"
    long = {f.what: f.found for f in datasets.open("smic-e-hs", extended).check().findings}
    assert long["sheet"].endswith("SMIC-HS-E_annotation.xlsx")
