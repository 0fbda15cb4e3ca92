"""fleeting: from a video of a face to its micro-expressions."""

__version__ = "0.1.0"
