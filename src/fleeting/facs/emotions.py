"""What action units say of emotion: published tables, objective classes and a plain rule."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from fleeting.core import COARSE, UnknownNameError, UsageError
from fleeting.facs._data import table

UNCLEAR = "unclear"
_Evidence = dict[int, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Prototype:
    """Units that suggest an emotion (EMFACS style).

    ``core`` lists sets of units, each of which is enough; ``optional`` units may come with them;
    ``unilateral`` prototypes count when shown on one side only.
    """

    emotion: str
    core: tuple[frozenset[int], ...]
    optional: frozenset[int]
    unilateral: bool


@cache
def prototypes() -> tuple[Prototype, ...]:
    """Units that suggest each emotion, after EMFACS.

    Examples
    --------
    >>> [p.emotion for p in prototypes() if frozenset({6, 12}) in p.core]
    ['happiness']
    """
    return tuple(
        Prototype(
            row["emotion"],
            tuple(frozenset(units) for units in row["core"]),
            frozenset(row["optional"]),
            row["unilateral"],
        )
        for row in table("emotion_prototypes")["prototypes"]
    )


@cache
def _objective() -> dict[frozenset[int], str]:
    rows = table("objective_classes")["classes"]
    return {frozenset(units): row["class"] for row in rows for units in row["combinations"]}


def objective_class(aus: Iterable[int]) -> str:
    """Class I to VII of a set of action units, which needs no emotion label (Davison et al. 2018).

    SAMM's own sheet deviates from the rule: take its stored class.

    Raises
    ------
    UsageError
        Where there is no unit at all.

    Examples
    --------
    >>> objective_class([12, 6]), objective_class([14])
    ('I', 'VII')
    """
    units = frozenset(int(unit) for unit in aus)
    if not units:
        raise UsageError("aus: expected at least one action unit, got none")
    return _objective().get(units, table("objective_classes")["rest"])


def emotion_rates(dataset: str) -> dict[str, dict[int, float]]:
    """Share of an emotion's events in which a unit was coded, leading units only.

    Parameters
    ----------
    dataset
        ``"CASME II"``, ``"SAMM"`` or ``"CAS(ME)^3"``.

    Returns
    -------
    dict
        Emotion -> unit -> P(unit | emotion). A unit that is missing is rarer than those given.

    Raises
    ------
    UnknownNameError
        For another dataset.

    Examples
    --------
    >>> emotion_rates("CASME II")["happiness"]
    {12: 0.84, 6: 0.25}
    """
    rows = table("emotion_rates")["rows"]
    found = {
        row["emotion"]: {int(unit): rate for unit, rate in row["rates"].items()}
        for row in rows
        if row["dataset"] == dataset
    }
    if not found:
        names = ", ".join(dict.fromkeys(row["dataset"] for row in rows))
        raise UnknownNameError(f"unknown dataset {dataset!r}; available: {names}")
    return found


def emotion_name(label: str) -> str:
    """Spell an emotion label in the one way used here (``Happy`` -> ``happiness``).

    Raises
    ------
    UnknownNameError
        Where the label is not known.

    Examples
    --------
    >>> emotion_name(" Sad"), emotion_name("Other")
    ('sadness', 'others')
    """
    rows = table("emotion_groups")
    name = rows["aliases"].get(label.strip().lower(), label.strip().lower())
    if name not in rows["groups"]:
        known = ", ".join(rows["groups"])
        raise UnknownNameError(f"unknown emotion {label!r}; available: {known}")
    return name


def coarse_emotion(label: str, dataset: str | None = None, *, unknown: str | None = None) -> str:
    """Sort an emotion label into negative, positive, surprise or others.

    Parameters
    ----------
    label
        Any spelling that ``emotion_name`` knows.
    dataset
        Name of a dataset, in any case, whose own protocol may differ (``"MMME"`` counts tense as negative).
    unknown
        What to give for a label that no table knows.

    Raises
    ------
    UnknownNameError
        Where the label is not known, unless ``unknown`` is given.

    Examples
    --------
    >>> coarse_emotion("disgust"), coarse_emotion("tense"), coarse_emotion("tense", "mmme")
    ('negative', 'others', 'negative')
    >>> coarse_emotion("pride", unknown="others")
    'others'
    """
    rows = table("emotion_groups")
    try:
        name = emotion_name(label)
    except UnknownNameError:
        if unknown is None:
            raise
        return unknown
    return rows["exceptions"].get((dataset or "").upper(), {}).get(name, rows["groups"][name])


def emotion_evidence(au_scores: Mapping[int, float], *, fine: bool = False) -> dict[str, float]:
    """Share out the evidence of action units over emotions, by a fixed rule.

    Each unit counts by the square of its score and gives its parts to negative, positive and surprise;
    what it does not say goes to ``"unclear"``, which also has a floor. Some pairs shift evidence, such as
    1+4 from surprise to negative. Weights and pairs stand in ``data/emotion_evidence.json``.
    The result is evidence, not a probability: labels of real datasets rest on self-report too, and on
    CAS(ME)^3 units alone tell little of them.

    Parameters
    ----------
    au_scores
        Unit -> score in 0..1; units without a rule are ignored.
    fine
        Split happiness off ``positive``, and disgust, anger, fear, sadness, contempt and repression off
        ``negative`` as far as the units say so; the rest keeps the coarse name.

    Returns
    -------
    dict
        Label -> share; the shares sum to 1. Always ``negative``, ``positive``, ``surprise``, ``unclear``.

    Raises
    ------
    UsageError
        Where a score lies outside 0..1.

    Examples
    --------
    >>> shares = emotion_evidence({6: 0.9, 12: 1.0})
    >>> max(shares, key=shares.get), round(sum(shares.values()), 6)
    ('positive', 1.0)
    >>> emotion_evidence({})
    {'negative': 0.0, 'positive': 0.0, 'surprise': 0.0, 'unclear': 1.0}
    """
    rows = table("emotion_evidence")
    scores = {row["au"]: float(au_scores.get(row["au"], 0.0)) for row in rows["units"]}
    wrong = [unit for unit, score in au_scores.items() if not 0 <= score <= 1]
    if wrong:
        raise UsageError(f"au_scores: expected 0..1, got {au_scores[wrong[0]]} for action unit {wrong[0]}")
    said = _unit_evidence(rows["units"], scores)
    _shift_pairs(rows["pairs"], scores, said)
    total = {name: math.fsum(parts[name] for parts in said.values()) for name in (*COARSE, UNCLEAR)}
    total[UNCLEAR] += rows["unclear_floor"]
    if fine:
        total = _split_fine(rows["units"], said, total)
    whole = math.fsum(total.values())
    return {name: amount / whole for name, amount in total.items()}


def _unit_evidence(units: list[dict], scores: dict[int, float]) -> _Evidence:
    """Give what each unit says for each coarse class and for nothing in particular."""
    said: _Evidence = {}
    for row in units:
        strength = scores[row["au"]] ** 2
        parts = {name: strength * row[name] for name in COARSE}
        parts[UNCLEAR] = strength - sum(parts.values())
        said[row["au"]] = parts
    return said


def _shift_pairs(pairs: list[dict], scores: dict[int, float], said: _Evidence) -> None:
    """Let units that act together change what each says, in place."""
    for pair in pairs:
        part = pair["share"] * min(scores[unit] for unit in pair["if"])
        for unit in pair["of"]:
            moved = part * said[unit][pair["from"]]
            said[unit][pair["from"]] -= moved
            said[unit][pair["to"]] += moved


def _split_fine(units: list[dict], said: _Evidence, total: dict[str, float]) -> dict[str, float]:
    """Take the finer labels out of negative and positive."""
    split = dict(total)
    for row in units:
        for label, part in row["fine"].items():
            amount = part * said[row["au"]][coarse_emotion(label)]
            split[label] = split.get(label, 0.0) + amount
            split[coarse_emotion(label)] -= amount
    return {name: max(amount, 0.0) for name, amount in split.items()}
