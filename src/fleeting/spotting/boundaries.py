"""Where a movement starts, peaks and ends, on its own signal."""

import numpy as np

LOW, HIGH = 0.2, 0.8
# Phase at which a raised cosine passes LOW and HIGH: (1 - cos(pi x)) / 2.
_PHASE = np.arccos(1 - 2 * np.array([LOW, 0.5, HIGH])) / np.pi


def refine(signal: np.ndarray, peak: int, reach: int) -> tuple[float, int, float]:
    """Find onset, apex and offset around a peak, to a fraction of a frame.

    The first and last frames of a movement lie under the noise, so they are read from the steep part:
    the flank passes 20, 50 and 80 % of its height, and a raised cosine through these points says
    where it began.

    Parameters
    ----------
    signal
        ``(T,)`` size of the movement; the baseline need not be zero.
    peak
        Frame near the apex.
    reach
        How far to look on either side, frames.

    Returns
    -------
    onset, apex, offset
        Frames; onset and offset may be fractions, and lie within the signal.

    Examples
    --------
    >>> t = np.arange(60)
    >>> bump = np.where(abs(t - 30) < 10, 0.5 + 0.5 * np.cos(np.pi * (t - 30) / 10), 0)
    >>> onset, apex, offset = refine(bump, 31, 20)
    >>> round(onset, 1), apex, round(offset, 1)
    (20.0, 30, 40.0)
    """
    low, high = max(0, peak - reach), min(len(signal) - 1, peak + reach)
    apex = low + int(np.argmax(signal[low : high + 1]))
    onset = apex - _flank(signal[low : apex + 1][::-1])
    offset = apex + _flank(signal[apex : high + 1])
    return float(max(low, onset)), apex, float(min(high, offset))


def _flank(fall: np.ndarray) -> float:
    """Frames from the apex (first value) to where the movement is over."""
    if len(fall) < 2:
        return 0.0
    floor = float(fall.min())
    height = float(fall[0]) - floor
    if height <= 0:
        return 0.0
    level = (fall - floor) / height
    # the foot is the first place as low as the rest of the flank ever gets, give or take LOW
    crossings = [_crossing(level, share) for share in (HIGH, 0.5, LOW)]
    steep = (crossings[2] - crossings[0]) / (_PHASE[2] - _PHASE[0])
    return float(min(crossings[1] + steep * _PHASE[1], len(fall) - 1))


def _crossing(level: np.ndarray, share: float) -> float:
    """First place where a falling flank passes a share of its height, between frames."""
    below = int(np.argmax(level < share)) if (level < share).any() else len(level) - 1
    above = max(below - 1, 0)
    drop = float(level[above] - level[below])
    return above + (float(level[above]) - share) / drop if drop > 0 else float(below)
