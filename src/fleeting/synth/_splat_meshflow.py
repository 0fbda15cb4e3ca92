"""The flow of the mesh itself, without splats: what lies under each pixel, followed to where it goes."""

from dataclasses import dataclass

import numpy as np

from fleeting.synth._splat_view import View


@dataclass(frozen=True)
class MeshFlow:
    """The mesh under the pixels.

    Parameters
    ----------
    triangle
        ``(H, W)`` int, the nearest triangle, -1 where there is none.
    depth
        ``(H, W)`` IOD from the camera, infinite where there is nothing.
    flow
        ``(H, W, 2)`` pixels, NaN where there is nothing.
    """

    triangle: np.ndarray
    depth: np.ndarray
    flow: np.ndarray


def mesh_flow(
    corners: np.ndarray, vertices: np.ndarray, moved: np.ndarray, view: View, moved_view: View | None = None
) -> MeshFlow:
    """Cast each pixel's ray onto the mesh and follow the point of the nearest triangle that it meets.

    Exact for a mesh of flat triangles: barycentric coordinates are corrected for perspective
    (``b_k ~ c_k / z_k``, with ``c`` those of the picture), and the point ``sum b_k v_k`` is the same one of
    the triangle after the motion. Both faces of a triangle are seen.

    Parameters
    ----------
    corners
        ``(M, 3)`` vertex numbers.
    vertices, moved
        ``(V, 3)`` before and after, IOD.
    view, moved_view
        Cameras before and after; one by default.

    Returns
    -------
    MeshFlow

    Examples
    --------
    >>> view = View.toward_face(8, iod_px=2, aim=np.zeros(3))
    >>> square = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    >>> made = mesh_flow(np.array([[0, 1, 2], [0, 2, 3]]), square, square + [0.5, 0, 0], view)
    >>> made.flow[4, 4].round(6).tolist(), int(made.triangle[0, 0])
    ([1.0, 0.0], -1)
    """
    seen = view.project(vertices)
    which, x, y = _boxes(seen[:, :2][corners], view)
    shares = _barycentric(seen[:, :2][corners][which], np.stack([x, y], 1).astype(np.float64))
    inside = (shares >= -1e-9).all(1)
    which, x, y, shares = which[inside], x[inside], y[inside], shares[inside]
    over_depth = shares / seen[:, 2][corners[which]]
    depth = 1.0 / over_depth.sum(1)
    own = over_depth * depth[:, None]
    order = np.lexsort((depth, y * view.width + x))
    pixel = (y * view.width + x)[order]
    front = order[np.r_[True, pixel[1:] != pixel[:-1]]] if len(order) else order
    triangle = np.full((view.height, view.width), -1)
    depths = np.full((view.height, view.width), np.inf)
    flow = np.full((view.height, view.width, 2), np.nan)
    x, y, which, own = x[front], y[front], which[front], own[front]
    triangle[y, x], depths[y, x] = which, depth[front]
    there = (own[:, :, None] * moved[corners[which]]).sum(1)
    flow[y, x] = (moved_view or view).project(there)[:, :2] - np.stack([x, y], 1)
    return MeshFlow(triangle, depths, flow)


def _boxes(flat: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangle, column and row of every pixel in the box around each triangle ``(M, 3, 2)``."""
    high = np.array([view.width - 1, view.height - 1])
    first = np.maximum(np.ceil(flat.min(1)), 0).astype(int)
    last = np.minimum(np.floor(flat.max(1)), high).astype(int)
    wide, tall = np.maximum(last - first + 1, 0).T
    count = wide * tall
    which = np.repeat(np.arange(len(flat)), count)
    inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return which, first[which, 0] + inside % wide[which], first[which, 1] + inside // wide[which]


def _barycentric(flat: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Barycentric coordinates ``(P, 3)`` of points in triangles ``(P, 3, 2)``; NaN for one without area."""
    a, b, c = flat[:, 0], flat[:, 1], flat[:, 2]

    def area(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])

    whole = area(a, b, c)
    whole = np.where(np.abs(whole) < 1e-12, np.nan, whole)
    return np.stack([area(at, b, c), area(a, at, c), area(a, b, at)], 1) / whole[:, None]
