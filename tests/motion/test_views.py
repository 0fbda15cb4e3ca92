"""Two views: separation, one crop, the apex where both move most, scaled maps."""

import numpy as np
import pytest

from fleeting.core import ShapeError
from fleeting.motion import crop_sequence, find_apex_of_views, motion_of_views, separate_views, view_flow_maps

Y, X = np.mgrid[:48, :48]


def face(shift: float) -> np.ndarray:
    """A patterned square whose middle is pushed to the right."""
    hill = np.exp(-(((X - 24) / 8.0) ** 2))
    return np.uint8(128 + 60 * np.sin((X - shift * hill) / 4) + 60 * np.cos(Y / 5))


def clip(*shifts: float) -> np.ndarray:
    return np.stack([face(one) for one in shifts])


def test_views_are_cut_apart() -> None:
    left, right = np.random.default_rng(0).random((2, 3, 4, 5, 3))
    assert np.array_equal(separate_views(np.concatenate([left, right], 2)), [left, right])
    with pytest.raises(ShapeError, match="2 W"):
        separate_views(np.zeros((2, 3, 5)))


def test_one_box_for_all_frames() -> None:
    frames = np.arange(2 * 10 * 10).reshape(2, 10, 10)
    made = crop_sequence(frames, np.array([[2.5, 1, 6, 7.2], [1, 3, 5, 8]]))
    assert np.array_equal(made, frames[:, 1:8, 1:6])


def test_the_apex_is_where_both_views_together_move_most() -> None:
    one, other = clip(0, 0.5, 1, 3, 1, 0.5, 0.2, 0.1, 0), clip(0, 0.1, 0.2, 0.5, 1, 3.5, 3.5, 1, 0)
    assert find_apex_of_views(np.stack([one, one])) == 3
    assert find_apex_of_views(np.stack([other, other])) in (5, 6)
    moved = [motion_of_views(one[None]), motion_of_views(other[None])]
    assert np.allclose(motion_of_views(np.stack([one, other])), np.mean(moved, 0))


def test_a_head_that_drifts_away_is_not_the_apex() -> None:
    """The head rolls and comes nearer till the end, by more than the face itself ever moves."""

    down, right = np.mgrid[-48:48, -48:48]

    def drifted(shift: float, drift: float) -> np.ndarray:
        x, y = right - 0.003 * drift * (right + down), down - 0.003 * drift * (down - right)
        hill = np.exp(-((x / 12.0) ** 2) - (y / 12.0) ** 2)
        return np.uint8(128 + 60 * np.sin((x - shift * hill) / 5) + 60 * np.cos(y / 6))

    shifts = (0, 1.3, 2.7, 4, 2.7, 1.3, 0, 0, 0)
    frames = np.stack([drifted(shift, drift) for drift, shift in enumerate(shifts)])
    assert find_apex_of_views(frames[None]) == 3


def test_a_head_that_turns_is_not_the_apex() -> None:
    """Near parts pass before far ones, which no affine motion tells, by more than the face ever moves."""
    down, right = np.mgrid[-48:48, -48:48]

    def turned(shift: float, drift: float) -> np.ndarray:
        x = right - drift * np.cos(np.pi * down / 32) * np.cos(np.pi * right / 48)
        hill = np.exp(-((x / 12.0) ** 2) - (down / 12.0) ** 2)
        return np.uint8(128 + 60 * np.sin((x - shift * hill) / 5) + 60 * np.cos(down / 6))

    shifts = (0, 0, 1, 2.2, 1, 0, 0, 0, 0, 0)
    frames = np.stack([turned(shift, 0.4 * number) for number, shift in enumerate(shifts)])
    assert find_apex_of_views(frames[None]) == 3
    assert find_apex_of_views(frames[None], returns=False) > 5
    still = motion_of_views(np.repeat(frames[None, :1], 5, 1))
    assert np.allclose(still, 0)


def test_maps_leave_the_head_out() -> None:
    """A roll of the head, and what has not gone back at the offset where the face is told to have."""
    down, right = np.mgrid[-48:48, -48:48]

    def rolled(shift: float, roll: float) -> np.ndarray:
        x, y = right + roll * down, down - roll * right
        hill = np.exp(-(((x - 16) / 10.0) ** 2) - ((y - 16) / 10.0) ** 2)
        return np.uint8(128 + 60 * np.sin((x - shift * hill) / 5) + 60 * np.cos(y / 6))

    frames = np.stack([rolled(0, 0), rolled(2, 0.02), rolled(0, 0.04)])[None]
    for returns in (False, True):
        there = view_flow_maps(frames, 0, 1, 2, returns=returns)[0, 0, ..., 0]
        assert there[17:21, 17:21].mean() > 0.4  # the movement
        assert np.abs(there[:8]).mean() < 0.1  # the roll
    lingers = np.stack([rolled(0, 0), rolled(2, 0), rolled(2, 0)])[None]
    there, back = view_flow_maps(lingers, 0, 1, 2, returns=True)[0, :, 17:21, 17:21, 0]
    assert there.mean() > 0.3 and back.mean() < -0.3  # half is taken off either phase


def test_maps_have_both_phases_and_their_scale() -> None:
    frames = clip(0, 1, 2, 0)
    made = view_flow_maps(np.stack([frames, frames[:, :, ::-1].copy()]), 0, 2, 3)
    assert made.shape == (2, 2, 28, 28, 3) and made.dtype == np.float32
    assert np.abs(made[..., :2]).max() <= 1 and np.allclose(made[..., 2].max((2, 3)), 1)
    there, back = made[0, :, 12:16, 12:16, 0]
    assert there.mean() > 0.5 and back.mean() < -0.5  # to the right, and back
    assert made[1, 0, 12:16, 12:16, 0].mean() < -0.5  # the mirrored view sees it to the left
