"""Region registration, dense flow, head-motion removal, strain, hand-made features of motion."""

from fleeting.motion.flow import dis_flow, strain
from fleeting.motion.hoof import hoof
from fleeting.motion.lbp import lbp_codes, lbp_top, uniform_table
from fleeting.motion.mdmo import MDMO_REGIONS, main_direction, mdmo, mdmo_boxes
from fleeting.motion.representations import (
    clip_to_flow_map,
    find_apex,
    flow_channels,
    flow_map,
    sample_frames,
)
from fleeting.motion.rigid import fit_head_motion, relief, remove_head_motion
from fleeting.motion.tracker import RegionSignals, RegionTracker, motion_regions, sample_crop

__all__ = [
    "MDMO_REGIONS",
    "RegionSignals",
    "RegionTracker",
    "clip_to_flow_map",
    "dis_flow",
    "find_apex",
    "fit_head_motion",
    "flow_channels",
    "flow_map",
    "hoof",
    "lbp_codes",
    "lbp_top",
    "main_direction",
    "mdmo",
    "mdmo_boxes",
    "motion_regions",
    "relief",
    "remove_head_motion",
    "sample_crop",
    "sample_frames",
    "strain",
    "uniform_table",
]
