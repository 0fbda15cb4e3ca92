"""From region signals to a curve: how much each moment looks like "there and back again".

A micro-expression leaves a baseline and returns to it within half a second. For each length of time
and each pattern (an action unit on a side) the response is the smaller of the rise over the time before
and the fall to the time after, so that a step, a ramp or a drift gives nothing. It is measured
in units of what the same region does otherwise: noise of measurement, its usual activity (a mouth that
talks), activity just now, and the leak of head motion.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from fleeting import facs
from fleeting.motion import motion_regions
from fleeting.spotting.hypotheses import Hypotheses, hypotheses

# Lengths of a movement, seconds.
MICRO_S = (0.10, 0.15, 0.22, 0.32, 0.45)
MACRO_S = (0.7, 1.0, 1.5, 2.2, 3.2)
FLOOR = 0.0007  # noise that is always assumed, in eye distances
# Share of the head's own motion that may be left in a region: of its shift, and of its turns.
HEAD_LEAK = np.array([0.03, 0.03, 0.3, 0.3])
HEAD_NOISE = np.array([0.0, 0.0, 0.005, 0.005])  # what the fit of a still head gives
CALM_S = 3.0  # "just now" for activity
BLOCK_S = 0.25


@dataclass(frozen=True)
class Stretch:
    """Evenly sampled signals of one face over a stretch of time without gaps.

    Parameters
    ----------
    channels
        ``(T, D)`` float32: displacements in eye distances, as sums and differences of the sides
        (`side_channels`).
    head
        ``(T, 4)`` place and turn of the face (see ``motion.RegionSignals``).
    openings
        ``(T, 3)`` brightness of the openings of the eyes (left, right) and the mouth.
    closed
        ``(T,)`` bool: an eye is closed.
    fps
        Frames per second.
    """

    channels: np.ndarray
    head: np.ndarray
    openings: np.ndarray
    closed: np.ndarray
    fps: float

    @classmethod
    def of(
        cls, regions: np.ndarray, head: np.ndarray, openings: np.ndarray, closed: np.ndarray, fps: float
    ) -> Self:
        """Make a stretch from displacements of regions ``(T, R, 2)`` in eye distances."""
        mixed = regions.reshape(len(regions), -1) @ side_channels().T
        return cls(mixed.astype(np.float32), head, openings, closed, fps)

    def __len__(self) -> int:
        return len(self.channels)


@dataclass(frozen=True)
class Responses:
    """Response of every pattern at one length.

    ``z`` ``(T, K)`` in units of the usual; ``size`` ``(T, K)`` of the action in eye distances;
    ``fit`` ``(T, K)`` cosine between movement and pattern, both in units of the usual; ``rise``, ``fall``,
    ``around`` ``(T, D)`` of the channels, see `differences`; ``noise`` ``(B, D)``: what each channel does
    otherwise, for every block of ``block`` frames, eye distances; ``length_s`` the length looked for.
    """

    length_s: float
    z: np.ndarray
    size: np.ndarray
    fit: np.ndarray
    rise: np.ndarray
    fall: np.ndarray
    around: np.ndarray
    noise: np.ndarray
    block: int

    def noise_at(self, frame: int) -> np.ndarray:
        """Give what the channels ``(D,)`` do otherwise around a frame."""
        return np.asarray(self.noise[frame // self.block])


def window_means(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Mean of ``values`` ``(T, ...)`` over frames ``first..last`` (inclusive), per row; NaN where empty.

    Examples
    --------
    >>> window_means(np.arange(5.0), np.array([0, 3]), np.array([2, 9]))
    array([1. , 3.5])
    """
    total = len(values)
    low, high = np.clip(first, 0, total), np.clip(last + 1, 0, total)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=float)])
    count = (high - low).astype(float)
    count[count <= 0] = np.nan
    return (sums[high] - sums[low]) / count.reshape(-1, *[1] * (values.ndim - 1))


