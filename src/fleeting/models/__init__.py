"""Trained models for use: the files that ship, and those that `fleeting train` exports. No torch."""

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
    "Model",
    "Recognizer",
    "Spotter",
    "load_au_detector",
    "load_recognizer",
    "load_spotter",
    "shipped",
]
