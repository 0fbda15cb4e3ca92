import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleeting.core import Face, ModelUse, Provenance, QualityWarning, Report, VideoInfo
from fleeting.report import render_report
from fleeting.report.page import flat_settings, settings_digest

Make = Callable[..., Report]
Read = Callable[[str], Any]
EVIL = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>&amp;{{7*7}}]]>-->"


def addresses(page: Any) -> list[str]:
    """Every address that a page could fetch or follow."""
    names = ("src", "href", "srcset", "data", "action", "poster", "xlink:href", "background", "cite", "ping")
    return [value for _, attributes in page.tags for name, value in attributes.items() if name in names]


@pytest.mark.parametrize("pictures", [True, False])
def test_a_page_carries_everything_inside(make_report: Make, read_page: Read, *, pictures: bool) -> None:
    html = render_report(make_report(pictures=pictures))
    page = read_page(html)
    assert all(a.startswith(("#", "data:image/jpeg;base64,")) for a in addresses(page))
    assert "http" not in html.replace("http-equiv", "") and "@import" not in html and "url(http" not in html
    assert not page.all("link", "iframe", "object", "embed", "base", "form", "audio", "video", "source")
    assert all(re.fullmatch(r"url\(#unseen-\d+\)", u) for u in re.findall(r"url\([^)]*\)", html))


def test_the_policy_allows_only_what_is_inside(make_report: Make, read_page: Read) -> None:
    page = read_page(render_report(make_report()))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    digest = base64.b64encode(hashlib.sha256(page.scripts[0].encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "script-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_without_pictures_there_is_no_raster_at_all(make_report: Make, read_page: Read) -> None:
    for report in (make_report(pictures=False), replace(make_report(), pictures=()), make_report(())):
        html = render_report(report)
        page = read_page(html)
        assert (
            not page.all("img", "image", "canvas", "picture") and "data:" not in html and "base64" not in html
        )
        assert page.scripts == [] and "script-src" not in html
    assert len(read_page(render_report(make_report(pictures=False))).all("use")) == 2


def test_every_expression_is_in_timeline_table_and_cards(make_report: Make, read_page: Read) -> None:
    report = make_report(range(50, 850, 60), faces=2)
    page = read_page(render_report(report))
    count = len(report.expressions)
    cards = [a["id"] for a in page.all("article")]
    assert cards == [f"expression-{n}" for n in range(1, count + 1)]
    links = [a["href"] for a in page.all("a")]
    for n, expression in enumerate(report.expressions, start=1):
        assert links.count(f"#expression-{n}") == 2  # timeline and table
        interval = expression.interval
        assert f"{interval.onset_s:.3f} s" in page.text and f"frame {interval.apex_frame}" in page.text
    assert len(page.all("img")) == 3 * count and len(page.all("image")) == count


def test_links_lead_somewhere_and_names_are_single(make_report: Make, read_page: Read) -> None:
    for report in (make_report(faces=2), make_report(pictures=False), make_report(())):
        page = read_page(render_report(report))
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids))
        wanted = [h["href"][1:] for h in page.all("a", "use")]
        wanted += [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]
        assert set(wanted) <= set(ids)


def test_the_page_can_be_heard(make_report: Make, read_page: Read) -> None:
    html = render_report(make_report())
    page = read_page(html)
    assert page.all("html")[0]["lang"] == "en" and len(page.all("h1")) == 1
    assert all(image["alt"] for image in page.all("img"))
    assert all(head.get("scope") in ("col", "row") for head in page.all("th"))
    for svg in page.all("svg"):
        assert svg.get("aria-label") or svg.get("aria-hidden") == "true"
    tables = re.findall(r"<table.*?</table>", html, re.S)
    assert tables and all("<caption" in table and "<th" in table for table in tables)


def hostile(report: Report) -> Report:
    expression = report.expressions[0]
    assert expression.emotion is not None
    named = replace(expression.emotion, label=EVIL, probabilities={EVIL: 1.0})
    names = np.array([EVIL, *report.signals["region_names"][1:]])
    return replace(
        report,
        video=replace(report.video, path=f"a/{EVIL}\u202e\n\udcff.mp4", sha256=EVIL),
        expressions=(replace(expression, emotion=named), *report.expressions[1:]),
        warnings=(QualityWarning(EVIL, EVIL),),
        provenance=Provenance(EVIL, {EVIL: EVIL}, (ModelUse(EVIL, EVIL, EVIL, EVIL),), EVIL),
        signals={**report.signals, "region_names": names},
        pictures=tuple({**entry, "regions": names} for entry in report.pictures),
    )


@pytest.mark.parametrize("pictures", [True, False])
def test_hostile_names_and_messages_stay_text(make_report: Make, read_page: Read, *, pictures: bool) -> None:
    report = make_report(pictures=pictures)
    html = render_report(hostile(report))
    page, plain = read_page(html), read_page(render_report(report))
    html.encode("utf-8")
    assert page.text.count("alert(1)") >= 10 and "{{7*7}}" in page.text  # it is shown, as it was written
    assert page.scripts == plain.scripts
    assert len(page.all("script", "img")) == len(plain.all("script", "img"))
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert "\u202e" not in html and "\\u202e\\n\\xff.mp4" in page.text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_anywhere_changes_no_tag(make_report: Make, read_page: Read, text: str) -> None:
    report = make_report((), frames=50)
    plain = read_page(render_report(report))
    named = replace(
        report,
        video=replace(report.video, path="x" + text),
        warnings=(QualityWarning("code", text),),
        provenance=replace(report.provenance, settings={"faces": text}, machine="m" + text),
    )
    html = render_report(named)
    html.encode("utf-8")
    assert [tag for tag, _ in read_page(html).tags] == [tag for tag, _ in plain.tags]


