"""What systems on raw frames must show, on clips that `fleeting synth clips` made."""

import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from fleeting import systems
from fleeting.bench import load_examples
from fleeting.core import Examples
from fleeting.evaluation import Fold
from fleeting.motion import dis_flow
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS, pupil_distance
from recognition_runs import CLIPS, pooled, runs_of
from shows import FOLDER, LEARNT, against, measure, table
from shows_strong import EACH, JUDGED, TOLD, strong

MADE = (
    "`fleeting synth clips --count 120 --subjects 20 --seed 3`, prepared by `fleeting datasets prepare csv`"
)

COUNT = 107
"""Of the 120 clips; the others show no expression."""
STAGED_SEEDS = 3


def clips(*inputs: str) -> Examples:
    """Rows of the made clips; SHOWS_CLIPS names their table."""
    return load_examples("csv", os.environ["SHOWS_CLIPS"], inputs=inputs)


def maker(name: str, switches: dict[str, Any], **training: Any) -> Callable[[int], Any]:
    return lambda seed: systems.create(name, seed=seed, training={"batch_size": 16, **training}, **switches)


def mpfnet() -> list[str]:
    """From the runs that `recognition.py` has made; those that it has not are left out."""
    variants = {
        f"{kind}, {how}": runs_of(f"mpfnet-{kind.lower()}", CLIPS, STAGED_SEEDS, switches)
        for kind in "PC"
        for how, switches in (("in stages", {}), ("all at once", {"progressive": False}))
    }
    size = {"n": COUNT, "subjects": 20, "folds": 5, "probes": {}}
    told = {label: pooled(runs) for label, runs in variants.items()}
    found = [one | size | {"label": label} for label, one in told.items() if one is not None]
    return [
        "## MPFNet: two encoders, in stages",
        "",
        f"Clips: {MADE}. 45 epochs in all, as the preset says: three stages of 15, or one of 45; the runs"
        " are those of [recognition.md](recognition.md). That no stage sees the person who is"
        " left out is a test (`tests/systems/recognition/test_mpfnet.py`).",
        "",
        *table(found),
    ]


MOL_PROBES = ("flow error", "no flow", "flow rms", "no flow rms", "landmark error", "mean face")
LONG = "mirrored and moved, 40 epochs"
ALONE = {"flow_task": False, "landmark_task": False}
MOL_VARIANTS: dict[
    str, tuple[dict[str, Any], dict[str, Any]]
] = {  # switches and training, the cheapest first
    "recognition alone": (ALONE, {}),
    "alone, first weights and rates as released": (ALONE | {"motion_start": False}, {}),
    "alone, clips mirrored and moved": (ALONE, {"augment": True}),
    "recognition and landmarks": ({"flow_task": False}, {}),
    "joint": ({}, {}),
    "joint, clips mirrored and moved": ({}, {"augment": True}),
    f"alone, {LONG}": (ALONE, {"augment": True, "epochs": 40}),
    f"joint, {LONG}": ({}, {"augment": True, "epochs": 40}),
}
MOL_TRAINING: dict[str, Any] = {
    "epochs": 10,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "augment": False,
}


def mol_variant(label: str, rows: Examples, split: Fold) -> dict[str, Any]:
    """A variant's result, measured once; remove the folder ``mol`` of the cache to measure anew."""
    switches, changes = MOL_VARIANTS[label]
    path = FOLDER / "mol" / f"{label}.json"
    told = {"switches": switches, "training": MOL_TRAINING | changes, "clips": TOLD}
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before["of"] == told:
            return before["found"]
    made = maker("mol", switches, **MOL_TRAINING | changes)
    found = measure(label, made, rows, probe=errors, split=split)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"of": told, "found": found}), encoding="utf-8")
    return found


