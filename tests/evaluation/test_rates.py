"""Wilson and Garwood intervals against published values and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import UsageError
from fleeting.evaluation import poisson_interval, wilson_interval


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.9, 0.95]),
)
def test_wilson_against_scipy(case, level):
    stats = pytest.importorskip("scipy.stats")
    hits, cases = case
    expected = stats.binomtest(hits, cases).proportion_ci(level, method="wilson")
    ours = wilson_interval(hits, cases, level)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


def test_wilson_by_hand():
    """0 of 10: high = z^2 / (10 + z^2) with z = 1.959964."""
    z2 = 1.959963984540054**2
    share = wilson_interval(0, 10)
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(z2 / (10 + z2))


def test_wilson_without_cases():
    assert np.isnan(wilson_interval(0, 0).value)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's table for 95 %.
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (2, 0.2422, 7.225),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
    ],
)
def test_garwood_table(count, low, high):
    rate = poisson_interval(count)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=6e-4)
    assert rate.units == count


def test_poisson_against_chi_square_and_exposure():
    stats = pytest.importorskip("scipy.stats")
    rate = poisson_interval(7, 3.5, level=0.9)
    assert rate.value == 2
    assert rate.low == pytest.approx(stats.chi2.ppf(0.05, 14) / 2 / 3.5)
    assert rate.high == pytest.approx(stats.chi2.ppf(0.95, 16) / 2 / 3.5)


def test_wrong_input_is_named():
    for call in (
        lambda: wilson_interval(3, 2),
        lambda: wilson_interval(1, 2, 1.5),
        lambda: poisson_interval(-1),
        lambda: poisson_interval(1, 0),
    ):
        with pytest.raises(UsageError, match="expected"):
            call()
