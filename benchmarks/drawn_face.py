"""A face drawn from the neutral mesh: no photograph, every vertex known. The face networks find it.

python benchmarks/drawn_face.py FILE.png [--iod 90]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from fleeting import facs

LIGHT = np.array([-0.3, -0.5, -0.8]) / np.linalg.norm([0.3, 0.5, 0.8])
BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
UPPER_LIP = (
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
    308,
    415,
    310,
    311,
    312,
    13,
    82,
    81,
    80,
    191,
    78,
)
LOWER_LIP = (
    61,
    146,
    91,
    181,
    84,
    17,
    314,
    405,
    321,
    375,
    291,
    308,
    324,
    318,
    402,
    317,
    14,
    87,
    178,
    88,
    95,
    78,
)
LIP_LINE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
NOSTRILS = (60, 290)


class Canvas:
    """A picture ``(H, W, 3)`` float32 on which soft polygons are filled; sizes in eye distances."""

    def __init__(self, size: tuple[int, int], colour: tuple[int, int, int], iod: float) -> None:
        self.picture = np.full((*size, 3), colour, np.float32)
        self.iod = iod

    def cover(self, ring: np.ndarray, soft: float) -> np.ndarray:
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(ring * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(soft * self.iod, 0.3))[..., None]

    def fill(self, ring: np.ndarray, colour: tuple[int, int, int], soft: float, opacity: float = 1.0) -> None:
        cover = opacity * self.cover(ring, soft)
        self.picture = self.picture * (1 - cover) + np.array(colour, np.float32) * cover

    def line(self, points: np.ndarray, colour: tuple[int, int, int], width: float, *, closed: bool) -> None:
        line = [np.round(points * 16).astype(np.int32)]
        cv2.polylines(self.picture, line, closed, colour, max(1, round(width * self.iod)), cv2.LINE_AA, 4)


def ellipse(centre: np.ndarray, x: float, y: float) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return centre + np.stack([x * np.cos(t), y * np.sin(t)], 1)


def draw(iod: float = 90.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give the picture ``(H, W, 3)`` uint8 RGB and its vertices ``(468, 2)``."""
    size = (round(4.5 * iod), round(4.0 * iod))
    points = facs.neutral_mesh()[:, :2] * iod + [size[1] / 2, 0.4 * size[0]]
    canvas = Canvas(size, (96, 110, 120), iod)
    oval = cv2.convexHull(points.astype(np.float32))[:, 0]
    middle = oval.mean(0)
    neck = middle + np.array([[-0.55, 0.9], [0.55, 0.9], [0.6, 3.0], [-0.6, 3.0]]) * iod
    canvas.fill(middle + (oval - middle) * [1.12, 1.15] - [0, 0.18 * iod], (58, 40, 30), 0.02)  # hair
    canvas.fill(neck, (176, 128, 104), 0.02)
    canvas.fill(oval, (205, 158, 132), 0.02)
    canvas.picture *= 1 + 0.55 * _shade(size, points, iod)[..., None]
    for brow in (BROW, [int(facs.mirror_index()[v]) for v in BROW]):
        canvas.fill(points[list(brow)], (70, 48, 36), 0.012, 0.9)
    for side in ("left", "right"):
        _eye(canvas, points[list(facs.regions()[f"eye_open_{side}"])])
    canvas.fill(points[list(UPPER_LIP)], (176, 92, 88), 0.008, 0.85)
    canvas.fill(points[list(LOWER_LIP)], (190, 104, 98), 0.008, 0.85)
    canvas.line(points[list(LIP_LINE)], (96, 42, 40), 0.02, closed=False)
    for nostril in NOSTRILS:
        canvas.fill(ellipse(points[nostril], 0.052 * iod, 0.024 * iod), (92, 56, 46), 0.012, 0.8)
    rng = np.random.default_rng(seed)
    for coarseness in (0.007, 0.013, 0.033):  # pores, blotches
        grain = gaussian_filter(rng.normal(size=size), coarseness * iod)
        canvas.picture += (2.5 * grain / grain.std())[..., None].astype(np.float32)
    return canvas.picture.clip(0, 255).round().astype(np.uint8), points


def _shade(size: tuple[int, int], points: np.ndarray, iod: float) -> np.ndarray:
    """Brightness by how the triangles of the mesh face the light, ``(H, W)`` around 0."""
    mesh, shade = facs.neutral_mesh(), np.zeros(size, np.float32)
    for a, b, c in facs.triangles():
        normal = np.cross(mesh[b] - mesh[a], mesh[c] - mesh[a])
        normal *= -np.sign(normal[2]) / (np.linalg.norm(normal) + 1e-9)  # towards the camera
        corner = np.round(points[[a, b, c]] * 16).astype(np.int32)
        cv2.fillConvexPoly(shade, corner, float(normal @ LIGHT) - 0.75, cv2.LINE_AA, 4)
    return gaussian_filter(shade, 0.05 * iod)


def _eye(canvas: Canvas, ring: np.ndarray) -> None:
    iod, middle, skin = canvas.iod, ring.mean(0), canvas.picture.copy()
    canvas.fill(ring, (232, 228, 224), 0.006)
    canvas.fill(ellipse(middle, 0.105 * iod, 0.105 * iod), (82, 60, 40), 0.006)
    canvas.fill(ellipse(middle, 0.045 * iod, 0.045 * iod), (15, 12, 12), 0.004)
    canvas.fill(ellipse(middle - 0.03 * iod, 0.015 * iod, 0.015 * iod), (255, 255, 255), 0.003)
    open_ = canvas.cover(ring, 0.006)
    canvas.picture = skin * (1 - open_) + canvas.picture * open_  # the iris ends at the lids
    canvas.line(ring, (90, 60, 52), 0.018, closed=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--iod", type=float, default=90.0)
    a = parser.parse_args()
    picture, points = draw(a.iod)
    cv2.imwrite(str(a.file), picture[..., ::-1])

    from fleeting.face import find_faces

    for found in find_faces(picture):
        off = np.linalg.norm(found[:, :2] - points, axis=1)
        print(
            f"found, {100 * np.sqrt((off**2).mean()) / a.iod:.1f} % of the eye distance from the drawn mesh"
        )


if __name__ == "__main__":
    main()
