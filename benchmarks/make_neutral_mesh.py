"""Rebuild ``src/fleeting/facs/data/neutral_mesh.json`` from scratch.

Run as ``python benchmarks/make_neutral_mesh.py [--check]`` from the repository's root. It needs
scikit-image (its ``data.astronaut()`` is the public-domain NASA portrait of E. Collins) and the shipped
MediaPipe landmark model. Nothing is downloaded. ``--check`` writes nothing and says how far the
stored mesh is from a fresh one.

How the neutral face is made
----------------------------
1. The model looks at the portrait through 24 jittered crops; the answers are averaged after alignment
   (shape A: open eyes, but a smile with parted lips).
2. The model looks at 9 evenly grey pictures. There is no face in them, so it answers with the face that
   it expects on average: relaxed, lips closed (shape B; its eyes are half closed).
3. Both are made upright: symmetrised over the mirror vertices, mirror plane to x = 0, tilted until
   forehead (10) and chin (152) are equally deep, scaled to an eye distance of 1.
4. B is scaled axis by axis onto A by the points that a smile leaves alone; the face is A above the eye
   line's lower lid, B from the nose tip downwards, and a smooth mixture between; the lips are closed, and
   the heights of nose, mouth and chin and the mouth's width are set to adult means.

Vertices are paired with their mirror vertex by one-to-one assignment between A and A mirrored; triangles
are Delaunay in a stereographic view from inside the head of one half of A (its lips and lids are open,
so that their rims become edges), then mirrored.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "src/fleeting/face/data/face_landmark.tflite"
OUT = ROOT / "src/fleeting/facs/data/neutral_mesh.json"
SIZE = 192  # the model's input
FACE = (222.0, 118.0, 170.0, 3.0)  # centre x, y, side length and roll in degrees of the face in the portrait
SEEDS = [(33, 263), (133, 362), (61, 291), (234, 454), (70, 300), (107, 336), (172, 397), (48, 278)]
MIDLINE = [10, 152, 1, 168, 0, 17]
# Adult means (women and men) after Farkas, Anthropometry of the Head and Face, 1994, in eye distances of
# 61 mm, the eye line lying 9 mm below the nasion; rounded.
UNDER_NOSE, LIP_LINE, CHIN, MOUTH_WIDTH = 0.72, 1.05, 1.79, 0.86
OVAL = [10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152]
RIGID = [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 98, 327, 10, 109, 338, 127, 356, 234, 454]
# The subject's right half of the lips in four rings from the skin to the opening, each from the middle of
# the lower lip over the corner to the middle of the upper lip.
LIPS = [
    [17, 84, 181, 91, 146, 61, 185, 40, 39, 37, 0],
    [16, 85, 180, 90, 77, 76, 184, 74, 73, 72, 11],
    [15, 86, 179, 89, 96, 62, 183, 42, 41, 38, 12],
    [14, 87, 178, 88, 95, 78, 191, 80, 81, 82, 13],
]


def landmark_model():
    """Return ``picture (192, 192, 3) uint8 -> (468, 3)`` points in pixels of that picture."""
    from ai_edge_litert.interpreter import Interpreter

    model = Interpreter(model_path=str(MODEL))
    model.allocate_tensors()
    source = model.get_input_details()[0]["index"]
    target = next(d["index"] for d in model.get_output_details() if d["shape"][-1] == 468 * 3)

    def run(picture):
        model.set_tensor(source, picture[None].astype(np.float32) / 255)
        model.invoke()
        return model.get_tensor(target).reshape(468, 3).astype(np.float64)

    return run


def portrait_shape(run):
    """Shape A, in pixels of the portrait."""
    import cv2
    from skimage import data

    picture = data.astronaut()
    rng = np.random.default_rng(0)
    shapes = []
    for _ in range(24):
        x, y, side, roll = np.array(FACE) + rng.uniform(-1, 1, 4) * (6, 6, 14, 6)
        warp = cv2.getRotationMatrix2D((x, y), roll, SIZE / side)
        warp[:, 2] += SIZE / 2 - np.array([x, y])
        shapes.append(run(cv2.warpAffine(picture, warp, (SIZE, SIZE))) * side / SIZE)
    mean = shapes[0]
    for _ in range(5):
        mean = fit(np.mean([fit(s, mean) for s in shapes], axis=0), shapes[0])
    return mean


def similarity(source, target):
    """Scale, rotation, shift that take the points ``source`` to ``target`` (Umeyama 1991)."""
    middle_s, middle_t = source.mean(0), target.mean(0)
    u, s, vt = np.linalg.svd((target - middle_t).T @ (source - middle_s))
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    turn = u @ sign @ vt
    scale = (s * np.diag(sign)).sum() / ((source - middle_s) ** 2).sum()
    return scale, turn, middle_t - scale * turn @ middle_s


def fit(source, target):
    """``source`` laid onto ``target``."""
    scale, turn, shift = similarity(source, target)
    return scale * source @ turn.T + shift


def mirror_vertices(shape):
    """Vertex -> its mirror vertex, by assignment, refined until it stands still."""
    source = [i for pair in SEEDS for i in pair] + MIDLINE
    target = [i for pair in SEEDS for i in pair[::-1]] + MIDLINE
    flipped, index = shape * [-1, 1, 1], np.full(len(shape), -1)
    for _ in range(50):
        scale, turn, shift = similarity(flipped[source], shape[target])
        laid = scale * flipped @ turn.T + shift
        _, new = linear_sum_assignment(((laid[:, None] - shape[None]) ** 2).sum(-1))
        if np.array_equal(new, index):
            break
        index = new
        source, target = np.arange(len(shape)), index
    if not np.array_equal(index[index], np.arange(len(shape))):
        raise SystemExit("the mirror pairs are not mutual: the model's answer is not a face")
    return index


def upright(shape, mirror):
    """Symmetric, looking at the camera, eye distance 1, origin between the eyes."""
    shape = (shape + fit((shape * [-1, 1, 1])[mirror], shape)) / 2
    across = shape - shape[mirror]
    right = (across * np.sign(across[:, :1])).sum(0)
    right /= np.linalg.norm(right)
    down = shape[152] - shape[10]
    down -= down @ right * right
    down /= np.linalg.norm(down)
    shape = shape @ np.stack([right, down, np.cross(right, down)]).T
    eyes = np.stack([shape[[33, 133]].mean(0), shape[[362, 263]].mean(0)])
    shape = (shape - eyes.mean(0)) / np.linalg.norm(eyes[1] - eyes[0])
    return (shape + shape[mirror] * [-1, 1, 1]) / 2


def neutral(portrait, expected):
    """Eyes and brows of the portrait, mouth and jaw of the expected face, smoothly between."""
    laid = np.empty_like(expected)
    for axis in range(3):
        design = np.stack([expected[RIGID, axis], np.ones(len(RIGID))], axis=1)
        scale, shift = np.linalg.lstsq(design, portrait[RIGID, axis], rcond=None)[0]
        laid[:, axis] = scale * expected[:, axis] + (0 if axis == 0 else shift)
    share = np.clip((portrait[:, 1:2] - 0.15) / (0.55 - 0.15), 0, 1)
    share = share * share * (3 - 2 * share)
    return portrait + share * (laid - portrait)


def close_lips(shape, mirror):
    """Bring the rims of the lips together but for a tenth of the gap; the outer rings follow less."""
    shape = shape.copy()
    inner = np.array(LIPS[-1])
    gap = shape[inner[:5], 1] - shape[inner[:5:-1], 1]  # lower minus upper rim, from the middle outwards
    for ring, follow in zip(LIPS, (0.15, 0.4, 0.7, 1.0), strict=True):
        for lower, upper, width in zip(ring[:5], ring[:5:-1], gap, strict=True):
            for point, sign in ((lower, -1), (upper, 1)):
                for side in {point, int(mirror[point])}:
                    shape[side, 1] += sign * 0.45 * follow * width
    return shape


def proportion(shape):
    """Pull mouth and chin to the proportions of adults; the portrait smiles and is one person.

    Heights below the eye line: a monotone curve through the eye line, the point under the nose, the lip
    line and the chin. Width of the mouth: a smooth squeeze around the lip corners.
    """
    from scipy.interpolate import PchipInterpolator

    known = [-1.0, 0.0, shape[2, 1], shape[[13, 14], 1].mean(), shape[152, 1]]
    shape = shape.copy()
    shape[:, 1] = PchipInterpolator(known, [-1.0, 0.0, UNDER_NOSE, LIP_LINE, CHIN])(shape[:, 1])
    corner = shape[291]
    near = np.exp(-((np.abs(shape[:, 0]) - corner[0]) ** 2 + (shape[:, 1] - corner[1]) ** 2) / (2 * 0.35**2))
    inside = np.abs(shape[:, 0]) <= corner[0]
    near[inside] = np.exp(-((shape[inside, 1] - corner[1]) ** 2) / (2 * 0.35**2))
    shape[:, 0] *= 1 + near * (MOUTH_WIDTH / (2 * corner[0]) - 1)
    return shape


def triangulate(shape, mirror):
    """``(M, 3)`` symmetric triangles, clockwise on the screen; lids and lips are closed by triangles too.

    Lips lie so close together that Delaunay would sew the upper to the lower one. For this purpose alone
    their rings are spread evenly between the outer rim and the middle of the mouth.
    """
    ray = shape - [0.0, 0.35, 0.9]
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    flat = ray[:, :2] / (1 - ray[:, 2:])  # stereographic, the camera's direction (0, 0, -1) in the middle
    middle = (flat[LIPS[0][0]] + flat[LIPS[0][-1]]) / 2
    for ring, share in zip(LIPS[1:], (0.85, 0.7, 0.5), strict=True):
        flat[ring] = middle + share * (flat[LIPS[0]] - middle)
    on_middle = mirror == np.arange(len(shape))
    flat[on_middle, 0] = 0
    half = np.flatnonzero((shape[:, 0] < 0) | on_middle)
    corners = Delaunay(flat[half]).simplices
    a, b, c = (flat[half][corners[:, k]] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    corners[turn < 0] = corners[turn < 0][:, ::-1]
    triangles = half[corners]
    # Delaunay fills the convex hull; what lies between three vertices of the rim is outside the face.
    triangles = triangles[~np.isin(triangles, OVAL).all(axis=1)]
    return np.concatenate([triangles, mirror[triangles][:, ::-1]])


def build():
    """Everything that the file holds."""
    run = landmark_model()
    raw = portrait_shape(run)
    mirror = mirror_vertices(raw)
    portrait = upright(raw, mirror)
    greys = [run(np.full((SIZE, SIZE, 3), grey, np.uint8)) for grey in range(64, 201, 17)]
    expected = np.mean([upright(g, mirror) for g in greys], axis=0)
    shape = upright(proportion(close_lips(neutral(portrait, expected), mirror)), mirror)
    return shape, mirror, triangulate(portrait, mirror)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the stored file, write nothing")
    shape, mirror, triangles = build()
    if parser.parse_args().check:
        stored = json.loads(OUT.read_text(encoding="utf-8"))
        apart = np.abs(np.array(stored["vertices"]) - shape).max()
        same = np.array_equal(stored["mirror"], mirror)
        print(f"largest difference {apart:.6f} IOD; mirror table {'the same' if same else 'DIFFERS'}")
        return
    rows = {
        "source": "Made by benchmarks/make_neutral_mesh.py: answers of the MediaPipe face landmark model "
        "(Apache-2.0) to scikit-image's public-domain astronaut portrait (NASA) and to evenly grey "
        "pictures, averaged, made upright and symmetric.",
        "units": "inter-ocular distance = 1; origin midway between the eye centres; x to the image's right "
        "(the subject's left), y down, z away from the camera",
        "vertices": np.round(shape, 5).tolist(),
        "mirror": mirror.tolist(),
        "triangles": triangles.tolist(),
    }
    text = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in rows.items())
    OUT.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}: {len(shape)} vertices, {len(triangles)} triangles")


if __name__ == "__main__":
    main()
