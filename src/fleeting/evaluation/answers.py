"""Reading questions and free-text answers of the ME-VQA and ME-LVQA challenges (MEGC 2025 and 2026)."""

import re
from collections.abc import Mapping, Sequence

FINE = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
EVENT_TYPES = ("macro-expression", "micro-expression")

VQA_ACTION_UNITS: Mapping[str, int] = {
    "inner brow raiser": 1,
    "outer brow raiser": 2,
    "brow lowerer": 4,
    "upper lid raiser": 5,
    "cheek raiser": 6,
    "lid tightener": 7,
    "nose wrinkler": 9,
    "upper lip raiser": 10,
    "lip corner puller": 12,
    "dimpler": 14,
    "lip corner depressor": 15,
    "lower lip depressor": 16,
    "chin raiser": 17,
    "lip stretcher": 20,
    "neck tightener": 21,
    "lip tightener": 23,
    "lip pressor": 24,
    "lips part": 25,
    "jaw drop": 26,
    "jaw clencher": 31,
    "nostril dilater": 38,
    "nostril compress": 39,
    "eye closure": 43,
    "tilt right": 56,
    "eyes left": 61,
}
"""Answer vocabulary of the challenge in its own spelling, with FACS numbers."""

# The first pattern that is found names the question; the order matters ("micro-expression events" is also
# an "expression events").
_QUESTIONS: tuple[tuple[str, str], ...] = (
    (r"how many micro-expression", "count_micro"),
    (r"how many macro-expression", "count_macro"),
    (r"how many .*expression", "count_all"),
    (r"expression type of the", "event_type"),
    (r"distinct action units", "video_action_units"),
    (r"based on (it|them)", "combined"),
    (r"analy[sz]", "analysis"),
    (r"coarse", "coarse"),
    (r"fine-grained|fine grained", "fine"),
    (r"left or right", "side"),
    (r"^is the action unit .*shown", "yes_no"),
    (r"action units?", "action_units"),
)


def question_kind(question: str) -> str:
    """Tell what a question asks for, from the challenge's templates.

    Parameters
    ----------
    question
        Its text.

    Returns
    -------
    str
        ``coarse``, ``fine``, ``action_units``, ``yes_no``, ``side``, ``combined``, ``analysis``;
        ``count_all``, ``count_micro``, ``count_macro``, ``video_action_units``, ``event_type``; or ``other``.

    Examples
    --------
    >>> question_kind("What is the coarse expression class?")
    'coarse'
    >>> question_kind("How many micro-expression events appear in this video?")
    'count_micro'
    """
    text = question.strip().lower()
    return next((kind for pattern, kind in _QUESTIONS if re.search(pattern, text)), "other")


def read_label(answer: str, labels: Sequence[str]) -> str | None:
    """Find the one declared label that an answer names.

    Parameters
    ----------
    answer
        Free text.
    labels
        What is allowed.

    Returns
    -------
    str or None
        The label if the whole answer is it or exactly one of them stands in it as a word; ``None`` where
        there is none or several, which then counts as wrong.

    Examples
    --------
    >>> read_label("The class is Negative.", ("negative", "positive"))
    'negative'
    >>> read_label("positive or negative", ("negative", "positive")) is None
    True
    """
    text = answer.strip().strip(".!\"'").lower()
    found = [label for label in labels if text == label.lower()]
    if not found:
        found = [
            label for label in labels if re.search(rf"(?<![\w-]){re.escape(label.lower())}(?![\w-])", text)
        ]
    return found[0] if len(found) == 1 else None


def read_event_type(answer: str) -> str | None:
    """Read ``micro-expression`` or ``macro-expression``; "micro" is looked for first, as in the challenge.

    Examples
    --------
    >>> read_event_type("It is a Micro expression.")
    'micro-expression'
    """
    text = answer.lower()
    return next((f"{kind}-expression" for kind in ("micro", "macro") if kind in text), None)


def read_count(answer: str) -> int | None:
    """Read the first whole number; ``None`` where there is none, which is not the same as "0".

    Examples
    --------
    >>> read_count("There are 12 events."), read_count("0"), read_count("several")
    (12, 0, None)
    """
    found = re.search(r"\d+", answer)
    return int(found.group()) if found else None


def read_action_units(
    answer: str, names: Mapping[str, int] | None = None
) -> tuple[frozenset[int], tuple[str, ...]]:
    """Read the action units that an answer lists.

    Parts are split at ``, ; /``, "and" and new lines. ``AU4``, ``AU 4 (brow lowerer)``, ``4`` and names are
    understood; a number outweighs a name in brackets. What comes before a colon and list numbers like
    ``1)`` are passed over; "none" means the empty set.

    Parameters
    ----------
    answer
        Free text.
    names
        FACS number of each name in lower case; by default `VQA_ACTION_UNITS`.

    Returns
    -------
    tuple
        The FACS numbers, and the parts that could not be read. An unread part counts as a wrong unit when
        sets are scored (see `score_lvqa`), or else babble would cost nothing.

    Examples
    --------
    >>> units, unread = read_action_units("Brow lowerer, AU12 (lip corner puller) and smile")
    >>> sorted(units), unread
    ([4, 12], ('smile',))
    """
    known = VQA_ACTION_UNITS if names is None else names
    units: set[int] = set()
    unread: list[str] = []
    for part in re.split(r"[,;/\n]|\band\b", answer.lower()):
        head, _, tail = part.rpartition(":")
        token = head if re.search(r"\bau\s*\d+\s*$", head) else tail
        token = re.sub(r"^\s*\d+\s*[).]\s+", "", token).strip(" .\t\"'-")
        if not token or token in ("none", "no action unit", "no action units"):
            continue
        number = re.match(r"(?:.*\bau\s*|)(\d+)[lr]?\b", token)
        name = re.sub(r"\s+", " ", re.sub(r"\(.*?\)", "", token)).strip()
        if number:
            units.add(int(number.group(1)))
        elif name in known:
            units.add(known[name])
        else:
            unread.append(token)
    return frozenset(units), tuple(unread)
