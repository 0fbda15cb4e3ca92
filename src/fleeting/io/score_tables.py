"""Reading the tables that ``fleeting score`` takes. Every complaint names file, line and column."""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError
from fleeting.io.csvfile import read_table

PathLike = str | os.PathLike[str]
Cells = Mapping[str, str]

_TYPES = {"micro-expression": "micro", "macro-expression": "macro"}


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Recognition: for each sample the true and the predicted label; empty ``subjects`` where not known."""

    truth: list[str]
    predicted: list[str]
    subjects: list[str]
    datasets: list[str]


@dataclass(frozen=True, slots=True)
class IntervalEntry:
    """One interval; ``type`` and ``emotion`` are ``None`` where the table says nothing."""

    dataset: str
    subject: str
    video: str
    onset: int
    offset: int
    apex: int | None
    type: str | None
    emotion: str | None
    score: float


@dataclass(frozen=True, slots=True)
class UnitTable:
    """Action units: ``truth`` ``(N, A)`` of 0, 1 and NaN (not coded), ``predicted`` ``(N, A)`` in 0..1."""

    units: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    subjects: list[str]


@dataclass(frozen=True, slots=True)
class GazeTable:
    """Gaze: true and predicted points ``(N, 2)`` and the recording of each row, rows in time order."""

    truth: np.ndarray
    predicted: np.ndarray
    recordings: list[str]


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """One question with its true and its predicted answer."""

    question: str
    truth: str
    predicted: str
    dataset: str


def read_labels(truth: PathLike, predictions: PathLike) -> LabelTable:
    r"""Read ``sample[,dataset][,subject],label`` and ``sample[,dataset][,subject],prediction``.

    Rows are joined on the id columns that both tables have. Every sample must be predicted exactly once.

    Raises
    ------
    InputError
        Where a file, a column or a row is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, two = Path(folder) / "truth.csv", Path(folder) / "found.csv"
    ...     _ = one.write_text("sample,subject,label\nc1,s1,negative\n")
    ...     _ = two.write_text("sample,prediction\nc1,positive\n")
    ...     read_labels(one, two).predicted
    ['positive']
    """
    pairs = _joined(truth, ["sample", "label"], predictions, ["sample", "prediction"])
    table = LabelTable([], [], [], [])
    for (line, own), (other, found) in pairs:
        dataset, subject = _who(own)
        table.truth.append(_filled(truth, line, own, "label"))
        table.predicted.append(_filled(predictions, other, found, "prediction"))
        table.datasets.append(dataset)
        table.subjects.append(f"{dataset}/{subject}" if dataset and subject else subject)
    return table


def read_intervals(path: PathLike) -> list[IntervalEntry]:
    r"""Read ``subject,video,onset,offset[,type][,emotion][,score][,apex][,dataset]``, as ``analyze`` writes.

    A folder stands for all CSV files in it but ``summary.csv``. Frames are zero-based, both ends in; an
    onset may lie before 0. A subject ``dataset/name`` is taken apart. Without scores all are 1.

    Raises
    ------
    InputError
        Where a file, a column or a row is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "truth.csv"
    ...     _ = path.write_text("subject,video,onset,offset,type\ndemo/anna,clip,10,19,micro\n")
    ...     entry = read_intervals(path)[0]
    >>> entry.dataset, entry.subject, entry.onset, entry.score
    ('demo', 'anna', 10, 1.0)
    """
    return [
        _interval(file, line, cells)
        for file in _files(path)
        for line, cells in read_table(file, required=["video", "onset", "offset"])
    ]


def read_units(truth: PathLike, predictions: PathLike) -> UnitTable:
    """Read ``sample[,dataset][,subject],au_1,au_2,...`` twice.

    In the truth a cell is 0 or 1, or empty where the unit was not coded; in the predictions a number in
    0..1. The columns of the truth are scored.

    Raises
    ------
    InputError
        Where a file, a column or a row is wrong.
    """
    pairs = _joined(truth, ["sample"], predictions, ["sample"])
    first, second = pairs[0][0][1], pairs[0][1][1]
    units = [name for name in first if re.fullmatch(r"au_?\d+", name)]
    if not units:
        raise InputError(
            truth, "has no columns like au_1, au_2", "give one column of 0 and 1 for each action unit"
        )
    missing = [name for name in units if name not in second]
    if missing:
        raise InputError(predictions, f"lacks the columns {', '.join(missing)}", f"{truth} has them")
    true, found, subjects = [], [], []
    for (line, own), (other, theirs) in pairs:
        true.append([_unit(truth, line, own, name) for name in units])
        found.append([_number(predictions, other, theirs, name, low=0, high=1) for name in units])
        dataset, subject = _who(own)
        subjects.append(f"{dataset}/{subject}" if dataset and subject else subject)
    return UnitTable(
        [name.removeprefix("au").strip("_") for name in units], np.array(true), np.array(found), subjects
    )


def read_gaze(truth: PathLike, predictions: PathLike) -> GazeTable:
    """Read ``recording,row,x,y`` twice, joined on ``recording`` and ``row``.

    Raises
    ------
    InputError
        Where a file, a column or a row is wrong.
    """
    columns = ["recording", "row", "x", "y"]
    pairs = _joined(truth, columns, predictions, columns, keys=("recording", "row"))
    rows = []
    for (line, own), (other, theirs) in pairs:
        place = _number(truth, line, own, "row")
        points = [_number(truth, line, own, name) for name in "xy"]
        points += [_number(predictions, other, theirs, name) for name in "xy"]
        rows.append((own["recording"].strip(), place, points))
    rows.sort(key=lambda row: row[:2])
    points_of = np.array([points for _, _, points in rows])
    return GazeTable(points_of[:, :2], points_of[:, 2:], [name for name, _, _ in rows])


def read_answers(truth: PathLike, predictions: PathLike) -> list[AnswerEntry]:
    """Read two files of the challenge's JSON lines, joined on ``video_id`` (or ``id``).

    Each line is an object with ``question`` and ``answer``; the predictions need the id and ``answer``. The
    dataset is the field of that name, else what stands before the first ``_`` of the id.

    Raises
    ------
    InputError
        Where a file or a line is wrong, or an answer is missing or there twice.
    """
    asked, answered = _lines_by_id(truth), _lines_by_id(predictions)
    _check_same(truth, asked, predictions, answered, "question")
    entries = []
    for key, (line, record) in asked.items():
        other, reply = answered[key]
        dataset = str(record.get("dataset") or key.partition("_")[0])
        entries.append(
            AnswerEntry(
                _text(truth, line, record, "question"),
                _text(truth, line, record, "answer"),
                _text(predictions, other, reply, "answer"),
                dataset,
            )
        )
    return entries


Row = tuple[int, Cells]


def _joined(
    truth: PathLike,
    truth_columns: Sequence[str],
    predictions: PathLike,
    prediction_columns: Sequence[str],
    keys: Sequence[str] = ("dataset", "subject", "sample"),
) -> list[tuple[Row, Row]]:
    """Join two tables on the key columns that both have; every key must be once in each."""
    first = list(read_table(truth, required=truth_columns))
    second = list(read_table(predictions, required=prediction_columns))
    for path, rows in ((truth, first), (predictions, second)):
        if not rows:
            raise InputError(path, "has a header but no rows", "give one row for each sample")
    shared = [name for name in keys if name in first[0][1] and name in second[0][1]]
    own, theirs = (_by_key(path, rows, shared) for path, rows in ((truth, first), (predictions, second)))
    _check_same(truth, own, predictions, theirs, "sample")
    return [(row, theirs[key]) for key, row in own.items()]


def _by_key(path: PathLike, rows: Sequence[Row], names: Sequence[str]) -> dict[tuple[str, ...], Row]:
    table: dict[tuple[str, ...], Row] = {}
    for line, cells in rows:
        key = tuple(cells[name].strip() for name in names)
        if key in table:
            what = f"{', '.join(names)} {', '.join(map(repr, key))} was already on line {table[key][0]}"
            raise InputError(f"{path}, line {line}", what, "keep one row for each")
        table[key] = line, cells
    return table


def _check_same(
    truth: PathLike, own: Mapping[Any, Any], predictions: PathLike, theirs: Mapping[Any, Any], what: str
) -> None:
    for path, other, one, two in ((predictions, truth, own, theirs), (truth, predictions, theirs, own)):
        lacking = [key for key in one if key not in two]
        if lacking:
            name = lacking[0] if isinstance(lacking[0], str) else ", ".join(lacking[0])
            line = one[lacking[0]][0]
            count = f"{len(lacking)} {what}s" if len(lacking) > 1 else f"the {what}"
            raise InputError(
                path, f"lacks {count} of {other}, first {name!r} (line {line})", "give one row for each"
            )


def _files(path: PathLike) -> list[Path]:
    place = Path(path)
    if not place.is_dir():
        return [place]
    files = sorted(file for file in place.glob("*.csv") if file.name != "summary.csv")
    if not files:
        raise InputError(
            place, "holds no CSV files", "give a table, or the folder that `fleeting analyze` wrote"
        )
    return files


def _interval(path: Path, line: int, cells: Cells) -> IntervalEntry:
    dataset, subject = _who(cells)
    onset, offset = (_whole(path, line, cells, name) for name in ("onset", "offset"))
    if offset < onset:
        raise InputError(
            f"{path}, line {line}, column offset", f"{offset} lies before onset {onset}", "correct it"
        )
    kind = cells.get("type", "").strip().lower()
    return IntervalEntry(
        dataset,
        subject,
        _filled(path, line, cells, "video"),
        onset,
        offset,
        _whole(path, line, cells, "apex") if cells.get("apex", "").strip() else None,
        _TYPES.get(kind, kind) or None,
        cells.get("emotion", "").strip() or None,
        _number(path, line, cells, "score") if cells.get("score", "").strip() else 1.0,
    )


def _who(cells: Cells) -> tuple[str, str]:
    """Dataset and subject; ``dataset/subject`` in one cell is taken apart."""
    dataset, subject = cells.get("dataset", "").strip(), cells.get("subject", "").strip()
    head, slash, tail = subject.partition("/")
    if slash and dataset in ("", head):
        return head, tail
    return dataset, subject


def _filled(path: PathLike, line: int, cells: Cells, name: str) -> str:
    text = cells[name].strip()
    if not text:
        raise InputError(f"{path}, line {line}, column {name}", "is empty", "fill it in")
    return text


def _number(
    path: PathLike, line: int, cells: Cells, name: str, *, low: float = -math.inf, high: float = math.inf
) -> float:
    text = cells[name].strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        wanted = "a number" if math.isinf(low) else f"a number in {low}..{high}"
        raise InputError(
            f"{path}, line {line}, column {name}", f"expected {wanted}, got {text!r}", "correct it"
        )
    return number


def _whole(path: PathLike, line: int, cells: Cells, name: str) -> int:
    number = _number(path, line, cells, name)
    if number != int(number):
        where = f"{path}, line {line}, column {name}"
        raise InputError(where, f"expected a whole frame number, got {cells[name]!r}", "correct it")
    return int(number)


def _unit(path: PathLike, line: int, cells: Cells, name: str) -> float:
    text = cells[name].strip()
    if text in ("", "0", "1", "0.0", "1.0"):
        return float(text) if text else math.nan
    raise InputError(
        f"{path}, line {line}, column {name}", f"expected 0, 1 or nothing, got {text!r}", "correct it"
    )


def _lines_by_id(path: PathLike) -> dict[str, tuple[int, Mapping[str, Any]]]:
    table: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for line, record in _json_lines(path):
        key = str(record.get("video_id") or record.get("id") or "")
        if not key:
            raise InputError(f"{path}, line {line}", "has neither video_id nor id", "give one")
        if key in table:
            raise InputError(
                f"{path}, line {line}", f"{key!r} was already on line {table[key][0]}", "keep one"
            )
        table[key] = line, record
    if not table:
        raise InputError(path, "is empty", "give one JSON object for each line")
    return table


def _json_lines(path: PathLike) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read as text: {error}", "give UTF-8 JSON lines") from error
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            record = json.loads(row)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{path}, line {line}", f"is no JSON: {error.msg}", "give one object a line"
            ) from error
        if not isinstance(record, dict):
            raise InputError(f"{path}, line {line}", "is no JSON object", "give one object a line")
        yield line, record


def _text(path: PathLike, line: int, record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(
            f"{path}, line {line}, field {name}", f"expected a text, got {value!r}", "fill it in"
        )
    return str(value)
