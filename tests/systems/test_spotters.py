"""Spotters behind the contract: labels from intervals, sizes of networks, what is measured in the fold."""

import numpy as np
import pytest
import torch

from fleeting import spotting, systems
from fleeting.core import Interval, UsageError
from fleeting.systems.spotting._regression import half_mean_length, touching
from fleeting.systems.spotting.mean import MeanNet
from fleeting.systems.spotting.softnet import SoftNet


def _recording(*ends: tuple[int, int], frames: int = 60):
    found = tuple(Interval.from_frames(a, b, fps=30) for a, b in ends)
    maps = np.zeros((frames, 42, 42, 3), np.float32)
    for a, b in ends:
        maps[a : b + 1] = 1
    return systems.SpottingRecording("d/s/v", "d/s", "d", np.arange(frames) / 30, {"flowmap42": maps}, found)


def test_labels_are_one_where_the_window_touches():
    labels = touching(_recording((10, 12), (1, 2), frames=20), 4)
    assert np.flatnonzero(labels).tolist() == [0, 1, 2, 7, 8, 9, 10, 11, 12]


def test_half_the_mean_length():
    assert half_mean_length([_recording((10, 19)), _recording((5, 8), (20, 29))]) == 4  # of 10, 4 and 10: 8
    with pytest.raises(UsageError, match="no recording"):
        half_mean_length([_recording()])


def test_withheld_intervals_cannot_be_learnt_from():
    with pytest.raises(UsageError, match="withheld"):
        systems.create("softnet").fit([_recording((10, 19)), _recording((10, 19)).sealed()])


def test_sizes():
    # streams 78 + 130 + 208, dense 784 * 400 + 400, and 401
    assert _count(SoftNet(400)) == 314817
    # streams 78 + 78 + 208, their norms 28, joint 5*5*14*8 + 8, dense 392 * 32 + 32, and 33
    assert _count(MeanNet()) == 364 + 28 + 2808 + 12576 + 33
    assert SoftNet(8, strain=False)(torch.zeros(2, 42, 42, 3)).shape == (2,)


@pytest.mark.parametrize("name", ["softnet", "mean"])
def test_the_curve_is_higher_in_a_movement_never_seen(name):
    made = systems.create(name, training={"epochs": 40}).fit([_recording((10, 19), (40, 49))])
    values = made.curve(_recording((22, 31)).sealed()).values
    assert values[22:32].min() > values[:15].max() + 0.3


def test_the_training_free_curve_is_that_of_the_spotter():
    one = systems.invented_recordings(systems.card("training-free").inputs, 1)[0]
    expected = spotting.spot(*(one.inputs[k] for k in ("regions", "head", "openings")), one.times).curve
    assert np.array_equal(systems.create("training-free").curve(one).values, expected.values, equal_nan=True)


def test_the_window_of_mdmd_is_in_seconds():
    one = systems.invented_recordings(["crop64"], 1, fps=30.0)[0]
    assert systems.create("mdmd").half(one) == 12
    assert systems.create("mdmd", macro=True).half(one) == 39
    fast = systems.invented_recordings(["crop64"], 1, fps=200.0)[0]
    assert [systems.create("mdmd", macro=m).half(fast) for m in (False, True)] == [80, 260]


def _count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
