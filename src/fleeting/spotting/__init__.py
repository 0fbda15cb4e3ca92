"""Region signals -> curves -> intervals."""

from fleeting.spotting.candidates import Candidate
from fleeting.spotting.decoders import DECODERS, Box, Decoder, decode
from fleeting.spotting.hypotheses import Hypotheses, hypotheses
from fleeting.spotting.pulses import side_channels
from fleeting.spotting.spotter import Spotted, SpotterSettings, SpottingResult, spot

__all__ = [
    "DECODERS",
    "Box",
    "Candidate",
    "Decoder",
    "Hypotheses",
    "Spotted",
    "SpotterSettings",
    "SpottingResult",
    "decode",
    "hypotheses",
    "side_channels",
    "spot",
]
