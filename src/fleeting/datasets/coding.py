"""From the sheets' action unit text to :mod:`fleeting.facs`."""

from fleeting import facs
from fleeting.datasets.tables import text

_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7}


def read_codes(written: str) -> tuple[tuple[facs.CodedUnit, ...], tuple[str, ...]]:
    """Read the action units of a cell; give what was read and what could not be.

    Examples
    --------
    >>> codes, unread = read_codes("4+7, foo")
    >>> [unit.au for unit in codes], unread
    ([4, 7], ('foo',))
    """
    parsed = facs.parse(written)
    return parsed.units, parsed.unread


def objective_class(codes: tuple[facs.CodedUnit, ...]) -> int | None:
    """Derive the objective class, 1 to 7; ``None`` where no unit was shown.

    Examples
    --------
    >>> objective_class(read_codes("6+12")[0]), objective_class(())
    (1, None)
    """
    numbers = facs.ParsedCodes(codes).numbers()
    return _ROMAN[facs.objective_class(numbers)] if numbers else None


def class_number(cell: object) -> int | None:
    """Read an objective class written in Roman or Arabic digits; ``None`` for anything else.

    Examples
    --------
    >>> class_number("VII"), class_number(3.0), class_number(None), class_number("12")
    (7, 3, None, None)
    """
    word = text(cell).upper()
    digit = int(word) if word.isdigit() else 0
    return _ROMAN.get(word) or (digit if digit in _ROMAN.values() else None)
