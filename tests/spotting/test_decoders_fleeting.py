"""Our decoder: spans around peaks, weighed by trees, with and without the signals under the curve."""

from itertools import pairwise

import numpy as np
import pytest

from fleeting.core import ShapeError, iou
from fleeting.spotting import Trees, decode
from fleeting.spotting._moved import Moved, smoothed
from fleeting.spotting._span_search import SPAN_FACTS, UNSEEN, possible_spans, span_facts
from fleeting.spotting._weighed import trees, weighed

TRUTH = ((60, 71), (150, 158), (240, 253))


def moved(frames: int = 320, at=TRUTH, noise: float = 0.02) -> np.ndarray:
    """Two regions that move there and back between the frames."""
    signals = np.random.default_rng(4).normal(0, noise, (frames, 4))
    for first, last in at:
        time = np.arange(first - 1, last + 2)
        way = np.sin(np.pi * (time - time[0]) / (time[-1] - time[0])) ** 2
        signals[first - 1 : last + 2] += way[:, None] * np.array([1.0, -0.6, 0.0, 0.3])
    return signals


def blurred(at=TRUTH, wider: int = 3) -> np.ndarray:
    """A curve as of a network: right about when, wrong about the ends, and not always at the same height."""
    curve = 0.05 * np.random.default_rng(5).random(320)
    for number, (first, last) in enumerate(at):
        curve[first - wider : last + wider + 1] += 1 - 0.2 * number
    return smoothed(curve, 6)


def overlaps(found) -> list[float]:
    ends = [(one.onset_frame, one.offset_frame) for one in found]
    return [max((iou(e, t) for e in ends), default=0.0) for t in TRUTH]


def test_signals_give_the_ends_that_the_curve_does_not_have():
    with_signals = decode(blurred(), 30, signals=moved(), least=0.2)
    without = decode(blurred(), 30, least=0.2)
    assert len(with_signals) == 3
    assert min(overlaps(with_signals)) >= 0.6
    assert np.mean(overlaps(with_signals)) > np.mean(overlaps(without)) + 0.1


def test_the_unit_of_signals_and_unseen_frames_do_not_matter():
    signals = moved()
    usual = decode(blurred(), 30, signals=signals)
    assert decode(blurred(), 30, signals=signals.reshape(-1, 2, 2) * 37 + 5) == usual
    signals[5:9] = np.nan  # where nothing happens
    holes = decode(blurred(), 30, signals=signals)
    assert [one.onset_frame for one in holes] == [one.onset_frame for one in usual]
    assert decode(blurred(), 30, signals=np.full((320, 2), np.nan)) is not None


def test_signals_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="expected 320 frames as in the curve, got 300"):
        decode(blurred(), 30, signals=moved(300, ((60, 71),)))


@pytest.mark.parametrize("rate", [2, 4])
def test_times_hold_at_other_frame_rates(rate):
    frames = np.arange(320)
    finer = np.linspace(0, 319, 319 * rate + 1)
    curve = np.interp(finer, frames, blurred())
    signals = np.stack([np.interp(finer, frames, row) for row in moved().T], 1)
    slow = decode(blurred(), 30, signals=moved())
    fast = decode(curve, 30 * rate, signals=signals)
    assert len(slow) == len(fast) == 3
    for a, b in zip(slow, fast, strict=True):
        assert a.onset_s == pytest.approx(b.onset_s, abs=0.08)
        assert a.offset_s == pytest.approx(b.offset_s, abs=0.08)


def test_scores_are_overlaps_to_be_expected_and_cut_by_least():
    every = decode(blurred(), 30, signals=moved(), least=0.0)
    assert all(0 <= one.score <= 1 for one in every)
    middle = sorted(one.score for one in every)[1]
    kept = decode(blurred(), 30, signals=moved(), least=middle)
    assert kept == [one for one in every if one.score >= middle]
    assert len(kept) < len(every)


def test_spans_do_not_share_a_frame():
    found = decode(blurred(), 30, least=0.0)
    assert all(a.offset_frame < b.onset_frame for a, b in pairwise(found))


def test_what_is_known_of_a_span_by_hand():
    curve = np.zeros(90)
    curve[40:50] = 2.0
    facts = dict(zip(SPAN_FACTS, span_facts(curve, 30, 1 / 3, np.array([[40, 49]]))[0], strict=True))
    assert facts["length"] == pytest.approx(0, abs=1e-6)  # as long as usual
    assert (facts["mean"], facts["peak"], facts["fullness"]) == (1, 1, 1)
    assert (facts["before"], facts["after"], facts["above sides"]) == (0, 0, 1)
    assert facts["motion"] == UNSEEN
    still = np.zeros((90, 2))
    still[40:50, 0] = 3.0
    told = span_facts(curve, 30, 1 / 3, np.array([[40, 49]]), Moved(still, 30, 1 / 3))
    shown = dict(zip(SPAN_FACTS, told[0], strict=True))
    assert shown["return"] == pytest.approx(1, abs=1e-3)
    assert shown["left over"] == pytest.approx(0, abs=0.02)


def test_spans_lie_around_peaks_and_are_of_sensible_length():
    spans = possible_spans(blurred(), 30, 0.3)
    lengths = spans[:, 1] - spans[:, 0] + 1
    assert len(np.unique(spans, axis=0)) == len(spans)
    assert lengths.min() >= 2
    assert lengths.max() <= 27
    assert spans.min() >= 0
    assert spans.max() <= 319


def test_the_trees_that_ship_are_those_of_the_facts():
    shipped = trees()
    assert shipped.feature.max() < len(SPAN_FACTS)
    assert np.isfinite(shipped.answers(np.zeros((2, len(SPAN_FACTS)), np.float32))).all()


def test_a_tree_by_hand():
    feature = np.array([[0, 1, 1, 0, 0, 0, 0]], np.int32)
    threshold = np.array([[0.5, 0.5, 0.5, 9, 9, 9, 9]], np.float32)
    one = Trees(feature, threshold, np.arange(8, dtype=np.float32)[None], np.array([10.0], np.float32))
    assert one.answers(np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])).tolist() == [10, 12, 14, 16]


def test_apex_is_the_middle_of_the_highest_frames_that_were_seen():
    curve = np.zeros(120)
    curve[50:60] = 1
    curve[54] = np.nan
    (box,) = [one for one in weighed(curve, 30, least=0.0) if one.onset <= 55 <= one.offset]
    assert np.isfinite(curve[box.apex])
