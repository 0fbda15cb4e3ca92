"""Which way each region moves when an action unit acts."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fleeting.facs._data import table
from fleeting.facs.regions import region_names


@dataclass(frozen=True, slots=True)
class RegionMotion:
    """How one region moves under one action unit, on an upright face.

    ``(dx, dy)`` is a unit vector, x to the image's right (the subject's left), y down; ``weight`` in
    0..1 is the size of the motion relative to the strongest region of that unit.
    """

    region: str
    dx: float
    dy: float
    weight: float


@cache
def _motions() -> dict[int, tuple[RegionMotion, ...]]:
    names, found = set(region_names()), {}
    for row in table("au_motion")["units"]:
        motions = []
        for part in row["motion"]:
            length = float(np.hypot(part["lateral"], part["down"]))
            lateral, down = part["lateral"] / length, part["down"] / length
            if part["region"] in names:
                motions.append(RegionMotion(part["region"], 0.0, down, float(part["weight"])))
            else:
                motions.append(RegionMotion(f"{part['region']}_left", lateral, down, float(part["weight"])))
                motions.append(RegionMotion(f"{part['region']}_right", -lateral, down, float(part["weight"])))
        found[row["au"]] = tuple(motions)
    return found


def au_motion() -> dict[int, tuple[RegionMotion, ...]]:
    """Give for each action unit the regions it moves, the strongest first.

    Paired regions stand on both sides; for a one-sided action take those whose ``region_side`` fits, and
    the ones in the middle.

    Examples
    --------
    >>> au_motion()[5][0]
    RegionMotion(region='lid_upper_left', dx=0.0, dy=-1.0, weight=1.0)
    """
    return dict(_motions())
