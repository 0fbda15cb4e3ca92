"""Dense flow and strain against fields that can be written down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from fleeting.core import ShapeError
from fleeting.motion import dis_flow, strain

SIZE = (128, 112)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]].astype(float)
INNER = (slice(16, -16), slice(16, -16))


def grey(texture: np.ndarray) -> np.ndarray:
    return (128 + 35 * texture).clip(0, 255).round().astype(np.uint8)


def linear(matrix: list[list[float]]) -> np.ndarray:
    """Flow ``(H, W, 2)`` that is a matrix times the place, about the middle."""
    place = np.stack([X - 55.5, Y - 63.5], -1)
    return place @ np.array(matrix).T


def even(x: float, y: float) -> np.ndarray:
    return np.broadcast_to(np.array([x, y]), (*SIZE, 2))


FIELDS = {
    "right": even(1.0, 0),
    "down": even(0, 1.5),
    "sub-pixel": even(-0.5, 0.4),
    "turn": linear([[0, -0.03], [0.03, 0]]),
    "growth": linear([[0.03, 0], [0, 0.03]]),
    "shear": linear([[0, 0.04], [0, 0]]),
}


@pytest.mark.parametrize("name", FIELDS)
def test_flow_of_a_known_field(waves, name):
    field = FIELDS[name]
    first = waves(1, SIZE)()
    # The second picture shows at p + field(p) what the first shows at p: solve for p by iteration.
    px, py = X.copy(), Y.copy()
    for _ in range(30):
        dx = map_coordinates(field[..., 0], [py, px], order=1, mode="nearest")
        dy = map_coordinates(field[..., 1], [py, px], order=1, mode="nearest")
        px, py = X - dx, Y - dy
    second = map_coordinates(first, [py, px], order=3, mode="nearest")
    found = dis_flow(grey(first), grey(second))
    assert found.dtype == np.float32
    error = np.linalg.norm(found - field, axis=-1)[INNER]
    length = np.linalg.norm(field, axis=-1)[INNER]
    assert error.mean() < 0.05 + 0.1 * length.mean()
    assert (found[INNER] * field[INNER]).sum() / (field[INNER] ** 2).sum() == pytest.approx(1, abs=0.1)


def test_no_motion_no_flow(waves):
    picture = grey(waves(0, SIZE)())
    assert np.abs(dis_flow(picture, picture)).max() == 0


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (np.zeros((20, 30), np.uint8), np.zeros((20, 31), np.uint8), "second"),
        (np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30, 3), np.uint8), "first"),
        (np.zeros((20, 30), np.float32), np.zeros((20, 30), np.uint8), "uint8"),
        (np.zeros((15, 30), np.uint8), np.zeros((15, 30), np.uint8), "16 x 16"),
    ],
)
def test_pictures_are_checked(first, second, says):
    with pytest.raises(ShapeError, match=says):
        dis_flow(first, second)


def test_read_only_pictures_are_taken():
    """As the decoder gives them, and views whose rows lie apart."""
    wide = np.random.default_rng(0).integers(0, 255, (40, 80), np.uint8)
    wide.setflags(write=False)
    first, second = wide[:, :50], wide[:, 5:55]
    assert np.array_equal(dis_flow(first, second), dis_flow(first.copy(), second.copy()))


# --- strain -------------------------------------------------------------------------------------------

numbers = st.floats(-0.2, 0.2)
without_hurry = settings(deadline=None)


@without_hurry
@given(numbers, numbers, numbers, numbers)
def test_strain_of_a_linear_field_is_the_formula(a, b, c, d):
    """u = a x + b y, v = c x + d y: sqrt(a^2 + d^2 + (b + c)^2 / 2) everywhere, the rim included."""
    found = strain(linear([[a, b], [c, d]]).astype(np.float32))
    assert np.abs(found - np.sqrt(a * a + d * d + 0.5 * (b + c) ** 2)).max() < 1e-4


@without_hurry
@given(numbers, st.tuples(numbers, numbers))
def test_a_stiff_motion_has_no_strain(turn, shift):
    assert strain((linear([[0, -turn], [turn, 0]]) + shift).astype(np.float32)).max() < 1e-5


def test_strain_by_hand():
    for matrix, wanted in (
        ([[0.3, 0], [0, 0]], 0.3),
        ([[0, 0], [0, -0.4]], 0.4),
        ([[0.3, 0], [0, 0.4]], 0.5),
        ([[0, 0.2], [0, 0]], 0.2 / np.sqrt(2)),
        ([[0, 0.2], [0.2, 0]], 0.4 / np.sqrt(2)),
    ):
        assert strain(linear(matrix))[60, 50] == pytest.approx(wanted)


def test_strain_of_a_wave():
    """u = sin(k x): strain = k |cos(k x)|; central differences err by (k h)^2 / 6 of it."""
    k = 2 * np.pi / 40
    field = np.stack([np.sin(k * X), 0 * X], -1)
    wrong = strain(field) - k * np.abs(np.cos(k * X))
    assert np.abs(wrong[INNER]).max() < k**3 / 6 + 1e-6


def test_strain_does_not_mind_which_way_is_up():
    field = np.random.default_rng(0).normal(size=(*SIZE, 2))
    turned = np.stack([-np.rot90(field[..., 1], -1), np.rot90(field[..., 0], -1)], -1)  # a quarter clockwise
    assert np.abs(strain(turned) - np.rot90(strain(field), -1)).max() < 1e-6


def test_strain_checks_its_field():
    with pytest.raises(ShapeError, match="flow"):
        strain(np.zeros((20, 30, 3)))
