"""A recording at about a frame rate, and back to all its frames."""

import numpy as np

FPS = 30.0


class Thinning:
    """Rows at about a frame rate: every so many frames are kept, none are made up.

    Parameters
    ----------
    rows
        ``(T, ...)`` of the recording, a row a frame; NaN counts as 0.
    times
        ``(T,)`` seconds, rising.
    fps
        Rate to come near to.
    summed
        Whether a row is what happened since the row before: what lies between kept frames is added up.

    Attributes
    ----------
    step, rate, frames
        Every how manieth frame is kept, how many a second that makes, and how many there were.
    kept
        ``(n,)`` frames that are kept.
    values
        ``(n, C)`` float32, rows flattened; ``(n, ...)`` as they are where ``summed``.

    Examples
    --------
    >>> one = Thinning(np.ones((400, 10)), np.arange(400) / 200)
    >>> one.step, one.values.shape
    (7, (58, 10))
    >>> Thinning(np.ones((8, 1)), np.arange(8) / 60, summed=True).values.ravel().tolist()
    [0.0, 2.0, 2.0, 2.0]
    """

    def __init__(
        self, rows: np.ndarray, times: np.ndarray, fps: float = FPS, *, summed: bool = False
    ) -> None:
        self.frames = len(times)
        rate = 1 / float(np.median(np.diff(times))) if self.frames > 1 else fps
        self.step = max(1, round(rate / fps))
        self.rate = rate / self.step
        self.kept = np.arange(0, self.frames, self.step)
        given = np.asarray(rows, np.float32)
        if summed:
            kept = np.cumsum(np.nan_to_num(given), 0)[self.kept]
            self.values = np.diff(kept, axis=0, prepend=kept[:1])
        else:
            part = given[self.kept]
            self.values = np.nan_to_num(part.reshape(len(part), int(np.prod(part.shape[1:]))))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Go from kept frames ``(n, ...)`` to all ``(T, ...)``, by lines between them.

        Examples
        --------
        >>> Thinning(np.zeros((4, 1)), np.arange(4) / 60).spread(np.array([0.0, 1.0])).tolist()
        [0.0, 0.5, 1.0, 1.0]
        """
        if self.step == 1 or not len(values):
            return np.asarray(values, np.float32)
        flat = values.reshape(len(values), -1)
        spread = [np.interp(np.arange(self.frames), self.kept, column) for column in flat.T]
        return np.stack(spread, 1).reshape(self.frames, *values.shape[1:]).astype(np.float32)
