import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import ShapeError
from fleeting.facs import TWELVE_UNITS, au_masks, au_regions, neutral_mesh, patch_cover, region_masks

FACE = neutral_mesh()[:, :2] * 100 + (112, 95)
SIZE = (224, 224)


def test_masks_of_units_are_the_union_of_their_regions():
    masks = au_masks(FACE, SIZE)
    assert masks.shape == (12, *SIZE)
    for au, mask in zip(TWELVE_UNITS, masks, strict=True):
        np.testing.assert_array_equal(mask, region_masks(FACE, SIZE, au_regions(au)).any(axis=0))
    upper, lower = masks[:6].any(axis=0), masks[8:].any(axis=0)
    assert np.argwhere(upper)[:, 0].mean() < 95 + 20 < np.argwhere(lower)[:, 0].mean()


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.randoms())
def test_cover_of_whole_pixels_is_the_block_mean(rows, columns, high, wide, random):
    mask = np.array([[random.random() < 0.5 for _ in range(columns * wide)] for _ in range(rows * high)])
    blocks = mask.reshape(rows, high, columns, wide).mean(axis=(1, 3))
    np.testing.assert_allclose(patch_cover(mask, (rows, columns)), blocks)


@given(st.integers(3, 11), st.integers(3, 11), st.integers(1, 3), st.integers(1, 3))
def test_cover_of_cut_pixels_against_enlarging_every_pixel(height, width, rows, columns):
    mask = np.random.default_rng(height * 100 + width).random((height, width))
    enlarged = np.kron(mask, np.ones((rows, columns)))  # each pixel rows x columns: patches are whole again
    blocks = enlarged.reshape(rows, height, columns, width).mean(axis=(1, 3))
    np.testing.assert_allclose(patch_cover(mask, (rows, columns)), blocks)


def test_cover_keeps_the_mean_and_stacks():
    masks = region_masks(FACE, SIZE)
    cover = patch_cover(masks, (14, 14))
    assert cover.shape == (len(masks), 14, 14)
    np.testing.assert_allclose(cover.mean(axis=(1, 2)), masks.mean(axis=(1, 2)))
    assert cover.min() >= 0 and cover.max() <= 1 + 1e-12


@pytest.mark.parametrize("grid", [(0, 4), (300, 4)])
def test_impossible_grids(grid):
    with pytest.raises(ShapeError, match="grid"):
        patch_cover(np.zeros(SIZE), grid)


def test_masks_need_two_axes():
    with pytest.raises(ShapeError):
        patch_cover(np.zeros(5), (1, 1))
