"""Recognition scores: hand-worked cases, scikit-learn as oracle, properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import (
    accuracy,
    class_f1,
    class_precision,
    class_recall,
    confusion,
    macro_precision,
    majority_matrix,
    score_recognition,
    scores_of,
    subject_confusions,
    uar,
    uf1,
    weighted_f1,
)

LABELS = ["negative", "positive", "surprise"]
# Hand-worked: rows truth. F1: 2*4/(8+1+2)=8/11, 2*1/(2+2+2)=1/3, 2*2/(4+2+1)=4/7.
MATRIX = np.array([[4, 1, 1], [1, 1, 1], [0, 1, 2]])


def test_every_score_by_hand():
    scores = scores_of(MATRIX, LABELS)
    assert scores.f1 == pytest.approx([8 / 11, 1 / 3, 4 / 7])
    assert scores.recall == pytest.approx([4 / 6, 1 / 3, 2 / 3])
    assert scores.precision == pytest.approx([4 / 5, 1 / 3, 2 / 4])
    assert scores.uf1 == pytest.approx((8 / 11 + 1 / 3 + 4 / 7) / 3)
    assert scores.uar == pytest.approx((4 / 6 + 1 / 3 + 2 / 3) / 3)
    assert scores.accuracy == pytest.approx(7 / 12)
    assert scores.weighted_f1 == pytest.approx((6 * 8 / 11 + 3 / 3 + 3 * 4 / 7) / 12)
    assert scores.macro_precision == pytest.approx((4 / 5 + 1 / 3 + 2 / 4) / 3)
    assert scores.support.tolist() == [6, 3, 3]
    assert scores.n == 12


def test_published_uar_that_is_precision_differs_from_recall():
    """A case whose true UAR is 0.75: the STRS script would print its macro precision, 0.8333."""
    matrix = np.array([[2, 0], [1, 1]])
    assert float(uar(matrix)) == 0.75
    assert float(macro_precision(matrix)) == pytest.approx((2 / 3 + 1) / 2)


def test_one_class_right_is_one_not_nan():
    scores = score_recognition(["negative"] * 3, ["negative"] * 3, ["negative"])
    assert (scores.uf1, scores.uar, scores.accuracy) == (1, 1, 1)


def test_absent_class_is_skipped_or_zero():
    """Truth holds a and b only; one b was called c."""
    scores = score_recognition(list("aabb"), list("aabc"), list("abc"))
    assert scores.f1[:2] == pytest.approx([1, 2 / 3])
    assert np.isnan(scores.f1[2]) and np.isnan(scores.recall[2])
    assert scores.precision[2] == 0
    assert scores.uf1 == pytest.approx((1 + 2 / 3) / 2)
    assert scores.uf1_declared == pytest.approx((1 + 2 / 3) / 3)
    assert scores.uar == pytest.approx(0.75)
    assert scores.uar_declared == pytest.approx(0.5)


def test_outside_answers_are_wrong_and_nobodys_false_alarm():
    scores = score_recognition(["a", "b"], ["a", "banana"], ["a", "b"], outside=True)
    assert scores.matrix.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert scores.precision[0] == 1 and np.isnan(scores.precision[1])
    assert scores.uf1 == 0.5


def test_majority_guesser_of_the_megc2019_composite():
    """250 negative, 109 positive, 83 surprise: published UF1 .2408, UAR .3333, accuracy .5656."""
    guess = majority_matrix(np.diag([250, 109, 83]))
    assert float(uf1(guess)) == pytest.approx(0.2408, abs=5e-5)
    assert float(uar(guess)) == pytest.approx(1 / 3)
    assert float(accuracy(guess)) == pytest.approx(0.5656, abs=5e-5)


def test_majority_takes_the_first_class_at_a_tie():
    assert majority_matrix(np.array([[0, 2], [1, 1]])).tolist() == [[2, 0], [2, 0]]


@pytest.mark.parametrize(
    ("truth", "predicted", "labels", "message"),
    [
        (["a"], ["a", "b"], ["a", "b"], "as many"),
        (["x"], ["a"], ["a"], "'x'"),
        (["a"], ["x"], ["a"], "'x'"),
        (["a"], ["a"], ["a", "a"], "each once"),
        ([], [], ["a"], "no samples"),
    ],
)
def test_wrong_input_is_named(truth, predicted, labels, message):
    with pytest.raises(UsageError, match=message):
        score_recognition(truth, predicted, labels)


def test_wrong_shape_is_named():
    with pytest.raises(ShapeError, match="2, 4"):
        uf1(np.zeros((2, 4)))
    with pytest.raises(ShapeError, match="3 rows"):
        scores_of(np.eye(2), LABELS)
    with pytest.raises(UsageError, match="absent"):
        uf1(MATRIX, "drop")


def test_pooling_is_not_the_mean_of_folds():
    """Two subjects with one class each: pooled UF1 1/2, mean of fold scores over declared classes 1/4."""
    names, parts = subject_confusions(["a", "b"], ["a", "a"], ["a", "b"], ["s1", "s2"])
    assert names == ["s1", "s2"]
    pooled = parts.sum(0)
    assert class_f1(pooled) == pytest.approx([2 / 3, 0])
    assert float(uf1(pooled)) == pytest.approx(1 / 3)
    assert float(np.mean([uf1(p, "zero") for p in parts])) == pytest.approx(1 / 4)


pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_scikit_learn_agrees(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, predicted = (list(column) for column in zip(*rows, strict=True))
    labels = [0, 1, 2, 3]
    scores = score_recognition(truth, predicted, labels)
    assert scores.matrix.tolist() == metrics.confusion_matrix(truth, predicted, labels=labels).tolist()
    options = {"labels": labels, "zero_division": 0}
    assert scores.uar_declared == pytest.approx(
        metrics.recall_score(truth, predicted, average="macro", **options)
    )
    present = sorted(set(truth))
    assert scores.uf1 == pytest.approx(
        metrics.f1_score(truth, predicted, average="macro", labels=present, zero_division=0)
    )
    assert scores.uf1_declared == pytest.approx(
        metrics.f1_score(truth, predicted, average="macro", **options)
    )
    assert scores.weighted_f1 == pytest.approx(
        metrics.f1_score(truth, predicted, average="weighted", **options)
    )
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert scores.uar == pytest.approx(
        metrics.recall_score(truth, predicted, average="macro", labels=present, zero_division=0)
    )
    assert scores.macro_precision == pytest.approx(
        metrics.precision_score(truth, predicted, average="macro", labels=present, zero_division=0)
    )


@settings(deadline=None, max_examples=40)
@given(pairs, st.permutations([0, 1, 2, 3]), st.randoms(use_true_random=False))
def test_order_of_rows_and_labels_does_not_matter(rows, order, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one = score_recognition(*zip(*rows, strict=True), [0, 1, 2, 3])
    two = score_recognition(*zip(*shuffled, strict=True), order)
    assert (one.uf1, one.uar, one.accuracy) == pytest.approx((two.uf1, two.uar, two.accuracy))
    assert 0 <= one.uf1 <= 1 and 0 <= one.uar <= 1 and one.uf1_declared <= one.uf1 + 1e-12


def test_leading_axes_give_one_score_each():
    stack = np.stack([MATRIX, MATRIX.T, np.eye(3, dtype=int)])
    for metric in (uf1, uar, accuracy, weighted_f1, macro_precision):
        assert metric(stack) == pytest.approx([float(metric(m)) for m in stack])
    for metric in (class_f1, class_recall, class_precision):
        assert metric(stack).shape == (3, 3)


def test_subject_matrices_sum_to_the_pooled_one():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    _, parts = subject_confusions(truth, predicted, [0, 1, 2], rng.choice(["x/1", "x/2", "y/1"], 50))
    assert parts.shape == (3, 3, 3)
    assert parts.sum(0).tolist() == confusion(truth, predicted, [0, 1, 2]).tolist()
