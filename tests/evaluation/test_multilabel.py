"""Action-unit scores: hand-worked, scikit-learn as oracle, published constant floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import (
    score_action_units,
    subject_unit_counts,
    unit_counts,
    unit_f1,
    unit_macro_f1,
    unit_micro_f1,
    unit_two_class_f1,
)

TRUTH = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]])
FOUND = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]])


def test_by_hand():
    scores = score_action_units(TRUTH, FOUND, ["1", "2", "4"])
    assert scores.f1[:2] == pytest.approx([2 / 3, 4 / 5])
    assert np.isnan(scores.f1[2])
    assert scores.precision == pytest.approx([1, 2 / 3, 0])
    assert scores.recall[:2] == pytest.approx([1 / 2, 1])
    assert scores.support.tolist() == [2, 2, 0]
    assert scores.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert scores.macro_f1_declared == pytest.approx((2 / 3 + 4 / 5) / 3)
    assert scores.micro_f1 == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))
    # Not shown: 4/5, 2/3, 6/7; the mean of both classes for each unit, the last with a shown F1 of 0.
    assert scores.two_class_f1 == pytest.approx(
        ((2 / 3 + 4 / 5) / 2 + (4 / 5 + 2 / 3) / 2 + (0 + 6 / 7) / 2) / 3
    )


def test_cells_that_were_not_coded_are_passed_over():
    truth = np.array([[1.0], [np.nan], [0.0]])
    assert unit_counts(truth, np.array([[1], [1], [0]])).tolist() == [[1, 0, 0, 1]]


def test_nothing_predicted_and_nothing_shown():
    nothing = np.zeros_like(TRUTH)
    scores = score_action_units(TRUTH, nothing, ["1", "2", "4"])
    assert (scores.macro_f1, scores.micro_f1) == (0, 0)
    assert np.isnan(unit_macro_f1(unit_counts(nothing, TRUTH)))
    assert np.isnan(unit_micro_f1(unit_counts(nothing, TRUTH)))
    # Neither shown nor predicted: the other class alone, fully right.
    assert unit_two_class_f1(unit_counts(nothing, nothing)).tolist() == [1, 1, 1]


def test_wrong_input_is_named():
    with pytest.raises(ShapeError):
        unit_counts(TRUTH, FOUND[:2])
    with pytest.raises(UsageError, match="0 and 1"):
        unit_counts(TRUTH, FOUND * 2)
    with pytest.raises(UsageError, match="units"):
        score_action_units(TRUTH, FOUND, ["1"])
    with pytest.raises(UsageError, match="no coded"):
        score_action_units(np.full((2, 1), np.nan), np.zeros((2, 1)), ["1"])
    with pytest.raises(UsageError, match="subject"):
        subject_unit_counts(TRUTH, FOUND, ["a"])


tables = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.int64, (n, 3), elements=st.integers(0, 1))] * 2)
)


@settings(deadline=None, max_examples=50)
@given(tables)
def test_scikit_learn_agrees(both):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, found = both
    counts = unit_counts(truth, found)
    shown = truth.any(0)
    each = metrics.f1_score(truth, found, average=None, zero_division=0)
    assert unit_f1(counts)[shown] == pytest.approx(each[shown])
    assert np.isnan(unit_f1(counts)[~shown]).all()
    if shown.any():
        assert float(unit_macro_f1(counts)) == pytest.approx(each[shown].mean())
        assert float(unit_micro_f1(counts)) == pytest.approx(
            metrics.f1_score(truth, found, average="micro", zero_division=0)
        )
    for unit in range(3):
        labels = sorted(set(truth[:, unit]) | set(found[:, unit]))
        expected = metrics.f1_score(
            truth[:, unit], found[:, unit], average="macro", labels=labels, zero_division=0
        )
        assert unit_two_class_f1(counts)[unit] == pytest.approx(expected)
    rows = ["a", "b"] * len(truth)
    _, parts = subject_unit_counts(truth, found, rows[: len(truth)])
    assert parts.sum(0).tolist() == counts.tolist()
