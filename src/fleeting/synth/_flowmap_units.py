"""Which action units act together: sets drawn from the published rates and co-occurrence counts."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from fleeting.facs import (
    TWELVE_UNITS,
    co_occurrence,
    coarse_emotion,
    emotion_evidence,
    emotion_rates,
    unit_pairs,
)

TABLES = {
    "CASME II": {"disgust": 63, "happiness": 32, "repression": 27, "surprise": 25},
    "SAMM": {"anger": 57, "happiness": 26, "surprise": 15, "contempt": 12, "disgust": 9, "fear": 8},
    "CAS(ME)^3": {"disgust": 250, "surprise": 187, "fear": 86, "anger": 64, "sadness": 57, "happiness": 55},
}
"""Tables of `fleeting.facs.emotion_rates`, with the events behind each row (published label sheets)."""

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26)
"""Action units that a map can hold, in the order of its columns."""

CLASSES = ("negative", "positive", "surprise", "none")

_REST = 0.15  # mean number of units an event that the tables leave out, since they give the leading ones only
_TRIPLES = 0.15  # share of threes among the events with more than one unit
_MEAN_UNITS = (1.12, 1.95)
_ROUNDS = 60
_EVEN_SIZES = {1: 0.6, 2: 0.3, 3: 0.1}


@dataclass(frozen=True, slots=True)
class UnitSets:
    """Sets of units with their shares for one class.

    Parameters
    ----------
    members
        ``(S, len(UNITS))`` bool.
    share
        ``(S,)`` float, sums to 1.
    """

    members: np.ndarray
    share: np.ndarray


@cache
def unit_sets(label: str, tables: tuple[str, ...] = tuple(TABLES), *, single: bool = False) -> UnitSets:
    """Give the sets of units for ``negative``, ``positive`` or ``surprise``.

    Each emotion of each table gets its own distribution over all sets of one, two and three units that
    FACS and the counts allow. The mean number of units follows the sum of the emotion's rates, sets weigh
    as the product of their pairs' lift ``n C_ij / (C_ii C_jj)``, and factors of the units are fitted
    (iterative proportional fitting) until their shares are proportional to the rates. Emotions are mixed by
    their events, tables evenly.

    Parameters
    ----------
    label
        Class.
    tables
        Names out of `TABLES`.
    single
        Whether only one unit acts at a time.

    Examples
    --------
    >>> sets = unit_sets("surprise")
    >>> second = sets.members[sets.share.argsort()[-2]]
    >>> [u for u, on in zip(UNITS, second, strict=True) if on]
    [1, 2]
    """
    members, weight = _all_sets()
    total = np.zeros(len(members))
    for name in tables:
        events = {e: n for e, n in TABLES[name].items() if coarse_emotion(e) == label}
        for emotion, count in events.items():
            shares = _fit(emotion_rates(name)[emotion], label, members, weight, single=single)
            total += count / sum(events.values()) / len(tables) * shares
    return UnitSets(members, total / total.sum())


@cache
def _all_sets() -> tuple[np.ndarray, np.ndarray]:
    """All allowed sets of up to three units, and their weights by co-occurrence."""
    barred = unit_pairs("anatomical") | unit_pairs("never_seen")
    lift = _lift()
    members, weight = [], []
    for size in (1, 2, 3):
        for chosen in combinations(range(len(UNITS)), size):
            pairs = list(combinations(chosen, 2))
            if any(frozenset((UNITS[a], UNITS[b])) in barred for a, b in pairs):
                continue
            members.append(np.isin(np.arange(len(UNITS)), chosen))
            weight.append(float(np.prod([lift[a, b] for a, b in pairs])))
    return np.array(members), np.array(weight)


def _lift() -> np.ndarray:
    """How much more often two units meet than chance has it; 0.3 where a unit was not counted."""
    counts = co_occurrence().astype(float)
    known = np.full((len(UNITS), len(UNITS)), 0.3)
    own = np.diag(counts)
    place = [UNITS.index(u) for u in TWELVE_UNITS]
    known[np.ix_(place, place)] = 2213 * counts / np.outer(own, own)
    return known


@dataclass(frozen=True, slots=True)
class EvenSets:
    """Sets of units, each unit about as often as the next.

    Parameters
    ----------
    members
        ``(S, len(UNITS))`` bool.
    share
        ``(S,)`` float, sums to 1.
    labels
        ``(S,)`` class, of negative, positive and surprise, for which the tables' evidence is greatest.
    """

    members: np.ndarray
    share: np.ndarray
    labels: np.ndarray


@cache
def even_sets() -> EvenSets:
    """Give all sets that FACS allows: singles evenly, twos and threes by their co-occurrence.

    Examples
    --------
    >>> sets = even_sets()
    >>> [round(float(sets.share[sets.members.sum(1) == n].sum()), 2) for n in (1, 2, 3)]
    [0.6, 0.3, 0.1]
    """
    members, weight = _all_sets()
    sizes = members.sum(1)
    share = np.zeros(len(members))
    for size, part in _EVEN_SIZES.items():
        factor = weight if size > 1 else np.ones_like(weight)
        share += part * np.where(sizes == size, factor, 0) / factor[sizes == size].sum()
    own = np.array([[emotion_evidence({unit: 1.0})[name] for name in CLASSES[:3]] for unit in UNITS])
    return EvenSets(members, share, (members @ own).argmax(1))


def _fit(
    rates: dict[int, float], label: str, members: np.ndarray, weight: np.ndarray, *, single: bool
) -> np.ndarray:
    """Shares of all sets such that the units come in proportion to the rates."""
    target = np.array([rates.get(u, 0.0) for u in UNITS])
    missing = np.array([0.0 if u in rates else emotion_evidence({u: 1.0})[label] for u in UNITS])
    target += _REST * missing / missing.sum()
    mean = 1.0 if single else float(np.clip(target.sum(), *_MEAN_UNITS))
    several = (mean - 1.0) / (1.0 + _TRIPLES)
    by_size = np.array([1.0 - several, several * (1 - _TRIPLES), several * _TRIPLES])
    target *= mean / target.sum()
    sizes = members.sum(1) - 1
    factor = target / target.max()
    for _ in range(_ROUNDS):
        share = weight * np.prod(np.where(members, factor, 1.0), axis=1)
        for size, part in enumerate(by_size):
            of_size = sizes == size
            share[of_size] *= part / share[of_size].sum()
        factor *= np.sqrt(target / np.maximum(members.T @ share, 1e-12))
    return share


def draw_units(rng: np.random.Generator, labels: np.ndarray, sets: dict[int, UnitSets]) -> np.ndarray:
    """Draw the units of events, ``(N, len(UNITS))`` bool; none for a class that ``sets`` does not hold.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn = draw_units(rng, np.array([1, 3]), {1: unit_sets("positive")})
    >>> bool(drawn[0].any()), bool(drawn[1].any())
    (True, False)
    """
    drawn = np.zeros((len(labels), len(UNITS)), bool)
    for label, choice in sets.items():
        at = np.flatnonzero(labels == label)
        drawn[at] = choice.members[rng.choice(len(choice.share), size=len(at), p=choice.share)]
    return drawn
