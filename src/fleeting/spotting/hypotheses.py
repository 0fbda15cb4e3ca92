"""What a movement may be: one action unit, on one side or both, as a pattern over the regions."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fleeting import facs
from fleeting.core import Side
from fleeting.motion import motion_regions

# Action units that occur alone in coded micro-expressions, and the lid closure of a blink.
SPOTTED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 24, 25, 26, 43)
BLINK = 43


@dataclass(frozen=True)
class Hypotheses:
    """Patterns to look for.

    Parameters
    ----------
    units
        ``(K,)`` pairs (action unit, side).
    patterns
        ``(K, R, 2)``: motion of each region for an action of size 1.
    """

    units: tuple[tuple[int, Side], ...]
    patterns: np.ndarray


@cache
def hypotheses() -> Hypotheses:
    """Build the patterns from the table of expected motion in `facs`.

    Examples
    --------
    >>> found = hypotheses()
    >>> found.units[:3], found.patterns.shape[1:] == (len(motion_regions()), 2)
    (((1, 'both'), (1, 'left'), (1, 'right')), True)
    """
    names = motion_regions()
    units: list[tuple[int, Side]] = []
    patterns = []
    table = facs.au_motion()
    for au in SPOTTED:
        sides: tuple[Side, ...] = ("both", "left", "right") if facs.action_unit(au).paired else ("both",)
        for side in sides:
            pattern = np.zeros((len(names), 2))
            for motion in table[au]:
                where = facs.region_side(motion.region)
                if motion.region not in names or (side != "both" and where not in (side, "middle")):
                    continue
                share = 0.5 if side != "both" and where == "middle" else 1.0
                pattern[names.index(motion.region)] = share * motion.weight * np.array([motion.dx, motion.dy])
            units.append((au, side))
            patterns.append(pattern)
    return Hypotheses(tuple(units), np.stack(patterns))
