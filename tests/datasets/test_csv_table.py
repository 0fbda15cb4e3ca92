"""A researcher's own table: the documented columns, and errors that name line and column."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fleeting.datasets as datasets
from fleeting.core import InputError, UsageError

HEADER = "path,subject,onset,apex,offset,fps,label,aus"
LINES = (
    "clips/a,p1,0,4,9,50,happy,6+12",
    "clips/b.avi,p1,10,,29,25,anger,4；7",
    "clips/b.avi,p1,100,120,150,25,surprise,",
    "clips/quiet.avi,p2,,,,25,,",
    "clips/none,p2,3,5,8,,others,12+foo",
)


@pytest.fixture
def table(tmp_path: Path, frames: Callable[..., Path]) -> Path:
    frames(tmp_path / "clips/a", range(1, 11), "frame{}.png")
    for name in ("b.avi", "quiet.avi"):
        (tmp_path / "clips" / name).touch()
    return write(tmp_path / "mine.csv", *LINES)


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_samples_as_written(table: Path) -> None:
    found = datasets.open("csv", table).samples()
    assert [s.id for s in found] == ["csv/p1/a", "csv/p1/b", "csv/p1/b#2", "csv/p2/none"]
    one, video, _, lost = found
    assert (one.subject, one.onset, one.apex, one.offset, one.fps) == ("csv/p1", 0, 4, 9, 50.0)
    assert one.interval is not None and one.interval.duration_s == 0.2
    assert one.frame(0).name == "frame1.png"
    assert [p.name for p in one.coded_frames()][-1] == "frame10.png"
    assert (one.aus, one.objective, one.emotion) == ((6, 12), 1, "happiness")
    assert video.is_video and (video.apex, video.aus) == (19, (4, 7))
    assert (lost.interval, lost.path, lost.unread) == (None, None, ("foo",))


def test_long_movements_are_not_left_out_for_their_duration(table: Path) -> None:
    """Line 3 lasts 2 s: without a kind column nothing is gated."""
    found = datasets.open("csv", table).samples()
    assert found[2].interval is not None and found[2].interval.kind == "macro"


def test_recordings_are_the_paths_and_silent_ones_count(table: Path) -> None:
    found = {r.id: r for r in datasets.open("csv", table).recordings()}
    assert {name: len(r.events) for name, r in found.items()} == {
        "csv/p1/clips/a": 1,
        "csv/p1/clips/b.avi": 2,
        "csv/p2/clips/none": 1,
        "csv/p2/clips/quiet.avi": 0,
    }
    silent = found["csv/p2/clips/quiet.avi"]
    assert silent.fps == 25.0 and silent.path is not None and silent.path.name == "quiet.avi"


def test_labels_are_the_classes_and_known_emotions_make_three(table: Path) -> None:
    dataset = datasets.open("csv", table)
    assert dataset.classes(4) == ("anger", "happiness", "others", "surprise")
    assert [s.label for s in dataset.samples(3)] == ["positive", "negative", "surprise"]
    with pytest.raises(UsageError, match="it has 3, 4, objective"):
        dataset.samples(5)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("disgust", "happy", "surprise"), ("negative", "positive", "surprise")),
        (("anger", "disgust", "fear"), ("anger", "disgust", "fear")),
        (("surprise", "negative", "positive"), ("negative", "positive", "surprise")),
    ],
)
def test_three_labels_of_emotions(tmp_path: Path, labels: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Three emotions become the three usual classes, unless all would fall into one."""
    path = write(tmp_path / "a.csv", *(f"{n},p1,0,1,2,50,{label}," for n, label in enumerate(labels)))
    assert datasets.open("csv", path).classes(3) == classes


def test_own_words_are_classes_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "x,p1,0,1,2,50,blick,", "y,p2,0,1,2,50,zuck,")
    dataset = datasets.open("csv", path)
    assert dataset.classes(2) == ("blick", "zuck")
    with pytest.raises(UsageError, match=r"it has 2$"):
        dataset.samples(3)


