import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleeting.core import ShapeError, UsageError, check_finite, check_image, check_shape


def test_letters_are_given_back():
    assert check_shape(np.zeros((2, 3, 2)), ("N", "M", "N")) == {"N": 2, "M": 3}
    assert check_shape(np.zeros(()), ()) == {}
    assert check_shape([[1, 2], [3, 4]], (2, "K")) == {"K": 2}


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        ((3,), ("T", 2)),
        ((3, 2), ("T",)),
        ((3, 4), ("T", 2)),
        ((3, 4), ("N", "N")),
        ((2, 3, 3), ("N", "M", "N")),
    ],
)
def test_what_does_not_fit_is_said(shape, pattern):
    with pytest.raises(ShapeError) as caught:
        check_shape(np.zeros(shape), pattern, "curve")
    said = str(caught.value)
    assert said.startswith("curve: expected shape (")
    assert str(shape) in said
    assert all(str(part) in said for part in pattern)


@given(st.lists(st.integers(0, 4), max_size=4))
def test_every_shape_fits_itself(shape):
    array = np.zeros(shape)
    assert check_shape(array, tuple(shape)) == {}
    letters = tuple("ABCD"[: len(shape)])
    assert check_shape(array, letters) == dict(zip(letters, shape, strict=True))
    with pytest.raises(ShapeError):
        check_shape(array, (*letters, "E"))


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.zeros((4, 5), np.uint8), "shape"),
        (np.zeros((4, 5, 4), np.uint8), "shape"),
        (np.zeros((4, 5, 3)), "expected uint8 RGB, got float64"),
        (np.zeros((4, 5, 3), np.int8), "int8"),
    ],
)
def test_pictures(image, says):
    check_image(np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(ShapeError, match=says):
        check_image(image, "frame")


def test_numbers_that_are_none():
    check_finite(np.zeros((0, 3)))
    check_finite(np.array([1, 2]))
    with pytest.raises(ShapeError, match="track: 2 of 4 values are NaN or infinite"):
        check_finite(np.array([1.0, np.nan, -np.inf, 2]), "track")


def test_a_shape_error_can_be_caught_as_what_it_is():
    assert issubclass(ShapeError, UsageError)
    assert issubclass(ShapeError, ValueError)
