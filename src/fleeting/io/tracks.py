"""What other tools measured, as extra tracks beside our own: CSV files of Py-Feat and of OpenFace.

Columns as their documentation lists them: OpenFace 2 (wiki page "Output Format": ``frame`` counted from 1,
``face_id``, ``timestamp``, ``confidence``, ``success``, ``gaze_*``, ``pose_*``, ``AU01_r`` intensity 0..5,
``AU01_c`` presence) and Py-Feat (``frame`` counted from 0, ``FaceRectX`` ..., ``FaceScore``, ``Pitch``,
``Roll``, ``Yaw``, ``AU01`` ..., seven emotions). Landmarks are left out: nobody looks at them as lines.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fleeting.core import InputError

_AU = re.compile(r"AU\d{2}(_[rc])?")
_EMOTIONS = {"anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt"}
_OPENFACE = {"confidence", "gaze_angle_x", "gaze_angle_y", "pose_Tx", "pose_Ty", "pose_Tz"}
_OPENFACE |= {"pose_Rx", "pose_Ry", "pose_Rz"}
_FEAT = {"FaceScore", "Pitch", "Roll", "Yaw", *_EMOTIONS}
_SLIP_S = 0.02  # a clock that differs by more from the video's is worth a word
MOST_FACES = 20


@dataclass(frozen=True, slots=True)
class SeriesTrack:
    """Numbers that somebody measured in every frame.

    Parameters
    ----------
    source
        ``OpenFace`` or ``Py-Feat``.
    face
        The tool's own name of the face; empty where there is one only.
    frames
        ``(T,)`` zero-based frame indices, rising.
    times
        ``(T,)`` seconds on the video's clock, or the tool's where the video's is not known.
    columns
        ``(C,)`` names.
    values
        ``(T, C)`` float32; NaN where the tool saw no face.
    """

    source: str
    face: str
    frames: np.ndarray
    times: np.ndarray
    columns: tuple[str, ...]
    values: np.ndarray


def read_series(
    data: bytes, name: str, *, times: np.ndarray | None = None, fps: float = 0.0
) -> tuple[list[SeriesTrack], list[str]]:
    r"""Read a CSV of OpenFace or of Py-Feat.

    Parameters
    ----------
    data
        The file.
    name
        What to call it in messages.
    times
        ``(T,)`` seconds of the video's frames; the tool's frame numbers are then put on the video's clock,
        since its own time stamps are known to go wrong where the frame rate varies.
    fps
        Of the video, for a file without times of its own.

    Returns
    -------
    tracks
        One for each face.
    messages
        What a reader should know.

    Raises
    ------
    InputError
        Where the file is neither's, damaged, or speaks of frames that the video does not have.

    Examples
    --------
    >>> text = b"frame, face_id, timestamp, confidence, success, AU12_r\n1, 0, 0.0, 0.9, 1, 2.5\n"
    >>> track = read_series(text, "a.csv")[0][0]
    >>> track.source, track.frames.tolist(), track.columns, track.values[0].tolist()
    ('OpenFace', [0], ('confidence', 'AU12_r'), [0.8999999761581421, 2.5])
    """
    rows = csv.reader(io.StringIO(_text(data, name), newline=""))
    header = [cell.strip() for cell in next(rows, [])]
    source, wanted = _kind(header, name)
    table, faces = _cells(rows, header, source, wanted, name)
    clock, messages = _clock(table, header, source, times, fps, name)
    tracks = []
    for face in sorted(set(faces), key=lambda one: (len(one), one))[:MOST_FACES]:
        mine = np.array([one == face for one in faces])
        order = np.argsort(table["frame"][mine], kind="stable")
        frames = table["frame"][mine][order].astype(np.int64)
        keep = np.concatenate([[True], np.diff(frames) > 0])  # a frame twice: the first holds
        values = np.stack([table[column][mine][order][keep] for column in wanted], 1)
        tracks.append(
            SeriesTrack(
                source,
                face if len(set(faces)) > 1 else "",
                frames[keep],
                clock[mine][order][keep],
                tuple(wanted),
                values.astype(np.float32),
            )
        )
    return tracks, messages


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, "is no UTF-8 text", "save it as CSV in UTF-8") from error


def _kind(header: Sequence[str], name: str) -> tuple[str, list[str]]:
    units = [column for column in header if _AU.fullmatch(column)]
    if {"frame", "timestamp", "success"} <= set(header):
        return "OpenFace", [c for c in dict.fromkeys(header) if c in _OPENFACE or c in units]
    if "frame" in header and ("FaceScore" in header or (units and _EMOTIONS & set(header))):
        return "Py-Feat", [c for c in dict.fromkeys(header) if c in _FEAT or c in units]
    what = (
        "is neither a CSV of OpenFace (frame, timestamp, success, ...) nor of Py-Feat (frame, FaceScore, ...)"
    )
    raise InputError(name, what, "export it again from that tool, or give an .eaf")


def _cells(
    rows: Any, header: Sequence[str], source: str, wanted: Sequence[str], name: str
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read the wanted columns as numbers, and the name of the face of each row."""
    names = ["frame", *wanted]
    names += [c for c in ("timestamp", "success") if source == "OpenFace"]
    places = [header.index(column) for column in names]
    identity = next((header.index(c) for c in ("face_id", "Identity") if c in header), None)
    numbers: list[list[float]] = []
    faces: list[str] = []
    seen: dict[str, int] = {}
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(header):
                raise InputError(f"{name}, line {rows.line_num}", "is cut off", "export the file again")
            numbers.append([_number(cells[place]) for place in places])
            if identity is not None:
                faces.append(cells[identity].strip())
            else:  # several rows of one frame are several faces, in the order in which they stand
                frame = cells[places[0]]
                seen[frame] = seen.get(frame, -1) + 1
                faces.append(str(seen[frame]))
    except csv.Error as error:
        raise InputError(f"{name}, line {rows.line_num}", f"is no CSV: {error}", "export it again") from error
    if not numbers:
        raise InputError(name, "holds no row", "export it again")
    table = dict(zip(names, np.array(numbers).T, strict=True))
    frame = table["frame"]
    if not np.all(np.isfinite(frame)) or np.any(frame != np.floor(frame)):
        raise InputError(name, "has a frame that is no whole number", "export it again")
    table["frame"] = frame - (1 if source == "OpenFace" else 0)
    if "success" in table:
        lost = table.pop("success") != 1
        for column in wanted:
            table[column][lost] = np.nan
    return table, faces


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _clock(
    table: dict[str, np.ndarray],
    header: Sequence[str],
    source: str,
    times: np.ndarray | None,
    fps: float,
    name: str,
) -> tuple[np.ndarray, list[str]]:
    """Put rows on the video's clock."""
    frame, own = table["frame"].astype(np.int64), table.pop("timestamp", None)
    if frame.min() < 0:
        raise InputError(name, f"has the frame {int(frame.min())}", "export it again")
    if times is not None and len(times):
        if frame.max() >= len(times):
            what = f"speaks of frame {int(frame.max())}, but the video has {len(times)} frames"
            raise InputError(name, what, "give the file that belongs to this video")
        clock = times[frame]
        away = float(np.nanmax(np.abs(own - clock))) if own is not None else 0.0
        if away > _SLIP_S:
            said = f"{name}: {source}'s own times are up to {away:.2f} s off; the video's are used"
            return clock, [said]
        return clock, []
    if own is not None:
        return own, []
    if fps <= 0:
        raise InputError(
            name, "has no times and those of the video are not known", "show it beside its video"
        )
    return frame / fps, []
