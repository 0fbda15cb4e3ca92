"""How far each region of a face is from where it usually is: the lines under a timeline."""

import numpy as np

from fleeting.core import check_shape
from fleeting.report.decimate import block_medians

BASELINE_S = 3.0  # as on the page: what lasts longer than half of it is a head that settled elsewhere
PART = 4096  # samples worked on at a time, so that they stay near the processor


def region_motion(times: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Length of every region's displacement from its own slow baseline.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising.
    regions
        ``(T, R, 2)`` displacement in pixels of the aligned crop, NaN where not seen.

    Returns
    -------
    numpy.ndarray
        ``(T, R)`` float32 pixels, NaN where not seen.

    Examples
    --------
    >>> moved = np.zeros((100, 1, 2)); moved[50, 0] = 3, 4
    >>> region_motion(np.arange(100) / 10, moved)[49:52, 0].tolist()
    [0.0, 5.0, 0.0]
    """
    sizes = check_shape(regions, ("T", "R", 2), "regions")
    check_shape(times, (sizes["T"],), "times")
    lengths = np.full((sizes["T"], sizes["R"]), np.nan, np.float32)
    if not regions.size:
        return lengths
    centres, medians = block_medians(times, regions.reshape(sizes["T"], -1), BASELINE_S)
    medians = _without_gaps(centres, medians)
    for first in range(0, sizes["T"], PART):  # an hour of all regions is large
        part = slice(first, first + PART)
        moved = regions[part] - _joined(times[part], centres, medians).reshape(-1, sizes["R"], 2)
        lengths[part] = np.sqrt(np.einsum("tra,tra->tr", moved, moved))
    return lengths


def _without_gaps(centres: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Fill blocks in which a signal was not seen from its neighbours; NaN where it was never seen."""
    filled = np.full(medians.shape, np.nan, np.float32)
    for place, column in enumerate(medians.T):
        known = np.isfinite(column)
        if known.any():
            filled[:, place] = np.interp(centres, centres[known], column[known])
    return filled


def _joined(times: np.ndarray, centres: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Join the medians by straight lines, level before the first and after the last: ``(T, S)``."""
    if len(centres) == 1:
        return np.broadcast_to(medians, (len(times), medians.shape[1]))
    left = np.clip(np.searchsorted(centres, times, side="right") - 1, 0, len(centres) - 2)
    share = (times - centres[left]) / (centres[left + 1] - centres[left])
    share = np.clip(share, 0, 1).astype(np.float32)[:, None]
    before = medians[left]
    return before + share * (medians[left + 1] - before)
