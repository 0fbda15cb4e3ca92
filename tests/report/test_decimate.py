from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fleeting.core import ShapeError
from fleeting.report.decimate import block_medians, columns_of, keep_extremes, peak_columns

VALUES = arrays(
    np.float64,
    st.integers(1, 400),
    elements=st.one_of(st.floats(-1e3, 1e3), st.just(np.nan), st.just(np.inf)),
)


def times_of(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Variable frame rate: gaps of 1 to 30 ms."""
    return np.cumsum(np.random.default_rng(seed).uniform(0.001, 0.03, len(values)))


@given(VALUES, st.integers(1, 50))
def test_every_extreme_survives(values: np.ndarray, columns: int) -> None:
    times = times_of(values)
    kept_times, kept = keep_extremes(times, values, columns)
    seen = values[np.isfinite(values)]
    assert len(kept) <= max(2 * columns, len(values) if len(values) <= 2 * columns else 0)
    assert np.all(np.diff(kept_times) > 0)
    if len(seen):
        assert np.nanmin(kept) == seen.min() and np.nanmax(kept) == seen.max()
    # only samples that were there, at their own times
    place = np.searchsorted(times, kept_times)
    known = np.isfinite(kept)
    assert np.array_equal(values[place][known], kept[known])
    edges = columns_of(times, times[0], times[-1], columns)
    for first, last in pairwise(edges):  # and of every column by itself
        part = values[first:last][np.isfinite(values[first:last])]
        inside = kept[(place >= first) & (place < last)]
        if len(part):
            assert np.nanmin(inside) == part.min() and np.nanmax(inside) == part.max()


def test_one_frame_in_an_hour_is_not_lost() -> None:
    values = np.zeros(720_000)
    values[431_234] = 9.0
    values[100] = -4.0
    times, kept = keep_extremes(np.arange(720_000) / 200, values, 1000)
    assert len(kept) <= 2000
    assert times[np.argmax(kept)] == 431_234 / 200 and times[np.argmin(kept)] == 100 / 200


def test_a_gap_stays_a_gap() -> None:
    values = np.ones(1000)
    values[400:600] = np.nan
    times, kept = keep_extremes(np.arange(1000.0), values, 20)
    assert np.isnan(kept).any()
    assert set(times[np.isnan(kept)]) <= set(range(400, 600))


def test_a_short_signal_comes_back_whole() -> None:
    values = np.array([3.0, np.nan, 1.0, np.inf])
    times, kept = keep_extremes(np.arange(4.0), values, 2)
    assert np.array_equal(kept, [3.0, np.nan, 1.0, np.nan], equal_nan=True) and len(times) == 4


def test_lengths_must_agree() -> None:
    with pytest.raises(ShapeError, match=r"times: expected shape \(3\), got \(2,\)"):
        keep_extremes(np.zeros(2), np.zeros(3), 4)


@given(VALUES, st.integers(1, 40))
def test_peaks_are_those_of_a_plain_search(values: np.ndarray, columns: int) -> None:
    times = times_of(values)
    start, stop = float(times[0]), float(times[-1]) + 0.02
    bounds = np.linspace(start, stop, columns + 1)
    for column, peak in enumerate(peak_columns(times, values, start, stop, columns)):
        inside = [
            v
            for t, v in zip(times, values, strict=True)
            if bounds[column] <= t and (t < bounds[column + 1] or column == columns - 1)
        ]
        seen = [v for v in inside if np.isfinite(v)]
        if inside:
            assert peak == max(seen) if seen else np.isnan(peak)
        else:  # between two frames the one before still stands
            before = values[times < bounds[column]][-1]
            assert peak == before if np.isfinite(before) else np.isnan(peak)


@given(arrays(np.float64, (60, 3), elements=st.one_of(st.floats(-5, 5), st.just(np.nan))))
def test_block_medians_are_medians(values: np.ndarray) -> None:
    times = np.arange(60) / 10
    centres, medians = block_medians(times, values, 2.0)
    assert len(centres) == 3
    for block, place in enumerate(np.array_split(np.arange(60), 3)):
        for signal in range(3):
            part = values[place, signal][np.isfinite(values[place, signal])]
            got = medians[block, signal]
            assert got == pytest.approx(np.median(part)) if len(part) else np.isnan(got)


def test_block_medians_of_nothing() -> None:
    centres, medians = block_medians(np.zeros(0), np.zeros((0, 4)), 2.0)
    assert centres.shape == (0,) and medians.shape == (0, 4)
