"""End-point error of flow: networks against DIS, Farneback and TV-L1, on faces whose flow is known.

    python benchmarks/flow.py FOLDER [--part errors] [--method DIS] [--network NAME=DIR ...] [--page FILE]

Pairs are made by `flow_sets.py` into FOLDER, settings of classical flow chosen by `flow_classical.py`,
networks trained by `flow_train.py`. What was measured is kept in FOLDER/measured.json, part by part and
method by method, and `--page` writes the tables from there. Networks whose name begins with "3 passes, "
stand in the table of losses alone, each against "3 passes, whole".
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import torch

from fleeting import systems
from fleeting.core import CROP
from fleeting.evaluation import confusion, paired_test, subject_bootstrap, uf1
from fleeting.face import crop_transform, find_faces
from fleeting.motion import FlowNetwork, dis_flow, farneback_flow, flow_map, sample_crop
from fleeting.synth import CameraSettings, Plant, plant
from flow_classical import Flow, best_of, choose, tvl1
from flow_sets import SETS, grey, pairs

JUDGED = ("judged on", "small motion", "other basis")
SIZES = ((0.0, 0.3), (0.3, 1.0), (1.0, 3.0), (3.0, 99.0))
CLASSES = ("negative", "positive", "surprise")
PLANTS = ((12,), (1, 2), (4,), (15,))
STRENGTHS = (0.5, 1.0, 2.0, 4.0)  # percent of the eye distance
GOAL = 42  # percent
SHORT, WHOLE = "3 passes, ", "whole"
SLOW = 4  # TV-L1 is measured on every fourth pair


def zero(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.zeros((*first.shape, 2), np.float32)


def methods(root: Path, networks: dict[str, Path]) -> dict[str, Flow]:
    found: dict[str, Flow] = {"zero": zero, "DIS": dis_flow, "Farneback": farneback_flow, "TV-L1": tvl1}
    if (root / "chosen_on" / "classical.json").exists():
        found |= {f"{method}, chosen": flow for method, (_, flow) in best_of(root).items()}
    return found | {name: network(folder) for name, folder in networks.items()}


def network(folder: Path) -> Flow:
    """The exported network, or what its weights say."""
    if (folder / "model.onnx").exists():
        return FlowNetwork(folder)
    torch.set_num_threads(1)
    return systems.load(folder).flow


def every(name: str) -> int:
    return SLOW if name.startswith("TV-L1") else 1


def errors(root: Path, name: str, flow: Flow) -> dict:
    """Mean error over the visible face of each pair, milliseconds a pair, and over the whole picture."""
    measured = {}
    for one in JUDGED:
        rows, took = [], 0.0
        for pair in list(pairs(root, one))[:: every(name)]:
            first, second = grey(pair.image_1), grey(pair.image_2)
            began = time.thread_time()
            found = flow(first, second)
            took += time.thread_time() - began
            off = np.hypot(*np.moveaxis(found - pair.flow, -1, 0))
            counts = pair.face & pair.visible
            rows.append(
                [pair.row["subject"], pair.row["highest_px"], float(off[counts].mean()), float(off.mean())]
            )
        measured[one] = {"pairs": rows, "ms": round(1000 * took / len(rows), 1)}
    return measured


def interval(rows: list, at: int = 2) -> tuple[float, float, float]:
    """Mean over pairs and its 95 % interval over people."""
    people = sorted({row[0] for row in rows})
    sums = np.array([[sum(r[at] for r in rows if r[0] == p), sum(r[0] == p for r in rows)] for p in people])
    found = subject_bootstrap(sums, lambda pooled: pooled[..., 0] / np.maximum(pooled[..., 1], 1))
    return found.value, found.low, found.high


def both(rows: list, other: list) -> np.ndarray:
    """Sums of two methods' errors, and their count, for each person ``(P, 3)``."""
    people = sorted({row[0] for row in rows})
    sums = [
        [sum(r[2] for r in part if r[0] == p) for part in (rows, other)] + [sum(r[0] == p for r in rows)]
        for p in people
    ]
    return np.array(sums)


def less(rows: list, other: list) -> str:
    """How much less error than another method has, percent, with its interval over people."""
    found = subject_bootstrap(both(rows, other), lambda s: 100 * (1 - s[..., 0] / s[..., 1]))
    return f"{found.value:.0f} % [{found.low:.0f}, {found.high:.0f}]"


def gap(rows: list, other: list) -> str:
    """Error minus that of another method, thousandths of a pixel, with its interval over people."""
    found = subject_bootstrap(both(rows, other), lambda s: 1000 * (s[..., 0] - s[..., 1]) / s[..., 2])
    return f"{found.value:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"


