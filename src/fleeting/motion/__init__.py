"""Optical flow, region registration, head-motion removal, strain."""

from fleeting.motion.tracker import RegionSignals, RegionTracker, motion_regions, sample_crop

__all__ = ["RegionSignals", "RegionTracker", "motion_regions", "sample_crop"]
