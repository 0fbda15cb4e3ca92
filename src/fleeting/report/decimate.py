"""Fewer points for the same picture: an hour at 200 frames/s must fit a page, and no peak may be lost."""

from itertools import pairwise

import numpy as np

from fleeting.core import check_shape


def columns_of(times: np.ndarray, start: float, stop: float, columns: int) -> np.ndarray:
    """Find the edges of equal time columns in rising times.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    start, stop
        The span that the columns share out, in seconds.
    columns
        How many.

    Returns
    -------
    numpy.ndarray
        ``(columns + 1,)`` int: column ``c`` holds the samples ``edges[c]`` up to, without, ``edges[c + 1]``.
        A sample at ``stop`` belongs to the last column.

    Examples
    --------
    >>> columns_of(np.array([0.0, 0.4, 0.6, 1.0]), 0, 1, 2).tolist()
    [0, 2, 4]
    """
    edges = np.searchsorted(times, np.linspace(start, stop, columns + 1))
    edges[-1] = np.searchsorted(times, stop, side="right")
    return edges


def keep_extremes(times: np.ndarray, values: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Thin a signal to the lowest and the highest sample of each column, in order of time.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    values
        ``(T,)``; what is not finite counts as "not seen".
    columns
        How many columns the picture has.

    Returns
    -------
    tuple of numpy.ndarray
        Times and values of at most ``2 * columns`` real samples; a column without a seen sample leaves one
        NaN, so that a line drawn through the rest shows the gap. A signal of at most ``2 * columns``
        samples comes back whole.

    Examples
    --------
    >>> t = np.arange(6.0)
    >>> keep_extremes(t, np.array([0, 5, 1, 0, -3, 0.0]), 2)[1].tolist()
    [0.0, 5.0, 0.0, -3.0]
    """
    sizes = check_shape(values, ("T",), "values")
    check_shape(times, (sizes["T"],), "times")
    values = np.where(np.isfinite(values), values, np.nan).astype(float)
    if sizes["T"] <= 2 * columns:
        return np.asarray(times, float), values
    edges = columns_of(times, float(times[0]), float(times[-1]), columns)
    kept: list[int] = []
    for first, last in pairwise(edges):
        if first == last:
            continue
        part = values[first:last]
        if np.all(np.isnan(part)):
            kept.append(int(first))
        else:
            kept.extend(sorted({int(first + np.nanargmin(part)), int(first + np.nanargmax(part))}))
    return np.asarray(times, float)[kept], values[kept]


def peak_columns(
    times: np.ndarray, values: np.ndarray, start: float, stop: float, columns: int
) -> np.ndarray:
    """Give the largest seen value of every time column.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    values
        ``(T,)``; what is not finite counts as "not seen".
    start, stop, columns
        As in :func:`columns_of`.

    Returns
    -------
    numpy.ndarray
        ``(columns,)`` float; NaN where nothing was seen. A column that falls between two samples (more
        columns than frames) takes the sample before it.

    Examples
    --------
    >>> peak_columns(np.array([0.0, 0.5, 1.0]), np.array([1.0, np.nan, 2.0]), 0, 1.5, 3).tolist()
    [1.0, nan, 2.0]
    """
    edges = columns_of(times, start, stop, columns)
    out = np.full(columns, np.nan)
    for column, (first, last) in enumerate(pairwise(edges)):
        part = values[first:last] if last > first else values[max(first - 1, 0) : first]
        if len(part):
            out[column] = np.fmax.reduce(np.where(np.isfinite(part), part, np.nan))
    return out


def block_medians(times: np.ndarray, values: np.ndarray, block_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Take medians of blocks of time: joined by straight lines they follow the slow drift of a signal.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    values
        ``(T, S)``, S signals; what is not finite counts as "not seen".
    block_s
        Length of a block in seconds; what lasts longer than half of it belongs to the drift.

    Returns
    -------
    centres
        ``(B,)`` seconds, rising.
    medians
        ``(B, S)``; NaN where a signal was not seen in a block. About 64 samples a block are enough.

    Examples
    --------
    >>> t = np.arange(100) / 10
    >>> centres, medians = block_medians(t, np.full((100, 1), 3.0), 5)
    >>> centres.round(2).tolist(), medians.tolist()
    ([2.45, 7.45], [[3.0], [3.0]])
    """
    blocks = max(1, int(np.ceil((times[-1] - times[0]) / block_s))) if len(times) else 0
    centres, medians = [], []
    for first, last in pairwise(
        columns_of(times, float(times[0]), float(times[-1]), blocks) if blocks else ()
    ):
        part = np.asarray(values[first : last : max(1, (last - first) // 64)], float)
        if len(part):
            part = np.sort(np.where(np.isfinite(part), part, np.nan), axis=0)  # NaN goes to the end
            seen = np.isfinite(part).sum(axis=0)
            low = np.take_along_axis(part, np.maximum(seen - 1, 0)[None] // 2, axis=0)[0]
            high = np.take_along_axis(part, np.minimum(seen // 2, len(part) - 1)[None], axis=0)[0]
            centres.append(float(np.mean(times[first:last])))
            medians.append(np.where(seen > 0, (low + high) / 2, np.nan))
    return np.array(centres), np.array(medians).reshape(len(centres), values.shape[1])
