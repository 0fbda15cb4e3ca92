"""Rasterise Gaussian splats in plain torch, differentiably: pairs of splat and pixel, sorted front to back.

Splats are small and many, so all pairs of a splat and a pixel that it reaches are listed, ordered by pixel
and, within a pixel, by depth; the transmittance in front of a pair is then a running sum of logarithms.
Pictures with too many pairs are cut into bands of rows.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fleeting.core import UsageError

if TYPE_CHECKING:
    import torch

    from fleeting.synth._splat_view import View

MOST_ALPHA = 0.995  # of one splat at its middle, so that the logarithm of what it lets through stays finite
MOST_PAIRS = 6_000_000  # at a time; about 60 bytes each without gradients
_EDGE_ON = 0.03  # sine of the angle between a triangle and the line of sight below which it has no plane


@dataclass(frozen=True)
class Footprints:
    """Splats as they lie in the picture.

    Parameters
    ----------
    middle
        ``(N, 2)`` pixels.
    depth
        ``(N,)`` IOD from the camera.
    covariance
        ``(N, 3)`` xx, xy, yy in square pixels.
    axes
        ``(N, 2, 2)`` the triangle's edges in the picture, pixels, as columns.
    slope
        ``(N, 2)`` depth along the triangle's edges, IOD.
    flat
        ``(N,)`` bool: the triangle is not seen edge on.
    """

    middle: "torch.Tensor"
    depth: "torch.Tensor"
    covariance: "torch.Tensor"
    axes: "torch.Tensor"
    slope: "torch.Tensor"
    flat: "torch.Tensor"


def project_splats(
    corners: "torch.Tensor",
    place: "torch.Tensor",
    root: "torch.Tensor",
    thickness: "torch.Tensor",
    view: "View",
    low_pass: float,
) -> Footprints:
    """Project splats (the first-order projection of Zwicker et al., EWA Splatting, 2002).

    Parameters
    ----------
    corners
        ``(N, 3, 3)`` the triangle of each splat, vertex by vertex.
    place
        ``(N, 3)`` barycentric coordinates.
    root
        ``(N, 2, 2)`` root of the covariance in the frame of the edges: it follows the triangle.
    thickness
        ``(N,)`` standard deviation along the normal, IOD.
    view
        Camera.
    low_pass
        Square pixels added to both variances, the size of a pixel's own filter.
    """
    import torch

    kind: Any = {"dtype": corners.dtype, "device": corners.device}
    turn = torch.as_tensor(view.rotation, **kind)
    seen = corners @ turn.T + torch.as_tensor(view.shift, **kind)
    middle = (place[:, :, None] * seen).sum(1)
    depth = middle[:, 2]
    if bool((depth <= 0).any()):
        raise UsageError("view: a splat lies behind the camera; move the camera away")
    edges = torch.stack([seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0]], -1)  # (N, 3, 2)
    normal = torch.cross(edges[..., 0], edges[..., 1], dim=-1)
    normal = normal / normal.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    per_depth = view.focal / depth
    flat_xy = middle[:, :2] / depth[:, None]

    def to_picture(vectors: "torch.Tensor") -> "torch.Tensor":  # (N, 3, K) -> (N, 2, K), the Jacobian applied
        return per_depth[:, None, None] * (vectors[:, :2] - flat_xy[:, :, None] * vectors[:, 2:])

    axes = to_picture(edges)
    spread = axes @ root
    thick = to_picture((normal * thickness[:, None])[:, :, None])[..., 0]
    x, y = spread[:, 0], spread[:, 1]
    covariance = torch.stack(
        [
            (x * x).sum(-1) + thick[:, 0] ** 2 + low_pass,
            (x * y).sum(-1) + thick[:, 0] * thick[:, 1],
            (y * y).sum(-1) + thick[:, 1] ** 2 + low_pass,
        ],
        -1,
    )
    at = torch.as_tensor(view.centre, **kind) + view.focal * flat_xy
    toward = (normal * middle).sum(-1).abs() / middle.norm(dim=-1)
    return Footprints(at, depth, covariance, axes, edges[:, 2], toward > _EDGE_ON)


@dataclass(frozen=True)
class Pairs:
    """Splats and pixels that meet, ordered by pixel and from front to back.

    Parameters
    ----------
    splat, pixel
        ``(P,)`` int64; pixels are counted row by row.
    weight
        ``(P,)`` share of the pixel's light that comes from the splat: alpha times the transmittance before.
    alpha
        ``(P,)`` what the splat covers of the pixel.
    left
        ``(H * W,)`` transmittance behind the last splat.
    """

    splat: "torch.Tensor"
    pixel: "torch.Tensor"
    weight: "torch.Tensor"
    alpha: "torch.Tensor"
    left: "torch.Tensor"


def _reach(prints: Footprints, opacity: "torch.Tensor", cutoff: float) -> tuple["torch.Tensor", ...]:
    """First and last column and row ``(N,)`` that each splat can reach with at least ``cutoff``."""
    import torch

    with torch.no_grad():
        size = (2 * torch.log((opacity / cutoff).clamp_min(1.0))).clamp_min(0).sqrt()
        wide, high = size * prints.covariance[:, 0].sqrt(), size * prints.covariance[:, 2].sqrt()
        x, y = prints.middle.unbind(-1)
        return tuple(
            v.long() for v in ((x - wide).ceil(), (x + wide).floor(), (y - high).ceil(), (y + high).floor())
        )


def bands(prints: Footprints, opacity: "torch.Tensor", view: "View", cutoff: float) -> list[tuple[int, int]]:
    """Give rows to rasterise at a time, ``[start, end)``: no more than `MOST_PAIRS` candidates a band."""
    x0, x1, y0, y1 = _reach(prints, opacity, cutoff)
    columns = (x1.clamp(max=view.width - 1) - x0.clamp(min=0) + 1).clamp(min=0)
    rows = (y1.clamp(max=view.height - 1) - y0.clamp(min=0) + 1).clamp(min=0)
    count = int((columns * rows).sum())
    pieces = min(view.height, 1 + count // MOST_PAIRS)
    edges = [round(k * view.height / pieces) for k in range(pieces + 1)]
    return list(pairwise(edges))


def pair_up(
    prints: Footprints,
    opacity: "torch.Tensor",
    view: "View",
    cutoff: float,
    rows: tuple[int, int],
) -> Pairs:
    """List the pairs within a band of rows, with their weights; pixels count from the band's first one."""
    import torch

    splat, x, y = _candidates(prints, opacity, view, cutoff, rows)
    with torch.no_grad():
        alpha = _alpha(prints, opacity, splat, x, y)
        kept = torch.nonzero(alpha >= cutoff)[:, 0]
        pixel = ((y - rows[0]) * view.width + x).index_select(0, kept)
        by_pixel, order = torch.sort(pixel.to(torch.int32), stable=True)  # splats come front to back already
        kept, pixel = kept.index_select(0, order), by_pixel.long()
        splat, alpha = splat.index_select(0, kept), alpha.index_select(0, kept)
    if torch.is_grad_enabled():  # once more for the pairs that count, so that gradients need no more room
        alpha = _alpha(prints, opacity, splat, x.index_select(0, kept), y.index_select(0, kept))
    count = (rows[1] - rows[0]) * view.width
    passed = torch.log1p(-alpha.double())
    total = torch.cumsum(passed, 0)
    ends = torch.cumsum(torch.bincount(pixel, minlength=count), 0)
    padded = torch.cat([total.new_zeros(1), total])
    starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    before = torch.exp(padded[:-1] - padded[starts].index_select(0, pixel))
    left = torch.exp(padded[ends] - padded[starts])
    return Pairs(splat, pixel, alpha * before.to(alpha.dtype), alpha, left.to(alpha.dtype))


