import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from fleeting.core import Report, ShapeError
from fleeting.report.signals import face_signals, region_motion, span_of
from fleeting.report.svg import MACRO, MICRO
from fleeting.report.timeline import LEFT, RIGHT, WIDTH, heat_levels, runs, timeline

Make = Callable[..., Report]


def drawn(report: Report, face: int = 0) -> ElementTree.Element:
    numbered = [(n, e) for n, e in enumerate(report.expressions, start=1) if e.face == face]
    return ElementTree.fromstring(str(timeline(report, face, numbered)))


def by_class(tree: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in tree.iter() if element.get("class") == name]


def texts(tree: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in tree.iter("text")]


def with_curve(report: Report, curve: np.ndarray) -> Report:
    return replace(report, signals={**report.signals, "face0_curve": curve})


def test_each_interval_stands_at_its_time_in_its_lane(make_report: Make) -> None:
    links = list(drawn(make_report((100, 400, 600))).iter("a"))
    assert [link.get("href") for link in links] == ["#expression-1", "#expression-2", "#expression-3"]
    scale = (WIDTH - LEFT - RIGHT) / 10.0  # of ten seconds
    bars = [link.findall("rect")[1] for link in links]
    assert [float(bar.get("x", "")) for bar in bars] == pytest.approx(
        [LEFT + t * scale for t in (1, 4, 6)], abs=0.01
    )
    assert [float(bar.get("width", "")) for bar in bars] == pytest.approx(
        [d * scale for d in (0.24, 0.24, 1.2)], abs=0.01
    )
    assert [bar.get("fill") for bar in bars] == [MICRO, MICRO, MACRO]
    assert bars[0].get("y") == bars[1].get("y") != bars[2].get("y")
    title = links[2].findtext("title")
    assert title == "3: macro, 6.000 s to 7.190 s, 1.20 s"


def test_a_short_interval_of_a_long_recording_can_still_be_seen(make_report: Make) -> None:
    report = make_report((719_900,), frames=720_000, fps=200.0, pictures=False)
    bar = next(drawn(report).iter("a")).findall("rect")[1]
    assert float(bar.get("width", "")) == 3.0
    assert float(bar.get("x", "")) + 3.0 <= WIDTH - RIGHT + 0.01


def test_numbers_do_not_lie_over_each_other(make_report: Make) -> None:
    report = make_report(range(0, 700_000, 2000), frames=720_000, fps=200.0, pictures=False)
    places = [
        (element.get("y"), float(element.get("x", "")), 7 * len(element.text or ""))
        for element in by_class(drawn(report), "number")
    ]
    assert len(places) > 20
    for lane in {y for y, _, _ in places}:
        row = sorted((x, wide) for y, x, wide in places if y == lane)
        assert all(a + wide / 2 <= b - next_wide / 2 for (a, wide), (b, next_wide) in pairwise(row))


def test_the_curve_keeps_a_peak_of_one_frame_in_an_hour(make_report: Make) -> None:
    report = make_report((), frames=720_000, fps=200.0)
    curve = np.full(720_000, 0.5, np.float32)
    curve[360_000] = 50.0
    tree = drawn(with_curve(report, curve))
    path = by_class(tree, "curve")[0].get("d", "")
    points = [tuple(map(float, p.split())) for p in re.split("[ML]", path)[1:]]
    x, y = min(points, key=lambda p: p[1])  # y points down
    assert x == pytest.approx(LEFT + (WIDTH - LEFT - RIGHT) / 2, abs=0.1)
    assert y == pytest.approx(64.0, abs=0.1) and len(points) <= 2001
    assert "50" in texts(tree)


def test_the_curve_is_open_and_hatched_where_the_face_was_lost(make_report: Make) -> None:
    report = make_report(())
    curve = np.ones(1000, np.float32)
    curve[500:750] = np.nan
    tree = drawn(with_curve(report, curve))
    assert by_class(tree, "curve")[0].get("d", "").count("M") == 2
    boxes = [r for r in tree.iter("rect") if (r.get("fill") or "").startswith("url(#unseen-0")]
    scale = (WIDTH - LEFT - RIGHT) / 10.0
    assert len(boxes) == 2  # over the curve and over the strip
    for box in boxes:
        assert float(box.get("x", "")) == pytest.approx(LEFT + 5 * scale, abs=2)
        assert float(box.get("width", "")) == pytest.approx(2.5 * scale, abs=4)


