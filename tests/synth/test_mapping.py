"""Backwards and forwards through a motion, against SciPy and against closed forms."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.optimize import brentq

from fleeting.core import FleetingError
from fleeting.facs import neutral_mesh
from fleeting.synth._fields import Lattice, least_jacobian, unit_field
from fleeting.synth._mapping import invert, invert_lattice, support, total_motion
from fleeting.synth._shape import FaceShape


def hill(points: np.ndarray) -> np.ndarray:
    """Push right by up to 0.3 around the origin, steepest slope 0.26."""
    return np.stack([0.3 * np.exp(-(points**2).sum(1)), 0 * points[:, 0]], 1)


def test_invert_finds_the_root_that_brent_finds():
    for y in (-1.0, 0.0, 0.4, 2.0):
        wanted = brentq(lambda x, y=y: x + 0.3 * np.exp(-x * x - 0.01) - y, -5, 5, xtol=1e-14)
        found = invert(hill, np.array([[y, 0.1]]))[0]
        assert found == pytest.approx([wanted, 0.1], abs=1e-7)


def test_invert_leaves_still_points_alone():
    points = np.random.default_rng(0).uniform(20, 30, (50, 2))
    assert np.array_equal(invert(hill, points), points)


def test_invert_says_when_a_motion_folds():
    with pytest.raises(FleetingError, match="folds"):
        invert(lambda p: -p, np.array([[0.3, 0.1]]))  # all points fall together


@pytest.mark.parametrize(("au", "strength"), [(12, 0.1), (7, 0.05), (25, 0.12), (45, 0.12)])
def test_lattice_inverse_agrees_with_the_analytic_one(au, strength):
    shape = FaceShape.from_landmarks(neutral_mesh())
    lattice = Lattice.over(shape, 1 / 224)  # what a clip takes at that size
    motion = total_motion([unit_field(shape, lattice, [au])], [strength])
    field = (lattice.sample(motion) / lattice.spacing).astype(np.float32)
    back = invert_lattice(field)
    rng = np.random.default_rng(0)
    moving = np.flatnonzero((np.abs(back) > 0.5).any(-1).ravel())
    pick = rng.choice(moving, 400, replace=False)
    targets = lattice.points[pick]
    found = targets + back.reshape(-1, 2)[pick] * lattice.spacing
    # pushed forwards again, the answer must come out where it should: 0.05 px at an eye distance of 100 px
    assert np.hypot(*(found + motion(found) - targets).T).max() < 0.05 / 100
    assert np.hypot(*(invert(motion, targets) + motion(invert(motion, targets)) - targets).T).max() < 1e-7


def test_lattice_inverse_against_scipy():
    y, x = np.mgrid[0:60, 0:80].astype(float)
    u = 4 * np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 90)
    field = np.stack([u, -0.5 * u], -1)
    field[[0, -1]] = field[:, [0, -1]] = 0
    back = invert_lattice(field.astype(np.float32)).astype(float)
    at = [y + back[..., 1], x + back[..., 0]]
    again = np.stack([map_coordinates(field[..., c], at, order=3) for c in (0, 1)], -1)
    assert np.abs(back + again).max() < 0.02


def test_zero_motion():
    assert total_motion([hill], [0.0]) is None
    assert support(np.zeros((4, 5, 2))) is None
    assert not invert_lattice(np.zeros((6, 7, 2), np.float32)).any()


def test_least_jacobian_by_hand():
    y, x = np.mgrid[0:6, 0:7] * 0.5
    shear = np.stack([0.3 * y, 0 * x], -1)  # a shear keeps areas
    fold = np.stack([-1.5 * x, 0 * y], -1)  # x -> -x / 2
    assert least_jacobian(shear, 0.5) == pytest.approx(1.0)
    assert least_jacobian(fold, 0.5) == pytest.approx(-0.5)
