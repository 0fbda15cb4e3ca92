"""Spotting over many videos: pooling, kinds, datasets, sets of videos, errors of pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import Interval, UsageError
from fleeting.evaluation import (
    Counts,
    Span,
    counts_f1,
    pair_errors,
    score_spotting,
    subject_bootstrap,
)


def test_kinds_are_matched_apart_and_summed():
    truth = [Span("v", 0, 9, "micro"), Span("v", 30, 59, "macro")]
    found = [Span("v", 0, 9, "macro"), Span("v", 30, 59, "macro")]
    scores = score_spotting(truth, found)
    assert scores.counts(kind="micro") == Counts(0, 0, 1)
    assert scores.counts(kind="macro") == Counts(1, 1, 0)
    assert scores.counts() == Counts(1, 1, 1)
    assert scores.pairs == ((1, 1),)


def test_same_video_name_of_two_subjects_is_two_videos():
    truth = [Span("v", 0, 9, subject="a")]
    found = [Span("v", 0, 9, subject="b")]
    assert score_spotting(truth, found).counts() == Counts(0, 1, 1)


def test_datasets_and_pooled_f1():
    """MEGC 2021: overall over both datasets from the sums of counts, not the mean of both F1."""
    truth = [
        Span("v", 0, 9, dataset="casme"),
        Span("w", 0, 9, dataset="samm"),
        Span("w", 30, 39, dataset="samm"),
    ]
    found = [Span("v", 0, 9, dataset="casme"), Span("w", 60, 69, dataset="samm")]
    scores = score_spotting(truth, found)
    assert scores.datasets == ["casme", "samm"]
    assert scores.counts(dataset="casme").f1 == 1
    assert scores.counts(dataset="samm").f1 == 0
    assert scores.counts().f1 == pytest.approx(2 / 5)  # 2 * 1 / (2 * 1 + 1 + 2)


@pytest.mark.parametrize(
    ("counts", "published"),
    [
        # Hits, predictions, truths of the MDMD baseline and of SL-Swin, and the F1 that they print.
        ((21, 5035, 57), 0.008248),
        ((109, 1523, 300), 0.119583),
        ((130, 6558, 357), 0.037599),
        ((29, 1436, 159), 0.036364),
        ((22, 356, 343), 0.062947),
        ((51, 1792, 502), 0.044464),
        ((12, 12 + 204, 12 + 45), 0.08791),
        ((33, 33 + 440, 33 + 126), 0.10443),
        ((159, 159 + 85, 159 + 85), 0.65164),
    ],
)
def test_published_counts_give_the_published_f1(counts, published):
    hits, predicted, true = counts
    assert Counts(hits, predicted - hits, true - hits).f1 == pytest.approx(published, abs=6e-6)


def test_video_sets():
    truth = [Span("with", 0, 9)]
    found = [Span("with", 0, 9), Span("without", 0, 9)]
    assert score_spotting(truth, found).counts() == Counts(1, 1, 0)
    assert score_spotting(truth, found, video_set="with_target").counts() == Counts(1, 0, 0)
    with pytest.raises(UsageError, match="video_set"):
        score_spotting(truth, found, video_set="some")


def test_with_target_goes_by_kind():
    truth = [Span("v", 0, 9, "micro")]
    found = [Span("v", 30, 90, "macro")]
    assert score_spotting(truth, found, video_set="with_target").counts() == Counts(0, 0, 1)


def test_strs_script_lets_errors_vanish_where_strict_counts_them():
    """Faults 1 to 3 of the published script, each shown to cost under `strict`."""
    silent_subject = (
        [Span("v", 0, 9, subject="a"), Span("v", 0, 9, subject="b")],
        [Span("v", 0, 9, subject="a")],
    )
    empty_video = [Span("v", 0, 9)], [Span("v", 0, 9), Span("w", 0, 9)]
    double_hit = [Span("v", 0, 9), Span("v", 10, 19)], [Span("v", 0, 19)]
    for case, script, strict in (
        (silent_subject, Counts(1, 0, 0), Counts(1, 0, 1)),
        (empty_video, Counts(1, 0, 0), Counts(1, 1, 0)),
        (double_hit, Counts(2, 0, 0), Counts(1, 0, 1)),
    ):
        assert score_spotting(*case, rule="strs-script").counts() == script
        assert score_spotting(*case).counts() == strict


def test_nothing_at_all_is_zero_and_stays_a_number():
    scores = score_spotting([], [])
    assert scores.counts() == Counts(0, 0, 0)
    assert (scores.counts().f1, scores.counts().precision, scores.counts().recall) == (0, 0, 0)
    assert scores.kinds == []


def test_subject_counts_feed_the_bootstrap():
    truth = [Span("v", 0, 9, subject=s, dataset="d") for s in "abc"]
    found = [Span("v", 0, 9, subject="a", dataset="d"), Span("v", 50, 59, subject="b", dataset="d")]
    names, table = score_spotting(truth, found).by_subject()
    assert names == ["d/a", "d/b", "d/c"]
    assert table.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    estimate = subject_bootstrap(table, counts_f1, samples=200)
    assert estimate.value == pytest.approx(2 / 5)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_errors_of_the_matched_pairs():
    truth = [Span("v", 10, 20, apex=15), Span("v", 40, 50, apex=44)]
    found = [Span("v", 12, 21, apex=14), Span("v", 39, 48)]
    errors = pair_errors(truth, found, score_spotting(truth, found).pairs)
    assert (errors["onset"].n, errors["onset"].bias, errors["onset"].mae) == (2, 0.5, 1.5)
    assert (errors["offset"].bias, errors["offset"].mae, errors["offset"].median) == (-0.5, 1.5, 1.5)
    assert (errors["apex"].n, errors["apex"].bias) == (1, -1.0)
    none = pair_errors(truth, found, [])
    assert none["onset"].n == 0 and np.isnan(none["onset"].mae)


def test_span_of_an_interval():
    interval = Interval.from_frames(10, 19, fps=50, apex=14, score=0.5)
    span = Span.from_interval(interval, "clip", subject="anna", dataset="demo", emotion="negative")
    assert span == Span("clip", 10, 19, "micro", "anna", "demo", "negative", 0.5, 14)
    with pytest.raises(UsageError, match="before onset"):
        Span("clip", 5, 4)


spans = st.lists(
    st.builds(
        lambda video, start, length, kind, subject: Span(video, start, start + length, kind, subject),
        st.sampled_from(["v", "w"]),
        st.integers(-5, 60),
        st.integers(0, 25),
        st.sampled_from(["micro", "macro"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=10,
)


@settings(deadline=None, max_examples=60)
@given(spans, spans, st.randoms(use_true_random=False))
def test_counts_add_up_and_order_does_not_matter(truth, found, random):
    scores = score_spotting(truth, found)
    total = scores.counts()
    assert (total.tp + total.fp, total.tp + total.fn) == (len(found), len(truth))
    assert total == scores.counts(kind="micro") + scores.counts(kind="macro")
    assert 0 <= total.f1 <= 1
    assert len(scores.pairs) == total.tp
    for p, g in scores.pairs:
        assert (found[p].key, found[p].kind) == (truth[g].key, truth[g].kind)
    mixed = list(found)
    random.shuffle(mixed)
    assert score_spotting(truth, mixed).counts() == total
    kept = score_spotting(truth, found, video_set="with_target").counts()
    assert kept.f1 >= total.f1 and (kept.tp, kept.fn) == (total.tp, total.fn)
