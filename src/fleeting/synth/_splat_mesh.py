"""The mesh that carries the splats: the face, finer, with the head around it, and seats for splats on it."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError, check_shape
from fleeting.facs import neutral_mesh, triangles
from fleeting.synth._shape import OVAL, FaceShape
from fleeting.synth._smooth import step

RINGS = (1.10, 1.22, 1.36, 1.52, 1.75, 2.0, 2.3, 2.6, 2.9)  # face-oval radii of the rings around the face
_RIGID, _STILL = 1.45, 2.8  # radii within which the head is rigid, beyond which nothing moves (see ``head``)
_FLAT_Z, _FALL = 1.15, 0.55  # IOD: how deep the rings end, and over how many radii they get there


@dataclass(frozen=True)
class SplatMesh:
    """A triangle mesh of a head in face units.

    Parameters
    ----------
    vertices
        ``(V, 3)`` float64 IOD; x to the image's right, y down, z away from the camera, origin between the
        eyes.
    triangles
        ``(M, 3)`` int vertex numbers.
    face
        ``(M,)`` bool, the triangles of the face itself; the others are the head and what is around it.
    hold
        ``(V,)`` how much of the head's motion a vertex takes part in: 1 on the head, 0 in the background.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    face: np.ndarray
    hold: np.ndarray


def head_mesh(points: np.ndarray | None = None, *, levels: int = 1, surround: bool = True) -> SplatMesh:
    """Build the mesh of a head.

    Parameters
    ----------
    points
        ``(468, 3)`` face points, IOD; the neutral face by default.
    levels
        How often each triangle is cut into four.
    surround
        Whether rings around the face oval are added, which fall back behind the face and tie it to the
        background: inside they move with the head, outside they are still.

    Raises
    ------
    ShapeError
        For anything but 468 points in space.
    UsageError
        For a negative number of levels.

    Examples
    --------
    >>> head_mesh(levels=0, surround=False).triangles.shape
    (898, 3)
    >>> head_mesh(levels=1).triangles.shape
    (6184, 3)
    """
    vertices = neutral_mesh() if points is None else np.asarray(points, np.float64)
    check_shape(vertices, (468, 3), "points")
    if levels < 0:
        raise UsageError(f"levels: expected 0 or more, got {levels}")
    corners, face = triangles(), np.ones(len(triangles()), bool)
    hold = np.ones(len(vertices))
    if surround:
        ring_points, ring_hold = _rings(vertices)
        ring_corners = _ring_triangles(len(vertices))
        vertices = np.concatenate([vertices, ring_points])
        corners = np.concatenate([corners, ring_corners])
        face = np.concatenate([face, np.zeros(len(ring_corners), bool)])
        hold = np.concatenate([hold, ring_hold])
    for _ in range(levels):
        ends, corners = _cut(corners)
        vertices = np.concatenate([vertices, vertices[ends].mean(1)])
        hold = np.concatenate([hold, hold[ends].mean(1)])
        face = np.repeat(face, 4)
    return SplatMesh(vertices, corners, face, hold)


