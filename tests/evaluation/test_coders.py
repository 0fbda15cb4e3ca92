"""Agreement over whole recordings, against scikit-learn, statsmodels and krippendorff."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation import (
    alpha_of_counts,
    coder_agreement,
    cohen_kappa,
    fleiss_kappa,
    frame_labels,
    kappa_of_table,
    krippendorff_alpha,
)

FRAMES = 40
marks = st.lists(
    st.tuples(st.integers(0, FRAMES - 1), st.integers(0, 6), st.sampled_from(["micro", "macro"])), max_size=5
).map(lambda rows: [(a, min(a + n, FRAMES - 1), kind) for a, n, kind in rows])


def test_labels_of_frames() -> None:
    found = frame_labels([(1, 3, "macro"), (3, 4, "micro"), (0, 0, "micro")], 6)
    assert found.tolist() == [1, 2, 2, 1, 1, 0]
    assert frame_labels([], 3).tolist() == [0, 0, 0]
    for wrong in ((3, 2, "micro"), (-1, 2, "micro"), (0, 6, "micro")):
        with pytest.raises(UsageError, match="onset <= offset < 6"):
            frame_labels([wrong], 6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = zip(*pairs, strict=True)
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)
    ours = kappa_of_table(table)
    assert ours == pytest.approx(cohen_kappa(first, second, labels=[0, 1, 2]), nan_ok=True)
    if len(set(first) | set(second)) > 1:
        assert ours == pytest.approx(metrics.cohen_kappa_score(first, second, labels=[0, 1, 2]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 1, 2, None]), min_size=4, max_size=4), min_size=2, max_size=30))
def test_alpha_is_that_of_krippendorff_s_library(items: list[list[int | None]]) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    counts = np.array([[row.count(label) for label in (0, 1, 2)] for row in items])
    ours = alpha_of_counts(counts)
    assert ours == pytest.approx(krippendorff_alpha(list(zip(*items, strict=True))), nan_ok=True)
    if np.isfinite(ours):
        theirs = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
        assert ours == pytest.approx(theirs)


def test_a_row_may_stand_for_many_items() -> None:
    counts, times = np.array([[3, 0, 0], [1, 2, 0], [1, 1, 1], [0, 0, 3]]), np.array([40, 7, 0, 5])
    each = np.repeat(counts, times, axis=0)
    assert fleiss_kappa(counts, times) == pytest.approx(fleiss_kappa(each))
    assert alpha_of_counts(counts, times) == pytest.approx(alpha_of_counts(each))
    for wrong in (times[:3], -times):
        with pytest.raises(ShapeError, match="times"):
            alpha_of_counts(counts, wrong)


@settings(max_examples=40, deadline=None)
@given(st.lists(marks, min_size=2, max_size=4))
def test_all_together_is_what_the_parts_say(coders: list[list[tuple[int, int, str]]]) -> None:
    raters = pytest.importorskip("statsmodels.stats.inter_rater")
    names = "abcd"[: len(coders)]
    found = coder_agreement(
        {name: {"film": rows} for name, rows in zip(names, coders, strict=True)}, {"film": FRAMES}
    )
    labels = [frame_labels(rows, FRAMES) for rows in coders]
    assert len(found.pairs) == len(names) * (len(names) - 1) // 2
    first = found.pairs[0]
    assert first.cohen_kappa == pytest.approx(
        cohen_kappa(labels[0].tolist(), labels[1].tolist(), labels=[0, 1, 2]), nan_ok=True
    )
    counts = np.stack([sum((row == label).astype(int) for row in labels) for label in (0, 1, 2)], 1)
    if np.isfinite(found.fleiss_kappa):
        assert found.fleiss_kappa == pytest.approx(raters.fleiss_kappa(counts))
    assert found.krippendorff_alpha == pytest.approx(
        krippendorff_alpha([row.tolist() for row in labels]), nan_ok=True
    )


def test_two_films_by_hand() -> None:
    codings = {
        "anna": {"one": [(0, 9, "micro")], "two": [(5, 9, "macro")]},
        "bea": {"one": [(0, 9, "micro")], "two": []},
        "machine": {"one": [(5, 14, "micro")], "two": [(5, 9, "macro")]},
        "cleo": {"two": [(5, 9, "micro")]},
    }
    found = coder_agreement(codings, {"one": 100, "two": 20}, threshold=0.5)
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    both = pairs["anna", "bea"]
    assert (both.recordings, both.first_n, both.second_n, both.matched) == (2, 2, 1, 1)
    assert (both.f1, both.mean_iou) == (pytest.approx(2 / 3), 1.0)
    assert both.frame_jaccard == pytest.approx(10 / 15)
    late = pairs["anna", "machine"]  # in film one 5 of 15 frames agree: below the threshold
    assert (late.matched, late.mean_iou, late.f1) == (1, 1.0, 0.5)
    assert late.frame_jaccard == pytest.approx(10 / 20)
    other = pairs["anna", "cleo"]  # the same frames, another kind
    assert (other.recordings, other.matched, other.frame_jaccard) == (1, 1, 1.0)
    # 15 frames none and none, 5 macro and micro: po = 15/20, pe = 15/20 * 15/20
    assert other.cohen_kappa == pytest.approx((0.75 - 0.5625) / (1 - 0.5625))
    assert (found.fleiss_recordings, found.krippendorff_recordings) == (1, 2)


def test_what_is_not_defined_is_nan() -> None:
    alone = coder_agreement({"anna": {"one": []}}, {"one": 10})
    assert (alone.pairs, alone.fleiss_recordings) == ((), 0)
    assert np.isnan(alone.fleiss_kappa)
    assert np.isnan(alone.krippendorff_alpha)
    nothing = coder_agreement({"a": {"one": []}, "b": {"one": []}}, {"one": 10}).pairs[0]
    assert np.isnan([nothing.cohen_kappa, nothing.f1, nothing.mean_iou, nothing.frame_jaccard]).all()
    strangers = coder_agreement({"a": {"one": []}, "b": {"two": []}}, {"one": 10, "two": 10}).pairs[0]
    assert strangers.recordings == 0
    assert np.isnan(kappa_of_table(np.zeros((3, 3))))


def test_wrong_input() -> None:
    with pytest.raises(ShapeError):
        kappa_of_table(np.zeros((2, 3)))
    with pytest.raises(ShapeError):
        alpha_of_counts(np.zeros(3))
    with pytest.raises(UsageError, match="threshold"):
        coder_agreement({"a": {"one": []}, "b": {"one": []}}, {"one": 10}, threshold=0)
