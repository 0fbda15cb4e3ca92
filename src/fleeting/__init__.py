"""fleeting: from a video of a face to its micro-expressions."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "analyze": "fleeting.analysis",
    "decode": "fleeting.spotting",
    "load_au_detector": "fleeting.models",
    "load_recognizer": "fleeting.models",
    "load_spotter": "fleeting.models",
    "open_video": "fleeting.io",
    "read_report": "fleeting.io",
    "save_report": "fleeting.report",
    "to_frame": "fleeting.io",
}
_NAMES = {"read_report": "read_result"}
_ROOMS = (
    "core",
    "datasets",
    "evaluation",
    "face",
    "facs",
    "io",
    "models",
    "motion",
    "report",
    "spotting",
    "synth",
    "systems",
)

__all__ = [*_PUBLIC, *_ROOMS]


def __getattr__(name: str) -> Any:
    """Load a room when it is first used, so that ``import fleeting`` stays quick."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), _NAMES.get(name, name))
    if name in _ROOMS:
        return import_module(f"fleeting.{name}")
    raise AttributeError(f"module 'fleeting' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
