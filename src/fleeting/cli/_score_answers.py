"""`fleeting score vqa`, `lvqa` and `gaze`: from tables to reports."""

from pathlib import Path
from typing import Any

import numpy as np

from fleeting.cli._score_labels import Outcome
from fleeting.cli._score_view import Section, trimmed
from fleeting.evaluation import (
    VQA_ACTION_UNITS,
    Answered,
    LvqaScores,
    RecognitionScores,
    VqaScores,
    jitter,
    score_gaze,
    score_lvqa,
    score_vqa,
)
from fleeting.facs import action_units
from fleeting.io import read_answers, read_gaze


def vqa(truth: Path, predictions: Path) -> Outcome:
    """Score answers on short clips, pooled and by dataset."""
    answers = _answers(truth, predictions)
    parts = {name: _vqa(score_vqa(rows, names=_names())) for name, rows in _groups(answers).items()}
    return {"task": "vqa", **parts["overall"], "datasets": _rest(parts)}, _vqa_sections(parts), []


def lvqa(truth: Path, predictions: Path) -> Outcome:
    """Score answers on long videos, pooled and by dataset."""
    answers = _answers(truth, predictions)
    parts = {name: _lvqa(score_lvqa(rows, names=_names())) for name, rows in _groups(answers).items()}
    unread = sum(c.unread for c in parts["overall"]["counts"].values())
    warnings = [f"{unread} answers hold no number and count as 0 events"] if unread else []
    return {"task": "lvqa", **parts["overall"], "datasets": _rest(parts)}, _lvqa_sections(parts), warnings


def gaze(truth: Path, predictions: Path, rate: float) -> Outcome:
    """Score gaze points, all rows together, and the jitter metric by recording."""
    table = read_gaze(truth, predictions)
    scores = score_gaze(table.truth, table.predicted)
    names = np.array(table.recordings)
    jitters, warnings = {}, []
    for name in dict.fromkeys(table.recordings):
        rows = names == name
        if rows.sum() < 3:
            warnings.append(f"recording {name} has fewer than 3 rows: no jitter metric")
            continue
        jitters[name] = jitter(table.truth[rows], table.predicted[rows], rate_hz=rate)
    mean = float(np.mean(list(jitters.values()))) if jitters else float("nan")
    report = {
        "task": "gaze",
        "n": scores.n,
        "recordings": len(set(table.recordings)),
        "l2": scores.l2,
        "l1": scores.l1,
        **{f"p{k:g}": share for k, share in scores.within.items()},
        "jitter": mean,
        "rate_hz": rate,
        "jitter_by_recording": jitters,
    }
    shown = ["l2", "l1", *(f"p{k:g}" for k in scores.within), "jitter"]
    title = f"Gaze: {scores.n} rows, {report['recordings']} recordings"
    return report, [Section(title, ["score", "value"], [[name, report[name]] for name in shown])], warnings


def _answers(truth: Path, predictions: Path) -> list[tuple[str, Answered]]:
    entries = read_answers(truth, predictions)
    return [(e.dataset, Answered(e.question, e.truth, e.predicted, e.dataset)) for e in entries]


def _names() -> dict[str, int]:
    """All FACS names, and the spelling of the challenge where it differs."""
    return {unit.name: unit.number for unit in action_units()} | dict(VQA_ACTION_UNITS)


def _groups(answers: list[tuple[str, Answered]]) -> dict[str, list[Answered]]:
    groups: dict[str, list[Answered]] = {"overall": [answer for _, answer in answers]}
    datasets = sorted({dataset for dataset, _ in answers})
    if len(datasets) > 1:
        for name in datasets:
            groups[name] = [answer for dataset, answer in answers if dataset == name]
    return groups


def _rest(parts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: part for name, part in parts.items() if name != "overall"}


def _classes(scores: RecognitionScores | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    names = ("n", "uf1", "uar", "accuracy", "uf1_declared", "uar_declared", "labels")
    return {name: getattr(scores, name) for name in names} | {"confusion": trimmed(scores.matrix)}


def _vqa(scores: VqaScores) -> dict[str, Any]:
    return {
        "n": scores.n,
        "coarse": _classes(scores.coarse),
        "fine": _classes(scores.fine),
        "yes_no": _classes(scores.yes_no),
        "action_units": scores.action_units,
        "text": scores.text,
        "text_open": scores.text_open,
    }


def _lvqa(scores: LvqaScores) -> dict[str, Any]:
    return {
        "n": scores.n,
        "counts": scores.counts,
        "action_units": scores.action_units,
        "event_type": _classes(scores.event_type),
    }


def _vqa_sections(parts: dict[str, dict[str, Any]]) -> list[Section]:
    classes = [
        [f"{name} {kind}", part[kind]["n"], part[kind]["uf1"], part[kind]["uar"], part[kind]["uf1_declared"]]
        for name, part in parts.items()
        for kind in ("coarse", "fine", "yes_no")
        if part[kind]
    ]
    texts = [
        [f"{name} {what}", t.n, t.bleu4, t.bleu4_smoothed, t.rouge1_recall, t.rouge1_recall_plain]
        for name, part in parts.items()
        for what, t in (("all answers", part["text"]), ("open answers", part["text_open"]))
        if t
    ]
    sections = [
        Section("Classes", ["question", "n", "UF1", "UAR", "UF1 over all declared"], classes),
        Section(
            "Text (unsmoothed BLEU-4 of answers of up to three words is 0)",
            ["answers", "n", "BLEU-4", "BLEU-4 smoothed", "ROUGE-1 recall", "without punctuation"],
            texts,
        ),
    ]
    return [*sections, *_unit_section(parts)]


def _lvqa_sections(parts: dict[str, dict[str, Any]]) -> list[Section]:
    counts = [
        [f"{name} {kind.removeprefix('count_')}", c.n, c.mae, c.rmse, c.unread]
        for name, part in parts.items()
        for kind, c in part["counts"].items()
    ]
    types = [
        [name, part["event_type"]["n"], part["event_type"]["uf1"], part["event_type"]["uar"]]
        for name, part in parts.items()
        if part["event_type"]
    ]
    sections = (
        [Section("Number of events", ["events", "n", "MAE", "RMSE", "unread"], counts)] if counts else []
    )
    sections += [Section("Type of event", ["", "n", "UF1", "UAR"], types)] if types else []
    return [*sections, *_unit_section(parts)]


def _unit_section(parts: dict[str, dict[str, Any]]) -> list[Section]:
    rows = [
        [name, part["action_units"].n, part["action_units"].f1, part["action_units"].jaccard]
        for name, part in parts.items()
        if part["action_units"]
    ]
    return [Section("Sets of action units", ["", "n", "F1", "Jaccard"], rows)] if rows else []
