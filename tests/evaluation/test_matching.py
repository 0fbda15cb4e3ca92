"""The matching rules, one by one, on cases worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting.core import ShapeError, UnknownNameError, UsageError, iou
from fleeting.evaluation import interval_iou, match_intervals, matching_rules

RULES = sorted(matching_rules())
NOTHING = np.zeros((0, 2))


def counts(truth, found, rule="strict", threshold=0.5, scores=None):
    matches = match_intervals(
        np.array(truth).reshape(-1, 2),
        np.array(found).reshape(-1, 2),
        None if scores is None else np.array(scores),
        rule=rule,
        threshold=threshold,
    )
    return matches.tp, matches.fp, matches.fn


def test_all_rules_of_the_command_line_exist():
    assert RULES == ["auwgcn", "map-str", "mean", "megc2020", "slswin", "strict", "strs-script"]


@pytest.mark.parametrize("rule", RULES)
def test_nothing_predicted_and_nothing_true(rule):
    assert counts([], [], rule) == (0, 0, 0)
    assert counts([[0, 9], [20, 29]], [], rule) == (0, 0, 2)
    assert counts([], [[0, 9]], rule) == (0, 1, 0)


@pytest.mark.parametrize("rule", RULES)
def test_perfect_prediction(rule):
    assert counts([[0, 9], [20, 29]], [[20, 29], [0, 9]], rule) == (2, 0, 0)


def test_iou_counts_frames_with_both_ends_in():
    assert interval_iou(np.array([[0, 9]]), np.array([[5, 14]]))[0, 0] == pytest.approx(5 / 15)
    assert interval_iou(np.array([[3, 3]]), np.array([[3, 3]]))[0, 0] == 1
    assert interval_iou(np.array([[0, 4]]), np.array([[5, 9]]))[0, 0] == 0
    assert interval_iou(np.array([[0, 9]]), np.array([[8, 2]]))[0, 0] == 0  # an offset of 0 in a sheet


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # IoU exactly 10/20 with each truth; without the last frame 9/19.
        ("strict", (1, 0, 1)),
        ("mean", (1, 0, 1)),
        ("slswin", (0, 1, 2)),
        ("megc2020", (2, -1, 0)),
        ("auwgcn", (0, 1, 2)),
        ("map-str", (2, 0, 0)),
        ("strs-script", (2, 0, 0)),
    ],
)
def test_one_prediction_over_two_truths(rule, expected):
    assert counts([[0, 9], [10, 19]], [[0, 19]], rule) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # IoU 8/10 and 9/10 with the one truth.
        ("strict", (1, 1, 0)),
        ("mean", (1, 1, 0)),
        ("slswin", (1, 1, 0)),
        ("megc2020", (1, 1, 0)),
        ("auwgcn", (1, 1, 0)),
        ("map-str", (2, 0, -1)),
        ("strs-script", (1, 1, 0)),
    ],
)
def test_two_predictions_over_one_truth(rule, expected):
    assert counts([[0, 9]], [[0, 7], [0, 8]], rule) == expected


def test_strict_gives_the_second_best_where_the_best_is_taken_and_mean_does_not():
    """Both predictions like the first truth best; the second reaches a half with the other one too."""
    truth, found = [[0, 9], [6, 11]], [[0, 9], [2, 11]]
    # second prediction [2, 11]: with [0, 9] 8 frames of 12, with [6, 11] 6 frames of 10.
    assert interval_iou(np.array([[2, 11]]), np.array(truth)).tolist() == [[8 / 12, 6 / 10]]
    assert counts(truth, found) == (2, 0, 0)
    assert counts(truth, found, "mean") == (1, 1, 1)


def test_strict_serves_the_surest_prediction_first():
    truth, found = np.array([[0, 9]]), np.array([[0, 5], [0, 9]])
    sure = match_intervals(truth, found, np.array([0.9, 0.2]))
    unsure = match_intervals(truth, found, np.array([0.2, 0.9]))
    assert (sure.pairs, unsure.pairs) == (((0, 0),), ((1, 0),))


def test_strict_tie_takes_the_earlier_truth_and_mean_the_later():
    truth, found = np.array([[10, 19], [0, 9]]), np.array([[0, 19]])
    assert match_intervals(truth, found).pairs == ((0, 1),)
    assert match_intervals(truth, found, rule="mean").pairs == ((0, 0),)


def test_exactly_the_threshold():
    """9 of 18 frames, the one interval that separates `mean` from `slswin` on CAS(ME)^2."""
    truth, found = [[9, 17]], [[0, 17]]
    assert counts(truth, found) == (1, 0, 0)
    assert counts(truth, found, "mean") == (1, 0, 0)
    assert counts(truth, found, "slswin") == (0, 1, 1)


@pytest.mark.parametrize("threshold", [k / 20 for k in range(10, 20)])
def test_threshold_of_a_twentieth_is_met_exactly(threshold):
    """``k`` of 20 frames: rounding must not decide."""
    frames = round(threshold * 20)
    assert counts([[0, 19]], [[0, frames - 1]], threshold=threshold) == (1, 0, 0)


def test_auwgcn_leaves_the_last_frame_out():
    """Inclusive 6 of 12 frames, without the last 5 of 11: only the first reaches a half."""
    assert counts([[0, 11]], [[0, 5]]) == (1, 0, 0)
    assert counts([[0, 11]], [[0, 5]], "auwgcn") == (0, 1, 1)
    # 6 of 11 inclusive; without the last exactly 5 of 10, which does not exceed a half.
    assert counts([[0, 10]], [[0, 5]]) == (1, 0, 0)
    assert counts([[0, 10]], [[0, 5]], "auwgcn") == (0, 1, 1)
    # 7 of 12 inclusive, 6 of 11 without the last: both.
    assert counts([[0, 11]], [[0, 6]], "auwgcn") == (1, 0, 0)


def test_auwgcn_counts_a_prediction_once_though_two_truths_choose_it():
    """Overlapping truths: both take the one prediction, which is one hit; the second truth is missed."""
    assert counts([[0, 10], [1, 11]], [[0, 11]], "auwgcn") == (1, 0, 1)
    # Two predictions good enough for one truth: only its best counts.
    assert counts([[0, 10]], [[0, 10], [0, 9]], "auwgcn") == (1, 1, 0)


def test_megc2020_shares_a_frame_between_disjoint_clips():
    """Two clips of two frames far apart get IoU 1/3, which a threshold of 0.3 lets through."""
    assert counts([[0, 1]], [[50, 51]], "megc2020", 0.3) == (1, 0, 0)
    assert counts([[0, 1]], [[50, 51]], threshold=0.3) == (0, 1, 1)


def test_megc2020_counts_overlapping_clips_as_everybody_does():
    """4 of 10 frames."""
    assert counts([[0, 9]], [[0, 3]], "megc2020", 0.4) == (1, 0, 0)
    assert counts([[0, 9]], [[0, 3]], "megc2020", 0.42) == (0, 1, 1)


def test_megc2020_never_matches_one_frame():
    assert counts([[5, 5]], [[5, 5]], "megc2020") == (0, 1, 1)
    assert counts([[5, 5]], [[5, 5]]) == (1, 0, 0)


def test_strs_script_takes_predictions_in_table_order():
    truth, found = np.array([[0, 9]]), np.array([[0, 5], [0, 9]])
    matches = match_intervals(truth, found, np.array([0.1, 0.9]), rule="strs-script")
    assert matches.pairs == ((0, 0),)


def test_frames_before_the_video_are_taken():
    assert counts([[0, 10]], [[-3, 8]]) == (1, 0, 0)


def test_wrong_input_is_named():
    with pytest.raises(UnknownNameError, match="strict"):
        counts([], [], "strikt")
    with pytest.raises(UsageError, match="threshold"):
        counts([], [], threshold=0)
    with pytest.raises(ShapeError, match="predictions"):
        match_intervals(np.zeros((1, 2)), np.zeros((1, 3)))
    with pytest.raises(ShapeError, match="scores"):
        match_intervals(np.zeros((1, 2)), np.zeros((1, 2)), np.ones(2))
    with pytest.raises(ShapeError, match="truth"):
        match_intervals(np.array([[0, np.nan]]), NOTHING)


interval = st.tuples(st.integers(0, 60), st.integers(0, 25)).map(lambda pair: (pair[0], pair[0] + pair[1]))
intervals = st.lists(interval, max_size=8)
thresholds = st.sampled_from([0.3, 0.5, 0.75])


@settings(deadline=None, max_examples=80)
@given(intervals, intervals)
def test_iou_agrees_with_sets_of_frames(first, second):
    table = interval_iou(np.array(first).reshape(-1, 2), np.array(second).reshape(-1, 2))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            one, two = set(range(a[0], a[1] + 1)), set(range(b[0], b[1] + 1))
            assert table[i, j] == pytest.approx(len(one & two) / len(one | two))
            assert table[i, j] == pytest.approx(iou(a, b))


@settings(deadline=None, max_examples=80)
@given(intervals, intervals, thresholds)
def test_one_to_one_rules_use_nothing_twice(truth, found, threshold):
    for rule in ("strict", "mean", "slswin"):
        matches = match_intervals(np.array(truth), np.array(found), rule=rule, threshold=threshold)
        used = [p for p, _ in matches.pairs], [g for _, g in matches.pairs]
        assert all(len(set(side)) == len(side) for side in used)
        assert matches.tp + matches.fp == len(found)
        assert matches.tp + matches.fn == len(truth)
        assert min(matches.tp, matches.fp, matches.fn) >= 0


@settings(deadline=None, max_examples=80)
@given(intervals, intervals, thresholds)
def test_stricter_rules_never_find_more(truth, found, threshold):
    """With equal scores: slswin <= mean <= strict <= best possible <= every pair."""
    hits = {rule: counts(truth, found, rule, threshold)[0] for rule in RULES}
    assert hits["slswin"] <= hits["mean"] <= hits["strict"] <= hits["map-str"]
    assert hits["strs-script"] <= len(truth)
    assert hits["auwgcn"] <= min(len(found), len(truth))
    assert hits["strict"] <= best_possible(truth, found, threshold)


def best_possible(truth, found, threshold):
    """Largest one-to-one matching, from SciPy."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not truth or not found:
        return 0
    table = interval_iou(np.array(found), np.array(truth)) >= threshold
    return int(np.sum(maximum_bipartite_matching(csr_array(table.astype(int)), perm_type="column") >= 0))


@settings(deadline=None, max_examples=80)
@given(intervals, intervals, st.randoms(use_true_random=False), thresholds)
def test_order_of_rows_does_not_matter(truth, found, random, threshold):
    """For every rule but the STRS script, whose order of rows is part of the rule."""
    scores = [random.choice([0.2, 0.5, 0.9]) for _ in found]
    order = list(range(len(found)))
    random.shuffle(order)
    mixed = list(truth)
    random.shuffle(mixed)
    for rule in set(RULES) - {"strs-script"}:
        one = counts(truth, found, rule, threshold, scores)
        two = counts(mixed, [found[i] for i in order], rule, threshold, [scores[i] for i in order])
        assert one == two


@settings(deadline=None, max_examples=50)
@given(intervals, intervals)
def test_a_higher_threshold_never_finds_more_pairs(truth, found):
    hits = [counts(truth, found, "map-str", t)[0] for t in (0.3, 0.5, 0.75, 1.0)]
    assert hits == sorted(hits, reverse=True)
