"""The action units of FACS: number, name, muscle, part of the face."""

from dataclasses import dataclass
from functools import cache

from fleeting.core import UnknownNameError
from fleeting.facs._data import table

TWELVE_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
"""The twelve units that micro-expression detectors are trained and compared on, in the usual order."""


@dataclass(frozen=True, slots=True)
class AU:
    """One action unit.

    Parameters
    ----------
    number
        FACS number.
    name
        English name in lower case, such as ``"brow lowerer"``.
    muscle
        What moves it; empty where FACS names no muscle.
    face_part
        ``"upper"``, ``"lower"``, ``"eye"`` (lids as a state: 41-46), ``"gaze"``, ``"head"``, ``"neck"``
        or ``"behaviour"``.
    paired
        Whether it can move on one side alone and has a region on each side.
    """

    number: int
    name: str
    muscle: str
    face_part: str
    paired: bool


@cache
def _units() -> dict[int, AU]:
    return {row["number"]: AU(**row) for row in table("action_units")["units"]}


def action_units() -> tuple[AU, ...]:
    """All action units that FACS numbers, by number.

    Examples
    --------
    >>> len(action_units()) > 50
    True
    """
    return tuple(_units().values())


def action_unit(number: int) -> AU:
    """Look an action unit up by its number.

    Raises
    ------
    UnknownNameError
        Where FACS has no unit of that number.

    Examples
    --------
    >>> action_unit(4).name
    'brow lowerer'
    """
    if number not in _units():
        raise UnknownNameError(f"unknown action unit {number}; FACS numbers run from 1 to 85 with gaps")
    return _units()[number]
