"""SMIC: folders as truth, the E sheets, three cameras, and names of clips that no line has."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError, UsageError
from fleeting.datasets.rows import Row
from fleeting.datasets.smic_names import unlisted_clips

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
    assert (found["s03_ne_03"].onset, found["s03_ne_03"].offset) == (300, 330)
    assert found["s03_ne_03"].notes[0].startswith("another movement in the line of s03_ne_02")
    assert found["s03_ne_03"].frame(300).name == "image002300.jpg"
    assert found["s03_ne_02"].frame(100).name == "image002100.jpg"
    assert datasets.open("smic-hs", extended).recordings() == ()


def test_a_list_of_names_is_enough_for_the_classes(tmp_path: Path) -> None:
    (tmp_path / "smic.csv").write_text("filename\ns03_ne_01\ns3_sur_2\n", encoding="utf-8")
    found = datasets.open("smic-hs", tmp_path).samples(3)
    assert [(s.clip, s.label, s.apex) for s in found] == [
        ("s03_ne_01", "negative", None),
        ("s03_sur_02", "surprise", None),
    ]
    assert "placeholders" in found[0].notes[-1] and found[0].path is None


def line(clip: str) -> Row:
    return Row(0, clip[:3], clip, 5, None, 9, "negative")


def test_gaps_go_to_the_further_movements_of_earlier_lines_and_are_lost_else() -> None:
    """s04_ne_04 shows three movements; 08 and all of s05 have no line before them that shows another."""
    rows = [line("s04_ne_04"), line("s04_ne_07"), line("s04_ne_09"), line("s05_ne_02")]
    rows += [line(f"s04_ne_{n:02d}") for n in (1, 2, 3)]
    extras = [(rows[0], (20.0, 25.0)), (rows[0], (30.0, 35.0))]
    found = unlisted_clips(rows, extras, 164)
    assert [(r.clip, r.onset, r.emotion) for r in found] == [
        ("s04_ne_05", 20.0, "negative"),
        ("s04_ne_06", 30.0, "negative"),
        ("s04_ne_08", None, "negative"),
        ("s05_ne_01", None, "negative"),
    ]
    assert [r.index for r in found] == [7, 8, 9, 10]


@pytest.mark.parametrize(("published", "numbers"), [(4, [3, 4]), (3, [3]), (2, [])])
def test_movements_without_a_gap_go_behind(published: int, numbers: list[int]) -> None:
    rows = [line("s04_ne_01"), line("s04_ne_02")]
    extras = [(rows[1], (20.0, 25.0)), (rows[1], (30.0, 35.0))]
    assert [r.clip for r in unlisted_clips(rows, extras, published)] == [f"s04_ne_{n:02d}" for n in numbers]


def test_the_published_names_come_back_whatever_line_is_missing(real_clips: list[str]) -> None:
    """Leaving out names inside the numbering, with or without a further movement for them."""
    last = {c.rsplit("_", 1)[0]: c for c in real_clips}
    inner = [c for c in real_clips if c not in last.values() and not c.endswith("_01")]
    for start in range(5):
        gone = set(inner[start::17])
        rows = [line(c) for c in real_clips if c not in gone]
        extras = [(r, (20.0, 25.0)) for r in rows if clip_after(r.clip) in gone][:4]
        found = unlisted_clips(rows, extras, 164)
        assert sorted([r.clip for r in rows] + [r.clip for r in found]) == real_clips


def clip_after(clip: str) -> str:
    head, at = clip.rsplit("_", 1)
    return f"{head}_{int(at) + 1:02d}"


@pytest.fixture
def real_clips() -> list[str]:
    data = os.environ.get("FLEETING_DATA")
    if not data:
        pytest.skip("FLEETING_DATA is not set")
    return sorted(np.load(Path(data) / "smic_flow/smic_flow.npz", allow_pickle=False)["clip"].tolist())


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
