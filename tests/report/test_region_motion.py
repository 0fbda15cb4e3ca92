"""How far regions are from their slow baseline, against the plain way of working it out."""

import numpy as np
import pytest

from fleeting.report import region_motion
from fleeting.report.decimate import block_medians


def plainly(times: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """One signal after the other, the medians of 3 s joined by `numpy.interp`."""
    centres, medians = block_medians(times, regions.reshape(len(times), -1), 3.0)
    flat = regions.reshape(len(times), -1)
    rest = np.full(flat.shape, np.nan)
    for place, column in enumerate(medians.T):
        known = np.isfinite(column)
        if known.any():
            rest[:, place] = flat[:, place] - np.interp(times, centres[known], column[known])
    return np.hypot(*np.moveaxis(rest.reshape(regions.shape), 2, 0))


@pytest.mark.parametrize("count", [1, 25, 9000], ids=["one frame", "one block", "several parts"])
def test_the_baseline_is_joined_medians_whatever_is_not_seen(count: int) -> None:
    rng = np.random.default_rng(count)
    times = np.cumsum(rng.uniform(0.005, 0.1, count))  # a rate that varies
    regions = np.cumsum(rng.normal(0, 1, (count, 3, 2)), axis=0).astype(np.float32)
    regions[count // 3 : count // 2, 1] = np.nan  # several blocks long in the longest case
    regions[:, 2] = np.nan
    ours = region_motion(times, regions)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, plainly(times, regions), atol=1e-4)
