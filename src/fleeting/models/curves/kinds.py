"""The roads by name."""

from collections.abc import Mapping
from typing import Any

from fleeting.models.curves.road import Road, made_of
from fleeting.models.curves.whole import BoundaryRoad, GraphRoad, MapRoad, TimestampRoad
from fleeting.models.curves.windows import WindowRoad

ROADS: dict[str, type[Road]] = {
    one.name: one for one in (WindowRoad, GraphRoad, TimestampRoad, BoundaryRoad, MapRoad)
}


def road_of(told: Mapping[str, Any]) -> Road:
    """Make a road of the facts that stand in ``model.json``.

    Examples
    --------
    >>> road_of({"kind": "windows", "length": 30}).length
    30
    """
    return made_of(ROADS, told)
