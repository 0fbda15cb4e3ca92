"""A decoder by lengths of time: there and back again within one of several lengths of time, in seconds."""

from dataclasses import dataclass, replace

import numpy as np

from fleeting.core import UsageError
from fleeting.spotting._boxes import Box, check_share, level, peaks, seen_runs
from fleeting.spotting.boundaries import refine

DURATIONS_S = (0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6, 2.2, 3.2)
LEAST_FRAMES = 2.0  # a length must hold so many
FLANK_S = 0.08
INWARDS = 0.3  # of a frame: the first frame of motion comes after the moment at which it starts
NORMAL = 0.67449  # median of |x| where x is standard normal
REACH = 0.75  # of a length: how far from a moment its ends are looked for
SMOOTH = 1 / 24  # of a length
READINGS = 3
NOISE_FLOOR = 0.02  # share of the curve's range that is always assumed to be noise


@dataclass(frozen=True, slots=True)
class _Response:
    length_s: float
    height: np.ndarray  # in units of the curve; NaN where not seen
    z: np.ndarray  # in units of noise


def durations(
    curve: np.ndarray,
    fps: float,
    *,
    lengths_s: tuple[float, ...] = DURATIONS_S,
    least_z: float = 4.0,
    least_share: float = 0.4,
) -> list[Box]:
    """Find moments at which the curve leaves a level and returns to it (the decoder ``durations``).

    For each length of time the response is the smaller of the rise, from the time before to the middle,
    and the fall, from the middle to the time after: a step or a drift gives nothing. It is measured in
    units of what the curve does otherwise at that length (the median of the response, so that the
    movements looked for hide themselves little). Each moment that stands out becomes an interval whose ends
    are read from the flanks. Of all sets of intervals that do not overlap the one that explains most of the
    curve is given, a response explaining its square for as long as it lasts: so two short movements
    are not swallowed by a long one, nor the top of a long one taken for a short one.

    Nothing in it depends on gain or offset of the curve. Of its numbers only ``lengths_s`` speaks of
    faces; the thresholds were set by hand on invented curves and are meant to be fitted on the training
    subjects of a spotter.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    lengths_s
        Lengths to look for, seconds; those of fewer than two frames are left out.
    least_z
        Least response in units of noise.
    least_share
        Least response as a share of the strongest one in the curve.

    Returns
    -------
    list of Box
        ``score`` is the response in units of noise.

    Examples
    --------
    >>> t = np.arange(90) / 30
    >>> bump = np.where(abs(t - 1.5) < 0.2, np.cos((t - 1.5) / 0.2 * np.pi / 2) ** 2, 0)
    >>> [(b.onset, b.apex, b.offset) for b in durations(bump, 30)]
    [(40, 45, 50)]
    """
    check_share("least_share", least_share)
    if not lengths_s or not all(0 < s < np.inf for s in lengths_s):
        raise UsageError(f"lengths_s: expected positive seconds, got {lengths_s}")
    if level(curve):
        return []
    responses = [_respond(curve, fps, s) for s in lengths_s if s * fps >= LEAST_FRAMES]
    strongest = max((float(np.nanmax(r.height, initial=0)) for r in responses), default=0.0)
    found: list[Box] = []
    for response in responses:
        strong = np.where(response.height >= least_share * strongest, response.z, 0)
        for first, last in seen_runs(curve):
            part = curve[first : last + 1]
            for at in peaks(strong[first : last + 1], least_z, 1):
                onset, apex, offset = _bounds(part, at, response.length_s * fps)
                found.append(Box(first + onset, first + apex, first + offset, float(response.z[first + at])))
    chosen = best_apart(found, [_explained(curve, box) for box in found])
    return [
        replace(box, score=max(b.score for b in found if box.onset <= b.apex <= box.offset)) for box in chosen
    ]


def _respond(curve: np.ndarray, fps: float, length_s: float) -> _Response:
    half = length_s * fps / 2
    flank = max(1.0, max(FLANK_S, length_s / 3) * fps)
    height, around = np.full(len(curve), np.nan), np.full(len(curve), np.nan)
    for first, last in seen_runs(curve):
        rise, fall = _there_and_back(curve[first : last + 1], half, flank)
        height[first : last + 1] = np.maximum(np.minimum(rise, fall), 0)
        around[first : last + 1] = (rise + fall) / 2
    sizes = np.abs(around[np.isfinite(around)])
    floor = NOISE_FLOOR * (np.nanmax(curve) - np.nanmin(curve))
    noise = float(np.hypot(np.median(sizes) / NORMAL if len(sizes) else 0.0, floor))
    return _Response(length_s, height, np.where(np.isfinite(curve), height / noise, np.nan))


