"""What coders say of the moments that both marked: kind, emotion, action units, side and intensity."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fleeting.core import UsageError
from fleeting.evaluation.agreement import Weights, cohen_kappa, interval_agreement, kappa_of_table

SIDES = ("both", "left", "right")
INTENSITIES = ("A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class CodedUnit:
    """An action unit as somebody saw it: number, ``left``, ``right`` or ``both``, ``A``..``E`` or None."""

    au: int
    side: str = "both"
    intensity: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One expression as somebody marked it: frames (both in), kind, action units, emotion ("" for unsaid)."""

    onset: int
    offset: int
    kind: str
    units: tuple[CodedUnit, ...] = ()
    emotion: str = ""


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """Of ``compared`` things that both labelled ``same`` got one label; ``kappa`` is NaN if undefined."""

    compared: int
    same: int
    kappa: float


@dataclass(frozen=True, slots=True)
class UnitAgreement:
    """One action unit over the moments for which both gave units.

    ``first_n`` and ``second_n`` say how often each saw it, ``both`` how often in the same moment; ``f1`` is
    ``2 both / (first_n + second_n)``, ``kappa`` Cohen's of seen or not.
    """

    au: int
    first_n: int
    second_n: int
    both: int
    f1: float
    kappa: float


@dataclass(frozen=True, slots=True)
class MomentAgreement:
    """How two coders agree on the moments that both marked.

    ``matched`` moments in all; ``kind`` (micro or macro) over these, ``emotion`` over those where both named
    one. ``unit_moments`` of them have units of both: no unit at all is taken for "not coded", since without
    any the face has not moved. ``units`` are over these, ``unit_f1`` is over all units together, the
    reliability that FACS codings are published with (2 x agreed / all units of both coders; as in Yan et al.,
    2014). ``side`` is over the units that both saw, ``intensity`` over those that both graded, with linear
    weights in its kappa.
    """

    first: str
    second: str
    matched: int
    kind: LabelAgreement
    emotion: LabelAgreement
    unit_moments: int
    unit_f1: float
    units: tuple[UnitAgreement, ...]
    side: LabelAgreement
    intensity: LabelAgreement


def moment_agreement(
    codings: Mapping[str, Mapping[str, Sequence[Moment]]], *, threshold: float = 0.5
) -> tuple[MomentAgreement, ...]:
    """Say how far coders agree on what they saw, two by two.

    Parameters
    ----------
    codings
        Moments by coder and recording, as for `fleeting.evaluation.coder_agreement`.
    threshold
        IoU that two intervals need to be one moment, in (0, 1]; matched as `interval_agreement` does.

    Returns
    -------
    tuple of MomentAgreement
        For each pair of coders. Words for emotions are compared without regard to case.

    Raises
    ------
    UsageError
        For a wrong threshold, side or intensity.

    Examples
    --------
    >>> anna = Moment(0, 9, "micro", (CodedUnit(12, "left", "B"), CodedUnit(6)), "happiness")
    >>> bea = Moment(0, 7, "micro", (CodedUnit(12, "left", "C"),), "Happiness")
    >>> both = moment_agreement({"anna": {"film": [anna]}, "bea": {"film": [bea]}})[0]
    >>> both.matched, both.emotion.same, round(both.unit_f1, 3), both.side.same, both.intensity.same
    (1, 1, 0.667, 1, 0)
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold: expected an IoU in (0, 1], got {threshold}")
    found = []
    for first, second in combinations(codings, 2):
        shared = [name for name in codings[first] if name in codings[second]]
        pairs = [
            pair
            for name in shared
            for pair in _matched(codings[first][name], codings[second][name], threshold)
        ]
        found.append(_agreement(first, second, pairs))
    return tuple(found)


def _matched(
    first: Sequence[Moment], second: Sequence[Moment], threshold: float
) -> list[tuple[Moment, Moment]]:
    spans = [
        np.array([(one.onset, one.offset) for one in rows], int).reshape(-1, 2) for rows in (first, second)
    ]
    return [(first[i], second[j]) for i, j in interval_agreement(*spans, threshold=threshold).matched]


def _agreement(first: str, second: str, pairs: Sequence[tuple[Moment, Moment]]) -> MomentAgreement:
    words = [tuple(" ".join(one.emotion.casefold().split()) for one in pair) for pair in pairs]
    units = [(_by_number(one.units), _by_number(two.units)) for one, two in pairs]
    coded = [(one, two) for one, two in units if one and two]
    seen = [(one[au], two[au]) for one, two in coded for au in sorted(one.keys() & two.keys())]
    total = sum(len(one) + len(two) for one, two in coded)
    grades = [(one.intensity, two.intensity) for one, two in seen if one.intensity and two.intensity]
    return MomentAgreement(
        first,
        second,
        len(pairs),
        _labels([(one.kind, two.kind) for one, two in pairs]),
        _labels([(one, two) for one, two in words if one and two]),
        len(coded),
        2 * len(seen) / total if total else math.nan,
        tuple(_unit(au, coded) for au in sorted({au for pair in coded for one in pair for au in one})),
        _labels([(one.side, two.side) for one, two in seen], SIDES),
        _labels(grades, INTENSITIES, "linear"),
    )


def _by_number(units: Sequence[CodedUnit]) -> dict[int, CodedUnit]:
    """Give units by number; one named twice is on both sides where these differ, with the higher grade."""
    found: dict[int, CodedUnit] = {}
    for unit in units:
        old = found.get(unit.au, unit)
        side = unit.side if unit.side == old.side else "both"
        grade = max((one.intensity for one in (old, unit) if one.intensity), default=None)
        found[unit.au] = CodedUnit(unit.au, side, grade)
    return found


def _unit(au: int, coded: Sequence[tuple[Mapping[int, CodedUnit], Mapping[int, CodedUnit]]]) -> UnitAgreement:
    table = np.zeros((2, 2))
    for one, two in coded:
        table[int(au in one), int(au in two)] += 1
    both, first, second = int(table[1, 1]), int(table[1].sum()), int(table[:, 1].sum())
    return UnitAgreement(au, first, second, both, 2 * both / (first + second), kappa_of_table(table))


def _labels(
    pairs: Sequence[tuple[str, str]], labels: Sequence[str] | None = None, weights: Weights = "none"
) -> LabelAgreement:
    if not pairs:
        return LabelAgreement(0, 0, math.nan)
    first, second = zip(*pairs, strict=True)
    kappa = cohen_kappa(first, second, labels=labels, weights=weights)
    return LabelAgreement(len(pairs), sum(one == two for one, two in pairs), kappa)
