"""Spotters: one file for each system."""