def test_label_columns_give_the_protocols(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "x,p1,0,1,2,50,foo,,surprise",
        "y,p2,0,1,2,50,bar,,negative",
        "z,p2,0,1,2,50,baz,,",
        header=HEADER + ",label_3",
    )
    dataset = datasets.open("csv", path)
    assert dataset.classes(3) == ("negative", "surprise")
    assert [(s.clip, s.label, s.target) for s in dataset.samples(3)] == [
        ("x", "surprise", 1),
        ("y", "negative", 0),
    ]


def test_a_folder_with_one_table_and_relative_paths(table: Path) -> None:
    folder = table.parent
    with pytest.raises(InputError, match=r"no table found; expected csv\.csv, samples\.csv or manifest\.csv"):
        datasets.open("csv", folder)
    table.rename(folder / "samples.csv")
    assert datasets.open("csv", folder).samples()[0].path == folder / "clips/a"


def test_an_excel_table_is_as_good(tmp_path: Path, xlsx: Callable[..., Path]) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER.split(","), ("x", "p1", 0, 1, 2, 50.0, "fear", 4)])
    (one,) = datasets.open("csv", path).samples()
    assert (one.aus, one.fps) == ((4,), 50.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x,,0,1,2,50,a,", "line 2, column subject: ''; every line needs one"),
        ("x,p1,-1,1,2,50,a,", "line 2, column onset: '-1'; frames are whole numbers counted from 0"),
        ("x,p1,0.5,1,2,50,a,", "line 2, column onset: '0.5'"),
        ("x,p1,zero,1,2,50,a,", "line 2, column onset: 'zero'; expected a number or nothing"),
        ("x,p1,0,1,2,0,a,", "line 2, column fps: '0'; expected a number above 0"),
    ],
)
def test_wrong_values_name_line_and_column(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "a.csv", line)
    with pytest.raises(InputError) as error:
        datasets.open("csv", path)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("kind", "tiny", "expected micro, macro or nothing"), ("objective", "8", "expected 1 to 7")],
)
def test_wrong_values_of_the_further_columns(tmp_path: Path, column: str, value: str, message: str) -> None:
    path = write(tmp_path / "a.csv", f"x,p1,0,1,2,50,a,,{value}", header=f"{HEADER},{column}")
    with pytest.raises(InputError, match=message):
        datasets.open("csv", path)


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    lines = ("x,p1,0,1,2,50,a,,one", "y,p1,0,1,2,50,a,,one")
    path = write(tmp_path / "a.csv", *lines, header=HEADER + ",sample")
    with pytest.raises(InputError, match="'one' stands in it twice"):
        datasets.open("csv", path).samples()


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "x,p1,0", header="path,subject,onset")
    with pytest.raises(InputError, match=r"columns not found: offset \(offset\); fps \(fps\)"):
        datasets.open("csv", path)


def test_rows_out_of_order_are_dropped_and_told(tmp_path: Path) -> None:
    dataset = datasets.open("csv", write(tmp_path / "a.csv", "x,p1,9,9,2,50,a,", "y,p1,1,2,3,50,a,"))
    assert dataset.dropped == (("csv/p1/x", "offset 2 before onset 9"),)
    assert len(dataset.samples()) == 1


@pytest.mark.parametrize("name", ["cmed", "wdmd"])
def test_sets_whose_layout_is_not_known_read_a_plain_table(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"no table found; expected {name}\.csv"):
        datasets.open(name, tmp_path)
    write(tmp_path / f"{name}.csv", "x,p1,0,1,2,30,fear,")
    (one,) = datasets.open(name, tmp_path).samples()
    assert (one.id, one.subject) == (f"{name}/p1/x", f"{name}/p1")
    assert any("known to us" in note for note in datasets.info(name).notes)


def test_check_says_what_is_on_disk(table: Path) -> None:
    report = datasets.open("csv", table).check()
    states = {f.what: f.found for f in report.findings}
    assert states["frames"] == "3 of 4 on disk, not csv/p2/none"
    assert report.unread == (("csv/p2/none", "foo"),)
