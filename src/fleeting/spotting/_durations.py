"""Our decoder: there and back again within one of several lengths of time, in seconds."""

from dataclasses import dataclass

import numpy as np

from fleeting.core import UsageError
from fleeting.spotting._boxes import Box, check_share, level, peaks, seen_runs
from fleeting.spotting.boundaries import refine

DURATIONS_S = (0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6, 2.2, 3.2)
LEAST_FRAMES = 2.0  # a length must hold so many
FLANK_S = 0.08
NORMAL = 0.67449  # median of |x| where x is standard normal
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
    """Find moments at which the curve leaves a level and returns to it (the decoder ``fleeting``).

    For each length of time the response is the smaller of the rise, from the time before to the middle,
    and the fall, from the middle to the time after: a step or a drift gives nothing. It is measured in
    units of what the curve does otherwise at that length (the median of the response, so that the
    movements looked for hide themselves little). Each moment that stands out becomes an interval whose ends
    are read from the flanks; of all sets of intervals that do not overlap, the one with the largest sum
    of squared responses is given, so that two short movements are not swallowed by a long one.

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
    found: dict[tuple[int, int], Box] = {}
    for response in responses:
        strong = np.where(response.height >= least_share * strongest, response.z, 0)
        for run in seen_runs(curve):
            for at in peaks(strong[run[0] : run[1] + 1], least_z, 1):
                box = _box(curve, fps, run, run[0] + at, response)
                same = found.get((box.onset, box.offset))
                if same is None or box.score > same.score:
                    found[box.onset, box.offset] = box
    return best_apart(list(found.values()))


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


def _box(curve: np.ndarray, fps: float, run: tuple[int, int], at: int, response: _Response) -> Box:
    """Read apex and ends around a moment from the curve, smoothed a little."""
    length = response.length_s * fps
    reach = int(np.ceil(0.75 * length)) + 1
    width = max(1.0, length / 16)
    first = max(run[0], at - reach - int(width) - 1)
    part = curve[first : min(run[1], at + reach + int(width) + 1) + 1]
    t = np.arange(len(part), dtype=float)
    # at the ends of the curve the window is moved inwards rather than cut
    start = np.clip(t - width / 2, -0.5, max(len(part) - 0.5 - width, -0.5))
    begin, apex, end = refine(mean_between(part, start, start + width), at - first, reach)
    # the first frame of motion comes after the moment at which it starts
    onset = min(int(np.ceil(begin + 0.3)), apex)
    offset = max(int(np.floor(end - 0.3)), apex)
    return Box(first + onset, first + apex, first + offset, float(response.z[at]))


def best_apart(boxes: list[Box]) -> list[Box]:
    """Choose boxes without a common frame whose squared scores sum to the most, by dynamic programming.

    Examples
    --------
    >>> two = [Box(0, 2, 4, 3.0), Box(6, 8, 9, 3.0)]
    >>> best_apart([Box(0, 5, 9, 4.0), *two]) == two
    True
    """
    order = sorted(boxes, key=lambda b: (b.offset, b.onset))
    ends = np.array([b.offset for b in order])
    best = [0.0]
    before = [int(np.searchsorted(ends, b.onset)) for b in order]
    for k, box in enumerate(order):
        best.append(max(best[k], best[before[k]] + box.score**2))
    chosen = []
    k = len(order)
    while k:
        if best[k] > best[k - 1]:
            chosen.append(order[k - 1])
            k = before[k - 1]
        else:
            k -= 1
    return chosen[::-1]
