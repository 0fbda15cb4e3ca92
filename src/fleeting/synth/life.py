"""What else a face does: blinks, gaze shifts, talking, and the plan of all motions of a clip."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fleeting.core import Side, UsageError
from fleeting.synth._kernels import moves_lids
from fleeting.synth.head import HeadMotion
from fleeting.synth.timing import Plant, ease

BLINK_CLOSURE = 0.8  # share of the eye opening; the rest stays as the dark line of the lashes
_SYLLABLES = (((25,), 0.55), ((25, 26), 1.0), ((20, 25), 0.7), ((18, 25), 0.7), ((17,), 0.4))
_LEAST_GAP_S = 0.25  # between blinks, gaze shifts and plants that move lids


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of talking-like mouth motion.

    Parameters
    ----------
    at_s, duration_s
        Seconds; without a duration up to the end of the clip.
    strength_percent
        Greatest displacement of a strong syllable, percent of the eye distance.
    syllables_hz
        Syllables a second; people talk at 3 to 6.
    """

    at_s: float = 0.0
    duration_s: float | None = None
    strength_percent: float = 7.0
    syllables_hz: float = 4.5

    def __post_init__(self) -> None:
        length = 1.0 if self.duration_s is None else self.duration_s
        if self.at_s < 0 or not length > 0 or not 0.5 <= self.syllables_hz <= 12:
            raise UsageError("talk: expected a start, a positive duration and 0.5..12 syllables a second")
        if not 0 <= self.strength_percent <= 12:
            raise UsageError(f"talk strength: expected 0..12 percent, got {self.strength_percent}")


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that moves besides the plants.

    Parameters
    ----------
    head
        Rigid head motion.
    blinks_s
        Starts of blinks, seconds.
    blinks_per_minute
        Further blinks at random times, kept away from plants that move the lids.
    gaze_s
        Starts of gaze shifts (there, a pause, and back).
    gaze_per_minute
        Further gaze shifts at random times, kept away from blinks and from plants that move the lids.
    gaze_percent
        Greatest shift of the iris, percent of the eye distance.
    talk
        Stretches of talking.
    swallows_s
        Starts of swallowing: for most of a second the lips press and the chin rises.
    swallow_percent
        Its greatest displacement, percent of the eye distance.
    """

    head: HeadMotion = field(default_factory=HeadMotion)
    blinks_s: tuple[float, ...] = ()
    blinks_per_minute: float = 0.0
    gaze_s: tuple[float, ...] = ()
    gaze_per_minute: float = 0.0
    gaze_percent: float = 4.0
    talk: tuple[Talk, ...] = ()
    swallows_s: tuple[float, ...] = ()
    swallow_percent: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.swallow_percent <= 8:
            raise UsageError(f"swallow strength: expected 0..8 percent, got {self.swallow_percent}")
        if not (0 <= self.blinks_per_minute <= 60 and 0 <= self.gaze_per_minute <= 120):
            raise UsageError("expected 0..60 blinks and 0..120 gaze shifts a minute")
        if not 0 <= self.gaze_percent <= 5:
            raise UsageError(
                f"gaze shift: expected 0..5 percent of the eye distance, got {self.gaze_percent}"
            )


@dataclass(frozen=True, slots=True)
class FieldKey:
    """Which motion field an event moves: action units with a side, or the gaze along x or y.

    ``basis`` is None where the clip's own basis holds; blinks always take the kernel basis, since only its
    lid fields close an eye.
    """

    aus: tuple[int, ...] = ()
    side: Side = "both"
    gaze: tuple[float, float] | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One rise and fall of one field.

    Parameters
    ----------
    what
        ``plant``, ``blink``, ``gaze``, ``talk`` or ``swallow``.
    key
        The field.
    strength
        IOD at the apex; for blinks the share of the eye opening.
    at_s, duration_s, apex, easing
        As in `fleeting.synth.Plant`.
    """

    what: str
    key: FieldKey
    strength: float
    at_s: float
    duration_s: float
    apex: float = 0.5
    easing: str = "cosine"

    def ease(self, times: np.ndarray) -> np.ndarray:
        """Strength over time, ``(T,)`` in 0..1."""
        return ease(times, self.at_s, self.duration_s, self.apex, self.easing)