def test_the_same_report_gives_the_same_page(make_report: Make) -> None:
    assert render_report(make_report()) == render_report(make_report())
    assert render_report(make_report(pictures=False)) == render_report(make_report(pictures=False))


def test_sizes_stay_in_bounds(make_report: Make) -> None:
    fifty = range(1000, 700_000, 14_000)
    report = make_report(fifty, frames=720_000, fps=200.0)  # an hour; crops of pure noise, the worst for JPEG
    assert len(report.expressions) == 50
    assert len(render_report(report)) < 10_000_000
    assert len(render_report(replace(report, pictures=()))) < 1_500_000
    assert len(render_report(make_report((), frames=720_000, fps=200.0))) < 150_000


@pytest.mark.parametrize(("count", "side"), [(60, 320), (61, 200), (201, 120)])
def test_many_expressions_get_smaller_pictures(make_report: Make, count: int, side: int) -> None:
    report = make_report(range(count))
    large = {k: report.pictures[0][k].repeat(4, 0).repeat(4, 1) for k in ("onset", "apex")}
    html = render_report(replace(report, signals={}, pictures=(large, *[{}] * (count - 1))))
    start = html.index("data:image/jpeg;base64,") + 23
    packed = np.frombuffer(base64.b64decode(html[start : html.index('"', start)]), np.uint8)
    assert max(cv2.imdecode(packed, cv2.IMREAD_COLOR).shape) == side


def test_no_expression_is_told_kindly(make_report: Make, read_page: Read) -> None:
    page = read_page(render_report(make_report(())))
    assert "No expression stood out" in page.text and not page.all("article")
    assert "not about the person" in page.text and len(page.all("svg")) == 1


def test_no_face_is_told_kindly(make_report: Make, read_page: Read) -> None:
    report = replace(make_report(()), faces=(), signals={}, warnings=(QualityWarning("no_face", "no face"),))
    page = read_page(render_report(report))
    assert "No face was found" in page.text and "none found" in page.text and not page.all("svg")


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_hardly_any_frame(make_report: Make, read_page: Read, frames: int) -> None:
    report = make_report((), frames=frames)
    page = read_page(render_report(report))
    assert "No expression stood out" in page.text
    empty = replace(report, video=VideoInfo("a.mp4", "", 0, 0, 0, 0.0, 0.0, False))
    assert "unknown" in read_page(render_report(empty)).text


def test_a_curve_of_nan_only(make_report: Make, read_page: Read) -> None:
    report = make_report()
    nothing = {
        key: np.full_like(value, np.nan) if key.startswith("face0") else value
        for key, value in report.signals.items()
    }
    page = read_page(render_report(replace(report, signals=nothing)))
    assert "the face was not seen in this recording" in page.text and len(page.all("article")) == 2
    assert "no region signal in this stretch" in page.text


def test_warnings_stand_before_the_timeline(make_report: Make) -> None:
    html = render_report(make_report())
    assert html.index("25 frames/s are few") < html.index("low_rate</code>") < html.index("Timeline</h2>")
    assert "1 quality warning</h2>" in html
    assert "No quality warnings" in render_report(make_report(warnings=()))


def test_header_and_foot_tell_what_and_how(make_report: Make, read_page: Read) -> None:
    report = make_report(settings={"spotter": {"name": "fleeting", "k": 3}})
    text = " ".join(read_page(render_report(report)).text.split())
    for words in (
        "anna.mp4",
        "640 × 480 px",
        "1, seen in 90 % of the frames",
        "fleeting 0.1.0",
        "spotter.name",
        "made-up faces",
        "Apache-2.0",
        "cd" * 6,
        f"settings digest {settings_digest(report.provenance.settings)}",
        "a moment to look at, not a verdict",
        "This is no lie detector",
        "docs/responsible-use.md",
        "AI Act, Article 5",
    ):
        assert words in text, words


def test_faces_have_a_timeline_each(make_report: Make, read_page: Read) -> None:
    page = read_page(render_report(make_report(faces=2)))
    assert [s["aria-label"][:6] for s in page.all("svg") if "timeline" in s["class"]] == ["Face 0", "Face 1"]
    assert "Face 1, seen in 90 % of the frames" in page.text
    single = read_page(render_report(replace(make_report(), faces=(Face(0, 0.5),))))
    assert "Face 0, seen" not in single.text


def test_part_of_a_recording_is_told(make_report: Make) -> None:
    report = make_report((), frames=6000)
    assert "of the recording was analysed" not in render_report(report)
    part = {"times": np.arange(3000, 4500) / 100}
    html = render_report(replace(report, signals=part))
    assert "Only 00:30.000 to 00:45.000 of the recording was analysed" in html


def test_settings_are_told_apart_by_their_digest() -> None:
    assert flat_settings({"a": {"b": {"c": None}}, "d": {}, "e": [1, 2]}) == [
        ("a.b.c", "null"),
        ("d", "{}"),
        ("e", "[1, 2]"),
    ]
    assert settings_digest({"a": 1}) != settings_digest({"a": 2})
    assert len(settings_digest({})) == 12


def test_the_title_is_a_plain_name(make_report: Make) -> None:
    html = render_report(make_report(path="/somewhere/deep/anna.mp4"))
    assert "<h1><bdi>anna.mp4</bdi></h1>" in html and urlsplit("anna.mp4").scheme == ""