def test_without_a_face_or_a_curve_it_says_so(make_report: Make) -> None:
    report = make_report(())
    assert "the face was not seen in this recording" in texts(
        drawn(with_curve(report, np.full(1000, np.nan)))
    )
    bare = replace(report, signals={})
    assert "no curve was kept" in texts(drawn(bare)) and not list(drawn(bare).iter("a"))


def test_a_single_frame_can_be_drawn(make_report: Make) -> None:
    tree = drawn(make_report((), frames=1))
    assert by_class(tree, "curve")[0].get("d", "").endswith("h0")


def test_negative_and_constant_curves_fit(make_report: Make) -> None:
    for curve in (np.zeros(1000), np.full(1000, -3.0), np.linspace(-5, 5, 1000)):
        path = by_class(drawn(with_curve(make_report(()), curve)), "curve")[0].get("d", "")
        heights = [float(p.split()[1].removesuffix("h0")) for p in re.split("[ML]", path)[1:]]
        assert min(heights) >= 60 and max(heights) <= 180.01


def test_heat_shows_the_region_that_moved_when_it_moved(make_report: Make) -> None:
    report = make_report((100, 400))
    levels, full = heat_levels(face_signals(report, 0), 0.0, 10.0, 100)
    assert levels.shape == (4, 100) and (levels[:3] == -1).all()
    moved = [a // 10 for a, _ in runs(levels[3] >= 0)]
    assert moved == [1, 4] and levels[3].max() == 5 and 1.5 < full <= 2.0


def test_a_head_that_has_settled_elsewhere_is_not_moving(make_report: Make) -> None:
    report = make_report((), frames=3000)
    regions = report.signals["face0_regions"].copy()
    regions[1500:, :, 0] += 30.0
    moved = replace(report, signals={**report.signals, "face0_regions": regions})
    levels, _ = heat_levels(face_signals(moved, 0), 0.0, 30.0, 300)
    assert (levels[:, :100] == -1).all() and (levels[:, 200:] == -1).all()


def test_noise_alone_stays_pale(make_report: Make) -> None:
    report = make_report(())
    noise = np.random.default_rng(0).normal(0, 0.03, (1000, 4, 2))
    levels, full = heat_levels(
        face_signals(replace(report, signals={**report.signals, "face0_regions": noise}), 0), 0.0, 10.0, 400
    )
    assert full == pytest.approx(0.44) and levels.max() <= 1


def test_runs_by_hand() -> None:
    assert runs(np.array([0, 1, 1, 0, 1], bool)) == [(1, 3), (4, 5)] and runs(np.zeros(3, bool)) == []


def test_a_wrong_shape_is_named(make_report: Make) -> None:
    report = make_report(())
    with pytest.raises(ShapeError, match=r"signals\['face0_curve'\]: expected shape \(1000\), got \(7,\)"):
        face_signals(with_curve(report, np.zeros(7)), 0)
    with pytest.raises(ShapeError, match="face0_regions"):
        face_signals(replace(report, signals={**report.signals, "face0_regions": np.zeros((1000, 3, 2))}), 0)


def test_span_is_what_was_analysed(make_report: Make) -> None:
    report = make_report(())
    assert span_of(report) == pytest.approx((0.0, 10.0))
    part = replace(report, signals={"times": np.arange(200, 300) / 100})
    assert span_of(part) == pytest.approx((2.0, 3.0))
    assert span_of(replace(report, signals={})) == (0.0, 10.0)


def test_motion_comes_from_the_signals_where_no_picture_was_kept(make_report: Make) -> None:
    report = replace(make_report((100,)), pictures=())
    names, motion = region_motion(report, 0)
    assert names[3] == "chin" and motion[3] == pytest.approx([0, -2], abs=0.02) and (motion[:3] == 0).all()
    names, motion = region_motion(replace(report, signals={}), 0)
    assert names == () and motion.shape == (0, 2)
