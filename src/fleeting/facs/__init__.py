"""FACS knowledge: action units, codes, regions, directions, emotion. Depends on numpy alone."""

from fleeting.facs.codes import CodedUnit, ParsedCodes, format_codes, parse
from fleeting.facs.directions import RegionMotion, au_motion
from fleeting.facs.emotions import (
    UNCLEAR,
    Prototype,
    coarse_emotion,
    emotion_evidence,
    emotion_name,
    emotion_rates,
    objective_class,
    prototypes,
)
from fleeting.facs.grids import au_masks, au_regions, patch_cover
from fleeting.facs.mesh import eye_centers, iod, mirror_index, neutral_mesh, triangles
from fleeting.facs.points68 import region_masks68, region_polygons68, to_points68, vertices68
from fleeting.facs.regions import (
    polygon_mask,
    region_about,
    region_masks,
    region_names,
    region_side,
    regions,
    triangle_sets,
)
from fleeting.facs.relations import (
    co_occurrence,
    conditional,
    count_co_occurrence,
    fed_psyau_edges,
    fed_psyau_prior,
    row_normalised,
    unit_pairs,
)
from fleeting.facs.units import AU, TWELVE_UNITS, action_unit, action_units

__all__ = [
    "AU",
    "TWELVE_UNITS",
    "UNCLEAR",
    "CodedUnit",
    "ParsedCodes",
    "Prototype",
    "RegionMotion",
    "action_unit",
    "action_units",
    "au_masks",
    "au_motion",
    "au_regions",
    "co_occurrence",
    "coarse_emotion",
    "conditional",
    "count_co_occurrence",
    "emotion_evidence",
    "emotion_name",
    "emotion_rates",
    "eye_centers",
    "fed_psyau_edges",
    "fed_psyau_prior",
    "format_codes",
    "iod",
    "mirror_index",
    "neutral_mesh",
    "objective_class",
    "parse",
    "patch_cover",
    "polygon_mask",
    "prototypes",
    "region_about",
    "region_masks",
    "region_masks68",
    "region_names",
    "region_polygons68",
    "region_side",
    "regions",
    "row_normalised",
    "to_points68",
    "triangle_sets",
    "triangles",
    "unit_pairs",
    "vertices68",
]
