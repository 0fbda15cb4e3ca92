"""Light on a drawn face: a surface through the mesh, its normals, hollows and shadows."""

from dataclasses import dataclass

import numpy as np

from fleeting.facs import triangles
from fleeting.synth._shape import OVAL
from fleeting.synth._smooth import step as smooth_step
from fleeting.synth._splat_mesh import _ring_triangles, normals

_COARSE = 2  # canvas pixels of a surface sample
_WRAP = np.array([0.42, 0.28, 0.22])  # how far red, green and blue light creeps round an edge under the skin
_NECK_Z, _BODY_Z, _FAR = 0.42, 0.55, 1.6  # IOD
_RINGS = (1.02, 1.05, 1.1, 1.17, 1.27, 1.38, 1.5, 1.62)  # face-oval radii of what surrounds the face


@dataclass(frozen=True)
class Relief:
    """Surface of head, neck and shoulders, sampled over the canvas.

    Parameters
    ----------
    z
        ``(h, w)`` float32 IOD away from the camera.
    normal
        ``(h, w, 3)`` float32 unit vectors towards the camera.
    step
        IOD between samples.
    """

    z: np.ndarray
    normal: np.ndarray
    step: float


def make_relief(points: np.ndarray, size: tuple[int, int], origin: np.ndarray, scale: float) -> Relief:
    """Lay a surface through the mesh, the head around it, neck and shoulders.

    Parameters
    ----------
    points
        ``(468, 3)`` face units.
    size, origin, scale
        Of the canvas.
    """
    import cv2

    step = _COARSE / scale
    x, y = np.meshgrid(
        *(
            (np.arange(n // _COARSE + 1) * _COARSE - o) / scale
            for n, o in zip(size[::-1], origin, strict=True)
        )
    )
    vertices, corners = _head(points)
    at = np.column_stack([(vertices[:, :2] * scale + origin) / _COARSE, vertices[:, 2]])
    z, normal = _drawn(at, corners, normals(vertices, corners), x.shape)
    chin = points[152, 1]
    neck = _NECK_Z + 0.42 * (x / 0.66) ** 2 - 0.12 * (y - chin) + 2 * np.maximum(0, y - chin - 0.4)
    body = _BODY_Z + 0.06 * x**2 - 0.3 * (y - chin - 0.5)
    low = np.where(y > chin - 0.6, np.minimum(neck, np.where(y > chin + 0.2, body, _FAR)), _FAR)
    low = cv2.GaussianBlur(np.minimum(low, _FAR).astype(np.float32), (0, 0), 0.05 / step)
    z_y, z_x = np.gradient(low, step)
    below = np.stack([z_x, z_y, -np.ones_like(z_x)], -1) / np.sqrt(z_x**2 + z_y**2 + 1)[..., None]
    normal = np.where((low < z)[..., None], below, normal).astype(np.float32)
    normal = cv2.GaussianBlur(normal, (0, 0), 0.016 / step)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    return Relief(cv2.GaussianBlur(np.minimum(z, low).astype(np.float32), (0, 0), 0.012 / step), normal, step)


def _head(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of the face and of rings that fall back behind it, steeply under the jaw."""
    rim = points[list(OVAL)]
    middle = (rim[:, :2].max(0) + rim[:, :2].min(0)) / 2
    away = rim[:, :2] - middle
    upward = smooth_step(-away[:, 1] / np.hypot(*away.T))[:, None]
    downward = smooth_step(away[:, 1] / np.hypot(*away.T))[:, None]
    made = [points]
    for radius in _RINGS:
        out = radius - 1
        crown = 0.3 * out + 1.1 * (1 - np.sqrt(max(0.0, 1 - (out / 0.64) ** 2)))
        jaw = (0.6 + 5.6 * downward) * out
        deep = np.minimum(rim[:, 2:] + upward * crown + (1 - upward) * jaw, _FAR)
        made.append(np.concatenate([middle + radius * away, deep], 1))
    corners = np.concatenate([triangles(), _ring_triangles(len(points), len(_RINGS))])
    return np.concatenate(made), corners


def _drawn(
    at: np.ndarray, corners: np.ndarray, normal: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a mesh: depth ``(h, w)`` and normals ``(h, w, 3)`` of what is nearest, even over a triangle."""
    z, n = np.full(size, _FAR), np.tile([0.0, 0.0, -1.0], (*size, 1))
    a, b, c = (at[corners[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    low = np.maximum(np.floor(at[corners, :2].min(1)), 0).astype(int)
    high = np.minimum(np.ceil(at[corners, :2].max(1)) + 1, size[::-1]).astype(int)
    for t in np.flatnonzero((area > 1e-9) & (high > low).all(1)):
        (x0, y0), (x1, y1) = low[t], high[t]
        x, y = np.arange(x0, x1)[None, :], np.arange(y0, y1)[:, None]
        v = ((x - a[t, 0]) * (c[t, 1] - a[t, 1]) - (y - a[t, 1]) * (c[t, 0] - a[t, 0])) / area[t]
        w = ((b[t, 0] - a[t, 0]) * (y - a[t, 1]) - (b[t, 1] - a[t, 1]) * (x - a[t, 0])) / area[t]
        u = 1 - v - w
        deep = u * a[t, 2] + v * b[t, 2] + w * c[t, 2]
        nearer = (u >= -1e-9) & (v >= -1e-9) & (w >= -1e-9) & (deep < z[y0:y1, x0:x1])
        if nearer.any():
            z[y0:y1, x0:x1][nearer] = deep[nearer]
            mixed = np.stack([u, v, w], -1)[nearer] @ normal[corners[t]]
            n[y0:y1, x0:x1][nearer] = mixed
    return z, n


def light_from(turn_deg: float, height_deg: float) -> np.ndarray:
    """Give the unit vector ``(3,)`` towards a light, from degrees to the picture's right and upwards.

    Examples
    --------
    >>> light_from(0, 0).tolist()
    [0.0, -0.0, -1.0]
    """
    turn, height = np.radians([turn_deg, height_deg])
    return np.array([np.sin(turn) * np.cos(height), -np.sin(height), -np.cos(turn) * np.cos(height)])


def shade(
    relief: Relief, light: np.ndarray, hard: float, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Brightness of the skin, and its shine.

    Parameters
    ----------
    relief
        The surface.
    light
        ``(3,)`` towards the light.
    hard
        Share of the light that comes from there; the rest comes from everywhere.
    size
        Of the canvas.

    Returns
    -------
    tuple
        ``(H, W, 3)`` float32 factors, 1 on a surface that looks at the camera, and ``(H, W)`` 0..1.
    """
    import cv2

    normal = relief.normal
    facing = normal @ light
    open_sky = _open(relief)
    lit = _unshadowed(relief, light)[..., None]
    wrapped = np.clip((facing[..., None] + _WRAP) / (1 + _WRAP), 0, None)
    above = 0.5 - 0.5 * normal[..., 1:2]  # more comes from the sky than from the floor
    around = open_sky[..., None] * (0.62 + 0.6 * above)
    ahead = hard * (-light[2] + _WRAP) / (1 + _WRAP) + (1 - hard) * 0.92
    total = (
        hard * wrapped * (0.35 + 0.65 * lit) * (0.5 + 0.5 * open_sky[..., None]) + (1 - hard) * around
    ) / ahead
    half = light + np.array([0, 0, -1.0])
    glint = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1)
    shine = (0.75 * glint**18 + 0.5 * glint**60) * lit[..., 0] * open_sky
    grown = [
        cv2.resize(one.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
        for one in (total, shine)
    ]
    return np.clip(grown[0], 0.05, 1.6), np.clip(grown[1], 0, 1)


def _open(relief: Relief) -> np.ndarray:
    """How much of the sky a place sees: less in hollows of three sizes, ``(h, w)`` 0.3..1.1."""
    import cv2

    z = relief.z
    hollow = np.zeros_like(z)
    for radius, much in ((0.05, 2.2), (0.12, 1.5), (0.3, 0.55)):
        hollow += much * (z - cv2.GaussianBlur(z, (0, 0), radius / relief.step))
    return np.clip(1 - np.clip(hollow, -0.1, 0.7), 0.3, 1.1)


def _unshadowed(relief: Relief, light: np.ndarray) -> np.ndarray:
    """1 where the light is seen, 0 behind nose, brow or chin; a soft edge, ``(h, w)``."""
    import cv2

    z = relief.z
    flat = np.hypot(*light[:2])
    if flat < 0.05:
        return np.ones_like(z)
    worst = np.full_like(z, -1.0)
    for far in np.linspace(0.06, 0.75, 14):
        dx, dy = (far * light[:2] / flat / relief.step).tolist()
        move = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
        there = cv2.warpAffine(z, move, z.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        ray = z + far * light[2] / flat
        worst = np.maximum(worst, (ray - there) / (0.6 + far))
    return cv2.GaussianBlur(1 - np.clip(worst / 0.12, 0, 1), (0, 0), 0.03 / relief.step)
