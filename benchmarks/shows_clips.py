"""What systems on raw frames must show, on clips that `fleeting synth clips` made."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from fleeting import systems
from fleeting.bench import load_examples
from fleeting.core import Examples
from fleeting.motion import dis_flow
from fleeting.systems.recognition.mol import FLOW, LANDMARKS, pupil_distance
from recognition_runs import CLIPS, pooled, runs_of
from shows import LEARNT, measure, table
from shows_strong import TOLD, strong

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


def mol() -> list[str]:
    rows = strong()
    variants: dict[str, dict[str, Any]] = {
        "joint": {},
        "recognition alone": {"flow_task": False, "landmark_task": False},
    }
    training = {"epochs": 30, "learning_rate": 3e-3, "schedule": "cosine"}
    found = [
        measure(label, maker("mol", one, **training), rows, probe=errors) for label, one in variants.items()
    ]
    names = (LEARNT, "flow error", "no flow", "landmark error", "mean face")
    return [
        "## MOL: recognition, flow and landmarks together",
        "",
        f"Clips: {TOLD}. Flow and landmarks to learn from, and to compare with, are those that were planted."
        " 30 epochs (180 steps) from a rate of 3e-3 down to 0.",
        "",
        *table(found, names),
        "Flow error: mean end-point error against what was planted, pixels of 128; no flow: the error of"
        f" saying that nothing moves; DIS between the same frames: {measured_flow(rows):.4f}. Landmark error:"
        " mean distance over that of the pupils; mean face: of the mean of the held-out landmarks, which the"
        " network cannot know.",
        "",
    ]


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
    told = made.tell(sealed)
    found = dict.fromkeys(("flow error", "no flow", "landmark error", "mean face"), float("nan"))
    if "flow" in told:
        known = torch.from_numpy(sealed.inputs[FLOW]).permute(0, 1, 4, 2, 3)
        found["flow error"] = float((told["flow"] - known).norm(dim=2).mean())
        found["no flow"] = float(known.norm(dim=2).mean())
    if "landmarks" in told:
        points = torch.from_numpy(sealed.inputs[LANDMARKS]).float()
        apart = pupil_distance(points)[..., None]
        found["landmark error"] = float(((told["landmarks"] - points).norm(dim=3) / apart).mean())
        found["mean face"] = float(((points.mean((0, 1)) - points).norm(dim=3) / apart).mean())
    return found


SECTIONS: dict[str, Callable[[], list[str]]] = {"mpfnet": mpfnet, "mol": mol}
