from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from fleeting import facs
from fleeting.core import CROP, ActionUnit, Emotion, Report, ShapeError
from fleeting.report.cards import card_of
from fleeting.report.mesh import mesh_picture, mesh_wires, neutral_points
from fleeting.report.plots import along_motion, signal_plot
from fleeting.report.signals import face_signals

Make = Callable[..., Report]


def test_words_of_a_card(make_report: Make) -> None:
    card = card_of(make_report(), 0)
    assert (card.number, card.kind, card.onset, card.apex, card.offset) == (
        1,
        "micro",
        "1.000 s",
        "1.120 s",
        "1.230 s",
    )
    assert card.frames == (100, 112, 123) and card.duration == "0.24 s" and card.score == "0.75"
    assert card.units_text == "AU12 left, AU4"


def test_only_what_is_calibrated_is_called_a_probability(make_report: Make) -> None:
    report = make_report()
    card = card_of(report, 0)
    assert [(bar.name, bar.text) for bar in card.units] == [
        ("AU12", "probability 0.62"),
        ("AU4", "score 0.41"),
    ]
    assert card.units[0].note == "lip corner puller, left side" and card.units[0].share == 0.62
    assert card.emotion_word == "evidence share"
    sure = replace(report.expressions[0], emotion=Emotion("surprise", {"surprise": 1.0}, calibrated=True))
    card = card_of(replace(report, expressions=(sure, report.expressions[1])), 0)
    assert card.emotion_word == "probability"


def test_emotions_are_ranked_and_bars_stay_in_their_box(make_report: Make) -> None:
    report = make_report((100,))
    odd = replace(
        report.expressions[0],
        emotion=Emotion("b", {"a": 0.1, "b": 1.7, "c": float("nan")}),
        action_units=(ActionUnit(999, "both", -2.0),),
    )
    card = card_of(replace(report, expressions=(odd,)), 0)
    assert {bar.name: bar.share for bar in card.emotions} == {"a": 0.1, "b": 1.0, "c": 0.0}
    assert card.units[0].share == 0.0 and card.units[0].note == "both sides"  # FACS has no AU999


def test_regions_are_ranked_with_length_share_and_direction(make_report: Make) -> None:
    card = card_of(make_report(pictures=False), 0)
    assert [bar.name for bar in card.regions] == [
        "chin",
        "brow inner left",
        "brow inner right",
        "mouth corner left",
    ]
    first = card.regions[0]
    assert first.text == f"2.00 px · {200 / CROP.iod:.1f} %" and first.share == 1.0
    assert first.note == "up" and first.angle == -90.0
    assert card.regions[1].note == "right" and card.regions[1].share == pytest.approx(0.05)
    assert card.regions[3].note == "still" and card.regions[3].angle is None


def test_lengths_are_those_of_the_aligned_crop_however_large_the_pictures(make_report: Make) -> None:
    report = make_report((100,))
    entry = dict(report.pictures[0])
    for name in ("onset", "apex"):
        entry[name] = entry[name].repeat(2, 0).repeat(2, 1)
    entry["landmarks"] = entry["landmarks"] * 2
    wide = {**entry, "flow": entry["flow"].repeat(2, 0).repeat(2, 1) * 2}  # measured on the enlarged view
    plain = card_of(report, 0)
    for other in (entry, wide):
        card = card_of(replace(report, pictures=(other,)), 0)
        assert card.regions == plain.regions
        longest = float(card.pictures[3].caption.split("longest ")[1].split(" px")[0])
        assert longest == pytest.approx(1.0, abs=0.05)  # (0.6, -0.8)
    assert plain.regions[0].text == f"2.00 px · {200 / CROP.iod:.1f} %"


def test_many_regions_are_cut_and_lost_ones_are_told(make_report: Make) -> None:
    names = facs.region_names()[:14]
    motion = np.column_stack([np.arange(14.0), np.zeros(14)])
    motion[:2] = np.nan
    report = replace(make_report((100,)), pictures=({"regions": np.array(names), "region_motion": motion},))
    card = card_of(report, 0)
    assert len(card.regions) == 10 and card.regions[0].text.startswith("13.00 px")
    assert card.more_regions == "2 more regions moved at most 3.00 px; 2 regions were not seen"


def test_pictures_state_their_amplification(make_report: Make) -> None:
    card = card_of(make_report((100,)), 0)
    assert [picture.role for picture in card.pictures] == ["onset", "apex", "change", "flow"]
    assert card.pictures[2].caption == "Apex − onset, ×12 around mid-grey"  # 8 levels: x 12 reach 96
    assert card.pictures[3].caption.startswith("Flow, arrows ×10; longest 1.0")
    assert card.mesh is None and all(picture.alt for picture in card.pictures)


