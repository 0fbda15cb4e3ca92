import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fleeting.core import ShapeError, UsageError
from fleeting.facs import (
    TWELVE_UNITS,
    co_occurrence,
    conditional,
    count_co_occurrence,
    fed_psyau_edges,
    fed_psyau_prior,
    row_normalised,
    unit_pairs,
)

PLACE = {unit: at for at, unit in enumerate(TWELVE_UNITS)}


def test_counts_are_symmetric_and_below_their_diagonal():
    counts = co_occurrence()
    np.testing.assert_array_equal(counts, counts.T)
    diagonal = np.diag(counts)
    assert (counts <= np.minimum(diagonal[:, None], diagonal)).all()
    assert diagonal.tolist() == [297, 231, 914, 63, 85, 284, 84, 166, 274, 310, 45, 63]


@pytest.mark.parametrize(
    ("given_unit", "other", "low", "high"),
    # Ranges over single datasets as counted apart; the pooled share must lie about there.
    [(2, 1, 0.56, 0.87), (1, 2, 0.32, 0.73), (6, 12, 0.55, 0.69), (15, 17, 0.17, 0.31), (9, 4, 0.6, 1.0)],
)
def test_strong_pairs(given_unit, other, low, high):
    assert low <= conditional(co_occurrence())[PLACE[given_unit], PLACE[other]] <= high


def test_conditional_by_hand():
    counts = np.array([[10, 5, 0], [5, 20, 0], [0, 0, 0]])
    np.testing.assert_allclose(conditional(counts), [[1, 0.5, 0], [0.25, 1, 0], [0, 0, 1]])
    # (5 + 1) / (10 + 2), (0 + 1) / (0 + 2)
    smooth = conditional(counts, smoothing=1)
    assert (smooth[0, 1], smooth[2, 0]) == (0.5, 0.5)
    with pytest.raises(ShapeError):
        conditional(np.ones((2, 3)))


@given(arrays.arrays(np.int64, st.tuples(st.integers(0, 12), st.integers(1, 5)), elements=st.integers(0, 1)))
def test_counting_events(events):
    counts = count_co_occurrence(events)
    for i in range(events.shape[1]):
        for j in range(events.shape[1]):
            assert counts[i, j] == sum(1 for row in events if row[i] and row[j])
    rows = row_normalised(counts).sum(axis=1)
    np.testing.assert_allclose(rows, (np.diag(counts) > 0).astype(float))


def test_events_must_be_zeros_and_ones():
    with pytest.raises(ShapeError, match="0 and 1"):
        count_co_occurrence(np.array([[0, 2]]))


def test_never_seen_pairs_are_never_seen():
    counts = co_occurrence()
    for pair in unit_pairs("never_seen"):
        one, other = sorted(pair)
        assert counts[PLACE[one], PLACE[other]] <= 2, pair
    assert frozenset({5, 12}) in unit_pairs("never_seen")
    assert frozenset({2, 17}) in unit_pairs("never_seen")


def test_anatomical_and_antagonist_pairs():
    pressed_and_parted = {frozenset((a, b)) for a in (23, 24, 28) for b in (25, 26, 27)}
    assert pressed_and_parted <= unit_pairs("anatomical")
    assert {frozenset((5, 43)), frozenset((18, 20)), frozenset((26, 31))} <= unit_pairs("anatomical")
    assert unit_pairs("antagonist") == {frozenset((1, 4)), frozenset((2, 4)), frozenset((12, 15))}
    counts = co_occurrence()
    assert (counts[PLACE[1], PLACE[4]], counts[PLACE[2], PLACE[4]]) == (12, 3)
    with pytest.raises(UsageError, match="anatomical"):
        unit_pairs("friends")


def test_fed_psyau_prior():
    prior = fed_psyau_prior()
    assert prior.shape == (12, 12)
    np.testing.assert_allclose(prior.sum(axis=1), 1, atol=1e-12)
    assert prior[0, 1] == pytest.approx(0.3293, abs=1e-4)
    assert prior[11, 11] == pytest.approx(0.6385, abs=2e-4)
    # The release renormalises inside each half face; its first upper row as printed there:
    published = [0.4096, 0.3375, 0.0179, 0.2166, 0.0032, 0.0153]
    np.testing.assert_allclose(fed_psyau_prior("upper")[0], published, atol=2e-4)
    assert fed_psyau_prior("lower").shape == (6, 6)
    with pytest.raises(UsageError):
        fed_psyau_prior("middle")


def test_fed_psyau_edges():
    edges = fed_psyau_edges()
    np.testing.assert_array_equal(edges, edges.T)
    assert edges.diagonal().all()
    linked = {(a, b) for a in TWELVE_UNITS for b in TWELVE_UNITS if a < b and edges[PLACE[a], PLACE[b]]}
    assert {(1, 2), (1, 4), (2, 5), (6, 7), (9, 10), (12, 14), (15, 17), (2, 17), (5, 12), (7, 17)} <= linked
    assert not {(4, 5), (1, 17), (2, 9), (5, 6), (9, 12)} & linked
    assert len(linked) == 6 + 3 + 22
