"""Coders' annotations in an ELAN file: into an existing one, whose own tiers stay as they are, and back out.

Every coder has tiers of her own, ``anna: micro``, ``anna: macro``, ``anna: AU``, ``anna: emotion``, ``anna:
note``, with herself as annotator (and ``@face1`` for further faces; what overlaps goes to ``anna: micro 2``).
The exact frames and the annotation's key stand in the text, as in ``accepted | f 120-131-140 #a1b2``. Who
moves an annotation in ELAN moves milliseconds alone: where these no longer fit the frames, they hold.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.io.annotation import INTENSITIES, Annotation, CodedAu, annotation_of, new_key
from fleeting.io.eaf import EafAnnotation, _clean, _lanes, _media, _milliseconds

PARTS = ("micro", "macro", "AU", "emotion", "note")
TYPE = "fleeting"
_TIER = re.compile(r"(?s)(.+): (micro|macro|AU|emotion|note)(?:@face(\d+))?(?: \d+)?")
_VALUE = re.compile(r"(.*) \| f (\d+)-(\d+|\?)-(\d+)(?: #(\S+))?", re.DOTALL)
_UNIT = re.compile(r"(\d{1,2})([LR]?)([A-E]?)")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class EafInterval:
    """An annotation on a tier that is none of ours."""

    tier: str
    begin_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class EafCoding:
    """What an ELAN file holds: annotations by coder, and what stands on the tiers of others."""

    codings: dict[str, list[Annotation]]
    others: tuple[EafInterval, ...]


def units_text(units: Iterable[CodedAu]) -> str:
    """Write coded units, as in ``12LB+6``: number, side, intensity.

    Examples
    --------
    >>> units_text([CodedAu(12, "left", "B"), CodedAu(6)])
    '12LB+6'
    """
    side = {"left": "L", "right": "R", "both": ""}
    return "+".join(f"{one.au}{side[one.side]}{one.intensity or ''}" for one in units)


def units_of(text: str) -> tuple[CodedAu, ...]:
    """Read what `units_text` wrote.

    Raises
    ------
    UsageError
        Where it is something else.

    Examples
    --------
    >>> units_of("12LB+6")[0]
    CodedAu(au=12, side='left', intensity='B')
    """
    found = []
    for piece in filter(None, text.replace(" ", "").split("+")):
        unit = _UNIT.fullmatch(piece)
        if not unit or (unit[3] and unit[3] not in INTENSITIES):
            raise UsageError(f"action units: expected such as 12LB+6, got {text!r:.60}")
        side: Any = {"L": "left", "R": "right", "": "both"}[unit[2]]
        found.append(CodedAu(int(unit[1]), side, unit[3] or None))
    return tuple(found)


def merge_eaf(
    codings: dict[str, Sequence[Annotation]],
    times: np.ndarray,
    frame_s: float,
    *,
    existing: bytes | None = None,
    video: str = "",
    name: str = "the .eaf",
) -> str:
    """Write coders' annotations as ELAN, into an existing file or a new one.

    Parameters
    ----------
    codings
        Annotations by coder. Her earlier tiers in the file are replaced.
    times
        ``(T,)`` seconds of the video's frames.
    frame_s
        How long a frame stands, in seconds: an annotation ends with its offset frame.
    existing
        An ELAN file; everything in it that is not ours comes back as it was.
    video
        Linked in a new file.
    name
        What to call the existing file in messages.

    Returns
    -------
    str
        The XML.

    Raises
    ------
    InputError
        Where ``existing`` is no ELAN file.

    Examples
    --------
    >>> moment = Annotation("k", 0, "micro", 2, None, 4, note="lip")
    >>> text = merge_eaf({"anna": [moment]}, np.arange(10) / 10, 0.1)
    >>> read_coding_eaf(text.encode(), np.arange(10) / 10).codings["anna"] == [moment]
    True
    """
    root = _parsed(existing, name) if existing is not None else _new(video)
    for tier in list(root.findall("TIER")):
        ours = _TIER.fullmatch(tier.attrib["TIER_ID"])
        if ours and ours[1] in {_clean(coder) for coder in codings}:
            root.remove(tier)
    writer = _Writer(root)
    for coder, annotations in codings.items():
        writer.add(_clean(coder), annotations, times, frame_s)
    writer.finish()
    ET.register_namespace("xsi", _XSI)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def read_coding_eaf(data: bytes, times: np.ndarray, *, name: str = "the .eaf") -> EafCoding:
    """Read an ELAN file: coders' annotations, and the tiers of others.

    Parameters
    ----------
    data
        The file.
    times
        ``(T,)`` seconds of the video's frames.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        Where it is no ELAN file, or what stands on a coder's tier cannot be read.
    """
    root = _parsed(data, name)
    try:
        rows = list(_rows(root))
    except (KeyError, ValueError) as error:
        raise InputError(
            name, f"is no whole ELAN file: {error}", "open it in ELAN and save it again"
        ) from error
    pieces: dict[str, dict[str, dict[str, EafInterval]]] = {}
    others: list[EafInterval] = []
    for row in rows:
        tier, value = _TIER.fullmatch(row.tier), _VALUE.fullmatch(row.text)
        if not tier:
            others.append(row)
            continue
        key = (value and value[5]) or f"{tier[3] or 0}@{row.begin_ms}-{row.end_ms}"
        pieces.setdefault(tier[1], {}).setdefault(key, {})[tier[2]] = row
    codings: dict[str, list[Annotation]] = {}
    for coder, groups in pieces.items():
        try:
            found = [_annotation(group, times) for group in groups.values()]
        except UsageError as error:
            raise InputError(name, f"tiers of {coder}: {error}", "correct it in ELAN") from error
        codings[coder] = sorted(found, key=lambda one: (one.onset, one.offset, one.face, one.key))
    return EafCoding(codings, tuple(others))


def _parsed(data: bytes, name: str) -> ET.Element:
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise InputError(name, f"is no ELAN file: {error}", "open it in ELAN and save it again") from error
    if root.tag != "ANNOTATION_DOCUMENT" or root.find("TIME_ORDER") is None:
        raise InputError(name, f"is no ELAN file: begins with {root.tag:.40}", "give an .eaf")
    return root


def _new(video: str) -> ET.Element:
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "fleeting",
            "DATE": "1970-01-01T00:00:00+00:00",
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    for media in _media(video, Path(video or "none").with_suffix(".eaf")):
        ET.SubElement(header, "MEDIA_DESCRIPTOR", media)
    ET.SubElement(root, "TIME_ORDER")
    return root


class _Writer:
    """Adds tiers to a document without touching what is there."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        order = root.find("TIME_ORDER")
        assert order is not None
        self.order = order
        ids = [slot.attrib["TIME_SLOT_ID"] for slot in order]
        ids += [one.attrib["ANNOTATION_ID"] for one in root.iter() if "ANNOTATION_ID" in one.attrib]
        self.last = max([int(digits) for one in ids for digits in re.findall(r"\d+$", one)], default=0)
        self.slots: list[tuple[int, ET.Element]] = []
        self.tiers: list[ET.Element] = []

    def add(self, coder: str, annotations: Sequence[Annotation], times: np.ndarray, frame_s: float) -> None:
        """Add one coder's tiers."""
        rows = [row for one in annotations for row in _values(one, times, frame_s)]
        faces = sorted({one.face for one in annotations}) or [0]
        for face in faces:
            for part in PARTS:
                mine = [row for row in rows if row.tier == part and row.face == face]
                name = f"{coder}: {part}" + (f"@face{face}" if face else "")
                for number, lane in enumerate(_lanes(mine), start=1):
                    self._tier(name if number == 1 else f"{name} {number}", coder, face, lane)

    def _tier(self, name: str, coder: str, face: int, rows: Sequence[EafAnnotation]) -> None:
        about = {"ANNOTATOR": coder, "LINGUISTIC_TYPE_REF": TYPE, "PARTICIPANT": f"face {face}"}
        tier = ET.Element("TIER", {**about, "TIER_ID": name})
        for row in rows:
            held = ET.SubElement(tier, "ANNOTATION")
            begin, end = self._slot(row.begin_ms), self._slot(row.end_ms)
            about = {"ANNOTATION_ID": self._id("a"), "TIME_SLOT_REF1": begin, "TIME_SLOT_REF2": end}
            inner = ET.SubElement(held, "ALIGNABLE_ANNOTATION", about)
            ET.SubElement(inner, "ANNOTATION_VALUE").text = row.text
        self.tiers.append(tier)

    def _slot(self, time_ms: int) -> str:
        number = self._id("ts")
        about = {"TIME_SLOT_ID": number, "TIME_VALUE": str(time_ms)}
        self.slots.append((time_ms, ET.Element("TIME_SLOT", about)))
        return number

    def _id(self, kind: str) -> str:
        self.last += 1
        return f"{kind}{self.last}"

    def finish(self) -> None:
        """Put slots and tiers where the format wants them."""
        _merge_slots(self.order, self.slots)
        children = list(self.root)
        at = 1 + max(n for n, child in enumerate(children) if child.tag in ("TIER", "TIME_ORDER"))
        for tier in reversed(self.tiers):
            self.root.insert(at, tier)
        types = [one for one in self.root if one.tag == "LINGUISTIC_TYPE"]
        if TYPE not in {one.attrib["LINGUISTIC_TYPE_ID"] for one in types}:
            about = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": TYPE, "TIME_ALIGNABLE": "true"}
            after = max(
                n for n, c in enumerate(self.root) if c.tag in ("LINGUISTIC_TYPE", "TIER", "TIME_ORDER")
            )
            self.root.insert(after + 1, ET.Element("LINGUISTIC_TYPE", about))
        for one in self.root.iter("PROPERTY"):
            if one.attrib.get("NAME") == "lastUsedAnnotationId":
                one.text = str(self.last)


