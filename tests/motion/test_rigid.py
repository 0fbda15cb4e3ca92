"""Head motion over the regions of a real face geometry: planted, fitted, taken away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleeting import facs
from fleeting.core import CROP, ShapeError
from fleeting.motion import fit_head_motion, motion_regions, relief, remove_head_motion

IOD = CROP.iod
NAMES = motion_regions()
MESH = facs.neutral_mesh()
PLACES = np.stack([MESH[list(facs.regions()[name])].mean(0) for name in NAMES])  # in eye distances
BASIS = relief(PLACES[:, :2] * IOD, PLACES[:, 2] * IOD, IOD)
TRUST = np.ones(len(NAMES))

shifts, turns = st.floats(-6, 6), st.floats(-2, 2)
heads = st.tuples(shifts, shifts, turns, turns, st.floats(-1, 1), st.floats(-1, 1)).map(np.array)


def moved_by(head: np.ndarray) -> np.ndarray:
    """Motion of every region, written out again from the words of the module: ``(R, 2)``."""
    x, y, z = PLACES.T
    tx, ty, scale, roll, yaw, pitch = head
    return np.stack([tx + scale * x - roll * y + yaw * z, ty + scale * y + roll * x + pitch * z], 1)


@given(heads)
def test_the_matrices_are_the_formula(head):
    assert np.einsum("rai,i->ra", BASIS, head) == pytest.approx(moved_by(head), abs=1e-12)


@settings(deadline=None)
@given(heads)
def test_a_stiff_head_is_fitted_and_nothing_is_left(head):
    moved = moved_by(head)[None]
    fitted = fit_head_motion(moved, BASIS, TRUST)
    assert fitted[0, :4] == pytest.approx(head[:4], abs=0.05 + 0.01 * np.abs(head).max())
    left = remove_head_motion(moved, BASIS, fitted)
    assert np.abs(left).max() < 0.01 + 0.005 * np.abs(moved).max()


@settings(deadline=None, max_examples=60)
@given(heads, st.integers(0, len(NAMES) - 1), st.floats(0.3, 4), st.floats(0, 6.3))
def test_a_region_that_moves_by_itself_does_not_count(head, which, size, angle):
    own = size * np.array([np.cos(angle), np.sin(angle)])
    moved = moved_by(head)[None].copy()
    moved[0, which] += own
    left = remove_head_motion(moved, BASIS, fit_head_motion(moved, BASIS, TRUST))[0]
    assert left[which] == pytest.approx(own, abs=0.01 + 0.02 * size)
    others = np.delete(left, which, axis=0)
    assert np.sqrt((others**2).mean()) < 0.004


@settings(deadline=None, max_examples=40)
@given(heads, st.integers(0, 2**31))
def test_a_smile_on_both_sides_is_kept(head, seed):
    """Eight regions around the mouth at once: a fifth of all."""
    own = np.zeros((len(NAMES), 2))
    for side, sign in (("left", 1), ("right", -1)):
        for name, size in (("mouth_corner", 1.5), ("cheek", 0.7), ("nasolabial", 1.0), ("buccal", 1.0)):
            own[NAMES.index(f"{name}_{side}")] = [0.6 * sign * size, -0.8 * size]
    noise = np.random.default_rng(seed).normal(0, 0.02, own.shape)
    moved = (moved_by(head) + own + noise)[None]
    left = remove_head_motion(moved, BASIS, fit_head_motion(moved, BASIS, TRUST))[0]
    active = np.linalg.norm(own, axis=1) > 0
    assert (left[active] * own[active]).sum() / (own[active] ** 2).sum() == pytest.approx(1, abs=0.025)
    assert np.abs(left[~active]).max() < 0.1


def test_regions_without_trust_do_not_count():
    moved = np.tile([[1.0, -2.0]], (1, len(NAMES), 1))
    half = np.arange(len(NAMES)) % 2 == 0
    moved[0, half] += [3.0, 3.0]
    fitted = fit_head_motion(moved, BASIS, (~half).astype(float))
    assert fitted[0, :2] == pytest.approx([1, -2], abs=0.05)


def test_frames_are_fitted_one_by_one():
    """The same frame gives the same numbers, alone or among five thousand others."""
    rng = np.random.default_rng(0)
    moved = rng.normal(0, 1, (5000, len(NAMES), 2)).astype(np.float32)
    whole = fit_head_motion(moved, BASIS, TRUST)
    assert whole.shape == (5000, 6)
    for i in (0, 2047, 2048, 4999):
        assert fit_head_motion(moved[i : i + 1], BASIS, TRUST)[0] == pytest.approx(whole[i], abs=1e-9)


def test_plain_least_squares_where_nothing_sticks_out():
    """With small residuals the weights are nearly even: NumPy's least squares is the oracle."""
    rng = np.random.default_rng(1)
    head = np.array([1.0, -0.5, 0.6, 0.4, 0.3, -0.2])
    moved = moved_by(head) + rng.normal(0, 0.01, (len(NAMES), 2))
    theirs = np.linalg.lstsq(BASIS.reshape(-1, 6), moved.ravel(), rcond=None)[0]
    ours = fit_head_motion(moved[None], BASIS, TRUST, soft_px=0.2)[0]
    wanted = np.einsum("rai,i->ra", BASIS, theirs)
    assert np.einsum("rai,i->ra", BASIS, ours) == pytest.approx(wanted, abs=0.01)


def test_no_frames_and_wrong_shapes():
    assert fit_head_motion(np.zeros((0, len(NAMES), 2)), BASIS, TRUST).shape == (0, 6)
    with pytest.raises(ShapeError, match="displacements"):
        fit_head_motion(np.zeros((3, 2)), BASIS, TRUST)
    with pytest.raises(ShapeError, match="basis"):
        fit_head_motion(np.zeros((3, 5, 2)), BASIS, TRUST)
    with pytest.raises(ShapeError, match="centres"):
        relief(np.zeros((4, 3)), np.zeros(4), IOD)