def _rings(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices ``(R * 36, 3)`` around the face oval and how much they move with the head ``(R * 36,)``."""
    rim = points[list(OVAL)]
    middle = (rim[:, :2].max(0) + rim[:, :2].min(0)) / 2
    made, hold = [], []
    for radius in RINGS:
        flat = middle + radius * (rim[:, :2] - middle)
        share = step(np.array([(radius - 1.0) / _FALL]))[0]
        deep = rim[:, 2:] + share * (_FLAT_Z - rim[:, 2:])
        made.append(np.concatenate([flat, deep], 1))
        hold.append(np.full(len(rim), step(np.array([(_STILL - radius) / (_STILL - _RIGID)]))[0]))
    return np.concatenate(made), np.concatenate(hold)


def _ring_triangles(first: int, rings: int = len(RINGS)) -> np.ndarray:
    """Triangles between the oval and the first ring, and from ring to ring, clockwise on the screen."""
    count = len(OVAL)
    inner = np.array(OVAL)
    made = []
    for ring in range(rings):
        outer = first + ring * count + np.arange(count)
        after_in, after_out = np.roll(inner, -1), np.roll(outer, -1)
        made += [np.stack([inner, outer, after_out], 1), np.stack([inner, after_out, after_in], 1)]
        inner = outer
    return np.concatenate(made)


def _cut(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut triangles into four: the ends ``(E, 2)`` of the edges halved and the new triangles ``(4 M, 3)``."""
    edges = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
    ends, place = np.unique(edges, axis=0, return_inverse=True)
    first = int(corners.max()) + 1
    ab, bc, ca = (first + place.reshape(3, -1)[k] for k in range(3))
    a, b, c = corners.T
    four = np.stack([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], 1)
    return ends, four.reshape(-1, 3)


def seats(per_edge: int) -> tuple[np.ndarray, np.ndarray]:
    """Where ``per_edge ** 2`` splats sit on a triangle, and what each covers.

    Returns
    -------
    tuple
        ``(n, 3)`` barycentric coordinates, the middles of the small triangles that a triangle is cut into,
        and ``(2, 2)`` lower root ``L`` of their covariance in the frame of the triangle's edges: a point
        spread evenly over a triangle has variance 1/18 along each edge and covariance -1/36.

    Examples
    --------
    >>> middles, root = seats(2)
    >>> len(middles), (root @ root.T * 4 * 36).round(6).tolist()
    (4, [[2.0, -1.0], [-1.0, 2.0]])
    """
    if per_edge < 1:
        raise UsageError(f"splats per edge: expected 1 or more, got {per_edge}")
    n = per_edge
    up = [((i + 1 / 3) / n, (j + 1 / 3) / n) for i in range(n) for j in range(n - i)]
    down = [((i + 2 / 3) / n, (j + 2 / 3) / n) for i in range(n - 1) for j in range(n - 1 - i)]
    u, v = np.array(up + down).T
    spread = np.array([[2.0, -1.0], [-1.0, 2.0]]) / (36 * n * n)
    return np.stack([1 - u - v, u, v], 1), np.linalg.cholesky(spread)


def slide(vertices: np.ndarray, corners: np.ndarray, motion: np.ndarray, steepest: float = 1.2) -> np.ndarray:
    """Lay a motion of the picture plane onto the surface: skin slides along the face, it does not leave it.

    Parameters
    ----------
    vertices, corners
        ``(V, 3)`` and ``(M, 3)``.
    motion
        ``(V, 2)`` displacement in x and y.
    steepest
        Greatest slope that is followed; at the rim the surface turns away from the picture plane.

    Returns
    -------
    numpy.ndarray
        ``(V, 3)``: the same x and y, and z so that it is tangent: ``dz = -(n_x dx + n_y dy) / n_z``.

    Examples
    --------
    >>> ramp = np.array([[0.0, 0, 0], [1, 0, 1], [0, 1, 0]])
    >>> slide(ramp, np.array([[0, 1, 2]]), np.tile([0.1, 0.0], (3, 1))).round(3)[0].tolist()
    [0.1, 0.0, 0.1]
    """
    normal = normals(vertices, corners)
    depth = np.where(np.abs(normal[:, 2]) < 1e-6, -1e-6, normal[:, 2])
    slope = -normal[:, :2] / depth[:, None]
    size = np.hypot(*slope.T)[:, None]
    slope *= np.minimum(1.0, steepest / np.maximum(size, 1e-9))
    return np.concatenate([motion, (slope * motion).sum(1, keepdims=True)], 1)


def normals(vertices: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Compute unit normals at the vertices ``(V, 3)``, towards the camera, weighted by areas."""
    a, b, c = (vertices[corners[:, k]] for k in range(3))
    face = -np.cross(b - a, c - a)  # clockwise on the screen with y down: the cross product points away
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, corners[:, k], face)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def shape_of(points: np.ndarray) -> FaceShape:
    """Give the flat face as the motion fields see it, of ``(468, 3)`` face points in IOD."""
    return FaceShape.from_landmarks(points[:, :2])
