"""Trained models for use: the files that ship, and those that `fleeting train` exports. No torch."""

from fleeting.models.curve_spotter import CurveSpotter, Decoding
from fleeting.models.curves.kinds import road_of
from fleeting.models.curves.road import Road
from fleeting.models.curves.thinning import Thinning
from fleeting.models.curves.whole import (
    BoundaryRoad,
    GraphRoad,
    MapRoad,
    TimestampRoad,
    pieces,
    snippets,
)
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
    "BoundaryRoad",
    "CurveSpotter",
    "Decoding",
    "GraphRoad",
    "MapRoad",
    "Model",
    "Recognizer",
    "Road",
    "Spotter",
    "Thinning",
    "TimestampRoad",
    "WindowRoad",
    "from_first",
    "load_au_detector",
    "load_recognizer",
    "load_spotter",
    "pieces",
    "road_of",
    "shipped",
    "snippets",
    "stitched",
    "windows_of",
]
