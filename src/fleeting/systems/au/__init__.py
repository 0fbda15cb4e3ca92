"""Detectors of action units: one file for each system."""
