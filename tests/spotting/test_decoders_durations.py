"""The decoder by lengths of time: seconds, lengths, noise, boundaries."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting import spotting
from fleeting.core import iou
from fleeting.spotting import Box
from fleeting.spotting._durations import best_apart, mean_between

decode = partial(spotting.decode, method="durations")
TRUTH_S = ((1.0, 0.2, 1.0), (2.5, 0.4, 0.8), (4.0, 0.3, 1.0), (6.0, 1.2, 0.9))


def played(fps: float, movements=TRUTH_S, length_s: float = 9.0) -> np.ndarray:
    """Raised cosines (start, duration, height) on a slow drift, sampled at a frame rate."""
    t = np.arange(round(length_s * fps)) / fps
    curve = 0.2 * np.sin(2 * np.pi * t / 20)
    for start, duration, height in movements:
        inside = (t > start) & (t < start + duration)
        curve += np.where(inside, height * np.sin(np.pi * (t - start) / duration) ** 2, 0)
    return curve


def spans(found) -> list[tuple[int, int]]:
    return [(i.onset_frame, i.offset_frame) for i in found]


@pytest.mark.parametrize("fps", [25, 30, 50, 100, 200])
def test_times_are_right_at_any_frame_rate(fps):
    found = decode(played(fps), fps)
    assert len(found) == len(TRUTH_S)
    for one, (start, duration, _) in zip(found, TRUTH_S, strict=True):
        slack = 1.01 / fps + 0.08 * duration
        assert abs(one.onset_s - start) <= slack
        assert abs(one.offset_s - (start + duration)) <= slack
        assert abs(one.apex_s - (start + duration / 2)) <= 1.01 / fps
    assert [i.kind for i in found] == ["micro", "micro", "micro", "macro"]


@pytest.mark.parametrize("fps", [25, 30, 60, 100])
def test_twice_the_rate_gives_the_same_times_within_a_frame(fps):
    slow, fast = decode(played(fps), fps), decode(played(2 * fps), 2 * fps)
    assert len(slow) == len(fast) == len(TRUTH_S)
    for a, b in zip(slow, fast, strict=True):
        for one, two in ((a.onset_s, b.onset_s), (a.apex_s, b.apex_s), (a.offset_s, b.offset_s)):
            assert abs(one - two) <= 1 / fps + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    gain=st.floats(1e-3, 1e3),
    offset=st.floats(-50, 50),
    seed=st.integers(0, 5),
)
def test_gain_and_offset_of_the_curve_do_not_matter(gain, offset, seed):
    curve = played(30) + 0.03 * np.random.default_rng(seed).normal(size=270)
    usual, other = decode(curve, 30), decode(gain * (curve + offset), 30)
    assert len(usual) >= 4
    assert spans(usual) == spans(other)
    assert [i.score for i in usual] == pytest.approx([i.score for i in other], rel=1e-6)


def test_a_step_a_ramp_and_a_drift_are_no_movement():
    t = np.arange(300) / 30
    assert decode((t > 5).astype(float), 30) == []
    assert decode(t, 30) == []
    assert decode(np.clip(t - 4, 0, 1), 30) == []
    assert decode(np.sin(2 * np.pi * t / 40), 30) == []


def test_a_movement_must_be_seen_to_begin_and_to_end():
    rest = np.zeros(100)
    cut = np.concatenate([np.ones(8), rest]), np.concatenate([rest, np.ones(8)])
    assert [decode(curve, 30) for curve in cut] == [[], []]
    assert len(decode(np.concatenate([rest, np.ones(8), rest]), 30)) == 1


@pytest.mark.parametrize("width", [3, 6, 9, 15, 30, 60])
def test_hard_edges_are_found_to_the_frame(width):
    """Curves of networks are often near 0 or 1. Long ones are smoothed more: their ends are coarser."""
    curve = np.zeros(300)
    curve[100 : 100 + width] = 1
    (one,) = decode(curve, 30)
    slack = max(1, round(0.04 * width))
    assert abs(one.onset_frame - 100) <= slack
    assert abs(one.offset_frame - (99 + width)) <= slack


def test_two_short_movements_are_not_one_long_one():
    curve = np.zeros(200)
    curve[80:90] = curve[94:104] = 1
    assert spans(decode(curve, 30)) == [(80, 89), (94, 103)]


def test_a_long_movement_is_not_cut_into_short_ones():
    rng = np.random.default_rng(3)
    curve = 0.05 * rng.normal(size=400)
    curve[150:220] += 1
    (one,) = decode(curve, 30)
    assert iou((one.onset_frame, one.offset_frame), (150, 219)) > 0.85


def test_a_gap_next_to_a_movement_leaves_it_whole_elsewhere():
    curve = played(30)
    curve[:20], curve[200:] = np.nan, np.nan
    found = decode(curve, 30)
    assert spans(found) == [s for s in spans(decode(played(30), 30)) if s[1] < 170]


def test_an_even_recording_gives_few_false_alarms():
    """Ten minutes of Gaussian noise, white and smooth: 45 of a minute have been seen with the rules that
    take a share of the maximum; ours is asked for fewer than 6."""
    from scipy.ndimage import gaussian_filter1d

    count = 0
    for seed in range(10):
        noise = np.random.default_rng(seed).normal(size=900)
        count += len(decode(noise, 30)) + len(decode(gaussian_filter1d(noise, 2), 30))
    assert count / 10 < 6


def test_fewer_frames_than_a_movement_needs():
    for count in range(1, 12):
        assert decode(np.arange(count) % 2 * 1.0, 30) == [] or count > 4


def test_only_the_lengths_that_are_asked_for():
    curve = played(30)
    assert [i.kind for i in decode(curve, 30, lengths_s=(0.2, 0.3, 0.4))][:3] == ["micro"] * 3
    (long,) = decode(played(30, TRUTH_S[3:]), 30, lengths_s=(1.2,))
    assert long.kind == "macro"
    assert decode(curve, 30, lengths_s=(0.05,)) == [], "of less than two frames"


def test_thresholds_are_in_units_of_noise_and_of_the_strongest():
    curve = played(30, ((1.0, 0.3, 1.0), (3.0, 0.3, 0.5), (5.0, 0.3, 0.2)))
    assert len(decode(curve, 30, least_share=0.1)) == 3
    assert len(decode(curve, 30, least_share=0.4)) == 2
    assert len(decode(curve, 30, least_share=0.6)) == 1
    best = max(i.score for i in decode(curve, 30))
    assert decode(curve, 30, least_z=1.01 * best) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(1, 9)), min_size=1, max_size=7))
def test_the_choice_is_the_best_of_all_choices(rows):
    boxes = [Box(a, a, a + n, 1.0) for a, n, _ in rows]
    worth = [float(w) for *_, w in rows]
    chosen = best_apart(boxes, worth)
    assert apart(chosen)
    sets = (c for r in range(len(rows) + 1) for c in combinations(range(len(rows)), r))
    best = max(sum(worth[i] for i in c) for c in sets if apart([boxes[i] for i in c]))
    got = [max(w for b, w in zip(boxes, worth, strict=True) if b == box) for box in chosen]
    assert sum(got) == best


def apart(boxes) -> bool:
    return all(a.offset < b.onset or b.offset < a.onset for a, b in combinations(boxes, 2))


@settings(max_examples=40, deadline=None)
@given(first=st.integers(0, 19), count=st.integers(1, 20))
def test_means_between_frame_edges_are_means_of_frames(first, count):
    values = np.random.default_rng(0).normal(size=20)
    stop = min(first + count, 20)
    mean = mean_between(values, np.array([first - 0.5]), np.array([stop - 0.5]))
    assert mean[0] == pytest.approx(values[first:stop].mean())
