"""Recognisers: one file for each system."""
