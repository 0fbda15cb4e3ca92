"""Tables of expressions and of intervals, for people and for ``fleeting score``.

All are CSV files as in ``csvfile``; frames are zero-based and intervals inclusive at both ends.

``<stem>.csv`` has one row for each expression. Its first columns are those that ``fleeting score`` joins on
and scores (``subject,video,face,onset,apex,offset,type,emotion,score``), then come the names of the JSON; so
``onset`` and ``onset_frame``, ``type`` and ``kind``, ``score`` and ``confidence`` say the same twice.
``video`` is the stem of the result, which is unique in its folder; ``subject`` is empty unless somebody said
who it is. ``emotion_probabilities`` is a JSON object. ``action_units`` is a code such as ``12L+6``;
``action_unit_scores`` and ``action_unit_probabilities`` hold one number for each unit in the same order,
separated by blanks, ``none`` where a unit was not calibrated, and nothing at all where none was.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleeting.core import ActionUnit, Expression, InputError, Report, UsageError
from fleeting.io.csvfile import read_table, write_table

if TYPE_CHECKING:
    import pandas

SCORE_COLUMNS = ("subject", "video", "face", "onset", "apex", "offset", "type", "emotion", "score")
RESULT_COLUMNS = (
    *SCORE_COLUMNS,
    *("kind", "onset_frame", "apex_frame", "offset_frame", "onset_s", "apex_s", "offset_s", "duration_s"),
    *("confidence", "emotion_probabilities", "emotion_calibrated"),
    *("action_units", "action_unit_scores", "action_unit_probabilities"),
)

_TYPES = {"micro-expression": "micro", "macro-expression": "macro", "micro": "micro", "macro": "macro"}


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One row of an interval table: truth or prediction, as ``fleeting score`` takes it.

    Parameters
    ----------
    subject, video
        The columns that rows are joined on. An empty ``subject`` means "not known".
    onset, offset
        Zero-based frames, both ends in.
    type
        ``micro`` or ``macro``.
    emotion
        Label, or empty.
    score
        Confidence, higher is surer, or ``None``.
    apex
        Frame, or ``None``.
    onset_s, apex_s, offset_s
        Seconds, or ``None``.

    Raises
    ------
    UsageError
        Where the order onset <= apex <= offset is broken or the type is another.

    Examples
    --------
    >>> IntervalRow("demo/anna", "clip", 10, 19, "micro").apex is None
    True
    """

    subject: str
    video: str
    onset: int
    offset: int
    type: str
    emotion: str = ""
    score: float | None = None
    apex: int | None = None
    onset_s: float | None = None
    apex_s: float | None = None
    offset_s: float | None = None

    def __post_init__(self) -> None:
        apex = self.onset if self.apex is None else self.apex
        if not 0 <= self.onset <= apex <= self.offset:
            raise UsageError(
                f"expected 0 <= onset <= apex <= offset, got {self.onset}, {self.apex}, {self.offset}"
            )
        if self.type not in ("micro", "macro"):
            raise UsageError(f"type: expected micro or macro, got {self.type!r}")


def action_units_text(units: Iterable[ActionUnit]) -> str:
    """Write action units as one code: number, then L or R where only one side moved.

    Examples
    --------
    >>> action_units_text([ActionUnit(12, "left", 0.8), ActionUnit(6, "both", 0.4)])
    '12L+6'
    """
    letters = {"left": "L", "right": "R", "both": ""}
    return "+".join(f"{unit.au}{letters[unit.side]}" for unit in units)


def expression_rows(report: Report, *, video: str, subject: str = "") -> list[dict[str, Any]]:
    """One dictionary for each expression, with the columns of ``<stem>.csv``.

    Parameters
    ----------
    report
        What was found.
    video, subject
        What the columns of this name shall say.

    Returns
    -------
    list of dict
        Keys :data:`RESULT_COLUMNS`; numbers as numbers, what is not known as ``None``.

    Examples
    --------
    >>> from fleeting.core import Expression, Face, Interval, Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> smile = Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))
    >>> report = Report(video, (Face(0, 1.0),), (smile,), (), Provenance("0.1.0", {}))
    >>> row = expression_rows(report, video="clip")[0]
    >>> row["onset"], row["apex_s"], row["type"], row["emotion"]
    (10, 0.56, 'micro', None)
    """
    return [_expression_row(expression, video, subject) for expression in report.expressions]


def _expression_row(expression: Expression, video: str, subject: str) -> dict[str, Any]:
    interval, emotion, units = expression.interval, expression.emotion, expression.action_units
    calibrated = any(unit.probability is not None for unit in units)
    return {
        "subject": subject,
        "video": video,
        "face": expression.face,
        "onset": interval.onset_frame,
        "apex": interval.apex_frame,
        "offset": interval.offset_frame,
        "type": interval.kind,
        "emotion": emotion.label if emotion else None,
        "score": interval.score,
        "kind": interval.kind,
        "onset_frame": interval.onset_frame,
        "apex_frame": interval.apex_frame,
        "offset_frame": interval.offset_frame,
        "onset_s": interval.onset_s,
        "apex_s": interval.apex_s,
        "offset_s": interval.offset_s,
        "duration_s": interval.duration_s,
        "confidence": interval.score,
        "emotion_probabilities": json.dumps(emotion.probabilities) if emotion else None,
        "emotion_calibrated": emotion.calibrated if emotion else None,
        "action_units": action_units_text(units),
        "action_unit_scores": _numbers([unit.score for unit in units]),
        "action_unit_probabilities": _numbers([u.probability for u in units]) if calibrated else None,
    }


