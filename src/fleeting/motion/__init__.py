"""Region registration, dense flow, head-motion removal, strain, hand-made features of motion."""

from fleeting.motion.aligned import (
    AlignedClip,
    InputMaker,
    find_input,
    input_geometry,
    input_maker,
    input_names,
)
from fleeting.motion.backends import FLOWS, USUAL_FLOW, FlowBackend, find_flow
from fleeting.motion.flow import dis_flow, strain
from fleeting.motion.hoof import hoof
from fleeting.motion.inputs import clip_of, field_box, movement
from fleeting.motion.keyframes import reselect
from fleeting.motion.lbp import lbp_codes, lbp_top, uniform_table
from fleeting.motion.learned import FlowNetwork
from fleeting.motion.magnification import local_motion, magnify
from fleeting.motion.mdmo import MDMO_REGIONS, main_direction, mdmo, mdmo_boxes
from fleeting.motion.mmcof import mm_cof, mm_cof_of_maps
from fleeting.motion.representations import (
    clip_to_flow_map,
    find_apex,
    flow_channels,
    flow_map,
    sample_frames,
)
from fleeting.motion.rigid import fit_head_motion, relief, remove_head_motion
from fleeting.motion.roi_flow import (
    EIGHTEEN_REGIONS,
    FIVE_REGIONS,
    TWELVE_POINTS,
    RoiMeter,
    RoiRow,
    farneback_flow,
    main_sector_mean,
    point_vectors,
    roi_boxes,
    roi_flow,
    roi_vectors,
    strongest_mean,
)
from fleeting.motion.tracker import RegionSignals, RegionTracker, motion_regions, sample_crop
from fleeting.motion.views import (
    crop_sequence,
    find_apex_of_views,
    motion_of_views,
    separate_views,
    view_flow_maps,
)

__all__ = [
    "EIGHTEEN_REGIONS",
    "FIVE_REGIONS",
    "FLOWS",
    "MDMO_REGIONS",
    "TWELVE_POINTS",
    "USUAL_FLOW",
    "AlignedClip",
    "FlowBackend",
    "FlowNetwork",
    "InputMaker",
    "RegionSignals",
    "RegionTracker",
    "RoiMeter",
    "RoiRow",
    "clip_of",
    "clip_to_flow_map",
    "crop_sequence",
    "dis_flow",
    "farneback_flow",
    "field_box",
    "find_apex",
    "find_apex_of_views",
    "find_flow",
    "find_input",
    "fit_head_motion",
    "flow_channels",
    "flow_map",
    "hoof",
    "input_geometry",
    "input_maker",
    "input_names",
    "lbp_codes",
    "lbp_top",
    "local_motion",
    "magnify",
    "main_direction",
    "main_sector_mean",
    "mdmo",
    "mdmo_boxes",
    "mm_cof",
    "mm_cof_of_maps",
    "motion_of_views",
    "motion_regions",
    "movement",
    "point_vectors",
    "relief",
    "remove_head_motion",
    "reselect",
    "roi_boxes",
    "roi_flow",
    "roi_vectors",
    "sample_crop",
    "sample_frames",
    "separate_views",
    "strain",
    "strongest_mean",
    "uniform_table",
    "view_flow_maps",
]
