"""Every action unit moves what FACS says, where it says, and nothing else; on both motion bases."""

from functools import cache

import numpy as np
import pytest

from fleeting.core import UnknownNameError
from fleeting.facs import au_motion, mirror_index, neutral_mesh, regions
from fleeting.synth._fields import Lattice, UnitField, least_jacobian, unit_field
from fleeting.synth._kernels import known_units
from fleeting.synth._shape import FaceShape

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43, 45)
BASES = ("kernel", "tps", "person")

# By hand from the FACS manual: vertices of the subject's left half (or the midline), axis (0 away from the
# midline, 1 down), sign of the motion.
SIGNS = {
    1: [([336, 296], 1, -1)],
    2: [([334, 293], 1, -1)],
    4: [([336, 285], 1, 1), ([336, 285], 0, -1), ([9], 1, 1)],
    5: [([386, 385], 1, -1)],
    6: [([330, 347, 280], 1, -1)],
    7: [([374, 380], 1, -1), ([386, 385], 1, 1)],
    9: [([331, 279], 1, -1), ([285], 1, 1)],
    10: [([269, 270], 1, -1)],
    12: [([291], 1, -1), ([291], 0, 1)],
    14: [([434, 432], 0, -1), ([291], 0, 1)],
    15: [([291], 1, 1)],
    16: [([17, 405], 1, 1)],
    17: [([199, 200], 1, -1)],
    18: [([291], 0, -1)],
    20: [([291], 0, 1)],
    23: [([0, 267], 1, 1), ([17, 314], 1, -1), ([291], 0, -1)],
    24: [([0, 267], 1, 1), ([17, 314], 1, -1)],
    25: [([17, 314], 1, 1), ([0, 267], 1, -1)],
    26: [([18, 200], 1, 1), ([17, 314], 1, 1)],
    28: [([0, 267], 1, 1), ([17, 314], 1, -1)],
    43: [([386, 385], 1, 1)],
    45: [([386, 385], 1, 1)],
}
UPPER = (1, 2, 4, 5, 7, 43, 45)


@cache
def shape() -> FaceShape:
    return FaceShape.from_landmarks(neutral_mesh())


@cache
def lattice() -> Lattice:
    return Lattice.over(shape(), 1 / 64)


@cache
def field(au: int, side: str, basis: str) -> UnitField:
    return unit_field(shape(), lattice(), [au], side, basis=basis, seed=3)


def test_all_units_of_the_list_can_be_planted():
    assert set(UNITS) <= set(known_units())
    assert set(SIGNS) == set(UNITS)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", UNITS)
def test_moves_as_facs_says(au, basis):
    for vertices, axis, sign in SIGNS[au]:
        left = field(au, "both", basis)(shape().points[vertices]).mean(0)
        right = field(au, "both", basis)(shape().points[mirror_index()[vertices]]).mean(0)
        out = np.array([1.0, 1.0]) if axis else np.array([1.0, -1.0])
        moved = np.array([left[axis], right[axis]]) * (out if axis == 0 else 1.0)
        assert np.all(sign * moved > 0.08), (vertices, moved)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", UNITS)
def test_agrees_with_the_region_table_of_facs(au, basis):
    strongest = au_motion()[au][0]
    moved = field(au, "both", basis)(shape().points[list(regions()[strongest.region])]).mean(0)
    size = np.hypot(*moved)
    # the lips are drawn together by 23, 24 and 28: their regions' means nearly cancel in the kernel basis
    assert size > (0.02 if au in (23, 24, 28) else 0.15)
    assert moved @ [strongest.dx, strongest.dy] / size > (0.3 if au == 23 else 0.9)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", UNITS)
def test_other_half_of_the_face_stays(au, basis):
    low, high = shape().points[:, 1] > 0.75, shape().points[:, 1] < 0.12
    away = low if au in UPPER else high
    if au in (6, 9):  # these reach round the eyes or to the brows
        away = np.zeros(468, bool)
        away[[10, 151, 17, 152, 109, 338]] = True
    moved = np.hypot(*field(au, "both", basis)(shape().points[away]).T)
    assert moved.max() < (0.02 if basis == "kernel" else 0.1)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("side", ["left", "both"])
