"""Recognisers of flow maps on the real maps of SMIC and on made ones, from scratch and pre-trained.

    OMP_NUM_THREADS=1 FLEETING_DATA=... PYTHONPATH=benchmarks python benchmarks/recognition.py \
        --out docs/benchmarks/recognition-systems.md [--minutes 20] [--seeds 1] [--parts real pretrain]

Every run is kept in the cache as it ends; a later call goes on with those that are missing, in order of
worth, until ``--minutes`` of processor time are spent, and writes the page from all that are there.
"""

import argparse
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fleeting import systems
from fleeting.bench import cache_folder, load_examples
from fleeting.core import Examples
from fleeting.evaluation import accuracy, kfold, loso, subject_bootstrap, subject_confusions, uar, uf1
from fleeting.nn import magnitude, signed_maps
from shows import against, examples, provenance

FOLDER = cache_folder() / "benchmarks" / "recognition-systems"
CLASSES = ("negative", "positive", "surprise")
EPOCHS, BATCH = 12, 16
FIRST_MAPS, FIRST_EPOCHS = 1000, 5
PARTS = ("real", "pretrain", "switches", "made")
REAL, MADE = "smic", "made"

MAP_SYSTEMS: dict[str, dict[str, Any]] = {  # the cheapest first
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
BASELINES = ("majority", "svm-flow", "svm-flow-rbf")
OFF: dict[str, dict[str, Any]] = {
    "fmanet": {"modulation": False},
    "dual-branch": {"branches": "residual"},
    "epir": {"integration": False},
    "medn": {"orthogonal": False},
    "microattnet": {"fusion_attention": False},
}
HEAD = f"""# Recognition systems on flow maps

Made by `benchmarks/recognition.py`; do not edit. How pages are read: [README.md](README.md); the same maps
under the command `fleeting bench`, three seeds and full training: [recognition.md](recognition.md); what each
system must show: [recognition-shows.md](recognition-shows.md).

**Short trainings.** Networks are of preset `small` and were trained for {EPOCHS} epochs in batches of
{BATCH}, each with its own rate and loss; this is a fifth of what the presets ask for, chosen before any run,
because processor time was short. It favours what is small and what is pre-trained. Rows that are not there
were not run; the same command goes on with them. Intervals are over resampled people, differences paired over
people (p by exchange, not corrected for the number of rows). Differences of less than about 0.05 cannot be
told from chance on a set of this size.
"""


@dataclass(frozen=True)
class Run:
    """One system, with some switches, on one set, from one seed."""

    system: str
    data: str
    seed: int = 0
    pretrained: bool = False
    switches: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        told = json.dumps(
            asdict(self) | {"epochs": EPOCHS, "batch": BATCH, "first": [FIRST_MAPS, FIRST_EPOCHS]}
        )
        return FOLDER / f"{self.system}-{self.data}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"

    def found(self) -> dict[str, Any] | None:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else None


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
    if name == REAL:
        held = dict(np.load(Path(os.environ["FLEETING_DATA"]) / "smic_flow" / "smic_flow.npz"))
        owners = np.array([f"smic/{one}" for one in held["subject"]])
        rows = examples({"flowmap28": held["image_uvs"]}, held["label"], CLASSES, owners)
    elif name == MADE:
        rows = load_examples("synth-flowmaps:240:24", None, seed=0)
    else:
        rows = load_examples("synth-flowmaps", None, count=FIRST_MAPS, seed=1_000_003)
    assert tuple(rows.classes) == CLASSES, rows.classes
    return with_views(rows)


def make(run: Run) -> Any:
    training = {} if run.system in BASELINES else {"training": {"epochs": EPOCHS, "batch_size": BATCH}}
    return systems.create(run.system, seed=run.seed, **training, **run.switches)


def measure(run: Run, sets: dict[str, Examples], make: Callable[[Run], Any] = make) -> dict[str, Any]:
    """All folds of a run; held-out rows are sealed."""
    rows, began = sets[run.data], time.process_time()
    folds = loso(rows.subjects) if run.data == REAL else kfold(rows.subjects, 5, labels=rows.labels.tolist())
    first = None
    if run.pretrained:
        first = make(run)
        first.settings = first.settings.changed({"epochs": FIRST_EPOCHS, "batch_size": 64})
        first.fit(sets["first"])
    answers = np.zeros(len(rows), np.int64)
    for fold in folds:
        made = make(run)
        if first is not None:
            made.start_from(first)
        made.fit(rows.take(fold.train))
        answers[fold.test] = made.predict(rows.take(fold.test).sealed()).argmax(1)
    spent = time.process_time() - began
    people, counts = subject_confusions(rows.labels.tolist(), answers.tolist(), range(3), rows.subjects)
    told = {
        "run": asdict(run),
        "counts": counts.tolist(),
        "people": [str(one) for one in people],
        "train_s": spent / len(folds),
        "how": provenance(),
        **cost(made, rows),
    }
    run.path.parent.mkdir(parents=True, exist_ok=True)
    run.path.write_text(json.dumps(told), encoding="utf-8")
    print(f"{run}: UF1 {uf1(counts.sum(0)):.3f}, {spent:.0f} s", flush=True)
    return told


def cost(made: Any, rows: Examples) -> dict[str, Any]:
    """Parameters, multiplications and additions of a row, and processor time of a row among 32."""
    some, times = rows.take(np.arange(32)).sealed(), []
    for _ in range(5):
        began = time.process_time()
        made.predict(some)
        times.append((time.process_time() - began) / 32)
    told = {"infer_ms": 1000 * float(np.median(times)), "parameters": 0, "macs": 0}
    if hasattr(made, "module"):
        counter = FlopCounterMode(display=False)
        with counter, torch.no_grad():
            made.module(*(torch.from_numpy(some.inputs[name][:1]) for name in made.inputs))
        told |= {"parameters": made.parameters(), "macs": counter.get_total_flops() // 2}
    return told


def plan(part: str, seeds: int) -> list[Run]:
    """Runs of a part, in order of worth."""
    nets, every = list(MAP_SYSTEMS.items()), range(seeds)
    if part == "real":
        runs = [Run(name, REAL) for name in BASELINES]
        return runs + [Run(name, REAL, s, switches=usual) for s in every for name, usual in nets]
    if part == "pretrain":
        return [Run(name, REAL, s, pretrained=True, switches=usual) for s in every for name, usual in nets]
    if part == "made":
        runs = [Run(name, MADE) for name in BASELINES]
        return runs + [Run(name, MADE, s, switches=usual) for s in every for name, usual in nets]
    return [Run(name, REAL, s, switches=MAP_SYSTEMS[name] | off) for s in every for name, off in OFF.items()]


def pooled(runs: list[Run]) -> dict[str, Any] | None:
    """Seeds of a system together."""
    told = [one for one in (run.found() for run in runs) if one is not None]
    if not told:
        return None
    counts = np.sum([one["counts"] for one in told], 0)
    spread = subject_bootstrap(counts, uf1)
    scores = {"uf1": spread.value, "low": spread.low, "high": spread.high}
    scores |= {"uar": float(uar(counts.sum(0))), "accuracy": float(accuracy(counts.sum(0)))}
    return told[0] | scores | {"counts": counts.tolist(), "seeds": len(told)}


def groups(part: str, seeds: int) -> dict[str, dict[str, Any]]:
    """Pooled results of a part by name of the system, those that were run."""
    runs = plan(part, seeds)
    named = {
        name: pooled([one for one in runs if one.system == name])
        for name in dict.fromkeys(r.system for r in runs)
    }
    return {name: one for name, one in named.items() if one is not None}


def scored(one: dict[str, Any]) -> list[str]:
    return [
        f"{one['uf1']:.3f} [{one['low']:.3f}, {one['high']:.3f}]",
        f"{one['uar']:.3f}",
        f"{one['accuracy']:.3f}",
        str(one["seeds"]),
    ]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|---" * len(head) + "|",
        *("| " + " | ".join(r) + " |" for r in rows),
        "",
    ]


def main_table(found: dict[str, dict[str, Any]]) -> list[str]:
    floor = found.get("svm-flow")
    rows = []
    for name, one in found.items():
        gap = against(one, floor) if floor and one["seeds"] == floor["seeds"] and one is not floor else ""
        rows.append(
            [
                name,
                *scored(one),
                gap,
                f"{one['parameters']:,}",
                f"{one['macs']:,}",
                f"{one['train_s']:.1f}",
                f"{one['infer_ms']:.2f}",
            ]
        )
    head = [
        "system",
        "UF1 [95 %]",
        "UAR",
        "accuracy",
        "seeds",
        "minus svm-flow",
        "parameters",
        "MACs",
        "fold, s",
        "row, ms",
    ]
    return table(head, rows)


def paired_table(name: str, usual: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]) -> list[str]:
    rows = []
    for system, one in other.items():
        base = usual.get(system)
        if base and base["seeds"] == one["seeds"]:
            off = {k: v for k, v in one["run"]["switches"].items() if base["run"]["switches"].get(k) != v}
            what = ", ".join(f"{k}={v}" for k, v in off.items())
            rows.append(
                [system, *([what] if off else []), f"{base['uf1']:.3f}", *scored(one), against(one, base)]
            )
    if not rows:
        return ["Not run.", ""]
    head = [
        "system",
        *(["switch"] if name == "switched" else []),
        "UF1 before",
        f"UF1 {name} [95 %]",
        "UAR",
        "accuracy",
        "seeds",
        "minus before",
    ]
    return table(head, rows)


