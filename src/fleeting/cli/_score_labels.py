"""`fleeting score recognition` and `au`: from tables to reports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.cli._score_view import Section, between, confusion_section, few_subjects, trimmed
from fleeting.core import InputError, UsageError
from fleeting.evaluation import (
    Estimate,
    accuracy,
    majority_matrix,
    paired_test,
    score_action_units,
    score_recognition,
    scores_of,
    subject_bootstrap,
    subject_confusions,
    subject_unit_counts,
    uar,
    uf1,
    unit_macro_f1,
    unit_micro_f1,
)
from fleeting.io import LabelTable, read_labels, read_units

Outcome = tuple[dict[str, Any], list[Section], list[str]]
METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"uf1": uf1, "uar": uar, "accuracy": accuracy}
EXCHANGES = 10_000
NO_SUBJECTS = "the truth names no subjects (column subject), so there are no intervals"


def recognition(
    truth: Path, predictions: Path, labels: list[str], against: Path | None, resamples: int, seed: int
) -> Outcome:
    """Score one table of predicted labels."""
    table = read_labels(truth, predictions)
    names = labels or _in_order({*table.truth, *table.predicted})
    _check_declared(truth, table.truth, names)
    scores = score_recognition(table.truth, table.predicted, names, outside=True)
    report: dict[str, Any] = {
        "task": "recognition",
        "labels": names,
        "n": scores.n,
        "subjects": len(set(filter(None, table.subjects))),
        **{
            name: getattr(scores, name)
            for name in ("uf1", "uar", "accuracy", "weighted_f1", "macro_precision")
        },
        "uf1_declared": scores.uf1_declared,
        "uar_declared": scores.uar_declared,
        "intervals": {},
        "classes": {
            name: {
                "precision": float(scores.precision[i]),
                "recall": float(scores.recall[i]),
                "f1": float(scores.f1[i]),
                "support": int(scores.support[i]),
            }
            for i, name in enumerate(names)
        },
        "confusion": trimmed(scores.matrix),
        "datasets": _datasets(table, names),
        "majority": _majority(scores.matrix, names),
    }
    warnings = _absent(names, scores.support, scores.matrix)
    if all(table.subjects):
        report["intervals"] = _intervals(table, names, resamples, seed)
        warnings += few_subjects(report["subjects"]) if resamples else []
    else:
        warnings.append(NO_SUBJECTS)
    if against is not None:
        report["against"] = _compare(truth, table, names, against, resamples, seed)
    return report, _recognition_sections(report), warnings


def _in_order(labels: set[str]) -> list[str]:
    numbers = all(label.isdigit() for label in labels)
    return sorted(labels, key=int) if numbers else sorted(labels)


def _check_declared(path: Path, found: list[str], labels: list[str]) -> None:
    odd = sorted(set(found) - set(labels))
    if odd:
        raise InputError(
            f"{path}, column label", f"{odd[0]!r} is none of --labels {','.join(labels)}", "add it"
        )


def _absent(labels: list[str], support: np.ndarray, matrix: np.ndarray) -> list[str]:
    absent = [name for name, n in zip(labels, support, strict=True) if n == 0]
    notes = []
    if absent:
        notes.append(
            f"the truth lacks {', '.join(absent)}: uf1 and uar are over the other classes, "
            "uf1_declared and uar_declared over all with 0 for these"
        )
    outside = int(matrix[:, len(labels) :].sum())
    if outside:
        notes.append(f"{outside} predictions are none of the labels and count as wrong")
    return notes


def _intervals(table: LabelTable, labels: list[str], resamples: int, seed: int) -> dict[str, Estimate]:
    if not resamples:
        return {}
    _, counts = subject_confusions(table.truth, table.predicted, labels, table.subjects, outside=True)
    return {
        name: subject_bootstrap(counts, metric, samples=resamples, seed=seed)
        for name, metric in METRICS.items()
    }


def _datasets(table: LabelTable, labels: list[str]) -> dict[str, dict[str, float]]:
    result = {}
    for dataset in sorted(set(filter(None, table.datasets))):
        rows = [i for i, name in enumerate(table.datasets) if name == dataset]
        scores = score_recognition(
            [table.truth[i] for i in rows], [table.predicted[i] for i in rows], labels, outside=True
        )
        result[dataset] = {"n": scores.n, "uf1": scores.uf1, "uar": scores.uar, "accuracy": scores.accuracy}
    return result


def _majority(matrix: np.ndarray, labels: list[str]) -> dict[str, Any]:
    guess = scores_of(majority_matrix(matrix), labels)
    label = labels[int(np.argmax(guess.support))]
    return {"label": label, "uf1": guess.uf1, "uar": guess.uar, "accuracy": guess.accuracy}


def _compare(
    truth: Path, table: LabelTable, labels: list[str], against: Path, resamples: int, seed: int
) -> dict[str, Any]:
    other = read_labels(truth, against)
    if not all(table.subjects):
        raise UsageError(f"--against needs subjects: {NO_SUBJECTS}")
    first, second = (
        subject_confusions(part.truth, part.predicted, labels, part.subjects, outside=True)[1]
        for part in (table, other)
    )
    samples = max(resamples, EXCHANGES)
    return {
        name: paired_test(first, second, metric, samples=samples, seed=seed)
        for name, metric in METRICS.items()
    }


def _recognition_sections(report: dict[str, Any]) -> list[Section]:
    intervals = report["intervals"]
    names = ("uf1", "uar", "accuracy", "weighted_f1")
    rows: list[list[object]] = [
        [
            name,
            report[name],
            between(intervals[name].low, intervals[name].high) if name in intervals else "",
            report["majority"].get(name, ""),
        ]
        for name in names
    ]
    title = f"Recognition: {report['n']} samples, {report['subjects']} subjects"
    head = f"majority ({report['majority']['label']})"
    sections = [Section(title, ["score", "value", "95 % interval", head], rows)]
    if len(report["datasets"]) > 1:
        rows = [[name, d["n"], d["uf1"], d["uar"], d["accuracy"]] for name, d in report["datasets"].items()]
        sections.append(Section("By dataset", ["dataset", "n", "uf1", "uar", "accuracy"], rows))
    rows = [
        [name, c["support"], c["precision"], c["recall"], c["f1"]] for name, c in report["classes"].items()
    ]
    sections.append(Section("By class", ["class", "n", "precision", "recall", "f1"], rows))
    sections.append(confusion_section("Confusion", report["labels"], report["confusion"]))
    if "against" in report:
        sections.append(comparison_section(report["against"]))
    return sections


def comparison_section(tests: dict[str, Any]) -> Section:
    """Show paired tests, one row for each metric."""
    rows = [
        [name, test.difference, between(test.low, test.high), test.p_value, test.subjects]
        for name, test in tests.items()
    ]
    columns = ["score", "difference", "95 % interval", "p (two-sided)", "subjects"]
    return Section("First minus second system (paired over subjects)", columns, rows)


def units(truth: Path, predictions: Path, threshold: float, resamples: int, seed: int) -> Outcome:
    """Score one table of predicted action units."""
    table = read_units(truth, predictions)
    said = (table.predicted >= threshold).astype(float)
    scores = score_action_units(table.truth, said, table.units)
    names = ("macro_f1", "macro_f1_declared", "micro_f1", "two_class_f1")
    report: dict[str, Any] = {
        "task": "au",
        "n": scores.n,
        "subjects": len(set(filter(None, table.subjects))),
        "threshold": threshold,
        **{name: getattr(scores, name) for name in names},
        "intervals": {},
        "units": {
            unit: {
                "f1": float(scores.f1[i]),
                "precision": float(scores.precision[i]),
                "recall": float(scores.recall[i]),
                "support": int(scores.support[i]),
            }
            for i, unit in enumerate(table.units)
        },
    }
    absent = [f"AU{unit}" for unit, n in zip(table.units, scores.support, strict=True) if n == 0]
    warnings = []
    if absent:
        warnings.append(
            f"the truth never shows {', '.join(absent)}: macro_f1 leaves them out, macro_f1_declared counts 0"
        )
    if all(table.subjects) and resamples:
        _, counts = subject_unit_counts(table.truth, said, table.subjects)
        report["intervals"] = {
            "macro_f1": subject_bootstrap(counts, unit_macro_f1, samples=resamples, seed=seed),
            "micro_f1": subject_bootstrap(counts, unit_micro_f1, samples=resamples, seed=seed),
        }
        warnings += few_subjects(report["subjects"])
    elif not all(table.subjects):
        warnings.append(NO_SUBJECTS)
    return report, _unit_sections(report, names), warnings


def _unit_sections(report: dict[str, Any], names: tuple[str, ...]) -> list[Section]:
    intervals = report["intervals"]
    rows: list[list[object]] = [
        [name, report[name], between(intervals[name].low, intervals[name].high) if name in intervals else ""]
        for name in names
    ]
    title = f"Action units: {report['n']} samples, {report['subjects']} subjects"
    table = [
        [f"AU{unit}", c["support"], c["precision"], c["recall"], c["f1"]]
        for unit, c in report["units"].items()
    ]
    return [
        Section(title, ["score", "value", "95 % interval"], rows),
        Section("By action unit", ["unit", "shown", "precision", "recall", "f1"], table),
    ]
