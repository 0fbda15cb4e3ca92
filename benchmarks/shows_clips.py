"""What systems on raw frames must show, on clips that `fleeting synth clips` made."""

import os
from collections.abc import Callable
from typing import Any

import torch

from fleeting import systems
from fleeting.bench import load_examples
from fleeting.core import Examples
from fleeting.systems.recognition.mol import FLOW, LANDMARKS, pupil_distance
from shows import measure, table

MADE = (
    "`fleeting synth clips --count 120 --subjects 20 --seed 3`, prepared by `fleeting datasets prepare csv`"
)


def clips(*inputs: str) -> Examples:
    """Rows of the made clips; SHOWS_CLIPS names their table."""
    return load_examples("csv", os.environ["SHOWS_CLIPS"], inputs=inputs)


def maker(name: str, epochs: int, **switches: Any) -> Callable[[int], Any]:
    training = {"epochs": epochs, "batch_size": 16}
    return lambda seed: systems.create(name, seed=seed, training=training, **switches)


def mpfnet() -> list[str]:
    rows = clips("clip16")
    variants: dict[str, tuple[str, dict[str, Any]]] = {
        "mpfnet-p": ("mpfnet-p", {}),
        "mpfnet-c": ("mpfnet-c", {}),
        "P, all at once": ("mpfnet-p", {"progressive": False}),
    }
    found = [measure(label, maker(name, 9, **more), rows) for label, (name, more) in variants.items()]
    return [
        "## MPFNet: two encoders, in stages",
        "",
        f"Clips: {MADE}. 9 epochs in all, three stages of three or one of nine. That no stage sees the"
        " person who is left out is a test (`tests/systems/recognition/test_mpfnet.py`).",
        "",
        *table(found),
    ]


def mol() -> list[str]:
    rows = clips("clip8", FLOW, LANDMARKS)
    variants: dict[str, dict[str, Any]] = {
        "joint": {},
        "recognition alone": {"flow_task": False, "landmark_task": False},
    }
    found = [measure(label, maker("mol", 6, **one), rows, probe=errors) for label, one in variants.items()]
    names = ("flow error", "no flow", "landmark error", "mean face")
    return [
        "## MOL: recognition, flow and landmarks together",
        "",
        f"Clips: {MADE}. 6 epochs.",
        "",
        *table(found, names),
        "Flow error: mean end-point error against DIS, pixels of 128; no flow: the error of saying that"
        " nothing moves. Landmark error: mean distance over that of the pupils; mean face: of the mean of the"
        " held-out landmarks.",
        "",
    ]


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
