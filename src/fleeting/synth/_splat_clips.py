"""Events of the 4D set: which emotion and units, when and how strong; two cameras; a drifting head."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from fleeting.core import UsageError
from fleeting.facs import emotion_rates
from fleeting.synth._flowmap_units import UNITS, UnitSets, _all_sets, _fit, draw_units, unit_sets
from fleeting.synth._splat_view import View
from fleeting.synth.timing import Plant, interval_of

if TYPE_CHECKING:
    from fleeting.synth._splat_face import SplatFace

EMOTIONS = ("positive", "negative", "surprise", "repression", "others")
"""The five labels of 4DME (Li et al., 4DME, 2022); several may hold at once."""

_EASINGS = ("cosine", "minimum-jerk", "fast-slow", "hold")


@dataclass(frozen=True, slots=True)
class FourDSettings:
    """What is drawn.

    Parameters
    ----------
    size
        Pixels each way, 32..512.
    fps
        Frames a second.
    angle_deg
        Angle between the two cameras, seen from the face.
    iod_share
        Eye distance in parts of the size.
    duration_s
        Least and greatest duration of an expression.
    rest_s
        What lies before and after it.
    strength_percent
        Median and log standard deviation of the greatest displacement, percent of the eye distance.
    shares
        Shares of the five `EMOTIONS`.
    mixed
        Share of clips in which two emotions act at once.
    head_percent
        Slow head motion, percent of the eye distance.
    noise
        Sensor noise, grey levels.
    basis
        How faces move: ``kernel`` or ``tps``.
    levels, per_edge
        Fineness of mesh and splats.

    Raises
    ------
    UsageError
        For values out of range.
    """

    size: int = 112
    fps: float = 60.0
    angle_deg: float = 30.0
    iod_share: float = 0.33
    duration_s: tuple[float, float] = (0.2, 0.5)
    rest_s: float = 0.07
    strength_percent: tuple[float, float] = (4.0, 0.4)
    shares: tuple[float, ...] = (0.25, 0.3, 0.2, 0.15, 0.1)
    mixed: float = 0.15
    head_percent: float = 0.5
    noise: float = 1.5
    basis: str = "kernel"
    levels: int = 1
    per_edge: int = 1

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 512 or not 0.1 <= self.iod_share <= 0.6:
            raise UsageError(f"size in 32..512 and iod_share in 0.1..0.6, got {self.size}, {self.iod_share}")
        if not 5 <= self.fps <= 500 or not 0 < self.duration_s[0] <= self.duration_s[1] <= 5:
            raise UsageError(
                f"fps in 5..500 and duration_s rising up to 5, got {self.fps}, {self.duration_s}"
            )
        if not 0 <= self.angle_deg <= 60:
            raise UsageError(f"angle_deg: expected 0..60, got {self.angle_deg}")
        if len(self.shares) != len(EMOTIONS) or min(self.shares) < 0 or not sum(self.shares) > 0:
            raise UsageError(f"shares: expected {len(EMOTIONS)} shares, got {self.shares}")
        if not 0 <= self.mixed <= 1 or min(self.head_percent, self.noise, self.rest_s) < 0:
            raise UsageError("mixed in 0..1; head_percent, noise and rest_s from 0 on")
        if not (0 < self.strength_percent[0] <= 20 and self.strength_percent[1] >= 0):
            raise UsageError(f"strength_percent: expected a median up to 20, got {self.strength_percent}")
        if self.basis not in ("kernel", "tps"):
            raise UsageError(f"basis: expected kernel or tps, got {self.basis!r}")


@dataclass(frozen=True)
class Event:
    """One expression.

    Parameters
    ----------
    plant
        Units, strength and time.
    onset, apex, offset
        Its frames, zero-based and inclusive.
    frames
        Length of the clip.
    main
        Place of the first emotion in `EMOTIONS`.
    labels
        ``(5,)`` bool.
    rest, weights
        ``(R,)`` IOD for each row of the face's bank: before the expression, and added at its apex.
    """

    plant: Plant
    onset: int
    apex: int
    offset: int
    frames: int
    main: int
    labels: np.ndarray
    rest: np.ndarray
    weights: np.ndarray


@cache
def units_of(emotion: str) -> UnitSets:
    """Give sets of units with their shares for one of `EMOTIONS`.

    Positive, negative and surprise as in `unit_sets`; repression by its row in the table of CASME II; others:
    any single unit, evenly, since no table says what they hold.

    Examples
    --------
    >>> round(float(units_of("repression").share.sum()), 6)
    1.0
    """
    if emotion in ("positive", "negative", "surprise"):
        return unit_sets(emotion, ("CASME II", "SAMM"))
    members, weight = _all_sets()
    if emotion == "repression":
        share = _fit(emotion_rates("CASME II")["repression"], "negative", members, weight, single=False)
    else:
        share = (members.sum(1) == 1).astype(float)
    return UnitSets(members, share / share.sum())


def draw_event(rng: np.random.Generator, face: "SplatFace", wanted: FourDSettings) -> Event:
    """Draw an expression: emotion, units, strength, timing."""
    shares = np.array(wanted.shares) / sum(wanted.shares)
    main = int(rng.choice(len(EMOTIONS), p=shares))
    chosen = [main]
    if rng.random() < wanted.mixed:
        chosen.append(int(rng.choice([i for i in range(len(EMOTIONS)) if i != main])))
    on = np.zeros(len(UNITS), bool)
    for label in chosen:
        on |= draw_units(rng, np.array([label]), {label: units_of(EMOTIONS[label])})[0]
    parts = (on * np.exp(rng.normal(0, 0.3, len(on))))[:, None] * face.gain
    weights = np.concatenate([parts.ravel(), np.zeros(4)])
    peak = np.hypot(*np.tensordot(weights, face.bank, 1).T).max()
    median, spread = wanted.strength_percent
    percent = float(np.clip(median * np.exp(rng.normal(0, spread)), 0.5, 20))
    plant = Plant(
        tuple(unit for unit, acts in zip(UNITS, on, strict=True) if acts),
        strength_percent=percent,
        at_s=wanted.rest_s * rng.uniform(0.7, 1.6),
        duration_s=max(float(rng.uniform(*wanted.duration_s)), 4 / wanted.fps),
        apex=float(rng.uniform(0.3, 0.6)),
        easing=_EASINGS[rng.integers(len(_EASINGS))],
    )
    end = plant.at_s + plant.duration_s + wanted.rest_s * rng.uniform(0.7, 1.6)
    frames = int(np.ceil(end * wanted.fps)) + 1
    interval = interval_of(plant, np.arange(frames) / wanted.fps, 1 / wanted.fps)
    labels = np.isin(np.arange(len(EMOTIONS)), chosen)
    rest = np.concatenate([np.zeros(2 * len(UNITS)), np.full(2, rng.uniform(0, 0.02)), np.zeros(2)])
    weights = percent / 100 * weights / max(peak, 1e-6)
    span = (interval.onset_frame, int(interval.apex_frame or 0), interval.offset_frame)
    return Event(plant, *span, frames, main, labels, rest, weights)


def two_views(rng: np.random.Generator, size: int, iod_share: float, angle_deg: float) -> tuple[View, View]:
    """Place two cameras that look at the same point of the face from both sides."""
    middle = rng.normal(0, 2.0)
    distance = rng.uniform(9, 13)
    aim = np.array([0.0, 0.45, 0.0]) + rng.normal(0, [0.04, 0.04, 0.0])
    left, right = (
        View.toward_face(
            size, iod_px=size * iod_share, distance=distance, yaw_deg=middle + side * angle_deg / 2, aim=aim
        )
        for side in (-1, 1)
    )
    return left, right


def head_drift(rng: np.random.Generator, times: np.ndarray, percent: float) -> np.ndarray:
    """Draw slow sways of the head, ``(T, 6)`` poses: three waves below 1.5 Hz in every direction.

    Examples
    --------
    >>> head_drift(np.random.default_rng(0), np.arange(5) / 60, 0.5).shape
    (5, 6)
    """
    hertz, phase = rng.uniform(0.1, 1.5, (6, 3)), rng.uniform(0, 2 * np.pi, (6, 3))
    weight = np.array([1, 1, 1, 0.5, 0.7, 0.5])[:, None]
    size = percent / 100 * weight * rng.normal(size=(6, 3)) / hertz.clip(0.3)
    turns = np.radians(3) * rng.normal(size=6) * [0, 0, 0, 1, 1, 1]
    return turns + (size * np.sin(2 * np.pi * hertz * times[:, None, None] + phase)).sum(-1)
