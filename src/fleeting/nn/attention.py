"""Attention on feature maps of pictures and clips: squeeze-and-excitation, CBAM, coordinate attention."""

import torch
from torch import Tensor, nn

from fleeting.core import UsageError
from fleeting.nn.norm import BatchNorm


class SqueezeExcite(nn.Module):
    """Weigh channels by what they hold on average (Hu et al. 2018).

    Parameters
    ----------
    channels
        Of the input ``(N, C, ...)``, any number of axes in space and time.
    reduction
        How much narrower the hidden layer is.

    Examples
    --------
    >>> SqueezeExcite(32)(torch.rand(2, 32, 7, 7)).shape
    torch.Size([2, 32, 7, 7])
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.weigh = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Give ``x`` with each channel times its weight in 0..1."""
        weights = torch.sigmoid(self.weigh(x.flatten(2).mean(2)))
        return x * weights.view(*weights.shape, *([1] * (x.ndim - 2)))


class CBAM(nn.Module):
    """Attention over channels and over places (Woo et al. 2018), one after the other or side by side.

    Channels: ``sigmoid(MLP(mean) + MLP(max))`` over space. Places: ``sigmoid(conv([mean; max]))`` over
    channels.

    Parameters
    ----------
    channels
        Of the input ``(N, C, H, W)``.
    reduction, kernel
        Of the two parts.
    parallel
        Both see the input and their outputs are added; otherwise places see what channels left.

    Examples
    --------
    >>> CBAM(32, parallel=True)(torch.rand(2, 32, 7, 7)).shape
    torch.Size([2, 32, 7, 7])
    """

    def __init__(
        self, channels: int, *, reduction: int = 16, kernel: int = 7, parallel: bool = False
    ) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.parallel = parallel
        self.channel = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.place = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Give the weighted input."""
        weighted = x * self.over_channels(x)
        if self.parallel:
            return weighted + x * self.over_places(x)
        return weighted * self.over_places(weighted)

    def over_channels(self, x: Tensor) -> Tensor:
        """Give the weight of each channel, ``(N, C, 1, 1)``."""
        flat = x.flatten(2)
        weights = torch.sigmoid(self.channel(flat.mean(2)) + self.channel(flat.amax(2)))
        return weights[:, :, None, None]

    def over_places(self, x: Tensor) -> Tensor:
        """Give the weight of each place, ``(N, 1, H, W)``."""
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return torch.sigmoid(self.place(both))


class CoordinateAttention(nn.Module):
    """Weigh each place by what its row, its column (and its frame) hold (Hou et al. 2021).

    The input is averaged down to one line along each axis; the lines go through one shared 1 x 1 layer, then
    each through its own, and the weights of all axes are multiplied in.

    Parameters
    ----------
    channels
        Of the input ``(N, C, H, W)`` or ``(N, C, T, H, W)``.
    axes
        2 or 3.
    reduction
        How much narrower the shared layer is; it has 8 channels at least.

    Raises
    ------
    UsageError
        For other numbers of axes.

    Examples
    --------
    >>> CoordinateAttention(32, axes=3)(torch.rand(2, 32, 4, 7, 7)).shape
    torch.Size([2, 32, 4, 7, 7])
    """

    def __init__(self, channels: int, *, axes: int = 2, reduction: int = 32) -> None:
        super().__init__()
        if axes not in (2, 3):
            raise UsageError(f"axes: expected 2 or 3, got {axes}")
        hidden = max(channels // reduction, 8)
        self.axes = axes
        self.shared = nn.Sequential(nn.Conv1d(channels, hidden, 1), BatchNorm(hidden), nn.Hardswish())
        self.own = nn.ModuleList([nn.Conv1d(hidden, channels, 1) for _ in range(axes)])

    def forward(self, x: Tensor) -> Tensor:
        """Give the weighted input."""
        space = range(2, 2 + self.axes)
        lines = [x.mean([other for other in space if other != axis]) for axis in space]  # (N, C, L)
        seen = self.shared(torch.cat(lines, 2)).split([line.shape[2] for line in lines], dim=2)
        for axis, layer, line in zip(space, self.own, seen, strict=True):
            weights = torch.sigmoid(layer(line))
            x = x * weights.view(*weights.shape[:2], *[-1 if at == axis else 1 for at in space])
        return x
