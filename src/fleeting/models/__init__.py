"""Trained models for use: the files that ship, and those that `fleeting train` exports. No torch."""

from fleeting.models.onnx import Recognizer, load_recognizer, shipped

__all__ = ["Recognizer", "load_recognizer", "shipped"]