def plan_events(plants: Sequence[Plant], life: Life, duration_s: float, seed: int) -> tuple[Event, ...]:
    """Draw everything that will happen in a clip.

    Parameters
    ----------
    plants
        Movements to plant.
    life
        What else moves.
    duration_s
        Length of the clip.
    seed
        Same seed, same events; adding plants that move no lids changes nothing else.

    Returns
    -------
    tuple of Event
        Plants first, in the order given, then blinks, gaze shifts, syllables and swallows.

    Examples
    --------
    >>> events = plan_events([Plant((12,))], Life(blinks_s=(0.2,)), 3.0, seed=0)
    >>> [event.what for event in events]
    ['plant', 'blink']
    """
    planted = [
        Event(
            "plant", FieldKey(p.aus, p.side), p.strength_percent / 100, p.at_s, p.duration_s, p.apex, p.easing
        )
        for p in plants
    ]
    busy = [(e.at_s, e.at_s + e.duration_s) for e in planted if any(moves_lids(au) for au in e.key.aus)]
    blinks = _blinks(life, duration_s, busy, np.random.default_rng((seed, 202)))
    busy += [(e.at_s, e.at_s + e.duration_s) for e in blinks]
    gazes = _gazes(life, duration_s, busy, np.random.default_rng((seed, 303)))
    rng = np.random.default_rng((seed, 404))
    syllables = [event for talk in life.talk for event in _syllables(talk, duration_s, rng)]
    return (*planted, *blinks, *gazes, *syllables, *_swallows(life, np.random.default_rng((seed, 707))))


def _free_starts(
    per_minute: float,
    length_s: float,
    clip_s: float,
    busy: list[tuple[float, float]],
    rng: np.random.Generator,
) -> list[float]:
    """Random starts, none of them near what is busy or near each other."""
    starts: list[float] = []
    for start in rng.uniform(0, max(clip_s - length_s, 0), rng.poisson(per_minute * clip_s / 60)):
        taken = busy + [(s, s + length_s) for s in starts]
        if all(start > b + _LEAST_GAP_S or start + length_s < a - _LEAST_GAP_S for a, b in taken):
            starts.append(float(start))
    return sorted(starts)


def _blinks(
    life: Life, clip_s: float, busy: list[tuple[float, float]], rng: np.random.Generator
) -> list[Event]:
    lengths = rng.uniform(0.18, 0.32, 1000)
    random = _free_starts(life.blinks_per_minute, 0.35, clip_s, busy, rng)
    starts = sorted([*life.blinks_s, *random])
    # lids fall faster than they rise
    return [
        Event("blink", FieldKey((45,), basis="kernel"), BLINK_CLOSURE, start, float(length), 0.38)
        for start, length in zip(starts, lengths, strict=False)
    ]


def _gazes(
    life: Life, clip_s: float, busy: list[tuple[float, float]], rng: np.random.Generator
) -> list[Event]:
    events = []
    random = _free_starts(life.gaze_per_minute, 0.8, clip_s, busy, rng)
    for start in sorted([*life.gaze_s, *random]):
        across = rng.random() < 0.8  # people look sideways more than up and down
        strength = life.gaze_percent / 100 * rng.uniform(0.5, 1.0) * rng.choice([-1.0, 1.0])
        key = FieldKey(gaze=(1.0, 0.0) if across else (0.0, 1.0))
        strength *= 1.0 if across else 0.4
        # a saccade lasts some 50 ms; "hold" spends a quarter of the event on each way
        length = float(rng.uniform(0.25, 0.7))
        events.append(Event("gaze", key, float(strength), start, length, 0.5, "hold"))
    return events


def _swallows(life: Life, rng: np.random.Generator) -> list[Event]:
    key, most = FieldKey((17, 24)), life.swallow_percent / 100
    return [
        Event("swallow", key, most * float(rng.uniform(0.6, 1.0)), start, float(rng.uniform(0.6, 1.0)), 0.4)
        for start in sorted(life.swallows_s)
    ]


def _syllables(talk: Talk, clip_s: float, rng: np.random.Generator) -> list[Event]:
    events: list[Event] = []
    end = clip_s if talk.duration_s is None else min(talk.at_s + talk.duration_s, clip_s)
    at = talk.at_s
    while True:
        length = float(rng.uniform(0.75, 1.3) / talk.syllables_hz)
        if at + length > end:
            return events
        aus, share = _SYLLABLES[int(rng.choice(len(_SYLLABLES), p=[0.25, 0.35, 0.15, 0.15, 0.1]))]
        strength = talk.strength_percent / 100 * share * float(rng.uniform(0.5, 1.0))
        # neighbouring syllables overlap, so the mouth does not come to rest between them
        events.append(Event("talk", FieldKey(aus), strength, at, min(1.3 * length, end - at), 0.45))
        at += length
