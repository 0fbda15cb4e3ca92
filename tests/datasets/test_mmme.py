"""MMME: times in seconds, clips with everything in their name, and no participant's name anywhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.datasets.mmme import pseudonym

HEADER = (
    "Subject", "Filename", "Marker", "OnsetTime", "ApexTime", "OffsetTime", "OnsetFrame", "Action Units",
    "Estimated Emotion",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, xlsx: Callable[..., Path]) -> Path:
    rows = [
        ("Ada", "ada20230802", 116, 1.70, 1.97, 2.20, "10:01:02.7", "4+7", "angry"),
        ("Ada", "ada20230802", 116, 10.0, 10.4, 11.5, "10:01:11.0", "12", "happy"),
        ("Bob", "bob20230803", 107, 3.0, None, 3.4, "11:00:03.0", "1", "nervous"),
    ]
    xlsx(tmp_path / "coding_file.xlsx", [HEADER, *rows])
    clips = tmp_path / "MEs"
    clips.mkdir()
    (clips / "video_angry_ada20230802_116_1.70_1.97_2.20_100.avi").touch()
    (clips / "video_angry_bob20230803_116_1.70_1.97_2.20_150.avi").touch()
    return tmp_path


def test_times_become_frames_of_the_clip(root: Path) -> None:
    one = datasets.open("mmme", root).samples()[0]
    assert (one.onset, one.apex, one.offset, one.fps) == (0, 27, 50, 100.0)
    assert one.is_video and one.path is not None and "ada" in one.path.name
    assert one.aus == (4, 7)


def test_without_the_clip_frames_are_milliseconds(root: Path) -> None:
    dataset = datasets.open("mmme", root)
    found = dataset.samples(kind=None)[1]
    assert (found.onset, found.apex, found.offset, found.fps, found.path) == (
        10000,
        10400,
        11500,
        1000.0,
        None,
    )
    assert (found.kind, dataset.samples(kind=None)[2].kind) == ("macro", "micro")
    assert dataset.samples(kind=None)[2].apex == 3200


def test_no_name_of_a_participant_is_shown(root: Path) -> None:
    dataset = datasets.open("mmme", root)
    shown = [
        f"{s.id} {s.subject} {s.person} {s.clip} {s.recording} {s.notes}" for s in dataset.samples(kind=None)
    ]
    shown.append(str(dataset.check().findings))
    assert not any(name in text.lower() for text in shown for name in ("ada", "bob"))
    assert dataset.samples()[0].subject == f"mmme/{pseudonym('Ada')}"


def test_protocols(root: Path) -> None:
    """Tension counts as negative with 3 classes, as in the released notebook."""
    dataset = datasets.open("mmme", root)
    assert [s.label for s in dataset.samples(3)] == ["negative", "negative"]
    assert [s.label for s in dataset.samples(4)] == ["negative", "others"]
    assert [s.label for s in dataset.samples(7, kind=None)] == ["anger", "happiness", "tense"]
    assert dataset.recordings() == ()


def test_the_film_tells_the_clip_where_subjects_are_numbers(root: Path, xlsx: Callable[..., Path]) -> None:
    xlsx(root / "coding_file.xlsx", [HEADER, (7, "bob20230803", 116, 1.7, 1.97, 2.2, "", "4", "angry")])
    (one,) = datasets.open("mmme", root).samples()
    assert one.path is not None and "_bob" in one.path.name
    assert (one.offset, one.fps) == (75, 150.0)
