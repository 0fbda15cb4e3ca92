"""Make the detector of action units that ships: one hidden layer on flow maps in their own scale.

    python benchmarks/make_au_detector.py

Half of the expressions that it learns from are drawn by the tables of real sets, half evenly over the units;
a mouth speaks in a third of the maps, and more of the head's motion is left in than usual.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fleeting.evaluation import subject_bootstrap
from fleeting.facs import TWELVE_UNITS
from fleeting.synth import FlowMaps, FlowMapSettings, flowmaps
from fleeting.training import export_onnx
from flowmap_realism import own_scale
from model_parts import Network, OwnScale, calibrate, calibration, logits, train

OUT = Path(__file__).parents[1] / "src/fleeting/models/data/au_detectors/default"
LEARNT = FlowMapSettings(even_units=0.5, talk_share=0.35, head_spread=1.0)
MAPS, PEOPLE, SEED = 48_000, 480, 11
HELD = {"calibrated on": (6_000, 120, 1011), "judged on": (6_000, 120, 2011)}
OTHERS = {
    "by the tables alone": replace(LEARNT, even_units=0.0),
    "without speech": replace(LEARNT, talk_share=0.0),
}


def targets(made: FlowMaps) -> np.ndarray:
    """Which of the twelve units act, ``(N, 12)`` bool."""
    return made.aus[:, [made.units.index(unit) for unit in TWELVE_UNITS]]


def held(name: str, settings: FlowMapSettings = LEARNT) -> FlowMaps:
    count, people, seed = HELD[name]
    return flowmaps(count, seed=seed, subjects=people, settings=settings)


def judge(network: Network, made: FlowMaps) -> dict:
    """F1 at 0.5 of each unit and on average, with its interval over people; calibration of all answers."""
    true = targets(made)
    said = 1 / (1 + np.exp(-logits(network, own_scale(made.maps))))
    told = said > 0.5
    people = sorted(set(made.subjects.tolist()))
    counts = np.array(
        [
            [(told & true)[rows].sum(0), (told & ~true)[rows].sum(0), (~told & true)[rows].sum(0)]
            for rows in (made.subjects == one for one in people)
        ]
    )

    def f1(pooled: np.ndarray) -> np.ndarray:
        hit, false, missed = np.moveaxis(pooled, -2, 0)
        return 2 * hit / np.maximum(2 * hit + false + missed, 1)

    interval = subject_bootstrap(counts, lambda pooled: f1(pooled).mean(-1))
    return {
        "maps": len(made),
        "people": len(people),
        "macro_f1": round(float(interval.value), 3),
        "macro_f1_95": [round(float(interval.low), 3), round(float(interval.high), 3)],
        "f1": {f"AU{u}": round(float(v), 3) for u, v in zip(TWELVE_UNITS, f1(counts.sum(0)), strict=True)},
        **calibration(said.ravel(), true.ravel()),
    }


def make() -> dict:
    made = flowmaps(MAPS, seed=SEED, subjects=PEOPLE, settings=LEARNT)
    network = train(own_scale(made.maps), targets(made), hidden=160, epochs=14, seed=SEED)
    other = held("calibrated on")
    calibrate(network, logits(network, own_scale(other.maps)), targets(other))
    card = {
        "name": "fleeting AU detector",
        "inputs": ["flowmap28"],
        "classes": [f"AU{unit}" for unit in TWELVE_UNITS],
        "task": "au",
        "licence": "Apache-2.0",
        "trained_on": f"{MAPS} synthetic flow maps of {PEOPLE} synthetic people, no real face",
        "made_by": "python benchmarks/make_models.py",
        "seed": SEED,
        "temperature": round(float(network.temperature), 4),
        "synthetic": judge(network, held("judged on")),
        "other synthetic sets": {
            name: judge(network, held("judged on", settings)) for name, settings in OTHERS.items()
        },
        "limits": "maps lose the size of the motion; the real maps at hand have no coded units, so of real"
        " faces nothing is known but what plants in real videos show (docs/models.md)",
    }
    OUT.mkdir(parents=True, exist_ok=True)
    example = torch.from_numpy(made.maps[:4])
    export_onnx(nn.Sequential(OwnScale(), network), (example,), OUT / "model.onnx", card, several=True)
    return card


if __name__ == "__main__":
    print(json.dumps(make(), indent=1))
