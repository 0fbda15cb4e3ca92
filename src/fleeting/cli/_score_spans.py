"""`fleeting score spotting` and `str`: from tables of intervals to reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from fleeting.cli._score_labels import EXCHANGES, Outcome, comparison_section
from fleeting.cli._score_view import Section, between, confusion_section, few_subjects, trimmed
from fleeting.core import InputError
from fleeting.evaluation import (
    Counts,
    Span,
    SpottingScores,
    StrScores,
    analysis_precision_recall,
    average_precision,
    counts_f1,
    f1_dr,
    matching_rules,
    mean_average_precision,
    pair_errors,
    paired_test,
    poisson_interval,
    score_spotting,
    score_str,
    strs_of,
    subject_bootstrap,
)
from fleeting.io import IntervalEntry, read_intervals


@dataclass(frozen=True, slots=True)
class Options:
    """How to match and how to resample."""

    rule: str
    iou: float
    video_set: str
    resamples: int
    seed: int

    @property
    def matching(self) -> dict[str, Any]:
        """Arguments for the scoring functions."""
        videos = cast(Literal["all", "with_target"], self.video_set)
        return {"rule": self.rule, "threshold": self.iou, "video_set": videos}


def spotting(
    truth: Path, predictions: Path, options: Options, minutes: float | None, against: Path | None
) -> Outcome:
    """Score one table of predicted intervals."""
    true, found, warnings = _spans(truth, predictions)
    scores = score_spotting(true, found, **options.matching)
    expected = set() if "any" in scores.kinds else {"micro", "macro"}
    kinds = {kind: scores.counts(kind=kind) for kind in sorted(expected.union(scores.kinds), reverse=True)}
    report: dict[str, Any] = {
        "task": "spotting",
        **_setting(options, true, found),
        **{kind: _counts(kinds[kind], scores, options, kind) for kind in kinds},
        "overall": _counts(scores.counts(), scores, options, None),
        "datasets": {
            name: {
                **{kind: _counts(scores.counts(kind=kind, dataset=name)) for kind in kinds},
                "overall": _counts(scores.counts(dataset=name)),
            }
            for name in scores.datasets
            if name
        },
        "ap50": average_precision(true, found),
        "ap50_95": mean_average_precision(true, found),
        "errors_frames": pair_errors(true, found, scores.pairs),
    }
    if minutes is not None:
        alarms = max(0, scores.counts().fp)
        report["false_alarms_per_minute"] = poisson_interval(alarms, minutes)
    if against is not None:
        report["against"] = {"f1": _compare(truth, true, scores, against, options)}
    warnings += few_subjects(report["subjects"]) if options.resamples else []
    if len({span.score for span in found}) < 2:
        warnings.append("all predictions have one score, so ap50 and ap50_95 rank nothing")
    return report, _spotting_sections(report, list(kinds)), warnings


def spot_then_recognise(truth: Path, predictions: Path, labels: list[str], options: Options) -> Outcome:
    """Score one table of predicted intervals with emotions."""
    true, found, warnings = _spans(truth, predictions)
    if not labels and not any(span.emotion for span in true):
        raise InputError(
            f"{truth}, column emotion", "names no emotion", "fill it in, or use `score spotting`"
        )
    scores = score_str(true, found, labels=labels or None, **options.matching)
    lost = sum(span.emotion is None for span in found)
    if lost:
        warnings.append(
            f"{lost} of {len(found)} predictions have no emotion: wrong wherever the truth has one"
        )
    left = sorted({span.emotion for span in true if span.emotion} - set(scores.labels))
    if left:
        warnings.append(f"spotted but not analysed: {', '.join(left)}")
    report: dict[str, Any] = {
        "task": "str",
        **_setting(options, true, found),
        "labels": scores.labels,
        "strs": scores.strs,
        "spotting": _counts(scores.counts, scores.spotting, options, None),
        "analysis": _analysis(scores),
        "f1_dr_assumed": {
            "localisation": scores.f1_spotting,
            "joint": f1_dr(true, found, "joint", **options.matching),
            "product": scores.strs,
        },
        "intervals": {},
        "confusion": trimmed(scores.matrix),
        "datasets": _str_by_dataset(true, found, scores.labels, options),
    }
    warnings += few_subjects(report["subjects"]) if options.resamples else []
    if options.resamples and len(scores.subjects) > 1:
        classes = len(scores.labels)
        report["intervals"]["strs"] = subject_bootstrap(
            scores.table,
            lambda pooled: strs_of(pooled, classes),
            samples=options.resamples,
            seed=options.seed,
        )
    return report, _str_sections(report, scores), warnings


def _str_by_dataset(
    true: Sequence[Span], found: Sequence[Span], labels: Sequence[str], options: Options
) -> dict[str, dict[str, Any]]:
    result = {}
    for dataset in sorted({span.dataset for span in (*true, *found)} - {""}):
        own = [[span for span in spans if span.dataset == dataset] for spans in (true, found)]
        scores = score_str(own[0], own[1], labels=labels, **options.matching)
        result[dataset] = {
            "strs": scores.strs,
            "spotting": _counts(scores.counts),
            "analysis": _analysis(scores),
        }
    return result


def _analysis(scores: StrScores) -> dict[str, Any]:
    precision, recall = analysis_precision_recall(scores.matrix)
    return {
        "n": int(scores.matrix.sum()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": scores.f1_analysis,
        "uf1": scores.uf1,
        "uar": scores.uar,
    }


def _setting(options: Options, true: Sequence[Span], found: Sequence[Span]) -> dict[str, Any]:
    return {
        "rule": options.rule,
        "rule_text": matching_rules().get(options.rule, ""),
        "iou": options.iou,
        "video_set": options.video_set,
        "truths": len(true),
        "predictions": len(found),
        "videos": len({span.key for span in (*true, *found)}),
        "subjects": len({span.key[:2] for span in (*true, *found)}),
    }


def _counts(
    counts: Counts,
    scores: SpottingScores | None = None,
    options: Options | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: getattr(counts, name) for name in ("tp", "fp", "fn", "precision", "recall", "f1")
    }
    if scores is not None and options is not None and options.resamples and len(scores.units):
        _, table = scores.by_subject(kind=kind)
        interval = subject_bootstrap(table, counts_f1, samples=options.resamples, seed=options.seed)
        values |= {"f1_low": interval.low, "f1_high": interval.high, "subjects": interval.units}
    return values


def _compare(
    truth: Path, true: Sequence[Span], scores: SpottingScores, against: Path, options: Options
) -> Any:
    other_true, found, _ = _spans(truth, against)
    names, first = scores.by_subject()
    others, second = score_spotting(other_true, found, **options.matching).by_subject()
    everybody = sorted({*names, *others})
    tables = []
    for own, counts in ((names, first), (others, second)):
        table = np.zeros((len(everybody), 3), np.int64)
        table[[everybody.index(name) for name in own]] = counts
        tables.append(table)
    return paired_test(
        tables[0], tables[1], counts_f1, samples=max(options.resamples, EXCHANGES), seed=options.seed
    )


def _spans(truth: Path, predictions: Path) -> tuple[list[Span], list[Span], list[str]]:
    """Read both tables, and say what of the second finds nothing to join in the first."""
    true, found = read_intervals(truth), read_intervals(predictions)
    warnings = []
    typed = [bool(entry.type) for entry in (*true, *found)]
    if not all(typed):
        # The scorer of MEGC 2025 knows no types; with types on one side only they could not match.
        true, found = ([replace(entry, type="any") for entry in entries] for entries in (true, found))
        warnings += ["some rows have no type, so types are ignored"] if any(typed) else []
    if found and true and not any(entry.subject for entry in found):
        found = _with_subjects(truth, true, predictions, found)
    unknown = sorted({e.video for e in found} - {e.video for e in true})
    if unknown:
        some = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        warnings.append(
            f"{len(unknown)} videos of the predictions have no truth ({some}): what was found there counts "
            "as false alarm; check the column video if that is not meant"
        )
    return [_span(entry) for entry in true], [_span(entry) for entry in found], warnings


def _with_subjects(
    truth: Path, true: Sequence[IntervalEntry], predictions: Path, found: Sequence[IntervalEntry]
) -> list[IntervalEntry]:
    """Take subjects from the truth where the predictions, as `analyze` writes them, do not know any."""
    owners: dict[str, set[tuple[str, str]]] = {}
    for entry in true:
        owners.setdefault(entry.video, set()).add((entry.dataset, entry.subject))
    result = []
    for entry in found:
        who = owners.get(entry.video, {(entry.dataset, "")})
        if len(who) > 1:
            raise InputError(
                f"{predictions}, column subject",
                f"is empty, and {truth} has video {entry.video!r} of several subjects",
                "fill it in",
            )
        dataset, subject = next(iter(who))
        result.append(replace(entry, dataset=dataset, subject=subject))
    return result


def _span(entry: IntervalEntry) -> Span:
    return Span(
        entry.video,
        entry.onset,
        entry.offset,
        entry.type or "any",
        entry.subject,
        entry.dataset,
        entry.emotion,
        entry.score,
        entry.apex,
    )


COLUMNS = ["", "TP", "FP", "FN", "precision", "recall", "F1", "95 % interval"]


def _row(name: str, counts: dict[str, Any]) -> list[object]:
    values = [counts[key] for key in ("tp", "fp", "fn", "precision", "recall", "f1")]
    return [name, *values, between(counts["f1_low"], counts["f1_high"]) if "f1_low" in counts else ""]


def _title(name: str, report: dict[str, Any]) -> str:
    return (
        f"{name}: {report['truths']} true and {report['predictions']} predicted intervals in "
        f"{report['videos']} videos; rule {report['rule']}, IoU {report['iou']}"
    )


def _spotting_sections(report: dict[str, Any], kinds: list[str]) -> list[Section]:
    names = [*kinds, "overall"] if len(kinds) > 1 else kinds
    sections = [Section(_title("Spotting", report), COLUMNS, [_row(name, report[name]) for name in names])]
    if len(report["datasets"]) > 1:
        rows = [
            _row(f"{dataset} {name}", parts[name])[:-1]
            for dataset, parts in report["datasets"].items()
            for name in names
        ]
        sections.append(Section("By dataset", COLUMNS[:-1], rows))
    errors = [[n, e.n, e.bias, e.mae, e.median] for n, e in report["errors_frames"].items() if e.n]
    if errors:
        columns = ["frames", "pairs", "mean", "mean absolute", "median absolute"]
        sections.append(Section("Errors of the matched intervals (predicted - true)", columns, errors))
    rows = [["AP at IoU 0.5", report["ap50"], ""], ["AP at IoU 0.5..0.95", report["ap50_95"], ""]]
    rate = report.get("false_alarms_per_minute")
    if rate is not None:
        rows.append(["false alarms per minute", rate.value, between(rate.low, rate.high)])
    sections.append(Section("Ranking and rate", ["score", "value", "95 % interval"], rows))
    if "against" in report:
        sections.append(comparison_section(report["against"]))
    return sections


def _str_sections(report: dict[str, Any], scores: StrScores) -> list[Section]:
    interval = report["intervals"].get("strs")
    analysis, assumed = report["analysis"], report["f1_dr_assumed"]
    rows: list[list[object]] = [
        ["STRS", report["strs"], between(interval.low, interval.high) if interval else ""],
        ["F1 spotting", report["spotting"]["f1"], ""],
        [f"F1 analysis ({analysis['n']} pairs)", analysis["f1"], ""],
        ["UF1 of the pairs", analysis["uf1"], ""],
        ["UAR of the pairs", analysis["uar"], ""],
        ["F1_DR (assumed, joint)", assumed["joint"], ""],
    ]
    sections = [
        Section(_title("Spot, then recognise", report), ["score", "value", "95 % interval"], rows),
        Section("Spotting", COLUMNS, [_row("all", report["spotting"])]),
        confusion_section("Emotions of the matched intervals", scores.labels, report["confusion"]),
    ]
    if len(report["datasets"]) > 1:
        parts = [
            [name, part["strs"], part["spotting"]["f1"], part["analysis"]["f1"]]
            for name, part in report["datasets"].items()
        ]
        sections.append(Section("By dataset", ["dataset", "STRS", "F1 spotting", "F1 analysis"], parts))
    return sections