def page(seeds: int) -> str:
    real = groups("real", seeds)
    lines = [HEAD, "## Real: SMIC-HS, leave one subject out", ""]
    lines += [
        "164 maps of 16 people, 28 x 28; 16 folds. A development set: it was looked at while this package"
        " was made.",
        "",
    ]
    lines += [
        *main_table(real),
        "`fold`: processor seconds of one thread to train one fold; `row`: to answer one row among 32.",
        "",
    ]
    lines += [f"## Learnt first from {FIRST_MAPS} made maps, then from the real ones", ""]
    lines += [
        f"`--pretrain synth-flowmaps`: {FIRST_EPOCHS} epochs on maps of invented people, then as above.",
        "",
    ]
    lines += paired_table("pre-trained", real, groups("pretrain", seeds))
    lines += ["No correction for the number of rows: with several rows one p below 0.05 says little.", ""]
    lines += ["## A component off", "", *paired_table("switched", real, groups("switches", seeds))]
    lines += ["## Made maps, five folds over people", "", "240 maps of 24 invented people.", ""]
    made = groups("made", seeds)
    lines += main_table(made) if made else ["Not run.", ""]
    return ended(lines, [one for part in PARTS for one in groups(part, seeds).values()])


def ended(lines: list[str], found: list[dict[str, Any]]) -> str:
    """Join a page, with where and when its first and last run were."""
    how = sorted({one["how"] for one in found}, key=lambda one: one.split(", ")[2])  # by date
    return "\n".join([*lines, f"*First and last run: {how[0]}; {how[-1]}*" if how else ""]).rstrip() + "\n"


def run_missing(
    runs: list[Run],
    load: Callable[[], dict[str, Examples]],
    minutes: float,
    make: Callable[[Run], Any] = make,
) -> None:
    """Measure the runs that are not there, until the minutes of processor time are spent."""
    if all(run.found() is not None for run in runs) or minutes <= 0:
        return
    sets = load()
    for run in runs:
        if run.found() is None and time.process_time() < 60 * minutes:
            measure(run, sets, make)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the page, Markdown")
    parser.add_argument("--minutes", type=float, default=70, help="processor time to spend")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    runs = [one for part in asked.parts for one in plan(part, asked.seeds)]
    order = list(MAP_SYSTEMS)  # each system in all parts before the next: scratch stands beside pre-trained
    runs.sort(key=lambda one: (one.seed, order.index(one.system) if one.system in order else -1))
    run_missing(runs, lambda: {name: load(name) for name in (REAL, MADE, "first")}, asked.minutes)
    asked.out.write_text(page(asked.seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
