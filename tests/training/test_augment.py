import numpy as np
import pytest
import torch

from fleeting.core import ShapeError
from fleeting.motion import strain
from fleeting.training import mirror_flow_maps, mirror_some, swap_sides


def scaled(values: np.ndarray) -> np.ndarray:
    """Scale to 0..255 as the public maps are."""
    low, high = values.min(), values.max()
    return np.round((values - low) / (high - low) * 255).astype(np.uint8)


def as_maps(flow: np.ndarray) -> np.ndarray:
    return np.stack([scaled(flow[..., 0]), scaled(flow[..., 1]), scaled(strain(flow))], -1)


def mirrored(flow: np.ndarray) -> np.ndarray:
    """What the flow of the mirrored pictures is: x runs the other way, so u changes its sign."""
    return flow[:, ::-1] * np.array([-1, 1], np.float32)


def smooth_flow(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:28, :28] / 28
    waves = [np.sin(2 * np.pi * (rng.normal() * x + rng.normal() * y) + rng.normal()) for _ in range(2)]
    return np.stack(waves, -1).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_mirrored_maps_are_the_maps_of_the_mirrored_flow(seed: int) -> None:
    flow = smooth_flow(seed)
    ours = mirror_flow_maps(torch.from_numpy(as_maps(flow))[None])[0].numpy().astype(int)
    truth = as_maps(mirrored(flow)).astype(int)
    assert np.abs(ours - truth).max() <= 1  # rounding to whole numbers
    assert np.abs(ours - as_maps(flow[:, ::-1]).astype(int))[..., 0].max() > 100  # mirroring x alone is wrong


def test_floats_are_signed_flows() -> None:
    flow = smooth_flow(0)
    ours = mirror_flow_maps(torch.from_numpy(flow)[None])[0].numpy()
    assert np.array_equal(ours, mirrored(flow))


def test_twice_mirrored_is_the_same_and_the_input_is_left_alone() -> None:
    maps = torch.randint(0, 256, (3, 8, 8, 3), dtype=torch.uint8)
    before = maps.clone()
    assert torch.equal(mirror_flow_maps(mirror_flow_maps(maps)), before)
    assert torch.equal(maps, before)


def test_one_picture_alone_is_refused() -> None:
    with pytest.raises(ShapeError, match="N, H, W, C"):
        mirror_flow_maps(torch.zeros(28, 28, 3))


def test_sides_of_units_are_swapped_and_others_stay() -> None:
    names = ["AU1", "AU12_left", "AU12_right", "14R", "14L", "neutral", "R"]
    assert swap_sides(names).tolist() == [0, 2, 1, 4, 3, 5, 6]


def test_a_side_without_its_counterpart_is_refused() -> None:
    with pytest.raises(ShapeError, match="AU12R"):
        swap_sides(["AU12L"])


def test_some_rows_are_mirrored_with_their_labels() -> None:
    maps = torch.zeros(64, 4, 4, 3, dtype=torch.uint8)
    maps[:, :, 0, 1] = 9  # a mark at the left edge
    labels = torch.tensor([[1, 0]]).repeat(64, 1)
    (changed,), turned = mirror_some((maps,), labels, np.random.default_rng(0), ("12L", "12R"))
    at_right = changed[:, 0, 3, 1] == 9
    assert 16 < at_right.sum() < 48
    assert torch.equal(turned[:, 1] == 1, at_right)
    assert torch.equal(changed[~at_right], maps[~at_right])
