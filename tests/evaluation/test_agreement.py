"""Agreement of coders against published examples and other libraries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import cohen_kappa, fleiss_kappa, interval_agreement, krippendorff_alpha

# Fleiss (1971), as in textbooks: 10 items, 14 coders, 5 labels; kappa 0.210.
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Krippendorff (2011), section C: four coders, twelve units, gaps; nominal alpha 0.743.
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def test_cohen_by_hand():
    """20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, chance 0.5, kappa 0.4."""
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_fleiss_published():
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_published():
    assert krippendorff_alpha(KRIPPENDORFF) == pytest.approx(0.743, abs=5e-4)


def test_full_agreement_and_one_label():
    assert cohen_kappa("abab", "abab") == 1
    assert krippendorff_alpha(["abab", "abab"]) == 1
    assert fleiss_kappa(np.array([[2, 0], [0, 2]])) == 1
    assert np.isnan(cohen_kappa("aa", "aa"))
    assert np.isnan(fleiss_kappa(np.array([[2, 0], [2, 0]])))
    assert np.isnan(krippendorff_alpha(["aa", "aa"]))
    assert np.isnan(krippendorff_alpha([["a", None], [None, "b"]]))


def test_always_opposite_is_below_chance():
    assert cohen_kappa("abab", "baba") == -1
    assert krippendorff_alpha(["abab", "baba"]) < 0


codes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30)


@settings(deadline=None, max_examples=50)
@given(codes, st.sampled_from(["none", "linear", "quadratic"]))
def test_cohen_against_scikit_learn(rows, weights):
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = (list(column) for column in zip(*rows, strict=True))
    if len(set(first) | set(second)) < 2:
        return
    expected = metrics.cohen_kappa_score(
        first, second, labels=[0, 1, 2, 3], weights=None if weights == "none" else weights
    )
    assert cohen_kappa(first, second, labels=[0, 1, 2, 3], weights=weights) == pytest.approx(
        expected, nan_ok=True
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=12))
def test_alpha_and_fleiss_are_near_for_complete_codings(items):
    """Both without gaps: alpha = 1 - (1 - kappa) (n - 1) / n with n codings in all (Krippendorff, 2011)."""
    counts = np.array([[item.count(label) for label in range(3)] for item in items])
    kappa, n = fleiss_kappa(counts), counts.sum()
    alpha = krippendorff_alpha([list(coder) for coder in zip(*items, strict=True)])
    assert alpha == pytest.approx(1 - (1 - kappa) * (n - 1) / n, nan_ok=True)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.sampled_from([0, 1, 2, None]), min_size=3, max_size=3), min_size=3, max_size=12))
def test_alpha_against_the_krippendorff_package(items):
    package = pytest.importorskip("krippendorff")
    coders = [list(coder) for coder in zip(*items, strict=True)]
    ours = krippendorff_alpha(coders)
    if np.isnan(ours):
        return
    data = np.array([[np.nan if c is None else c for c in coder] for coder in coders], float)
    assert ours == pytest.approx(package.alpha(reliability_data=data, level_of_measurement="nominal"))


def test_intervals_by_hand():
    """[0, 9] and [2, 11] share 8 of 12; [30, 39] and [36, 45] 4 of 16, too few."""
    both = interval_agreement(np.array([[0, 9], [30, 39]]), np.array([[2, 11], [36, 45]]))
    assert both.matched == ((0, 0),)
    assert both.ious == pytest.approx((8 / 12,))
    assert both.f1 == pytest.approx(2 / 4)
    assert both.frame_jaccard == pytest.approx((8 + 4) / (12 + 16))


def test_intervals_are_matched_for_the_most_pairs():
    """One pair of 9 of 11 frames overlaps more than 6 of 14 and 4 of 14 together, but two pairs are more."""
    first, second = np.array([[0, 9], [5, 14]]), np.array([[4, 13], [11, 18]])
    assert interval_agreement(first, second, threshold=0.25).matched == ((0, 0), (1, 1))
    assert interval_agreement(first, second, threshold=0.5).matched == ((1, 0),)


def test_of_equally_many_pairs_the_closer_ones_are_taken():
    first, second = np.array([[0, 9]]), np.array([[2, 11], [1, 10]])
    assert interval_agreement(first, second).matched == ((0, 1),)


def test_empty_codings():
    nothing = np.zeros((0, 2))
    assert np.isnan(interval_agreement(nothing, nothing).f1)
    one = interval_agreement(np.array([[0, 9]]), nothing)
    assert (one.f1, one.frame_jaccard) == (0, 0)
    assert np.isnan(one.mean_iou)


spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 15)).map(lambda p: (p[0], p[0] + p[1])), max_size=6
).map(lambda rows: np.array(rows).reshape(-1, 2))


@settings(deadline=None, max_examples=50)
@given(spans, spans)
def test_neither_coder_is_the_truth(first, second):
    forth, back = interval_agreement(first, second), interval_agreement(second, first)
    assert forth.f1 == pytest.approx(back.f1, nan_ok=True)
    assert forth.mean_iou == pytest.approx(back.mean_iou, nan_ok=True)
    assert forth.frame_jaccard == pytest.approx(back.frame_jaccard, nan_ok=True)
    assert all(value >= 0.5 for value in forth.ious)


def test_wrong_input_is_named():
    with pytest.raises(UsageError):
        cohen_kappa("ab", "a")
    with pytest.raises(UsageError, match="'c'"):
        cohen_kappa("ac", "ab", labels="ab")
    with pytest.raises(UsageError, match="weights"):
        cohen_kappa("ab", "ab", weights="cubic")
    with pytest.raises(UsageError, match="same two or more"):
        fleiss_kappa(np.array([[2, 0], [1, 0]]))
    with pytest.raises(ShapeError):
        fleiss_kappa(np.zeros(3))
    with pytest.raises(UsageError, match="same length"):
        krippendorff_alpha(["ab", "a"])
    with pytest.raises(UsageError, match="threshold"):
        interval_agreement(np.zeros((0, 2)), np.zeros((0, 2)), threshold=2)
