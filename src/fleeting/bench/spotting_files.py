"""A benchmark of spotters on disk: truth and predictions that ``fleeting score`` reads, results, tables."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fleeting.bench._spotting_scores import ALL, compare_spotters, score_spotting_run
from fleeting.bench.provenance import describe_code, describe_machine, describe_packages, now
from fleeting.bench.results import RESULTS, describe_system
from fleeting.bench.spotting import OWN
from fleeting.bench.spotting_runner import SpottingBench
from fleeting.bench.tables import NOTHING, Table, to_html, to_latex, to_markdown
from fleeting.evaluation import Span

SPOTTING_SCHEMA = "fleeting.spotting-bench/1"
COLUMNS = ("dataset", "subject", "video", "onset", "apex", "offset", "type", "emotion", "score")
KINDS = ("micro", "macro", ALL)


def write_spotting_bench(
    bench: SpottingBench, out: str | os.PathLike[str], *, wall_s: float | None = None
) -> dict[str, Path]:
    """Score a run and write all its files, each whole or not at all.

    Parameters
    ----------
    bench
        From `run_spotting_bench`.
    out
        Folder, made where it is missing.
    wall_s
        How long it took, by the clock.

    Returns
    -------
    dict
        ``truth``, ``predictions`` (a folder: one file for each system, decoder and seed), ``results``,
        ``markdown``, ``html``, ``latex`` -> path.
    """
    from fleeting.io import validate_folder, write_atomic, write_table

    folder = validate_folder(out)
    results = _facts(bench) | {"wall_s": wall_s}
    tables = spotting_tables(results)
    paths = {"truth": write_table(folder / "truth.csv", COLUMNS, _rows(bench.run.truth))}
    place = validate_folder(folder / "predictions")
    for (system, decoder, seed), spans in bench.run.found.items():
        name = re.sub(r"[^\w.-]+", "_", f"{system}.{decoder}.seed{seed}")
        write_table(place / f"{name}.csv", COLUMNS, _rows(spans))
    paths["predictions"] = place
    texts = {
        "results": (RESULTS, json.dumps(results, indent=1, allow_nan=False) + "\n"),
        "markdown": ("table.md", to_markdown(results, tables)),
        "html": ("table.html", to_html(results, tables)),
        "latex": ("table.tex", to_latex(results, tables)),
    }
    return paths | {what: write_atomic(folder / name, text) for what, (name, text) in texts.items()}


def _facts(bench: SpottingBench) -> dict[str, Any]:
    run = bench.run
    rows = score_spotting_run(run)
    best = _baseline(rows)
    settings = asdict(bench.settings)
    kept = ("protocol", "folds", "seeds", "preset") if settings["protocol"] == "kfold" else (
        "protocol", "seeds", "preset"
    )  # fmt: skip
    return {
        "schema": SPOTTING_SCHEMA,
        "created": now(),
        "version": describe_packages()["fleeting"],
        "code": describe_code(),
        "machine": describe_machine(),
        "packages": describe_packages(),
        "settings": {name: settings[name] for name in kept} | {"rule": "strict"},
        "data": {
            "name": bench.data,
            "recordings": len(bench.recordings),
            "subjects": len(run.minutes),
            "minutes": sum(run.minutes.values()),
            "fps": run.fps,
            "micro": sum(one.kind == "micro" for one in run.truth),
            "macro": sum(one.kind == "macro" for one in run.truth),
            "missing": [asdict(one) for one in bench.missing],
        },
        "systems": [
            describe_system(label, spec, bench.settings.preset) for label, spec in bench.specs.items()
        ],
        "scores": rows,
        "tests": [
            {"first": list(key), "second": list(best)} | compare_spotters(run, key, best, kind="micro")
            for key in sorted({(one["system"], one["decoder"]) for one in rows} - {best})
        ]
        if best
        else [],
        "seconds": {name: list(pair) for name, pair in run.seconds.items()},
        "failures": list(bench.failures),
        "folds_from_an_earlier_run": bench.resumed,
        "merged_from": [],
    }


def _baseline(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Name what the others are tested against: the training-free spotter as it is, else the first."""
    keys = [(one["system"], one["decoder"]) for one in rows]
    usual = [key for key in keys if key == ("training-free", OWN)]
    return next(iter(usual or keys), None)


