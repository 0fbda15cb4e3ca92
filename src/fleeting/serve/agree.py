"""Who agrees with whom, over all recordings of the folder."""

import csv
import io
import math
from dataclasses import asdict
from typing import Any

from fleeting.evaluation import CoderAgreement, coder_agreement
from fleeting.serve.desk import Desk, log_name, report_of
from fleeting.serve.library import Recording

MACHINE = "machine"
NOTE = (
    "Kappa and alpha are over frames (none, micro, macro); f1 and IoU over intervals matched one to one. "
    "A coder counts in the recordings that she changed anything in or had revealed; what she rejected "
    "does not count. Who had seen the machine's answer before coding does not agree with it independently."
)


def coded_agreement(desk: Desk, threshold: float) -> tuple[CoderAgreement, list[str]]:
    """Compare all coders and the machine, and name the recordings that somebody coded."""
    recordings = {log_name(one): one for one in desk.library.recordings() if one.report is not None}
    codings: dict[str, dict[str, list[tuple[int, int, str]]]] = {}
    for name in recordings:
        coders = desk.log.coded(name)
        if desk.blind and any(desk.log.revealed_at(name, coder) is None for coder in coders):
            continue  # a figure would tell a coder what the machine said before she has said hers
        for coder in coders:
            marks: list[tuple[int, int, str]] = [
                (one.onset, one.offset, one.kind)
                for one in desk.log.coding(name, coder).annotations
                if one.counts
            ]
            codings.setdefault(coder, {})[name] = marks
    names = sorted({name for films in codings.values() for name in films})
    codings = dict(sorted(codings.items()))
    codings[MACHINE] = {name: _machine(recordings[name]) for name in names}
    frames = {name: report_of(recordings[name]).video.frames for name in names}
    return coder_agreement(codings, frames, threshold=threshold), [recordings[name].name for name in names]


def _machine(one: Recording) -> list[tuple[int, int, str]]:
    spans = [expression.interval for expression in report_of(one).expressions]
    return [(span.onset_frame, span.offset_frame, span.kind) for span in spans]


def agreement_document(desk: Desk, threshold: float) -> dict[str, Any]:
    """Lay the agreement out for the page; what is not defined is null."""
    found, names = coded_agreement(desk, threshold)
    return {
        "coders": list(found.coders),
        "pairs": [{k: _defined(v) for k, v in asdict(pair).items()} for pair in found.pairs],
        "fleiss_kappa": _defined(found.fleiss_kappa),
        "fleiss_recordings": found.fleiss_recordings,
        "krippendorff_alpha": _defined(found.krippendorff_alpha),
        "krippendorff_recordings": found.krippendorff_recordings,
        "recordings": names,
        "threshold": threshold,
        "note": NOTE,
    }


def agreement_csv(desk: Desk, threshold: float) -> str:
    """Write the agreement as a table: one row for each pair, and two for all."""
    from fleeting.io import guard_text

    found, _ = coded_agreement(desk, threshold)
    text = io.StringIO()
    names = ["first", "second", "measure", "value", "recordings", "first_n", "second_n"]
    writer = csv.writer(text)
    writer.writerow(names)
    for pair in found.pairs:
        for measure in ("cohen_kappa", "f1", "mean_iou", "frame_jaccard", "matched"):
            value = getattr(pair, measure)
            row = [guard_text(pair.first), guard_text(pair.second), measure, _cell(value), pair.recordings]
            writer.writerow([*row, pair.first_n, pair.second_n])
    writer.writerow(["all", "", "fleiss_kappa", _cell(found.fleiss_kappa), found.fleiss_recordings, "", ""])
    alpha = [_cell(found.krippendorff_alpha), found.krippendorff_recordings]
    writer.writerow(["all", "", "krippendorff_alpha", *alpha, "", ""])
    return text.getvalue()


def _defined(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: float) -> str:
    return "" if not math.isfinite(value) else repr(value)
