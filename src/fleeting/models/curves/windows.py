"""Windows that overlap by half, as in ME-TST, ME-TST+ and BoostingVRME."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fleeting.models.curves.road import Road, Run, Said, softmax
from fleeting.models.curves.thinning import Thinning

EMOTIONS = 5
NEUTRAL = EMOTIONS - 1


def windows_of(values: np.ndarray, length: int, *, whole: bool = True) -> np.ndarray:
    """Cut windows of ``length`` that start every ``length / 2`` rows.

    Parameters
    ----------
    values
        ``(n, ...)``.
    length
        Even.
    whole
        Whether the last row is repeated so that windows reach the end. Otherwise the rows that fill no
        half window are left out, as in the released code.

    Returns
    -------
    numpy.ndarray
        ``(W, length, ...)``.

    Examples
    --------
    >>> windows_of(np.arange(7), 4).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 6]]
    >>> windows_of(np.arange(7), 4, whole=False).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 5]]
    """
    half = length // 2
    if whole:
        count = max(-(-len(values) // half) - 1, 1)
        lack = (count + 1) * half - len(values)
        values = np.concatenate([values, np.repeat(values[-1:], lack, 0)]) if lack else values
    else:
        count = max(len(values) // half - 1, 0)
    starts = np.arange(count) * half
    return values[starts[:, None] + np.arange(length)] if count else values[:0, None].repeat(length, 1)


def stitched(
    windows: np.ndarray, frames: int, *, official: bool = False, batch: int = 256, place: int = 0
) -> np.ndarray:
    """Join the values of overlapping windows.

    Parameters
    ----------
    windows
        ``(W, length, ...)``.
    frames
        Of the recording.
    official
        The released rule: whether a window is a video's first is asked of its place in the mini-batch. A
        window at the start of a batch writes all its frames, any other its second half; so a video whose
        first window stands elsewhere begins with zeros. Otherwise the first window of the video writes all.
    batch
        Size of the mini-batches, for ``official``.
    place
        Windows of other videos that ran before, for ``official``.

    Returns
    -------
    numpy.ndarray
        ``(frames, ...)``; 0 where no window wrote.

    Examples
    --------
    >>> two = np.array([[1, 1, 1, 1], [2, 2, 2, 2]])
    >>> stitched(two, 6).tolist()
    [1, 1, 1, 1, 2, 2]
    >>> stitched(two, 6, official=True, place=1).tolist()  # first half lost
    [0, 0, 1, 1, 2, 2]
    >>> stitched(two, 6, official=True, batch=1).tolist()  # each at the start of a batch: overwritten
    [1, 1, 2, 2, 2, 2]
    """
    length = windows.shape[1]
    half = length // 2
    total = np.zeros((max(frames, (len(windows) + 1) * half), *windows.shape[2:]), windows.dtype)
    for at, window in enumerate(windows):
        first = (place + at) % batch == 0 if official else at == 0
        start = at * half + (0 if first else half)
        total[start : at * half + length] = window[-(at * half + length - start) :]
    return total[:frames]


def from_first(windows: np.ndarray) -> np.ndarray:
    """Take the first row of each window off it: motion since the window began.

    Examples
    --------
    >>> from_first(np.array([[[2.0], [5.0]]])).tolist()
    [[[0.0], [3.0]]]
    """
    return windows - windows[:, :1]


@dataclass(frozen=True)
class WindowRoad(Road):
    """Windows through a network that gives ``(B, length)`` scores and ``(B, length, 5)`` logits of emotions.

    Parameters
    ----------
    length
        Of a window, frames at about 30 a second.
    official
        Whether windows are joined, and the end is left out, as released; see `stitched`.
    batch
        Windows at a time.
    neutral
        What becomes of the logit of neutral: ``kept``, ``zero``, or ``left out``.

    Examples
    --------
    >>> road = WindowRoad(4)
    >>> def network(x):
    ...     return x[..., 0], np.zeros((*x.shape[:2], 5))
    >>> road.outputs(np.arange(6.0)[:, None], np.arange(6) / 30, network)["curve"].tolist()
    [0.0, 1.0, 2.0, 3.0, 2.0, 3.0]
    """

    name: ClassVar[str] = "windows"
    length: int = 50
    official: bool = False
    batch: int = 256
    neutral: str = "left out"

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give ``curve`` ``(T,)`` and ``emotion`` ``(T, 5)`` shares."""
        thin = Thinning(rows, times)
        cut = from_first(windows_of(thin.values, self.length, whole=not self.official))
        if not len(cut):
            return {
                "curve": np.zeros(thin.frames, np.float32),
                "emotion": np.tile(np.eye(EMOTIONS, dtype=np.float32)[NEUTRAL], (thin.frames, 1)),
            }
        parts = [run(cut[at : at + self.batch]) for at in range(0, len(cut), self.batch)]
        spot, emotion = (np.concatenate([one[at] for one in parts]) for at in (0, 1))
        curve, logits = (
            stitched(one, len(thin.values), official=self.official, batch=self.batch)
            for one in (spot, emotion)
        )
        return {"curve": thin.spread(curve), "emotion": thin.spread(self.shares(logits))}

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """Turn logits ``(n, 5)`` into shares, the neutral one as the strategy has it.

        Examples
        --------
        >>> WindowRoad(neutral="left out").shares(np.zeros((1, 5))).tolist()
        [[0.25, 0.25, 0.25, 0.25, 0.0]]
        """
        counted = logits.astype(np.float64)
        if self.neutral == "left out":
            counted[:, NEUTRAL] = -np.inf
        elif self.neutral == "zero":
            counted[:, NEUTRAL] = 0.0
        return softmax(counted)