def _there_and_back(s: np.ndarray, half: float, flank: float) -> tuple[np.ndarray, np.ndarray]:
    """Middle minus before, and middle minus after; 0 where there is less than a frame before or after."""
    t = np.arange(len(s), dtype=float)
    middle = mean_between(s, t - half / 2, t + half / 2)
    before = mean_between(s, t - half - flank, t - half)
    after = mean_between(s, t + half, t + half + flank)
    seen = np.isfinite(before) & np.isfinite(after)
    return np.where(seen, middle - before, 0.0), np.where(seen, middle - after, 0.0)


def mean_between(s: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Mean of a curve between places that lie between frames; a frame reaches half a frame to either side.

    Parameters
    ----------
    s
        ``(T,)`` without NaN.
    start, stop
        ``(N,)`` places in frames, cut to the curve.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; NaN where less than one frame of the curve is left.

    Examples
    --------
    >>> mean_between(np.array([0.0, 1, 2, 3]), np.array([0.5, 2.5]), np.array([2.5, 3.4]))
    array([1.5, nan])
    """
    edges = np.arange(len(s) + 1) - 0.5
    total = np.concatenate([[0.0], np.cumsum(s - s.mean())])
    low, high = np.clip(start, edges[0], edges[-1]), np.clip(stop, edges[0], edges[-1])
    width = high - low
    width[width < 1 - 1e-9] = np.nan
    return s.mean() + (np.interp(high, edges, total) - np.interp(low, edges, total)) / width


def _bounds(s: np.ndarray, at: int, length: float) -> tuple[int, int, int]:
    """Onset, apex and offset around a moment, at which something of about this many frames responded.

    Read again with the reach and the smoothing that fit the length read before, so that it does not
    matter much which of several lengths responded.
    """
    begin, apex, end = _read(s, at, length)
    for _ in range(READINGS - 1):
        begin, apex, end = _read(s, round((begin + end) / 2), max(end - begin, 2.0))
    return min(int(np.ceil(begin + INWARDS)), apex), apex, max(int(np.floor(end - INWARDS)), apex)


def _read(s: np.ndarray, at: int, length: float) -> tuple[float, int, float]:
    reach, width = int(np.ceil(REACH * length)) + 1, max(1.0, SMOOTH * length)
    first = max(0, at - reach - int(width) - 1)
    part = s[first : at + reach + int(width) + 2]
    # at the ends of the curve the window is moved inwards rather than cut
    start = np.clip(np.arange(len(part)) - width / 2, -0.5, max(len(part) - 0.5 - width, -0.5))
    smooth = mean_between(part, start, start + width)
    near = max(1, round(length / 4))
    core = np.arange(max(0, at - first - near), min(len(part), at - first + near + 1))
    top = int(core[np.lexsort((np.abs(core - (at - first)), -smooth[core]))[0]])
    # a neighbour may be higher, or as high: it must not take the place of this one
    slope = 1e-9 * np.ptp(part) * np.abs(np.arange(len(part)) - top)
    begin, apex, end = refine(np.minimum(smooth, smooth[top]) - slope, top, reach)
    return first + begin, first + apex, first + end


def _explained(curve: np.ndarray, box: Box) -> float:
    """How much of the curve an interval explains: its height above what lies around it, times its area.

    Of intervals with the same area the shortest explains a little more.
    """
    count = box.offset - box.onset + 1
    flank = int(np.ceil(count / 3))
    before, after = (
        curve[max(0, box.onset - flank) : box.onset],
        curve[box.offset + 1 : box.offset + 1 + flank],
    )
    sides = [part[np.isfinite(part)] for part in (before, after)]
    base = max((float(part.mean()) for part in sides if len(part)), default=0.0)
    inside = curve[box.onset : box.offset + 1] - base
    return max(float(inside.max()), 0.0) * max(float(inside.mean()), 0.0) * count**0.95


def best_apart(boxes: list[Box], worth: list[float]) -> list[Box]:
    """Choose boxes without a common frame whose worth sums to the most, by dynamic programming.

    Examples
    --------
    >>> whole, halves = Box(0, 5, 9, 4.0), [Box(0, 2, 4, 3.0), Box(6, 8, 9, 3.0)]
    >>> best_apart([whole, *halves], [5.0, 3.0, 3.0]) == halves
    True
    """
    order = sorted(range(len(boxes)), key=lambda i: (boxes[i].offset, boxes[i].onset))
    ends = np.array([boxes[i].offset for i in order])
    before = [int(np.searchsorted(ends, boxes[i].onset)) for i in order]  # those that end earlier
    best = [0.0]
    for k, i in enumerate(order):
        best.append(max(best[k], best[before[k]] + worth[i]))
    chosen = []
    k = len(order)
    while k:
        if best[k] > best[k - 1]:
            chosen.append(boxes[order[k - 1]])
            k = before[k - 1]
        else:
            k -= 1
    return chosen[::-1]
