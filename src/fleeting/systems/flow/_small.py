"""The small network: super kernels over local costs and Lucas-Kanade answers, three looks, warped between.

Flow is in pixels of the picture throughout, on whatever grid it lies. Cells of the grid at 1/2 and 1/4 are
centred where an average over 2 x 2 and 4 x 4 pixels is.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import SuperKernel, convex_upsample, local_costs, warp

_RELIEF_PX = 4.0  # what is smoother than this, light and shade, is taken out
_QUIET = 5.0  # grey levels: contrast below this is not raised to the usual one
_FAR = 4.0  # pixels: longest answer of Lucas-Kanade that is believed
_RIDGE = 0.02
_TEXTURE = 6  # what is told of each window
_COMPARED = 12  # channels of what is compared
_SLOPE = 0.1  # of leaky ReLU; SKFlow has GELU, which takes a sixth of the time on a processor


class SmallFlowNet(nn.Module):
    """Three looks at a pair: at 1/4 of the size, again after warping, and at 1/2 after warping.

    Parameters
    ----------
    widths
        Channels of the features at 1/2 and 1/4, and of the blocks at 1/4 and 1/2.
    depths
        Super-kernel blocks of each look.
    kernel
        Side of the large kernels, cells.
    lucas_kanade
        Whether each look is told what Lucas-Kanade says in two windows.

    Examples
    --------
    >>> net = SmallFlowNet(widths=(8, 8, 8, 8), depths=(1, 1, 1))
    >>> net(torch.rand(2, 32, 40) * 255, torch.rand(2, 32, 40) * 255).shape
    torch.Size([2, 3, 2, 32, 40])
    """

    multiple = 8

    def __init__(
        self,
        *,
        widths: tuple[int, int, int, int] = (16, 32, 48, 32),
        depths: tuple[int, int, int] = (2, 2, 2),
        kernel: int = 7,
        lucas_kanade: bool = True,
    ) -> None:
        super().__init__()
        fine, coarse, wide, narrow = widths
        self.at_half = nn.Sequential(
            nn.Conv2d(2, fine, 4, 2, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(fine, fine, 3, 1, 1),
            nn.LeakyReLU(_SLOPE),
        )
        self.at_quarter = nn.Sequential(
            nn.Conv2d(fine, coarse, 4, 2, 1), nn.LeakyReLU(_SLOPE), nn.Conv2d(coarse, coarse, 3, 1, 1)
        )
        options: dict[str, Any] = {"kernel": kernel, "lucas_kanade": lucas_kanade}
        self.far = Look(coarse, wide, depths[0], factor=4, reach=3, **options)
        self.near = Look(coarse, wide, depths[1], factor=4, reach=1, **options)
        self.last = Look(fine, narrow, depths[2], factor=2, reach=1, shares=36, **options)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Give flow after each look at full size, ``(N, 3, 2, H, W)``; the last is the answer.

        Pictures are ``(N, H, W)`` grey 0..255, sides multiples of 8.
        """
        pictures = torch.stack([first, second], 1).float()
        reliefs = relief(pictures)
        pale = (pictures - pictures.mean((1, 2, 3), keepdim=True)) / 64.0
        half = [self.at_half(torch.stack([pale[:, i], reliefs[:, i]], 1)) for i in (0, 1)]
        quarter = [self.at_quarter(one) for one in half]
        still = torch.zeros_like(quarter[0][:, :2])
        flow, _ = self.far(quarter, reliefs, still)
        answers = [larger(flow, 4)]
        flow, _ = self.near(quarter, reliefs, flow)
        answers.append(larger(flow, 4))
        flow, shares = self.last(half, reliefs, larger(flow, 2))
        answers.append(convex_upsample(flow, shares, 2))
        return torch.stack(answers, 1)