def _merge_slots(order: ET.Element, new: list[tuple[int, ET.Element]]) -> None:
    """ELAN wants slots in order of time; those without a time keep their place behind the one before."""
    merged: list[ET.Element] = []
    waiting = sorted(new, key=lambda pair: pair[0])
    for slot in list(order):
        if "TIME_VALUE" in slot.attrib:
            value = int(slot.attrib["TIME_VALUE"])
            while waiting and waiting[0][0] < value:
                merged.append(waiting.pop(0)[1])
        merged.append(slot)
    order[:] = [*merged, *(slot for _, slot in waiting)]


def _values(one: Annotation, times: np.ndarray, frame_s: float) -> list[EafAnnotation]:
    begin, end = _span_ms(one.onset, one.offset, times, frame_s)
    said = [one.verdict or "", f"confidence {one.confidence!r}" if one.confidence is not None else ""]
    said.append(f"of {one.source_key}" if one.source_key else "")
    texts = {one.kind: "; ".join(filter(None, said)), "AU": units_text(one.aus)}
    texts |= {"emotion": one.emotion, "note": one.note}
    where = f" | f {one.onset}-{'?' if one.apex is None else one.apex}-{one.offset} #{one.key}"
    return [
        EafAnnotation(part, one.face, begin, end, _clean(text + where))
        for part, text in texts.items()
        if text or part == one.kind
    ]


