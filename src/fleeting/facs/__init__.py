"""FACS knowledge: action units, codes, regions, directions, emotion. Depends on numpy alone."""

from fleeting.facs.directions import RegionMotion, au_motion
from fleeting.facs.mesh import eye_centers, iod, mirror_index, neutral_mesh, triangles
from fleeting.facs.regions import (
    polygon_mask,
    region_about,
    region_masks,
    region_names,
    region_side,
    regions,
)
from fleeting.facs.units import AU, TWELVE_UNITS, action_unit, action_units

__all__ = [
    "AU",
    "TWELVE_UNITS",
    "RegionMotion",
    "action_unit",
    "action_units",
    "au_motion",
    "eye_centers",
    "iod",
    "mirror_index",
    "neutral_mesh",
    "polygon_mask",
    "region_about",
    "region_masks",
    "region_names",
    "region_side",
    "regions",
    "triangles",
]
