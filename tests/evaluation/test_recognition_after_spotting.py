"""Spot-then-recognise: analysis F1, STRS, F1_DR, and the faults of the published script."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.evaluation import (
    Counts,
    Span,
    analysis_f1,
    analysis_precision_recall,
    f1_dr,
    score_str,
    strs_of,
    subject_bootstrap,
    uf1,
)


def span(place, emotion, video="v", subject=""):
    return Span(video, 100 * place, 100 * place + 9, subject=subject, emotion=emotion)


def test_analysis_f1_is_the_harmonic_mean_of_macro_means_not_the_mean_of_f1():
    matrix = np.array([[1, 1], [0, 2]])
    precision, recall = analysis_precision_recall(matrix)
    assert float(precision) == pytest.approx((1 + 2 / 3) / 2)
    assert float(recall) == pytest.approx((1 / 2 + 1) / 2)
    assert float(analysis_f1(matrix)) == pytest.approx(2 * (5 / 6) * (3 / 4) / (5 / 6 + 3 / 4))
    assert float(uf1(matrix)) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_the_pairs_of_casme2_give_the_published_analysis():
    """Confusion of the 159 spotted pairs of the STRS example: P .59834, R .58718, F1 .59271, UF1 .57662."""
    matrix = np.array(
        [[18, 2, 23, 0, 0], [0, 8, 3, 1, 0], [8, 6, 49, 4, 1], [2, 3, 8, 4, 0], [0, 0, 1, 1, 17]]
    )
    precision, recall = analysis_precision_recall(matrix)
    assert float(precision) == pytest.approx(0.59834, abs=5e-6)
    assert float(recall) == pytest.approx(0.58718, abs=5e-6)
    assert float(analysis_f1(matrix)) == pytest.approx(0.59271, abs=5e-6)
    assert float(uf1(matrix)) == pytest.approx(0.57662, abs=5e-6)
    assert Counts(159, 85, 85).f1 * float(analysis_f1(matrix)) == pytest.approx(0.38623, abs=5e-6)


def test_strs_by_hand():
    """Three truths; two found, one of them named right, one false alarm."""
    truth = [span(0, "positive"), span(1, "negative"), span(2, "surprise")]
    found = [span(0, "positive"), span(1, "positive"), span(7, "surprise")]
    scores = score_str(truth, found)
    assert scores.counts == Counts(2, 1, 1)
    assert scores.labels == ("negative", "positive", "surprise")
    # Precision: 0, 1/2, 0; recall: 0, 1, 0.
    precision, recall = 1 / 6, 1 / 3
    assert scores.f1_analysis == pytest.approx(2 * precision * recall / (precision + recall))
    assert scores.strs == pytest.approx(2 / 3 * scores.f1_analysis)
    assert scores.uar == pytest.approx(1 / 3)


def test_a_perfect_single_emotion_is_one():
    """The published script gives F1 0 and STRS NaN here."""
    scores = score_str([span(0, "negative")], [span(0, "negative")], rule="strs-script")
    assert (scores.f1_analysis, scores.strs) == (1, 1)


def test_nothing_predicted():
    scores = score_str([span(0, "negative")], [])
    assert (scores.f1_spotting, scores.f1_analysis, scores.strs) == (0, 0, 0)


def test_only_declared_emotions_are_analysed_but_all_are_spotted():
    truth = [span(0, "negative"), span(1, "others")]
    found = [span(0, "negative"), span(1, "negative")]
    scores = score_str(truth, found, labels=["negative"])
    assert scores.counts == Counts(2, 0, 0)
    assert scores.matrix.tolist() == [[1, 0]]
    assert scores.strs == 1


def test_a_prediction_outside_the_declared_is_a_miss_of_its_class():
    truth = [span(0, "negative"), span(1, "positive")]
    found = [span(0, "others"), span(1, "positive")]
    scores = score_str(truth, found, labels=["negative", "positive"])
    assert scores.matrix.tolist() == [[0, 0, 1], [0, 1, 0]]
    assert scores.f1_analysis == pytest.approx(0.5)


def test_no_emotion_at_all_is_refused():
    with pytest.raises(UsageError, match="no emotions"):
        score_str([Span("v", 0, 9)], [])


def test_f1_dr_modes():
    truth = [span(0, "positive"), span(1, "negative")]
    found = [span(0, "positive"), span(1, "positive"), span(5, "positive")]
    assert f1_dr(truth, found) == pytest.approx(2 * 2 / (2 * 2 + 1 + 0))
    assert f1_dr(truth, found, "joint") == pytest.approx(2 * 1 / (2 * 1 + 2 + 1))
    assert f1_dr(truth, found, "product") == pytest.approx(score_str(truth, found).strs)
    with pytest.raises(UsageError, match="mode"):
        f1_dr(truth, found, "both")


def test_subject_rows_pool_to_the_reported_numbers():
    truth = [span(i, e, subject=s) for i, (s, e) in enumerate(["a-", "a+", "b-", "c+"])]
    found = [
        span(0, "-", subject="a"),
        span(1, "-", subject="a"),
        span(3, "+", subject="c"),
        span(8, "+", subject="b"),
    ]
    scores = score_str(truth, found)
    assert scores.subjects == ("a", "b", "c")
    assert float(strs_of(scores.table.sum(0), 2)) == pytest.approx(scores.strs)
    estimate = subject_bootstrap(scores.table, lambda pooled: strs_of(pooled, 2), samples=100)
    assert estimate.value == pytest.approx(scores.strs)


emotions = st.sampled_from(["negative", "positive", "surprise"])
places = st.lists(st.tuples(st.integers(0, 6), emotions), min_size=1, max_size=8, unique_by=lambda p: p[0])


@settings(deadline=None, max_examples=60)
@given(places, places)
def test_scikit_learn_agrees_and_bounds_hold(true, said):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, found = [span(*t) for t in true], [span(*p) for p in said]
    scores = score_str(truth, found)
    pairs = [(truth[g].emotion, found[p].emotion) for p, g in scores.spotting.pairs]
    assert len(pairs) == len({t for t, _ in true} & {p for p, _ in said})
    if pairs:
        both = [list(column) for column in zip(*pairs, strict=True)]
        options = {"labels": list(scores.labels), "average": "macro", "zero_division": 0}
        precision = metrics.precision_score(*both, **options)
        recall = metrics.recall_score(*both, **options)
        expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
        assert scores.f1_analysis == pytest.approx(expected)
        assert scores.uf1 == pytest.approx(metrics.f1_score(*both, **options))
    assert 0 <= scores.strs <= scores.f1_spotting <= 1
    assert f1_dr(truth, found, "joint") <= f1_dr(truth, found) + 1e-12
