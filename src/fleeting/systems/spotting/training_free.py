"""The training-free spotter of ``analyze`` behind the contract of systems."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Curve, InputError, Interval, UsageError
from fleeting.motion import motion_regions
from fleeting.spotting import SpotterSettings, SpottingResult, spot
from fleeting.systems.contract import Card, SpottingRecording
from fleeting.systems.registry import register
from fleeting.systems.representations import Representation, register_representation

NAME = "training-free"
REGIONS, HEAD, OPENINGS = "regions", "head", "openings"
CLOSED = "closed"  # goes with them in recordings made of films

register_representation(
    REGIONS,
    Representation((len(motion_regions()), 2), "float32", -0.1, 0.1, "way of each region, eye distances"),
)
register_representation(
    HEAD, Representation((4,), "float32", -0.05, 0.05, "place and turn of the face, see RegionSignals")
)
register_representation(
    OPENINGS, Representation((3,), "float32", 50, 150, "brightness of the openings of eyes and mouth")
)
register_representation(CLOSED, Representation((), "uint8", 0, 1, "1 where both upper lids are low"))


def closed_of(recording: SpottingRecording) -> np.ndarray | None:
    """Give the frames in which the lids were low, where they were measured: ``(T,)`` bool or ``None``."""
    return np.asarray(recording.inputs[CLOSED], bool) if CLOSED in recording.inputs else None


class TrainingFree:
    """Nothing is learnt: `fit` leaves it as it is."""

    def __init__(self, preset: str, seed: int) -> None:
        self.preset, self.seed = preset, seed

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Do nothing, and return itself."""
        return self

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give the evidence in units of noise for each frame; NaN where the face was not seen."""
        return self._spot(recording).curve

    def intervals(self, recording: SpottingRecording) -> list[Interval]:
        """Give what `analyze` would report, of all kinds: found with more than the curve."""
        return [one.interval for one in self._spot(recording).spotted]

    def _spot(self, recording: SpottingRecording) -> SpottingResult:
        given = recording.inputs
        return spot(
            np.asarray(given[REGIONS]),
            np.asarray(given[HEAD]),
            np.asarray(given[OPENINGS]),
            recording.times,
            SpotterSettings(),
            closed=closed_of(recording),
        )

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json``, and weights that hold nothing."""
        from fleeting.training import save_arrays

        told = {"system": NAME, "preset": self.preset, "seed": self.seed, "switches": {}, "classes": []}
        save_arrays(
            folder, {"nothing": np.zeros(1, np.float32)}, told | {"inputs": [REGIONS, HEAD, OPENINGS]}
        )

    def load(self, folder: str | PathLike[str]) -> Self:
        """See that the folder is of this spotter."""
        from fleeting.training import load_arrays

        _, told = load_arrays(folder)
        if told.get("system") != NAME:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {NAME!r}")
        return self


@register(
    Card(
        name=NAME,
        title="Patterns of action units in region signals, without training",
        paper="",
        task="spotting",
        inputs=(REGIONS, HEAD, OPENINGS),
        parts={"all": "our own; the intervals that `analyze` reports are found with more than this curve"},
        kind="baseline",
        learns=False,
    )
)
def build(*, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None) -> TrainingFree:
    """Make it; it has no training to set."""
    if training:
        raise UsageError(f"system {NAME!r} has no training to set")
    return TrainingFree(preset, seed)
