import numpy as np
import pytest

from fleeting.core import UnknownNameError
from fleeting.facs import action_unit, au_motion, au_regions, region_names, region_side

UP, DOWN = (0, -1), (0, 1)
PROMISED = [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43, 45]
# What the manual says, by hand, on the subject's left (image right, so x > 0 is sideways).
SAID = [
    (1, "brow_inner_left", UP),
    (2, "brow_outer_left", UP),
    (4, "brow_inner_left", (-0.5, 0.87)),  # down and together
    (4, "glabella", DOWN),
    (5, "lid_upper_left", UP),
    (6, "cheek_left", UP),
    (7, "lid_lower_left", UP),
    (7, "lid_upper_left", DOWN),  # the lids close in on each other
    (9, "nose_side_left", UP),
    (10, "upper_lip_left", UP),
    (12, "mouth_corner_left", (0.7, -0.7)),  # up and sideways
    (14, "buccal_left", (-1, 0)),  # in, towards the dimple
    (15, "mouth_corner_left", DOWN),
    (16, "lower_lip", DOWN),
    (17, "chin", UP),
    (18, "mouth_corner_left", (-1, 0)),
    (20, "mouth_corner_left", (1, 0)),
    (24, "upper_lip_left", DOWN),
    (24, "lower_lip", UP),
    (25, "lower_lip", DOWN),
    (26, "chin", DOWN),
    (26, "jaw_left", DOWN),
    (43, "lid_upper_left", DOWN),
    (45, "lid_upper_left", DOWN),
]


def motion(au, region):
    found = [m for m in au_motion()[au] if m.region == region]
    assert len(found) == 1
    return found[0]


def test_promised_units_are_there_and_known():
    assert set(PROMISED) <= set(au_motion())
    for au in au_motion():
        assert action_unit(au).number == au


@pytest.mark.parametrize(("au", "region", "way"), SAID)
def test_directions_are_those_of_the_manual(au, region, way):
    found = motion(au, region)
    cosine = (found.dx * way[0] + found.dy * way[1]) / np.hypot(*way)
    assert cosine > np.cos(np.deg2rad(20))


def test_vectors_are_units_weights_are_relative_and_regions_exist():
    for au, motions in au_motion().items():
        assert {m.region for m in motions} <= set(region_names()), au
        assert len({m.region for m in motions}) == len(motions)
        assert [np.hypot(m.dx, m.dy) for m in motions] == pytest.approx([1] * len(motions))
        assert max(m.weight for m in motions) == 1
        assert min(m.weight for m in motions) > 0


def test_left_mirrors_right_and_the_middle_stays_in_the_middle():
    for au, motions in au_motion().items():
        for one in motions:
            if region_side(one.region) == "middle":
                assert one.dx == 0
                continue
            swap = {"left": "right", "right": "left"}[region_side(one.region)]
            other = motion(au, one.region.rsplit("_", 1)[0] + "_" + swap)
            assert (other.dx, other.dy, other.weight) == (-one.dx, one.dy, one.weight)


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        (1, 4, "brow_inner_left"),
        (2, 4, "brow_outer_left"),
        (12, 15, "mouth_corner_right"),
        (18, 20, "mouth_corner_left"),
        (5, 43, "lid_upper_left"),
        (17, 26, "chin"),
        (24, 25, "lower_lip"),
        (24, 25, "upper_lip_left"),
        (38, 39, "nose_side_left"),
    ],
)
def test_antagonists_pull_apart(one, other, region):
    a, b = motion(one, region), motion(other, region)
    assert a.dx * b.dx + a.dy * b.dy < 0


def test_the_rigid_references_are_hardly_moved():
    # Head motion is measured there, so what moves them would be taken away from itself.
    for au, motions in au_motion().items():
        for one in motions:
            if one.region in region_names("reference"):
                assert one.weight <= 0.2, (au, one.region)


def test_regions_of_a_unit_by_least_weight():
    assert set(au_regions(4)) == {
        "brow_inner_left", "brow_inner_right", "brow_outer_left", "brow_outer_right", "glabella",
    }  # fmt: skip
    assert set(au_regions(4, least=0.9)) == {"brow_inner_left", "brow_inner_right"}
    with pytest.raises(UnknownNameError, match="action unit 58"):
        au_regions(58)


def test_the_table_handed_out_is_a_copy():
    au_motion().clear()
    assert 4 in au_motion()
