"""Comparing spotters: hand-worked scores of a spotter that says its input, seals, fitted decoders."""

from dataclasses import replace

import numpy as np
import pytest

from fleeting.bench import (
    SpotterSpec,
    SpottingSettings,
    compare_spotters,
    fit_decoder,
    run_spotting,
    score_spotting_run,
    spotting_table,
)
from fleeting.bench.spotting import spans_of
from fleeting.core import Curve, Interval, UsageError
from fleeting.systems import Card, SpottingRecording, forget, register

INPUT = "roi10"
SEEN: list[tuple[str, bool]] = []


class Says:
    """The first column is the curve; emotions are always positive."""

    decoding = {"method": "runs", "high": 0.5, "low": 0.5, "relative": False}  # noqa: RUF012

    def fit(self, recordings):
        self.trained = [one.subject for one in recordings]
        return self

    def curve(self, recording):
        SEEN.append((recording.subject, recording.intervals is None))
        return Curve(np.asarray(recording.inputs[INPUT])[:, 0].astype(float), recording.times)

    def expressions(self, recording, intervals):
        return [(one, "positive") for one in intervals]

    def save(self, folder): ...

    def load(self, folder):
        return self


@pytest.fixture
def says():
    card = Card(name="says", title="", paper="", task="spotting", inputs=(INPUT,), learns=False)
    register(card)(lambda *, preset="small", seed=0, training=None: Says())
    SEEN.clear()
    yield "says"
    forget("says")


