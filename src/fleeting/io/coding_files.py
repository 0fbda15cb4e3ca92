"""Coders' annotations as JSON (exact, with everything) and as CSV (for SPSS, R and ``fleeting score``)."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleeting.core import InputError, UsageError, VideoInfo
from fleeting.io.annotation import Annotation, annotation_of, as_document, checked_text
from fleeting.io.csvfile import guard_text, read_table
from fleeting.io.eaf_coding import units_of, units_text
from fleeting.io.tables import SCORE_COLUMNS

CODING_SCHEMA = "fleeting.annotations/1"
CODING_COLUMNS = (
    *SCORE_COLUMNS,
    *(
        "coder",
        "verdict",
        "onset_s",
        "apex_s",
        "offset_s",
        "duration_s",
        "action_units",
        "confidence",
        "note",
    ),
    *("key", "source_key"),
)
Seconds = Callable[[int], float | None]


@dataclass(frozen=True)
class CodedRecording:
    """One coder's annotations of one recording, with what is needed to write them down.

    Parameters
    ----------
    name
        Of the recording: the stem of its result.
    video
        The video.
    coder
        Who.
    annotations
        What she says.
    seconds
        Time of a frame, ``None`` where it is not known.
    """

    name: str
    video: VideoInfo
    coder: str
    annotations: Sequence[Annotation]
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class ReadCoding:
    """What a file says of one recording by one coder; ``sha256`` of the video is empty where unsaid."""

    name: str
    sha256: str
    coder: str
    annotations: tuple[Annotation, ...]


def coding_json(codings: Sequence[CodedRecording]) -> str:
    """Write annotations as JSON.

    Parameters
    ----------
    codings
        One for each recording and coder.

    Returns
    -------
    str
        ASCII, so that every name survives; `read_coding_json` gives equal annotations back.

    Examples
    --------
    >>> video = VideoInfo("a.mp4", "0" * 64, 64, 48, 100, 4.0, 25.0, False)
    >>> moment = Annotation("k", 0, "micro", 10, None, 19)
    >>> text = coding_json([CodedRecording("a", video, "anna", [moment], lambda n: n / 25)])
    >>> read_coding_json(text.encode())[0].annotations == (moment,)
    True
    """
    rows = [
        {
            "recording": one.name,
            "video": {
                "name": Path(one.video.path).name,
                "sha256": one.video.sha256,
                "frames": one.video.frames,
                "fps": one.video.fps,
            },
            "coder": one.coder,
            "annotations": [{**as_document(a), **_times(a, one.seconds)} for a in one.annotations],
        }
        for one in codings
    ]
    return json.dumps({"schema": CODING_SCHEMA, "codings": rows}, indent=1, allow_nan=False) + "\n"


def read_coding_json(data: bytes, name: str = "the .json") -> list[ReadCoding]:
    """Read what `coding_json` wrote.

    Raises
    ------
    InputError
        Where it is something else, naming the first thing that is wrong.
    """
    try:
        document = json.loads(data)
        if not isinstance(document, Mapping) or document.get("schema") != CODING_SCHEMA:
            raise InputError(
                name, f"holds no annotations: expected schema {CODING_SCHEMA}", "export it again"
            )
        return [_coding(row) for row in document["codings"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = str(error) if isinstance(error, UsageError) else f"no whole export ({type(error).__name__})"
        raise InputError(name, f"cannot be read: {why}", "export it again") from error


def _coding(row: Any) -> ReadCoding:
    video = row.get("video") or {}
    return ReadCoding(
        checked_text(row["recording"], "recording", 255),
        str(video.get("sha256", "")),
        checked_text(row["coder"], "coder"),
        tuple(annotation_of(one) for one in row["annotations"]),
    )


def coding_csv(codings: Sequence[CodedRecording]) -> str:
    """Write annotations as a table, one row each.

    The first columns are those of ``fleeting score``; ``score`` is the coder's confidence, and
    ``action_units`` a code such as ``12LB+6``. Rejected expressions stand in it too: look at ``verdict``.

    Examples
    --------
    >>> video = VideoInfo("a.mp4", "0" * 64, 64, 48, 100, 4.0, 25.0, False)
    >>> moment = Annotation("k", 0, "micro", 10, None, 19, note="=1+1")
    >>> text = coding_csv([CodedRecording("a", video, "anna", [moment], lambda n: n / 25)])
    >>> read_coding_csv(text.encode())[0].annotations == (moment,)
    True
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CODING_COLUMNS)
    for one in codings:
        for annotation in one.annotations:
            row = _row(one, annotation)
            writer.writerow([_cell(row[column]) for column in CODING_COLUMNS])
    return text.getvalue()


