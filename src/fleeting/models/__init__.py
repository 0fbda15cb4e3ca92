"""Trained models for use: the files that ship, and those that `fleeting train` exports. No torch."""

from fleeting.models.curve_spotter import CurveSpotter, Decoding
from fleeting.models.curves.kinds import road_of
from fleeting.models.curves.road import Road
from fleeting.models.curves.thinning import Thinning
from fleeting.models.curves.windows import WindowRoad, from_first, stitched, windows_of
from fleeting.models.onnx import (
    AuDetector,
    Model,
    Recognizer,
    Spotter,
    load_au_detector,
    load_recognizer,
    load_spotter,
    shipped,
)

__all__ = [
    "AuDetector",
    "CurveSpotter",
    "Decoding",
    "Model",
    "Recognizer",
    "Road",
    "Spotter",
    "Thinning",
    "WindowRoad",
    "from_first",
    "load_au_detector",
    "load_recognizer",
    "load_spotter",
    "road_of",
    "shipped",
    "stitched",
    "windows_of",
]
