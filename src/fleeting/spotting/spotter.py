"""The training-free spotter: region signals in, curve and intervals out.

Its few numbers were chosen on planted motion in a photograph and in five real clips, and on clips of
distractors; ``docs/benchmarks/analyze.md`` judges it on other plants and other motion.
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from fleeting.core import MICRO_LIMIT_S, Curve, Interval, Side, kind_of
from fleeting.spotting.candidates import FAMILY, Candidate, find_candidates
from fleeting.spotting.hypotheses import BLINK
from fleeting.spotting.judging import Judge, facts_of, judged_movements, possible_movements
from fleeting.spotting.pulses import MACRO_S, MICRO_S, Stretch

LEAST_FRAMES = 8
WINDOW_S, MARGIN_S = 60.0, 6.0
LIDS = (5, 7)
CREST = 1.25  # a longer movement this much larger owns the short one on its top
BLINK_REST = 0.6  # share of its response that a movement must have beside the lids, in a blink
SPEECH = (17, 24, 25, 26)  # what a mouth does to speak
HALF_Z = 4.5  # response that scores a half
STRETCH = 20  # and on both sides to say "ee"


@dataclass(frozen=True)
class SpotterSettings:
    """What a movement must be to count. Sizes are in eye distances.

    Parameters
    ----------
    least_z
        Response in units of what the face does otherwise.
    least_size
        Smallest action.
    least_fit, sure_z
        Least share of the movement that the pattern explains, where the response is less than ``sure_z``:
        noise has all directions.
    talk_activity
        A mouth that moves this much, syllable for syllable, in the seconds around is talking.
    talk_fit, talk_rivals
        While talking, of the mouth: least share of the movement that the pattern explains, and most that
        the same regions may move the other way at other times, as a share.
    talk_fit_elsewhere, talk_rivals_elsewhere
        The same of brows, eyes and nose, which speech moves less.
    loud_activity, talk_z
        Where the mouth moves more than this, least response.
    blink_eyes
        Change of brightness in an eye (relative) that makes a movement of the lids a blink even where no
        closed eye was seen.
    trim_s
        A movement measured at most this much longer than half a second counts as micro and is trimmed:
        boundaries are not surer than that.
    least_score
        Least score of a short movement where a judge that has learnt decides instead of the rules above.
    """

    least_z: float = 3.5
    least_size: float = 0.004
    least_fit: float = 0.52
    sure_z: float = 6.0
    talk_activity: float = 0.0014
    talk_fit: float = 0.48
    talk_rivals: float = 0.5
    talk_fit_elsewhere: float = 0.35
    talk_rivals_elsewhere: float = 1.0
    loud_activity: float = 0.0025
    talk_z: float = 2.4
    blink_eyes: float = 0.1
    trim_s: float = 0.15
    least_score: float = 0.5


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
    if one.mouth_activity > settings.talk_activity and _is_speech(one, settings):
        return "talking"
    # what a mouth does that talks aloud is in the noise already
    least = settings.talk_z if one.mouth_activity > settings.loud_activity else settings.least_z
    poor = one.fit < settings.least_fit and one.z < settings.sure_z
    return "weak" if one.z < least or (poor and least == settings.least_z) else None


def _is_speech(one: Candidate, settings: SpotterSettings) -> bool:
    """Whether a movement beside a busy mouth is nothing but speech."""
    if FAMILY[one.au] == FAMILY[SPEECH[0]]:
        fit, rivals = settings.talk_fit, settings.talk_rivals
    else:
        fit, rivals = settings.talk_fit_elsewhere, settings.talk_rivals_elsewhere
    vowel = one.au in SPEECH or (one.au == STRETCH and one.side == "both")
    return vowel or one.rivals > rivals or one.fit < fit


def spot(
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    settings: SpotterSettings | None = None,
    *,
    closed: np.ndarray | None = None,
    unit: float = 1.0,
    judge: Judge | None = None,
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
    unit
        Eye distances that one unit of ``regions`` is.
    judge
        Scores rows of facts (``spotting.FACTS``) of short movements, such as ``load_spotter("learnt")``:
        it decides instead of the rules, which go on for long ones. Curve and scores are then in 0..1.

    Examples
    --------
    >>> from fleeting.motion import motion_regions
    >>> still = np.zeros((50, len(motion_regions()), 2))
    >>> spot(still, np.zeros((50, 4)), np.ones((50, 3)), np.arange(50) / 25).spotted
    ()
    """
    chosen = settings or SpotterSettings()
    given = _Signals(regions, head, openings, np.zeros(len(times), bool) if closed is None else closed, unit)
    curve = np.full(len(times), np.nan, np.float32)
    spotted: list[Spotted] = []
    refused: list[tuple[str, Candidate]] = []
    for first, last in _runs(np.isfinite(openings[:, 0])):
        if last - first + 1 >= LEAST_FRAMES:
            spotted += _spot_run(given, times, (first, last), chosen, judge, curve, refused)
    spotted.sort(key=lambda s: s.interval.onset_frame)
    return SpottingResult(Curve(curve, times), tuple(spotted), tuple(refused))


