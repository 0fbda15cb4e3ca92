"""Counts of the real sheets, where the user has them: ``FLEETING_SHEETS`` points to a folder of sheet files.

Nothing of a sheet is stored or shown here; the counts are published ones.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError
from fleeting.datasets.folders import find_sheets
from fleeting.datasets.megc2019 import LIST_SHA256
from fleeting.datasets.sheet import SheetDataset

SHEETS = os.environ.get("FLEETING_SHEETS", "")
# Dataset: rows, subjects, own words.
COUNTS: dict[str, tuple[int, int, dict[str, int]]] = {
    "casme2": (
        255, 26,
        {"others": 99, "disgust": 63, "happiness": 32, "repression": 27, "surprise": 25, "sadness": 7,
         "fear": 2},
    ),
    "samm": (
        159, 29,
        {"anger": 57, "others": 26, "happiness": 26, "surprise": 15, "contempt": 12, "disgust": 9, "fear": 8,
         "sadness": 6},
    ),
    "casme3-a": (
        860, 94,
        {"disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64, "sadness": 57,
         "happiness": 55},
    ),
}  # fmt: skip
OBJECTIVE = {
    "samm": (24, 13, 20, 8, 3, 7, 84),
    "casme3-a": (15, 151, 234, 37, 47, 3, 373),
}
TYPES = {"casme-sq": (57, (300, 298)), "samm-lv": (159, (343,))}
DFME = {"train": (1856, 176), "testA": (474, 42), "testB": (299, 41)}


def opened(name: str) -> SheetDataset:
    if not SHEETS:
        pytest.skip("FLEETING_SHEETS is not set")
    try:
        dataset = datasets.open(name, SHEETS)
    except InputError as error:
        if "no sheet of" in str(error):
            pytest.skip(f"no sheet of {name} below FLEETING_SHEETS")
        raise
    assert isinstance(dataset, SheetDataset)
    return dataset


@pytest.mark.parametrize("name", COUNTS)
def test_rows_subjects_and_words(name: str) -> None:
    dataset = opened(name)
    rows, subjects, words = COUNTS[name]
    found = [row for row in dataset.rows if row.kind == "micro"]
    if name == "casme2" and len(found) in (250, 256):
        pytest.skip(f"another release of the sheet, with {len(found)} rows")
    assert (len(found), len({row.subject for row in found})) == (rows, subjects)
    assert Counter(row.emotion for row in found) == words
    assert len(dataset.dropped) <= len(found) // 100


@pytest.mark.parametrize("name", OBJECTIVE)
def test_stored_objective_classes(name: str) -> None:
    found = Counter(row.objective for row in opened(name).rows if row.kind == "micro")
    assert tuple(found[i] for i in range(1, 8)) == OBJECTIVE[name]


@pytest.mark.parametrize("name", TYPES)
def test_types_of_long_videos(name: str) -> None:
    dataset = opened(name)
    micro, macro = TYPES[name]
    kinds = Counter(row.kind for row in dataset.rows)
    assert kinds["micro"] == micro
    assert kinds["macro"] in macro
    assert len(dataset.dropped) <= len(dataset.rows) // 100
    events = sum(len(recording.events) for recording in dataset.recordings())
    assert events == len(dataset.rows) - len(dataset.dropped)


def test_dfme_parts() -> None:
    found = opened("dfme").rows
    for part in {row.split for row in found}:
        rows = [row for row in found if row.split == part]
        assert (len(rows), len({row.subject for row in rows})) == DFME[part]


@pytest.mark.parametrize(
    "name", ["casme", "casme2", "casme3-a", "casme-sq", "dfme", "mmew", "samm", "samm-lv"]
)
def test_nearly_every_unit_is_read(name: str) -> None:
    found = opened(name).samples(kind=None)
    assert sum(bool(one.codes) for one in found) >= 0.9 * len(found)
    assert sum(bool(one.unread) for one in found) <= 0.1 * len(found)


def test_the_composite_is_the_organisers_list() -> None:
    if not SHEETS:
        pytest.skip("FLEETING_SHEETS is not set")
    wanted = {"casme2": r"casme2.*", "samm": r"samm(?!longvideos|lv).*", "smic": r"smic(hs|apex).*|smic"}
    lost = [name for name, pattern in wanted.items() if not find_sheets(Path(SHEETS), (pattern,))]
    if lost:
        pytest.skip(f"no sheet of {', '.join(lost)} below FLEETING_SHEETS")
    dataset = datasets.open("megc2019-composite", SHEETS)
    assert Counter(s[3] for s in dataset.entries) == {0: 250, 1: 109, 2: 83}
    assert dataset.sha256() == LIST_SHA256
