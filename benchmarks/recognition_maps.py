"""Recognisers of flow maps: the real maps of SMIC, made ones, and those that are learnt from first."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fleeting import systems
from fleeting.bench import load_examples
from fleeting.core import Examples
from fleeting.nn import magnitude, signed_maps
from recognition_runs import (
    FIRST,
    FIRST_EPOCHS,
    FIRST_MAPS,
    MADE,
    SMIC,
    Run,
    Told,
    changed_table,
    gaps,
    main_table,
    pooled,
    runs_of,
    spread,
    table,
)
from shows import examples

CLASSES = ("negative", "positive", "surprise")
BASELINES = ("majority", "svm-flow", "svm-flow-rbf")
NETWORKS: dict[str, dict[str, Any]] = {  # the cheapest first
    "ststnet": {},
    "fmanet": {"dual_phase": False},
    "mm-cof": {"dual_phase": False},
    "microattnet": {"two_views": False, "two_phases": False},
    "off-apexnet": {},
    "rcn-a": {},
    "dual-branch": {},
    "medn": {"frames": "maps", "au_task": False},
    "epir": {},
}
DEAR = ("medn", "epir")
OFF: dict[str, dict[str, Any]] = {
    "fmanet": {"modulation": False},
    "dual-branch": {"branches": "residual"},
    "microattnet": {"fusion_attention": False},
    "medn": {"orthogonal": False},
    "epir": {"integration": False},
}
PARTS = ("real", "pretrain", "made", "switches")


def with_views(rows: Examples) -> Examples:
    """Put the one map of each phase that there is into both views, for the network that takes two."""
    views = np.zeros((len(rows), 2, 2, 28, 28, 3), np.float32)
    for phase, name in enumerate(("flowmap28", "flowmap28-return")):
        if name in rows.inputs:
            views[:, :, phase] = one_view(rows.inputs[name])[:, None]
    return systems.with_input(rows, "flowviews28", views)


def one_view(flow_maps: np.ndarray) -> np.ndarray:
    """u, v over the 99th percentile of their size, and the magnitude, of maps ``(N, 28, 28, 3)``."""
    maps = signed_maps(torch.from_numpy(flow_maps))[:, :2]
    most = maps.abs().flatten(1).quantile(0.99, dim=1).clamp_min(1e-6).view(-1, 1, 1, 1)
    flow = (maps / most).clamp(-1, 1)
    size = magnitude(flow)
    three = torch.cat([flow, size / size.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)], 1)
    return three.permute(0, 2, 3, 1).numpy()


def load(name: str) -> Examples:
    """Give rows of the real set, of the made one, or of the one that is learnt from first."""
    if name == SMIC:
        held = dict(np.load(Path(os.environ["FLEETING_DATA"]) / "smic_flow" / "smic_flow.npz"))
        owners = np.array([f"smic/{one}" for one in held["subject"]])
        rows = examples({"flowmap28": held["image_uvs"]}, held["label"], CLASSES, owners)
    elif name == MADE:
        rows = load_examples("synth-flowmaps:240:24", None, seed=0)
    else:
        assert name == FIRST
        rows = load_examples("synth-flowmaps", None, count=FIRST_MAPS, seed=1_000_003)
    assert tuple(rows.classes) == CLASSES, rows.classes
    return with_views(rows)


def usual(name: str, data: str, seeds: int, *, pretrained: bool = False) -> list[Run]:
    return runs_of(name, data, seeds, NETWORKS.get(name, {}), pretrained)


def switched(name: str, seeds: int) -> list[Run]:
    return runs_of(name, SMIC, seeds, NETWORKS[name] | OFF[name])


def plan(parts: tuple[str, ...], seeds: int) -> list[Run]:
    """Runs in order of worth: the dear ones last, of each seed the cheap ones first."""
    runs: list[Run] = []
    if "real" in parts:
        runs += [run for name in (*BASELINES, *NETWORKS) for run in usual(name, SMIC, seeds)]
    if "pretrain" in parts:
        runs += [run for name in NETWORKS for run in usual(name, SMIC, seeds, pretrained=True)]
    if "switches" in parts:
        runs += [run for name in OFF for run in switched(name, seeds)]
    if "made" in parts:
        runs += [run for name in (*BASELINES, *NETWORKS) for run in usual(name, MADE, seeds)]
    order = [*BASELINES, *NETWORKS]
    worth = {SMIC: 0, MADE: 1}
    return sorted(
        runs, key=lambda run: (run.system in DEAR, worth[run.data], run.seed, order.index(run.system))
    )


def results(data: str, seeds: int) -> dict[str, Told]:
    found = {name: pooled(usual(name, data, seeds)) for name in (*BASELINES, *NETWORKS)}
    return {name: one for name, one in found.items() if one is not None}


def learnt_first(seeds: int) -> dict[str, Told | None]:
    return {name: pooled(usual(name, SMIC, seeds, pretrained=True)) for name in NETWORKS}


def sections(seeds: int) -> list[str]:
    """The part of the page on flow maps."""
    before = {name: usual(name, SMIC, seeds) for name in NETWORKS}
    after = [
        (name, "learnt first", before[name], usual(name, SMIC, seeds, pretrained=True)) for name in NETWORKS
    ]
    off = [
        (
            name,
            ", ".join(f"{key} {value}" for key, value in OFF[name].items()),
            before[name],
            switched(name, seeds),
        )
        for name in OFF
    ]
    lines = ["## Real flow maps: SMIC-HS, leave one subject out", ""]
    lines += ["164 maps of 16 people, 28 x 28; 16 folds, the person of a fold is sealed.", ""]
    lines += main_table(results(SMIC, seeds))
    lines += ["### Learnt first from made maps", ""]
    lines += [
        f"`--pretrain synth-flowmaps:{FIRST_MAPS}`: {FIRST_EPOCHS} epochs on maps of invented people, then"
        " the whole training on the real ones from there, at 0.3 of the rate (chosen on made clips, with"
        " `benchmarks/start_rate.py`).",
        "",
        *changed_table(after),
        *floor_table(seeds),
    ]
    lines += ["### A component off", "", *changed_table(off)]
    made = results(MADE, seeds)
    if made:
        lines += ["## Made flow maps, five folds over people", "", "240 maps of 24 invented people.", ""]
        lines += main_table(made)
    return lines


def floor_table(seeds: int) -> list[str]:
    """Those that learnt first against the best baseline."""
    best = results(SMIC, seeds).get("svm-flow-rbf")
    found = {name: one for name, one in learnt_first(seeds).items() if one is not None}
    if best is None or not found:
        return []
    told = gaps([(one, best) for one in found.values()])
    rows = [[name, spread(one), gap] for (name, one), gap in zip(found.items(), told, strict=True)]
    return table(("learnt first", "UF1 [95 %]", "minus svm-flow-rbf, the best baseline"), rows)
