"""Region registration, dense flow, head-motion removal, strain."""

from fleeting.motion.flow import dis_flow, strain
from fleeting.motion.rigid import fit_head_motion, relief, remove_head_motion
from fleeting.motion.tracker import RegionSignals, RegionTracker, motion_regions, sample_crop

__all__ = [
    "RegionSignals",
    "RegionTracker",
    "dis_flow",
    "fit_head_motion",
    "motion_regions",
    "relief",
    "remove_head_motion",
    "sample_crop",
    "strain",
]
