"""Hand-made features under a linear machine, and action units, against scikit-learn."""

import numpy as np
import pytest

from fleeting import motion, systems
from fleeting.core import ShapeError, UsageError

svm = pytest.importorskip("sklearn.svm", reason="the extra [train] holds scikit-learn")
NAMES = {
    "lbp-top-svm": lambda row: motion.lbp_top(row["clip64"], blocks=(2, 2)),
    "hoof-svm": lambda row: motion.hoof(row["flow64"], blocks=(5, 5)),
    "mdmo-svm": lambda row: motion.mdmo(row["flow64"], row["points68"]),
}


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_scikit_learn(name):
    inputs = systems.card(name).inputs
    train, test = (systems.invented_examples(inputs, n, seed=n, noise=3.0) for n in (30, 12))
    made = systems.create(name).fit(train)
    x, other = (_described(one, NAMES[name]) for one in (train, test))
    mean, spread = x.mean(0), x.std(0)
    spread[spread < 1e-6] = 1
    expected = []
    for number in range(3):
        oracle = svm.SVC(kernel="linear", C=made.cost, class_weight="balanced")
        oracle.fit((x - mean) / spread, train.labels == number)
        expected.append(oracle.decision_function((other - mean) / spread))
    assert made.distances(test) == pytest.approx(np.stack(expected, 1), abs=2e-3)


def test_a_bin_that_was_empty_in_training_does_not_explode():
    rows = systems.invented_examples(["flow64"], 6)
    still = np.zeros((6, 64, 64, 2), np.float32)
    still[..., 0] = np.where(rows.labels == 0, 1, 2)[:, None, None]  # all to the right, no other bin filled
    train = _with(rows, flow64=still)
    left = _with(rows, flow64=-still)
    made = systems.create("hoof-svm").fit(train)
    assert np.abs(made.distances(left)).max() < 10


def test_units_are_those_of_scikit_learn():
    train, test = (_units(n, seed=n) for n in (40, 15))
    made = systems.create("svm-flow-au").fit(train)
    x, other = (one.inputs["flowmap28"].reshape(len(one), -1).astype(float) for one in (train, test))
    mean, spread = x.mean(0), x.std(0)
    for unit in range(3):
        oracle = svm.SVC(kernel="linear", C=made.cost, class_weight="balanced")
        oracle.fit((x - mean) / spread, train.labels[:, unit])
        expected = oracle.decision_function((other - mean) / spread)
        assert made.distances(test)[:, unit] == pytest.approx(expected, abs=2e-3)
        assert made.predict(test)[:, unit] == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-3)


def test_a_unit_never_seen_is_never_answered():
    rows = _units(20)
    labels = rows.labels.copy()
    labels[:, 1] = 0
    scores = systems.create("svm-flow-au").fit(_with(rows, labels=labels)).predict(rows)
    assert scores[:, 1].max() < 1e-6


def test_withheld_rows_teach_nothing():
    rows = _units(24)
    labels, maps = rows.labels.copy(), rows.inputs["flowmap28"].copy()
    labels[20:] = -1
    maps[20:] = 255
    some = systems.create("svm-flow-au").fit(rows.take(np.arange(20))).predict(rows)
    assert systems.create("svm-flow-au").fit(_with(rows, labels=labels, flowmap28=maps)).predict(
        rows
    ) == pytest.approx(some)


def test_units_need_a_column_each():
    with pytest.raises(ShapeError, match="column"):
        systems.create("svm-flow-au").fit(systems.invented_examples(["flowmap28"], 6))
    with pytest.raises(UsageError, match="withheld"):
        systems.create("svm-flow-au").fit(_units(6).sealed())


def _units(count: int, seed: int = 0):
    return systems.invented_examples(
        ["flowmap28"], count, classes=("1", "4", "12"), several=True, seed=seed, noise=3.0
    )


def _described(rows, describe) -> np.ndarray:
    one_by_one = ({k: v[at] for k, v in rows.inputs.items()} for at in range(len(rows)))
    return np.stack([describe(row) for row in one_by_one]).astype(float)


def _with(rows, labels=None, **inputs):
    from dataclasses import replace

    return replace(rows, labels=rows.labels if labels is None else labels, inputs={**rows.inputs, **inputs})
