"""Mirroring of rows whose inputs are of several kinds: all inputs of a row turn together, or none."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from fleeting.training import mirror_flow_maps

MAPS, FRAMES = "maps", "frames"


def mirrored(values: Tensor, kind: str) -> Tensor:
    """Mirror rows left to right.

    Parameters
    ----------
    values
        ``maps``: ``(N, ..., H, W, C)`` with u in channel 0, uint8 or signed floats. ``frames``:
        ``(N, ..., H, W)`` grey.
    kind
        Which.

    Examples
    --------
    >>> mirrored(torch.tensor([[[1, 2, 3]]]), "frames").tolist()
    [[[3, 2, 1]]]
    """
    if kind == FRAMES:
        return values.flip(-1)
    flat = values.reshape(-1, *values.shape[-3:])
    return mirror_flow_maps(flat).view_as(values)


class MirrorTogether:
    """Mirror rows with probability one half; ``kinds`` names the kind of each input in order."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __call__(
        self, inputs: tuple[Tensor, ...], labels: Tensor, rng: np.random.Generator, classes: Sequence[str]
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Mirror some rows; labels are of the whole face and stay."""
        rows = torch.from_numpy(np.flatnonzero(rng.random(len(labels)) < 0.5)).to(labels.device)
        changed = []
        for values, kind in zip(inputs, self.kinds, strict=True):
            copy = values.clone()
            copy[rows] = mirrored(values[rows], kind)
            changed.append(copy)
        return tuple(changed), labels