def possible_facts(
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    *,
    closed: np.ndarray | None = None,
) -> tuple[np.ndarray, list[Interval]]:
    """List what may be a short movement and what is known of each: what a judge learns from.

    Parameters
    ----------
    regions, head, openings, times, closed
        As for `spot`, of a face that was seen in every frame; no more than a few minutes.

    Returns
    -------
    facts
        ``(N, len(FACTS))``.
    intervals
        Where each would be reported.

    Examples
    --------
    >>> from fleeting.motion import motion_regions
    >>> still = np.zeros((50, len(motion_regions()), 2))
    >>> facts, intervals = possible_facts(still, np.zeros((50, 4)), np.ones((50, 3)), np.arange(50) / 25)
    >>> facts.shape, intervals
    ((0, 30), [])
    """
    settings = SpotterSettings()
    even = even_times(times)
    shut = np.zeros(len(times), bool) if closed is None else closed
    signals = _Signals(regions, head, openings, shut, 1.0)
    stretch = signals.stretch(slice(None), times, even)
    found = possible_movements(stretch)
    facts = facts_of(stretch, found, lambda c: refusal(c, settings))
    return facts, [_place(one, even, times, 0, len(times) - 1, settings).interval for one in found]


@dataclass(frozen=True)
class _Signals:
    """The arrays given to `spot`."""

    regions: np.ndarray
    head: np.ndarray
    openings: np.ndarray
    closed: np.ndarray
    unit: float

    def stretch(self, part: slice, times: np.ndarray, even: np.ndarray) -> Stretch:
        """Sample a part evenly."""
        moved, place, opening, shut = (
            resampled(a[part], times[part], even)
            for a in (self.regions, self.head, self.openings, self.closed)
        )
        return Stretch.of(self.unit * moved, place, opening, shut > 0.5, 1 / (even[1] - even[0]))


