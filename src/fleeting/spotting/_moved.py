"""Raw region signals under a curve: how far, and which way, the face moved within a span and came back."""

import numpy as np

from fleeting.core import check_shape
from fleeting.spotting._durations import mean_between
from fleeting.spotting.boundaries import refine

SMOOTH_S = 0.06
LEAST_SIZE, LEAST_SHARE = 1e-9, 0.05


class Moved:
    """Positions of face regions, ready to be asked about spans.

    Parameters
    ----------
    signals
        ``(T, K)`` or ``(T, K, 2)`` positions in any unit, such as ``roi36`` or ``regions``; frames that were
        not seen (NaN) are bridged by straight lines.
    fps
        Frames per second.
    usual_s
        Usual length of a movement; motion is measured in units of what the face does in such a time.
    """

    def __init__(self, signals: np.ndarray, fps: float, usual_s: float) -> None:
        flat = np.asarray(signals, float).reshape(len(signals), -1)
        check_shape(flat, ("T", "K"), "signals")
        width = max(1.0, SMOOTH_S * fps)
        self.smooth = np.stack([smoothed(column, width) for column in _bridged(flat).T], 1)
        self._total = np.concatenate([np.zeros((1, flat.shape[1])), np.cumsum(self.smooth, 0)])
        length = max(2, round(usual_s * fps))
        first = np.arange(0, max(len(flat) - length, 1), max(1, length // 3))
        some = np.stack([first, np.minimum(first + length, len(flat)) - 1], 1)
        sizes = self.of(some).size
        # a face that is quite still but for its movements has a usual size all the same
        self.usual = max(float(np.median(sizes)), LEAST_SHARE * float(sizes.max()), LEAST_SIZE)

    def mean(self, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Mean position ``(N, K)`` over frames ``first..stop - 1``, of one frame at least."""
        count = len(self.smooth)
        low = np.clip(first, 0, count - 1)
        high = np.maximum(np.clip(stop, 0, count), low + 1)
        return np.asarray((self._total[high] - self._total[low]) / (high - low)[:, None])

    def of(self, spans: np.ndarray) -> "Motion":
        """Motion of spans ``(N, 2)``, both ends in: from the third before to the middle, and on."""
        first, stop = spans[:, 0], spans[:, 1] + 1
        part = np.maximum(1, (stop - first) // 3)
        middle = self.mean(first + part, np.maximum(stop - part, first + part + 1))
        return Motion(self.mean(first - part, first), middle, self.mean(stop, stop + part))

    def refined(self, spans: np.ndarray) -> np.ndarray:
        """Onset and offset ``(N, 2)`` of the motion that a span holds, in fractions of a frame.

        Read along the direction in which the face moved from either side of the span to its middle.
        """
        motion, count = self.of(spans), len(self.smooth)
        found = np.empty((len(spans), 2))
        for at, (first, last) in enumerate(spans.tolist()):
            length = last - first + 1
            low, high = max(0, first - 2 * length), min(count, last + 2 * length + 1)
            along = self.smooth[low:high] @ motion.way[at]
            begin, _, end = refine(along, (first + last) // 2 - low, int(1.2 * length) + 1)
            found[at] = low + begin, low + end
        return found


class Motion:
    """From before to the middle of spans, and from there to after, each ``(N, K)``."""

    def __init__(self, before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> None:
        rise, fall = middle - before, middle - after
        self.way = (rise + fall) / 2
        self.size = np.linalg.norm(self.way, axis=1)
        self.left = np.linalg.norm(after - before, axis=1)
        lengths = np.linalg.norm(rise, axis=1) * np.linalg.norm(fall, axis=1)
        self.agreement = (rise * fall).sum(1) / np.maximum(lengths, LEAST_SIZE**2)


def smoothed(row: np.ndarray, width: float) -> np.ndarray:
    """Mean over a window of some frames, moved inwards at the ends rather than cut.

    Examples
    --------
    >>> smoothed(np.array([0.0, 3, 0, 0]), 3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    width = min(width, float(len(row)))
    start = np.clip(np.arange(len(row)) - width / 2, -0.5, len(row) - 0.5 - width)
    return mean_between(row, start, start + width)


def _bridged(signals: np.ndarray) -> np.ndarray:
    """Put straight lines where nothing was seen, and zeros where nothing ever was."""
    times, found = np.arange(len(signals)), np.zeros_like(signals)
    for at, column in enumerate(signals.T):
        seen = np.isfinite(column)
        if seen.any():
            found[:, at] = np.interp(times, times[seen], column[seen])
    return found