@pytest.mark.parametrize("au", UNITS)
def test_peak_is_one_and_sides_are_kept_apart(au, side, basis):
    motion = field(au, side, basis)
    points = lattice().points
    moved = np.hypot(*motion(points).T)
    rng = np.random.default_rng(0)
    near = np.hypot(*motion(motion.peak_at + rng.normal(size=(2000, 2)) * 0.01).T)
    assert 0.99 < near.max() < 1.002
    assert moved.max() < 1.002
    if side != "both":
        assert moved[points[:, 0] < 0].max() < 0.02


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", UNITS)
def test_dies_out_at_the_oval(au, basis):
    angle = np.linspace(-np.pi, np.pi, 181)
    centre, _ = shape()._oval
    ray = np.stack([np.cos(angle), np.sin(angle)], 1)
    edge = centre + ray / shape().oval(centre + ray)[:, None]
    for reach in (1.0 + 1e-9, 1.05, 1.5):
        assert not field(au, "both", basis)(centre + reach * (edge - centre)).any()
    just_inside = field(au, "both", basis)(centre + 0.98 * (edge - centre))
    assert np.hypot(*just_inside.T).max() < 0.06


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", UNITS)
def test_five_percent_never_folds(au, basis):
    for side in ("left", "both"):
        sample = 0.05 * lattice().sample(field(au, side, basis))
        assert least_jacobian(sample, lattice().spacing) > 0.2


@pytest.mark.parametrize("basis", ["kernel", "tps"])  # people are uneven
@pytest.mark.parametrize("au", [4, 6, 9, 14, 23, 26, 43])
def test_mirrored_face_gives_mirrored_motion(au, basis, marks):
    flip = np.array([-1.0, 1.0])
    one = FaceShape.from_landmarks(marks)
    two = FaceShape.from_landmarks((marks * flip)[mirror_index()])
    points = one.points + 0.01
    for side, other in (("left", "right"), ("both", "both")):
        a = unit_field(one, Lattice.over(one, 1 / 48), [au], side, basis=basis, seed=5)
        b = unit_field(two, Lattice.over(two, 1 / 48), [au], other, basis=basis, seed=5)
        np.testing.assert_allclose(b.motion(points * flip), a.motion(points) * flip, atol=1e-6)


@pytest.mark.parametrize("basis", BASES)
def test_smooth_everywhere(basis):
    """Second differences shrink with the square of the step: no jump and no kink of any size."""
    rng = np.random.default_rng(1)
    points = rng.uniform([-1.0, -0.8], [1.0, 1.7], (3000, 2))
    way = rng.normal(size=points.shape)
    way /= np.hypot(*way.T)[:, None]
    for au in (4, 12, 25, 43):
        motion = field(au, "left", basis)
        for h in (1e-3, 1e-4):
            jump = np.hypot(*(motion(points + h * way) - motion(points)).T)
            assert jump.max() < 40 * h, au


def test_bases_differ():
    points = lattice().points
    for au in UNITS:
        a, b = (field(au, "both", basis)(points) for basis in ("kernel", "tps"))
        assert np.hypot(*(a - b).T).max() > 0.15


def test_tps_and_people_are_random_within_bounds_and_kernel_is_not():
    points = shape().points
    for basis, same in (("kernel", True), ("tps", False), ("person", False)):
        a, b = (unit_field(shape(), lattice(), [12], basis=basis, seed=s)(points) for s in (1, 2))
        assert np.array_equal(a, b) == same
        angle = np.arctan2(*a[291]) - np.arctan2(*b[291])
        assert abs(np.degrees(angle)) < 30


def test_several_units_have_one_peak():
    both = unit_field(shape(), lattice(), [12, 1])
    moved = np.hypot(*both(lattice().points).T)
    assert abs(moved.max() - 1) < 0.01
    brow, corner = np.hypot(*both(shape().points[[336, 291]]).T)
    assert brow > 0.5
    assert corner > 0.5


def test_unknown_names_are_told():
    with pytest.raises(UnknownNameError, match="99"):
        unit_field(shape(), lattice(), [99])
    with pytest.raises(UnknownNameError, match="kernel, person, tps"):
        unit_field(shape(), lattice(), [12], basis="spline")
