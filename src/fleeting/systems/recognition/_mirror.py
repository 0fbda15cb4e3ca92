"""Mirroring of rows whose inputs are of several kinds, and moving of clips with their flow and landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from fleeting.facs import mirror_index, vertices68
from fleeting.training import Rows, mirror_flow_maps

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


@cache
def mirror68() -> tuple[int, ...]:
    """Give for each of the 68 points the one on the other side; points of the middle are their own.

    Examples
    --------
    >>> mirror68()[36], mirror68()[45], mirror68()[30]  # outer eye corners, tip of the nose
    (45, 36, 30)
    """
    vertices, mirror = vertices68(), mirror_index()
    return tuple(vertices.index(int(mirror[one])) for one in vertices)


def mirrored_points(points: Tensor, width: int) -> Tensor:
    """Mirror ``(..., 68, 2)`` points, pixels, of pictures that are ``width`` wide."""
    turned = points[..., list(mirror68()), :].clone()
    turned[..., 0] = width - 1 - turned[..., 0]
    return turned


def moved(values: Tensor, shift: Tensor) -> Tensor:
    """Move pictures by whole pixels; what comes in at an edge repeats it.

    Parameters
    ----------
    values
        ``(N, T, H, W)`` or ``(N, T, H, W, C)``.
    shift
        ``(N, 2)`` whole pixels to the right and down.

    Examples
    --------
    >>> moved(torch.tensor([[[[1, 2, 3]]]]), torch.tensor([[1, 0]])).tolist()
    [[[[1, 1, 2]]]]
    """
    rows, steps, height, width = (torch.arange(size, device=values.device) for size in values.shape[:4])
    x = (width - shift[:, :1]).clamp(0, len(width) - 1)  # (N, W): where each place comes from
    y = (height - shift[:, 1:]).clamp(0, len(height) - 1)
    return values[rows[:, None, None, None], steps[:, None, None], y[:, None, :, None], x[:, None, None]]


@dataclass(frozen=True)
class VaryClips:
    """Mirror each clip with probability one half and move it by up to ``reach`` pixels each way.

    Flow and landmarks to learn from, where they are among the targets, go with their clip.

    Parameters
    ----------
    flow, landmarks
        Names of the targets: ``(N, T, H, W, 2)`` and ``(N, T, 68, 2)``, pixels of the frames.
    reach
        Whole pixels; each number from ``-reach`` to ``reach`` is as likely.
    """

    flow: str
    landmarks: str
    reach: int

    def change_rows(self, rows: Rows, rng: np.random.Generator, classes: Sequence[str]) -> Rows:
        """Give changed rows; the one input is grey clips ``(N, T, H, W)``, labels are of the whole face."""
        del classes
        (clips,) = rows.inputs
        targets = dict(rows.targets)
        turn = torch.from_numpy(np.flatnonzero(rng.random(len(rows)) < 0.5)).to(clips.device)
        drawn = rng.integers(-self.reach, self.reach + 1, (len(rows), 2))
        shift = torch.from_numpy(drawn).to(clips.device)
        clips = clips.clone()
        clips[turn] = mirrored(clips[turn], FRAMES)
        if self.flow in targets:
            flow = targets[self.flow].clone()
            flow[turn] = mirrored(flow[turn], MAPS)
            targets[self.flow] = moved(flow, shift)
        if self.landmarks in targets:
            points = targets[self.landmarks].clone()
            points[turn] = mirrored_points(points[turn], clips.shape[-1])
            targets[self.landmarks] = points + shift[:, None, None].to(points.dtype)
        return Rows((moved(clips, shift),), rows.labels, targets)
