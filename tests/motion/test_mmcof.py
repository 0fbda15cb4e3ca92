"""MM-COF worked out by hand."""

import numpy as np
import pytest

from fleeting.core import ShapeError, UsageError
from fleeting.motion import mm_cof, mm_cof_of_maps


def line(*u: float) -> np.ndarray:
    """A picture of one row whose flow is horizontal."""
    return np.stack([np.array([u]), np.zeros((1, len(u)))], -1)


def test_by_hand() -> None:
    # magnitudes 0, 1, 4 -> 0, 1/4, 1 and 0, 2, 2 -> 0, 1, 1: mixed 0, 5/8, 1
    made = mm_cof(line(0, -1, 4), line(0, 2, -2))
    size = np.array([0, 5 / 8, 1])
    u = np.array([0, (-1 - 2) / 2, (4 + 2) / 2]) * np.sqrt(size)
    assert np.allclose(made[0, :, 2], size)
    assert np.allclose(made[0, :, 0], (u - u.min()) / (u.max() - u.min()))
    assert np.array_equal(made[0, :, 1], [0, 0, 0])  # nothing moves up or down


def test_what_moves_there_and_back_adds_up_only_when_turned() -> None:
    there = line(0, 1, 2)
    assert np.allclose(mm_cof(there, -there), mm_cof(there), atol=1e-7)
    assert np.ptp(mm_cof(there, -there, turn_back=False)[..., :2]) == 0


def test_faint_motion_is_cut_and_modulation_can_be_left_out() -> None:
    flow = line(0, 0.01, 1)
    assert mm_cof(flow)[0, 1, 0] == 0 and mm_cof(flow, modulated=False)[0, 1, 0] == pytest.approx(0.01)
    assert mm_cof(flow, least=0, gamma=1)[0, 1, 0] == pytest.approx(0.01 * 0.01)


def test_maps_give_maps() -> None:
    rng = np.random.default_rng(0)
    maps, back = rng.integers(0, 256, (2, 3, 28, 28, 3), np.uint8)
    both, one = mm_cof_of_maps(maps, back), mm_cof_of_maps(maps)
    assert both.shape == maps.shape and both.dtype == np.uint8
    assert both.min() == 0 and both.max() == 255 and not np.array_equal(both, one)
    assert np.array_equal(mm_cof_of_maps(maps[1:2], back[1:2]), both[1:2])


def test_faults_are_told() -> None:
    with pytest.raises(ShapeError, match="both alike"):
        mm_cof(line(0, 1), line(0, 1, 2))
    with pytest.raises(UsageError, match="share"):
        mm_cof(line(0, 1), line(1, 0), share=1.5)
