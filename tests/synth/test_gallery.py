"""Gallery of all action units: each moves its regions the way FACS says, and no other by more than a tenth.

What FACS says is ``facs.au_motion`` (FACS manual 2002, appearance changes). How much a region moves is the
mean displacement over its area, as a share of the greatest displacement within the unit's own regions;
neighbours touch, so at their common border both move. Eye and mouth openings are left out:
they are no skin, and what shows in them is carried by the lids and lips around. The analytic fields are
asked, no picture is made.
"""

from functools import cache

import numpy as np
import pytest

from fleeting.facs import au_motion, neutral_mesh, region_masks, region_names, regions
from fleeting.synth._fields import Lattice, UnitField, bases, unit_field
from fleeting.synth._identity_traits import draw_traits, make_points
from fleeting.synth._kernels import known_units
from fleeting.synth._shape import FaceShape

BASES = ("kernel", "tps", "person")
FACES = ("neutral", "drawn")
CALM = 0.10
SCALE, ORIGIN, SIZE = 100, (150, 130), (360, 300)  # pixels of an eye distance on which regions are filled
SKIN = region_names("muscle") + region_names("reference")

# Regions that a unit takes along although FACS does not name them for it, why, and how far at most.
ENDS = "the lips end in the corners: what moves those takes the lips' ends along"
CORNER = "the corner is the end of the lip that moves"
NOSE = "the skin wrinkles across the nose's root, and the tip goes up with the wings"
SPLINE = "a spline has no edge: what lies between moved and held landmarks follows"
TAKEN_ALONG: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {
    ("kernel", ENDS): {
        12: ("lower_lip",),
        15: ("lower_lip", "upper_lip"),
        18: ("lower_lip",),
        20: ("lower_lip",),
    },
    ("kernel", CORNER): {9: ("mouth_corner",), 10: ("mouth_corner",)},
    ("kernel", NOSE): {9: ("nose_bridge", "nose_tip")},
    ("tps", ENDS): {
        **dict.fromkeys((12, 18, 20), ("lower_lip",)),
        **dict.fromkeys((14, 15), ("lower_lip", "upper_lip")),
    },
    ("tps", CORNER): dict.fromkeys((9, 10, 16, 24, 25, 28), ("mouth_corner",)),
    ("tps", NOSE): {9: ("nose_bridge", "nose_tip")},
    ("tps", SPLINE): {
        2: ("eye_outer",),
        4: ("forehead", "temple"),
        6: ("buccal",),
        9: ("buccal",),
        10: ("buccal", "lower_lip"),
        **dict.fromkeys((14, 15, 18, 20, 24, 28), ("nasolabial",)),
        16: ("upper_lip",),
        **dict.fromkeys((23, 25), ("chin",)),
    },
}
AT_MOST = {"kernel": 0.30, "tps": 0.50}
FURTHER = {("tps", 9, "nose_tip"): 0.95}  # held by nothing there; a fault that published figures rest on

# Where a region of the table cannot be asked for its direction as a whole.
NO_ONE_WAY = {
    ("mouth_corner", 14): "skin is drawn to a point within the region, from both sides",
    ("eye_outer", 6): "the spline basis moves the skin below the corner and leaves the corner",
}


def face(name: str) -> FaceShape:
    if name == "neutral":
        return FaceShape.from_landmarks(neutral_mesh())
    rng = np.random.default_rng(2)
    return FaceShape.from_landmarks(make_points(rng, draw_traits(rng)))


@cache
def places(name: str) -> dict[str, np.ndarray]:
    """Face points that fill each region, ``(N, 2)``."""
    masks = region_masks(face(name).points * SCALE + ORIGIN, SIZE)
    return {
        region: (np.argwhere(mask)[:, ::-1] - ORIGIN) / SCALE
        for region, mask in zip(regions(), masks, strict=True)
    }


@cache
def field(au: int, basis: str, name: str) -> UnitField:
    shape = face(name)
    return unit_field(shape, Lattice.over(shape, 1 / 64), [au], basis=basis, seed=3)


@cache
def sizes(au: int, basis: str, name: str) -> dict[str, np.ndarray]:
    """Displacements within each region as a share of the greatest one in the unit's own regions."""
    moved = {region: np.hypot(*field(au, basis, name)(places(name)[region]).T) for region in SKIN}
    peak = max(moved[one.region].max() for one in au_motion()[au])
    return {region: size / peak for region, size in moved.items()}


def plain(region: str) -> str:
    return region.removesuffix("_left").removesuffix("_right")


def reasons(basis: str, au: int) -> set[str]:
    return {region for (of, _), rows in TAKEN_ALONG.items() if of == basis for region in rows.get(au, ())}


def strangers(au: int, basis: str, name: str) -> dict[str, float]:
    """Regions that FACS does not name for a unit, with the mean share that they move."""
    own = {one.region for one in au_motion()[au]}
    return {
        region: float(share.mean()) for region, share in sizes(au, basis, name).items() if region not in own
    }


def test_the_gallery_is_whole():
    assert set(known_units()) <= set(au_motion())
    assert set(BASES) == set(bases.names())
    assert all(len(points) > 20 for name in FACES for points in places(name).values())


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("au", known_units())
def test_own_regions_move_as_facs_says(au, basis, name):
    for one in au_motion()[au]:
        if one.weight < 0.5 or (plain(one.region), au) in NO_ONE_WAY:
            continue
        moved = field(au, basis, name)(places(name)[one.region])
        size2 = (moved**2).sum(1)
        along = (np.sqrt(size2) * (moved @ [one.dx, one.dy])).sum() / size2.sum()
        assert along > 0.8, (one.region, along)  # the strongest motion counts most
        least = (0.5 if one.weight == 1 else 0.15) * (0.4 if basis == "person" else 1)  # sides differ there
        assert sizes(au, basis, name)[one.region].max() > least, one.region


@pytest.mark.parametrize("basis", ["kernel", "tps"])
@pytest.mark.parametrize("au", known_units())
def test_no_other_region_moves_by_more_than_a_tenth(au, basis):
    for region, share in strangers(au, basis, "neutral").items():
        most = CALM
        if plain(region) in reasons(basis, au):
            most = FURTHER.get((basis, au, region), AT_MOST[basis])
        assert share <= most, (region, share)


@pytest.mark.parametrize("basis", ["kernel", "tps"])
def test_on_a_drawn_face_hardly_more(basis):
    for au in known_units():
        for region, share in strangers(au, basis, "drawn").items():
            if plain(region) not in reasons(basis, au):
                assert share <= 1.3 * CALM, (au, region, share)


def test_every_exception_is_needed():
    for (basis, reason), rows in TAKEN_ALONG.items():
        for au, taken in rows.items():
            shares = strangers(au, basis, "neutral")
            for region in taken:
                most = max(share for name, share in shares.items() if plain(name) == region)
                assert most > CALM, (basis, au, region, reason)
    for (basis, au, region), most in FURTHER.items():
        assert AT_MOST[basis] < strangers(au, basis, "neutral")[region] <= most


def test_the_dimpler_draws_the_corner_outwards_and_the_cheek_inwards():
    points = face("neutral").points
    for basis, sideways in (("kernel", 0.2), ("tps", 0.05)):
        moved = field(14, basis, "neutral")(points[[291, 61, 434, 214]])[:, 0]
        assert moved[0] > sideways
        assert moved[1] < -sideways
        assert moved[2] < -0.1
        assert moved[3] > 0.1
