"""What a coder says of one moment, and what can be done with it: pure data and pure functions."""

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fleeting.core import Expression, Kind, Side, UnknownNameError, UsageError

Verdict = Literal["accepted", "rejected"]
OPERATIONS = ("add", "change", "delete", "split", "accept", "reject")
FIELDS = ("face", "kind", "onset", "apex", "offset", "aus", "emotion", "confidence", "note", "verdict")
LONGEST_NOTE, LONGEST_NAME = 10_000, 120
# What XML cannot hold either, so that nothing is lost on the way to ELAN and back.
_NOT_TEXT = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEY = re.compile(r"[\w.@-]{1,120}")
INTENSITIES = ("A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class CodedAu:
    """An action unit that a coder saw: number, the subject's own side, intensity ``A``..``E`` or None."""

    au: int
    side: Side = "both"
    intensity: str | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """One moment as a coder sees it; frames are zero-based and inclusive.

    Parameters
    ----------
    key
        Its name within one coder's annotations of one recording.
    face
        Which face.
    kind
        ``micro`` or ``macro``.
    onset, apex, offset
        Frame indices; ``apex`` may be ``None``.
    aus
        Action units.
    emotion, note
        Free text.
    confidence
        0..1 or ``None``.
    verdict
        On the machine's answer: ``accepted``, ``rejected`` or ``None``.
    source_key
        The machine's expression that it is about, or ``None``.
    """

    key: str
    face: int
    kind: Kind
    onset: int
    apex: int | None
    offset: int
    aus: tuple[CodedAu, ...] = ()
    emotion: str = ""
    confidence: float | None = None
    note: str = ""
    verdict: Verdict | None = None
    source_key: str | None = None

    @property
    def counts(self) -> bool:
        """Whether the coder says that there is an expression."""
        return self.verdict != "rejected"


@dataclass(frozen=True, slots=True)
class Edit:
    """One annotation before and after a change; ``None`` where there was none, or is none any more."""

    before: Annotation | None
    after: Annotation | None


def as_document(annotation: Annotation) -> dict[str, Any]:
    """Give an annotation as JSON knows it.

    Examples
    --------
    >>> as_document(Annotation("a", 0, "micro", 3, None, 9))["offset"]
    9
    """
    return {**asdict(annotation), "aus": [asdict(unit) for unit in annotation.aus]}


def annotation_of(document: Mapping[str, Any], *, frames: int | None = None) -> Annotation:
    """Check and read an annotation.

    Parameters
    ----------
    document
        As `as_document` gives it; what is missing has its default, but ``onset`` and ``offset``.
    frames
        How many frames the video has, where that is known.

    Raises
    ------
    UsageError
        Naming the field that is wrong.

    Examples
    --------
    >>> annotation_of({"key": "a", "onset": 3, "offset": 9, "aus": [{"au": 12}]}, frames=10).aus[0].side
    'both'
    """
    onset, offset = _frame(document, "onset", frames), _frame(document, "offset", frames)
    apex = None if document.get("apex") is None else _frame(document, "apex", frames)
    if not onset <= (onset if apex is None else apex) <= offset:
        raise UsageError(f"expected onset <= apex <= offset, got {onset}, {apex}, {offset}")
    units = document.get("aus") or []
    if not isinstance(units, Sequence) or isinstance(units, str) or len(units) > 40:
        raise UsageError("aus: expected a list of at most 40 action units")
    source = document.get("source_key")
    return Annotation(
        key=_named(document.get("key") or new_key(), "key"),
        face=_whole(document.get("face", 0), "face", 0, 9999),
        kind=_one_of(document.get("kind", "micro"), "kind", ("micro", "macro")),
        onset=onset,
        apex=apex,
        offset=offset,
        aus=tuple(_unit(unit) for unit in units),
        emotion=_text(document, "emotion", LONGEST_NAME),
        confidence=_share(document.get("confidence")),
        note=_text(document, "note", LONGEST_NOTE),
        verdict=_one_of(document.get("verdict"), "verdict", ("accepted", "rejected", None)),
        source_key=None if source is None else _named(source, "source_key"),
    )


def new_key() -> str:
    """Make a name for a new annotation."""
    return secrets.token_hex(6)


def machine_keys(expressions: Sequence[Expression]) -> list[str]:
    """Name the machine's expressions so that the names stay while face and frames do.

    Examples
    --------
    >>> from fleeting.core import Interval
    >>> machine_keys([Expression(0, Interval.from_frames(10, 19, fps=25, apex=14))] * 2)
    ['m0-10-19', 'm0-10-19.2']
    """
    seen: dict[str, int] = {}
    keys = []
    for one in expressions:
        key = f"m{one.face}-{one.interval.onset_frame}-{one.interval.offset_frame}"
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else f"{key}.{seen[key]}")
    return keys


