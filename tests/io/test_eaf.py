"""ELAN files, checked by what pympi reads and by the rules that ELAN enforces."""

import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from pympi import Elan

from fleeting import io
from fleeting.core import ActionUnit, Emotion, Expression, Face, InputError, Interval, Report

GOLDEN = Path(__file__).parents[1] / "golden" / "result-1" / "take-1.json"


def expression(begin, end, face=0, kind="micro", fps=100, **more):
    return Expression(face, Interval.from_frames(begin, end, fps=fps, kind=kind), **more)


def report_of(*expressions, path="clip.mp4") -> Report:
    base = io.read_result(GOLDEN)
    faces = tuple(Face(n, 1.0) for n in sorted({e.face for e in expressions}))
    return replace(base, video=replace(base.video, path=path), faces=faces, expressions=expressions)


def tiers(path):
    """Annotations by tier, as pympi reads them: begin, end, text."""
    document = Elan.Eaf(path)
    names = document.get_tier_names()
    return {name: sorted(row[:3] for row in document.get_annotation_data_for_tier(name)) for name in names}


def assert_elan_accepts(path):
    """Check the rules of the format (EAF 2.8) and ELAN's own, that no annotations of a tier overlap."""
    root = ET.parse(path).getroot()
    assert [child.tag for child in root][:2] == ["HEADER", "TIME_ORDER"]
    assert root.find("HEADER").attrib["TIME_UNITS"] == "milliseconds"
    slots = {s.attrib["TIME_SLOT_ID"]: int(s.attrib["TIME_VALUE"]) for s in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    assert len(slots) == len(list(root.iter("TIME_SLOT")))
    ids = [a.attrib["ANNOTATION_ID"] for a in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(ids)) == len(ids)
    types = {t.attrib["LINGUISTIC_TYPE_ID"] for t in root.iter("LINGUISTIC_TYPE")}
    names = [tier.attrib["TIER_ID"] for tier in root.iter("TIER")]
    assert len(set(names)) == len(names)
    for tier in root.iter("TIER"):
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in types
        spans = [
            (slots[a.attrib["TIME_SLOT_REF1"]], slots[a.attrib["TIME_SLOT_REF2"]])
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(begin < end for begin, end in spans)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(sorted(spans)))


def test_one_face_by_hand(tmp_path):
    one = expression(
        120,
        140,
        emotion=Emotion("surprise", {"surprise": 0.625, "negative": 0.375}),
        action_units=(ActionUnit(12, "left", 0.8), ActionUnit(14, "both", 0.5)),
    )
    one = replace(one, interval=replace(one.interval, apex_frame=131, apex_s=1.31, score=0.8312))
    path = io.write_eaf(report_of(one, expression(200, 299, kind="macro")), tmp_path / "a.eaf")
    assert tiers(path) == {
        "micro": [(1200, 1410, "score 0.831 | f 120-131-140")],
        "macro": [(2000, 3000, "score 1 | f 200-?-299")],
        "AU": [(1200, 1410, "12L+14 | f 120-131-140")],
        "emotion": [(1200, 1410, "surprise (score 0.625) | f 120-131-140")],
    }
    assert_elan_accepts(path)


def test_what_is_calibrated_is_called_p(tmp_path):
    one = expression(0, 9, emotion=Emotion("negative", {"negative": 0.5}, calibrated=True))
    assert tiers(io.write_eaf(report_of(one), tmp_path / "a.eaf"))["emotion"][0][2].startswith(
        "negative (p 0.5)"
    )


def test_nothing_found_still_has_the_four_tiers(tmp_path):
    path = io.write_eaf(report_of(), tmp_path / "a.eaf")
    assert tiers(path) == {"micro": [], "macro": [], "AU": [], "emotion": []}
    assert_elan_accepts(path)


def test_several_faces_have_their_own_tiers(tmp_path):
    path = io.write_eaf(report_of(expression(0, 9), expression(0, 9, face=2)), tmp_path / "a.eaf")
    found = tiers(path)
    assert list(found) == [
        f"{tier}@face{face}" for face in (0, 2) for tier in ("micro", "macro", "AU", "emotion")
    ]
    assert len(found["micro@face0"]) == len(found["micro@face2"]) == 1
    participants = [tier.attrib["PARTICIPANT"] for tier in ET.parse(path).getroot().iter("TIER")]
    assert participants == ["face 0"] * 4 + ["face 2"] * 4
    assert_elan_accepts(path)


def test_overlaps_go_to_further_tiers(tmp_path):
    spans = [(0, 30), (10, 20), (15, 40), (31, 50), (21, 60)]
    path = io.write_eaf(report_of(*(expression(*span) for span in spans)), tmp_path / "a.eaf")
    found = {name: [row[:2] for row in rows] for name, rows in tiers(path).items() if "micro" in name}
    # by begin: 0-30 first; 10-20 beside it; 15-40 beside both; 21-60 behind 10-20; 31-50 behind 0-30
    assert found == {
        "micro": [(0, 310), (310, 510)],
        "micro 2": [(100, 210), (210, 610)],
        "micro 3": [(150, 410)],
    }
    assert_elan_accepts(path)
    assert len(io.read_eaf(path)) == 5


def test_micro_and_macro_may_overlap(tmp_path):
    path = io.write_eaf(report_of(expression(0, 9), expression(0, 99, kind="macro")), tmp_path / "a.eaf")
    assert list(tiers(path)) == ["micro", "macro", "AU", "emotion"]


def test_an_instant_is_a_millisecond_long(tmp_path):
    interval = Interval(7, 7, 7, 0.07, 0.07, 0.07, 0.0, "micro")
    path = io.write_eaf(report_of(Expression(0, interval)), tmp_path / "a.eaf")
    assert tiers(path)["micro"] == [(70, 71, "score 1 | f 7-7-7")]


def test_neighbours_that_rounding_makes_touch_share_a_tier(tmp_path):
    """The first ends at 120.5000001 ms (121), the second begins at 120.49 ms (120): frames do not overlap."""
    first = Interval(0, None, 11, 0.0, None, 0.1105, 0.0100000001, "micro")
    second = Interval(12, None, 20, 0.12049, None, 0.2, 0.01, "micro")
    path = io.write_eaf(report_of(Expression(0, first), Expression(0, second)), tmp_path / "a.eaf")
    assert [row[:2] for row in tiers(path)["micro"]] == [(0, 120), (120, 210)]
    assert_elan_accepts(path)


@pytest.mark.parametrize(
    ("video", "linked"),
    [
        ("videos/a b.mp4", "../videos/a b.mp4"),
        ("out/a.mp4", "./a.mp4"),
        ("out/deep/ü.mp4", "./deep/ü.mp4"),
        ("out/../x.mp4", "../x.mp4"),
    ],
)
def test_the_video_is_linked_by_its_place_beside_the_file(tmp_path, monkeypatch, video, linked):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for given in (video, str(tmp_path / video)):
        path = io.write_eaf(report_of(path=given), Path("out/a.eaf"))
        (medium,) = Elan.Eaf(path).get_linked_files()
        assert medium["RELATIVE_MEDIA_URL"] == linked
        assert medium["MEDIA_URL"] == "file:///" + Path(video).name
        assert str(tmp_path) not in path.read_text("utf-8")


def test_no_path_is_told_where_only_the_root_is_shared(tmp_path):
    path = io.write_eaf(report_of(path="/elsewhere/anna/secret/a.mp4"), tmp_path / "a.eaf")
    (medium,) = Elan.Eaf(path).get_linked_files()
    assert medium["RELATIVE_MEDIA_URL"] == "./a.mp4"
    assert "anna" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a.mp4", "video/mp4"),
        ("A.MP4", "video/mp4"),
        ("a.mpg", "video/mpeg"),
        ("a.mov", "video/quicktime"),
        ("a.avi", "video/*"),
        ("a", "video/*"),
    ],
)
def test_media_types(tmp_path, name, mime):
    path = io.write_eaf(report_of(path=name), tmp_path / "a.eaf")
    assert Elan.Eaf(path).get_linked_files()[0]["MIME_TYPE"] == mime


