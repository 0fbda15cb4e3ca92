"""Parts of networks of optical flow: warping, cost volumes, upsampling, super kernels.

Flow is ``(N, 2, H, W)``, x right and y down, in cells of the grid that it lies on.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def cells(height: int, width: int, like: Tensor) -> Tensor:
    """Give the place of each cell, ``(1, 2, H, W)``: x, y.

    Examples
    --------
    >>> cells(2, 3, torch.zeros(1))[0, :, 1, 2].tolist()
    [2.0, 1.0]
    """
    x = torch.arange(width, dtype=like.dtype, device=like.device)
    y = torch.arange(height, dtype=like.dtype, device=like.device)
    return torch.stack([x[None, :].expand(height, width), y[:, None].expand(height, width)])[None]


def sample(values: Tensor, at: Tensor) -> Tensor:
    """Look up values ``(N, C, H, W)`` at places ``(N, 2, h, w)`` in cells, linear; beyond the edge, the edge.

    Examples
    --------
    >>> values = torch.tensor([[[[0.0, 10.0]]]])
    >>> sample(values, torch.tensor([0.25, 0.0]).view(1, 2, 1, 1)).item()
    2.5
    """
    height, width = values.shape[-2:]
    x = at[:, 0] * (2.0 / max(width - 1, 1)) - 1.0
    y = at[:, 1] * (2.0 / max(height - 1, 1)) - 1.0
    grid = torch.stack([x, y], -1)
    return F.grid_sample(values, grid, mode="bilinear", padding_mode="border", align_corners=True)


def warp(values: Tensor, flow: Tensor) -> Tensor:
    """Fetch the second picture's values back along the flow, ``(N, C, H, W)``.

    Examples
    --------
    >>> row = torch.arange(5.0).view(1, 1, 1, 5).expand(1, 1, 3, 5)
    >>> warp(row, torch.tensor([1.5, 0.0]).view(1, 2, 1, 1).expand(1, 2, 3, 5))[0, 0, 0].tolist()
    [1.5, 2.5, 3.5, 4.0, 4.0]
    """
    return sample(values, cells(values.shape[-2], values.shape[-1], flow) + flow)


def local_costs(first: Tensor, second: Tensor, reach: int) -> Tensor:
    """Compare each cell with those around it in the second map: mean products ``(N, (2 reach + 1)^2, H, W)``.

    Row by row from the upper left; outside the map it is zero (the cost volume of PWC-Net, Sun et al. 2018).

    Examples
    --------
    >>> one = torch.zeros(1, 2, 4, 4)
    >>> one[..., 1, 1] = 1
    >>> local_costs(one, one.roll(1, 3), 1)[0, :, 1, 1].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """
    height, width = first.shape[-2:]
    padded = F.pad(second, (reach,) * 4)
    side = range(2 * reach + 1)
    return torch.stack(
        [(first * padded[..., y : y + height, x : x + width]).mean(1) for y in side for x in side], 1
    )


class AllPairs:
    """The cost volume of RAFT (Teed and Deng 2020): every cell against every cell, at falling resolutions.

    Parameters
    ----------
    first, second
        Features ``(N, C, H, W)``.
    levels
        How often the second map's grid is halved, the full one included.
    radius
        Cells looked at around a place, each way.

    Examples
    --------
    >>> one = torch.rand(1, 8, 16, 16)
    >>> AllPairs(one, one, levels=4, radius=4).look(cells(16, 16, one)).shape
    torch.Size([1, 324, 16, 16])
    """

    def __init__(self, first: Tensor, second: Tensor, *, levels: int, radius: int) -> None:
        count, width, high, wide = first.shape
        products = first.flatten(2).transpose(1, 2) @ second.flatten(2)
        volume = (products / width**0.5).reshape(count * high * wide, 1, high, wide)
        self.pyramid = [volume]
        for _ in range(levels - 1):
            volume = F.avg_pool2d(volume, 2)
            self.pyramid.append(volume)
        self.radius, self.shape = radius, (count, high, wide)

    def look(self, at: Tensor) -> Tensor:
        """Look around places ``(N, 2, H, W)``: ``(N, levels (2 radius + 1)^2, H, W)``."""
        count, high, wide = self.shape
        side = 2 * self.radius + 1
        around = cells(side, side, at) - self.radius
        centres = at.permute(0, 2, 3, 1).reshape(-1, 2, 1, 1)
        found = [
            sample(volume, centres / 2**level + around).reshape(count, high, wide, side * side)
            for level, volume in enumerate(self.pyramid)
        ]
        return torch.cat(found, -1).permute(0, 3, 1, 2)


def convex_upsample(flow: Tensor, weights: Tensor, factor: int) -> Tensor:
    """Bring flow to a finer grid: each fine cell is a mean of the 3 x 3 coarse ones around it (RAFT).

    Parameters
    ----------
    flow
        ``(N, 2, H, W)``, in cells of any grid: values are not scaled.
    weights
        ``(N, 9 factor^2, H, W)`` before the softmax.
    factor
        How much finer.

    Examples
    --------
    >>> convex_upsample(torch.ones(1, 2, 4, 4), torch.zeros(1, 36, 4, 4), 2)[0, 0, 3].tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    count, _, high, wide = flow.shape
    shares = weights.view(count, 1, 9, factor, factor, high, wide).softmax(2)
    padded = F.pad(flow, (1, 1, 1, 1), mode="replicate")
    near = torch.stack([padded[..., y : y + high, x : x + wide] for y in range(3) for x in range(3)], 2)
    fine = (shares * near.view(count, 2, 9, 1, 1, high, wide)).sum(2)  # (N, 2, factor, factor, H, W)
    return fine.permute(0, 1, 4, 2, 5, 3).reshape(count, 2, high * factor, wide * factor)


class SuperKernel(nn.Module):
    """Large depth-wise kernels between point-wise layers, the block of SKFlow (Sun et al., NeurIPS 2022).

    Residual feed-forward of 1.5 times the width; a residual depth-wise convolution for each kernel; a
    residual point-wise layer; a feed-forward to the width wanted.

    Parameters
    ----------
    inside, outside
        Channels.
    kernels
        Sides of the depth-wise kernels, one after the other.
    activation
        GELU by default, as published.

    Examples
    --------
    >>> SuperKernel(8, 4, kernels=(1, 15))(torch.rand(1, 8, 16, 16)).shape
    torch.Size([1, 4, 16, 16])
    """

    def __init__(
        self,
        inside: int,
        outside: int,
        *,
        kernels: tuple[int, ...] = (1, 15),
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation or nn.GELU()
        self.before = _feed_forward(inside, inside, self.activation)
        self.kernels = nn.ModuleList(
            nn.Conv2d(inside, inside, size, padding=size // 2, groups=inside) for size in kernels
        )
        self.point = nn.Conv2d(inside, inside, 1)
        self.after = _feed_forward(inside, outside, self.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, outside, H, W)``."""
        x = self.activation(x + self.before(x))
        for kernel in self.kernels:
            x = self.activation(x + kernel(x))
        x = self.activation(x + self.point(x))
        return self.after(x)


def _feed_forward(inside: int, outside: int, activation: nn.Module) -> nn.Sequential:
    wide = inside * 3 // 2
    return nn.Sequential(nn.Conv2d(inside, wide, 1), activation, nn.Conv2d(wide, outside, 1))