def from_machine(expression: Expression, source_key: str) -> Annotation:
    """Copy the machine's expression as the start of a coder's annotation; intensity it does not know.

    Examples
    --------
    >>> from fleeting.core import Interval
    >>> from_machine(Expression(0, Interval.from_frames(10, 19, fps=25)), "m0-10-19").onset
    10
    """
    interval = expression.interval
    return Annotation(
        new_key(),
        expression.face,
        interval.kind,
        interval.onset_frame,
        interval.apex_frame,
        interval.offset_frame,
        tuple(CodedAu(unit.au, unit.side) for unit in expression.action_units),
        expression.emotion.label if expression.emotion else "",
        source_key=source_key,
    )


def edits_of(
    op: str,
    state: Mapping[str, Annotation],
    request: Mapping[str, Any],
    *,
    frames: int | None = None,
    machine: Mapping[str, Expression] | None = None,
) -> list[Edit]:
    """Work out what an operation changes.

    Parameters
    ----------
    op
        One of `OPERATIONS`.
    state
        The coder's annotations by key.
    request
        ``fields`` (add, change), ``key`` (all but add), ``at`` (split: first frame of the second part).
        Instead of ``key``, all but delete take ``source_key``, one of the machine's expressions.
    frames
        How many frames the video has.
    machine
        The machine's expressions by key.

    Returns
    -------
    list of Edit
        Empty where nothing changes.

    Raises
    ------
    UsageError
        For a wrong operation or field.
    UnknownNameError
        For a key that is not there.

    Examples
    --------
    >>> old = Annotation("a", 0, "micro", 3, 5, 9)
    >>> [edit.after.onset for edit in edits_of("split", {"a": old}, {"key": "a", "at": 6})]
    [3, 6]
    """
    if op not in OPERATIONS:
        raise UsageError(f"op: expected one of {', '.join(OPERATIONS)}, got {op!r}")
    if op in ("accept", "reject"):
        return _judged(op, state, request, machine or {})
    if op == "add":
        made = annotation_of({**_fields(request), "key": new_key()}, frames=frames)
        return [Edit(None, made)]
    if op == "delete":
        return [Edit(_known(state, request.get("key")), None)]
    old, there = _meant(state, request, machine or {})
    if op == "split":
        first, second = _halves(old, _whole(request.get("at"), "at", 0, None))
        return [Edit(there, first), Edit(None, second)]
    after = annotation_of({**as_document(old), **_fields(request)}, frames=frames)
    return [Edit(there, after)] if after != there else []


