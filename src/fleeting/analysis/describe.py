"""A movement of regions -> action units with sides -> emotion evidence, by tables alone."""

from collections.abc import Sequence

import numpy as np

from fleeting import facs
from fleeting.core import ActionUnit, Emotion, Side
from fleeting.spotting import Spotted, hypotheses, side_channels

MOST_UNITS = 3
LEAST_GAIN = 0.2  # share of the movement that a further unit must explain
PARTNER = 0.3  # P(unit | found unit) from which a unit needs only a third of that


def action_units(spotted: Spotted) -> tuple[ActionUnit, ...]:
    """Say which action units make up a movement, the surest first.

    Non-negative matching pursuit: the pattern that explains most of the movement is taken, its part
    removed, and so on while a further pattern explains a good share. ``score`` is the cosine between
    movement and pattern (the first), or the share explained (the others), all in units of what the
    face does otherwise.

    Parameters
    ----------
    spotted
        From ``fleeting.spotting.spot``.
    """
    chosen = hypotheses()
    one = spotted.candidate
    channels = side_channels()
    scale = np.asarray(one.scale)
    movement = (channels @ one.vector.ravel()) / scale
    patterns = (chosen.patterns.reshape(len(chosen.units), -1) @ channels.T) / scale
    patterns = patterns / np.linalg.norm(patterns, axis=1, keepdims=True)
    if not movement.any():  # another spotter's interval in which no region was seen to move
        return ()
    whole = float(np.linalg.norm(movement)) + 1e-12
    found: list[ActionUnit] = []
    left = movement.copy()
    taken: set[int] = set()
    taken_units: list[int] = []
    for step in range(MOST_UNITS):
        if step == 0:
            k = chosen.units.index((spotted.au, spotted.side))
        else:
            gains = patterns @ left
            gains[[i for i, (au, _) in enumerate(chosen.units) if au in taken]] = 0
            k = int(gains.argmax())
        gain = float(patterns[k] @ left) / whole
        if step and gain**2 < _least_gain(chosen.units[k][0], taken_units):
            break
        au, side = chosen.units[k]
        taken |= {au} | _apart(au)
        taken_units.append(au)
        found.append(ActionUnit(au, side, float(np.clip(gain, 0, 1))))
        left = left - (patterns[k] @ left) * patterns[k]
    return tuple(found)


def _least_gain(au: int, taken: list[int]) -> float:
    """Ask less of a unit that is often coded together with one already found."""
    order = facs.TWELVE_UNITS
    known = [order.index(unit) for unit in taken if unit in order]
    if au not in order or not known:
        return LEAST_GAIN
    often = float(facs.conditional(facs.co_occurrence())[known, order.index(au)].max())
    return LEAST_GAIN / 3 if PARTNER is not None and often >= PARTNER else LEAST_GAIN


def side_of(spotted: Spotted, au: int) -> Side:
    """Say on which side a unit fits the movement best; ``both`` where the spotter has no pattern of it."""
    chosen = hypotheses()
    one = spotted.candidate
    channels = side_channels()
    scale = np.asarray(one.scale)
    movement = (channels @ one.vector.ravel()) / scale
    patterns = (chosen.patterns.reshape(len(chosen.units), -1) @ channels.T) / scale
    gains = (patterns @ movement) / np.linalg.norm(patterns, axis=1)
    sides: list[tuple[float, Side]] = [
        (float(gain), side) for gain, (unit, side) in zip(gains, chosen.units, strict=True) if unit == au
    ]
    return max(sides)[1] if sides else "both"


def never_together(au: int, others: Sequence[int]) -> bool:
    """Whether a unit never acts together with one of the others.

    Examples
    --------
    >>> never_together(15, [2]), never_together(2, [1])
    (True, False)
    """
    return bool(_apart(au) & set(others))


def _apart(au: int) -> set[int]:
    """Units that never act together with this one."""
    pairs = [*facs.unit_pairs("anatomical"), *facs.unit_pairs("never_seen")]
    return {other for pair in pairs if au in pair for other in pair if other != au}


def emotion(units: tuple[ActionUnit, ...]) -> Emotion | None:
    """Share out the evidence of action units over negative, positive, surprise and unclear.

    Examples
    --------
    >>> emotion((ActionUnit(12, "both", 0.9),)).label
    'positive'
    """
    if not units:
        return None
    shares = facs.emotion_evidence({unit.au: unit.score for unit in units})
    return Emotion(max(shares, key=lambda name: shares[name]), shares)
