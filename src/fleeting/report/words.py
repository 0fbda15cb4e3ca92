"""Small pieces of language: file names made harmless, times, directions, what a number may be called."""

import math
import re
from collections.abc import Sequence

from fleeting.core import ActionUnit, Emotion

# Control characters, lone surrogates, line and paragraph separators, and characters that turn the reading
# direction or hide: a file name could pose as another with them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Compass of the picture, clockwise from "to the right"; y points down.
_COMPASS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


def visible(text: str) -> str:
    r"""Spell out control, direction-turning and undecodable characters, so that text shows what it is.

    Parameters
    ----------
    text
        Any string, also one with surrogates (a file name that is not UTF-8).

    Returns
    -------
    str
        Text that can be written as UTF-8.

    Examples
    --------
    >>> visible("a\nb\u202egp4.exe")
    'a\\nb\\u202egp4.exe'
    >>> visible("caf\udce9.mp4")
    'caf\\xe9.mp4'
    """
    return _HIDDEN.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8 (PEP 383)
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def file_name(path: str) -> str:
    r"""Last part of a path of any system.

    Examples
    --------
    >>> file_name("a/b/clip.mp4"), file_name("C:\\films\\clip.mp4"), file_name("folder/")
    ('clip.mp4', 'clip.mp4', 'folder')
    """
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def clock(seconds: float, total: float, *, decimals: int = 3) -> str:
    """Write a time as seconds in a recording of under a minute, else as ``mm:ss`` or ``h:mm:ss``.

    Parameters
    ----------
    seconds
        The time.
    total
        Length of the recording in seconds; it decides the form, so that all times of a page agree.
    decimals
        Digits after the second.

    Examples
    --------
    >>> clock(2.5, 8), clock(62.5, 80), clock(62.5, 4000), clock(59.9996, 80), clock(120, 600, decimals=0)
    ('2.500 s', '01:02.500', '0:01:02.500', '01:00.000', '02:00')
    """
    if total < 60:
        return f"{seconds:.{decimals}f} s"
    unit = 10**decimals
    whole, part = divmod(round(seconds * unit), unit)
    tail = f"{whole % 60:02d}" + (f".{part:0{decimals}d}" if decimals else "")
    if total < 3600:
        return f"{whole // 60:02d}:{tail}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{tail}"


def length(seconds: float) -> str:
    """Write how long something lasts.

    Examples
    --------
    >>> length(0.24), length(12.34), length(754), length(4000)
    ('0.24 s', '12.3 s', '12 min 34 s', '1 h 06 min 40 s')
    """
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole // 60 % 60:02d} min {whole % 60:02d} s"


def count(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "face"), count(0, "face"), count(2, "entry", "entries")
    ('1 face', '0 faces', '2 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def found(kinds: Sequence[str], joint: str = ", ") -> str:
    """Count expressions by kind.

    Examples
    --------
    >>> found(["micro", "macro", "micro"]), found([], " and ")
    ('2 micro-expressions, 1 macro-expression', '0 micro-expressions and 0 macro-expressions')
    """
    return joint.join(count(kinds.count(kind), f"{kind}-expression") for kind in ("micro", "macro"))


def direction(dx: float, dy: float) -> str:
    """Name the direction of a motion as seen in the picture (y points down).

    Examples
    --------
    >>> direction(0, -1), direction(1, 1), direction(-2, 0.1)
    ('up', 'down right', 'left')
    """
    return _COMPASS[round(math.atan2(dy, dx) / (math.pi / 4)) % 8]


def plain(name: str) -> str:
    """Turn an identifier into words.

    Examples
    --------
    >>> plain("left_lip_corner")
    'left lip corner'
    """
    return name.replace("_", " ").strip()


def unit_value(unit: ActionUnit) -> tuple[str, float]:
    """Give the right word for an action unit's number: only a calibrated one is a probability.

    Examples
    --------
    >>> unit_value(ActionUnit(12, "both", 0.8)), unit_value(ActionUnit(12, "both", 0.8, 0.7))
    (('score', 0.8), ('probability', 0.7))
    """
    return ("score", unit.score) if unit.probability is None else ("probability", unit.probability)


def emotion_word(emotion: Emotion) -> str:
    """Give the right word for an emotion's numbers.

    Examples
    --------
    >>> emotion_word(Emotion("surprise", {"surprise": 1.0}))
    'evidence share'
    """
    return "probability" if emotion.calibrated else "evidence share"