def mol() -> list[str]:
    rows = strong()
    judged = np.arange(JUDGED * EACH)
    split = Fold("judged", np.arange(len(judged), len(rows)), judged)
    found = [mol_variant(label, rows, split) for label in MOL_VARIANTS]
    by = {one["label"]: one for one in found}
    machines: dict[str, Any] = {
        "svm-flow, measured flow maps": None,
        "svm-flow, differences of frames": as_differences,
    }
    found += [
        measure(label, lambda _: systems.create("svm-flow"), rows, probe=errors, change=change, split=split)
        for label, change in machines.items()
    ]
    names = (LEARNT, *MOL_PROBES)
    return [
        "## MOL: recognition, flow and landmarks together",
        "",
        f"Clips: {TOLD}. Flow and landmarks to learn from, and to compare with, are those that were planted."
        f" Preset `small`, {MOL_TRAINING['epochs']} epochs from a rate of {MOL_TRAINING['learning_rate']:g}"
        " down to 0, clips as they are but where the row says so. First weights and rates were chosen by"
        " learning from 24 of these people and asking about 16 others: those judged here were learnt from"
        " then, and 16 learnt from here asked about. The linear machine is there twice: with the flow maps"
        " that DIS measures from onset to apex, as what can be told from these clips, and with frames 4, 5"
        " and 6 less the first, as what a line through raw frames tells.",
        "",
        *table(found, names),
        "Joint less recognition alone, both mirrored and moved:"
        f" {against(by['joint, clips mirrored and moved'], by['alone, clips mirrored and moved'])}; after 40"
        " epochs:"
        f" {against(by[f'joint, {LONG}'], by[f'alone, {LONG}'])}.",
        "",
        "Flow error: mean end-point error against what was planted, pixels of 128; no flow: the error of"
        " saying that nothing moves; DIS between the same frames:"
        f" {measured_flow(rows.take(judged)):.4f}; rms: the root of the mean squared error, which the head"
        " learns by (empty: not taken then). Landmark error: mean distance over that of the pupils;"
        " mean face: of the mean of the held-out landmarks, which the network cannot know.",
        "",
    ]


def as_differences(rows: Examples, learn: bool) -> Examples:
    """Frames 4 to 6 less the first, in the place of the flow map: ``(N, 28, 28, 3)``."""
    del learn
    frames = torch.from_numpy(rows.inputs["clip8"]).float()
    maps = F.interpolate(frames[:, 3:6] - frames[:, :1], size=(28, 28), mode="area")
    return replace(rows, inputs=dict(rows.inputs) | {"flowmap28": maps.permute(0, 2, 3, 1).numpy()})


def measured_flow(rows: Examples) -> float:
    """End-point error of DIS between the frames of all clips."""
    found = [
        np.linalg.norm(dis_flow(*pair) - known, axis=-1).mean()
        for frames, flows in zip(rows.inputs["clip8"], rows.inputs[FLOW], strict=True)
        for pair, known in zip(itertools.pairwise(frames), flows, strict=True)
    ]
    return float(np.mean(found))


def errors(made: Any, sealed: Examples) -> dict[str, float]:
    """End-point error of flow and landmark error of held-out rows."""
    if not hasattr(made, "tell"):  # the linear machine
        return {}
    told = made.tell(sealed)
    found = dict.fromkeys(MOL_PROBES, float("nan"))
    if "flow" in told:
        known = torch.from_numpy(sealed.inputs[FLOW]).float().permute(0, 1, 4, 2, 3)
        found["flow error"] = float((told["flow"] - known).norm(dim=2).mean())
        found["no flow"] = float(known.norm(dim=2).mean())
        found["flow rms"] = float((told["flow"] - known).square().sum(2).mean().sqrt())
        found["no flow rms"] = float(known.square().sum(2).mean().sqrt())
    if "landmarks" in told:
        points = torch.from_numpy(sealed.inputs[LANDMARKS]).float()
        apart = pupil_distance(points)[..., None]
        found["landmark error"] = float(((told["landmarks"] - points).norm(dim=3) / apart).mean())
        found["mean face"] = float(((points.mean((0, 1)) - points).norm(dim=3) / apart).mean())
    return found


SECTIONS: dict[str, Callable[[], list[str]]] = {"mpfnet": mpfnet, "mol": mol}
