"""Layers that several systems share. Needs the extra ``[train]``."""

from fleeting.nn.attention import CBAM, CoordinateAttention, SqueezeExcite
from fleeting.nn.blocks import EdgeConvolution, Inception, Residual, convolution
from fleeting.nn.flow import (
    AllPairs,
    SuperKernel,
    cells,
    convex_upsample,
    local_costs,
    sample,
    warp,
)
from fleeting.nn.graph import GraphLayer
from fleeting.nn.i3d import I3D, triplet_loss
from fleeting.nn.mamba import DropPath, LayerState, Mamba, MambaBlock, MambaStack
from fleeting.nn.maps import magnitude, signed_maps, stretched
from fleeting.nn.norm import BatchNorm, counted_rows
from fleeting.nn.scan import selective_scan, step_by_step
from fleeting.nn.tokens import SelfAttention, TransformerBlock, merge_tokens

__all__ = [
    "CBAM",
    "I3D",
    "AllPairs",
    "BatchNorm",
    "CoordinateAttention",
    "DropPath",
    "EdgeConvolution",
    "GraphLayer",
    "Inception",
    "LayerState",
    "Mamba",
    "MambaBlock",
    "MambaStack",
    "Residual",
    "SelfAttention",
    "SqueezeExcite",
    "SuperKernel",
    "TransformerBlock",
    "cells",
    "convex_upsample",
    "convolution",
    "counted_rows",
    "local_costs",
    "magnitude",
    "merge_tokens",
    "sample",
    "selective_scan",
    "signed_maps",
    "step_by_step",
    "stretched",
    "triplet_loss",
    "warp",
]
