"""Who agrees with whom, over all recordings of the folder. Figures come from ``fleeting.evaluation``."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from fleeting.evaluation import (
    CodedUnit,
    CoderAgreement,
    LabelAgreement,
    Moment,
    MomentAgreement,
    coder_agreement,
    moment_agreement,
)
from fleeting.io import Annotation, from_machine
from fleeting.serve.desk import Desk, expressions_of, log_name, report_of
from fleeting.serve.library import Recording
from fleeting.serve.recordings import is_hidden

MACHINE = "machine"
NOTE = (
    "Kappa and alpha are over frames (none, micro, macro), F1 and IoU over intervals matched one to one. "
    "A coder counts in the recordings that she changed anything in or had revealed; what she rejected "
    "does not count. Who had seen the machine's answer before coding does not agree with it independently."
)
COLUMNS = ("first", "second", "measure", "value", "recordings", "first_n", "second_n")
MORE = ("action_unit", "compared", "iou_threshold")
FRAME_MEASURES = ("cohen_kappa", "f1", "mean_iou", "frame_jaccard", "matched")

Codings = Mapping[str, Mapping[str, list[Moment]]]


@dataclass(frozen=True)
class FolderAgreement:
    """Agreement of coders and machine, of the coders alone, and on what both saw in matched moments.

    ``recordings`` were coded by somebody; in ``hidden`` of these the machine was left out, since a figure
    would tell what it said to a coder who is still to say hers.
    """

    everybody: CoderAgreement
    coders: CoderAgreement
    moments: tuple[MomentAgreement, ...]
    recordings: tuple[str, ...]
    hidden: int


def folder_agreement(
    desk: Desk, threshold: float, *, blind: bool = False, coder: str = ""
) -> FolderAgreement:
    """Compare all coders and the machine; ``coder`` asks, ``blind`` says that she has it hidden."""
    codings: dict[str, dict[str, list[Moment]]] = {}
    frames: dict[str, int] = {}
    machine: dict[str, list[Moment]] = {}
    names, hidden = [], 0
    there = {log_name(one): one for one in desk.library.recordings() if one.report is not None}
    for one in there.values():
        if not (who := desk.log.coded(log_name(one))):
            continue
        names.append(one.name)
        found = {c: desk.log.coding(log_name(one), c).annotations for c in who}
        rows = {c: [note for note in notes if note.counts] for c, notes in found.items()}
        secret = _secret(desk, one, who, blind=blind, coder=coder)
        hidden += secret
        said = [from_machine(expression, key) for key, expression in expressions_of(one).items()]
        marked = [note for notes in (*rows.values(), said) for note in notes]
        for face in sorted({note.face for note in marked}) or [0]:  # people are not compared with each other
            key = f"{log_name(one)} {face}"
            frames[key] = report_of(one).video.frames
            for c, notes in rows.items():
                codings.setdefault(c, {})[key] = _moments(notes, face)
            if not secret:
                machine[key] = _moments(said, face)
    codings = dict(sorted(codings.items()))
    everybody = {**codings, **({MACHINE: machine} if machine else {})}
    return FolderAgreement(
        coder_agreement(_marks(everybody), frames, threshold=threshold),
        coder_agreement(_marks(codings), frames, threshold=threshold),
        moment_agreement(everybody, threshold=threshold),
        tuple(names),
        hidden,
    )


def _secret(desk: Desk, one: Recording, coders: Iterable[str], *, blind: bool, coder: str) -> bool:
    """Say whether the machine's answer is still to be kept from a coder of it, or from the one who asks."""
    if (blind or coder) and is_hidden(desk, log_name(one), blind=blind, coder=coder):
        return True
    return any(is_hidden(desk, log_name(one), blind=False, coder=other) for other in coders)


def _moments(notes: Iterable[Annotation], face: int) -> list[Moment]:
    return [
        Moment(
            note.onset,
            note.offset,
            note.kind,
            tuple(CodedUnit(unit.au, unit.side, unit.intensity) for unit in note.aus),
            note.emotion,
        )
        for note in notes
        if note.face == face
    ]