def _runs(seen: np.ndarray) -> list[tuple[int, int]]:
    """Inclusive pairs of stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def even_times(times: np.ndarray) -> np.ndarray:
    """Evenly spaced times at the median frame rate."""
    step = float(np.median(np.diff(times)))
    count = round((times[-1] - times[0]) / step) + 1
    return times[0] + step * np.arange(count)


def resampled(values: np.ndarray, times: np.ndarray, even: np.ndarray) -> np.ndarray:
    """Sample ``(T, ...)`` at other times, by lines between; as it is where these are the same."""
    if len(even) == len(times) and np.allclose(even, times, atol=0.1 * (even[1] - even[0])):
        return values.astype(np.float32)
    flat = values.reshape(len(values), -1)
    columns = [np.interp(even, times, column).astype(np.float32) for column in flat.T]
    return np.stack(columns, 1).reshape(-1, *values.shape[1:])


def _spot_run(
    given: _Signals,
    times: np.ndarray,
    run: tuple[int, int],
    settings: SpotterSettings,
    judge: Judge | None,
    curve: np.ndarray,
    refused: list[tuple[str, Candidate]],
) -> list[Spotted]:
    """Spot a stretch without gaps in windows of a minute, so that memory does not grow with it."""
    first, last = run
    kept: list[Spotted] = []
    starts = np.arange(times[first], max(times[last] - MARGIN_S, times[first] + 1e-6), WINDOW_S)
    for start in starts:
        stop = np.inf if start == starts[-1] else start + WINDOW_S
        low = max(first, int(np.searchsorted(times, start - MARGIN_S)))
        high = min(last, int(np.searchsorted(times, min(stop, times[last]) + MARGIN_S)))
        part = slice(low, high + 1)
        even = even_times(times[part])
        found, no, local = _spot_window(given.stretch(part, times, even), settings, judge)
        inside = (times[part] >= start) & (times[part] < stop)
        curve[part][inside] = np.interp(times[part][inside], even, local)
        refused += [(why, one) for why, one in no if start <= even[one.apex] < stop]
        for one in (c for c in found if start <= even[c.apex] < stop):
            placed = _place(one, even, times, low, high, settings)
            if all(_common(placed.interval, other.interval) <= 0.3 for other in kept):
                kept.append(placed)
    return kept


def _spot_window(
    stretch: Stretch, settings: SpotterSettings, judge: Judge | None
) -> tuple[list[Candidate], list[tuple[str, Candidate]], np.ndarray]:
    found: list[list[Candidate]] = []
    refused: list[tuple[str, Candidate]] = []
    curve = np.zeros(len(stretch))
    for lengths in (MICRO_S, MACRO_S):
        if judge is not None and lengths is MICRO_S:
            some, no, local = judged_movements(
                stretch, judge, least=settings.least_score, refuse=lambda c: refusal(c, settings)
            )
        else:
            some, no, local = _by_rules(stretch, lengths, settings)
            if judge is not None:  # everything in 0..1, and what turns out to be short is the judge's
                most = (MICRO_LIMIT_S + settings.trim_s) * stretch.fps - 1
                some = [replace(one, score=as_score(one.z)) for one in some if one.offset - one.onset > most]
                local = as_score(local)
        curve = np.maximum(curve, local)
        refused += no
        found.append(some)
    short, long = found
    kept = [one for one in short if not any(_is_crest(one, other) for other in long)]
    kept += [one for one in long if all(_overlap(one, other) <= 0.3 for other in kept)]
    return kept, refused, curve


def _by_rules(
    stretch: Stretch, lengths_s: tuple[float, ...], settings: SpotterSettings
) -> tuple[list[Candidate], list[tuple[str, Candidate]], np.ndarray]:
    usable = tuple(s for s in lengths_s if 2 / stretch.fps <= s <= len(stretch) / stretch.fps / 1.5)
    return find_candidates(
        stretch,
        usable,
        least_z=min(settings.least_z, settings.talk_z),
        least_size=settings.least_size,
        refuse=lambda c: refusal(c, settings),
    )


Z = TypeVar("Z", float, np.ndarray)


def as_score(z: Z) -> Z:
    """Order responses from 0 to 1; a score, no probability.

    Examples
    --------
    >>> as_score(4.5), round(as_score(9.0), 2)
    (0.5, 0.67)
    """
    return z / (z + HALF_Z)


def _is_crest(short: Candidate, long: Candidate) -> bool:
    """Whether a short movement is only the top of a longer one: the longer one is clearly larger."""
    same = FAMILY[short.au] == FAMILY[long.au]
    return same and _overlap(short, long) > 0.8 and long.size > CREST * short.size


def _common(a: Interval, b: Interval) -> float:
    """Give the common frames of two intervals as a share of the shorter."""
    inside = min(a.offset_frame, b.offset_frame) - max(a.onset_frame, b.onset_frame) + 1
    return inside / min(a.frames, b.frames)


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
        frame_s, kind_of(duration), one.z if one.score is None else one.score,
    )  # fmt: skip
    return Spotted(interval, one.au, one.side, one)
