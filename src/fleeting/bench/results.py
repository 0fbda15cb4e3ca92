"""A benchmark on disk: ``predictions.csv``, ``results.json``, tables as Markdown, HTML and LaTeX; merging."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.bench.plan import BenchSettings, SystemSpec
from fleeting.bench.provenance import describe_code, describe_machine, describe_packages, now
from fleeting.bench.runner import BenchRun
from fleeting.bench.summary import Answers, compare, score_answers
from fleeting.bench.tables import to_html, to_latex, to_markdown
from fleeting.core import InputError, UsageError

SCHEMA = "fleeting.bench/1"
PREDICTIONS, RESULTS = "predictions.csv", "results.json"
ORACLE_COLUMN = "not_a_result_oracle_prediction"
COLUMNS = (
    *("data", "system", "seed", "fold", "sample", "dataset", "subject", "label", "prediction"),
    "probabilities",
)


def write_bench(
    run: BenchRun, out: str | os.PathLike[str], *, wall_s: float | None = None
) -> dict[str, Path]:
    """Score a run and write all its files, each whole or not at all.

    Parameters
    ----------
    run
        From `run_bench`.
    out
        Folder, made where it is missing.
    wall_s
        How long it took, by the clock.

    Returns
    -------
    dict
        ``predictions``, ``results``, ``markdown``, ``html``, ``latex`` -> path.
    """
    facts = {
        "schema": SCHEMA,
        "created": now(),
        "version": describe_packages()["fleeting"],
        "code": describe_code() | {"commits_of_folds": sorted(run.commits)},
        "machine": describe_machine(),
        "packages": describe_packages(),
        "settings": asdict(run.settings),
        "data": [_describe_data(name, run) for name in run.data],
        "systems": [describe_system(label, spec, run.settings.preset) for label, spec in run.specs.items()],
        "times": [
            {"system": system, "data": data} | seconds for (system, data), seconds in run.times.items()
        ],
        "wall_s": wall_s,
        "folds_from_an_earlier_run": run.resumed,
        "failures": run.failures,
        "merged_from": [],
    }
    return write_results(facts, run.answers, out)


def write_results(
    facts: Mapping[str, Any], answers: Sequence[Answers], out: str | os.PathLike[str]
) -> dict[str, Path]:
    """Score predictions, and write them with the facts about how they were made; see `write_bench`."""
    from fleeting.io import validate_folder, write_atomic, write_table

    folder = validate_folder(out)
    groups = group(answers)
    results = dict(facts) | {
        "scores": [
            score for systems in groups.values() for runs in systems.values() for score in score_answers(runs)
        ],
        "tests": [test for systems in groups.values() for test in compare(systems)],
    }  # fmt: skip
    columns = [*COLUMNS, ORACLE_COLUMN] if any(one.oracle is not None for one in answers) else COLUMNS
    paths = {"predictions": write_table(folder / PREDICTIONS, columns, _rows(answers))}
    texts = {
        "results": (RESULTS, json.dumps(results, indent=1, allow_nan=False) + "\n"),
        "markdown": ("table.md", to_markdown(results)),
        "html": ("table.html", to_html(results)),
        "latex": ("table.tex", to_latex(results)),
    }
    return paths | {what: write_atomic(folder / name, text) for what, (name, text) in texts.items()}


def group(answers: Sequence[Answers]) -> dict[str, dict[str, list[Answers]]]:
    """Sort runs by set and system, seeds rising."""
    made: dict[str, dict[str, list[Answers]]] = {}
    for one in answers:
        made.setdefault(one.data, {}).setdefault(one.system, []).append(one)
    for systems in made.values():
        for runs in systems.values():
            runs.sort(key=lambda run: run.seed)
    return made


def read_bench(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], list[Answers]]:
    """Read the facts and the predictions that `write_bench` wrote.

    Raises
    ------
    InputError
        Where a file is missing, of another schema or damaged.
    """
    path = Path(folder) / RESULTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        schema = facts["schema"]
        classes = {one["name"]: tuple(one["classes"]) for one in facts["data"]}
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "give a folder that `fleeting bench` wrote") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, "is no result of a benchmark", "give a folder of `fleeting bench`") from error
    if schema != SCHEMA:
        raise InputError(path, f"has schema {schema!r}, this version reads {SCHEMA}", "update")
    return facts, _read_answers(Path(folder) / PREDICTIONS, classes)


def merge_benches(folders: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> dict[str, Path]:
    """Put the results of several runs, of several machines, into one table.

    Parameters
    ----------
    folders
        As `write_bench` left them. Protocol and settings must agree but for the seeds, and sets of one name
        must hold the same rows. A system, set and seed that stands in two of them must have the same
        predictions.
    out
        Folder for the whole.

    Returns
    -------
    dict
        As `write_bench`.

    Raises
    ------
    UsageError
        Where they do not fit together.
    InputError
        Where one cannot be read.
    """
    if not folders:
        raise UsageError("nothing to merge: name folders that `fleeting bench` wrote")
    read = [read_bench(folder) for folder in folders]
    facts = dict(read[0][0])
    kept: dict[tuple[str, str, int], Answers] = {}
    for folder, (other, answers) in zip(folders, read, strict=True):
        _check_alike(facts, other, folder)
        for one in answers:
            key = (one.data, one.system, one.seed)
            if key in kept and kept[key].predictions.tolist() != one.predictions.tolist():
                told = f"{one.system} on {one.data} with seed {one.seed}"
                raise UsageError(f"{told} stands twice, with other predictions; leave one run out")
            kept.setdefault(key, one)
    everything = [other for other, _ in read]
    done = {(data, system) for data, system, _ in kept}
    facts |= {
        "created": now(),
        "data": _unique(everything, "data", "name"),
        "systems": _unique(everything, "systems", "label"),
        "times": [one for other in everything for one in other["times"]],
        "failures": [
            one
            for other in everything
            for one in other["failures"]
            if (one["data"], one["system"]) not in done
        ],
        "wall_s": None,
        "merged_from": [
            {name: other[name] for name in ("created", "version", "code", "machine", "packages", "wall_s")}
            for other in everything
        ],
    }  # fmt: skip
    facts["settings"] = facts["settings"] | {"seeds": max(one["settings"]["seeds"] for one in everything)}
    return write_results(facts, list(kept.values()), out)


def _check_alike(facts: Mapping[str, Any], other: Mapping[str, Any], folder: object) -> None:
    free, usual = {"seeds", "oracle_epoch"}, asdict(BenchSettings())  # earlier runs lack what came later
    for name in (one for one in usual | facts["settings"] if one not in free):
        here, elsewhere = (one["settings"].get(name, usual.get(name)) for one in (other, facts))
        if here != elsewhere:
            raise UsageError(f"{folder}: {name} is {here!r}, elsewhere {elsewhere!r}")
    known = {one["name"]: one["sha256"] for one in facts["data"]}
    for one in other["data"]:
        if known.get(one["name"], one["sha256"]) != one["sha256"]:
            raise UsageError(f"{folder}: {one['name']} holds other rows than elsewhere")


def _unique(everything: Sequence[Mapping[str, Any]], what: str, name: str) -> list[Any]:
    return list({one[name]: one for other in everything for one in other[what]}.values())


def _describe_data(name: str, run: BenchRun) -> dict[str, Any]:
    rows = run.data[name]
    counts = np.bincount(rows.labels, minlength=len(rows.classes))
    return {
        "name": name,
        "n": len(rows),
        "subjects": len(set(rows.subjects.tolist())),
        "datasets": {one: int(np.sum(rows.datasets == one)) for one in sorted(set(rows.datasets.tolist()))},
        "classes": list(rows.classes),
        "counts": dict(zip(rows.classes, counts.tolist(), strict=True)),
        "sha256": run.fingerprints[name],
        "missing": [asdict(one) for one in run.missing.get(name, ())],
    }


def describe_system(label: str, spec: SystemSpec, preset: str) -> dict[str, Any]:
    """Give the facts about a system that took part, as plain data."""
    from fleeting import systems

    card = systems.card(spec.name)
    return {
        "label": label,
        "name": spec.name,
        "title": card.title,
        "paper": card.paper,
        "kind": card.kind,
        "preset": preset,
        "switches": dict(spec.switches),
        "training": dict(spec.training),
        "published": [
            {name: getattr(one, name) for name in ("dataset", "protocol", "metric", "value", "source")}
            for one in card.published
        ],
        "bibtex": card.bibtex,
    }


def _rows(answers: Sequence[Answers]) -> list[dict[str, object]]:
    made = []
    for one in answers:
        for at in range(len(one.ids)):
            scores = dict(zip(one.classes, one.probabilities[at].tolist(), strict=True))
            row: dict[str, object] = {
                "data": one.data,
                "system": one.system,
                "seed": one.seed,
                "fold": str(one.folds[at]),
                "sample": str(one.ids[at]),
                "dataset": str(one.datasets[at]),
                "subject": str(one.subjects[at]),
                "label": one.classes[one.labels[at]],
                "prediction": one.classes[one.predictions[at]],
                "probabilities": json.dumps(scores),
            }
            if one.oracle is not None:
                row[ORACLE_COLUMN] = one.classes[one.oracle[at]]
            made.append(row)
    return made


def _read_answers(path: Path, classes: Mapping[str, tuple[str, ...]]) -> list[Answers]:
    from fleeting.io import read_table

    tables: dict[tuple[str, str, int], list[dict[str, str]]] = {}
    for line, row in read_table(path, required=COLUMNS):
        try:
            tables.setdefault((row["data"], row["system"], int(row["seed"])), []).append(row)
        except ValueError as error:
            raise InputError(f"{path}, line {line}", f"seed {row['seed']!r} is no number", "") from error
    return [_answers(path, key, rows, classes) for key, rows in tables.items()]


def _answers(
    path: Path,
    key: tuple[str, str, int],
    rows: list[dict[str, str]],
    classes: Mapping[str, tuple[str, ...]],
) -> Answers:
    data, system, seed = key
    try:
        names = classes[data]
        place = {name: at for at, name in enumerate(names)}
        columns = {
            name: np.array([row[name] for row in rows]) for name in ("sample", "subject", "dataset", "fold")
        }
        scores = [json.loads(row["probabilities"]) for row in rows]
        has_oracle = all(row.get(ORACLE_COLUMN) for row in rows)
        return Answers(
            data, system, seed, columns["sample"], columns["subject"], columns["dataset"], columns["fold"],
            np.array([place[row["label"]] for row in rows], np.int64),
            np.array([place[row["prediction"]] for row in rows], np.int64),
            np.array([[one[name] for name in names] for one in scores], float),
            names,
            np.array([place[row[ORACLE_COLUMN]] for row in rows], np.int64) if has_oracle else None,
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        what = f"{system} on {data}: {type(error).__name__} {error}"
        raise InputError(path, what, f"it does not fit {RESULTS}; run the benchmark again") from error
