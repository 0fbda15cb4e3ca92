"""Natural order, file numbers, and finding folders and sheets without walking through frames."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import InputError
from fleeting.datasets.folders import (
    file_number,
    find_base,
    find_sheets,
    frame_for,
    list_frames,
    natural_key,
    walk_folders,
)


@given(st.lists(st.integers(0, 99999), unique=True))
def test_natural_order_is_the_order_of_the_numbers(numbers: list[int]) -> None:
    names = [f"img{n}.jpg" for n in numbers]
    assert sorted(names, key=natural_key) == [f"img{n}.jpg" for n in sorted(numbers)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("img46.jpg", 46), ("reg_img46.jpg", 46), ("006_05562.jpg", 5562), ("EP01_5-012.jpg", 12),
        ("image090823.bmp", 90823), ("006_1_0001.jpg", 1), ("00012.png", 12), ("a.png", None),
    ],
)  # fmt: skip
def test_the_last_number_of_a_name_counts(name: str, expected: int | None) -> None:
    assert file_number(Path(name)) == expected


def test_frames_are_listed_in_natural_order_and_other_files_left_out(
    tmp_path: Path, frames: Callable[..., Path]
) -> None:
    folder = frames(tmp_path / "a", (10, 9, 2))
    (folder / "Thumbs.db").touch()
    assert [p.name for p in list_frames(folder, "x")] == ["img2.jpg", "img9.jpg", "img10.jpg"]


def test_frames_that_cannot_be_listed_say_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not on disk"):
        list_frames(None, "d/s/a")
    with pytest.raises(InputError, match="holds no pictures"):
        list_frames(tmp_path, "d/s/a")
    with pytest.raises(InputError, match="not a folder"):
        list_frames(tmp_path / "none", "d/s/a")
    video = tmp_path / "a.avi"
    video.touch()
    with pytest.raises(InputError, match="is a video"):
        list_frames(video, "d/s/a")


def test_a_frame_is_found_by_number_or_by_place() -> None:
    files = [Path("img3.jpg"), Path("img5.jpg")]
    assert frame_for(files, 4, 1, "x").name == "img5.jpg"
    assert frame_for(files, 1, None, "x").name == "img5.jpg"
    with pytest.raises(InputError, match="number 4"):
        frame_for(files, 3, 1, "x")
    with pytest.raises(InputError, match="frame 2 asked for, 2 are there"):
        frame_for(files, 2, None, "x")


def test_subject_folders_are_not_walked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "CASME2/raw/sub01/EP01_01",
        "SAMM/006/006_1_2",
        "part_A/spNO.1/a/color",
        "HS/s1/micro",
        "lv/006_1",
    ):
        (tmp_path / name).mkdir(parents=True)
    seen: list[str] = []
    scandir = os.scandir

    def spy(path: Path) -> object:
        seen.append(Path(path).name)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", spy)
    names = {p.name for p in walk_folders(tmp_path)}
    assert names == {tmp_path.name, "CASME2", "raw", "SAMM", "part_A", "HS", "lv"}
    assert not {"sub01", "006", "spNO.1", "s1", "006_1"} & set(seen)


def test_sheets_come_in_the_order_of_the_patterns(tmp_path: Path) -> None:
    for name in (
        "b/CASME2-coding-20140508.xlsx",
        "CASME2_label_Ver_2.xls",
        "~$CASME2-coding-20140508.xlsx",
        "x.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_sheets(tmp_path, (r"casme2coding.*", r"casme2label.*"))
    assert [p.name for p in found] == ["CASME2-coding-20140508.xlsx", "CASME2_label_Ver_2.xls"]


def test_the_base_is_the_preferred_folder_then_the_shallowest(tmp_path: Path) -> None:
    for name in ("a/Cropped/sub01", "b/b/CASME2_RAW_selected/sub01", "other/x1"):
        (tmp_path / name).mkdir(parents=True)
    found = find_base(tmp_path, r"sub\d{2}", ("CASME2_RAW_selected",))
    assert found == tmp_path / "b/b/CASME2_RAW_selected"
    assert find_base(tmp_path, r"sub\d{2}") == tmp_path / "a/Cropped"
    assert find_base(tmp_path, r"sub\d{2}", avoid=("cropped",)) == tmp_path / "b/b/CASME2_RAW_selected"
    assert find_base(tmp_path, r"s\d{2}") is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(InputError, match="closed: may not be read"):
        find_sheets(tmp_path, ("x",))


def test_a_refusal_becomes_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="may not be read"):
        find_base(tmp_path, "x")
