import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import numpy as np
import pytest

from fleeting.core import InputError, Report
from fleeting.io import SummaryRow
from fleeting.report import IndexRow, index_row, render_index, write_index
from fleeting.report.index import WIDTH, sparkline
from fleeting.report.svg import MACRO, MICRO

Make = Callable[..., Report]
Read = Callable[[str], Any]


def test_every_video_has_a_row_with_its_numbers(make_report: Make, read_page: Read) -> None:
    rows = [
        index_row(make_report((100, 400, 600)), result="anna"),
        IndexRow(SummaryRow("films/b.mp4", "failed", "films/b.mp4: has no video stream")),
        index_row(make_report((), path="c.mp4"), result="c", status="skipped"),
    ]
    html = render_index(rows, version="0.1.0")
    page = read_page(html)
    assert [a["href"] for a in page.all("a")] == ["anna.html", "c.html", "summary.csv"]
    text = " ".join(page.text.split())
    assert "2 micro-expressions and 1 macro-expression in 3 videos, 20.0 s; 1 failed" in text
    spark = "Small timeline: 2 micro-expressions above, 1 macro-expression below the curve"
    assert f"films/anna.mp4 {spark} 2 1 1 10.0 s low_rate" in text
    assert "failed films/b.mp4: has no video stream" in text
    assert len(page.all("svg")) == 2 and not page.all("img", "image", "script", "link")
    assert "data:" not in html and "://" not in html
    assert "default-src 'none'" in page.all("meta")[1]["content"]


@pytest.mark.parametrize(
    "stem",
    ["a b", "50%", "#1?x=2", "javascript:alert(1)", "..", "//evil.example", "-rf", "ü面", "a\nb", 'q"><b>'],
)
def test_links_lead_to_the_file_beside_and_nowhere_else(stem: str, read_page: Read) -> None:
    row = IndexRow(SummaryRow("x.mp4", "done", result=stem))
    href = read_page(render_index([row])).all("a")[0]["href"]
    target = urlsplit(urljoin("file:///out/index.html", href))
    assert target.scheme == "file" and target.netloc == "" and not target.query and not target.fragment
    assert unquote_to_bytes(target.path) == b"/out/" + os.fsencode(stem + ".html")


def test_a_name_that_is_not_utf8_is_linked_by_its_bytes(read_page: Read) -> None:
    row = IndexRow(SummaryRow("caf\udce9.mp4", "done", result="caf\udce9"))
    page = read_page(render_index([row]))
    assert page.all("a")[0]["href"] == "caf%E9.html" and "caf\\xe9.mp4" in page.text


def test_hostile_names_stay_text(read_page: Read) -> None:
    evil = "<script>alert(1)</script>"
    rows = [IndexRow(SummaryRow(evil, "failed", evil)), IndexRow(SummaryRow(evil, "done", warnings=evil))]
    page = read_page(render_index(rows, version=evil))
    assert page.scripts == [] and page.text.count("alert(1)") == 5


def test_sparkline_marks_stand_at_their_times(make_report: Make) -> None:
    from xml.etree import ElementTree

    tree = ElementTree.fromstring(str(sparkline(make_report((100, 400, 600)))))
    marks = [(float(r.get("x", "")), r.get("y"), r.get("fill")) for r in tree.iter("rect")]
    assert [x for x, _, _ in marks] == pytest.approx([2 + (WIDTH - 4) * t / 10 for t in (1, 4, 6)], abs=0.01)
    assert [fill for _, _, fill in marks] == [MICRO, MICRO, MACRO]
    assert marks[0][1] == marks[1][1] != marks[2][1]


def test_sparkline_of_nothing_is_flat(make_report: Make) -> None:
    report = make_report(())
    unseen = {**report.signals, "face0_curve": np.full(1000, np.nan)}
    for one in (replace(report, signals={}), replace(report, faces=()), replace(report, signals=unseen)):
        assert 'class="curve"' not in sparkline(one)
    assert 'class="curve"' in sparkline(report)


def test_an_empty_list_and_one_without_signals(make_report: Make, read_page: Read) -> None:
    assert "no video in this list" in read_page(render_index([])).text
    bare = index_row(replace(make_report(), signals={}, pictures=()), result="anna")
    assert read_page(render_index([bare])).all("rect")


def test_index_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_index([], tmp_path / "index.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(InputError, match="folder does not exist"):
        write_index([], tmp_path / "missing" / "index.html")
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]
