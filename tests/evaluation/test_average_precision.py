"""Average precision: hand-worked curves, ties, and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.evaluation import Span, average_precision, mean_average_precision


def found_at(*places_and_scores):
    return [Span("v", 100 * p, 100 * p + 9, score=s) for p, s in places_and_scores]


TRUTH = [Span("v", 0, 9), Span("v", 100, 109), Span("v", 200, 209)]


def test_curve_by_hand():
    """Right, wrong, right, right: P 1, 1/2, 2/3, 3/4 at R 1/3, 1/3, 2/3, 1; the envelope lifts 2/3 to 3/4."""
    found = found_at((0, 0.9), (7, 0.8), (1, 0.7), (2, 0.6))
    assert average_precision(TRUTH, found) == pytest.approx((1 + 3 / 4 + 3 / 4) / 3)


def test_what_is_never_found_counts_zero():
    assert average_precision(TRUTH, found_at((0, 0.9))) == pytest.approx(1 / 3)
    assert average_precision(TRUTH, []) == 0


def test_empty_truth_is_not_defined():
    assert np.isnan(average_precision([], found_at((0, 0.9))))


def test_predictions_of_one_score_enter_together():
    """One right and one wrong of the same score: precision 1/2, whichever stands first."""
    truth = [Span("v", 0, 9)]
    for found in (found_at((0, 0.5), (1, 0.5)), found_at((1, 0.5), (0, 0.5))):
        assert average_precision(truth, found) == pytest.approx(0.5)


def test_a_second_prediction_of_the_same_truth_is_wrong():
    truth = [Span("v", 0, 9), Span("v", 100, 109)]
    found = [Span("v", 0, 9, score=0.9), Span("v", 0, 9, score=0.8), Span("v", 100, 109, score=0.7)]
    assert average_precision(truth, found) == pytest.approx((1 + 2 / 3) / 2)


def test_mean_over_thresholds():
    """8 of 10 frames pass 0.5, 0.55, ..., 0.8: seven of ten thresholds."""
    assert mean_average_precision([Span("v", 0, 9)], [Span("v", 0, 7)]) == pytest.approx(0.7)
    with pytest.raises(UsageError, match="at least one"):
        mean_average_precision(TRUTH, [], thresholds=[])


def test_mean_over_kinds_of_the_truth():
    truth = [Span("v", 0, 9, "micro"), Span("v", 100, 199, "macro")]
    found = [Span("v", 0, 9, "micro")]
    assert average_precision(truth, found) == pytest.approx(0.5)
    assert average_precision(truth, found, kind="micro") == 1


scored = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.1, 0.4, 0.7])), max_size=8)


@settings(deadline=None, max_examples=60)
@given(scored, st.randoms(use_true_random=False))
def test_bounds_order_and_scale(rows, random):
    found = found_at(*rows)
    value = average_precision(TRUTH, found)
    assert 0 <= value <= 1
    mixed = list(found)
    random.shuffle(mixed)
    assert average_precision(TRUTH, mixed) == pytest.approx(value)
    stretched = [Span("v", f.onset, f.offset, score=f.score**3 * 50 - 7) for f in found]
    assert average_precision(TRUTH, stretched) == pytest.approx(value)


rows = st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.4, 0.7, 0.9])), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40)
@given(rows, st.integers(0, 3))
def test_curve_of_scikit_learn(ranked, missed):
    """Precision and recall at every distinct score from scikit-learn, ties included; envelope done here."""
    metrics = pytest.importorskip("sklearn.metrics")
    hits = sum(right for right, _ in ranked)
    if not hits:
        return
    truth = [Span("v", 100 * i, 100 * i + 9) for i, (right, _) in enumerate(ranked) if right]
    truth += [Span("missed", 100 * i, 100 * i + 9) for i in range(missed)]
    found = [
        Span("v" if right else "w", 100 * i, 100 * i + 9, score=score)
        for i, (right, score) in enumerate(ranked)
    ]
    precision, recall, _ = metrics.precision_recall_curve([r for r, _ in ranked], [s for _, s in ranked])
    share, expected, reached = hits / (hits + missed), 0.0, 0.0
    for at in range(len(recall) - 2, -1, -1):  # from the highest score down; the last point is an anchor
        expected += (recall[at] - reached) * share * max(precision[: at + 1])
        reached = recall[at]
    assert average_precision(truth, found) == pytest.approx(expected)