def _row(one: CodedRecording, annotation: Annotation) -> dict[str, object]:
    times = _times(annotation, one.seconds)
    onset_s, offset_s = times["onset_s"], times["offset_s"]
    frame_s = 1 / one.video.fps if one.video.fps > 0 else 0.0
    known = onset_s is not None and offset_s is not None
    return {
        "subject": "",
        "video": one.name,
        "face": annotation.face,
        "onset": annotation.onset,
        "apex": annotation.apex,
        "offset": annotation.offset,
        "type": annotation.kind,
        "emotion": annotation.emotion,
        "score": annotation.confidence,
        "coder": one.coder,
        "verdict": annotation.verdict,
        **times,
        "duration_s": round(offset_s - onset_s + frame_s, 9) if known else None,  # type: ignore[operator]
        "action_units": units_text(annotation.aus),
        "confidence": annotation.confidence,
        "note": annotation.note,
        "key": annotation.key,
        "source_key": annotation.source_key,
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    return guard_text(value) if isinstance(value, str) else repr(value)


def _times(annotation: Annotation, seconds: Seconds) -> dict[str, float | None]:
    frames = {"onset_s": annotation.onset, "apex_s": annotation.apex, "offset_s": annotation.offset}
    return {name: None if frame is None else seconds(frame) for name, frame in frames.items()}


def read_coding_csv(data: bytes, name: str = "the .csv") -> list[ReadCoding]:
    """Read what `coding_csv` wrote; line ends within a note may come back as another kind.

    Raises
    ------
    InputError
        With the line, where the file is something else.
    """
    groups: dict[tuple[str, str], list[Annotation]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "table.csv"
        place.write_bytes(data)
        try:
            for line, cells in read_table(
                place, required=("video", "coder", "onset", "offset", "type", "key")
            ):
                try:
                    annotation = _annotation(cells)
                except (UsageError, ValueError) as error:
                    raise InputError(f"{name}, line {line}", str(error), "correct that row") from error
                groups.setdefault((cells["video"], cells["coder"]), []).append(annotation)
        except InputError as error:
            what = error.where.replace(str(place), name)
            raise InputError(what, error.what, error.hint) from error
    return [
        ReadCoding(video, "", checked_text(coder, "coder"), tuple(rows))
        for (video, coder), rows in groups.items()
    ]


def _annotation(cells: Mapping[str, str]) -> Annotation:
    made = annotation_of(
        {
            "key": cells["key"],
            "face": int(cells.get("face") or 0),
            "kind": cells["type"],
            "onset": int(cells["onset"]),
            "apex": int(cells["apex"]) if cells.get("apex") else None,
            "offset": int(cells["offset"]),
            "emotion": cells.get("emotion", ""),
            "confidence": float(cells["confidence"]) if cells.get("confidence") else None,
            "note": cells.get("note", ""),
            "verdict": cells.get("verdict") or None,
            "source_key": cells.get("source_key") or None,
            "aus": [
                {"au": unit.au, "side": unit.side, "intensity": unit.intensity}
                for unit in units_of(cells.get("action_units", ""))
            ],
        }
    )
    return made
