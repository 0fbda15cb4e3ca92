"""What the scripts on claims of systems share: rows, folds by subject, scores with intervals, tables."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

import fleeting
from fleeting.bench import cache_folder
from fleeting.core import Examples
from fleeting.evaluation import (
    Fold,
    accuracy,
    kfold,
    paired_test,
    subject_bootstrap,
    subject_confusions,
    uf1,
)
from fleeting.facs import TWELVE_UNITS

FOLDER = cache_folder() / "benchmarks" / "recognition-shows"
Probe = Callable[[Any, Examples], dict[str, float]]
LEARNT = "accuracy in training"
"""Of the rows that were learnt from: whether a network has learnt anything at all."""


def examples(
    inputs: dict[str, np.ndarray], labels: np.ndarray, classes: Sequence[str], owners: np.ndarray
) -> Examples:
    """Rows of one synthetic set."""
    ids = np.array([f"{owner}/{at:05d}" for at, owner in enumerate(owners)])
    return Examples(
        ids, owners, np.array(["synth"] * len(ids)), np.asarray(labels, np.int64), tuple(classes), inputs
    )


def twelve(aus: np.ndarray, units: Sequence[int]) -> np.ndarray:
    """Columns of the twelve units of the AU task, int8."""
    return aus[:, [units.index(unit) for unit in TWELVE_UNITS]].astype(np.int8)


def measure(
    label: str,
    make: Callable[[int], Any],
    rows: Examples,
    *,
    folds: int = 3,
    seeds: int = 1,
    probe: Probe | None = None,
    change: Callable[[Examples, bool], Examples] | None = None,
    split: Fold | None = None,
) -> dict[str, Any]:
    """Folds over subjects, or one ``split``; held-out rows sealed; pooled over folds and seeds."""
    began, total, told = time.process_time(), None, []
    parts = [split] if split else kfold(rows.subjects, folds, labels=rows.labels.tolist(), seed=0)
    judged = np.sort(np.concatenate([part.test for part in parts]))
    for seed in range(seeds):
        answers = np.zeros(len(rows), np.int64)
        for fold in parts:
            made = make(seed)
            train, test = rows.take(fold.train), rows.take(fold.test).sealed()
            made.fit(train if change is None else change(train, True))
            answers[fold.test] = made.predict(test if change is None else change(test, False)).argmax(1)
            if probe is not None:
                known = made.predict(train if change is None else change(train, False)).argmax(1)
                told.append(probe(made, test) | {LEARNT: float((known == train.labels).mean())})
        _, found = subject_confusions(
            rows.labels[judged].tolist(),
            answers[judged].tolist(),
            range(len(rows.classes)),
            rows.subjects[judged],
        )
        total = found if total is None else total + found
    spread = subject_bootstrap(total, uf1)
    print(f"{label}: UF1 {spread.value:.3f}, {time.process_time() - began:.0f} s", flush=True)
    return {
        "label": label,
        "uf1": spread.value,
        "low": spread.low,
        "high": spread.high,
        "accuracy": float(accuracy(total.sum(0))),
        "n": len(judged),
        "subjects": len(total),
        "seeds": seeds,
        "folds": len(parts),
        "seconds": time.process_time() - began,
        "parameters": made.parameters() if hasattr(made, "parameters") else 0,
        "counts": total.tolist(),
        "probes": {k: float(np.mean([one[k] for one in told])) for k in (told[0] if told else {})},
    }


def against(one: dict[str, Any], other: dict[str, Any]) -> str:
    """First minus second, with its interval and p."""
    found = paired_test(np.array(one["counts"]), np.array(other["counts"]), uf1)
    return f"{found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}], p {found.p_value:.3f}"


def number(value: float | None) -> str:
    """Four digits; nothing where nothing was measured."""
    return "" if value is None or np.isnan(value) else f"{value:.4g}"


def table(results: Sequence[dict[str, Any]], extra: Sequence[str] = ()) -> list[str]:
    """Markdown; every row is compared with the first."""
    first = results[0]
    lines = [
        "| variant | UF1 [95 %] | accuracy | minus first | parameters |"
        + "".join(f" {one} |" for one in extra),
        "|---|---|---|---|---|" + "---|" * len(extra),
    ]
    for one in results:
        gap = "" if one is first else against(one, first)
        cells = [
            one["label"],
            f"{one['uf1']:.3f} [{one['low']:.3f}, {one['high']:.3f}]",
            f"{one['accuracy']:.3f}",
            gap,
            f"{one['parameters']:,}",
            *(number(one["probes"].get(name)) for name in extra),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    how = f"{first['folds']} folds over people" if first["folds"] > 1 else "none of whom was learnt from"
    lines += [
        "",
        f"{first['n']} clips of {first['subjects']} people, {how}, {first['seeds']} seed(s).",
        "",
    ]
    return lines


def keep(name: str, lines: list[str]) -> None:
    """Keep a section, so that the page can be put together from runs at different times."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps({"lines": lines, "how": provenance()}), encoding="utf-8")


def kept(name: str) -> dict[str, Any] | None:
    """A section that was run before."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def provenance() -> str:
    """Where and when."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    now = datetime.now(UTC).isoformat(timespec="minutes")
    return (
        f"fleeting {fleeting.__version__}, commit {commit.stdout.strip()}, {now}, {platform.machine()},"
        f" {os.cpu_count()} cores shared, torch {torch.__version__}, one thread"
    )
