"""Runs of recognisers by folds over people, kept one by one, and the tables that they fill."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fleeting import systems
from fleeting.bench import cache_folder
from fleeting.core import Examples
from fleeting.evaluation import (
    accuracy,
    holm,
    kfold,
    loso,
    paired_test,
    subject_bootstrap,
    subject_confusions,
    uar,
    uf1,
)
from fleeting.training.recognizer import START_RATE
from shows import provenance

FOLDER = cache_folder() / "benchmarks" / "recognition"
SMIC, MADE, FIRST, CLIPS = "smic", "made", "first", "clips"
FIRST_MAPS, FIRST_EPOCHS = 2000, 20
FLOOR = "svm-flow"
CHANCELESS = ("majority", "svm-flow", "svm-flow-rbf", "hoof-svm", "mdmo-svm", "lbp-top-svm")
"""Systems that learn the same from every seed."""
Told = dict[str, Any]


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
        told = asdict(self) | ({"first": [FIRST_MAPS, FIRST_EPOCHS, START_RATE]} if self.pretrained else {})
        name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
        return FOLDER / f"{self.system}-{self.data}-{name}.json"

    def found(self) -> Told | None:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else None


def runs_of(
    system: str, data: str, seeds: int, switches: dict[str, Any], pretrained: bool = False
) -> list[Run]:
    """One run for each seed; what is learnt without chance has one."""
    return [
        Run(system, data, seed, pretrained, switches) for seed in range(1 if system in CHANCELESS else seeds)
    ]


def variants(system: str, usual: dict[str, Any], leave: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Every switch of a system turned by itself, from the switches it is usually run with."""
    card, found = systems.card(system), []
    for name, value in (systems.defaults(system) | usual).items():
        if name not in leave and name not in usual:
            found += [usual | {name: one} for one in card.choices.get(name, (True, False)) if one != value]
    return found


def make(run: Run) -> Any:
    """A system with the training that its preset names."""
    return systems.create(run.system, seed=run.seed, **run.switches)


def learnt_first(run: Run, rows: Examples) -> Any:
    """The system that others of the run start from."""
    first = make(run)
    first.settings = first.settings.changed({"epochs": FIRST_EPOCHS, "batch_size": 64})
    return first.fit(rows)


def measure(run: Run, sets: dict[str, Examples]) -> None:
    """All folds of a run; held-out rows are sealed."""
    rows, began = sets[run.data], time.process_time()
    folds = loso(rows.subjects) if run.data == SMIC else kfold(rows.subjects, 5, labels=rows.labels.tolist())
    first = learnt_first(run, sets[FIRST]) if run.pretrained else None
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
    part = run.path.with_suffix(".part")
    part.write_text(json.dumps(told), encoding="utf-8")
    part.replace(run.path)
    print(f"{run}: UF1 {uf1(counts.sum(0)):.3f}, {spent:.0f} s", flush=True)


def cost(made: Any, rows: Examples) -> Told:
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


def run_missing(runs: Sequence[Run], load: Callable[[], dict[str, Examples]], minutes: float) -> None:
    """Measure the runs that are not there, until the minutes of processor time are spent."""
    if minutes <= 0 or all(run.found() is not None for run in runs):
        return
    sets = load()
    for run in runs:
        if run.found() is None and time.process_time() < 60 * minutes:
            measure(run, sets)


def pooled(runs: Sequence[Run], at_most: int | None = None) -> Told | None:
    """Seeds of a system together, those that were run (the first so many)."""
    told = [one for one in (run.found() for run in runs) if one is not None][:at_most]
    if not told:
        return None
    counts = np.sum([one["counts"] for one in told], 0)
    spread = subject_bootstrap(counts, uf1)
    scores = {"uf1": spread.value, "low": spread.low, "high": spread.high}
    scores |= {"uar": float(uar(counts.sum(0))), "accuracy": float(accuracy(counts.sum(0)))}
    spare = {"counts": counts, "each": [one["counts"] for one in told], "seeds": len(told)}
    return told[0] | scores | spare


def gaps(pairs: Sequence[tuple[Told, Told]]) -> list[str]:
    """First minus second of each pair, with its interval and p, in brackets corrected for their number."""
    found = [paired_test(*alike(*pair), uf1) for pair in pairs]
    values = holm([one.p_value for one in found]) if found else []
    return [
        f"{one.difference:+.3f} [{one.low:+.3f}, {one.high:+.3f}], p {one.p_value:.3f} ({p:.3f})"
        for one, p in zip(found, values, strict=True)
    ]


def alike(one: Told, other: Told) -> tuple[np.ndarray, np.ndarray]:
    """Counts of two, each as often as it takes to have equally many seeds: what has no chance is repeated."""
    most = max(one["seeds"], other["seeds"])
    return tuple(np.sum(part["each"] * (most // part["seeds"]), 0) for part in (one, other))  # type: ignore[return-value]


def spread(one: Told | None) -> str:
    return f"{one['uf1']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" if one else ""


def seeds_of(one: Told) -> str:
    return "–" if one["run"]["system"] in CHANCELESS else str(one["seeds"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return ["Not run.", ""]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return [lines[0], "|---" * len(head) + "|", *lines[1:], ""]


def main_table(found: dict[str, Told]) -> list[str]:
    """Systems of a set, each against the linear machine."""
    floor = found.get(FLOOR)
    others = [name for name in found if floor is not None and name != FLOOR]
    told = dict(zip(others, gaps([(found[name], floor) for name in others if floor]), strict=True))
    rows = [
        [
            name,
            spread(one),
            f"{one['uar']:.3f}",
            f"{one['accuracy']:.3f}",
            seeds_of(one),
            told.get(name, ""),
            f"{one['parameters']:,}",
            f"{one['macs']:,}",
            f"{one['train_s']:.1f}",
            f"{one['infer_ms']:.2f}",
        ]
        for name, one in found.items()
    ]
    costs = ("parameters", "MACs", "fold, s", "row, ms")
    return table(("system", "UF1 [95 %]", "UAR", "accuracy", "seeds", f"minus {FLOOR}", *costs), rows)


def changed_table(changes: Sequence[tuple[str, str, Sequence[Run], Sequence[Run]]]) -> list[str]:
    """Rows of name, what was changed, runs before and runs after; over the seeds that both have."""
    rows, pairs = [], []
    for name, what, usual, changed in changes:
        after = pooled(changed)
        before = pooled(usual, after["seeds"]) if after else None
        if after is None or before is None:
            continue
        after = pooled(changed, before["seeds"])
        assert after is not None
        pairs.append((after, before))
        rows.append([name, what, f"{before['uf1']:.3f}", spread(after), seeds_of(after)])
    lines = [[*row, gap] for row, gap in zip(rows, gaps(pairs), strict=True)]
    return table(("system", "change", "UF1 before", "UF1 after [95 %]", "seeds", "after minus before"), lines)
