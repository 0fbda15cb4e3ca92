"""A benchmark of action-unit systems on disk: files that ``fleeting score au`` reads, results, tables."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.bench.provenance import describe_code, describe_machine, describe_packages, now
from fleeting.bench.results import RESULTS, describe_system
from fleeting.bench.tables import Table, to_html, to_latex, to_markdown
from fleeting.bench.unit_bench import UnitBench
from fleeting.core import Examples
from fleeting.evaluation import (
    paired_test,
    subject_bootstrap,
    subject_unit_counts,
    unit_f1,
    unit_macro_f1,
)

UNIT_SCHEMA = "fleeting.unit-bench/1"
ALWAYS = "every unit, always"
THRESHOLD = 0.5
RESAMPLES, EXCHANGES = 2000, 10_000


def write_unit_bench(
    bench: UnitBench, out: str | os.PathLike[str], *, wall_s: float | None = None
) -> dict[str, Path]:
    """Score a run and write ``truth.csv``, ``predictions/``, ``results.json`` and the tables.

    The CSV files are those that ``fleeting score au`` reads.
    """
    from fleeting.io import validate_folder, write_atomic, write_table

    folder = validate_folder(out)
    rows = bench.rows
    columns = ["sample", "dataset", "subject", *rows.classes]

    def table(values: np.ndarray) -> list[dict[str, object]]:
        owners = zip(rows.ids, rows.datasets, rows.subjects, values.tolist(), strict=True)
        return [
            {"sample": str(i), "dataset": str(d), "subject": str(s).partition("/")[2]}
            | dict(zip(rows.classes, line, strict=True))
            for i, d, s, line in owners
        ]

    paths = {"truth": write_table(folder / "truth.csv", columns, table(rows.labels))}
    paths["predictions"] = validate_folder(folder / "predictions")
    for (system, seed), scores in bench.scores.items():
        name = "".join(c if c.isalnum() or c in ".-_" else "_" for c in f"{system}.seed{seed}")
        write_table(paths["predictions"] / f"{name}.csv", columns, table(scores.round(6)))
    results = unit_results(bench) | {"wall_s": wall_s}
    tables = unit_tables(results)
    texts = {
        "results": (RESULTS, json.dumps(results, indent=1, allow_nan=False) + "\n"),
        "markdown": ("table.md", to_markdown(results, tables)),
        "html": ("table.html", to_html(results, tables)),
        "latex": ("table.tex", to_latex(results, tables)),
    }
    return paths | {what: write_atomic(folder / name, text) for what, (name, text) in texts.items()}


def unit_results(bench: UnitBench) -> dict[str, Any]:
    """Score a run: macro F1 over units with intervals over subjects, F1 of each unit, paired tests."""
    rows, settings = bench.rows, asdict(bench.settings)
    labels = list(dict.fromkeys(system for system, _ in bench.scores))
    counts = {
        one: np.stack(
            [_counts(rows, bench.scores[s, k] >= THRESHOLD) for s, k in bench.scores if s == one], axis=1
        )
        for one in labels
    }
    counts[ALWAYS] = _counts(rows, np.ones(rows.labels.shape))[:, None]  # (subjects, seeds, units, 4)
    scores = []
    for one, table in counts.items():
        found = subject_bootstrap(table, _mean_macro, samples=RESAMPLES)
        each = unit_f1(table.sum(0)).mean(0)
        f1 = {u: None if np.isnan(v) else float(v) for u, v in zip(rows.classes, each, strict=True)}
        value = {"value": found.value, "low": found.low, "high": found.high}
        scores.append({"system": one, "macro_f1": value, "f1": f1, "train_s": bench.seconds.get(one)})
    tests = []
    for one in labels[1:]:
        test = paired_test(counts[one], counts[labels[0]], _mean_macro, samples=EXCHANGES)
        told = {"difference": test.difference, "low": test.low, "high": test.high, "p": test.p_value}
        tests.append({"first": one, "second": labels[0]} | told)
    shown = rows.labels.sum(0).tolist()
    return {
        "schema": UNIT_SCHEMA,
        "created": now(),
        "version": describe_packages()["fleeting"],
        "code": describe_code(),
        "machine": describe_machine(),
        "packages": describe_packages(),
        "settings": {name: settings[name] for name in ("protocol", "folds", "seeds", "preset", "flow")},
        "data": {
            "name": bench.data,
            "n": len(rows),
            "subjects": len(set(rows.subjects.tolist())),
            "shown": dict(zip(rows.classes, shown, strict=True)),
            "missing": [asdict(one) for one in bench.missing],
        },
        "systems": [describe_system(name, spec, settings["preset"]) for name, spec in bench.specs.items()],
        "scores": scores,
        "tests": tests,
        "failures": list(bench.failures),
        "folds_from_an_earlier_run": bench.resumed,
        "merged_from": [],
    }


def _counts(rows: Examples, said: np.ndarray) -> np.ndarray:
    """Count TP, FP, FN, TN by subject and unit: ``(S, C, 4)``."""
    return subject_unit_counts(rows.labels, said.astype(float), rows.subjects)[1]


def _mean_macro(pooled: np.ndarray) -> np.ndarray:
    """Give the mean over seeds of the macro F1, from ``(B, seeds, C, 4)``."""
    return unit_macro_f1(pooled).mean(-1)


def unit_tables(results: Mapping[str, Any]) -> list[Table]:
    """Give the tables of the results: scores, paired tests, what failed, what is missing."""
    data = results["data"]
    units = list(data["shown"])
    header = ("system", "macro F1 [95 %]", *(one.replace("au_", "AU") for one in units), "training s")
    body = []
    for one in sorted(results["scores"], key=lambda s: -s["macro_f1"]["value"]):
        cells = ["–" if one["f1"][u] is None else f"{one['f1'][u]:.2f}" for u in units]
        seconds = "–" if one["train_s"] is None else f"{one['train_s']:.1f}"
        body.append((one["system"], _bracket(one["macro_f1"], "value"), *cells, seconds))
    shown = ", ".join(f"{name.replace('au_', '')}: {count}" for name, count in data["shown"].items())
    note = (
        f"{data['n']} samples of {data['subjects']} subjects; shown how often: {shown}. A unit counts as"
        f" found from {THRESHOLD} on. Counts are pooled over folds; intervals are from resampled subjects."
        f" `{ALWAYS}` is what saying yes to everything reaches."
    )
    made = [Table(data["name"], header, tuple(body), note)]
    if results["tests"]:
        lines = tuple(
            (t["first"], t["second"], _bracket(t, "difference"), f"{t['p']:.4f}") for t in results["tests"]
        )
        columns: tuple[str, ...] = ("first", "second", "first - second [95 %]", "p")
        made.append(Table("Differences of macro F1", columns, lines, "Whole subjects exchanged."))
    lost = (("Failed", "system fold seed error", results["failures"]),)
    for title, columns_told, entries in (*lost, ("Missing", "sample reason", data["missing"])):
        columns = tuple(columns_told.split())
        if entries:
            made.append(Table(title, columns, tuple(tuple(str(e[c]) for c in columns) for e in entries)))
    return made


def _bracket(one: Mapping[str, float], name: str) -> str:
    return f"{one[name]:.3f} [{one['low']:.3f}, {one['high']:.3f}]"
