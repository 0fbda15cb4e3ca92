"""Region signals -> curves -> intervals."""

from fleeting.spotting.candidates import Candidate
from fleeting.spotting.decoders import DECODERS, Box, Decoder, decode
from fleeting.spotting.hypotheses import Hypotheses, hypotheses
from fleeting.spotting.mdmd import (
    block_difference,
    mdmd_decode,
    mdmd_differences,
    relative_differences,
)
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
    "block_difference",
    "decode",
    "hypotheses",
    "mdmd_decode",
    "mdmd_differences",
    "relative_differences",
    "side_channels",
    "spot",
]
