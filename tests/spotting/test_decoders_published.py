"""Fixed width, its suppression and scalable selection, by hand and against their rules written plainly."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fleeting.spotting import DECODERS, decode

fixed, fixed_nms, scalable = (DECODERS.get(name) for name in ("fixed", "fixed-nms", "scalable"))
curves = arrays(float, st.integers(30, 90), elements=st.floats(-2, 2, width=16))


def boxes(found) -> list[tuple[int, int]]:
    return [(b.onset, b.offset) for b in found]


def two_boxes() -> np.ndarray:
    """Height 1 on frames 10 to 15, 0.5 on 25 to 30, of 40."""
    curve = np.zeros(40)
    curve[10:16], curve[25:31] = 1, 0.5
    return curve


def test_fixed_by_hand():
    """The mean over six frames peaks at 13 with 1 and at 28 with 0.5, and has the mean 9 / 40 = 0.225.

    With p = 0.55 the threshold is 0.225 + 0.55 * 0.775 = 0.651, with p = 0.3 it is 0.4575.
    """
    assert boxes(fixed(two_boxes(), 30, half_width_s=0.1, p=0.55)) == [(10, 16)]
    found = fixed(two_boxes(), 30, half_width_s=0.1, p=0.3)
    assert boxes(found) == [(10, 16), (25, 31)]
    assert [b.score for b in found] == pytest.approx([1, 0.5])
    assert [b.apex for b in found] == [13, 28]


@pytest.mark.parametrize("fps", [25, 28.57, 30, 100, 200])
@pytest.mark.parametrize("half", [1, 5, 6, 11, 17, 37])
def test_a_half_width_in_frames_over_the_rate_is_that_many_frames(fps, half):
    curve = np.zeros(400)
    curve[200] = 1
    (one,) = fixed(curve, fps, half_width_s=half / fps)
    assert one.offset - one.onset == 2 * half


def test_a_box_may_begin_before_the_video_and_is_cut_by_decode():
    """Frames 0 to 3: the mean over i - 3 .. i + 2 is 3, 4, 4, 4, 3 sixths, so the peak is frame 2."""
    curve = np.zeros(40)
    curve[:4] = 1
    assert boxes(fixed(curve, 30, half_width_s=0.1)) == [(-1, 5)]
    (one,) = decode(curve, 30, "fixed", half_width_s=0.1)
    assert (one.onset_frame, one.apex_frame, one.offset_frame) == (0, 2, 5)


def test_a_constant_curve_has_a_peak_where_zeros_are_padded():
    """A habit of the published code: the mean is 1 on frames 3 to 17 of 20 and falls off at the ends."""
    ones = np.ones(20)
    assert boxes(fixed(ones, 30, half_width_s=0.1)) == [(7, 13)]
    assert fixed(ones, 30, half_width_s=0.1, edges="valid") == []
    assert boxes(fixed(ones, 30, half_width_s=0.1, edges="valid", dummy=True)) == [(0, 0)]


def test_the_dummy_box_stands_for_a_video_without_a_peak_alone():
    flat = np.array([np.nan, np.nan, 0.0, 0.0, 0.0])
    assert fixed(flat, 30) == []
    (one,) = decode(flat, 30, "fixed", dummy=True)
    assert (one.onset_frame, one.offset_frame, one.score) == (2, 2, 0.0), "in the first frame that was seen"
    assert boxes(fixed(two_boxes(), 30, half_width_s=0.1, dummy=True)) == [(10, 16)]
    assert fixed(np.full(5, np.nan), 30, dummy=True) == []


@settings(max_examples=80, deadline=None)
@given(curve=curves, half=st.integers(1, 12), p=st.sampled_from([0.3, 0.55, 0.8]))
def test_fixed_is_the_rule_of_me_tst(curve, half, p):
    """Box filter of 2 k ("same"), mean + p (max - mean), peaks k apart, k to either side."""
    from scipy.signal import find_peaks

    smooth = np.convolve(curve, np.full(2 * half, 1 / (2 * half)), "same")
    threshold = smooth.mean() + p * (smooth.max() - smooth.mean())
    expected = [(q - half, q + half) for q in find_peaks(smooth, height=threshold, distance=half)[0]]
    assert boxes(fixed(curve, 100, half_width_s=half / 100, p=p)) == expected


@settings(max_examples=80, deadline=None)
@given(curve=curves, half=st.integers(1, 12), p=st.sampled_from([0.3, 0.55, 0.8]))
def test_fixed_on_whole_windows_is_the_rule_of_sl_swin(curve, half, p):
    """Sliding mean of 2 k ("valid"), peaks k apart, [q, q + 2 k]."""
    from scipy.signal import find_peaks

    smooth = np.convolve(curve, np.full(2 * half, 1 / (2 * half)), "valid")
    threshold = smooth.mean() + p * (smooth.max() - smooth.mean())
    expected = [(q, q + 2 * half) for q in find_peaks(smooth, height=threshold, distance=half)[0]]
    assert boxes(fixed(curve, 100, half_width_s=half / 100, p=p, edges="valid")) == expected


def test_suppression_by_hand():
    """The mean over six frames is 1 at 13, 5.6 / 6 at 15, 5.9 / 6 at 17, and 0.8 at 38; k = 3.

    17 lies four frames from 13, beyond k but within 2 k: the lower of the two goes.
    """
    curve = np.zeros(60)
    curve[10:20] = [1, 1, 1, 1, 1, 1, 0.8, 0.8, 1.2, 1.1]
    curve[35:41] = 0.8
    every = fixed(curve, 30, half_width_s=0.1, p=0)
    assert [b.apex for b in every] == [13, 17, 38]
    assert [b.score for b in every] == pytest.approx([1, 5.9 / 6, 0.8])
    assert [b.apex for b in fixed_nms(curve, 30, half_width_s=0.1, p=0)] == [13, 38]


@settings(max_examples=80, deadline=None)
@given(curve=curves, half=st.integers(1, 12))
def test_suppression_keeps_the_higher_of_two_that_touch(curve, half):
    every = fixed(curve, 100, half_width_s=half / 100, p=0.1)
    kept = fixed_nms(curve, 100, half_width_s=half / 100, p=0.1)
    assert set(kept) <= set(every)
    assert all(b.apex - a.apex > 2 * half for a, b in pairwise(kept))
    for box in set(every) - set(kept):
        near = [k for k in kept if abs(k.apex - box.apex) <= 2 * half]
        assert max(k.score for k in near) >= box.score


def test_scalable_by_hand():
    """k = 3, mean 4.9 / 30 = 0.163, two thirds of it 0.109.

    Of six frames the sum is largest (4.3) for 11 to 16, so the peak is 14 and the search goes from 11 to
    17. Frame 12 is the first to rise: onset 11, moved on to 10, since 9 and 8 are the first two below the
    mean. Frame 16 is the last to fall: offset 17, where it stays, since 18 and 19 are below the mean.
    """
    curve = np.zeros(30)
    curve[10:19] = [0.2, 0.4, 0.8, 1.0, 0.9, 0.7, 0.5, 0.3, 0.1]
    (one,) = scalable(curve, 30, half_width_s=0.1)
    assert (one.onset, one.apex, one.offset) == (10, 13, 17)


def test_scalable_goes_no_further_than_five_half_widths():
    """A curve above its mean all the way from 10 to 70 with its peak at 40, k = 2 frames."""
    curve = np.zeros(200)
    curve[10:71] = 0.8
    curve[38:43] = 1
    (one,) = scalable(curve, 100, half_width_s=0.02)
    assert (one.onset, one.offset) == (38, 42), "no two frames below the mean within ten: stays at k"


def test_scalable_keeps_the_earlier_of_two_with_close_apices():
    """k = 5: peaks 8 frames apart share one rise and fall, whose maximum both take as apex."""
    curve = np.zeros(100)
    curve[40:61] = 0.6
    curve[45], curve[53] = 0.9, 1.0
    assert len(fixed(curve, 100, half_width_s=0.05, p=0.2)) >= 1
    found = scalable(curve, 100, half_width_s=0.05, p=0.2)
    assert len(found) == 1


def test_scalable_needs_curves_that_are_not_negative_so_they_are_rescaled():
    curve = np.zeros(60)
    curve[20:36] = np.hanning(18)[1:-1]
    usual = boxes(scalable(curve, 30))
    assert len(usual) == 1
    assert boxes(scalable(curve - 5, 30)) == usual
    assert boxes(scalable(3 * curve + 1, 30)) == usual
    assert boxes(scalable(curve - 5, 30, rescale=False)) != usual
    assert boxes(scalable(curve, 30, rescale=False)) == usual


@settings(max_examples=60, deadline=None)
@given(curve=arrays(float, st.integers(20, 80), elements=st.floats(0, 1, width=16)), half=st.integers(1, 8))
def test_scalable_is_the_published_rule(curve, half):
    """The rule step by step, as the authors' code reads, on curves in 0..1."""
    found = scalable(curve, 100, half_width_s=half / 100, rescale=False)
    assert boxes(found) == published_scalable(curve, half, 0.55)


