"""From the sheets' action unit text to :mod:`fleeting.facs`."""

from fleeting import facs

_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7}


def read_codes(text: str) -> tuple[tuple[facs.CodedUnit, ...], tuple[str, ...]]:
    """Read the action units of a cell; give what was read and what could not be.

    Examples
    --------
    >>> codes, unread = read_codes("4+7, foo")
    >>> [unit.au for unit in codes], unread
    ([4, 7], ('foo',))
    """
    parsed = facs.parse(text)
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
