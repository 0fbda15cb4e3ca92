"""Motion of a few face regions, as the state-space and graph spotters take it."""

FIVE_REGIONS = ("brow_right", "brow_left", "mouth", "wing_right", "wing_left")
"""Regions of ME-TST, in order; left and right are the subject's own."""

EIGHTEEN_REGIONS = (
    "brow_right", "point_20", "point_19", "point_18",
    "brow_left", "point_23", "point_24", "point_25",
    "mouth", "point_48", "point_54", "point_51", "point_57", "point_62",
    "wing_right", "wing_left", "lower_lid_right", "lower_lid_left",
)  # fmt: skip
"""Regions of ME-TST+ and BoostingVRME, in order: whole regions, and points within them."""

TWELVE_POINTS = (18, 19, 20, 23, 24, 25, 28, 30, 48, 51, 54, 57)
"""Points of AUW-GCN and Causal-Ex (68 points, zero-based) around which boxes lie, in order."""
