"""Flow maps on their way into a network: channels first, zero where nothing moves, magnitude."""

import torch
from torch import Tensor

from fleeting.core import ShapeError


def signed_maps(maps: Tensor) -> Tensor:
    """Bring maps of u, v and more to channels first, with 0 where nothing moves.

    Parameters
    ----------
    maps
        ``(N, H, W, C)`` with u, v in channels 0 and 1. uint8 maps are stretched per picture, so that the
        place of zero is lost; most of a face stands still in a micro-expression, so the median of u and of v
        is taken for it (our reading). Further channels (strain, magnitude) go to 0..1. Floats are signed
        already; u and v are divided by the greatest magnitude of each picture.

    Returns
    -------
    Tensor
        ``(N, C, H, W)`` float32; u and v within -2..2.

    Raises
    ------
    ShapeError
        For other shapes.

    Examples
    --------
    >>> maps = torch.full((1, 3, 3, 2), 100, dtype=torch.uint8)
    >>> maps[0, 0, 0, 0] = 227  # 127 / 127.5 above the others
    >>> signed_maps(maps)[0, 0, 0].tolist()
    [0.99..., 0.0, 0.0]
    """
    if maps.ndim != 4 or maps.shape[3] < 2:
        raise ShapeError(f"maps: expected (N, H, W, 2 or more), got {tuple(maps.shape)}")
    planes = maps.permute(0, 3, 1, 2).float()
    flow, rest = planes[:, :2], planes[:, 2:]
    if maps.dtype == torch.uint8:
        flat = flow.flatten(2)
        middle = flat.topk(flat.shape[2] // 2 + 1, dim=2).values[..., -1]  # the median; topk can be exported
        return torch.cat([(flow - middle[:, :, None, None]) / 127.5, rest / 255], 1)
    greatest = magnitude(flow).amax((1, 2, 3), keepdim=True)
    return torch.cat([flow / (greatest + 1e-6), rest], 1)


def magnitude(flow: Tensor) -> Tensor:
    """Give the size of ``(N, 2, H, W)`` vectors, ``(N, 1, H, W)``.

    Examples
    --------
    >>> magnitude(torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)).item()
    5.0
    """
    return (flow.square().sum(1, keepdim=True) + 1e-12).sqrt()


def stretched(planes: Tensor) -> Tensor:
    """Stretch each plane of ``(N, C, H, W)`` to 0..1; a flat one becomes 0.

    Examples
    --------
    >>> stretched(torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 1, 3)).flatten().round(decimals=3).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = planes.amin((2, 3), keepdim=True), planes.amax((2, 3), keepdim=True)
    return (planes - low) / (high - low).clamp_min(1e-6)
