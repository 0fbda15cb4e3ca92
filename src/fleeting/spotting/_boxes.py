"""What decoders share: the box they give, the table of their names, and a few steps on curves with gaps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from fleeting.core import Registry, UsageError


@dataclass(frozen=True, slots=True)
class Box:
    """What a decoder found: frames of the curve, both ends in; ends may lie outside the curve.

    Parameters
    ----------
    onset, apex, offset
        Frames. The apex is where the decoder looked, and always a frame that was seen.
    score
        Higher is surer, in units of the decoder's own.
    """

    onset: int
    apex: int
    offset: int
    score: float


Decoder = Callable[..., list[Box]]
"""A function of a curve ``(T,)`` (NaN: not seen), a frame rate, and parameters by name alone."""

DECODERS: Registry[Decoder] = Registry("decoder")


def seen_runs(curve: np.ndarray) -> list[tuple[int, int]]:
    """Inclusive frame pairs of the stretches without NaN.

    Examples
    --------
    >>> seen_runs(np.array([1.0, np.nan, 2.0, 3.0]))
    [(0, 0), (2, 3)]
    """
    seen = np.isfinite(curve).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen, [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def frames_of(name: str, seconds: float, fps: float) -> int:
    """Whole frames of a length, at least one; raises UsageError unless it is positive.

    Examples
    --------
    >>> frames_of("half_width_s", 0.2, 30)
    6
    """
    if not 0 < seconds < np.inf:
        raise UsageError(f"{name}: expected a positive number of seconds, got {seconds}")
    return max(1, round(seconds * fps))


def check_share(name: str, value: float) -> None:
    """Raise UsageError unless a value lies in 0..1."""
    if not 0 <= value <= 1:
        raise UsageError(f"{name}: expected 0..1, got {value}")


def level(curve: np.ndarray) -> bool:
    """Whether a curve says nothing: no frame seen, or the same value everywhere but for rounding.

    Examples
    --------
    >>> level(np.array([0.3, np.nan, 0.1 + 0.2])), level(np.array([0.3, 0.4]))
    (True, False)
    """
    seen = curve[np.isfinite(curve)]
    return not len(seen) or float(np.ptp(seen)) <= 1e-9 * float(np.abs(seen).max())


def level_between(curve: np.ndarray, share: float) -> float:
    """Height that lies a share of the way from the mean of the seen frames to their maximum.

    Examples
    --------
    >>> level_between(np.array([0.0, 0.0, 3.0, np.nan]), 0.5)
    2.0
    """
    seen = curve[np.isfinite(curve)]
    mean = float(seen.mean())
    return mean + share * (float(seen.max()) - mean)


def rescaled(curve: np.ndarray) -> np.ndarray:
    """Bring the seen frames to 0..1; a constant curve becomes 0.

    Examples
    --------
    >>> rescaled(np.array([-1.0, 1.0, np.nan, 3.0]))
    array([0. , 0.5, nan, 1. ])
    """
    if level(curve):
        return 0 * curve
    seen = curve[np.isfinite(curve)]
    low, high = float(seen.min()), float(seen.max())
    return (curve - low) / (high - low)


def peaks(curve: np.ndarray, height: float, distance: int) -> list[int]:
    """Local maxima of at least a height, the lower of two neighbours given up; stretches apart.

    Ends of a stretch are no maxima, the middle of a plateau is (``scipy.signal.find_peaks``).

    Examples
    --------
    >>> peaks(np.array([0, 2, 0, 0, 3, 3, 3, 0.0]), 1, 1)
    [1, 5]
    """
    from scipy.signal import find_peaks

    return [
        first + int(at)
        for first, last in seen_runs(curve)
        for at in find_peaks(curve[first : last + 1], height=height, distance=distance)[0]
    ]


def strongest_apart(boxes: Iterable[Box], clash: Callable[[Box, Box], bool]) -> list[Box]:
    """Take boxes from the strongest on, leaving out what clashes with one taken before; by time.

    Of two that are equally strong the earlier comes first.
    """
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: (-b.score, b.onset)):
        if not any(clash(box, other) for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda b: b.onset)
