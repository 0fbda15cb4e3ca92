"""``<stem>.signals.npz`` read array by array: an hour at 200 fps is large, and a page wants little of it."""

import hashlib
import os
import threading
import zipfile
import zlib
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UsageError, check_shape

BLOCK = 32  # samples
PART = 128 * BLOCK  # worked on at a time, so that they stay near the processor


class SignalFile:
    """The arrays of one signals file, each read when it is first asked for and then kept.

    Parameters
    ----------
    path
        ``<stem>.signals.npz``.
    sha256
        As the result beside it states; ``None`` leaves it unchecked.

    Raises
    ------
    InputError
        Where the file is missing, damaged or belongs to another result.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.signals.npz"
    ...     np.savez(path, times=np.arange(3.0))
    ...     file = SignalFile(path)
    ...     file.names, file["times"].tolist()
    (('times',), [0.0, 1.0, 2.0])
    """

    def __init__(self, path: str | os.PathLike[str], sha256: str | None = None) -> None:
        self.path = Path(path)
        self._kept: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()
        try:
            if sha256 is not None:
                with self.path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                        raise InputError(path, "does not belong to the result beside it", "run analyze again")
            with zipfile.ZipFile(self.path) as archive:
                self.names = tuple(name.removesuffix(".npy") for name in archive.namelist())
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "run analyze again") from error
        except zipfile.BadZipFile as error:
            raise InputError(path, f"is damaged: {error}", "run analyze again") from error

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> np.ndarray:
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self.read(name)
            return self._kept[name]

    def read(self, name: str) -> np.ndarray:
        """Read an array without keeping it."""
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                return np.asarray(archive[name])
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(self.path, f"is damaged: {error}", "run analyze again") from error


def extremes(
    times: np.ndarray, values: np.ndarray, start_s: float, stop_s: float, points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thin signals to the lowest and highest value of equal columns of time, for a picture.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    values
        ``(T, S)``; what is not finite counts as "not seen".
    start_s, stop_s
        The span; the samples just outside are taken in, so that lines go on to the edge.
    points
        The most columns. Where the span holds no more samples, they come back as they are.

    Returns
    -------
    times
        ``(P,)`` seconds: of the first sample of each column.
    low, high
        ``(P, S)``; NaN where nothing was seen in a column.

    Raises
    ------
    UsageError
        For no column or a span the wrong way round.

    Examples
    --------
    >>> t, low, high = extremes(np.arange(6.0), np.array([[0, 5, 1, 0, -3, 0.0]]).T, 0, 5, 2)
    >>> t.tolist(), low.ravel().tolist(), high.ravel().tolist()
    ([0.0, 3.0], [0.0, -3.0], [5.0, 0.0])
    """
    sizes = check_shape(values, ("T", "S"), "values")
    check_shape(times, (sizes["T"],), "times")
    if points < 1 or not start_s <= stop_s:
        raise UsageError(f"expected from <= to and at least 1 point, got {start_s}, {stop_s} and {points}")
    first = max(int(np.searchsorted(times, start_s)) - 1, 0)
    last = min(int(np.searchsorted(times, stop_s, side="right")) + 1, sizes["T"])
    part, seconds = values[first:last], np.asarray(times[first:last], float)
    if len(part) <= points:
        seen = np.where(np.isfinite(part), part, np.nan).astype(float)
        return seconds, seen, seen
    # Columns of equal time; those without a sample are left out.
    edges = np.searchsorted(seconds, np.linspace(seconds[0], seconds[-1], points + 1)[:-1])
    edges = np.unique(edges)
    hole = ~np.isfinite(part)
    low = np.minimum.reduceat(np.where(hole, np.inf, part), edges)
    high = np.maximum.reduceat(np.where(hole, -np.inf, part), edges)
    none = low > high
    return (
        seconds[edges],
        np.where(none, np.nan, low).astype(float),
        np.where(none, np.nan, high).astype(float),
    )


class Extremes:
    """Signals prepared so that any span of them is thinned at once: see `extremes`.

    The lowest and highest of every 32 samples are worked out beforehand; wide columns are made of these.

    Parameters
    ----------
    times, values
        As for `extremes`.

    Examples
    --------
    >>> made = Extremes(np.arange(1000.0), np.arange(1000.0)[:, None])
    >>> t, low, high = made.between(0, 999, 4)
    >>> low.ravel().tolist(), high.ravel().tolist()
    ([0.0, 256.0, 512.0, 768.0], [255.0, 511.0, 767.0, 999.0])
    """

    def __init__(self, times: np.ndarray, values: np.ndarray) -> None:
        sizes = check_shape(values, ("T", "S"), "values")
        check_shape(times, (sizes["T"],), "times")
        self.times, self.values = np.asarray(times, float), values
        starts = np.arange(0, sizes["T"], BLOCK)
        self._times = self.times[starts]
        kind = values.dtype if np.issubdtype(values.dtype, np.floating) else np.float64
        self._low, self._high = (np.empty((len(starts), sizes["S"]), kind) for _ in range(2))
        for first in range(0, sizes["T"], PART):
            part = values[first : first + PART]
            hole, at = ~np.isfinite(part), np.arange(0, len(part), BLOCK)
            place = slice(first // BLOCK, first // BLOCK + len(at))
            self._low[place] = np.minimum.reduceat(np.where(hole, np.inf, part), at)
            self._high[place] = np.maximum.reduceat(np.where(hole, -np.inf, part), at)

    def between(
        self, start_s: float, stop_s: float, points: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Thin a span; the same as `extremes` but that wide columns begin at every 32nd sample."""
        inside = int(np.diff(np.searchsorted(self.times, [start_s, stop_s]))[0])
        if points < 1 or inside < 2 * BLOCK * points:
            return extremes(self.times, self.values, start_s, stop_s, points)
        first, last = np.searchsorted(self._times, [start_s, stop_s])
        part = slice(max(int(first) - 1, 0), int(last) + 1)
        seconds, low, high = self._times[part], self._low[part], self._high[part]
        edges = np.unique(np.searchsorted(seconds, np.linspace(seconds[0], seconds[-1], points + 1)[:-1]))
        low, high = np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)
        none = low > high
        low, high = (np.where(none, np.nan, side).astype(float) for side in (low, high))
        return seconds[edges], low, high
