"""Results as an ELAN annotation file (``.eaf``) that a coder opens beside the video.

Tiers ``micro``, ``macro``, ``AU`` and ``emotion``, always all four so that files compare. With several faces
each has its own four, named ``micro@face0`` and so on, with the face as participant. ELAN lets no annotation
overlap another on its tier: what overlaps goes to a further tier, ``micro 2``, ``micro 3``. Times are whole
milliseconds from the onset to the end of the offset frame, at least one millisecond; the exact frames stand
in the text, as in ``12L+14 | f 120-131-140`` (onset, apex, offset; ``?`` where the apex is not known).
"""

import math
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from fleeting.core import Expression, InputError, Report
from fleeting.io.atomic import write_atomic
from fleeting.io.tables import action_units_text

TIERS = ("micro", "macro", "AU", "emotion")
# The types that ELAN itself writes for these endings; any other video is "video/*".
_MIME = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".mov": "video/quicktime",
}
_TEXT = re.compile(r"(.*) \| f (\d+)-(\d+|\?)-(\d+)", re.DOTALL)
_TIER = re.compile(r"(micro|macro|AU|emotion)(?:@face(\d+))?(?: \d+)?")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class EafAnnotation:
    """One annotation of an ELAN file that fleeting wrote and a coder may have changed.

    Parameters
    ----------
    tier
        ``micro``, ``macro``, ``AU`` or ``emotion``.
    face
        Identity of the face.
    begin_ms, end_ms
        Whole milliseconds.
    text
        What stands before the frames: a code, a label, a score, or whatever the coder wrote.
    frames
        Onset, apex (or ``None``) and offset frame as fleeting wrote them; ``None`` where the text holds none.
        A coder who moves an annotation in ELAN moves the milliseconds alone.
    """

    tier: str
    face: int
    begin_ms: int
    end_ms: int
    text: str
    frames: tuple[int, int | None, int] | None = None


def annotations_of(report: Report) -> list[EafAnnotation]:
    """List what the ELAN file will hold, in the order of the expressions.

    Parameters
    ----------
    report
        What was found.

    Returns
    -------
    list of EafAnnotation
        For each expression one on ``micro`` or ``macro``, and one on ``AU`` and on ``emotion`` where these
        are known.

    Examples
    --------
    >>> from fleeting.core import Face, Interval, Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> smile = Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))
    >>> report = Report(video, (Face(0, 1.0),), (smile,), (), Provenance("0.1.0", {}))
    >>> one = annotations_of(report)[0]
    >>> one.tier, one.begin_ms, one.end_ms, one.frames
    ('micro', 400, 800, (10, 14, 19))
    """
    return [annotation for expression in report.expressions for annotation in _annotations(expression)]


def write_eaf(report: Report, path: str | os.PathLike[str]) -> Path:
    """Write ``<stem>.eaf``.

    The video is linked by its path relative to the file, so that the pair can move together and no home
    folder is told; where both share nothing but the root of the disk, by its name alone (ELAN then asks for
    it). A folder of pictures is not linked, since ELAN cannot play it.

    Parameters
    ----------
    report
        What was found.
    path
        The file to write.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        Where it cannot be written.

    Examples
    --------
    See `read_eaf`.
    """
    from pympi import Elan

    document = Elan.Eaf(author=_clean(f"fleeting {report.provenance.version}"))
    document.remove_tier("default")
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.media_descriptors = _media(report.video.path, Path(path))
    faces = sorted({face.id for face in report.faces} | {e.face for e in report.expressions}) or [0]
    annotations = annotations_of(report)
    for face in faces:
        for tier in TIERS:
            mine = [a for a in annotations if a.face == face and a.tier == tier]
            name = f"{tier}@face{face}" if len(faces) > 1 else tier
            for number, lane in enumerate(_lanes(mine), start=1):
                _add_tier(document, name if number == 1 else f"{name} {number}", face, lane)
    _renumber_time_slots(document)
    document.properties = [("lastUsedAnnotationId", max(document.maxaid, 0))]
    text = Elan.to_string(document, encoding="unicode")
    return write_atomic(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n")


def read_eaf(path: str | os.PathLike[str]) -> list[EafAnnotation]:
    """Read the annotations back, also after a coder worked on them in ELAN.

    Parameters
    ----------
    path
        An ELAN file. Tiers that fleeting does not know are passed over. A file with one face does not say
        which; it is read as face 0 unless the tier's participant names another.

    Returns
    -------
    list of EafAnnotation
        By begin, then by tier.

    Raises
    ------
    InputError
        Where the file is missing or no ELAN file.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Face, Interval, Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> smile = Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))
    >>> report = Report(video, (Face(0, 1.0),), (smile,), (), Provenance("0.1.0", {}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_eaf(write_eaf(report, Path(folder) / "clip.eaf"))[0].text
    'score 1'
    """
    try:
        root = ET.parse(Path(path)).getroot()
        slots = {s.attrib["TIME_SLOT_ID"]: int(s.attrib["TIME_VALUE"]) for s in root.iter("TIME_SLOT")}
        found = [one for tier in root.iter("TIER") for one in _read_tier(tier, slots)]
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}", "check the path") from error
    except (ET.ParseError, KeyError, ValueError) as error:
        raise InputError(path, f"is no ELAN file: {error}", "open it in ELAN and save it again") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise InputError(path, f"is no ELAN file: begins with {root.tag}", "give an .eaf")
    return sorted(found, key=lambda one: (one.begin_ms, one.end_ms, one.face, TIERS.index(one.tier)))


