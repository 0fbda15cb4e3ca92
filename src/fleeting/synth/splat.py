"""A face of Gaussian splats tied to the triangles of a mesh: frames, depth and exact dense flow, in torch.

Every splat sits on a triangle (barycentric coordinates) and its covariance lives in the frame of the
triangle's edges, so that it moves, turns and stretches with the skin. Pixels are blended front to back,
``w_i = alpha_i prod_{j < i} (1 - alpha_j)``, and so are the splats' motions: the flow of a pixel is
``sum_i w_i m_i / sum_i w_i``, where ``m_i`` is how splat ``i`` carries this pixel (Kerbl et al., 3D Gaussian
Splatting, 2023; tied to triangles as by Qian et al., GaussianAvatars, 2024). Needs ``fleeting[train]``.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape
from fleeting.synth._splat_mesh import SplatMesh, head_mesh, seats
from fleeting.synth._splat_meshflow import MeshFlow, mesh_flow
from fleeting.synth._splat_portrait import colours_from, fit_colours, mesh_on_portrait
from fleeting.synth._splat_view import View

if TYPE_CHECKING:
    import torch

__all__ = [
    "MeshFlow",
    "Rendering",
    "SplatMesh",
    "Splats",
    "View",
    "colours_from",
    "fit_colours",
    "head_mesh",
    "mesh_flow",
    "mesh_on_portrait",
    "render",
    "splats_on",
    "visible",
]

Carry = Literal["affine", "middle"]
_COVER = 1.9  # a splat's deviation relative to that of what it covers: neighbours overlap without holes
_THICKNESS = 0.002  # IOD
_OPACITY = 0.97
_DEVICE_KEYS = ("place", "root", "thickness", "colour", "opacity")


@dataclass(frozen=True)
class Splats:
    """Gaussian splats on a mesh; every tensor but ``triangle`` and ``face`` may carry gradients.

    Parameters
    ----------
    triangle
        ``(N, 3)`` int64 vertex numbers of the triangle of each splat.
    place
        ``(N, 3)`` barycentric coordinates.
    root
        ``(N, 2, 2)`` root of the covariance in the frame of the triangle's edges (see `seats`): any size,
        stretch and direction.
    thickness
        ``(N,)`` standard deviation along the normal, IOD.
    colour
        ``(N, 3)`` RGB, 0..1.
    opacity
        ``(N,)`` 0..1.
    face
        ``(N,)`` bool: on the face itself, not on the head around it.
    """

    triangle: "torch.Tensor"
    place: "torch.Tensor"
    root: "torch.Tensor"
    thickness: "torch.Tensor"
    colour: "torch.Tensor"
    opacity: "torch.Tensor"
    face: "torch.Tensor"

    def __len__(self) -> int:
        return len(self.triangle)

    def to(self, *, device: str | None = None, dtype: "torch.dtype | None" = None) -> "Splats":
        """Move to a device, change the floating-point type."""
        moved = {name: getattr(self, name).to(device=device, dtype=dtype) for name in _DEVICE_KEYS}
        return replace(
            self, triangle=self.triangle.to(device=device), face=self.face.to(device=device), **moved
        )

    def middles(self, vertices: "torch.Tensor") -> "torch.Tensor":
        """Middles of the splats in space, ``(N, 3)``, for vertices ``(V, 3)``."""
        return (self.place[:, :, None] * vertices[self.triangle]).sum(1)


@dataclass(frozen=True)
class Rendering:
    """What a camera sees, as tensors; ``numpy`` gives arrays.

    Parameters
    ----------
    image
        ``(H, W, 3)`` RGB, 0..1, the background included.
    alpha
        ``(H, W)`` sum of the splats' weights, at most 1.
    depth
        ``(H, W)`` mean depth of what is seen, IOD from the camera; 0 where there is nothing.
    face
        ``(H, W)`` share of the light that comes from the face itself.
    flow
        ``(H, W, 2)`` pixels, x right and y down, 0 where there is nothing; None without a motion.
    moved_depth
        ``(H, W)`` how deep what is seen lies after the motion; None without a motion.
    """

    image: "torch.Tensor"
    alpha: "torch.Tensor"
    depth: "torch.Tensor"
    face: "torch.Tensor"
    flow: "torch.Tensor | None" = None
    moved_depth: "torch.Tensor | None" = None

    def numpy(self) -> dict[str, np.ndarray]:
        """Arrays by name, without those that are None; the image as ``uint8``."""
        given = {name: getattr(self, name) for name in ("alpha", "depth", "face", "flow", "moved_depth")}
        arrays = {name: value.detach().cpu().numpy() for name, value in given.items() if value is not None}
        arrays["image"] = np.rint(self.image.detach().cpu().numpy() * 255).clip(0, 255).astype(np.uint8)
        return arrays


def splats_on(mesh: SplatMesh, colours: np.ndarray | None = None, *, per_edge: int = 2) -> Splats:
    """Cover a mesh with splats, ``per_edge ** 2`` on each triangle.

    Parameters
    ----------
    mesh
        From `head_mesh`.
    colours
        ``(V, 3)`` RGB 0..1 of the vertices, interpolated; grey by default. See `colours_from`.
    per_edge
        Splats along an edge.

    Raises
    ------
    UsageError
        For less than one splat, or without torch.

    Examples
    --------
    >>> len(splats_on(head_mesh(levels=0, surround=False), per_edge=2))
    3592
    """
    torch = _torch()
    middles, root = seats(per_edge)
    each, count = len(middles), len(mesh.triangles) * len(middles)
    triangle = torch.as_tensor(np.repeat(mesh.triangles, each, axis=0).astype(np.int64))
    place = torch.as_tensor(np.tile(middles, (len(mesh.triangles), 1)), dtype=torch.float32)
    colour = torch.full((count, 3), 0.5)
    if colours is not None:
        check_shape(colours, (len(mesh.vertices), 3), "colours")
        colour = (place[:, :, None] * torch.as_tensor(colours, dtype=torch.float32)[triangle]).sum(1)
    return Splats(
        triangle=triangle,
        place=place,
        root=torch.as_tensor(_COVER * root, dtype=torch.float32).expand(count, 2, 2).clone(),
        thickness=torch.full((count,), _THICKNESS),
        colour=colour,
        opacity=torch.full((count,), _OPACITY),
        face=torch.as_tensor(np.repeat(mesh.face, each)),
    )


def render(
    splats: Splats,
    vertices: Any,
    view: View,
    *,
    moved: Any = None,
    moved_view: View | None = None,
    background: Any = None,
    carry: Carry = "affine",
    low_pass: float = 0.3,
    cutoff: float = 1 / 255,
) -> Rendering:
    """Render a frame; with a motion also the exact flow to where everything goes.

    Parameters
    ----------
    splats
        From `splats_on`.
    vertices
        ``(V, 3)`` tensor or array, IOD.
    view
        Camera.
    moved, moved_view
        Vertices and camera of the second frame; one of them is enough (the flow between two cameras at one
        time is the disparity).
    background
        ``(H, W, 3)`` RGB 0..1 behind everything; black by default.
    carry
        How a splat carries a pixel: ``affine`` as its triangle is mapped, ``middle`` by the shift of its
        middle alone, as in published splat flow.
    low_pass
        Square pixels, the size of a pixel's own filter.
    cutoff
        Least share of a pixel for which a splat counts.

    Returns
    -------
    Rendering

    Raises
    ------
    UsageError
        Where something lies behind the camera, the type of ``carry`` is unknown, or torch is missing.
    ShapeError
        Where the background has another size.

    Examples
    --------
    >>> mesh = head_mesh(levels=0)
    >>> seen = render(splats_on(mesh), mesh.vertices, View.toward_face(32), moved=mesh.vertices + [0.1, 0, 0])
    >>> [round(float(v), 2) for v in seen.flow[16, 16]]  # more than 32 / 3 / 10: it is nearer than the eyes
    [1.15, 0.0]
    """
    from fleeting.synth._splat_raster import Pairs, bands, blend, pair_up, project_splats

    torch = _torch()
    if carry not in ("affine", "middle"):
        raise UsageError(f"carry: expected affine or middle, got {carry!r}")
    own = _points(splats, vertices)[splats.triangle]
    first = project_splats(own, splats.place, splats.root, splats.thickness, view, low_pass)
    columns = [splats.colour, splats.face.to(own.dtype)[:, None], _depth_plane(first)]
    if moved is not None or moved_view is not None:
        there = own if moved is None else _points(splats, moved)[splats.triangle]
        second = project_splats(
            there, splats.place, splats.root, splats.thickness, moved_view or view, low_pass
        )
        columns += [_motion_planes(first, second, carry), _depth_plane(second, first)]
    features = torch.cat(columns, 1)
    sums, left = [], []
    for rows in bands(first, splats.opacity, view, cutoff):
        pairs: Pairs = pair_up(first, splats.opacity, view, cutoff, rows)
        sums.append(blend(pairs, features))
        left.append(pairs.left)
    return _assemble(torch.cat(sums), torch.cat(left), view, background)


def _assemble(sums: "torch.Tensor", left: "torch.Tensor", view: View, background: Any) -> Rendering:
    """Turn sums over splats into pictures: planes are evaluated at the pixels."""
    torch = _torch()
    height, width = view.height, view.width
    kind: Any = {"dtype": sums.dtype, "device": sums.device}
    image = sums[:, :3].reshape(height, width, 3)
    if background is not None:
        behind = torch.as_tensor(background, **kind)
        if behind.shape != image.shape:
            raise ShapeError(f"background: expected shape {tuple(image.shape)}, got {tuple(behind.shape)}")
        image = image + left.reshape(height, width, 1) * behind
    y, x = torch.meshgrid(torch.arange(height, **kind), torch.arange(width, **kind), indexing="ij")
    at = torch.stack([torch.ones_like(x), x, y], -1).reshape(-1, 3)
    alpha = 1.0 - left
    share = torch.where(alpha > 1e-4, 1.0 / alpha.clamp_min(1e-4), torch.zeros_like(alpha))

    def plane(first: int) -> Any:
        return ((sums[:, first : first + 3] * at).sum(-1) * share).reshape(height, width)

    flow = moved_depth = None
    if sums.shape[1] > 7:
        flow, moved_depth = torch.stack([plane(7), plane(10)], -1), plane(13)
    face = sums[:, 3].reshape(height, width)
    return Rendering(image, alpha.reshape(height, width), plane(4), face, flow, moved_depth)


def _solve(axes: "torch.Tensor", flat: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """Matrices ``(N, K, 2)`` that take the picture's ``axes`` to ``target``, same shape; 0 where edge on."""
    torch = _torch()
    a, b, c, d = axes[:, 0, 0], axes[:, 0, 1], axes[:, 1, 0], axes[:, 1, 1]
    det = a * d - b * c
    usable = flat & (det.abs() > 1e-9)
    det = torch.where(usable, det, torch.ones_like(det))
    inverse = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], 1) / det[:, None, None]
    return torch.where(usable[:, None, None], target @ inverse, torch.zeros_like(target))


