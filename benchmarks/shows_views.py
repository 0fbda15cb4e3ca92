"""What MicroAttNet must show on `synth-4d`: two views against one, several labels, error of the apex."""

import hashlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fleeting import systems
from fleeting.core import Examples
from fleeting.evaluation import (
    kfold,
    paired_test,
    subject_bootstrap,
    subject_unit_counts,
    unit_f1,
    unit_macro_f1,
)
from fleeting.motion import crop_sequence, dis_flow, find_apex_of_views, motion_of_views, view_flow_maps
from fleeting.synth import FourD, FourDClip, read_4d
from fleeting.synth.fourd import EMOTIONS
from shows import FOLDER, examples

MADE = "`write_4d(folder, count=160, subjects=20, seed=5)`"
INPUT = "flowviews28"
FOLDS, SEEDS = 3, 2
CHOSEN = (
    "How the head is taken out was chosen on other clips (`count=40, subjects=8, seed=9`), by frames off for"
    " the detector and by the cosine with the flow of a head that stands still for the maps."
)


def grey(images: np.ndarray) -> np.ndarray:
    """Grey views ``(2, T, H, W)`` uint8."""
    return np.round(images @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def faces(clip: FourDClip) -> np.ndarray:
    """Both views cut to the face at the onset, one box a sequence, ``(2, T, 96, 96)`` grey."""
    views, cut = grey(clip.images), []
    for frames, face in zip(views, clip.face, strict=True):
        y, x = np.nonzero(face)
        box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
        part = crop_sequence(frames, np.repeat(box[None], len(frames), 0))
        cut.append([cv2.resize(one, (96, 96), interpolation=cv2.INTER_LINEAR) for one in part])
    return np.array(cut)


def kept_as() -> Path:
    """File of the maps, named after how they are made and of what."""
    files = [Path(inspect.getfile(one)) for one in (view_flow_maps, dis_flow)]
    parts = [one.read_text("utf-8") for one in (*files, Path(os.environ["SHOWS_4D"], "fourd.json"))]
    parts += [inspect.getsource(one) for one in (one_clip, faces, grey)]
    return FOLDER / f"views-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:12]}.npz"


def one_clip(clip: FourDClip) -> dict[str, np.ndarray]:
    """Apexes found and maps of a clip."""
    views = faces(clip)
    each, drifting = (
        [motion_of_views(one[None], returns=returns) for one in views] for returns in (True, False)
    )
    curves = (np.mean(each, 0), *each, np.mean(drifting, 0))
    told = [find_apex_of_views(views, moved=one) for one in curves]
    at = min(max(told[0], clip.onset + 1), clip.offset)
    made = {"marks": np.array([clip.onset, clip.apex, clip.offset, views.shape[1]]), "found": np.array(told)}
    for name, apex, returns in (
        ("planted", clip.apex, True),
        ("detected", at, True),
        ("lingering", at, False),
    ):
        made[name] = view_flow_maps(views, clip.onset, apex, clip.offset, returns=returns)
    return made


def prepared() -> dict[str, np.ndarray]:
    """Apexes and maps of every clip, kept; SHOWS_4D names the folder of the set."""
    path = kept_as()
    if path.exists():
        with np.load(path) as stored:
            return dict(stored)
    clips: FourD = read_4d(os.environ["SHOWS_4D"])
    rows = [one_clip(clip) for clip in clips]
    made = {key: np.stack([one[key] for one in rows]) for key in rows[0]}
    made |= {"labels": clips.labels.astype(np.int64), "subjects": clips.subjects}
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez(path, **made)
    return made


def halved(maps: np.ndarray, *, turned: bool) -> np.ndarray:
    """Let each movement show on one half of the face by chance; seen by the camera of that side alone or not.

    Halves are those of the picture. ``turned``: a camera sees only the half that is turned to it.
    """
    made = maps.copy()
    right = np.random.default_rng(0).random(len(maps)) < 0.5
    half = maps.shape[4] // 2
    made[right, ..., :half, :] = 0
    made[~right, ..., half:, :] = 0
    if turned:
        made[:, 0, ..., half:, :] = 0
        made[:, 1, ..., :half, :] = 0
    return made


def apexes(made: dict[str, np.ndarray]) -> list[str]:
    marks, found = made["marks"], made["found"]
    guesses = {
        "both views": found[:, 0],
        "left alone": found[:, 1],
        "right alone": found[:, 2],
        "both views, what remains at the end left in": found[:, 3],
        "middle between onset and offset": (marks[:, 0] + marks[:, 2]) // 2,
        "middle of the clip": marks[:, 3] // 2,
    }
    lines = [
        "| apex from | frames off [95 %] | minus both views | within 1 frame | within 2 |",
        "|---|---|---|---|---|",
    ]
    sums = {name: sums_of(np.abs(at - marks[:, 1]), made["subjects"]) for name, at in guesses.items()}
    for name, at in guesses.items():
        off = np.abs(at - marks[:, 1])
        spread = subject_bootstrap(sums[name], mean_of)
        pair = paired_test(sums[name], sums["both views"], mean_of)
        gap = f"{pair.difference:+.2f} [{pair.low:+.2f}, {pair.high:+.2f}]" if name != "both views" else ""
        lines.append(
            f"| {name} | {spread.value:.2f} [{spread.low:.2f}, {spread.high:.2f}] | {gap} |"
            f" {np.mean(off <= 1):.0%} | {np.mean(off <= 2):.0%} |"
        )
    length = (marks[:, 2] - marks[:, 0]).mean()
    return [*lines, "", f"Movements last {length:.1f} frames on average, 60 a second.", ""]


def sums_of(values: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Sum and count of each person."""
    mine = [owners == one for one in sorted(set(owners.tolist()))]
    return np.array([[values[one].sum(), one.sum()] for one in mine], float)


def mean_of(sums: np.ndarray) -> np.ndarray:
    """Mean of all from sums and counts of people ``(..., 2)``."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def measured(label: str, make: Callable[[int], Any], rows: Examples) -> dict[str, Any]:
    """Folds over people, held-out rows sealed; counts of each label, pooled over folds and seeds."""
    total = 0
    for seed in range(SEEDS):
        said = np.zeros(rows.labels.shape, int)
        for fold in kfold(rows.subjects, FOLDS, seed=0):
            made = make(seed).fit(rows.take(fold.train))
            said[fold.test] = np.asarray(made.predict(rows.take(fold.test).sealed())) > 0.5
        total = total + subject_unit_counts(rows.labels, said, rows.subjects)[1]
    print(label, f"{unit_macro_f1(total.sum(0)):.3f}", flush=True)
    return {"label": label, "counts": total, "parameters": made.parameters()}


def table(found: list[dict[str, Any]]) -> list[str]:
    first = found[0]
    lines = [
        "| variant | macro-F1 [95 %] | minus first | " + " | ".join(EMOTIONS) + " | parameters |",
        "|---|---|---|" + "---|" * (len(EMOTIONS) + 1),
    ]
    for one in found:
        spread = subject_bootstrap(one["counts"], unit_macro_f1)
        gap = ""
        if one is not first:
            gap = gap_of(one, first)
        cells = [
            one["label"],
            f"{spread.value:.3f} [{spread.low:.3f}, {spread.high:.3f}]",
            gap,
            *(f"{value:.2f}" for value in unit_f1(one["counts"].sum(0))),
            f"{one['parameters']:,}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def gap_of(one: dict[str, Any], other: dict[str, Any]) -> str:
    pair = paired_test(one["counts"], other["counts"], unit_macro_f1)
    return f"{pair.difference:+.3f} [{pair.low:+.3f}, {pair.high:+.3f}], p {pair.p_value:.3f}"


def always(rows: Examples) -> dict[str, Any]:
    """Says every label of every clip: the best that can be said without looking."""
    counts = subject_unit_counts(rows.labels, np.ones(rows.labels.shape, int), rows.subjects)[1]
    return {"label": "every label of every clip", "counts": counts * SEEDS, "parameters": 0}


def rows_of(made: dict[str, np.ndarray], maps: np.ndarray) -> Examples:
    return examples({INPUT: maps}, made["labels"], EMOTIONS, made["subjects"])


def trained(made: dict[str, np.ndarray], maps: np.ndarray, *variants: str) -> list[dict[str, Any]]:
    """Measure some variants on maps."""

    def maker(**switches: Any) -> Callable[[int], Any]:
        return lambda seed: systems.create("microattnet", seed=seed, **switches)

    both, turned = rows_of(made, maps), rows_of(made, maps[:, ::-1].copy())
    known = {
        "two views": (maker(), both),
        "left view alone": (maker(two_views=False), both),
        "right view alone": (maker(two_views=False), turned),
        "onset to apex alone, two views": (maker(two_phases=False), both),
    }
    return [measured(name, *known[name]) for name in variants or known]


def microattnet() -> list[str]:
    made = prepared()
    rows = rows_of(made, made["detected"])
    views = ("two views", "left view alone")
    detected = trained(made, made["detected"])
    planted = trained(made, made["planted"], *views)
    lingering = trained(made, made["lingering"], "two views", "onset to apex alone, two views")
    far = trained(made, halved(made["detected"], turned=True), *views)
    near = trained(made, halved(made["detected"], turned=False), *views)
    share = ", ".join(
        f"{name} {value:.0%}" for name, value in zip(EMOTIONS, rows.labels.mean(0), strict=True)
    )
    return [
        "## Triple-Stream MicroAttNet: two views of 4D clips",
        "",
        f"Clips: {MADE}, two cameras 30 degrees apart, 112 px, a head that drifts slowly, 5 emotions of which"
        f" several may hold ({share}). Faces are cut by the mask of the onset. The apex is the detector's,"
        " in both views, or as planted; onset and offset as planted.",
        "",
        CHOSEN,
        "",
        *apexes(made),
        "The detector's apex; what differs between onset and offset taken off the maps:",
        "",
        *table([*detected, always(rows)]),
        "The apex as planted:",
        "",
        *table(planted),
        f"Both views, the planted apex minus the detector's: {gap_of(planted[0], detected[0])}.",
        "",
        "The detector's apex; an affine motion alone taken off the maps:",
        "",
        *table(lingering),
        f"Both views, the first table minus this one: {gap_of(detected[0], lingering[0])}.",
        "",
        "The maps of the first table made one-sided: one half of the face, by chance, moves, and a camera"
        " sees the half that is turned to it alone. Here two views must help:",
        "",
        *table(far),
        "The same, but both cameras see both halves. Here they need not:",
        "",
        *table(near),
        f"{len(rows)} clips of {len(set(rows.subjects.tolist()))} people, {FOLDS} folds over people,"
        f" {SEEDS} seed(s); preset `small`, 60 epochs. Columns of emotions: F1 of each.",
        "",
    ]


SECTIONS: dict[str, Callable[[], list[str]]] = {"microattnet": microattnet}
