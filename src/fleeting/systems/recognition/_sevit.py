"""SEVit of MEDN: a vision transformer whose tokens over time are sparse (arXiv:2604.17899, our reading)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import SelfAttention, TransformerBlock

GRID = 7


class SparseLayer(nn.Module):
    """Attention over time at the places that changed most, at several rates, then attention over places.

    Parameters
    ----------
    width, heads
        Of both attentions.
    rates
        Shares of places that are left out in each frame.
    """

    def __init__(self, width: int, heads: int, rates: tuple[float, ...]) -> None:
        super().__init__()
        self.rates = rates
        self.norm, self.over_time = nn.LayerNorm(width), SelfAttention(width, heads)
        self.shares = nn.Parameter(torch.zeros(len(rates))) if len(rates) > 1 else None
        self.over_places = TransformerBlock(width, heads)

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, T, P, D)``."""
        rows, steps, places, width = x.shape
        lines = self.norm(x).transpose(1, 2).reshape(-1, steps, width)  # one line of time for each place
        shares = [1.0] if self.shares is None else list(self.shares.softmax(0))
        changed = change_of(x)
        added = torch.zeros_like(x)
        for share, rate in zip(shares, self.rates, strict=True):
            kept = most_changed(changed, rate)  # (N, T, P)
            # a place that was left out in a frame counts for nothing there (and never divides by zero)
            sizes = kept.transpose(1, 2).reshape(-1, steps).clamp_min(1e-6)
            seen = self.over_time(lines, sizes).view(rows, places, steps, width).transpose(1, 2)
            added = added + share * kept[..., None] * seen
        x = x + added
        return self.over_places(x.reshape(-1, places, width)).view(rows, steps, places, width)


def change_of(x: Tensor) -> Tensor:
    """Give how far each token is from that of the frame before, the first from the mean: ``(N, T, P)``.

    Examples
    --------
    >>> change_of(torch.tensor([[[[0.0]], [[3.0]], [[3.0]]]])).flatten().tolist()
    [2.0, 3.0, 0.0]
    """
    before = torch.cat([x.mean(1, keepdim=True), x[:, :-1]], 1)
    return (x - before).norm(dim=3)


def most_changed(changed: Tensor, rate: float) -> Tensor:
    """Mark the places that stay when a share of them is left out, ``(N, T, P)`` of 0 and 1.

    Examples
    --------
    >>> most_changed(torch.tensor([[[1.0, 4.0, 2.0, 3.0]]]), 0.5).tolist()
    [[[0.0, 1.0, 0.0, 1.0]]]
    """
    stay = max(round((1 - rate) * changed.shape[2]), 1)
    at = changed.topk(stay, dim=2).indices
    return torch.zeros_like(changed).scatter(2, at, 1.0)


class SEVit(nn.Module):
    """Sparse emotion vision transformer.

    Parameters
    ----------
    frames, channels
        Of the clip.
    width, heads, depth
        Of the transformer.
    size
        Pixels that frames are brought to, a multiple of 7.
    rates
        See `SparseLayer`.
    """

    def __init__(
        self,
        frames: int,
        channels: int,
        *,
        width: int,
        heads: int,
        depth: int,
        size: int,
        rates: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.size = size
        self.patches = nn.Conv2d(channels, width, size // GRID, stride=size // GRID)
        self.place = nn.Parameter(0.02 * torch.randn(1, 1, GRID * GRID, width))
        self.time = nn.Parameter(0.02 * torch.randn(1, frames, 1, width))
        self.layers = nn.Sequential(*[SparseLayer(width, heads, rates) for _ in range(depth)])
        self.first = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.last, self.norm = TransformerBlock(width, heads), nn.LayerNorm(width)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Give ``(N, D)`` and ``(N, P, D)``, means over time, of ``(N, T, C, H, W)`` frames."""
        rows, steps, channels = frames.shape[:3]
        flat = frames.reshape(-1, channels, *frames.shape[3:])
        if flat.shape[-1] != self.size:
            flat = F.interpolate(flat, size=(self.size, self.size), mode="area")
        x = self.patches(flat).flatten(2).transpose(1, 2)
        x = x.view(rows, steps, GRID * GRID, -1) + self.place + self.time
        x = self.layers(x).mean(1)
        x = self.norm(self.last(torch.cat([self.first.expand(rows, -1, -1), x], 1)))
        return x[:, 0], x[:, 1:]
