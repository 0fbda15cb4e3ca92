"""Region signals -> curves -> intervals."""

from fleeting.spotting.candidates import Candidate
from fleeting.spotting.decoders import DECODERS, Box, Decoder, decode
from fleeting.spotting.explain import explained
from fleeting.spotting.hypotheses import Hypotheses, hypotheses
from fleeting.spotting.judging import FACTS, Judge
from fleeting.spotting.mdmd import (
    block_difference,
    mdmd_decode,
    mdmd_differences,
    relative_differences,
)
from fleeting.spotting.pulses import side_channels
from fleeting.spotting.spotter import (
    Spotted,
    SpotterSettings,
    SpottingResult,
    as_score,
    possible_facts,
    spot,
)
from fleeting.spotting.trees import DEPTH as TREE_DEPTH
from fleeting.spotting.trees import Trees

__all__ = [
    "DECODERS",
    "FACTS",
    "TREE_DEPTH",
    "Box",
    "Candidate",
    "Decoder",
    "Hypotheses",
    "Judge",
    "Spotted",
    "SpotterSettings",
    "SpottingResult",
    "Trees",
    "as_score",
    "block_difference",
    "decode",
    "explained",
    "hypotheses",
    "mdmd_decode",
    "mdmd_differences",
    "possible_facts",
    "relative_differences",
    "side_channels",
    "spot",
]
