"""How a recording is told to the page."""

from dataclasses import asdict
from typing import Any

from fleeting import facs
from fleeting.core import InputError
from fleeting.io import INTENSITIES, MediaKind
from fleeting.serve.desk import Desk, expressions_of, log_name, report_of
from fleeting.serve.library import Recording

NOTHING = MediaKind(playable=False, has_sound=False)


def recording_row(desk: Desk, one: Recording) -> dict[str, Any]:
    """One line of the list."""
    if one.report is None:
        nothing = {"found": False, "why": one.error, "frames": 0, "duration_s": 0.0, "fps": 0.0}
        video = {**nothing, "width": 0, "height": 0, "variable_rate": False}
        warning = {"code": "damaged", "message": f"{one.path.name}: {one.error}"}
        lists: dict[str, Any] = {"faces": [], "warnings": [warning], "reviewed": {}}
        return {"id": one.id, "name": one.name, "video": video, "expressions": 0, **lists, "error": one.error}
    report = one.report
    video = asdict(report.video)
    video.pop("sha256")
    found = desk.finder.find(one, patient=False)  # a list must not wait for gigabytes to be compared
    name = log_name(one)
    reviewed, trouble = {}, []
    try:
        reviewed = {coder: len(desk.log.coding(name, coder).annotations) for coder in desk.log.coded(name)}
    except InputError as error:  # one can look all the same
        trouble = [{"code": "annotations", "message": str(error)}]
    return {
        "id": one.id,
        "name": one.name,
        "video": {
            **video,
            "found": found.path is not None or found.pending,
            "why": found.why,
        },
        "expressions": 0 if desk.blind else len(report.expressions),
        "faces": [asdict(face) for face in report.faces],
        "warnings": [asdict(warning) for warning in report.warnings] + trouble,
        "reviewed": reviewed,
        "error": None,
    }


def recording_document(desk: Desk, one: Recording, *, blind: bool, coder: str) -> dict[str, Any]:
    """All that the page wants of one recording, without its signals."""
    report, name = report_of(one), log_name(one)
    found = desk.finder.find(one)
    wanted = desk.blind or blind
    revealed = not wanted or (bool(coder) and desk.log.revealed_at(name, coder) is not None)
    media, why = _media(desk, one) if found.path is not None else (NOTHING, found.why)
    return {
        "id": one.id,
        "name": one.name,
        "schema": "fleeting.result/1",
        "video": asdict(report.video),
        "video_found": found.path is not None and not why,
        "video_why": why,
        "playable": media.playable,
        "has_sound": media.has_sound,
        "sound": f"/api/recordings/{one.id}/audio" if media.has_sound else None,
        "faces": [asdict(face) for face in report.faces],
        "expressions": _expressions(one) if revealed else [],
        "warnings": [asdict(warning) for warning in report.warnings],
        "provenance": asdict(report.provenance),
        "blind": {"active": wanted, "revealed": revealed},
        "hidden": not revealed,
    }


def vocabulary() -> dict[str, Any]:
    """List the words that a coder chooses from, so that the page holds no table."""
    units = [
        {"number": unit.number, "name": unit.name, "paired": unit.paired, "part": unit.face_part}
        for unit in facs.action_units()
    ]
    emotions = [*sorted({one.emotion for one in facs.prototypes()}), "negative", "positive", "others"]
    return {
        "aus": units,
        "usual_aus": list(facs.TWELVE_UNITS),
        "emotions": emotions,
        "sides": ["both", "left", "right"],
        "intensities": list(INTENSITIES),
    }


def _media(desk: Desk, one: Recording) -> tuple[MediaKind, str]:
    """Say what a browser can do with a video, and why nothing."""
    try:
        return desk.media(one), ""
    except InputError as error:
        return NOTHING, str(error)


def _expressions(one: Recording) -> list[dict[str, Any]]:
    rows = []
    for key, expression in expressions_of(one).items():
        interval = expression.interval
        rows.append(
            {
                "key": key,
                "face": expression.face,
                "kind": interval.kind,
                **{name: getattr(interval, name) for name in ("onset_frame", "apex_frame", "offset_frame")},
                **{name: getattr(interval, name) for name in ("onset_s", "apex_s", "offset_s", "duration_s")},
                "confidence": interval.score,
                "emotion": asdict(expression.emotion) if expression.emotion else None,
                "action_units": [asdict(unit) for unit in expression.action_units],
            }
        )
    return rows
