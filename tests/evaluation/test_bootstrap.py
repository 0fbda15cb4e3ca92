"""Bootstrap over subjects: hand-worked distributions, agreement with a plain loop, coverage."""

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import (
    bootstrap_rows,
    bootstrap_values,
    confusion,
    counts_f1,
    resample_weights,
    subject_bootstrap,
    subject_confusions,
    uf1,
)


def test_two_subjects_have_three_possible_values():
    """Counts 1 and 3: drawn twice the sums are 2, 4 (half of the time) and 6."""
    values = bootstrap_values(np.array([[1.0], [3.0]]), lambda pooled: pooled[:, 0], samples=4000, seed=3)
    assert set(values.tolist()) == {2, 4, 6}
    assert np.mean(values == 4) == pytest.approx(0.5, abs=0.04)


def test_vectorised_equals_the_plain_loop():
    rng = np.random.default_rng(0)
    truth, found, who = rng.integers(0, 3, 90), rng.integers(0, 3, 90), rng.integers(0, 9, 90).astype(str)
    names, parts = subject_confusions(truth, found, [0, 1, 2], who)
    fast = bootstrap_values(parts, uf1, samples=50, seed=7)
    slow = []
    for draw in resample_weights(len(names), 50, seed=7):
        rows = np.concatenate(
            [np.flatnonzero(who == n) for n, k in zip(names, draw, strict=True) for _ in range(k)]
        )
        slow.append(float(uf1(confusion(truth[rows], found[rows], [0, 1, 2]))))
    assert fast == pytest.approx(slow)


def test_same_seed_same_interval_other_seed_another():
    counts = np.random.default_rng(0).integers(0, 9, (12, 3))
    first, again, other = (subject_bootstrap(counts, counts_f1, seed=s, samples=300) for s in (1, 1, 2))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert first.value == other.value == pytest.approx(float(counts_f1(counts.sum(0))))


def test_mean_of_many_subjects_against_the_normal_theory():
    """For a mean the interval is about 1.96 standard errors on either side."""
    values = np.random.default_rng(5).normal(0, 1, 400)
    counts = np.stack([values, np.ones(400)], axis=1)
    estimate = subject_bootstrap(counts, lambda pooled: pooled[:, 0] / pooled[:, 1], samples=4000)
    error = values.std(ddof=1) / 20
    assert estimate.low == pytest.approx(estimate.value - 1.96 * error, abs=0.15 * error)
    assert estimate.high == pytest.approx(estimate.value + 1.96 * error, abs=0.15 * error)


def test_scipy_agrees_on_one_number_a_subject():
    scipy_stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(2).exponential(1, 40)
    expected = scipy_stats.bootstrap(
        (values,), np.mean, n_resamples=6000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    ours = subject_bootstrap(
        np.stack([values, np.ones(40)], 1), lambda pooled: pooled[:, 0] / pooled[:, 1], samples=6000
    )
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_one_subject_has_no_interval():
    estimate = subject_bootstrap(np.array([[1, 0, 0]]), counts_f1)
    assert estimate.value == 1 and np.isnan(estimate.low) and np.isnan(estimate.high)
    assert estimate.units == 1


def test_undefined_resamples_are_left_out():
    """Half of the subjects have nothing that counts: 0 / 0 in some draws."""
    counts = np.array([[1.0, 1.0], [0.0, 0.0]])
    with np.errstate(invalid="ignore"):
        estimate = subject_bootstrap(counts, lambda pooled: pooled[:, 0] / pooled[:, 1], samples=200)
    assert (estimate.low, estimate.high) == (1, 1)


def test_rows_form_gives_the_same_interval_as_the_counts_form():
    who = np.array(["a", "b", "b", "c", "d"])
    value = np.array([1.0, 5.0, 2.0, 0.0, 4.0])
    counts = np.array([[value[who == n].sum(), (who == n).sum()] for n in "abcd"])
    fast = subject_bootstrap(counts, lambda pooled: pooled[:, 0] / pooled[:, 1], samples=300, seed=4)
    slow = bootstrap_rows(who, lambda rows: float(value[rows].mean()), samples=300, seed=4)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))
    assert slow.units == 4
    assert np.isnan(bootstrap_rows(["a"], lambda rows: 1.0).low)


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match="subject"):
        subject_bootstrap(np.zeros((0, 3)), counts_f1)
    with pytest.raises(UsageError, match="level"):
        subject_bootstrap(np.ones((2, 3)), counts_f1, level=95)
    with pytest.raises(ShapeError, match="statistic"):
        subject_bootstrap(np.ones((2, 3)), lambda pooled: pooled)
    with pytest.raises(UsageError):
        bootstrap_rows([], lambda rows: 0.0)
