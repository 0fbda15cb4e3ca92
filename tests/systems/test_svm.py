"""The baselines without a network, against scikit-learn and by hand."""

import numpy as np
import pytest

from fleeting import systems
from fleeting.core import UsageError

svm = pytest.importorskip("sklearn.svm", reason="the extra [train] holds scikit-learn")


def test_majority_gives_the_shares_of_the_training_rows():
    rows = systems.invented_examples(["flowmap28"], 7)
    made = systems.create("majority").fit(rows)
    assert made.predict(rows.take([0, 1])).tolist() == [[3 / 7, 2 / 7, 2 / 7]] * 2


@pytest.mark.parametrize(("name", "kernel"), [("svm-flow", "linear"), ("svm-flow-rbf", "rbf")])
def test_distances_are_those_of_scikit_learn(name, kernel):
    train, test = (systems.invented_examples(["flowmap28"], n, seed=n, noise=3.0) for n in (60, 20))
    made = systems.create(name).fit(train)
    x, other = (one.inputs["flowmap28"].reshape(len(one), -1).astype(float) for one in (train, test))
    mean, spread = x.mean(0), x.std(0)
    for number in range(3):
        oracle = svm.SVC(kernel=kernel, C=made.cost, gamma=1 / x.shape[1], class_weight="balanced")
        oracle.fit((x - mean) / spread, train.labels == number)
        expected = oracle.decision_function((other - mean) / spread)
        assert made.distances(test)[:, number] == pytest.approx(expected, abs=2e-3)


def test_scores_are_the_softmax_of_the_distances():
    rows = systems.invented_examples(["flowmap28"], 12)
    made = systems.create("svm-flow").fit(rows)
    far = np.exp(made.distances(rows))
    assert made.predict(rows) == pytest.approx(far / far.sum(1, keepdims=True))


def test_a_class_without_training_rows_is_never_answered():
    rows = systems.invented_examples(["flowmap28"], 30)
    some = rows.take(np.flatnonzero(rows.labels != 1))
    assert 1 not in systems.create("svm-flow").fit(some).predict(rows).argmax(1)


def test_one_class_alone_cannot_be_learnt():
    rows = systems.invented_examples(["flowmap28"], 9)
    with pytest.raises(UsageError, match="two classes"):
        systems.create("svm-flow").fit(rows.take(np.flatnonzero(rows.labels == 0)))


def test_there_is_no_training_to_set():
    with pytest.raises(UsageError, match="no training to set"):
        systems.create("majority", training={"epochs": 3})
