"""Flow maps on their way into a network, against numpy."""

import numpy as np
import pytest
import torch

from fleeting.core import ShapeError
from fleeting.nn import magnitude, signed_maps, stretched


def test_the_median_of_stretched_maps_becomes_zero() -> None:
    maps = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3), np.uint8)  # 81 pixels: one middle value
    made = signed_maps(torch.from_numpy(maps)).numpy()
    flow = maps[..., :2].astype(float)
    expected = (flow - np.median(flow, (1, 2), keepdims=True)) / 127.5
    assert np.allclose(made[:, :2], np.moveaxis(expected, -1, 1), atol=1e-6)
    assert np.allclose(made[:, 2], maps[..., 2] / 255, atol=1e-6)


def test_signed_maps_of_floats_keep_zero_and_direction() -> None:
    flow = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 6, 6, 2)))
    made = signed_maps(flow)
    assert made.dtype == torch.float32 and magnitude(made).amax().item() == pytest.approx(1, abs=1e-4)
    turned = signed_maps(-3 * flow)
    assert torch.allclose(turned, -made, atol=1e-5)


def test_mirrored_maps_are_mirrored_flows() -> None:
    from fleeting.training import mirror_flow_maps

    maps = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (2, 7, 7, 3), np.uint8))
    turned = signed_maps(mirror_flow_maps(maps)).flip(3)
    turned[:, 0] *= -1
    assert torch.allclose(turned, signed_maps(maps), atol=1e-6)


def test_stretched_planes_reach_from_zero_to_one() -> None:
    planes = torch.from_numpy(np.random.default_rng(3).normal(size=(2, 3, 5, 5)))
    made = stretched(planes)
    assert np.allclose(made.amin((2, 3)), 0) and np.allclose(made.amax((2, 3)), 1)
    assert stretched(torch.full((1, 1, 2, 2), 7.0)).abs().max() == 0
    with pytest.raises(ShapeError, match=r"\(N, H, W, 2 or more\)"):
        signed_maps(torch.zeros(3, 3, 2))