def spotting_tables(results: Mapping[str, Any]) -> list[Table]:
    """Give the tables of the results: scores, paired tests, what failed, what is missing."""
    data = results["data"]
    note = (
        f"{data['recordings']} recordings of {data['subjects']} subjects, {data['minutes']:.1f} minutes at"
        f" {data['fps']:.4g} frames/s, {data['micro']} micro- and {data['macro']} macro-expressions. Rule"
        " strict: one to one, IoU 0.5 at least; intervals from resampled subjects. `own` is the decoder that"
        " a system was released with; others are fitted on training subjects. Errors are over what was"
        " matched: read them beside the recall."
    )
    header: tuple[str, ...] = (
        "system",
        "decoder",
        "F1 micro [95 %]",
        "F1 macro [95 %]",
        "F1 overall [95 %]",
        "STRS",
    )
    header += ("recall micro", "false alarms/min, micro", "onset / apex / offset, ms", "training s")
    order = sorted(results["scores"], key=lambda one: -_f1(one, "micro"))
    made = [Table(data["name"], header, tuple(_cells(one, results) for one in order), note)]
    if results["tests"]:
        rows: tuple[tuple[str, ...], ...] = tuple(
            (" ".join(one["first"]), " ".join(one["second"]), _spread(one), f"{one['p']:.4f}")
            for one in results["tests"]
        )
        title = f"{data['name']}: differences of F1, micro"
        made.append(
            Table(title, ("first", "second", "first - second [95 %]", "p"), rows, "Whole subjects exchanged.")
        )
    if results["failures"]:
        columns = ("system", "fold", "seed", "error")
        rows = tuple(tuple(str(one[name]) for name in columns) for one in results["failures"])
        made.append(Table("Failed", columns, rows, "A system with a failed fold has no score."))
    if data["missing"]:
        rows = tuple((one["sample"], one["reason"]) for one in data["missing"])
        made.append(Table("Missing", ("recording", "reason"), rows, "Nothing was measured on these."))
    return made


def _f1(one: Mapping[str, Any], kind: str) -> float:
    return float(one.get(kind, one[ALL])["f1"]["value"])


def _cells(one: Mapping[str, Any], results: Mapping[str, Any]) -> tuple[str, ...]:
    micro = one.get("micro", one[ALL])
    f1 = [_interval(one[kind]["f1"]) if kind in one else NOTHING for kind in KINDS]
    errors = " / ".join(NOTHING if micro[f"{n}_ms"] is None else f"{micro[f'{n}_ms']:.0f}" for n in _ENDS)
    strs = NOTHING if one["strs"] is None else f"{one['strs']:.3f}"
    seconds = f"{results['seconds'][one['system']][0]:.0f}"
    alarms = f"{micro['alarms']['value']:.2f}"
    return (one["system"], one["decoder"], *f1, strs, f"{micro['recall']:.2f}", alarms, errors, seconds)


_ENDS = ("onset", "apex", "offset")


def _interval(one: Mapping[str, float]) -> str:
    return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def _spread(one: Mapping[str, float]) -> str:
    return f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"


def _rows(spans: Iterable[Span]) -> list[dict[str, object]]:
    return [
        {
            "dataset": one.dataset,
            "subject": one.subject,
            "video": one.video,
            "onset": one.onset,
            "apex": "" if one.apex is None else one.apex,
            "offset": one.offset,
            "type": one.kind,
            "emotion": one.emotion or "",
            "score": f"{one.score:.6g}",
        }
        for one in sorted(spans, key=lambda s: (s.dataset, s.subject, s.video, s.onset))
    ]
