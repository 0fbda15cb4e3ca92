"""Draw docs/img/plants.png: every action unit planted, much amplified, in the public-domain portrait.

Run from the repository: ``python benchmarks/draw_plants.py [OUT.png]``. Needs the extra ``demo``.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage.data import astronaut

from fleeting.face import find_faces
from fleeting.synth import Life, Plant, plant

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43)
STRENGTH = {7: 6, 14: 7, 23: 6, 24: 6, 28: 7, 43: 11}  # percent of the eye distance, 9 for the others
ZOOM, COLUMNS, TILE = 4, 6, (216, 240)
FACE = np.s_[270:750, 310:742]  # rows and columns of the zoomed head


def label(image: np.ndarray, text: str) -> np.ndarray:
    """Write in the lower corner."""
    tile = cv2.resize(image, TILE, interpolation=cv2.INTER_AREA)
    tile[-24:] //= 3
    cv2.putText(tile, text, (5, TILE[1] - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def apex(picture: np.ndarray, marks: np.ndarray, one: Plant | None, life: Life | None = None) -> np.ndarray:
    """Take the frame at 0.2 s, where the motion is strongest."""
    clip = plant(picture, [one] if one else [], fps=10, duration_s=0.4, landmarks=marks, life=life)
    return list(clip.frames())[2][FACE]


def main(out: Path) -> None:
    """Draw and save."""
    head = astronaut()[0:280, 90:350]
    picture = cv2.resize(head, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
    marks = find_faces(picture)[0]
    tiles = [label(picture[FACE], "at rest")]
    for au in UNITS:
        percent = STRENGTH.get(au, 9)
        one = Plant((au,), strength_percent=percent, at_s=0.0, duration_s=0.4)
        tiles.append(label(apex(picture, marks, one), f"AU {au}, {percent} %"))
    one = Plant((12,), "left", 9, at_s=0.0, duration_s=0.4)
    tiles.append(label(apex(picture, marks, one), "AU 12 left"))
    tiles.append(label(apex(picture, marks, None, Life(blinks_s=(0.11,))), "blink"))
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    sheet = Image.fromarray(np.vstack(rows)).quantize(200, dither=Image.Dither.NONE)
    sheet.save(out, optimize=True)
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/img/plants.png"))