def _annotations(expression: Expression) -> Iterator[EafAnnotation]:
    interval, emotion = expression.interval, expression.emotion
    begin = _milliseconds(interval.onset_s)
    end = max(begin + 1, _milliseconds(interval.offset_s + interval.frame_s))
    frames = (interval.onset_frame, interval.apex_frame, interval.offset_frame)
    texts: dict[str, str] = {interval.kind: f"score {interval.score:.3g}"}
    if expression.action_units:
        texts["AU"] = action_units_text(expression.action_units)
    if emotion:
        share = emotion.probabilities.get(emotion.label)
        called = "p" if emotion.calibrated else "score"
        texts["emotion"] = emotion.label + (f" ({called} {share:.3g})" if share is not None else "")
    for tier, text in texts.items():
        yield EafAnnotation(tier, expression.face, begin, end, _clean(text), frames)


def _milliseconds(seconds: float) -> int:
    return max(0, math.floor(seconds * 1000 + 0.5))


def _clean(text: str) -> str:
    """Replace what XML 1.0 cannot hold at all, and the carriage return that it would change."""
    return _NOT_IN_XML.sub("\ufffd", text.replace("\r", "\n"))


def _lanes(annotations: Sequence[EafAnnotation]) -> list[list[EafAnnotation]]:
    """Share annotations out so that none overlap within a lane; there is always a first lane.

    One millisecond of overlap is rounding between neighbours, and is cut off the earlier one.
    """
    lanes: list[list[EafAnnotation]] = [[]]
    for one in sorted(annotations, key=lambda a: (a.begin_ms, a.end_ms)):
        for lane in lanes:
            overlap = lane[-1].end_ms - one.begin_ms if lane else 0
            if overlap == 1 and lane[-1].end_ms - lane[-1].begin_ms > 1:
                lane[-1] = replace(lane[-1], end_ms=one.begin_ms)
                overlap = 0
            if overlap <= 0:
                lane.append(one)
                break
        else:
            lanes.append([one])
    return lanes


def _add_tier(document: Any, name: str, face: int, annotations: Sequence[EafAnnotation]) -> None:
    document.add_tier(name, part=f"face {face}", ann="fleeting")
    for one in annotations:
        onset, apex, offset = one.frames or (0, None, 0)
        text = f"{one.text} | f {onset}-{'?' if apex is None else apex}-{offset}"
        document.add_annotation(name, one.begin_ms, one.end_ms, text)


def _renumber_time_slots(document: Any) -> None:
    """ELAN wants time slots in the order of time; pympi numbers them in the order of adding."""
    order = sorted(document.timeslots, key=lambda slot: document.timeslots[slot])  # stable where times agree
    new = {slot: f"ts{number}" for number, slot in enumerate(order, start=1)}
    document.timeslots = {new[slot]: document.timeslots[slot] for slot in order}
    for aligned, *_ in document.tiers.values():
        for key, (begin, end, text, graphic) in aligned.items():
            aligned[key] = (new[begin], new[end], text, graphic)


def _media(video: str, eaf: Path) -> list[dict[str, str]]:
    if not video or Path(video).is_dir():
        return []
    name = PurePath(video).name
    # ELAN tries the URL, then the relative one; it cuts "file:" off and leaves %20 alone, so both stay plain.
    return [
        {
            "MEDIA_URL": _clean(f"file:///{name}"),
            "RELATIVE_MEDIA_URL": _clean(
                _relative(Path(video).absolute(), eaf.absolute().parent) or f"./{name}"
            ),
            "MIME_TYPE": _MIME.get(PurePath(video).suffix.lower(), "video/*"),
        }
    ]


def _relative(video: Path, folder: Path) -> str:
    """Path from folder to video, or nothing where they share only the root (or not even the drive)."""
    video, folder = Path(os.path.normpath(video)), Path(os.path.normpath(folder))
    try:
        shared = Path(os.path.commonpath([video, folder]))
    except ValueError:  # two drives
        return ""
    if shared == shared.parent:
        return ""
    relative = PurePath(os.path.relpath(video, folder)).as_posix()
    return relative if relative.startswith("../") else f"./{relative}"


def _read_tier(tier: ET.Element, slots: dict[str, int]) -> Iterator[EafAnnotation]:
    known = _TIER.fullmatch(tier.attrib["TIER_ID"])
    if not known:
        return
    participant = re.fullmatch(r"face (\d+)", tier.attrib.get("PARTICIPANT", ""))
    face = int(known[2] or (participant[1] if participant else 0))
    for element in tier.iter("ALIGNABLE_ANNOTATION"):
        begin, end = slots[element.attrib["TIME_SLOT_REF1"]], slots[element.attrib["TIME_SLOT_REF2"]]
        value = element.findtext("ANNOTATION_VALUE") or ""
        parts = _TEXT.fullmatch(value)
        if not parts:
            yield EafAnnotation(known[1], face, begin, end, value)
            continue
        apex = None if parts[3] == "?" else int(parts[3])
        yield EafAnnotation(known[1], face, begin, end, parts[1], (int(parts[2]), apex, int(parts[4])))
