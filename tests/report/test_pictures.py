import base64

import cv2
import numpy as np
import pytest

from fleeting.core import ShapeError
from fleeting.report.pictures import amplified_difference, arrows_of, data_uri, face_mask, flow_picture

EVERYWHERE = np.ones((60, 40), bool)


def decoded(uri: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    image = cv2.imdecode(np.frombuffer(base64.b64decode(data, validate=True), np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def test_colours_come_through_in_order() -> None:
    image = np.zeros((60, 40, 3), np.uint8)
    image[:] = (200, 120, 40)
    back = decoded(data_uri(image))
    assert back.shape == image.shape and np.abs(back.astype(int) - image).max() <= 3


def test_a_line_of_one_pixel_keeps_its_colour() -> None:
    image = np.full((32, 32, 3), 180, np.uint8)
    image[16] = (200, 60, 60)
    back = decoded(data_uri(image)).astype(int)
    assert (back[16, :, 0] - back[16, :, 1]).mean() > 120  # 4:2:0 would leave about half


def test_large_pictures_shrink_and_small_ones_do_not_grow() -> None:
    large = np.full((1000, 500, 3), 77, np.uint8)
    assert decoded(data_uri(large)).shape == (320, 160, 3)
    assert decoded(data_uri(large, 100)).shape == (100, 50, 3)
    assert decoded(data_uri(np.zeros((8, 9), np.uint8))).shape == (8, 9)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)]
)
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="picture"):
        data_uri(image)


def test_difference_is_signed_around_mid_grey() -> None:
    onset = np.full((60, 40, 3), 100, np.uint8)
    apex = onset.copy()
    apex[:10] = 110
    apex[10:20] = 95
    image, gain = amplified_difference(onset, apex, EVERYWHERE)
    assert gain == 10  # 10 levels x 10 reach 100 from mid-grey; x 12 would pass it
    assert image[5, 5] == 228 and image[15, 5] == 78 and image[40, 5] == 128


def test_difference_weighs_colours_as_the_eye_does_and_is_cut() -> None:
    onset = np.zeros((60, 40, 3), np.uint8)
    apex = onset.copy()
    apex[:, :, 1] = 100  # green alone: 58.7 levels of luma
    image, gain = amplified_difference(onset, apex, EVERYWHERE)
    assert gain == 1 and int(image[0, 0]) == 187
    image, _ = amplified_difference(onset, np.full_like(onset, 255), EVERYWHERE)
    assert int(image[0, 0]) == 255


def test_the_background_does_not_set_the_gain() -> None:
    onset = np.full((60, 40, 3), 100, np.uint8)
    apex = onset.copy()
    apex[:, :20] = 250  # outside the face
    apex[:, 20:] = 105
    mask = EVERYWHERE.copy()
    mask[:, :20] = False
    assert amplified_difference(onset, apex, mask)[1] == 20
    assert amplified_difference(onset, apex, EVERYWHERE)[1] == 1


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"apex: expected shape \(8, 8, 3\), got \(9, 8, 3\)"):
        amplified_difference(
            np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8), np.ones((8, 8), bool)
        )


def test_the_mask_is_the_hull_or_everything() -> None:
    square = np.array([[5, 5], [14, 5], [14, 24], [5, 24], [9, 9.0]])
    mask = face_mask((30, 20), square)
    assert mask.sum() == 10 * 20 and mask[5:25, 5:15].all()
    assert face_mask((30, 20), None).all()
    assert face_mask((30, 20), square * np.nan).all()
    assert face_mask((30, 20), square + 500).all()  # a hull outside the picture says nothing


def test_arrows_are_scaled_from_the_grid_of_the_flow_to_the_picture() -> None:
    flow = np.zeros((30, 20, 2), np.float32)
    flow[..., 0] = 0.1
    arrows = arrows_of(flow, EVERYWHERE)  # the picture has twice the pixels
    assert arrows.motion == pytest.approx(np.tile([0.2, 0.0], (len(arrows.motion), 1)))
    assert arrows.longest == pytest.approx(0.1)
    assert len(arrows.tails) == 20 * 30 and arrows.gain == 20  # 4 px: two cells of 2 px
    assert arrows.tails[0].tolist() == [1.0, 1.0] and arrows.tails[-1].tolist() == [39.0, 59.0]


def test_weak_and_outside_arrows_are_left_out() -> None:
    flow = np.zeros((60, 40, 2), np.float32)
    flow[:30] = (0.0, -1.0)
    flow[30:] = (0.0, 0.05)
    arrows = arrows_of(flow, EVERYWHERE)
    assert len(arrows.tails) == 20 * 15 and arrows.tails[:, 1].max() < 30
    mask = EVERYWHERE.copy()
    mask[:30] = False
    arrows = arrows_of(flow, mask)
    assert arrows.longest == pytest.approx(0.05) and arrows.tails[:, 1].min() > 30


def test_still_or_broken_flow_draws_nothing() -> None:
    for flow in (np.zeros((6, 4, 2)), np.full((6, 4, 2), np.nan)):
        arrows = arrows_of(flow, EVERYWHERE)
        assert len(arrows.tails) == 0 and arrows.longest == 0
    with pytest.raises(ShapeError, match="flow"):
        arrows_of(np.zeros((6, 4)), EVERYWHERE)


def test_the_flow_picture_is_a_pale_onset_under_arrows() -> None:
    onset = np.full((60, 40, 3), 40, np.uint8)
    svg, arrows = flow_picture(onset, np.ones((60, 40, 2), np.float32), EVERYWHERE, "a < b")
    assert "a &lt; b" in svg and arrows.gain == 2
    start = svg.index("data:image")
    grey = decoded(svg[start : svg.index('"', start)])
    assert grey.ndim == 2 and abs(int(grey.mean()) - (255 - 215 * 0.55)) <= 2
