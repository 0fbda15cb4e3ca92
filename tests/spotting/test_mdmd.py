"""Main directional maximal difference, by hand."""

import numpy as np
import pytest

from fleeting import spotting
from fleeting.core import ShapeError, UsageError


def test_block_takes_the_main_direction_and_the_greatest_third():
    now = np.zeros((1, 6, 2))
    now[0, :, 0] = [1, 2, 3, 4, 0, 0]  # four to the right ...
    now[0, 4:, 1] = 50  # ... two down, much farther, but fewer
    end = np.zeros((1, 6, 2))
    end[0, :, 0] = [0, 0, 3, 1, 0, 0]
    # differences to the right: 1, 2, 0, 3; a half of four are two: 3 and 2
    assert spotting.block_difference(now, end, blocks=(1, 1), share=0.5) == 2.5


def test_blocks_are_averaged_over_the_greatest_third():
    now = np.zeros((3, 3, 2))
    now[..., 0] = np.arange(9).reshape(3, 3)
    found = spotting.block_difference(now, 0 * now, blocks=(3, 3))
    assert found == (6 + 7 + 8) / 3


def test_a_movement_that_came_back_differs_and_one_that_stayed_does_not():
    assert _peak([0, 0, 0, 1, 2, 1, 0, 0, 0]) == 4
    staying = spotting.mdmd_differences(_faces([0, 0, 0, 1, 2, 2, 2, 2, 2]), 3, flow=_shift)
    assert np.nanmax(staying) <= 0


def test_frames_without_a_whole_window_are_unknown():
    found = spotting.mdmd_differences(_faces([0, 1, 2, 1, 0]), 2, flow=_shift)
    assert np.isnan(found).tolist() == [True, True, False, True, True]


def test_dense_flow_finds_the_peak_of_a_picture_that_moves():
    y, x = np.mgrid[:64, :64]
    way = 2 * np.hanning(9)
    way = np.concatenate([np.zeros(6), way, np.zeros(6)])
    crops = np.stack([np.uint8(128 + 60 * np.sin((x - d) / 4) + 60 * np.cos(y / 5)) for d in way])
    assert np.nanargmax(spotting.mdmd_differences(crops, 5)) == 10


def test_relative_differences_take_off_neighbours_and_keep_nothing_negative():
    found = spotting.relative_differences(np.array([np.nan, 2, 6, 4, 0, 2, np.nan]), 2)
    assert found.tolist() == [0, 0, 3, 1, 0, 0, 0]


@pytest.mark.parametrize(("lengths", "expected"), [((1, 9), [(3, 5), (20, 20)]), ((2, 9), [(3, 5)])])
def test_runs_are_joined_then_gated_by_length(lengths, expected):
    curve = np.zeros(30)
    curve[[3, 5, 20]] = 1
    assert spotting.mdmd_decode(curve, 2, lengths) == expected


def test_a_flat_curve_holds_nothing():
    assert spotting.mdmd_decode(np.ones(20), 2, (1, 20)) == []


def test_refusals():
    with pytest.raises(UsageError, match="half"):
        spotting.mdmd_differences(np.zeros((5, 24, 24), np.uint8), 0)
    with pytest.raises(ShapeError, match="blocks"):
        spotting.block_difference(np.zeros((3, 3, 2)), np.zeros((3, 3, 2)))
    with pytest.raises(UsageError, match="p:"):
        spotting.mdmd_decode(np.zeros(5), 2, (1, 5), p=1.5)


def _faces(way: list[int]) -> np.ndarray:
    """Pictures whose brightness is how far they have moved."""
    return np.stack([np.full((12, 12), value, np.uint8) for value in way])


def _shift(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    moved = second.astype(float) - first
    return np.stack([moved, 0 * moved], -1)


def _peak(way: list[int]) -> int:
    return int(np.nanargmax(spotting.mdmd_differences(_faces(way), 3, flow=_shift)))
