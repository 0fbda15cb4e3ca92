"""The shared network of GAMDSS: retention over rows, columns or the whole map, with Manhattan decay.

Layout after the release (Cross-Innovation-Lab/GAMDSS) as our notes on it tell; written anew. Left out:
drop-path.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import BatchNorm, TransformerBlock


def decay(size: int, heads: int, h: float) -> Tensor:
    """Give what is added to attention between two places of a line, ``(heads, size, size)``.

    ``|i - j| ln(1 - 2^(-2 - h k / heads))`` for head ``k``.

    Examples
    --------
    >>> [round(one, 3) + 0 for one in decay(3, 2, 4)[0, 0].tolist()]
    [0.0, -0.288, -0.575]
    """
    rate = torch.log(1 - 2 ** (-2 - h * torch.arange(heads) / heads))
    at = torch.arange(size)
    return (at[:, None] - at[None]).abs() * rate[:, None, None]


class Retention(nn.Module):
    """Attention that fades with the Manhattan distance, over the map or over rows and then columns.

    Parameters
    ----------
    width, heads
        Of the features.
    size
        Pixels each way.
    h
        See `decay`.
    lines
        Rows, then columns, instead of all places at once.
    """

    def __init__(self, width: int, heads: int, size: int, *, h: float, lines: bool) -> None:
        super().__init__()
        self.heads, self.lines = heads, lines
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.local = nn.Conv2d(width, width, 5, padding=2, groups=width)
        line = decay(size, heads, h)
        if not lines:  # distances of rows and of columns add up
            line = (line[:, :, None, :, None] + line[:, None, :, None, :]).reshape(heads, size**2, size**2)
        self.register_buffer("fade", line, persistent=False)
        self.fade: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, H, W, D)``."""
        rows, high, wide, width = x.shape
        split = self.into(x).view(rows, high, wide, 3, self.heads, width // self.heads)
        q, k, v = split.permute(3, 0, 4, 1, 2, 5)  # (N, heads, H, W, d) each
        near = self.local(split[:, :, :, 2].flatten(3).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if self.lines:
            v = self.mix(q, k, v)
            turned = (one.transpose(2, 3) for one in (q, k, v))
            mixed = self.mix(*turned).transpose(2, 3)
        else:
            flat = (one.flatten(2, 3)[:, :, None] for one in (q, k, v))
            mixed = self.mix(*flat)[:, :, 0].unflatten(2, (high, wide))
        return self.out(mixed.permute(0, 2, 3, 1, 4).flatten(3) + near)

    def mix(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend along the last axis of places; ``(N, heads, lines, places, d)``."""
        scores = q @ k.transpose(3, 4) / q.shape[4] ** 0.5 + self.fade[None, :, None]
        return scores.softmax(4) @ v


class Block(nn.Module):
    """Position by a depth-wise convolution, retention, then a dense part with a depth-wise convolution.

    ``width``, ``heads``, ``size`` and ``options`` as in `Retention`.
    """

    def __init__(self, width: int, heads: int, size: int, *, h: float, lines: bool) -> None:
        super().__init__()
        self.place = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.retention = Retention(width, heads, size, h=h, lines=lines)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.mix = nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width)

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, H, W, D)``."""
        x = x + self.place(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        x = x + self.retention(self.first(x))
        inner = F.gelu(self.up(self.second(x)))
        inner = inner + self.mix(inner.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + self.down(inner)


class BDRT(nn.Module):
    """The network that both phases share: a difference of two frames, and the frame for the place.

    Parameters
    ----------
    classes
        Number of outputs.
    size
        Pixels of frames; a multiple of 16.
    widths, depths, heads
        Of the four stages.
    place_depth
        Blocks of the transformer over the frame.
    position
        Whether there is one.
    """

    DECAYS = (4.0, 4.0, 6.0, 6.0)

    def __init__(
        self,
        classes: int,
        *,
        size: int = 224,
        widths: tuple[int, ...] = (64, 128, 256, 512),
        depths: tuple[int, ...] = (1, 1, 2, 1),
        heads: int = 2,
        place_depth: int = 2,
        position: bool = True,
    ) -> None:
        super().__init__()
        self.size, first, last = size, widths[0], widths[-1]
        half = max(first // 2, 8)
        self.stem = nn.Sequential(
            *_conv(1, half, 2, act=True),
            *_conv(half, half, 1, act=True),
            *_conv(half, first, 1, act=True),
            *_conv(first, first, 1, act=False),
        )
        self.stages, self.shrinks = nn.ModuleList(), nn.ModuleList()
        side = size // 2
        for number, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            options: dict[str, Any] = {"h": self.DECAYS[number], "lines": number < 2}
            self.stages.append(nn.Sequential(*[Block(width, heads, side, **options) for _ in range(depth)]))
            if number < 3:
                self.shrinks.append(nn.Sequential(*_conv(width, widths[number + 1], 2, act=False)))
                side = -(-side // 2)
        self.side = side
        self.place: nn.ModuleDict | None = None
        if position:
            blocks = [TransformerBlock(last, 4, ratio=4) for _ in range(place_depth)]
            self.place = nn.ModuleDict({"into": nn.Linear(1, last), "blocks": nn.Sequential(*blocks)})
            self.at = nn.Parameter(0.02 * torch.randn(1, side * side, last))
        self.project, self.norm = nn.Linear(last, 2 * last), BatchNorm(2 * last)
        self.head = nn.Linear(2 * last, classes)

    def forward(self, difference: Tensor, frame: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 1, H, W)`` each."""
        x = self.stem(self.sized(difference)).permute(0, 2, 3, 1)
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number < 3:
                x = self.shrinks[number](x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if self.place is not None:
            seen = F.interpolate(frame, size=(self.side, self.side), mode="area")
            tokens = self.place["into"](seen.flatten(2).transpose(1, 2)) + self.at
            x = x + self.place["blocks"](tokens).view_as(x)
        y = F.silu(self.norm(self.project(x).permute(0, 3, 1, 2)))
        return self.head(y.mean((2, 3)))

    def sized(self, x: Tensor) -> Tensor:
        """Bring pictures to the network's size."""
        if x.shape[-1] == self.size:
            return x
        if x.shape[-1] > self.size:
            return F.interpolate(x, size=(self.size, self.size), mode="area")
        return F.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)


def _conv(inside: int, outside: int, stride: int, *, act: bool) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), BatchNorm(outside)]
    return [*layers, nn.GELU()] if act else layers