def _span_ms(onset: int, offset: int, times: np.ndarray, frame_s: float) -> tuple[int, int]:
    begin = _milliseconds(float(times[onset]))
    end = float(times[offset + 1]) if offset + 1 < len(times) else float(times[offset]) + frame_s
    return begin, max(begin + 1, _milliseconds(end))


def _rows(root: ET.Element) -> Iterable[EafInterval]:
    """All annotations with times, also those that only refer to one with times."""
    slots = {
        slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"])
        for slot in root.iter("TIME_SLOT")
        if "TIME_VALUE" in slot.attrib
    }
    spans: dict[str, tuple[int, int]] = {}
    for one in root.iter("ALIGNABLE_ANNOTATION"):
        ends = [slots.get(one.attrib[f"TIME_SLOT_REF{end}"]) for end in (1, 2)]
        if ends[0] is not None and ends[1] is not None:
            spans[one.attrib["ANNOTATION_ID"]] = (ends[0], ends[1])
    parents = {o.attrib["ANNOTATION_ID"]: o.attrib["ANNOTATION_REF"] for o in root.iter("REF_ANNOTATION")}
    for tier in root.iter("TIER"):
        for one in [o for held in tier.iter("ANNOTATION") for o in held]:
            number, steps = one.attrib["ANNOTATION_ID"], 0
            while number not in spans and number in parents and steps < 100:
                number, steps = parents[number], steps + 1
            if number in spans:
                text = one.findtext("ANNOTATION_VALUE") or ""
                yield EafInterval(tier.attrib["TIER_ID"], *spans[number], text)


def _annotation(group: dict[str, EafInterval], times: np.ndarray) -> Annotation:
    """Put one annotation together from what stands on a coder's tiers."""
    kind = "macro" if "macro" in group else "micro"
    first = group.get(kind) or next(iter(group.values()))
    tier, value = _TIER.fullmatch(first.tier), _VALUE.fullmatch(first.text)
    texts = {part: (_VALUE.fullmatch(row.text) or [row.text] * 2)[1] for part, row in group.items()}
    onset, apex, offset = _frames_of(first, value, times)
    said = [piece.strip() for piece in texts.get(kind, "").split(";")]
    document: dict[str, Any] = {
        "key": (value and value[5]) or new_key(),
        "face": int((tier and tier[3]) or 0),
        "kind": kind,
        "onset": onset,
        "apex": apex,
        "offset": offset,
        "emotion": texts.get("emotion", ""),
        "note": texts.get("note", ""),
        "verdict": next((piece for piece in said if piece in ("accepted", "rejected")), None),
        "source_key": next((p.removeprefix("of ") for p in said if p.startswith("of ")), None),
    }
    sure = next((p.removeprefix("confidence ") for p in said if p.startswith("confidence ")), None)
    try:
        document["confidence"] = None if sure is None else float(sure)
    except ValueError as error:
        raise UsageError(f"confidence: expected a number, got {sure!r:.40}") from error
    made = annotation_of(document, frames=len(times))
    return replace(made, aus=units_of(texts.get("AU", "")))


def _frames_of(
    row: EafInterval, value: "re.Match[str] | None", times: np.ndarray
) -> tuple[int, int | None, int]:
    """Frames from the text, unless somebody has moved the annotation since."""
    if value:
        onset, offset = int(value[2]), int(value[4])
        apex = None if value[3] == "?" else int(value[3])
        if offset < len(times) and onset <= offset:
            step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
            begin, end = _span_ms(onset, offset, times, step)
            if abs(begin - row.begin_ms) <= 1 and abs(end - row.end_ms) <= 2:
                return onset, apex, offset
    half = 0.0005
    onset = int(np.searchsorted(times, row.begin_ms / 1000 + half, side="right")) - 1
    offset = int(np.searchsorted(times, row.end_ms / 1000 - half)) - 1
    onset = min(max(onset, 0), len(times) - 1)
    offset = max(onset, min(offset, len(times) - 1))
    apex = int(value[3]) if value and value[3] != "?" else None
    return onset, apex if apex is not None and onset <= apex <= offset else None, offset