class Look(nn.Module):
    """One look: the second picture fetched back along the flow so far, compared, the flow corrected.

    Parameters
    ----------
    inside
        Channels of the features.
    width, depth
        Of the super-kernel blocks.
    factor
        Pixels to a cell.
    reach
        Cells that are compared each way.
    shares
        Further channels to give, for upsampling.
    kernel, lucas_kanade
        As for `SmallFlowNet`.
    """

    def __init__(
        self,
        inside: int,
        width: int,
        depth: int,
        *,
        factor: int,
        reach: int,
        kernel: int,
        lucas_kanade: bool,
        shares: int = 0,
    ) -> None:
        super().__init__()
        self.factor, self.reach = factor, reach
        self.windows = (1.0, 2.5) if lucas_kanade else ()
        told = (2 * reach + 1) ** 2 + inside + 2 + _TEXTURE * len(self.windows)
        self.compared = nn.Conv2d(inside, _COMPARED, 1)
        self.enter = nn.Conv2d(told, width, 1)
        self.blocks = nn.ModuleList(
            SuperKernel(width, width, kernels=(kernel,), activation=nn.LeakyReLU(_SLOPE))
            for _ in range(depth)
        )
        self.head = nn.Conv2d(width, 2 + len(self.windows) + 1 + shares, 3, padding=1)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    def forward(self, features: list[Tensor], reliefs: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
        """Give the flow ``(N, 2, h, w)`` and the further channels."""
        first, second = (F.normalize(self.compared(one), dim=1) * math.sqrt(_COMPARED) for one in features)
        told = [
            local_costs(first, warp(second, flow / self.factor), self.reach),
            features[0],
            flow / _FAR,
        ]
        answers: list[Tensor] = []
        if self.windows:
            fetched = warp(reliefs[:, 1:], larger(flow, self.factor))
            answers, texture = lucas_kanade(reliefs[:, :1], fetched, self.factor, self.windows)
            told.append(texture)
        x = F.leaky_relu(self.enter(torch.cat(told, 1)), _SLOPE)
        for block in self.blocks:
            x = x + block(x)
        said = self.head(x)
        trust = said[:, 2 : 3 + len(answers)].softmax(1)  # the last share is for none of them
        step = said[:, :2]
        for at, answer in enumerate(answers):
            step = step + trust[:, at : at + 1] * answer
        return flow + step, said[:, 3 + len(answers) :]


def larger(flow: Tensor, factor: int) -> Tensor:
    """Bring flow to a finer grid, linear; values stay."""
    return F.interpolate(flow, scale_factor=factor, mode="bilinear", align_corners=False)


def smooth(values: Tensor, sigma: float) -> Tensor:
    """Average by a Gaussian within the picture, ``(N, C, H, W)``: a product with a matrix on either side.

    Examples
    --------
    >>> [round(v, 2) for v in smooth(torch.eye(5)[None, None], 0.5)[0, 0, 2].tolist()]
    [0.01, 0.17, 0.64, 0.17, 0.01]
    """
    rows, columns = (_bells(size, sigma, values) for size in values.shape[-2:])
    return rows @ values @ columns.T


def _bells(size: int, sigma: float, like: Tensor) -> Tensor:
    """Weights ``(size, size)`` of all cells for each cell; rows sum to 1."""
    at = torch.arange(size, dtype=like.dtype, device=like.device) / sigma
    bell = torch.exp(-0.5 * (at[:, None] - at).square())
    return bell / bell.sum(1, keepdim=True)


def relief(pictures: Tensor) -> Tensor:
    """Take light and shade out, and bring both pictures of a pair to the usual contrast: ``(N, 2, H, W)``.

    Examples
    --------
    >>> relief(torch.full((1, 2, 32, 32), 99.0)).abs().max().item() < 1e-4
    True
    """
    sharp = pictures - smooth(pictures, _RELIEF_PX)
    contrast = smooth(sharp.square().mean(1, keepdim=True), 2 * _RELIEF_PX)
    return smooth(sharp / (contrast + _QUIET**2).sqrt(), 0.6)


def lucas_kanade(
    first: Tensor, second: Tensor, factor: int, windows: tuple[float, ...]
) -> tuple[list[Tensor], Tensor]:
    """Answers of Lucas and Kanade (1981), their sums averaged over cells and Gaussian windows.

    Parameters
    ----------
    first, second
        ``(N, 1, H, W)``.
    factor
        Pixels to a cell.
    windows
        Deviations of the windows, cells.

    Returns
    -------
    tuple
        An answer ``(N, 2, h, w)`` in pixels for each window, held within 4; and what is told of all of
        them, ``(N, 6 windows, h, w)``: the answer, texture, its direction, what the answer left unexplained.

    Examples
    --------
    >>> x, y = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="xy")
    >>> wave = lambda d: (torch.sin((x - d) / 3) + torch.cos(y / 3))[None, None]
    >>> answers, told = lucas_kanade(wave(0), wave(0.3), 4, (2.0,))
    >>> [round(one, 1) for one in answers[0][0, :, 4, 4].tolist()], told.shape
    ([0.3, 0.0], torch.Size([1, 6, 8, 8]))
    """
    middle = F.pad((first + second) / 2, (1, 1, 1, 1), mode="replicate")
    gx = (middle[..., 1:-1, 2:] - middle[..., 1:-1, :-2]) / 2
    gy = (middle[..., 2:, 1:-1] - middle[..., :-2, 1:-1]) / 2
    change = second - first
    sums = torch.cat([gx * gx, gx * gy, gy * gy, gx * change, gy * change, change * change], 1)
    sums = F.avg_pool2d(sums, factor)
    answers, told = [], []
    for window in windows:
        xx, xy, yy, xt, yt, tt = smooth(sums, window).unbind(1)
        ridge = _RIDGE * (xx + yy).mean((1, 2), keepdim=True) + 1e-5
        a, c = xx + ridge, yy + ridge
        scale = -1.0 / (a * c - xy * xy)
        answer = torch.stack([scale * (c * xt - xy * yt), scale * (a * yt - xy * xt)], 1)
        answer = _FAR * torch.tanh(answer / _FAR)
        left = tt + answer[:, 0] * xt + answer[:, 1] * yt
        trace = a + c
        facts = [trace.log() / 4, (a - c) / trace, 2 * xy / trace, (left.clamp_min(0) / trace + 1e-3).log()]
        answers.append(answer)
        told.append(torch.cat([answer, torch.stack(facts, 1)], 1))
    return answers, torch.cat(told, 1)
