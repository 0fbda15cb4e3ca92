"""The training-free spotter: region signals in, curve and intervals out.

Its few numbers were chosen on motion planted with Gaussian bumps at single landmarks, in a photograph
and in four real clips; ``docs/benchmarks/analyze.md`` judges it on other plants and other motion.
"""

from dataclasses import dataclass, field

import numpy as np

from fleeting.core import MICRO_LIMIT_S, Curve, Interval, Side, kind_of
from fleeting.spotting.candidates import Candidate, find_candidates
from fleeting.spotting.hypotheses import BLINK
from fleeting.spotting.pulses import MACRO_S, MICRO_S, Stretch

LEAST_FRAMES = 8
WINDOW_S, MARGIN_S = 60.0, 6.0
LIDS = (5, 7)
BLINK_REST = 0.6  # share of its response that a movement must have beside the lids, in a blink
SPEECH = (17, 24, 25, 26)  # what a mouth does to speak


@dataclass(frozen=True)
class SpotterSettings:
    """What a movement must be to count. Sizes are in eye distances.

    Parameters
    ----------
    least_z
        Response in units of what the face does otherwise.
    least_size
        Smallest action.
    talk_activity
        A mouth that usually moves this much within a tenth to half a second is talking.
    talk_z, talk_fit, talk_rivals
        While talking: least response, least share of the movement that the pattern explains, and most
        that the same regions may move the other way at other times, as a share.
    blink_eyes
        Change of brightness in an eye (relative) that makes a movement of the lids a blink even where no
        closed eye was seen.
    trim_s
        A movement measured at most this much longer than half a second counts as micro and is trimmed:
        boundaries are not surer than that.
    """

    least_z: float = 3.5
    least_size: float = 0.004
    talk_activity: float = 0.0025
    talk_z: float = 2.4
    talk_fit: float = 0.43
    talk_rivals: float = 0.5
    blink_eyes: float = 0.1
    trim_s: float = 0.1


@dataclass(frozen=True)
class Spotted:
    """A movement that was kept: the interval, the best pattern, and its evidence."""

    interval: Interval
    au: int
    side: Side
    candidate: Candidate


@dataclass(frozen=True)
class SpottingResult:
    """Curve over all frames (NaN where the face was not seen), movements by time, and what was refused."""

    curve: Curve
    spotted: tuple[Spotted, ...]
    refused: tuple[tuple[str, Candidate], ...] = field(default=())


def refusal(one: Candidate, settings: SpotterSettings) -> str | None:
    """Say why a candidate is not a movement to report, or None.

    ``blink``: the lids moved and an eye was closed meanwhile. ``talking``: the mouth is busy, and the
    movement is no different from what it does all the time. ``weak``: no more than noise.
    """
    if one.au == BLINK or (one.au in LIDS and (one.blink or one.eyes > settings.blink_eyes)):
        return "blink"
    if one.blink and one.beside_lids < max(settings.least_z, BLINK_REST * one.z):
        return "blink"
    if one.mouth_activity > settings.talk_activity:
        usual = one.au in SPEECH or one.rivals > settings.talk_rivals or one.fit < settings.talk_fit
        if usual or one.z < settings.talk_z:
            return "talking"
    elif one.z < settings.least_z:
        return "weak"
    return None


def spot(
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    settings: SpotterSettings | None = None,
    *,
    closed: np.ndarray | None = None,
) -> SpottingResult:
    """Find micro and macro movements of one face.

    Parameters
    ----------
    regions
        ``(T, R, 2)`` displacements in eye distances; NaN where the face was not seen.
    head
        ``(T, 4)`` place and turn of the face (see ``motion.RegionSignals``).
    openings
        ``(T, 3)`` brightness of the openings of eyes and mouth.
    times
        ``(T,)`` seconds, rising.
    settings
        Thresholds.
    closed
        ``(T,)`` bool: an eye is closed; nowhere by default.

    Examples
    --------
    >>> from fleeting.motion import motion_regions
    >>> still = np.zeros((50, len(motion_regions()), 2))
    >>> spot(still, np.zeros((50, 4)), np.ones((50, 3)), np.arange(50) / 25).spotted
    ()
    """
    chosen = settings or SpotterSettings()
    curve = np.full(len(times), np.nan)
    spotted: list[Spotted] = []
    refused: list[tuple[str, Candidate]] = []
    seen = np.isfinite(regions).all(axis=(1, 2))
    for first, last in _runs(seen):
        part = slice(first, last + 1)
        if last - first + 1 < LEAST_FRAMES:
            continue
        even, fps = _even(times[part])
        moved, place, opening = (_resample(a[part], times[part], even) for a in (regions, head, openings))
        shut = np.zeros(len(even), bool)
        if closed is not None:
            shut = _resample(closed[part].astype(float), times[part], even) > 0.5
        kept, local = _spot_run(Stretch.of(moved, place, opening, shut, fps), chosen, refused)
        curve[part] = np.interp(times[part], even, local)
        spotted += [_place(one, even, times, first, last, chosen) for one in kept]
    spotted.sort(key=lambda s: s.interval.onset_frame)
    return SpottingResult(Curve(curve, times), tuple(spotted), tuple(refused))


