"""The flow head of MOL: FlowNetC on two frames, with their features put in (Dosovitskiy et al. 2015)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import BatchNorm

START = 0.01
"""Of the usual size are the first weights of the last layer, so that training begins near no flow."""


def correlation(first: Tensor, second: Tensor, reach: int, step: int) -> Tensor:
    """Compare each place with places around it in another map; 0 for what lies outside.

    Parameters
    ----------
    first, second
        ``(N, C, H, W)``.
    reach, step
        Places at ``-reach * step .. reach * step`` down and to the right are looked at.

    Returns
    -------
    Tensor
        ``(N, (2 reach + 1) ** 2, H, W)``: mean over channels of the product.

    Examples
    --------
    >>> line = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 1, 3)
    >>> correlation(line, line, 1, 1)[0, 3:6, 0].tolist()  # left, same, right neighbour
    [[0.0, 2.0, 6.0], [1.0, 4.0, 9.0], [2.0, 6.0, 0.0]]
    """
    channels, height, width = first.shape[1:]
    all_pairs = first.flatten(2).transpose(1, 2) @ second.flatten(2) / channels  # (N, place, other place)
    offsets = step * torch.arange(-reach, reach + 1, device=first.device)
    down, right = torch.meshgrid(offsets, offsets, indexing="ij")
    y, x = torch.meshgrid(
        torch.arange(height, device=first.device), torch.arange(width, device=first.device), indexing="ij"
    )
    rows, columns = y.flatten() + down.flatten()[:, None], x.flatten() + right.flatten()[:, None]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    other = torch.where(inside, rows * width + columns, 0)  # (shifts, places)
    places = torch.arange(height * width, device=first.device)
    found = all_pairs[:, places[None].expand_as(other), other] * inside
    return found.view(-1, len(other), height, width)


def _down(inside: int, outside: int, kernel: int, stride: int) -> nn.Sequential:
    padding = (kernel - 1) // 2
    layer = nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)
    return nn.Sequential(layer, BatchNorm(outside), nn.LeakyReLU(0.1))


def _up(inside: int, outside: int) -> nn.Sequential:
    layer = nn.ConvTranspose2d(inside, outside, 4, 2, 1, bias=False)
    return nn.Sequential(layer, nn.LeakyReLU(0.1))


class FlowNet(nn.Module):
    """Flow of a pair of grey frames, the finest of seven scales.

    Parameters
    ----------
    features
        Channels that are put in at an eighth of the size.
    width
        Maps of the first convolution; 64 in the paper, all others follow.
    reach, step
        See `correlation`; 10 and 2 in the paper.
    """

    def __init__(self, features: int, *, width: int = 64, reach: int = 10, step: int = 2) -> None:
        super().__init__()
        self.reach, self.step = reach, step
        half, one, two, four, eight, most = (width * k // 2 for k in (1, 2, 4, 8, 16, 32))
        self.frames = nn.ModuleList([_down(1, one, 6, 2), _down(one, two, 4, 2), _down(two, four, 2, 2)])
        self.redirect = _down(four, half, 1, 1)
        self.joined = _down(half + (2 * reach + 1) ** 2 + features, four, 3, 1)
        deep = ((four, eight), (eight, eight), (eight, most))
        self.deep = nn.ModuleList(nn.Sequential(_down(a, b, 3, 2), _down(b, b, 3, 1)) for a, b in deep)
        beside = (eight, eight, four, two, one, 1)  # what each step up finds of its size
        ups = (eight, four, two, two, one, half)
        inside = [most, *(up + other + 2 for up, other in zip(ups, beside, strict=True))]
        self.ups = nn.ModuleList(_up(a, b) for a, b in zip(inside, ups, strict=False))
        flows = [nn.Conv2d(one, 2, 3, padding=1, bias=False) for one in inside]
        with torch.no_grad():
            flows[-1].weight.mul_(START)
        self.flows = nn.ModuleList(flows)
        self.finer = nn.ModuleList(nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=False) for _ in ups)

    def forward(self, first: Tensor, second: Tensor, features: Tensor) -> Tensor:
        """Give ``(N, 2, H, W)`` of frames ``(N, 1, H, W)``, size a multiple of 64, and their features."""
        found, other = [first], second
        for layer in self.frames:
            found.append(layer(found[-1]))
            other = layer(other)
        matched = F.leaky_relu(correlation(found[-1], other, self.reach, self.step), 0.1)
        eighth = self.joined(torch.cat([self.redirect(found[-1]), matched, features], 1))
        found[-1] = eighth
        for layer in self.deep:
            found.append(layer(found[-1]))
        x = found.pop()
        flow = self.flows[0](x)
        for up, finer, predict in zip(self.ups, self.finer, self.flows[1:], strict=True):
            x = torch.cat([found.pop(), up(x), finer(flow)], 1)
            flow = predict(x)
        return flow
