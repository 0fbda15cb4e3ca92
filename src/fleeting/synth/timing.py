"""When a planted motion happens: easing profiles, plants and the intervals that count as truth.

A plant moves over the open time span ``at_s < t < at_s + duration_s``; at both ends it is exactly at rest. Of
the frames of a clip

- the *onset* is the first one inside the span: the first frame that differs from rest,
- the *apex* is the frame with the strongest motion; where several are equally strong, the one nearest to the
  planned apex ``at_s + apex * duration_s``,
- the *offset* is the last one inside the span: the last frame that differs from rest.

So a plant of 0.3 s at 100 fps that starts on a frame covers 29 frames. The interval says when the face moves;
whether its first hundredths of a pixel can be measured is another matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import Interval, Kind, Registry, Side, UnknownNameError, UsageError, kind_of

Shape = Callable[[np.ndarray], np.ndarray]
"""A curve from (0, 0) to (1, 1)."""

easings: Registry[tuple[Shape, Shape]] = Registry("easing")
"""Rise over 0..1 towards the apex, and fall over 0..1 away from it (as what is left of the motion)."""

_PLATEAU = 0.5  # share of each phase of "hold" that is spent moving


def _cosine(x: np.ndarray) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(np.pi * x)


def _minimum_jerk(x: np.ndarray) -> np.ndarray:
    return x * x * x * (10.0 + x * (6.0 * x - 15.0))


def _hold(x: np.ndarray) -> np.ndarray:
    return _cosine(np.clip(x / _PLATEAU, 0.0, 1.0))


easings.register("cosine")((_cosine, lambda x: _cosine(1.0 - x)))
easings.register("linear")((lambda x: x, lambda x: 1.0 - x))
easings.register("minimum-jerk")((_minimum_jerk, lambda x: _minimum_jerk(1.0 - x)))
# springs off at once, arrives softly, and leaves ever more slowly
easings.register("fast-slow")((lambda x: np.sin(0.5 * np.pi * x), lambda x: (1.0 - x) ** 3 * (1.0 + 3.0 * x)))
easings.register("hold")((_hold, lambda x: _hold(1.0 - x)))


def ease(
    times: np.ndarray, at_s: float, duration_s: float, apex: float = 0.5, easing: str = "cosine"
) -> np.ndarray:
    """Strength of a motion over time: 0 at rest, 1 at the apex.

    Parameters
    ----------
    times
        ``(T,)`` seconds.
    at_s, duration_s
        Start and length of the motion, seconds.
    apex
        Where in the duration it is strongest, 0..1, ends excluded.
    easing
        ``cosine`` (raised cosine), ``linear``, ``minimum-jerk`` (``10 x^3 - 15 x^4 + 6 x^5``: Flash & Hogan
        1985), ``fast-slow`` or ``hold`` (a plateau over half of each phase).

    Returns
    -------
    numpy.ndarray
        ``(T,)`` in 0..1, exactly 0 outside.

    Raises
    ------
    UnknownNameError
        For an easing that does not exist.

    Examples
    --------
    >>> ease(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5]), 0.1, 0.4).round(3).tolist()
    [0.0, 0.0, 0.5, 1.0, 0.5, 0.0]
    """
    rise, fall = easings.get(easing)
    x = (np.asarray(times, np.float64) - at_s) / duration_s
    up, down = rise(np.clip(x / apex, 0.0, 1.0)), fall(np.clip((x - apex) / (1.0 - apex), 0.0, 1.0))
    inside = (x > 1e-9) & (x < 1.0 - 1e-9)
    return np.where(inside, np.where(x <= apex, up, down), 0.0)


@dataclass(frozen=True, slots=True)
class Plant:
    """One movement to plant.

    Parameters
    ----------
    aus
        Action units that move together, such as ``(6, 12)``.
    side
        The subject's own side.
    strength_percent
        Greatest displacement of any face point at the apex, in percent of the eye distance.
    at_s, duration_s
        Start and length in seconds (see the head of this page for what that makes of frames).
    apex
        Where in the duration the motion is strongest, 0..1, ends excluded.
    easing
        See `ease`.
    kind
        ``micro`` or ``macro``; by default from the duration (0.5 s and shorter is micro).

    Raises
    ------
    UsageError
        For a value out of range; UnknownNameError for an action unit or easing that cannot be planted.

    Examples
    --------
    >>> Plant((12,), "left", 3.0, at_s=1.0, duration_s=0.3).label
    '12L'
    """

    aus: tuple[int, ...]
    side: Side = "both"
    strength_percent: float = 3.0
    at_s: float = 1.0
    duration_s: float = 0.3
    apex: float = 0.5
    easing: str = "cosine"
    kind: Kind | None = None

    def __post_init__(self) -> None:
        from fleeting.synth._kernels import known_units

        object.__setattr__(self, "aus", tuple(sorted({int(au) for au in self.aus})))
        if not self.aus:
            raise UsageError("aus: expected at least one action unit, got none")
        for au in self.aus:
            if au not in known_units():
                names = ", ".join(str(n) for n in known_units())
                raise UnknownNameError(f"action unit {au} cannot be planted; available: {names}")
        if self.side not in ("left", "right", "both"):
            raise UsageError(f"side: expected 'left', 'right' or 'both', got {self.side!r}")
        if not 0 <= self.strength_percent <= 100:
            raise UsageError(f"strength: expected 0..100 percent, got {self.strength_percent}")
        if not (self.at_s >= 0 and 0 < self.duration_s < np.inf):
            what = f"at {self.at_s} s for {self.duration_s} s"
            raise UsageError(f"time: expected a start of 0 or later and a positive duration, got {what}")
        if not 0 < self.apex < 1:
            raise UsageError(f"apex: expected a share between 0 and 1, got {self.apex}")
        if self.kind not in (None, "micro", "macro"):
            raise UsageError(f"kind: expected 'micro' or 'macro', got {self.kind!r}")
        easings.get(self.easing)

    @property
    def label(self) -> str:
        """Code of the action units with the side, as FACS sheets write it: ``6+12``, ``12L``."""
        letter = {"left": "L", "right": "R", "both": ""}[self.side]
        return "+".join(f"{au}{letter}" for au in self.aus)

    def ease(self, times: np.ndarray) -> np.ndarray:
        """Strength over time, ``(T,)`` in 0..1."""
        return ease(times, self.at_s, self.duration_s, self.apex, self.easing)


@dataclass(frozen=True, slots=True)
class PlantedInterval:
    """What was planted, where it came to lie: the frames of an interval and the plant itself."""

    interval: Interval
    plant: Plant

    @property
    def aus(self) -> tuple[int, ...]:
        """Action units."""
        return self.plant.aus


def interval_of(plant: Plant, times: np.ndarray, frame_s: float) -> Interval:
    """Find the frames of a plant.

    Parameters
    ----------
    plant
        The movement.
    times
        ``(T,)`` seconds of all frames, rising.
    frame_s
        How long the last frame stands.

    Raises
    ------
    UsageError
        Where the plant does not lie inside the clip, or falls between two frames.

    Examples
    --------
    >>> interval_of(Plant((12,), at_s=0.1, duration_s=0.4), np.arange(100) / 100, 0.01).onset_frame
    11
    """
    end = plant.at_s + plant.duration_s
    if end > times[-1] + frame_s + 1e-9:
        what = f"the clip ends at {times[-1] + frame_s:.3f} s"
        raise UsageError(
            f"plant {plant.label}: ends at {end:.3f} s but {what}; plant earlier or make it longer"
        )
    strength = plant.ease(times)
    moving = np.flatnonzero((times > plant.at_s + 1e-9) & (times < end - 1e-9))
    if not len(moving):
        raise UsageError(
            f"plant {plant.label}: {plant.duration_s} s at {plant.at_s} s falls between two frames; "
            "raise the frame rate or the duration"
        )
    strongest = moving[strength[moving] >= strength[moving].max() - 1e-9]
    planned = plant.at_s + plant.apex * plant.duration_s
    apex = int(strongest[np.argmin(np.abs(times[strongest] - planned))])
    onset, offset = int(moving[0]), int(moving[-1])
    duration = times[offset] - times[onset] + _standing(times, offset, frame_s)
    return Interval(
        onset,
        apex,
        offset,
        float(times[onset]),
        float(times[apex]),
        float(times[offset]),
        _standing(times, offset, frame_s),
        plant.kind or kind_of(float(duration)),
    )


def _standing(times: np.ndarray, frame: int, last_s: float) -> float:
    return float(times[frame + 1] - times[frame]) if frame + 1 < len(times) else last_s


def intervals_of(plants: Sequence[Plant], times: np.ndarray, frame_s: float) -> tuple[PlantedInterval, ...]:
    """Find the frames of all plants, in order of onset (see `interval_of`)."""
    found = [PlantedInterval(interval_of(plant, times, frame_s), plant) for plant in plants]
    return tuple(sorted(found, key=lambda p: (p.interval.onset_frame, p.interval.offset_frame)))
