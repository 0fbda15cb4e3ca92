"""Published systems behind one contract: `list`, `card`, `create`, `load`, `check`.

Each system is one file in a folder by task. Another package adds its own with the entry point group
``fleeting.systems``; its value is a module that calls `register`.
"""

from fleeting.systems.battery import CheckResult, check, check_names
from fleeting.systems.contract import (
    PRESETS,
    TASKS,
    AUDetector,
    Card,
    Published,
    Recognizer,
    Spotter,
    SpottingRecording,
)
from fleeting.systems.feature_recordings import FeatureSettings, feature_recordings
from fleeting.systems.registry import card, create, defaults, forget, load, not_loaded, register
from fleeting.systems.registry import names as list  # as in systems.list()
from fleeting.systems.representations import (
    Representation,
    invented_examples,
    invented_recordings,
    register_representation,
    representation,
)
from fleeting.systems.spurious_link import linked_recordings
from fleeting.systems.through import Through, with_input
from fleeting.systems.varied_recordings import varied_recordings

__all__ = [
    "PRESETS",
    "TASKS",
    "AUDetector",
    "Card",
    "CheckResult",
    "FeatureSettings",
    "Published",
    "Recognizer",
    "Representation",
    "Spotter",
    "SpottingRecording",
    "Through",
    "card",
    "check",
    "check_names",
    "create",
    "defaults",
    "feature_recordings",
    "forget",
    "invented_examples",
    "invented_recordings",
    "linked_recordings",
    "list",
    "load",
    "not_loaded",
    "register",
    "register_representation",
    "representation",
    "varied_recordings",
    "with_input",
]