def _fields(request: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = request.get("fields") or {}
    if not isinstance(fields, Mapping):
        raise UsageError("fields: expected an object")
    unknown = sorted(str(name) for name in fields if name not in FIELDS)
    if unknown:
        raise UsageError(f"fields: expected {', '.join(FIELDS)}, got {unknown[0]!r}")
    return fields


def _meant(
    state: Mapping[str, Annotation], request: Mapping[str, Any], machine: Mapping[str, Expression]
) -> tuple[Annotation, Annotation | None]:
    """Find the annotation that a request is about, and how it stands in the log.

    Who touches one of the machine's expressions gets a copy of it, which is in no log yet.
    """
    source = request.get("source_key")
    if request.get("key") is not None or source is None:
        old = _known(state, request.get("key"))
        return old, old
    mine = [one for one in state.values() if one.source_key == source]
    if mine:
        return mine[0], mine[0]
    if not isinstance(source, str) or source not in machine:
        raise UnknownNameError(f"source_key: the machine has no expression {source!r:.80}; load again")
    return from_machine(machine[source], source), None


def _halves(old: Annotation, at: int) -> tuple[Annotation, Annotation]:
    if not old.onset < at <= old.offset:
        raise UsageError(f"at: expected a frame in {old.onset + 1}..{old.offset}, got {at}")
    in_first = old.apex is not None and old.apex < at
    first = replace(old, offset=at - 1, apex=old.apex if in_first else None)
    second = replace(old, key=new_key(), onset=at, apex=None if in_first else old.apex, source_key=None)
    return first, second


def _judged(
    op: str, state: Mapping[str, Annotation], request: Mapping[str, Any], machine: Mapping[str, Expression]
) -> list[Edit]:
    old, there = _meant(state, request, machine)
    after = replace(old, verdict="accepted" if op == "accept" else "rejected")
    return [Edit(there, after)] if after != there else []


def _known(state: Mapping[str, Annotation], key: object) -> Annotation:
    if not isinstance(key, str) or key not in state:
        raise UnknownNameError(f"key: there is no annotation {key!r:.80}; load the page again")
    return state[key]


def _unit(unit: object) -> CodedAu:
    if not isinstance(unit, Mapping):
        raise UsageError("aus: expected objects with au, side and intensity")
    return CodedAu(
        _whole(unit.get("au"), "au", 1, 99),
        _one_of(unit.get("side", "both"), "side", ("left", "right", "both")),
        _one_of(unit.get("intensity"), "intensity", (*INTENSITIES, None)),
    )


def _frame(document: Mapping[str, Any], name: str, frames: int | None) -> int:
    return _whole(document.get(name), name, 0, None if frames is None else frames - 1)


def _whole(value: object, name: str, least: int, most: int | None) -> int:
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"{least} or more" if most is None else f"{least}..{most}"
        raise UsageError(f"{name}: expected a whole number, {span}, got {value!r:.60}")
    return int(value)  # type: ignore[call-overload, no-any-return]


def _share(value: object) -> float | None:
    if value is None:
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not 0 <= value <= 1:  # type: ignore[operator]
        raise UsageError(f"confidence: expected 0..1 or nothing, got {value!r:.60}")
    return float(value)  # type: ignore[arg-type]


def _named(value: object, name: str) -> str:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise UsageError(f"{name}: expected letters, digits and .@- alone, got {value!r:.60}")
    return value


def _text(document: Mapping[str, Any], name: str, longest: int) -> str:
    return checked_text(document.get(name, ""), name, longest)


def checked_text(value: object, name: str, longest: int = LONGEST_NAME) -> str:
    r"""Give text back, with plain line ends, unless it is none, too long, or no proper Unicode.

    Raises
    ------
    UsageError
        As said.

    Examples
    --------
    >>> checked_text("<b>anna</b>\n", "note")
    '<b>anna</b>\n'
    """
    if not isinstance(value, str) or len(value) > longest:
        raise UsageError(f"{name}: expected text of at most {longest} characters")
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if _NOT_TEXT.search(value):
        raise UsageError(f"{name}: holds control characters or no proper Unicode; type it again")
    return value


def _one_of(value: Any, name: str, allowed: tuple[Any, ...]) -> Any:
    if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
        raise UsageError(f"{name}: expected one of {', '.join(map(str, allowed))}, got {value!r:.60}")
    return value
