"""What to do where a sheet has no apex or no offset, by name; and what makes a row unusable."""

import math
from dataclasses import dataclass, field

from fleeting.core import UsageError

APEX_POLICIES = ("midpoint", "none")
OFFSET_POLICIES = ("apex", "mirror", "drop")


@dataclass(frozen=True, slots=True)
class Settled:
    """Whole frame numbers in the sheet's own numbering, and what was done to get them.

    ``dropped`` is empty, or the reason why the row cannot be used.
    """

    onset: int = 0
    apex: int | None = None
    offset: int = 0
    notes: tuple[str, ...] = field(default=())
    dropped: str = ""


def check_policies(apex: str, offset: str) -> None:
    """Raise UsageError for a policy that does not exist, naming those that do."""
    if apex not in APEX_POLICIES:
        raise UsageError(f"apex policy {apex!r}: expected one of {', '.join(APEX_POLICIES)}")
    if offset not in OFFSET_POLICIES:
        raise UsageError(f"offset policy {offset!r}: expected one of {', '.join(OFFSET_POLICIES)}")


def settle(
    onset: float | None,
    apex: float | None,
    offset: float | None,
    *,
    first: int = 1,
    apex_policy: str = "midpoint",
    offset_policy: str = "apex",
) -> Settled:
    """Turn three cells of a sheet into frames that hold onset <= apex <= offset.

    Parameters
    ----------
    onset, apex, offset
        Numbers of the sheet, fractions allowed (the older SAMM long-video release has them): onset
        is rounded down and offset up, so that the interval still covers what was coded.
    first
        The lowest number a frame can have. A lower apex or offset (0, -1) means "not given"; a lower
        onset means the first frame.
    apex_policy
        ``midpoint`` puts a missing apex, or one outside the interval, half-way (rounded down);
        ``none`` leaves it out.
    offset_policy
        For a missing offset: ``apex`` ends the interval at its apex (nothing is invented; the
        spotters of Liong et al. do so), ``mirror`` makes phase 2 as long as phase 1, ``drop`` leaves
        the row out.

    Examples
    --------
    >>> settle(10, 14, 19)
    Settled(onset=10, apex=14, offset=19, notes=(), dropped='')
    >>> settle(10, 14, 0, offset_policy="mirror").offset
    18
    >>> settle(10, None, 19).apex
    14
    """
    check_policies(apex_policy, offset_policy)
    notes: list[str] = []
    if onset is None:
        return Settled(dropped="no onset")
    start = math.floor(onset)
    peak = None if apex is None or apex < first else math.floor(apex + 0.5)
    end = None if offset is None or offset < first else math.ceil(offset)
    if (onset, peak, end) != (start, apex if peak is not None else None, offset if end is not None else None):
        notes.append("fractional frames: onset rounded down, apex to the nearest, offset up")
    if start < first:
        notes.append(f"onset {start} lies before the first frame: set to {first}")
        start = first
    if end is None:
        if peak is None:
            return Settled(dropped="neither apex nor offset")
        if offset_policy == "drop":
            return Settled(dropped="no offset (policy drop)")
        end = peak if offset_policy == "apex" else 2 * peak - start
        notes.append(f"no offset: policy {offset_policy}")
    if end < start:
        return Settled(dropped=f"offset {end} before onset {start}")
    if peak is None or not start <= peak <= end:
        why = "no apex" if peak is None else f"apex {peak} outside {start}..{end}"
        notes.append(f"{why}: policy {apex_policy}")
        peak = (start + end) // 2 if apex_policy == "midpoint" else None
    return Settled(start, peak, end, tuple(notes))