def goal(found: dict) -> list[str]:
    """Each network against the best classical flow that was run on every pair, all pairs and by motion."""
    classical = [name for name in found if name.partition(",")[0] in ("DIS", "Farneback")]
    networks = [name for name in found if name.startswith("network")]
    rows = []
    for one, name in product(JUDGED, networks):
        rival = min(classical, key=lambda name: interval(found[name][one]["pairs"])[0])
        mine, other = (found[which][one]["pairs"] for which in (name, rival))
        cells = [less(mine, other)]
        for a, b in SIZES:
            some = [at for at, row in enumerate(mine) if a <= row[1] < b]
            cells.append(less([mine[at] for at in some], [other[at] for at in some]) if some else "")
        value = subject_bootstrap(both(mine, other), lambda s: 100 * (1 - s[..., 0] / s[..., 1])).value
        rows.append([one, name, rival, *cells, "reached" if value >= GOAL else "not reached"])
    sizes = ["below 0.3", "0.3 to 1", "1 to 3", "above 3 px"]
    return [table(["set", "flow", "best classical", "less error [95 %]", *sizes, f"{GOAL} %"], rows), ""]


def losses(found: dict) -> list[str]:
    """What each loss does: networks of three passes, each against the whole one."""
    names = [name for name in found if name.startswith(SHORT)]
    whole = found.get(SHORT + WHOLE)
    if whole is None:
        return []
    rows = []
    for name in names:
        cells = []
        for one in JUDGED:
            mine = found[name][one]["pairs"]
            cells += [f"{interval(mine)[0]:.4f}"]
            cells += ["" if name == SHORT + WHOLE else gap(mine, whole[one]["pairs"])]
        rows.append([name.removeprefix(SHORT), *cells])
    return [
        table(["network", *(part for one in JUDGED for part in (one, "minus whole, 0.001 px"))], rows),
        "",
    ]


def label_of(aus: str) -> int:
    """Class of the units that act: 12 is positive; 1, 2, 5, 25, 26 alone surprise; all else negative."""
    units = {int(one) for one in aus.split("+")}
    if 12 in units:
        return 1
    return 2 if units <= {1, 2, 5, 25, 26} else 0


def face_map(flow: np.ndarray, face: np.ndarray) -> np.ndarray:
    """The field's 28 x 28 map of the box around the face."""
    y, x = np.nonzero(face)
    return flow_map(flow[y.min() : y.max() + 1, x.min() : x.max() + 1], 28)