def _numbers(values: Iterable[float | None]) -> str:
    return " ".join("none" if value is None else repr(float(value)) for value in values)


def to_frame(report: Report) -> "pandas.DataFrame":
    """Give the expressions of a report as a pandas table, one row each.

    Parameters
    ----------
    report
        What was found.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`RESULT_COLUMNS`, with ``video`` the stem of the video's file name; frames are the
        nullable ``Int64``, times and scores ``float64``.

    Raises
    ------
    UsageError
        Where pandas is not installed.

    Examples
    --------
    >>> from fleeting.core import Expression, Face, Interval, Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> smile = Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))
    >>> report = Report(video, (Face(0, 1.0),), (smile,), (), Provenance("0.1.0", {}))
    >>> to_frame(report)[["onset_frame", "offset_frame", "kind"]].values.tolist()
    [[10, 19, 'micro']]
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UsageError(
            "to_frame needs pandas; install it with: pip install 'fleeting[datasets]'"
        ) from error
    rows = expression_rows(report, video=Path(report.video.path).stem)
    frame = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
    whole = ["face", "onset", "apex", "offset", "onset_frame", "apex_frame", "offset_frame"]
    real = ["score", "onset_s", "apex_s", "offset_s", "duration_s", "confidence"]
    kinds = dict.fromkeys(whole, "Int64") | dict.fromkeys(real, "float64") | {"emotion_calibrated": "boolean"}
    return frame.astype(kinds)


def write_result_csv(report: Report, path: str | os.PathLike[str], *, video: str, subject: str = "") -> Path:
    """Write ``<stem>.csv``: one row for each expression, readable by :func:`read_intervals_csv`.

    Parameters
    ----------
    report
        What was found.
    path
        The CSV file.
    video, subject
        What the columns of this name shall say: in an output folder, ``video`` is the stem of the result.

    Raises
    ------
    InputError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Expression, Face, Interval, Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> smile = Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))
    >>> report = Report(video, (Face(0, 1.0),), (smile,), (), Provenance("0.1.0", {}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_intervals_csv(write_result_csv(report, Path(folder) / "a.csv", video="clip"))[0].offset
    19
    """
    return write_table(path, RESULT_COLUMNS, expression_rows(report, video=video, subject=subject))


def write_intervals_csv(rows: Iterable[IntervalRow], path: str | os.PathLike[str]) -> Path:
    """Write an interval table.

    Parameters
    ----------
    rows
        In any order; kept.
    path
        The CSV file. Columns that no row fills are left out.

    Raises
    ------
    InputError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "truth.csv"
    ...     _ = write_intervals_csv([IntervalRow("demo/anna", "clip", 10, 19, "micro")], path)
    ...     path.read_text().splitlines()
    ['subject,video,onset,offset,type', 'demo/anna,clip,10,19,micro']
    """
    rows = list(rows)
    names = [field.name for field in fields(IntervalRow)]
    used = names[:5] + [n for n in names[5:] if any(getattr(row, n) not in (None, "") for row in rows)]
    return write_table(path, used, [{name: getattr(row, name) for name in used} for row in rows])


def read_intervals_csv(path: str | os.PathLike[str]) -> list[IntervalRow]:
    r"""Read an interval table, or the result CSV of ``analyze``.

    Parameters
    ----------
    path
        A CSV file with the columns ``subject,video,onset,offset,type`` in any order and, if there,
        ``emotion``, ``score``, ``apex``, ``onset_s``, ``apex_s``, ``offset_s``; other columns are passed
        over. A byte-order mark and semicolons instead of commas, as spreadsheets write them, are understood.

    Returns
    -------
    list of IntervalRow

    Raises
    ------
    InputError
        With the line, where the file is missing or not such a table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "truth.csv"
    ...     _ = path.write_text("subject,video,onset,offset,type,score\ns1,clip,3,9,micro,0.5\n")
    ...     read_intervals_csv(path)[0].score
    0.5
    """
    names = [field.name for field in fields(IntervalRow)]
    rows = []
    for line, record in read_table(path, required=names[:5]):
        try:
            rows.append(_interval_row(record))
        except UsageError as error:
            raise InputError(f"{path}, line {line}", str(error), "correct that row") from error
    return rows


def _interval_row(record: Mapping[str, str]) -> IntervalRow:
    kind = record["type"].strip().lower()
    return IntervalRow(
        record["subject"],
        record["video"],
        _whole("onset", record["onset"]),
        _whole("offset", record["offset"]),
        _TYPES.get(kind, kind),
        record.get("emotion", ""),
        _real("score", record.get("score", "")),
        _whole("apex", record["apex"]) if record.get("apex", "").strip() else None,
        _real("onset_s", record.get("onset_s", "")),
        _real("apex_s", record.get("apex_s", "")),
        _real("offset_s", record.get("offset_s", "")),
    )


def _whole(name: str, text: str) -> int:
    """Read a frame; ``12.0``, as a spreadsheet or pandas may write it, is one too."""
    number = _real(name, text)
    if number is None or number != int(number):
        raise UsageError(f"{name}: expected a whole number, got {text!r}")
    return int(number)


def _real(name: str, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{name}: expected a number, got {text!r}")
    return number
