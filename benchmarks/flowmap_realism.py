"""Do flow maps without pixels teach what holds on real flow maps?

    python benchmarks/flowmap_realism.py [NAME ...] [--count N] [--seeds 0 1] [--log looks.jsonl]

Trains light classifiers on `fleeting.synth.flowmaps` alone and scores them on the real maps in the folder
FLEETING_DATA (smic_flow/smic_flow.npz: 164 maps, 16 subjects). Every row is one look at these maps; with
--log rows are appended to a file, so that looks can be counted. NAME is one of `VARIANTS`; without names all
are run. Nothing here is trained or fitted on the real maps.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fleeting.evaluation import majority_matrix, paired_test, subject_bootstrap, subject_confusions, uar, uf1
from fleeting.synth import FlowMaps, FlowMapSettings, flowmaps

THREE = (1.0, 1.0, 1.0, 0.0)
BASE = FlowMapSettings(class_shares=THREE)
VARIANTS: dict[str, FlowMapSettings] = {
    "all": BASE,
    "crop fixed": replace(BASE, crop_spread=0.0, crop_jitter=0.0),
    "crop 15 % looser": replace(BASE, usual_crop=(-0.955, -0.644, 1.909, 2.369)),
    "single units": replace(BASE, single_units=True),
    "table CASME II only": replace(BASE, tables=("CASME II",)),
    "all three tables": replace(BASE, tables=("CASME II", "SAMM", "CAS(ME)^3")),
    "no noise": replace(BASE, noise_percent=0.0, outliers=0.0),
    "noise twice": replace(BASE, noise_percent=1.2),
    "outliers 1 %": replace(BASE, outliers=0.01),
    "no TV smoothness": replace(BASE, smoothness_percent=0.0),
    "no head residue": replace(BASE, head_percent=0.0),
    "head residue three times": replace(BASE, head_percent=0.9),
    "no blinks, no gaze": replace(BASE, blink_share=0.0, gaze_share=0.0),
    "no asymmetry": replace(BASE, asymmetry=0.0, one_sided=0.0),
    "one person's shape and motion": replace(BASE, shape=0.0, motion=0.0),
}


def own_scale(maps: np.ndarray) -> np.ndarray:
    """Half the size, and each picture's channels to median 0 and standard deviation 1: ``(N, 588)``."""
    small = maps.astype(np.float32).reshape(len(maps), 14, 2, 14, 2, 3).mean((2, 4))
    centred = small - np.median(small, axis=(1, 2), keepdims=True)
    spread = np.sqrt((centred**2).mean((1, 2), keepdims=True))
    return np.clip(centred / np.maximum(spread, 1e-6), -4, 4).reshape(len(maps), -1)


def as_scaled(maps: np.ndarray) -> np.ndarray:
    """Half the size, grey levels as they are."""
    small = maps.astype(np.float32).reshape(len(maps), 14, 2, 14, 2, 3).mean((2, 4))
    return small.reshape(len(maps), -1)


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"own scale": own_scale, "as scaled": as_scaled}


def classifier(name: str, seed: int) -> object:
    """Light classifiers with settings that were fixed before the first look."""
    if name == "linear":
        return make_pipeline(
            StandardScaler(), PCA(100, random_state=seed), LogisticRegression(C=0.01, max_iter=300)
        )
    network = MLPClassifier((96,), alpha=0.1, max_iter=12, batch_size=128, random_state=seed)
    return make_pipeline(StandardScaler(), PCA(150, random_state=seed), network)


def real_maps() -> dict[str, np.ndarray]:
    """Load the development set, from FLEETING_DATA."""
    if "FLEETING_DATA" not in os.environ:
        raise SystemExit("set FLEETING_DATA to the folder with the real flow maps")
    with np.load(Path(os.environ["FLEETING_DATA"]) / "smic_flow" / "smic_flow.npz") as data:
        return {name: data[name] for name in ("image_uvs", "label", "subject")}


def real_rows(made: FlowMaps) -> FlowMaps:
    keep = made.labels < 3
    return FlowMaps(made.maps[keep], made.labels[keep], made.aus[keep], made.subjects[keep])


def look(
    name: str, real: dict[str, np.ndarray], *, count: int, seeds: list[int], feature: str, kinds: list[str]
) -> list[dict]:
    """Train on one variant and score it, seeds pooled: one row for each classifier."""
    counts: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
    inner: dict[str, list[float]] = {kind: [] for kind in kinds}
    start = time.process_time()
    for seed in seeds:
        made = real_rows(flowmaps(count, seed=seed, settings=VARIANTS[name]))
        held = real_rows(flowmaps(1000, seed=1000 + seed, settings=replace(VARIANTS[name], label_noise=0.0)))
        for kind in kinds:
            model = classifier(kind, seed).fit(FEATURES[feature](made.maps), made.labels)
            told = model.predict(FEATURES[feature](real["image_uvs"]))
            counts[kind].append(by_subject(real["label"], told, real["subject"]))
            own = model.predict(FEATURES[feature](held.maps))
            inner[kind].append(float(uf1(by_subject(held.labels, own, held.subjects).sum(0))))
    rows = []
    for kind in kinds:
        every = [float(uf1(one.sum(0))) for one in counts[kind]]
        pooled = np.sum(counts[kind], axis=0)
        row = dict(variant=name, feature=feature, classifier=kind, count=count, seeds=seeds)
        row |= dict(synthetic=float(np.mean(inner[kind])), each=every, cpu_s=time.process_time() - start)
        row |= dict(
            confusion=pooled.sum(0).tolist(),
            recall=np.round(np.diag(pooled.sum(0)) / pooled.sum((0, 2)), 3).tolist(),
        )
        rows.append(row | scores(pooled) | dict(by_subject=pooled.tolist()))
    return rows