def downstream(root: Path, name: str, flow: Flow) -> dict:
    """UF1 of a linear machine on maps of this flow: learnt on "learnt 1", judged on other people."""
    from sklearn.svm import LinearSVC

    def rows(one: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        kept = [p for p in pairs(root, one) if p.row["kind"] == "expression" and p.row["aus"]]
        maps = [face_map(flow(grey(p.image_1), grey(p.image_2)), p.face) for p in kept]
        labels = np.array([label_of(p.row["aus"]) for p in kept])
        return np.stack(maps).reshape(len(kept), -1) / 255.0, labels, [p.row["subject"] for p in kept]

    given, labels, _ = rows("learnt 1")
    model = LinearSVC(C=0.01, class_weight="balanced", max_iter=5000).fit(given, labels)
    measured = {}
    for one in JUDGED[:2]:
        given, labels, people = rows(one)
        told = model.predict(given)
        counts = np.stack(
            [
                confusion(labels[mine], told[mine], (0, 1, 2))
                for mine in (np.array(people) == person for person in sorted(set(people)))
            ]
        )
        found = subject_bootstrap(counts, uf1)
        value = [found.value, found.low, found.high]
        measured[one] = {"pairs": len(labels), "uf1": value, "counts": counts.tolist()}
    return measured


def real_faces() -> Iterator[tuple[str, np.ndarray]]:
    from skimage import data

    yield "portrait", np.ascontiguousarray(data.astronaut()[:320, 60:380])
    if "FLEETING_DATA" in os.environ:
        path = Path(os.environ["FLEETING_DATA"]) / "faces" / "single_face.jpg"
        yield "real face", cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def photographs(_root: Path, _name: str, flow: Flow) -> dict:
    """Planted motion in photographs of real people, cut as `analyze` cuts; and nothing but noise."""
    measured = {}
    for who, picture in real_faces():
        landmarks = find_faces(picture)[0]
        for strength in (0.0, *STRENGTHS):
            rows = []
            for number, units in enumerate(PLANTS):
                planted = [Plant(units, strength_percent=strength or 1.0, at_s=0.2, duration_s=0.4)]
                camera = CameraSettings(noise=2.0)
                clip = plant(
                    picture, planted, fps=10, duration_s=0.8, seed=number, camera=camera, landmarks=landmarks
                )
                first, *rest = (grey(one) for one in clip.frames())
                at = 0 if strength == 0 else int(np.argmax(clip.strengths(clip.times).max(1))) - 1
                rows.append(crop_error(flow, clip, landmarks, first, rest[at], clip.times[at + 1]))
            measured[f"{who}, {strength:g} %"] = np.mean(rows, 0).tolist()
    return measured


def crop_error(flow, clip, landmarks, first, second, time_s) -> list[float]:
    """Error and mean true motion, pixels of a crop with the eyes 44 pixels apart."""
    transform = crop_transform(landmarks, CROP)
    crops = [sample_crop(one, transform, CROP) for one in (first, second)]
    x, y = np.meshgrid(np.arange(CROP.width), np.arange(CROP.height))
    back = cv2.invertAffineTransform(np.asarray(transform, np.float64)[:2])
    points = np.stack([x.ravel(), y.ravel()], 1) @ back[:, :2].T + back[:, 2]
    true = (clip.flow_at(points, 0.0, float(time_s)) @ np.asarray(transform)[:2, :2].T).reshape(*x.shape, 2)
    off = np.hypot(*np.moveaxis(flow(*crops) - true, -1, 0))
    size = np.hypot(*np.moveaxis(true, -1, 0))
    return [float(off.mean()), float(size.mean())]


PARTS = {"errors": errors, "downstream": downstream, "photographs": photographs}


def load(root: Path) -> dict:
    path = root / "measured.json"
    return json.loads(path.read_text()) if path.exists() else {}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def page(root: Path) -> str:
    """The tables, as markdown."""
    found, parts = load(root), []
    for one in JUDGED:
        rows = []
        for name, measured in found.get("errors", {}).items():
            if name.startswith(SHORT):
                continue
            given = measured[one]["pairs"]
            value, low, high = interval(given)
            sized = [[r for r in given if a <= r[1] < b] for a, b in SIZES]
            cells = [f"{np.mean([r[2] for r in part]):.3f}" if part else "" for part in sized]
            ms = measured[one]["ms"]
            rows.append([name, str(len(given)), f"{value:.4f} [{low:.4f}, {high:.4f}]", *cells, f"{ms:g}"])
        sizes = ["below 0.3", "0.3 to 1", "1 to 3", "above 3 px"]
        told = SETS[one]
        parts += [f"**{one}** ({told[0]} pairs, {told[1]} people, seed {told[2]})\n"]
        parts += [table(["flow", "pairs", "error, px [95 %]", *sizes, "ms"], rows), ""]
    parts += goal(found["errors"]) + losses(found["errors"])
    if "downstream" in found:
        rows = []
        for name, measured in found["downstream"].items():
            cells = [name]
            for one in JUDGED[:2]:
                cells.append("{:.3f} [{:.3f}, {:.3f}]".format(*measured[one]["uf1"]))
                counts = [np.array(given[one]["counts"]) for given in (measured, found["downstream"]["DIS"])]
                told = paired_test(*counts, uf1)
                cells.append(
                    "" if name == "DIS" else f"{told.difference:+.3f} [{told.low:+.3f}, {told.high:+.3f}]"
                )
            rows.append(cells)
        head = [part for one in JUDGED[:2] for part in (f"UF1, {one}", "minus DIS")]
        parts += [table(["flow", *head], rows), ""]
    if "photographs" in found:
        seen = found["photographs"]
        cases = list(next(iter(seen.values())))
        rows = [[case, f"{next(iter(seen.values()))[case][1]:.3f}"] for case in cases]
        rows = [[*row, *(f"{one[row[0]][0]:.3f}" for one in seen.values())] for row in rows]
        parts += [table(["planted", "mean motion, px", *seen], rows), ""]
    best = [f"- {method}: {told}" for method, (told, _) in best_of(root).items()]
    return "\n".join([*parts, f"Chosen among {len(choose(root, ''))} settings:\n", *best]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=PARTS, action="append", default=[])
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--network", action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--page", type=Path)
    args = parser.parse_args()
    networks = {name: Path(folder) for name, _, folder in (one.partition("=") for one in args.network)}
    for part in args.part:
        for name, flow in methods(args.folder, networks).items():
            if name in (args.method or [name]):
                measured = PARTS[part](args.folder, name, flow)
                found = load(args.folder)
                found.setdefault(part, {})[name] = measured
                (args.folder / "measured.json").write_text(json.dumps(found))
                print(part, name, flush=True)
    if args.page:
        args.page.write_text(page(args.folder), encoding="utf-8")


if __name__ == "__main__":
    main()