def test_without_pictures_a_card_has_the_mesh(make_report: Make) -> None:
    report = make_report((100,), pictures=False)
    for one in (report, replace(report, pictures=())):
        card = card_of(one, 0)
        assert card.pictures == () and card.mesh is not None and card.regions[0].name == "chin"
    card = card_of(replace(report, pictures=(), signals={}), 0)
    assert card.mesh is None and card.regions == () and card.plot is None


def test_an_interval_without_apex(make_report: Make) -> None:
    report = make_report((100,), pictures=False)
    interval = replace(report.expressions[0].interval, apex_frame=None, apex_s=None)
    expressions = (replace(report.expressions[0], interval=interval),)
    card = card_of(replace(report, expressions=expressions, pictures=()), 0)
    assert card.apex == "not marked" and card.frames[1] is None
    assert card.regions[0].text.startswith("2.00 px")  # from the middle of the interval
    assert "apex" not in [t.text for t in ElementTree.fromstring(str(card.plot)).iter("text")]


def test_pictures_of_a_wrong_shape_are_named(make_report: Make) -> None:
    report = make_report((100,))
    bad = {**report.pictures[0], "apex": report.pictures[0]["apex"][:-1]}
    with pytest.raises(ShapeError, match="apex"):
        card_of(replace(report, pictures=(bad,)), 0)


def test_displacement_is_measured_along_the_way_from_onset_to_apex(make_report: Make) -> None:
    report = make_report((100,))
    regions = report.signals["face0_regions"].copy()
    regions[:, 0] = (5.0, 5.0)
    regions[112, 0] = (8.0, 9.0)  # apex: 5 px along (0.6, 0.8)
    regions[113, 0] = (5.6, 5.8)
    regions[114, 0] = (5.8, 4.4)  # across the way
    regions[115, 0] = (4.4, 4.2)
    signals = face_signals(replace(report, signals={**report.signals, "face0_regions": regions}), 0)
    values = along_motion(signals, report.expressions[0], 0)
    assert values is not None
    assert values[[100, 112, 113, 114, 115]] == pytest.approx([0, 5, 1, 0, -1], abs=1e-5)
    assert along_motion(signals, report.expressions[0], 1) is None  # stood still
    regions[112, 0] = np.nan
    assert along_motion(signals, report.expressions[0], 0) is None


def test_the_plot_names_the_strongest_regions_it_has(make_report: Make) -> None:
    report = make_report((100,))
    plot = signal_plot(report, report.expressions[0], ["nowhere", "chin", "brow_inner_left"])
    words = [element.text for element in ElementTree.fromstring(str(plot)).iter("text")]
    assert "chin" in words and "nowhere" not in words and "brow inner left" not in words  # it stood still
    assert {"onset", "apex", "offset", "spotter's score", "2 px"} <= set(words)


def test_labels_of_the_plot_lie_apart(make_report: Make) -> None:
    report = make_report((100,))
    bump = report.signals["face0_regions"][:, 3:4]
    signals = {**report.signals, "face0_regions": np.repeat(bump, 4, axis=1)}
    plot = signal_plot(
        replace(report, signals=signals), report.expressions[0], list(report.signals["region_names"])
    )
    tree = ElementTree.fromstring(str(plot))
    heights = sorted(
        float(t.get("y", ""))
        for t in tree.iter("text")
        if t.text in ("brow inner left", "brow inner right", "mouth corner left")
    )
    assert len(heights) == 3 and min(np.diff(heights)) >= 14.9


def test_the_mesh_shows_where_and_whither(make_report: Make) -> None:
    names = ("mouth_corner_left", "nowhere", "chin", "brow_inner_left")
    motion = np.array([[3.0, -4.0], [9, 9], [np.nan, 0], [0.1, 0]])
    tree = ElementTree.fromstring(str(mesh_picture(names, motion, "x")))
    arrows = {p.get("d") for p in tree.iter("path") if p.get("class") == "arrows"}
    assert len(arrows) == 1  # the halo and the arrow are one
    start, tip = next(iter(arrows)).removeprefix("M").split("M")[0].split("L")
    dx, dy = (b - a for a, b in zip(map(float, start.split()), map(float, tip.split()), strict=True))
    assert (dx, dy) == pytest.approx((42 * 0.6, -42 * 0.8), abs=0.02)
    corner = neutral_points()[list(facs.regions()["mouth_corner_left"])]
    assert corner[:, 0].min() < float(start.split()[0]) < corner[:, 0].max()
    assert float(start.split()[0]) > 0  # the person's left is on the right of the picture
    patches = [p for p in tree.iter("path") if p.get("fill")]
    assert len(patches) == 1 and not list(tree.iter("image"))


def test_a_mesh_without_motion_is_bare() -> None:
    for motion in (np.zeros((1, 2)), np.full((1, 2), np.nan)):
        tree = ElementTree.fromstring(str(mesh_picture(("chin",), motion, "x")))
        assert not any(p.get("fill") for p in tree.iter("path"))
    assert len(str(mesh_wires())) < 60_000
