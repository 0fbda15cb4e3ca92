"""Pictures of a movement: the right frames, head motion taken out, the movement left in."""

from dataclasses import fields

import cv2
import numpy as np
import pytest

from fleeting import facs
from fleeting.analysis.illustrate import PICTURE, region_motion, without_head_motion
from fleeting.core import CROP, Interval, transform_points
from fleeting.face import crop_transform, find_faces
from fleeting.motion import motion_regions, sample_crop
from fleeting.spotting import Candidate, Spotted
from fleeting.synth import Plant, plant


@pytest.fixture(scope="module")
def crop(portrait):
    """Aligned crop of the portrait, its landmarks, and what takes the portrait there."""
    (marks,) = find_faces(portrait)
    transform = crop_transform(marks, PICTURE)
    return sample_crop(portrait, transform, PICTURE), transform_points(transform, marks), transform


def region_means(flow: np.ndarray, mesh: np.ndarray) -> dict[str, np.ndarray]:
    masks = facs.region_masks(mesh, flow.shape[:2], motion_regions())
    return {
        name: flow[mask].mean(0) for name, mask in zip(motion_regions(), masks, strict=True) if mask.any()
    }


def test_the_same_picture_shows_no_motion(crop):
    first, mesh, _ = crop
    still, flow = without_head_motion(first, first, mesh)
    assert np.abs(still.astype(int) - first).mean() < 0.5
    assert flow.shape == (*first.shape[:2], 2)
    assert np.abs(flow).max() < 0.05


@pytest.mark.parametrize(
    "motion",
    [
        np.array([[1, 0, 3.0], [0, 1, -2.0]]),
        cv2.getRotationMatrix2D((140, 110), 1.5, 1.0),
        cv2.getRotationMatrix2D((140, 110), 0.0, 1.02),
    ],
    ids=["shift", "roll", "nearer"],
)
def test_a_moved_head_is_brought_back(crop, motion):
    """By 3.6 px, 1.5 degrees, 2 %: less than a fifth of a pixel is left in any region."""
    first, mesh, _ = crop
    moved = cv2.warpAffine(
        first, motion, first.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    still, flow = without_head_motion(first, moved, mesh)
    inner = (slice(20, -20), slice(20, -20))
    before = np.abs(moved[inner].astype(int) - first[inner]).mean()
    after = np.abs(still[inner].astype(int) - first[inner]).mean()
    assert after < 0.35 * before
    left = region_means(flow, mesh)
    assert max(np.linalg.norm(v) for v in left.values()) < 0.6
    assert np.median([np.linalg.norm(v) for v in left.values()]) < 0.2


def test_a_movement_is_left_while_the_head_is_taken_out(portrait, crop):
    """12 left of 6 %: the left mouth corner goes up and outwards by some pixels, the right one does not."""
    first, mesh, transform = crop
    clip = plant(portrait, [Plant((12,), "left", 6.0, 0.1, 0.4)], fps=50, duration_s=0.6)
    frames = list(clip.frames())
    apex = sample_crop(frames[clip.truth[0].interval.apex_frame], transform, PICTURE)
    shifted = np.roll(apex, 3, axis=1)
    for second in (apex, shifted):
        means = region_means(without_head_motion(first, second, mesh)[1], mesh)
        left, right = means["mouth_corner_left"], means["mouth_corner_right"]
        assert left[1] < -1
        assert left[0] > 0
        assert np.linalg.norm(right) < 0.35 * np.linalg.norm(left)


def test_region_motion_is_in_pixels_of_the_crop():
    vector = np.zeros((len(motion_regions()), 2))
    vector[3] = [0.02, -0.01]
    blank = {f.name: 0 for f in fields(Candidate)}
    one = Spotted(Interval.from_frames(0, 9, fps=30), 12, "left", Candidate(**{**blank, "vector": vector}))
    made = region_motion(one)
    assert made["regions"].tolist() == list(motion_regions())
    assert made["region_motion"].dtype == np.float32
    assert made["region_motion"][3] == pytest.approx([0.02 * CROP.iod, -0.01 * CROP.iod])
    assert np.count_nonzero(made["region_motion"]) == 2