def by_subject(truth: np.ndarray, told: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """Give one ``(3, 3)`` matrix for each subject."""
    return subject_confusions(truth, told, [0, 1, 2], subjects)[1]


def scores(counts: np.ndarray) -> dict:
    """UF1 and UAR with 95 % intervals over subjects."""
    found = {}
    for label, metric in (("uf1", uf1), ("uar", uar)):
        estimate = subject_bootstrap(counts, metric, seed=0)
        found[label] = [round(v, 3) for v in (estimate.value, estimate.low, estimate.high)]
    return found


def baselines(real: dict[str, np.ndarray]) -> list[dict]:
    """Majority class, and answers by chance in expectation (100 draws)."""
    truth, subjects = real["label"], real["subject"]
    rng = np.random.default_rng(0)
    draws = [
        float(uf1(by_subject(truth, rng.integers(3, size=len(truth)), subjects).sum(0))) for _ in range(100)
    ]
    most = by_subject(truth, np.full(len(truth), np.bincount(truth).argmax()), subjects)
    assert (majority_matrix(most.sum(0)) == most.sum(0)).all()
    return [
        dict(variant="majority") | scores(most),
        dict(variant="chance", uf1=[round(float(np.mean(draws)), 3)]),
    ]


def table(log: Path) -> str:
    """Lay the rows of a log out as Markdown, each beside "all" with the same classifier and feature."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    base = {r["classifier"]: r for r in rows if (r["variant"], r["feature"]) == ("all", "own scale")}
    lines = [
        "| variant | classifier | synthetic UF1 | UF1 (95 %) | UAR (95 %) | by seed | minus all | p |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        test = paired_test(np.array(r["by_subject"]), np.array(base[r["classifier"]]["by_subject"]), uf1)
        spans = [f"{v:.3f} ({low:.2f} to {high:.2f})" for v, low, high in (r["uf1"], r["uar"])]
        name = r["variant"] if r["feature"] == "own scale" else f"{r['variant']}, {r['feature']}"
        each = " ".join(f"{v:.2f}" for v in r["each"])
        first = f"| {name} | {r['classifier']} | {r['synthetic']:.2f} | {spans[0]} | {spans[1]} | {each} "
        beside = f"{test.difference:+.3f} | {test.p_value:.2f}" if r is not base[r["classifier"]] else " | "
        lines.append(f"{first}| {beside} |")
    return "\n".join(lines)


def speed(count: int) -> str:
    """Maps a second of processor time, with one thread of BLAS if the environment says so."""
    flowmaps(100, seed=0)
    start, wall = time.process_time(), time.perf_counter()
    flowmaps(count, seed=1)
    used, passed = time.process_time() - start, time.perf_counter() - wall
    return f"{count / used:.0f} maps per second of processor time, {count / passed:.0f} per second"


def draw(path: Path) -> None:
    """Draw a sheet of synthetic maps: a row for each class, u, v and strain side by side."""
    import cv2

    rows = []
    for label in range(4):
        shares = tuple(float(label == i) for i in range(4))
        made = flowmaps(8, seed=20 + label, subjects=8, settings=FlowMapSettings(class_shares=shares))
        tiles = [np.concatenate(np.moveaxis(one, -1, 0), axis=1) for one in made.maps]
        rows.append(np.concatenate([np.pad(tile, 1, constant_values=255) for tile in tiles], axis=1))
        names = ["+".join(str(u) for u, on in zip(made.units, row, strict=True) if on) for row in made.aus]
        print(made.classes[label], ", ".join(names))
    sheet = cv2.resize(np.concatenate(rows), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    path.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())


def run(given: argparse.Namespace) -> None:
    """Take the looks that were asked for."""
    real = real_maps()
    for row in baselines(real) if given.baselines else ():
        print(json.dumps(row))
    for name in given.variants or VARIANTS:
        rows = look(
            name, real, count=given.count, seeds=given.seeds, feature=given.feature, kinds=given.classifiers
        )
        for row in rows:
            print(json.dumps({k: v for k, v in row.items() if k != "by_subject"}), flush=True)
            if given.log:
                with given.log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", metavar="NAME")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--feature", default="own scale", choices=FEATURES)
    parser.add_argument("--classifiers", nargs="+", default=["linear", "mlp"])
    parser.add_argument("--log", type=Path, help="Append rows here, to count looks.")
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--table", type=Path, help="Only lay out a log as a table.")
    parser.add_argument("--speed", action="store_true", help="Only measure how fast maps are made.")
    parser.add_argument("--picture", type=Path, help="Only draw synthetic maps.")
    given = parser.parse_args()
    if given.table:
        print(table(given.table))
    elif given.speed:
        print(speed(20_000))
    elif given.picture:
        draw(given.picture)
    else:
        run(given)


if __name__ == "__main__":
    main()