def respond(stretch: Stretch, length_s: float, patterns: Hypotheses | None = None) -> Responses:
    """Response to movements of one length: a matched filter that adapts to the recording.

    Movements are taken in channels that are the sum and the difference of the two sides: talking is the
    same on both, so a one-sided movement stands out in the differences. Each channel counts in units of
    what it does otherwise. (Counting channels that move together only once, by their covariance,
    was tried: a short recording does not tell it well enough, and movements hide themselves.)

    Parameters
    ----------
    stretch
        The signals.
    length_s
        Length of the movement, seconds.

    Examples
    --------
    >>> still = np.zeros((60, len(motion_regions()), 2))
    >>> stretch = Stretch.of(still, np.zeros((60, 4)), np.ones((60, 3)), np.zeros(60, bool), 30.0)
    >>> bool(respond(stretch, 0.2).z.max() == 0)
    True
    """
    chosen = patterns or hypotheses()
    count = len(stretch)
    wanted = (chosen.patterns.reshape(len(chosen.units), -1) @ side_channels().T).astype(np.float32)
    rise, fall, around = differences(stretch.channels, stretch.fps, length_s)
    head_rise, head_fall, _ = differences(stretch.head, stretch.fps, length_s)
    block = max(1, round(BLOCK_S * stretch.fps))
    noise = _noise(around, np.abs(head_rise) + np.abs(head_fall), block, length_s)  # (B, D)
    pattern = wanted[None] / noise[:, None]  # (B, K, D)
    information = np.maximum((pattern**2).sum(-1), 1e-12)[:, None]  # (B, 1, K)
    up, down, middle = (_blocks(a, block) / noise[:, None] for a in (rise, fall, around))
    over = pattern.transpose(0, 2, 1)
    response = np.maximum(np.minimum(up @ over, down @ over), 0)
    strength = np.linalg.norm(middle, axis=-1, keepdims=True) + np.float32(1e-6)
    z = response / np.sqrt(information)
    z, size, fit = (
        a.reshape(-1, len(wanted))[:count].astype(np.float32)
        for a in (z, response / information, z / strength)
    )
    return Responses(length_s, z, size, fit, rise, fall, around, noise, block)


@cache
def side_channels() -> np.ndarray:
    """Orthonormal ``(D, D)`` matrix from region displacements to sums and differences of the sides.

    Examples
    --------
    >>> mix = side_channels()
    >>> bool(np.allclose(mix @ mix.T, np.eye(len(mix))))
    True
    """
    names = motion_regions()
    mix = np.zeros((2 * len(names), 2 * len(names)))
    for i, name in enumerate(names):
        side = facs.region_side(name)
        if side == "middle":
            mix[2 * i, 2 * i] = mix[2 * i + 1, 2 * i + 1] = 1
            continue
        other = names.index(
            name.replace("_left", "_right") if side == "left" else name.replace("_right", "_left")
        )
        for axis, mirror in ((0, -1), (1, 1)):
            row = 2 * i + axis
            mix[row, row] = np.sqrt(0.5) * (1 if side == "left" else -1)
            mix[row, 2 * other + axis] = mirror * np.sqrt(0.5)
    return mix


def _blocks(values: np.ndarray, block: int) -> np.ndarray:
    """``(T, ...)`` as ``(B, block, ...)``, the last block filled up with zeros."""
    count = -(-len(values) // block)
    padded = np.zeros((count * block, *values.shape[1:]), np.float32)
    padded[: len(values)] = values
    return padded.reshape(count, block, *values.shape[1:])


def differences(values: np.ndarray, fps: float, length_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle minus before, middle minus after, and middle minus both; where a flank is missing, nothing.

    Parameters
    ----------
    values
        ``(T, ...)`` evenly sampled.
    fps, length_s
        Frame rate, and length of the movement in seconds.

    Examples
    --------
    >>> step = np.repeat([0.0, 1.0], 20)
    >>> rise, fall, _ = differences(step, 20, 0.4)
    >>> float(np.minimum(rise, fall).max())  # a step does not return
    0.0
    """
    t = np.arange(len(values))
    core = max(0, round(length_s * fps / 6))
    half = max(1, round(length_s * fps / 2))
    flank = max(1, round(max(0.08, length_s / 3) * fps))
    middle = window_means(values, t - core, t + core)
    before = window_means(values, t - half - flank, t - half - 1)
    after = window_means(values, t + half + 1, t + half + flank)
    rise, fall = middle - before, middle - after
    # a movement must be seen to begin and to end
    seen = ((t >= half + flank) & (t < len(values) - half - flank)).reshape(-1, *[1] * (values.ndim - 1))
    rise, fall = (np.where(seen, a, 0).astype(np.float32) for a in (rise, fall))
    return rise, fall, (rise + fall) / 2


def _noise(around: np.ndarray, head: np.ndarray, block: int, length_s: float) -> np.ndarray:
    """Estimate what a channel does otherwise, for every block, in eye distances ``(B, D)``."""
    size = np.abs(around)
    # a low quantile, so that the movements looked for do not hide themselves
    usual = 2.2 * np.quantile(size, 0.35, axis=0)
    level = _blocks(size, block).mean(1)
    if len(size) % block and len(level) > 1:
        level[-1] = level[-2]
    reach = max(1, round(max(CALM_S, 3 * length_s) / BLOCK_S / 2))
    now = np.stack([np.median(level[max(0, i - reach) : i + reach + 1], axis=0) for i in range(len(level))])
    sure = np.sqrt(np.maximum(head**2 - HEAD_NOISE**2, 0))
    leak = _blocks((HEAD_LEAK * sure).max(axis=1), block).max(1)[:, None]
    return np.sqrt(FLOOR**2 + np.maximum(usual[None], 1.25 * now) ** 2 + leak**2).astype(np.float32)
