"""Draw the regions and the directions of the action units into ``docs/img/regions.png``.

Run as ``python benchmarks/draw_regions.py [--out FILE]``; needs scikit-image for the public-domain portrait.
"""

import argparse
import colorsys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fleeting import facs

OUT = Path(__file__).resolve().parents[1] / "docs/img/regions.png"
FONT, GREY, INK = cv2.FONT_HERSHEY_SIMPLEX, (214, 214, 214), (30, 30, 30)
SHOWN = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43)
SCALE = 8  # OpenCV draws with 1/256 pixel: shift


def base(name):
    return name.removesuffix("_left").removesuffix("_right")


def colour(name):
    names = list(dict.fromkeys(base(n) for n in facs.region_names()))
    return tuple(int(255 * v) for v in colorsys.hsv_to_rgb(names.index(base(name)) * 0.381 % 1, 0.7, 0.9))


def outline(picture, points, ink, width=1):
    fixed = np.round(points * (1 << SCALE)).astype(np.int32)
    cv2.polylines(picture, [fixed], True, ink, width, cv2.LINE_AA, SCALE)


def painted(picture, points, opacity):
    """The picture with its regions in colour."""
    paint = picture.astype(float)
    for name, mask in zip(facs.region_names(), facs.region_masks(points, picture.shape[:2]), strict=True):
        paint[mask] = (1 - opacity) * paint[mask] + opacity * np.array(colour(name))
    paint = paint.round().astype(np.uint8)
    for name, ring in facs.regions().items():
        outline(paint, points[list(ring), :2], colour(name))
    return paint


def mesh_panel(height):
    """The neutral mesh, named regions on the subject's left."""
    picture = np.full((height, int(height * 0.88), 3), 255, np.uint8)
    scale = height / 2.78
    points = facs.neutral_mesh()[:, :2] * scale + (picture.shape[1] / 2, height * 0.345)
    for corners in facs.triangles():
        outline(picture, points[corners], GREY)
    picture = painted(picture, points, 0.42)
    for name, ring in facs.regions().items():
        if facs.region_side(name) != "right" and name != "mouth_open":
            x, y = points[list(ring)].mean(axis=0)
            (wide, high), _ = cv2.getTextSize(base(name), FONT, 0.36, 1)
            x = min(x - wide / 2, picture.shape[1] - wide - 2)
            cv2.putText(picture, base(name), (int(x), int(y + high / 2)), FONT, 0.36, INK, 1, cv2.LINE_AA)
    return picture


def portrait_panel(height):
    """The same regions on a real face, found by the shipped models."""
    from skimage import data

    from fleeting.face import find_faces

    portrait = data.astronaut()
    points = find_faces(portrait)[0][:, :2].astype(float)
    low, high = points.min(axis=0) - 14, points.max(axis=0) + 14
    zoom = height / (high[1] - low[1])
    shift = np.array([[zoom, 0, -low[0] * zoom], [0, zoom, -low[1] * zoom]])
    size = (int((high[0] - low[0]) * zoom), height)
    picture = cv2.warpAffine(portrait, shift, size, flags=cv2.INTER_CUBIC)
    return painted(picture, (points - low) * zoom, 0.30)


def unit_panel(au, size):
    """One small face with the arrows of one action unit."""
    picture = np.full((size, size, 3), 255, np.uint8)
    scale = size / 2.95
    points = facs.neutral_mesh()[:, :2] * scale + (size / 2, size * 0.385)
    for ring in facs.regions().values():
        outline(picture, points[list(ring)], GREY)
    for motion in facs.au_motion()[au]:
        start = points[list(facs.regions()[motion.region])].mean(axis=0)
        end = start + np.array([motion.dx, motion.dy]) * (5 + 0.06 * size * motion.weight)
        ink = tuple(int(c) for c in np.array([200, 30, 30]) * motion.weight + 170 * (1 - motion.weight))
        fixed = [tuple(int(v) for v in p.round()) for p in (start, end)]
        cv2.arrowedLine(picture, *fixed, ink, 1, cv2.LINE_AA, tipLength=0.35)
    text = f"{au} {facs.action_unit(au).name}"
    cv2.putText(picture, text, (6, 13), FONT, 0.38, INK, 1, cv2.LINE_AA)
    return picture


def sheet(height=560, columns=7):
    """Everything on one picture."""
    top = np.hstack([mesh_panel(height), portrait_panel(height)])
    size = top.shape[1] // columns
    units = [unit_panel(au, size) for au in SHOWN]
    rows = [np.hstack(units[k : k + columns]) for k in range(0, len(units), columns)]
    below = np.vstack(rows)
    return np.vstack([top[:, : below.shape[1]], below])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet()).quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"wrote {out}: {out.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
