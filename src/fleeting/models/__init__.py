"""Trained models for use: the files that ship, and those that `fleeting train` exports. No torch."""

from fleeting.models.onnx import AuDetector, Model, Recognizer, load_au_detector, load_recognizer, shipped

__all__ = ["AuDetector", "Model", "Recognizer", "load_au_detector", "load_recognizer", "shipped"]
