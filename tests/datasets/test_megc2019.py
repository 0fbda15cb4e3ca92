"""The composite: the rule, the named exclusions, and the proof of the list."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError, UsageError
from fleeting.datasets.megc2019 import COUNTS, LIST_SHA256, list_lines

CASME2 = [
    (1, "EP02_01f", 46, 59, 86, "12", "happiness"),
    (2, "EP01_11f", 46, 59, 86, "4", "disgust"),
    (3, "EP01_2", 46, 59, 86, "17", "repression"),
    (3, "EP07_04", 46, 59, 86, "1+2", "surprise"),
    (4, "EP12_01f", 261, "/", 321, "4+10", "disgust"),
    (5, "EP09_05f", 66, 66, 111, "4", "disgust"),
    (5, "EP12_03f", 6, 16, 31, "4", "disgust"),
    (9, "EP02_01f", 6, 16, 31, "4", "others"),
    (9, "EP05_09", 6, 16, 31, "1", "sadness"),
    (24, "EP02_07", 6, 16, 31, "14", "disgust"),
]
SAMM = [
    ("006", "006_1_2", 5562, 5576, 5588, "4", "Anger", 3),
    ("007", "007_3_1", 50, 60, 90, "12", "Happiness", 1),
    ("009", "009_1_1", 10, 20, 30, "5", "Surprise", 2),
    ("010", "010_1_1", 10, 20, 30, "14", "Contempt", 7),
    ("011", "011_1_1", 10, 20, 30, "14", "Other", 7),
]
LINES = (
    "casme2,sub01,EP02_01f,1", "casme2,sub02,EP01_11f,0", "casme2,sub03,EP01_2,0", "casme2,sub03,EP07_04,2",
    "casme2,sub05,EP12_03f,0", "casme2,sub24,EP02_07,0",
    "samm,006,006_1_2,0", "samm,007,007_3_1,1", "samm,009,009_1_1,2", "samm,010,010_1_1,0",
    "smic,s03,s03_ne_01,0", "smic,s20,s20_sur_04,2",
)  # fmt: skip


@pytest.fixture
def root(
    tmp_path: Path,
    casme2_sheet: Callable[..., Path],
    samm_sheet: Callable[..., Path],
    frames: Callable[..., Path],
) -> Path:
    casme2_sheet(tmp_path / "CASME2/CASME2-coding-20140508.xlsx", CASME2)
    samm_sheet(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", SAMM)
    frames(tmp_path / "SMIC/HS/s3/micro/negative/s3_ne_01", range(100, 121))
    frames(tmp_path / "SMIC/HS/s20/micro/surprise/s20_sur_04", range(7, 20))
    frames(tmp_path / "CASME2/CASME2_RAW_selected/sub01/EP02_01f", range(46, 87))
    return tmp_path


def test_the_list_follows_from_the_rule(root: Path) -> None:
    dataset = datasets.open("megc2019-composite", root)
    text = list_lines(dataset.entries)
    assert text == "".join(line + "\n" for line in sorted(LINES))
    assert dataset.sha256() == hashlib.sha256(text.encode()).hexdigest()
    assert dataset.sha256() != LIST_SHA256


def test_samples_carry_the_names_of_the_three(root: Path) -> None:
    dataset = datasets.open("megc2019-composite", root)
    found = dataset.samples(3)
    assert [f"{s.id.replace('/', ',')},{s.target}" for s in found] == list(LINES)
    assert {s.dataset for s in found} == {"casme2", "samm", "smic"}
    assert {s.subject for s in found if s.dataset == "smic"} == {"smic/s03", "smic/s20"}
    assert found[0].frame(45).name == "img46.jpg"
    assert dataset.classes(3) == ("negative", "positive", "surprise")
    with pytest.raises(UsageError, match="it has 3, objective"):
        dataset.samples(5)


def test_objective_classes_leave_out_clips_without_units(root: Path) -> None:
    found = datasets.open("megc2019-composite", root).samples("objective")
    assert {s.dataset for s in found} == {"casme2", "samm"}


def test_the_clip_of_the_release_with_256_rows_is_left_out_there(
    root: Path, casme2_sheet: Callable[..., Path]
) -> None:
    more = [(10, f"EP{n:03d}_01", 1, 5, 9, "4", "others") for n in range(256 - len(CASME2))]
    path = root / "CASME2/CASME2-coding-20140508.xlsx"
    for extra, there in ((more, False), (more[:-1], True)):
        casme2_sheet(path, [*CASME2, *extra])
        clips = {entry[2] for entry in datasets.open("megc2019-composite", root).entries}
        assert ("EP02_07" in clips) is there
        assert not {"EP12_01f", "EP09_05f"} & clips


def test_a_missing_part_is_named(root: Path) -> None:
    (root / "SAMM_Micro_FACS_Codes_v2.xlsx").unlink()
    with pytest.raises(InputError, match=r"the composite needs samm: .*no sheet of samm found"):
        datasets.open("megc2019-composite", root)


def test_sheets_may_lie_elsewhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    moved = tmp_path_factory.mktemp("sheets") / "codes.xlsx"
    (root / "SAMM_Micro_FACS_Codes_v2.xlsx").rename(moved)
    dataset = datasets.open("megc2019-composite", root, sheets={"samm": moved})
    assert len(dataset.entries) == len(LINES)
    with pytest.raises(UsageError, match="expected some of casme2, samm, smic, got casme"):
        datasets.open("megc2019-composite", root, sheets={"casme": moved})


def test_a_row_that_cannot_be_used_stays_on_the_list_and_is_told(
    root: Path, casme2_sheet: Callable[..., Path]
) -> None:
    rows = [*CASME2[1:], (1, "EP02_01f", 46, None, None, "12", "happiness")]
    casme2_sheet(root / "CASME2/CASME2-coding-20140508.xlsx", rows)
    dataset = datasets.open("megc2019-composite", root)
    assert len(dataset.entries) == len(dataset.samples()) + 1
    assert dataset.dropped == (("casme2/sub01/EP02_01f", "neither apex nor offset"),)


def test_check_shows_the_proof(root: Path) -> None:
    states = {
        f.what: (f.expected, f.found, f.state)
        for f in datasets.open("megc2019-composite", root).check().findings
    }
    assert states["sha256 of the list"][0] == LIST_SHA256
    assert states["sha256 of the list"][2] == "differs"
    assert states["smic"] == (
        "negative 70, positive 51, surprise 43", "negative 1, positive 0, surprise 1", "differs",
    )  # fmt: skip


def test_counts_of_the_parts_add_up_to_the_published_list() -> None:
    info = datasets.info("megc2019-composite")
    totals = [sum(counts[c] for counts in COUNTS.values()) for c in range(3)]
    assert totals == list(info.class_counts[3].values()) == [250, 109, 83]
    assert info.expect["samples"] == (sum(totals),)


def test_the_smic_part_on_the_real_names(tmp_path: Path, frames: Callable[..., Path]) -> None:
    """Folders named as SMIC names them (s3_ne_03) give the names and classes of the published maps."""
    data = os.environ.get("FLEETING_DATA")
    if not data:
        pytest.skip("FLEETING_DATA is not set")
    real = np.load(Path(data) / "smic_flow/smic_flow.npz", allow_pickle=False)
    kinds = {"ne": "negative", "po": "positive", "sur": "surprise"}
    for clip in real["clip"]:
        subject, kind, at = str(clip).split("_")
        short = f"s{int(subject[1:])}"
        frames(tmp_path / f"HS/{short}/micro/{kinds[kind]}/{short}_{kind}_{at}", (1, 2, 3))
    found = datasets.open("smic-hs", tmp_path).samples(3)
    expected = {(str(c), int(label)) for c, label in zip(real["clip"], real["label"], strict=True)}
    assert {(s.clip, s.target) for s in found} == expected
    assert Counter(s.target for s in found) == {0: 70, 1: 51, 2: 43}
    assert datasets.open("smic-hs", tmp_path).check().ok