def published_scalable(s: np.ndarray, k: int, p: float) -> list[tuple[int, int]]:
    n, mu = len(s), s.mean()
    found = []
    for box in fixed(s, 100, half_width_s=k / 100, p=p):
        peak = box.apex
        onset = low = max(0, peak - k)
        offset = high = min(n - 1, peak + k)
        rising = [i for i in range(low + 1, peak) if s[i] > s[i - 1] and s[i] > mu / 1.5]
        falling = [i for i in range(peak + 1, high) if s[i] > s[i + 1] and s[i] > mu / 1.5]
        onset = min(rising) - 1 if rising else onset
        offset = max(falling) + 1 if falling else offset
        left = [i for i in range(max(1, peak - 5 * k), onset) if s[i] < mu and s[i - 1] < mu]
        right = [j for j in range(offset + 1, min(n - 1, peak + 5 * k + 1)) if s[j] < mu and s[j + 1] < mu]
        onset = max(left) + 1 if left else onset
        offset = min(right) - 1 if right else offset
        found.append((onset, offset, onset + int(s[onset : offset + 1].argmax())))
    kept: list[tuple[int, int, int]] = []
    for a, b, apex in sorted(found):
        if all(hull_share(a, b, c, d) < 0.2 and abs(apex - other) > k for c, d, other in kept):
            kept.append((a, b, apex))
    return [(a, b) for a, b, _ in kept]


