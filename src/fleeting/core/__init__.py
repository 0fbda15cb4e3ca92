"""Frozen data types, time, intervals, errors, registry and shape checks. Depends on numpy alone."""

from fleeting.core.checks import check_finite, check_image, check_shape
from fleeting.core.errors import FleetingError, InputError, ShapeError, UnknownNameError, UsageError
from fleeting.core.geometry import CROP, CropGeometry, compose, invert, similarity, transform_points
from fleeting.core.intervals import Interval, iou
from fleeting.core.registry import Registry
from fleeting.core.types import (
    LANDMARKS,
    ActionUnit,
    Curve,
    Emotion,
    Expression,
    Face,
    FaceTrack,
    Frame,
    ModelUse,
    Provenance,
    QualityWarning,
    Report,
    VideoInfo,
)

__all__ = [
    "CROP",
    "LANDMARKS",
    "ActionUnit",
    "CropGeometry",
    "Curve",
    "Emotion",
    "Expression",
    "Face",
    "FaceTrack",
    "FleetingError",
    "Frame",
    "InputError",
    "Interval",
    "ModelUse",
    "Provenance",
    "QualityWarning",
    "Registry",
    "Report",
    "ShapeError",
    "UnknownNameError",
    "UsageError",
    "VideoInfo",
    "check_finite",
    "check_image",
    "check_shape",
    "compose",
    "invert",
    "iou",
    "similarity",
    "transform_points",
]