def recording(subject: str, planted, shown, frames: int = 300) -> SpottingRecording:
    """Coded where planted, high where shown; ten seconds at 30 frames a second."""
    rows = np.zeros((frames, 10), np.float32)
    for a, b in shown:
        rows[a : b + 1] = 1
    found = tuple(Interval.from_frames(a, b, fps=30, apex=(a + b) // 2) for a, b in planted)
    name = f"d/{subject}"
    emotions = ("positive",) * len(found)
    return SpottingRecording(f"{name}/v", name, "d", np.arange(frames) / 30, {INPUT: rows}, found, emotions)


def test_hand_worked(says):
    people = [
        recording("a", [(50, 59)], [(50, 59)]),  # a hit
        recording("b", [(50, 59)], [(52, 61), (200, 209)]),  # a hit two frames late, a false alarm
        recording("c", [(50, 59)], []),  # a miss
        recording("e", [], []),  # nothing there, nothing found: its time counts all the same
    ]
    settings = SpottingSettings(folds=2, kinds=("micro",), decoders=("own",))
    run = run_spotting(people, [SpotterSpec(says)], settings)
    (row,) = score_spotting_run(run)
    micro = row["micro"]
    assert (micro["tp"], micro["fp"], micro["fn"]) == (2, 1, 1)
    assert micro["f1"]["value"] == pytest.approx(2 / 3) == row["overall"]["f1"]["value"]
    assert micro["alarms"]["value"] == pytest.approx(1 / (4 * 10 / 60))
    assert micro["onset_ms"] == pytest.approx(1000 / 30)  # 0 and 2 frames of 33.3 ms
    assert row["strs"] == pytest.approx(
        2 / 3 * 2 * (1 / 3) * (1 / 3) / (2 / 3)
    )  # 1 of 3 emotions found right
    assert "| says | own | 0.667" in spotting_table([row])


def test_held_out_recordings_are_sealed(says):
    people = [recording(name, [(50, 59)], [(50, 59)]) for name in "abcd"]
    run_spotting(
        people, [SpotterSpec(says)], SpottingSettings(folds=2, kinds=("micro",), decoders=("fixed",))
    )
    assert SEEN and all(sealed for _, sealed in SEEN)


def test_each_kind_is_looked_for_by_itself(says):
    people = [recording(name, [(50, 59), (120, 179)], [(50, 59), (120, 179)]) for name in "abcd"]
    settings = SpottingSettings(folds=2, decoders=("runs",))
    run = run_spotting(people, [SpotterSpec(says)], settings)
    (row,) = score_spotting_run(run)
    for kind in ("micro", "macro", "overall"):  # the gate of lengths keeps the kinds apart
        assert row[kind]["f1"]["value"] == 1.0
    assert row["overall"]["tp"] == 8


def test_two_decoders_are_compared_over_subjects(says):
    people = [recording(name, [(50, 59)], [(50, 59)]) for name in "abcd"]
    settings = SpottingSettings(folds=2, kinds=("micro",), decoders=("own", "runs"))
    run = run_spotting(people, [SpotterSpec(says)], settings)
    same = compare_spotters(run, (says, "own"), (says, "runs"))
    assert same["difference"] == 0 and same["p"] == 1
    with pytest.raises(UsageError, match="did not take part"):
        compare_spotters(run, (says, "own"), (says, "scalable"))


def test_withheld_intervals_cannot_be_scored(says):
    with pytest.raises(UsageError, match="withheld"):
        run_spotting([recording("a", [], []).sealed()], [SpotterSpec(says)])


def test_a_decoder_is_fitted_to_lengths_and_scores():
    values = np.zeros(400)
    truth = []
    for at in (40, 140, 240):
        values[at : at + 8] = 1.0
        truth.append(Interval.from_frames(at, at + 7, fps=30))
    values[300:340] = 0.9  # long, and nobody coded it
    curve = Curve(values, np.arange(400) / 30)
    fitted = fit_decoder("runs", [curve], [truth])
    assert [(one.onset_frame, one.offset_frame) for one in fitted(curve)] == [
        (40, 47),
        (140, 147),
        (240, 247),
    ]
    assert fitted.parameters["most_s"] == pytest.approx(1.5 * 8 / 30)
    assert fit_decoder("fixed", [curve], [truth], lengths_s=[0.5]).parameters["half_width_s"] == 0.25
    with pytest.raises(UsageError, match="no grid"):
        fit_decoder("nonsense", [curve], [truth])


def test_a_low_score_is_cut_where_it_only_alarms():
    values = np.zeros(400)
    values[40:50] = 1.0
    for at in (100, 200, 300):
        values[at : at + 10] = 0.6
    curve = Curve(values, np.arange(400) / 30)
    fitted = fit_decoder("runs", [curve], [[Interval.from_frames(40, 49, fps=30)]])
    assert len(fitted(curve)) == 1


def test_settings():
    with pytest.raises(UsageError, match="two folds"):
        SpottingSettings(folds=1)
    with pytest.raises(UsageError, match="micro and macro"):
        SpottingSettings(kinds=("tiny",))
    assert SpotterSpec("me-tst", label="x").name == "x" and SpotterSpec("me-tst").name == "me-tst"


def test_table_without_matches_says_so():
    none = {"value": 0.0, "low": 0.0, "high": 0.0}
    micro = {"f1": none, "recall": 0.0, "alarms": none, "onset_ms": None, "apex_ms": None, "offset_ms": None}
    row = {"system": "x", "decoder": "own", "strs": None, "overall": micro, "micro": micro}
    assert "– / – / –" in spotting_table([row])


def test_emotions_of_a_sheet_are_sorted_as_spotters_name_them():
    one = recording("a", [(10, 19), (40, 49), (70, 79), (100, 109)], [])
    named = replace(one, emotions=("Disgust", "happy", "bored", ""))
    spans = spans_of(named, named.intervals, ("micro", "macro"))
    assert [span.emotion for span in spans] == ["negative", "positive", "others", None]


def test_ours_is_fitted_with_the_signals_under_the_curve():
    """A curve that is too long: only what moved below it knows the ends."""
    rng = np.random.default_rng(0)
    curve, signals = 0.05 * rng.random(300), rng.normal(0, 0.02, (300, 3))
    truth = [Interval.from_frames(a, a + 9, fps=30) for a in (50, 120, 200)]
    for one in truth:
        curve[one.onset_frame - 4 : one.offset_frame + 5] += np.hanning(20)[1:-1]
        way = np.sin(np.linspace(0, np.pi, 12)) ** 2
        signals[one.onset_frame - 1 : one.offset_frame + 2] += way[:, None] * [2.0, -1.0, 0.5]
    given = Curve(curve, np.arange(300) / 30)
    fitted = fit_decoder("fleeting", [given], [truth], signals=[signals])
    assert fitted.parameters["usual_s"] == pytest.approx(1 / 3)
    found = fitted(given, signals)
    assert [abs(a.onset_frame - b.onset_frame) <= 2 for a, b in zip(found, truth, strict=True)] == [True] * 3
    assert fit_decoder("fleeting", [given], [truth])(given) != found
