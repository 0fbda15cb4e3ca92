"""Region signals -> curves -> intervals."""

from fleeting.spotting.candidates import Candidate
from fleeting.spotting.hypotheses import Hypotheses, hypotheses
from fleeting.spotting.pulses import side_channels
from fleeting.spotting.spotter import Spotted, SpotterSettings, SpottingResult, spot

__all__ = [
    "Candidate",
    "Hypotheses",
    "Spotted",
    "SpotterSettings",
    "SpottingResult",
    "hypotheses",
    "side_channels",
    "spot",
]