def hull_share(a: int, b: int, c: int, d: int) -> float:
    hull = max(b, d) - min(a, c)
    return max(0, min(b, d) - max(a, c)) / hull if hull else 1.0


def spikes(frames, *places):
    """With a half width of 10 the smoothed curve at i is a twentieth of the ones among i - 10 .. i + 9."""
    curve = np.zeros(frames)
    curve[list(places)] = 1
    return curve


def test_megc2025_cas_joins_what_overlaps_by_more_than_half_a_half_width():
    """Peaks at 22 and 36: 12..32 and 26..46 share 6 frames; at 21 and 36 they share 5, which is not more."""
    decoder = DECODERS.get("megc2025-cas")
    (one,) = decoder(spikes(100, 14, 30, 42), 100, half_width_s=0.1)
    assert (one.onset, one.apex, one.offset) == (14, 22, 44)
    assert len(decoder(spikes(100, 12, 30, 42), 100, half_width_s=0.1)) == 2


def test_megc2025_samm_looks_near_for_quiet_and_farther_off_for_less():
    """Ten ones from 40 on, half width 5: the smoothed curve is 1 at 45, .9 at 44, and .1 at 36 and 55.

    Left of the peak no frame within 5 is below .2; beyond it, 39 (.4) with 38 (.3) is the nearest pair below
    .8. A cliff on the right leaves a pair below .2 within reach.
    """
    decoder = DECODERS.get("megc2025-samm")
    curve = np.zeros(100)
    curve[40:50] = 1
    (one,) = decoder(curve, 100, half_width_s=0.05)
    assert (one.onset, one.apex, one.offset) == (39, 45, 51)
    quick = np.zeros(100)
    quick[[45, 46]] = 1
    (two,) = decoder(quick, 100, half_width_s=0.05, rescale=False, p=0.5)  # .2 at 42..50, .1 beside, 0 then
    assert (two.onset, two.apex, two.offset) == (41, 46, 51)
    (three,) = decoder(quick * 30 + 30, 100, half_width_s=0.05, rescale=False)  # nowhere quiet
    assert (three.onset, three.offset) == (36, 56)
