"""LBP, LBP-TOP, HOOF, MDMO and flow maps: by hand, and against scikit-image."""

import numpy as np
import pytest

from fleeting import motion
from fleeting.core import ShapeError, UsageError


@pytest.mark.parametrize(("points", "radius"), [(8, 1), (4, 2), (12, 2), (8, 1.5)])
def test_plain_patterns_are_those_of_scikit_image(points, radius):
    feature = pytest.importorskip("skimage.feature", reason="the extra [demo] holds scikit-image")
    picture = np.random.default_rng(points).integers(0, 256, (24, 31)).astype(np.uint8)
    edge = int(np.ceil(radius))
    expected = feature.local_binary_pattern(picture, points, radius)[edge:-edge, edge:-edge]
    assert np.array_equal(motion.lbp_codes(picture, (0, 1), (radius, radius), points), expected)


def test_uniform_patterns_are_those_of_scikit_image():
    feature = pytest.importorskip("skimage.feature", reason="the extra [demo] holds scikit-image")
    picture = np.random.default_rng(3).integers(0, 256, (60, 60)).astype(np.uint8)
    theirs = feature.local_binary_pattern(picture, 8, 1, "nri_uniform")[1:-1, 1:-1].astype(int)
    ours = np.array(motion.uniform_table(8))[motion.lbp_codes(picture, (0, 1), (1, 1), 8)]
    # bins are numbered otherwise, so the two must be one to one; the bin of the rest is the last in both
    pairs = {(a, b) for a, b in zip(theirs.ravel().tolist(), ours.ravel().tolist(), strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) == 59
    assert (58, 58) in pairs


def test_lbp_top_of_one_voxel_by_hand():
    # The middle voxel is 5. Brighter: right (x+1) in XY; the frame after (t+1) as well.
    volume = np.zeros((3, 3, 3))
    volume[1, 1, 1] = 5
    volume[1, 1, 2] = 7
    volume[2, 1, 1] = 7
    found = motion.lbp_top(volume, radii=(1, 1, 1), points=4, blocks=(1, 1), uniform=False).reshape(3, 16)
    # neighbour 0: +second axis, 1: -first axis, 2: -second axis, 3: +first axis
    assert found[0].argmax() == 0b0001  # XY: x+1
    assert found[1].argmax() == 0b1001  # XT: x+1 and t+1
    assert found[2].argmax() == 0b1000  # YT: t+1
    assert found.sum() == 3


def test_lbp_top_blocks_are_laid_by_rows_and_sum_to_one():
    volume = np.random.default_rng(0).integers(0, 256, (9, 22, 26))
    found = motion.lbp_top(volume, blocks=(2, 3)).reshape(2, 3, 3, 59)
    assert found.sum(-1) == pytest.approx(np.ones((2, 3, 3)), abs=1e-5)
    other = volume.copy()
    other[:, :9, :6] = 0  # only the first block
    changed = np.abs(motion.lbp_top(other, blocks=(2, 3)).reshape(2, 3, 3, 59) - found).sum((2, 3)) > 0
    assert changed.tolist() == [[True, False, False], [False, False, False]]


def test_lbp_does_not_see_brightness():
    volume = np.random.default_rng(1).integers(0, 100, (7, 12, 12))
    assert np.array_equal(
        motion.lbp_top(volume, blocks=(1, 1)), motion.lbp_top(2 * volume + 9, blocks=(1, 1))
    )


def test_lbp_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="too small"):
        motion.lbp_top(np.zeros((4, 20, 20)))
    with pytest.raises(ShapeError, match="blocks"):
        motion.lbp_top(np.zeros((9, 5, 5)), blocks=(5, 5))
    with pytest.raises(UsageError, match="points"):
        motion.lbp_codes(np.zeros((9, 9)), (0, 1), (1, 1), 0)


def test_hoof_weighs_by_size_and_block():
    flow = np.zeros((2, 4, 2))
    flow[0, 0], flow[0, 1] = (0, 2), (-6, 0)  # down by 2, left by 6
    flow[1, 3] = (0.5, 0)
    assert motion.hoof(flow, bins=4, blocks=(1, 2)).tolist() == [0, 0, 0.75, 0.25, 1, 0, 0, 0]


def test_symmetric_hoof_is_that_of_the_mirror_image():
    flow = np.random.default_rng(2).normal(size=(20, 20, 2))
    mirrored = flow[:, ::-1] * (-1, 1)
    assert motion.hoof(flow, symmetric=True) == pytest.approx(motion.hoof(mirrored, symmetric=True))
    assert motion.hoof(flow) != pytest.approx(motion.hoof(mirrored), abs=1e-3)


def test_symmetric_bins_by_hand():
    flow = np.array([[[1, 1], [-1, 1], [1, -1], [0, -2.0]]])  # two down, two up
    size = np.array([2 * 2**0.5, 2**0.5 + 2])
    assert motion.hoof(flow, bins=2, symmetric=True) == pytest.approx(size / size.sum())


def test_mdmo_has_36_regions_and_finds_the_one_that_moves():
    assert len(motion.MDMO_REGIONS) == 36
    points = _face()
    flow = np.zeros((128, 128, 2))
    left, top, right, bottom = motion.mdmo_boxes(points)[35].round().astype(int)  # the chin
    flow[top:bottom, left:right] = (0, -3)
    found = motion.mdmo(flow, points)
    assert found[:36].argmax() == 35
    assert found[35] == pytest.approx(0.9)
    assert found[36 + 35] == pytest.approx(0.1 * np.pi / 2)
    assert found[0] == found[36] == 0


def test_mdmo_knows_direction_not_amplitude():
    flow = np.random.default_rng(5).normal(size=(128, 128, 2))
    assert motion.mdmo(flow, _face()) == pytest.approx(motion.mdmo(7 * flow, _face()), abs=1e-6)


def test_main_direction_follows_the_most_not_the_longest():
    vectors = np.array([[1, 0], [2, 0], [0, 50.0], [0, 0], [0, 0], [0, 0]])
    assert motion.main_direction(vectors).tolist() == [1.5, 0]


def test_mdmo_refuses_eyes_that_fall_together():
    with pytest.raises(ShapeError, match="eyes"):
        motion.mdmo(np.zeros((9, 9, 2)), np.ones((68, 2)))


def test_flow_map_stretches_each_channel():
    y, x = np.mgrid[:56, :56].astype(np.float32)
    made = motion.flow_map(np.stack([x**2 / 50, 0 * y + 3], -1))
    assert made.dtype == np.uint8
    assert (made[..., 0].min(), made[..., 0].max(), made[..., 1].max()) == (0, 255, 0)
    assert np.array_equal(made, motion.flow_map(4 * np.stack([x**2 / 50, 0 * y + 3], -1)))


def test_sampled_frames_keep_ends_and_type():
    frames = np.array([[0], [10], [21]], np.uint8)
    made = motion.sample_frames(frames, 5)
    assert made.dtype == np.uint8
    assert made[:, 0].tolist() == [0, 5, 10, 16, 21]
    assert motion.sample_frames(frames[:1], 3)[:, 0].tolist() == [0, 0, 0]


def _face() -> np.ndarray:
    from fleeting.facs import neutral_mesh, to_points68

    return to_points68(neutral_mesh()[:, :2]) * 24 + 64
