"""F5C of MOL: convolution over whole lines, then edges between like channels (arXiv:2506.14511)."""

import torch
from torch import Tensor, nn

from fleeting.nn import BatchNorm, EdgeConvolution


class RingConvolution(nn.Module):
    """Depth-wise convolution along one axis, as long as the axis and closed to a ring; before it, a place.

    ``out[i] = sum_j kernel[j] x[(i + j) mod n]``: each output sees the whole line (Zhang et al. 2022, ParC).

    Parameters
    ----------
    channels
        Of ``(N, C, H, W)``.
    length
        Of the kernel and of the vector of places; both are cut to the axis, which may not be longer.
    axis
        2 for columns, 3 for rows.
    norm
        Whether there is a batch norm between place and convolution.
    """

    def __init__(self, channels: int, length: int, axis: int, *, norm: bool) -> None:
        super().__init__()
        self.axis = axis
        self.place = nn.Parameter(0.02 * torch.randn(channels, length))
        self.kernel = nn.Parameter(torch.empty(channels, length).uniform_(-(length**-0.5), length**-0.5))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.norm = BatchNorm(channels) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Give a tensor of the same shape."""
        size = x.shape[self.axis]
        along = (1, -1, size, 1) if self.axis == 2 else (1, -1, 1, size)
        x = self.norm(x + self.place[:, :size].reshape(along))
        steps = torch.arange(size, device=x.device)
        ring = self.kernel[:, (steps[None] - steps[:, None]) % size]  # (C, n, n): out place, in place
        lines = "cij,ncjw->nciw" if self.axis == 2 else "cij,nchj->nchi"
        return torch.einsum(lines, ring, x) + self.bias[:, None, None]


class FCC(nn.Module):
    """Fully-connected convolution: half of the channels along columns then rows, half the other way round.

    Parameters
    ----------
    channels
        An even number.
    length
        See `RingConvolution`.
    feed_forward
        Whether the two 1 x 1 convolutions at the end are used. They are there in any case: the release
        declares them and never calls them.
    """

    HIDDEN = 2

    def __init__(self, channels: int, length: int, *, feed_forward: bool = True) -> None:
        super().__init__()
        half = channels // 2
        self.paths = nn.ModuleList(
            nn.Sequential(
                RingConvolution(half, length, first, norm=True),
                RingConvolution(half, length, second, norm=False),
            )
            for first, second in ((2, 3), (3, 2))
        )
        self.used = feed_forward
        self.dense = nn.Sequential(
            BatchNorm(channels),
            nn.Conv2d(channels, self.HIDDEN, 1),
            nn.Hardswish(),
            nn.Conv2d(self.HIDDEN, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, C, H, W)``."""
        halves = [part + path(part) for part, path in zip(x.chunk(2, 1), self.paths, strict=True)]
        x = torch.cat(halves, 1)
        return x + self.dense(x) if self.used else x


class F5C(nn.Module):
    """FCC, and added to it what channels say to the channels most like them.

    Parameters
    ----------
    channels, side
        Of the maps: each channel is a node with ``side ** 2`` features.
    length
        See `RingConvolution`.
    neighbours
        Of a channel, itself among them.
    fcc, ccc
        Whether each part is there.
    feed_forward
        See `FCC`.
    twice
        As in the release, see `EdgeConvolution`.
    """

    def __init__(
        self,
        channels: int,
        side: int,
        length: int,
        *,
        neighbours: int = 4,
        fcc: bool = True,
        ccc: bool = True,
        feed_forward: bool = True,
        twice: bool = False,
    ) -> None:
        super().__init__()
        self.lines = FCC(channels, length, feed_forward=feed_forward) if fcc else nn.Identity()
        self.edges = EdgeConvolution(side * side, neighbours=neighbours, twice=twice) if ccc else None

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, C, H, W)``."""
        x = self.lines(x)
        return x if self.edges is None else x + self.edges(x.flatten(2)).view_as(x)
