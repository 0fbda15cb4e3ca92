"""Expressions of made clips and recordings: emotion, units, side, strength and course."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fleeting.core import Kind, Side
from fleeting.facs import coarse_emotion, emotion_rates
from fleeting.synth._fields import Lattice, least_jacobian, unit_field
from fleeting.synth._flowmap_units import CLASSES, TABLES, UNITS, UnitSets, _all_sets, _fit
from fleeting.synth._shape import FaceShape
from fleeting.synth.timing import Plant

MICRO_S = (0.37, 0.09, 0.12, 0.5)
"""Mean, deviation, least and greatest duration of a micro-expression.

SAMM-LV: mean 74.3 and median 78 frames at 200 fps, 30 to 101; CASME II: median 61 at 200 fps; DFME: median
0.40 s (label sheets). The upper end is the definition's.
"""
MACRO_S = (1.1, 0.45, 0.55, 4.0)
"""Median, log deviation, least and greatest duration of a macro-expression.

SAMM-LV: median 223 frames at 200 fps; CAS(ME)^2: mean 36.4 frames at 30 fps, up to 118 (label sheets). The
video-long ones of SAMM-LV are left out. The deviation is our own choice.
"""
MACRO_PERCENT = (12.0, 0.35, 6.0, 22.0)
"""Median, log deviation, least and greatest displacement of a macro-expression; our own choice."""
_EASINGS = ("cosine", "minimum-jerk", "fast-slow", "hold")
_APEX = (0.3, 0.6)
_LEAST_FRAMES = 4
_UNFOLDED = 0.12  # least Jacobian left to an expression alone, so that a blink or a syllable may join it


@dataclass(frozen=True, slots=True)
class Expression:
    """A drawn expression.

    Parameters
    ----------
    emotion
        Word of the published table it was drawn from; ``none`` where nothing moves.
    label
        ``negative``, ``positive``, ``surprise`` or ``none``.
    plant
        Units, strength and time; for ``none`` the time in which nothing is planted, with strength 0.
    """

    emotion: str
    label: str
    plant: Plant


@cache
def emotion_sets(label: str, tables: tuple[str, ...]) -> tuple[tuple[str, float, UnitSets], ...]:
    """Give the emotions of a class with their shares and their sets of units.

    Mixed by their shares they are `_flowmap_units.unit_sets` of the class; here the words are kept.

    Examples
    --------
    >>> [(emotion, round(share, 2)) for emotion, share, _ in emotion_sets("negative", ("CASME II",))]
    [('disgust', 0.7), ('repression', 0.3)]
    """
    members, weight = _all_sets()
    found: dict[str, tuple[float, np.ndarray]] = {}
    for name in tables:
        events = {e: n for e, n in TABLES[name].items() if coarse_emotion(e) == label}
        for emotion, count in events.items():
            share = count / sum(events.values()) / len(tables)
            sets = share * _fit(emotion_rates(name)[emotion], label, members, weight, single=False)
            before = found.get(emotion, (0.0, np.zeros(len(members))))
            found[emotion] = before[0] + share, before[1] + sets
    return tuple((e, share, UnitSets(members, sets / sets.sum())) for e, (share, sets) in found.items())


def draw_emotion(
    rng: np.random.Generator, shares: tuple[float, ...], tables: tuple[str, ...]
) -> tuple[str, str, tuple[int, ...]]:
    """Draw class, emotion and units; ``none`` has no units.

    Parameters
    ----------
    rng
        Source of chance.
    shares
        Of negative, positive, surprise and none.
    tables
        Names out of `_flowmap_units.TABLES`.
    """
    label = CLASSES[int(rng.choice(4, p=np.array(shares) / sum(shares)))]
    if label == "none":
        return label, label, ()
    choices = emotion_sets(label, tables)
    emotion, _, sets = choices[int(rng.choice(len(choices), p=[share for _, share, _ in choices]))]
    on = sets.members[int(rng.choice(len(sets.share), p=sets.share))]
    return label, emotion, tuple(unit for unit, acts in zip(UNITS, on, strict=True) if acts)


def draw_duration(rng: np.random.Generator, kind: Kind, fps: float) -> float:
    """Draw how long an expression lasts, seconds; at least some frames."""
    if kind == "micro":
        mean, spread, low, high = MICRO_S
        length = rng.normal(mean, spread)
    else:
        median, spread, low, high = MACRO_S
        length = median * np.exp(rng.normal(0, spread))
    return float(max(np.clip(length, low, high), _LEAST_FRAMES / fps))


def draw_strength(rng: np.random.Generator, kind: Kind, median: float, spread: float, lively: float) -> float:
    """Draw the greatest displacement, percent of the eye distance."""
    low, high = (0.5, 12.0) if kind == "micro" else MACRO_PERCENT[2:]
    return float(np.clip(lively * median * np.exp(rng.normal(0, spread)), low, high))


def draw_side(rng: np.random.Generator, one_sided: float) -> Side:
    """Draw on which side an expression shows."""
    sides: tuple[Side, Side] = ("left", "right")
    chance, which = rng.random(), int(rng.integers(2))
    return sides[which] if chance < one_sided else "both"


def make_plant(
    rng: np.random.Generator,
    aus: tuple[int, ...],
    side: Side,
    strength: float,
    *,
    at_s: float,
    duration_s: float,
    kind: Kind,
) -> Plant:
    """Join what was drawn, with an apex and a course by chance; no units make a plant that moves nothing."""
    apex = float(rng.uniform(*_APEX))
    easing = _EASINGS[int(rng.integers(len(_EASINGS)))]
    told = round(strength, 3) if aus else 0.0
    return Plant(aus or (12,), side, told, round(at_s, 6), round(duration_s, 6), round(apex, 4), easing, kind)


def bearable(shape: FaceShape, aus: tuple[int, ...], side: Side, basis: str, person: int) -> float:
    """Give the greatest strength, percent of the eye distance, that leaves a face unfolded."""
    lattice = Lattice.over(shape)
    field = lattice.sample(unit_field(shape, lattice, aus, side, basis=basis, seed=person))
    low, high = 0.0, 0.4
    for _ in range(9):
        middle = (low + high) / 2
        fits = least_jacobian(middle * field, lattice.spacing) > _UNFOLDED
        low, high = (middle, high) if fits else (low, middle)
    return 100 * low
