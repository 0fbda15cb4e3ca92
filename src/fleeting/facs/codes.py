"""Read and write FACS codes as the datasets write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from fleeting.core import UsageError
from fleeting.facs.units import action_units

CodeSide = Literal["both", "left", "right", "top", "bottom", "asymmetric"]
CodeKind = Literal["AU", "AD", "M"]

_SIDES: dict[str, CodeSide] = {
    "": "both", "L": "left", "R": "right", "T": "top", "B": "bottom", "A": "asymmetric",
}  # fmt: skip
_LETTERS = {side: letter for letter, side in _SIDES.items()}
_NUMBERS = frozenset(unit.number for unit in action_units())
_NOTHING = frozenset(
    {"", "0.0", "/", "\\", "-", "--", "–", "—", "0", "nan", "none", "neutral", "null", "n/a", "na"}
)
_MOST_PARENTHESES = 20  # no coder writes more; it bounds the recursion
_UNIT = re.compile(
    r"(?P<before>[LRTBA])?\s*(?P<kind>AU|AD|M)?\s*(?P<inner>[LRTBA])?\s*(?P<number>\d{1,2})(?:\.0)?"
    r"(?P<after>[LR])?(?P<intensity>[A-EX-Z])?(?:\s*[-/]\s*(?P<or>[A-EX-Z]))?",
    re.IGNORECASE,
)
_LEVEL = re.compile(r"[A-EX-Z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodedUnit:
    """One unit as a coder wrote it down.

    Parameters
    ----------
    au
        Number of the unit.
    side
        ``"both"`` where none is written; ``"left"`` and ``"right"`` are the subject's own;
        ``"top"`` and ``"bottom"`` mean one lip alone; ``"asymmetric"`` means both sides, unequally.
    intensity
        ``"A"`` (trace) to ``"E"`` (maximum), ``"X"``, ``"Y"``, ``"Z"`` in the 1978 edition; None if absent.
    intensity_or
        The other letter where the coder gave two (``10A/B``).
    uncertain
        Marked with ``?``, ``(k)`` or parentheses.
    choice
        Units with the same number are alternatives (``R12 or R14``): one of them was there.
    reference
        Written as ``ref(7B)``: on the face before the expression began, not part of it.
    kind
        As written: ``"AU"`` (also where only a number stands), ``"AD"`` descriptor, ``"M"`` movement.
    """

    au: int
    side: CodeSide = "both"
    intensity: str | None = None
    intensity_or: str | None = None
    uncertain: bool = False
    choice: int | None = None
    reference: bool = False
    kind: CodeKind = "AU"


@dataclass(frozen=True, slots=True)
class ParsedCodes:
    """What a cell of a coding sheet says, and what of it could not be read."""

    units: tuple[CodedUnit, ...]
    unread: tuple[str, ...] = ()

    def numbers(
        self, *, uncertain: bool = False, alternatives: Literal["first", "all", "none"] = "first"
    ) -> tuple[int, ...]:
        """Numbers of the units that count as shown, each once, in rising order.

        Parameters
        ----------
        uncertain
            Count the units that the coder was not sure of, too.
        alternatives
            Which of several alternatives to count.

        Returns
        -------
        tuple of int
            Units in the reference (``ref(...)``) and head and eye movements written as ``M`` never count.

        Examples
        --------
        >>> parse("L12B + 6? + (R4 or R7)").numbers()
        (4, 12)
        >>> parse("L12B + 6? + (R4 or R7)").numbers(uncertain=True, alternatives="all")
        (4, 6, 7, 12)
        """
        seen: set[int] = set()
        chosen: set[int] = set()
        for unit in self.units:
            if unit.reference or unit.kind == "M" or (unit.uncertain and not uncertain):
                continue
            if unit.choice is not None:
                if alternatives == "none" or (alternatives == "first" and unit.choice in chosen):
                    continue
                chosen.add(unit.choice)
            seen.add(unit.au)
        return tuple(sorted(seen))


def parse(text: str | float | None) -> ParsedCodes:
    """Read one cell of a coding sheet.

    Understood are units joined by ``+``, ``,``, ``，``, ``、``, ``;``, ``&``, ``and`` or blanks; sides before
    (``R12``, ``L``, ``T`` top, ``B`` bottom, ``A`` asymmetric) or, for left and right, after the number
    (``12R``); intensities (``12B``, ``10A/B``); alternatives (``R12 or R14``, ``12/14``); doubt
    (``4?``, ``12(k)``, ``(12)``); units of the face at rest (``ref(7B)``); descriptors and movements
    (``AD31``, ``M58``). A cell that is empty or says ``/``, ``none``, ``0``, ``nan`` holds no unit.

    Parameters
    ----------
    text
        The cell: text, or the number or None that a spreadsheet reader made of it.

    Returns
    -------
    ParsedCodes
        Units in the order written. What cannot be read (also a ``?`` alone) stands in ``unread``.

    Examples
    --------
    >>> found = parse("R12A+AD31, foo")
    >>> [(u.kind, u.au, u.side, u.intensity) for u in found.units]
    [('AU', 12, 'right', 'A'), ('AD', 31, 'both', None)]
    >>> found.unread
    ('foo',)
    """
    cell = "" if text is None else str(text).strip()
    if cell.lower() in _NOTHING:
        return ParsedCodes(())
    if cell.count("(") > _MOST_PARENTHESES:
        return ParsedCodes((), (cell,))
    units: list[CodedUnit] = []
    unread: list[str] = []
    for chunk in _chunks(_plain(cell)):
        _read_chunk(chunk, units, unread)
    return ParsedCodes(tuple(units), tuple(unread))


def _plain(text: str) -> str:
    """Give every separator one spelling: ``+`` between units, ``/`` between alternatives."""
    for wide, narrow in {"，": "+", "、": "+", "；": "+", "＋": "+", "（": "(", "）": ")", "？": "?"}.items():
        text = text.replace(wide, narrow)
    text = re.sub(r"[,;&\n]|\band\b", "+", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*(?:\bor\b|(?<=\d)or(?=[LRTB]?\d)|或|\||/)\s*", "/", text, flags=re.IGNORECASE)
    text = re.sub(r"\bref\s*(?=[(\w])", "ref", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(AU|AD|[LRTBAM])\s+(?=(?:AU|AD|[LRTBAM])?\s*\d)", r"\1", text, flags=re.IGNORECASE)
    text = re.sub(r"\s+(?=\?|\(\s*(?:k|ref)\s*\))", "", text, flags=re.IGNORECASE)
    return re.sub(r"\s*-\s*", "-", text)


def _split(text: str, separators: str) -> list[str]:
    """Split outside parentheses; empty pieces fall away."""
    pieces, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth <= 0 and letter in separators:
            pieces.append("")
        else:
            pieces[-1] += letter
    return [piece.strip() for piece in pieces if piece.strip()]


def _chunks(text: str) -> list[str]:
    return _split(text, "+ \t")


def _wrapped(text: str) -> str | None:
    """Take off one pair of parentheses around the whole text; None where there is none."""
    if not (text.startswith("(") and text.endswith(")")):
        return None
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and position < len(text) - 1:
            return None
    return text[1:-1].strip() if depth == 0 else None


def _read_chunk(chunk: str, units: list[CodedUnit], unread: list[str]) -> None:
    """Add what one ``+`` separated piece says to ``units`` and ``unread``."""
    bare = re.sub(
        r"(?:\?|\(k\))+$", "", chunk, flags=re.IGNORECASE
    )  # a mark behind holds for the whole piece
    reference = re.fullmatch(r"ref(\(.*\))", bare, re.IGNORECASE)
    inner = _wrapped(reference[1] if reference else bare)
    if inner is None or inner.lower() in ("k", "?"):
        _read_choice(chunk, units, unread)
        return
    several = len(_chunks(inner)) > 1
    choice = len(_split(inner, "/")) > 1
    if several and choice:  # a choice between groups: more than single units can say
        unread.append(chunk)
        return
    doubt = bare != chunk or not (reference or choice)  # "(R6 or R12)" is a choice, "(6)" is in doubt
    start = len(units)
    for piece in _chunks(inner):
        _read_chunk(piece, units, unread)
    for at in range(start, len(units)):
        unit = units[at]
        units[at] = replace(
            unit, reference=unit.reference or bool(reference), uncertain=unit.uncertain or doubt
        )


def _read_choice(chunk: str, units: list[CodedUnit], unread: list[str]) -> None:
    """Read one unit, or alternatives between slashes."""
    found: list[CodedUnit] = []
    for part in _split(chunk, "/"):
        level = part.rstrip("?")
        if found and found[-1].intensity and _LEVEL.fullmatch(level) and not found[-1].intensity_or:
            doubt = found[-1].uncertain or level != part
            found[-1] = replace(found[-1], intensity_or=level.upper(), uncertain=doubt)
            continue
        unit = _read_unit(part)
        if unit is None:
            unread.append(part)
        else:
            found.append(unit)
    if len(found) > 1:
        number = 1 + max((u.choice for u in units if u.choice is not None), default=-1)
        found = [replace(unit, choice=number) for unit in found]
    elif found and len(_split(chunk, "/")) > 1 and found[0].intensity_or is None:
        found = [replace(found[0], uncertain=True)]  # its alternative could not be read
    units.extend(found)


def _read_unit(text: str) -> CodedUnit | None:
    """Read a single unit with its marks, or return None."""
    body, uncertain, reference = text, False, False
    marks = re.compile(r"\?|\(\s*\?\s*\)|\(\s*k\s*\)|\(\s*ref\s*\)|\bref(?=[\w(])", re.IGNORECASE)
    while True:
        inner = _wrapped(body)
        if inner is not None and not marks.fullmatch(body):
            body, uncertain = inner, uncertain or not reference
            continue
        mark = marks.match(body) or next((m for m in marks.finditer(body) if m.end() == len(body)), None)
        if mark is None:
            break
        reference = reference or "ref" in mark[0].lower()
        uncertain = uncertain or "ref" not in mark[0].lower()
        body = (body[: mark.start()] + body[mark.end() :]).strip()
    match = _UNIT.fullmatch(body)
    if match is None:
        return None
    sides = [match[name].upper() for name in ("before", "inner", "after") if match[name]]
    kind = (match["kind"] or "AU").upper()
    number = int(match["number"])
    known = 50 <= number <= 99 if kind == "M" else number in _NUMBERS
    if len(sides) > 1 or not known or (match["or"] and not match["intensity"]):
        return None
    return CodedUnit(
        au=number,
        side=_SIDES[sides[0] if sides else ""],
        intensity=match["intensity"].upper() if match["intensity"] else None,
        intensity_or=match["or"].upper() if match["or"] else None,
        uncertain=uncertain,
        reference=reference,
        kind=kind,  # type: ignore[arg-type]
    )


def format_codes(units: Iterable[CodedUnit]) -> str:
    """Write units in one canonical form, which ``parse`` reads back to the same units.

    Units keep their order and are joined by ``+``; left and right stand after the number (``12L``), the
    other sides before it (``T28``, ``B28``, ``A12``), then the intensity (``12LB``, ``10A/B``) and ``?`` for
    doubt; ``ref(7B)`` marks the reference, ``/`` stands between alternatives, which must be neighbours.

    Raises
    ------
    UsageError
        Where a choice has only one alternative or its alternatives are not neighbours.

    Examples
    --------
    >>> format_codes([CodedUnit(12, "left"), CodedUnit(6)])
    '12L+6'
    >>> format_codes(parse("R12 or R14, AD31, 10A/B").units)
    '12R/14R+AD31+10A/B'
    """
    pieces: list[tuple[int | None, str]] = []
    for unit in units:
        if pieces and unit.choice is not None and pieces[-1][0] == unit.choice:
            pieces[-1] = (unit.choice, f"{pieces[-1][1]}/{_format_unit(unit)}")
        else:
            pieces.append((unit.choice, _format_unit(unit)))
    choices = [choice for choice, _ in pieces if choice is not None]
    lonely = [text for choice, text in pieces if choice is not None and "/" not in text]
    if lonely or len(set(choices)) < len(choices):
        raise UsageError("alternatives: each choice needs two units or more, next to each other")
    return "+".join(text for _, text in pieces)


def _format_unit(unit: CodedUnit) -> str:
    letter = _LETTERS[unit.side]
    kind = "" if unit.kind == "AU" else unit.kind
    number = f"{unit.au}{letter}" if letter in ("L", "R") else f"{letter}{unit.au}"
    if kind:
        number = f"{kind}{number}" if letter in ("L", "R", "") else f"{letter}{kind}{unit.au}"
    levels = "/".join(level for level in (unit.intensity, unit.intensity_or) if level)
    text = f"{number}{levels}" + ("?" if unit.uncertain else "")
    return f"ref({text})" if unit.reference else text
