from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleeting.core import InputError, Report, ShapeError, UsageError
from fleeting.io import read_result
from fleeting.report import default_stem, render_report, save_report, write_html

Make = Callable[..., Report]


def test_all_files_are_there_and_can_be_read_back(make_report: Make, tmp_path: Path) -> None:
    report = make_report()
    paths = save_report(report, tmp_path / "new")
    assert {kind: path.name for kind, path in paths.items()} == {
        "signals": "anna.signals.npz",
        "csv": "anna.csv",
        "eaf": "anna.eaf",
        "json": "anna.json",
        "html": "anna.html",
    }
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(p.name for p in paths.values())
    assert paths["html"].read_text(encoding="utf-8") == render_report(report)
    assert read_result(paths["json"]).expressions == report.expressions


def test_a_page_can_be_made_again_from_what_was_saved(make_report: Make, tmp_path: Path) -> None:
    report = make_report(pictures=False)
    back = read_result(save_report(report, tmp_path)["json"])
    assert render_report(back).count("<article") == 2


def test_the_stem_can_be_chosen_but_is_no_path(make_report: Make, tmp_path: Path) -> None:
    assert save_report(make_report(()), tmp_path, "other")["html"].name == "other.html"
    with pytest.raises(UsageError, match="plain file name"):
        save_report(make_report(()), tmp_path, "../other")
    assert not (tmp_path.parent / "other.html").exists()


def test_a_page_that_fails_leaves_no_json(make_report: Make, tmp_path: Path) -> None:
    save_report(make_report(), tmp_path)
    bad = replace(make_report(), signals={"times": np.arange(3.0), "face0_curve": np.zeros(7)})
    with pytest.raises(ShapeError):
        save_report(bad, tmp_path)
    assert not (tmp_path / "anna.json").exists()  # nothing vouches for the older files


def test_a_file_in_the_way_is_named(make_report: Make, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file, not a folder"):
        save_report(make_report(()), tmp_path / "out")
    (tmp_path / "a.html").mkdir()
    with pytest.raises(InputError, match="is a folder, not a file"):
        write_html(make_report(()), tmp_path / "a.html")


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a/b.mp4", "b"),
        ("a/b.c.mp4", "b.c"),
        ("-x.mp4", "-x"),
        ("ü n.mov", "ü n"),
        (".mp4", ".mp4"),
        ("b", "b"),
    ],
)
def test_stems(path: str, stem: str) -> None:
    assert default_stem(path) == stem


def test_the_stem_of_a_folder_keeps_its_dots(tmp_path: Path) -> None:
    folder = tmp_path / "sub01.EP02"
    folder.mkdir()
    assert default_stem(str(folder)) == "sub01.EP02" and default_stem(str(folder) + "/") == "sub01.EP02"
