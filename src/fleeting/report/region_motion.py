"""How far each region of a face is from where it usually is: the lines under a timeline."""

import numpy as np

from fleeting.core import check_shape
from fleeting.report.decimate import block_medians

BASELINE_S = 3.0  # as on the page: what lasts longer than half of it is a head that settled elsewhere


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
    for region in range(sizes["R"]):  # one at a time: an hour of all regions is large
        x, y = (
            regions[:, region, axis] - _joined(times, centres, medians[:, 2 * region + axis])
            for axis in (0, 1)
        )
        lengths[:, region] = np.hypot(x, y)
    return lengths


def _joined(times: np.ndarray, centres: np.ndarray, medians: np.ndarray) -> np.ndarray:
    known = np.isfinite(medians)
    if not known.any():
        return np.full(len(times), np.nan)
    return np.interp(times, centres[known], medians[known])
