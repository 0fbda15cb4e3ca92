"""Paired test over subjects and Holm's correction."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import counts_f1, holm, paired_test


def test_exact_p_by_enumeration():
    """Four subjects: all 16 exchanges counted by a plain loop."""
    first = np.array([[5, 1, 0], [2, 2, 1], [4, 0, 2], [3, 1, 1]])
    second = np.array([[3, 2, 2], [2, 1, 1], [1, 3, 5], [3, 1, 1]])
    test = paired_test(first, second, counts_f1)
    observed = float(counts_f1(first.sum(0)) - counts_f1(second.sum(0)))
    extreme = 0
    for swap in product([False, True], repeat=4):
        one = sum(b if s else a for a, b, s in zip(first, second, swap, strict=True))
        two = sum(a if s else b for a, b, s in zip(first, second, swap, strict=True))
        extreme += abs(float(counts_f1(one) - counts_f1(two))) >= abs(observed) - 1e-12
    assert test.exact
    assert test.difference == pytest.approx(observed)
    assert test.p_value == extreme / 16


def test_scipy_permutation_test_agrees():
    """One number a subject: the mean difference under exchange, as scipy's paired permutation test."""
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.4, 1, 9), rng.normal(0, 1, 9)
    expected = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True
    )
    ours = paired_test(a[:, None], b[:, None], lambda pooled: pooled[:, 0] / 9)
    assert ours.difference == pytest.approx(expected.statistic)
    assert ours.p_value == pytest.approx(expected.pvalue)


def test_sampled_p_is_close_to_the_exact_one():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0.5, 1, (12, 1)), rng.normal(0, 1, (12, 1))
    exact = paired_test(a, b, lambda pooled: pooled[:, 0], samples=5000)
    sampled = paired_test(a, b, lambda pooled: pooled[:, 0], samples=4000)
    assert exact.exact and not sampled.exact
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.03)


def test_a_system_against_itself():
    counts = np.random.default_rng(0).integers(0, 9, (20, 3))
    test = paired_test(counts, counts, counts_f1, samples=200)
    assert (test.difference, test.low, test.high, test.p_value) == (0, 0, 0, 1)


def test_exchanging_the_systems_turns_the_sign():
    rng = np.random.default_rng(1)
    one, two = rng.integers(0, 9, (8, 3)), rng.integers(0, 9, (8, 3))
    forth, back = paired_test(one, two, counts_f1), paired_test(two, one, counts_f1)
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.p_value == back.p_value
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


def test_a_clear_difference_is_seen_and_noise_is_not():
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 5, (40, 3))
    better = noise + np.array([4, 0, 0])
    assert paired_test(better, noise, counts_f1, samples=2000).p_value < 0.01
    shuffled = noise[rng.permutation(40)]
    assert paired_test(shuffled, noise, counts_f1, samples=2000).p_value > 0.5


def test_a_sampled_p_is_never_zero():
    """The observed exchange is one of the possible ones (Davison and Hinkley)."""
    one = np.tile([9, 0, 0], (30, 1))
    two = np.tile([1, 8, 8], (30, 1))
    assert paired_test(one, two, counts_f1, samples=199).p_value == 1 / 200


def test_under_the_null_p_is_not_small_too_often():
    """100 pairs of systems of equal worth: about 5 below 0.05."""
    rng = np.random.default_rng(4)
    small = 0
    for _ in range(100):
        one, two = rng.poisson(3, (10, 3)), rng.poisson(3, (10, 3))
        small += paired_test(one, two, counts_f1, samples=1024).p_value <= 0.05
    assert small <= 12


def test_wrong_input_is_named():
    with pytest.raises(ShapeError):
        paired_test(np.ones((2, 3)), np.ones((3, 3)), counts_f1)
    with pytest.raises(UsageError):
        paired_test(np.ones((2, 3)), np.ones((2, 3)), counts_f1, samples=0)
    with pytest.raises(UsageError):
        holm([0.5, 1.5])
    with pytest.raises(UsageError):
        holm([float("nan")])


def test_holm_by_hand():
    """Holm (1979): 0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 * 1 raised to the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_rejects(values):
    """Holm's words: test the smallest at 0.05 / m, the next at 0.05 / (m - 1), stop at the first failure."""
    rejected, order = set(), sorted(range(len(values)), key=lambda i: values[i])
    for step, i in enumerate(order):
        if values[i] * (len(values) - step) > 0.05:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(values)) if p <= 0.05} == rejected
