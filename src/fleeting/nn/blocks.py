"""Convolution blocks: inception for pictures and clips, residual blocks, edge convolution on graphs."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import UsageError
from fleeting.nn.norm import BatchNorm

_CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
_POOLS = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


def convolution(inside: int, outside: int, kernel: int, *, axes: int = 2, stride: int = 1) -> nn.Sequential:
    """Give a convolution that keeps the size (over ``stride``), batch norm and ReLU.

    Raises
    ------
    UsageError
        For other than 2 or 3 axes.

    Examples
    --------
    >>> convolution(3, 8, 3, axes=3, stride=2)(torch.rand(2, 3, 4, 6, 6)).shape
    torch.Size([2, 8, 2, 3, 3])
    """
    if axes not in _CONVOLUTIONS:
        raise UsageError(f"axes: expected 2 or 3, got {axes}")
    layer = _CONVOLUTIONS[axes](inside, outside, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(layer, BatchNorm(outside), nn.ReLU())


class Inception(nn.Module):
    """Four branches side by side: 1 | 1, 3 | 1, 3, 3 | pool, 1 (Szegedy et al. 2015; in 3-D Carreira 2017).

    Parameters
    ----------
    inside, outside
        Channels; ``outside`` is a multiple of 4 and each branch gives a quarter.
    axes
        2 for ``(N, C, H, W)``, 3 for ``(N, C, T, H, W)``.
    double
        Whether the third branch has two 3-convolutions (v3) or one (v1, I3D).

    Raises
    ------
    UsageError
        Where the channels cannot be shared out.

    Examples
    --------
    >>> Inception(16, 32)(torch.rand(2, 16, 7, 7)).shape
    torch.Size([2, 32, 7, 7])
    """

    def __init__(self, inside: int, outside: int, *, axes: int = 2, double: bool = True) -> None:
        super().__init__()
        if outside % 4:
            raise UsageError(f"outside: expected a multiple of 4, got {outside}")
        part = outside // 4

        def narrow() -> nn.Sequential:
            return convolution(inside, part, 1, axes=axes)

        def wide() -> nn.Sequential:
            return convolution(part, part, 3, axes=axes)

        third = [narrow(), wide(), wide()] if double else [narrow(), wide()]
        pooled = nn.Sequential(_POOLS[axes](3, stride=1, padding=1), narrow())
        self.branches = nn.ModuleList(
            [narrow(), nn.Sequential(narrow(), wide()), nn.Sequential(*third), pooled]
        )

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, outside, ...)`` of the same size."""
        return torch.cat([branch(x) for branch in self.branches], 1)


class Residual(nn.Module):
    """Some 3 x 3 convolutions with batch norm, added to the input (He et al. 2016).

    Parameters
    ----------
    inside, outside
        Channels; where they differ or ``stride`` is not 1 the input goes through a 1 x 1 convolution.
    depth
        Convolutions.
    stride
        Of the first.
    slope
        Of the leaky ReLU for negative values; 0 is ReLU.

    Examples
    --------
    >>> Residual(16, 32, depth=3, stride=2)(torch.rand(2, 16, 8, 8)).shape
    torch.Size([2, 32, 4, 4])
    """

    def __init__(
        self, inside: int, outside: int, *, depth: int = 2, stride: int = 1, slope: float = 0.0
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for at in range(depth):
            step, before = (stride, inside) if at == 0 else (1, outside)
            layers += [nn.Conv2d(before, outside, 3, step, 1, bias=False), BatchNorm(outside)]
            layers += [nn.LeakyReLU(slope)] if at < depth - 1 else []
        self.body = nn.Sequential(*layers)
        same = inside == outside and stride == 1
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), BatchNorm(outside))
        )
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, outside, H / stride, W / stride)``."""
        return F.leaky_relu(self.body(x) + self.shortcut(x), self.slope)


class EdgeConvolution(nn.Module):
    """Each node looks at the nodes most like it: ``max_j ReLU(A f_i + B (f_j - f_i))`` (Wang et al. 2019).

    Parameters
    ----------
    width
        Of a node's features.
    neighbours
        How many, the node itself among them; by the cosine of their features.
    twice
        Take ``f_j - 2 f_i`` for the difference, as the release of MOL does by subtracting twice.

    Examples
    --------
    >>> EdgeConvolution(16)(torch.rand(2, 12, 16)).shape
    torch.Size([2, 12, 16])
    """

    def __init__(self, width: int, *, neighbours: int = 4, twice: bool = False) -> None:
        super().__init__()
        self.neighbours, self.times = neighbours, 2 if twice else 1
        self.own, self.difference = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, nodes: Tensor) -> Tensor:
        """Give ``(N, nodes, width)``."""
        unit = F.normalize(nodes, dim=2)
        near = (unit @ unit.transpose(1, 2)).topk(min(self.neighbours, nodes.shape[1]), dim=2).indices
        count, width = near.shape[2], nodes.shape[2]
        at = near.flatten(1)[:, :, None].expand(-1, -1, width)
        others = nodes.gather(1, at).view(nodes.shape[0], nodes.shape[1], count, width)
        edges = self.own(nodes)[:, :, None] + self.difference(others - self.times * nodes[:, :, None])
        return F.relu(edges).amax(2)