def _candidates(
    prints: Footprints, opacity: "torch.Tensor", view: "View", cutoff: float, rows: tuple[int, int]
) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
    """Every pixel in every splat's box: splat, column and row ``(P,)``, splats from front to back."""
    import torch

    x0, x1, y0, y1 = _reach(prints, opacity, cutoff)
    near = torch.argsort(prints.depth.detach(), stable=True)
    x0, y0 = x0.clamp(min=0)[near], y0.clamp(min=rows[0])[near]
    wide = (x1.clamp(max=view.width - 1)[near] - x0 + 1).clamp(min=0)
    high = (y1.clamp(max=rows[1] - 1)[near] - y0 + 1).clamp(min=0)
    count = wide * high
    which = torch.repeat_interleave(torch.arange(len(near), device=near.device), count)
    first = torch.cumsum(count, 0) - count
    inside = torch.arange(len(which), device=near.device) - first.index_select(0, which)
    across = wide.index_select(0, which)
    down = torch.div(inside, across, rounding_mode="floor")
    x = x0.index_select(0, which) + inside - down * across
    return near.index_select(0, which), x, y0.index_select(0, which) + down


def _alpha(
    prints: Footprints, opacity: "torch.Tensor", splat: "torch.Tensor", x: "torch.Tensor", y: "torch.Tensor"
) -> "torch.Tensor":
    """Compute what splats cover of pixels, ``opacity exp(-d' C^-1 d / 2)``."""
    import torch

    xx, xy, yy = prints.covariance.unbind(-1)
    det = xx * yy - xy * xy
    rows = torch.stack([prints.middle[:, 0], prints.middle[:, 1], yy / det, xy / det, xx / det, opacity])
    at_x, at_y, a, b, c, most = (row.index_select(0, splat) for row in rows)
    dx, dy = x - at_x, y - at_y
    power = -0.5 * (dx * (a * dx - 2 * b * dy) + c * dy * dy)
    return (most * torch.exp(power)).clamp(max=MOST_ALPHA)


def blend(pairs: Pairs, features: "torch.Tensor") -> "torch.Tensor":
    """Sum of ``weight * feature`` over each pixel's splats: ``(N, C)`` of splats to ``(H * W, C)``."""
    out = features.new_zeros(len(pairs.left), features.shape[1])
    return out.index_add(0, pairs.pixel, pairs.weight[:, None] * features.index_select(0, pairs.splat))