def _depth_plane(of: Any, seen_from: Any = None) -> "torch.Tensor":
    """Coefficients ``(N, 3)`` of depth over 1, x, y of the (first) picture."""
    torch = _torch()
    first = of if seen_from is None else seen_from
    slope = _solve(first.axes, first.flat & of.flat, of.slope[:, None])[:, 0]
    return torch.cat([of.depth[:, None] - (slope * first.middle).sum(-1, keepdim=True), slope], 1)


def _motion_planes(first: Any, second: Any, carry: Carry) -> "torch.Tensor":
    """Coefficients ``(N, 6)`` of the motion in x and in y over 1, x, y of the first picture."""
    torch = _torch()
    shift = second.middle - first.middle
    change = torch.zeros_like(first.axes)
    if carry == "affine":
        change = _solve(first.axes, first.flat & second.flat, second.axes - first.axes)
    base = shift - (change @ first.middle[:, :, None])[..., 0]
    return torch.cat([base[:, :1], change[:, 0], base[:, 1:], change[:, 1]], 1)


def visible(first: Rendering, second: Rendering, tolerance: float = 0.03) -> np.ndarray:
    """Which pixels of the first frame can be seen in the second.

    Parameters
    ----------
    first
        Rendered with the motion to the second frame.
    second
        The second frame.
    tolerance
        IOD that something may lie behind what is seen there.

    Returns
    -------
    numpy.ndarray
        ``(H, W)`` bool: splats cover the pixel, it stays in the picture, and nothing there is nearer.

    Raises
    ------
    UsageError
        Where the first frame was rendered without a motion.
    """
    import cv2

    if first.flow is None:
        raise UsageError("visible: the first frame has no flow; render it with moved=")
    one, two = first.numpy(), second.numpy()
    height, width = one["alpha"].shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    to_x, to_y = x + one["flow"][..., 0].astype(np.float32), y + one["flow"][..., 1].astype(np.float32)
    inside = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    there = cv2.remap(two["depth"].astype(np.float32), to_x, to_y, cv2.INTER_NEAREST)
    return inside & (one["alpha"] > 0.5) & (one["moved_depth"] <= there + tolerance)


def _points(splats: Splats, vertices: Any) -> "torch.Tensor":
    given = np.array(vertices) if isinstance(vertices, np.ndarray) else vertices  # torch wants it writable
    points = _torch().as_tensor(given, dtype=splats.place.dtype, device=splats.place.device)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ShapeError(f"vertices: expected shape (V, 3), got {tuple(points.shape)}")
    return points


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise UsageError("splats need torch; install fleeting[train]") from error
    return torch