def test_a_folder_of_pictures_is_not_linked(tmp_path):
    (tmp_path / "pictures").mkdir()
    path = io.write_eaf(report_of(path=str(tmp_path / "pictures")), tmp_path / "a.eaf")
    assert Elan.Eaf(path).get_linked_files() == []


def test_hostile_labels_and_names_give_well_formed_xml(tmp_path):
    label = "<b>&\"'\x00\x1b\ufffe\udc80\r\n | f 1-2-3"
    one = expression(0, 9, emotion=Emotion(label, {label: 1.0}))
    path = io.write_eaf(report_of(one, path="dir/\x01<&>\n.mp4"), tmp_path / "a.eaf")
    assert_elan_accepts(path)
    text = io.read_eaf(path)[-1].text
    assert text == "<b>&\"'\ufffd\ufffd\ufffd\ufffd\n\n | f 1-2-3 (score 1)"
    assert io.read_eaf(path)[-1].frames == (0, None, 9)


class TestRead:
    def test_what_a_coder_changed(self, tmp_path):
        path = io.write_eaf(report_of(expression(10, 19)), tmp_path / "a.eaf")
        document = Elan.Eaf(path)
        document.remove_annotation("micro", 150)
        document.add_annotation("micro", 130, 220, "I see a smile")
        document.add_tier("my notes")
        document.add_annotation("my notes", 0, 50, "begins")
        document.to_file(tmp_path / "b.eaf")
        assert io.read_eaf(tmp_path / "b.eaf") == [io.EafAnnotation("micro", 0, 130, 220, "I see a smile")]

    def test_one_face_that_is_not_the_first(self, tmp_path):
        path = io.write_eaf(report_of(expression(10, 19, face=3)), tmp_path / "a.eaf")
        assert next(iter(tiers(path))) == "micro"
        assert io.read_eaf(path)[0].face == 3

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            ("", "is no ELAN file"),
            ("<html></html>", "begins with html"),
            ("<ANNOTATION_DOCUMENT>", "is no ELAN file"),
            ("<A><TIME_SLOT TIME_SLOT_ID='a'/><TIER/></A>", "is no ELAN file"),
            ("<A><TIER TIER_ID='AU'><ALIGNABLE_ANNOTATION/></TIER></A>", "is no ELAN file"),
        ],
    )
    def test_bad_files(self, tmp_path, content, what):
        (tmp_path / "a.eaf").write_text(content)
        with pytest.raises(InputError, match=what):
            io.read_eaf(tmp_path / "a.eaf")

    def test_missing_and_folder(self, tmp_path):
        with pytest.raises(InputError, match="no such file"):
            io.read_eaf(tmp_path / "none.eaf")
        with pytest.raises(InputError, match="cannot be read"):
            io.read_eaf(tmp_path)
