"""A slow and a fast pathway of state-space blocks, as in ME-TST+ and BoostingVRME."""

import torch
from torch import Tensor, nn

from fleeting.nn import MambaStack
from fleeting.systems.spotting._state_space import EMOTIONS, start_weights

STAGES, BLOCKS = 3, 4
DROPS = (0.0, 0.0, 0.2 / 3, 0.4 / 3)


def stem(channels: int, width: int) -> nn.Sequential:
    """Two convolutions over time that keep its length.

    Examples
    --------
    >>> stem(10, 8)(torch.rand(2, 10, 50)).shape
    torch.Size([2, 8, 50])
    """
    layers: list[nn.Module] = []
    for inside in (channels, width):
        layers += [nn.Conv1d(inside, width, 3, padding=1), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers)


def halved(inside: int, outside: int) -> nn.Sequential:
    """Half the frames.

    Examples
    --------
    >>> halved(8, 16)(torch.rand(2, 8, 50)).shape
    torch.Size([2, 16, 25])
    """
    return nn.Sequential(
        nn.Conv1d(inside, outside, 3, stride=2, padding=1), nn.BatchNorm1d(outside), nn.ReLU()
    )


class SlowFast(nn.Module):
    """Blocks at full rate, and wider ones at half of it that the former feed twice.

    Parameters
    ----------
    width
        Of the fast pathway; the slow one is twice as wide.
    blocks
        In each of three stages.
    state
        Of the state space.
    slow
        Whether there is the slow pathway.
    spare_norm
        As in `fleeting.nn.MambaBlock`.

    Examples
    --------
    >>> SlowFast(8, 1, 4)(torch.rand(2, 8, 50)).shape
    torch.Size([2, 50, 24])
    """

    def __init__(
        self, width: int, blocks: int, state: int, *, slow: bool = True, spare_norm: bool = False
    ) -> None:
        super().__init__()
        drops = DROPS[:blocks]
        self.fast = nn.ModuleList(
            MambaStack(width, drops, state=state, spare_norm=spare_norm) for _ in range(STAGES)
        )
        self.width = 3 * width if slow else width
        self.slow = nn.ModuleList()
        if slow:
            self.slow_stem = halved(width, 2 * width)
            self.slow.extend(
                MambaStack(2 * width, drops, state=state, spare_norm=spare_norm) for _ in range(STAGES)
            )
            self.lateral = nn.ModuleList(halved(width, 2 * width) for _ in range(STAGES - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(B, T, width)`` from ``(B, channels, T)``; ``T`` is even."""
        fast, slow = x.transpose(1, 2), None
        if len(self.slow):
            slow = self.slow_stem(x).transpose(1, 2)
        for stage in range(STAGES):
            if slow is not None:
                slow, _ = self.slow[stage](slow)
            fast, _ = self.fast[stage](fast)
            if slow is not None and stage < STAGES - 1:
                slow = slow + self.lateral[stage](fast.transpose(1, 2)).transpose(1, 2)
        return fast if slow is None else torch.cat([slow.repeat_interleave(2, 1), fast], 2)


class SlowFastNet(nn.Module):
    """Stem, slow and fast pathways, a head for the curve and one for what is shown.

    Parameters
    ----------
    width, blocks, state
        128, 4 (in a stage) and 64 in the papers.
    channels
        Of the input.
    shared
        Whether one pair of pathways serves both heads (BoostingVRME) or each has its own (ME-TST+).
    slow
        Whether there are slow pathways.
    spare_norm
        As in `fleeting.nn.MambaBlock`.

    Examples
    --------
    >>> spot, emotion = SlowFastNet(8, 1, 4, shared=True)(torch.rand(3, 50, 36))
    >>> spot.shape, emotion.shape
    (torch.Size([3, 50]), torch.Size([3, 50, 5]))
    """

    def __init__(
        self,
        width: int,
        blocks: int,
        state: int,
        *,
        channels: int = 36,
        shared: bool,
        slow: bool = True,
        spare_norm: bool = False,
    ) -> None:
        super().__init__()
        self.stem = stem(channels, width)
        self.paths = nn.ModuleList(
            SlowFast(width, blocks, state, slow=slow, spare_norm=spare_norm)
            for _ in range(1 if shared else 2)
        )
        outside = 3 * width if slow else width
        self.spot = nn.Linear(outside, 1)
        self.emotion = nn.Linear(outside, len(EMOTIONS))
        start_weights(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score ``(B, T, channels)``: ``(B, T)`` in 0..1, and logits ``(B, T, 5)``."""
        x = self.stem(x.transpose(1, 2))
        moved = self.paths[0](x)
        shown = moved if len(self.paths) == 1 else self.paths[1](x)
        return torch.sigmoid(self.spot(moved)).squeeze(2), self.emotion(shown)
