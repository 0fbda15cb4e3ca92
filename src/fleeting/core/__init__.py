"""Frozen data types, time, intervals, errors, registry and shape checks. Depends on numpy alone."""

from fleeting.core.checks import check_finite, check_image, check_shape
from fleeting.core.errors import FleetingError, InputError, ShapeError, UnknownNameError, UsageError
from fleeting.core.examples import COARSE, UNLABELLED, Examples
from fleeting.core.geometry import CROP, CropGeometry, compose, invert, similarity, transform_points
from fleeting.core.growing import Growing
from fleeting.core.intervals import MICRO_LIMIT_S, Interval, Kind, iou, kind_of
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
    Side,
    VideoInfo,
)

__all__ = [
    "COARSE",
    "CROP",
    "LANDMARKS",
    "MICRO_LIMIT_S",
    "UNLABELLED",
    "ActionUnit",
    "CropGeometry",
    "Curve",
    "Emotion",
    "Examples",
    "Expression",
    "Face",
    "FaceTrack",
    "FleetingError",
    "Frame",
    "Growing",
    "InputError",
    "Interval",
    "Kind",
    "ModelUse",
    "Provenance",
    "QualityWarning",
    "Registry",
    "Report",
    "ShapeError",
    "Side",
    "UnknownNameError",
    "UsageError",
    "VideoInfo",
    "check_finite",
    "check_image",
    "check_shape",
    "compose",
    "invert",
    "iou",
    "kind_of",
    "similarity",
    "transform_points",
]