def _marks(codings: Codings) -> dict[str, dict[str, list[tuple[int, int, str]]]]:
    return {
        coder: {name: [(one.onset, one.offset, one.kind) for one in rows] for name, rows in films.items()}
        for coder, films in codings.items()
    }


def agreement_document(found: FolderAgreement, threshold: float) -> dict[str, Any]:
    """Lay the agreement out for the page; what is not defined is null."""
    return {
        "coders": list(found.everybody.coders),
        "pairs": _plain(found.everybody.pairs),
        "moments": _plain(found.moments),
        "together": [{"who": who, **_together(one)} for who, one in _groups(found)],
        "recordings": list(found.recordings),
        "hidden": found.hidden,
        "threshold": threshold,
        "note": NOTE,
    }


def _groups(found: FolderAgreement) -> list[tuple[str, CoderAgreement]]:
    with_machine = MACHINE in found.everybody.coders
    return [("coders", found.coders), *([("coders and machine", found.everybody)] if with_machine else [])]


def _together(found: CoderAgreement) -> dict[str, Any]:
    names = ("fleiss_kappa", "fleiss_recordings", "krippendorff_alpha", "krippendorff_recordings")
    return {name: _plain(getattr(found, name)) for name in names}


def agreement_csv(found: FolderAgreement, threshold: float) -> str:
    """Write the agreement as a table, one row for each figure."""
    from fleeting.io import guard_text

    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, *MORE), restval="")
    writer.writeheader()
    shared = {(pair.first, pair.second): pair.recordings for pair in found.everybody.pairs}
    for pair in found.everybody.pairs:
        counts = {"recordings": pair.recordings, "first_n": pair.first_n, "second_n": pair.second_n}
        for measure in FRAME_MEASURES:
            row = {"measure": measure, "value": getattr(pair, measure), **counts}
            writer.writerow(_row(row, guard_text(pair.first), guard_text(pair.second), threshold))
    for seen in found.moments:
        for row in _seen(seen):
            row["recordings"] = shared[seen.first, seen.second]
            writer.writerow(_row(row, guard_text(seen.first), guard_text(seen.second), threshold))
    for who, one in _groups(found):
        for measure in ("fleiss", "krippendorff"):
            name = {"fleiss": "fleiss_kappa", "krippendorff": "krippendorff_alpha"}[measure]
            row = {"measure": name, "value": getattr(one, name)}
            writer.writerow(_row({**row, "recordings": getattr(one, f"{measure}_recordings")}, f"all {who}"))
    return text.getvalue()


def _seen(pair: MomentAgreement) -> Iterator[dict[str, Any]]:
    """Rows of what two saw in the moments that both marked."""
    for name in ("kind", "emotion", "side", "intensity"):
        labels: LabelAgreement = getattr(pair, name)
        share = labels.same / labels.compared if labels.compared else math.nan
        yield {"measure": f"{name}_same", "value": share, "compared": labels.compared}
        yield {"measure": f"{name}_kappa", "value": labels.kappa, "compared": labels.compared}
    yield {"measure": "units_f1", "value": pair.unit_f1, "compared": pair.unit_moments}
    for unit in pair.units:
        counts = {"first_n": unit.first_n, "second_n": unit.second_n, "compared": pair.unit_moments}
        yield {"measure": "unit_f1", "value": unit.f1, "action_unit": unit.au, **counts}
        yield {"measure": "unit_kappa", "value": unit.kappa, "action_unit": unit.au, **counts}


def _row(
    row: Mapping[str, Any], first: str, second: str = "", threshold: float | None = None
) -> dict[str, Any]:
    value = row["value"]
    cell = "" if isinstance(value, float) and not math.isfinite(value) else repr(value)
    return {**row, "value": cell, "first": first, "second": second, "iou_threshold": threshold}


def _plain(value: Any) -> Any:
    """Give figures as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(one) for name, one in asdict(value).items()}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