def _runs(seen: np.ndarray) -> list[tuple[int, int]]:
    """Inclusive pairs of stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _even(times: np.ndarray) -> tuple[np.ndarray, float]:
    """Evenly spaced times at the median frame rate."""
    step = float(np.median(np.diff(times)))
    count = round((times[-1] - times[0]) / step) + 1
    return times[0] + step * np.arange(count), 1 / step


def _resample(values: np.ndarray, times: np.ndarray, even: np.ndarray) -> np.ndarray:
    if len(even) == len(times) and np.allclose(even, times, atol=0.1 * (even[1] - even[0])):
        return values.astype(float)
    flat = values.reshape(len(values), -1)
    return np.stack([np.interp(even, times, column) for column in flat.T], 1).reshape(-1, *values.shape[1:])


def _spot_run(
    whole: Stretch, settings: SpotterSettings, refused: list[tuple[str, Candidate]]
) -> tuple[list[Candidate], np.ndarray]:
    """Spot in windows of a minute, so that memory does not grow with the recording."""
    core, margin = round(WINDOW_S * whole.fps), round(MARGIN_S * whole.fps)
    kept: list[Candidate] = []
    curve = np.zeros(len(whole))
    starts = range(0, max(len(whole) - margin, 1), core)
    for number, start in enumerate(starts):
        stop = len(whole) if number == len(starts) - 1 else start + core
        low, high = max(0, start - margin), min(len(whole), stop + margin)
        part = slice(low, high)
        stretch = Stretch(
            whole.channels[part], whole.head[part], whole.openings[part], whole.closed[part], whole.fps
        )
        found, no, local = _spot_window(stretch, settings)
        curve[start:stop] = local[start - low : stop - low]
        refused += [(why, one.later(low)) for why, one in no if start <= low + one.apex < stop]
        for one in (c.later(low) for c in found):
            if start <= one.apex < stop and all(_overlap(one, other) <= 0.3 for other in kept):
                kept.append(one)
    return kept, curve


def _spot_window(
    stretch: Stretch, settings: SpotterSettings
) -> tuple[list[Candidate], list[tuple[str, Candidate]], np.ndarray]:
    kept: list[Candidate] = []
    refused: list[tuple[str, Candidate]] = []
    curve = np.zeros(len(stretch))
    for lengths in (MICRO_S, MACRO_S):
        usable = tuple(s for s in lengths if 2 / stretch.fps <= s <= len(stretch) / stretch.fps / 1.5)
        found, no, local = find_candidates(
            stretch,
            usable,
            least_z=min(settings.least_z, settings.talk_z),
            least_size=settings.least_size,
            refuse=lambda c: refusal(c, settings),
        )
        curve = np.maximum(curve, local)
        refused += no
        kept += [one for one in found if all(_overlap(one, other) <= 0.3 for other in kept)]
    return kept, refused, curve


def _overlap(a: Candidate, b: Candidate) -> float:
    """Give the common time as a share of the shorter of the two."""
    inside = min(a.offset, b.offset) - max(a.onset, b.onset)
    return inside / max(min(a.offset - a.onset, b.offset - b.onset), 1e-9)


def _place(
    one: Candidate, even: np.ndarray, times: np.ndarray, first: int, last: int, settings: SpotterSettings
) -> Spotted:
    """Turn even samples back into frames of the video."""
    step = even[1] - even[0]
    start, peak, end = (even[0] + step * x for x in (one.onset, one.apex, one.offset))
    extra = end - start + step - MICRO_LIMIT_S
    if 0 < extra <= settings.trim_s:
        early = (peak - start) / max(end - start, step)
        start, end = start + extra * early, end - extra * (1 - early)
    apex = int(first + np.argmin(np.abs(times[first : last + 1] - peak)))
    # the first frame of motion comes after the moment at which it starts
    onset = min(int(np.searchsorted(times, start + 0.3 * step)), apex)
    offset = max(int(np.searchsorted(times, end - 0.3 * step, side="right")) - 1, apex)
    onset, offset = max(onset, first), min(offset, last)
    frame_s = float(np.diff(times)[max(offset - 1, 0)]) if len(times) > 1 else 0.0
    duration = float(times[offset] - times[onset]) + frame_s
    interval = Interval(
        onset, apex, offset, float(times[onset]), float(times[apex]), float(times[offset]),
        frame_s, kind_of(duration), one.z,
    )  # fmt: skip
    return Spotted(interval, one.au, one.side, one)
