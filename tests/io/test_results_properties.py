"""Any report goes to disk and back: JSON and signals exactly, CSV and ELAN in what they hold."""

import itertools
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fleeting import io
from fleeting.core import (
    ActionUnit,
    Emotion,
    Expression,
    Face,
    Interval,
    ModelUse,
    Provenance,
    QualityWarning,
    Report,
    VideoInfo,
)

HOSTILE = ["=cmd|' /C calc'!A0", "-1+1", "@x", "'=x", 'a,b;"c"\r\nd', "微表情 ü", "<&>", "{}", "../x", " "]
# A lone surrogate is what a damaged file name becomes; only JSON can bring it back.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(HOSTILE)
any_texts = texts | st.just("caf\udce9")
shares = st.floats(0, 1)
numbers = st.floats(-1e6, 1e6)
seconds = st.floats(0, 1e5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | any_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def intervals(draw):
    onset, apex, offset = sorted(draw(st.lists(st.integers(0, 10_000), min_size=3, max_size=3)))
    onset_s, apex_s, offset_s = sorted(draw(st.lists(seconds, min_size=3, max_size=3)))
    if draw(st.booleans()):
        apex = apex_s = None
    frame_s = draw(st.floats(0, 1))
    kind = draw(st.sampled_from(["micro", "macro"]))
    return Interval(onset, apex, offset, onset_s, apex_s, offset_s, frame_s, kind, draw(numbers))


emotions = st.builds(Emotion, any_texts, st.dictionaries(any_texts, numbers, max_size=4), st.booleans())
units = st.builds(
    ActionUnit, st.integers(1, 80), st.sampled_from(["left", "right", "both"]), shares, st.none() | shares
)
expressions = st.builds(
    Expression,
    st.integers(0, 2),
    intervals(),
    st.none() | emotions,
    st.lists(units, max_size=3).map(tuple),
)
videos = st.builds(
    VideoInfo,
    *(any_texts, any_texts, st.integers(0, 8192), st.integers(0, 8192), st.integers(0, 10**7)),
    *(seconds, st.floats(0, 1000), st.booleans()),
)
provenances = st.builds(
    Provenance,
    any_texts,
    st.dictionaries(any_texts, json_values, max_size=4),
    st.lists(st.builds(ModelUse, any_texts, any_texts, any_texts, any_texts), max_size=2).map(tuple),
    any_texts,
    seconds,
)
signals = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    arrays.arrays(
        st.sampled_from(["f4", "f8", "i8", "u1", "?", "<U7"]), arrays.array_shapes(min_dims=0, min_side=0)
    ),
    max_size=3,
)
reports = st.builds(
    Report,
    videos,
    st.lists(st.builds(Face, st.integers(0, 9), shares), max_size=3).map(tuple),
    st.lists(expressions, max_size=5).map(tuple),
    st.lists(st.builds(QualityWarning, any_texts, any_texts), max_size=2).map(tuple),
    provenances,
    signals,
)
stems = st.sampled_from(["clip", "-clip", "=clip", "a b", "微", "x.y", "take\n2", "'@"])
unhurried = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(reports, stems)
def test_json_and_signals_come_back_equal(report, stem):
    with tempfile.TemporaryDirectory() as folder:
        paths = io.write_result(report, folder, stem)
        json.loads(paths["json"].read_text("ascii"), parse_constant=lambda word: 1 / 0)  # no NaN, no Infinity
        back = io.read_result(paths["json"])
        used = report.provenance
        assert io.result_is_current(paths["json"], report.video.sha256, used.settings, used.models)
    assert replace(back, signals={}) == replace(report, signals={})
    assert list(back.signals) == list(report.signals)
    for name, array in report.signals.items():
        assert back.signals[name].dtype == array.dtype
        np.testing.assert_array_equal(back.signals[name], array)


def bare(text):
    """What CSV can hold of a damaged name."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@unhurried
@given(reports, texts, texts)
def test_csv_holds_every_interval(report, video, subject):
    with tempfile.TemporaryDirectory() as folder:
        path = io.write_result_csv(report, Path(folder) / "a.csv", video=video, subject=subject)
        rows = io.read_intervals_csv(path)
        again = io.read_intervals_csv(io.write_intervals_csv(rows, path))
    expected = [
        io.IntervalRow(
            *(
                subject,
                video,
                one.onset_frame,
                one.offset_frame,
                one.kind,
                bare(emotion.label if emotion else ""),
            ),
            *(one.score, one.apex_frame, one.onset_s, one.apex_s, one.offset_s),
        )
        for one, emotion in ((e.interval, e.emotion) for e in report.expressions)
    ]
    assert rows == expected
    assert again == rows


@unhurried
@given(st.lists(st.tuples(texts, texts, texts), max_size=6))
def test_summary_cells_come_back(rows):
    with tempfile.TemporaryDirectory() as folder:
        rows = [io.SummaryRow(file, "failed", message, stem) for file, message, stem in rows]
        path = io.write_summary(rows, Path(folder) / "s.csv")
        cells = [(row["file"], row["message"], row["result"]) for _, row in io.read_table(path)]
    assert cells == [(row.file, row.message, row.result) for row in rows]


@unhurried
@given(reports)
def test_eaf_holds_every_annotation_and_none_overlap(report):
    with tempfile.TemporaryDirectory() as folder:
        path = io.write_eaf(report, Path(folder) / "a.eaf")
        found = io.read_eaf(path)
        from pympi import Elan

        document = Elan.Eaf(path)
    expected = io.annotations_of(report)

    def order(one):
        return (one.begin_ms, one.face, one.tier, one.text, str(one.frames), one.end_ms)

    assert len(found) == len(expected)
    for got, want in zip(sorted(found, key=order), sorted(expected, key=order), strict=True):
        assert order(got)[:-1] == order(want)[:-1]
        assert want.end_ms - got.end_ms in (0, 1)  # one millisecond may be cut where neighbours touch
    for name in document.get_tier_names():
        spans = sorted(row[:2] for row in document.get_annotation_data_for_tier(name))
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


@unhurried
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_give_an_input_error_or_rows(data):
    from fleeting.core import InputError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(data)
        for reader in (io.read_result, io.read_eaf, io.read_intervals_csv, lambda p: list(io.read_table(p))):
            try:
                reader(path)
            except InputError as error:
                assert str(error).startswith(str(path))
