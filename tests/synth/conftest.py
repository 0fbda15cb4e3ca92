"""A face without a photograph: the neutral mesh, made uneven, on a smooth random texture."""

import numpy as np
import pytest

IOD_PX = 48.0
SIZE = (168, 152)  # height, width
ORIGIN = (76.3, 59.6)  # midway between the eyes


def face_marks(*, uneven: bool = True) -> np.ndarray:
    """Landmarks ``(468, 2)`` in pixels of the test picture."""
    from fleeting.facs import neutral_mesh

    points = neutral_mesh()[:, :2].copy()
    if uneven:  # a lopsided face: nothing in a test may lean on symmetry by chance
        x, y = points.T
        points = np.stack([x * 1.03 + 0.02 * y * x, y + 0.015 * np.sin(3 * x) + 0.02 * x], 1)
    return points * IOD_PX + ORIGIN


def texture(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Skin-like smooth noise, ``(H, W, 3)`` uint8."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).normal(size=(*size, 3))
    fine, coarse = gaussian_filter(noise, (1.3, 1.3, 0)), gaussian_filter(noise, (8, 8, 0))
    picture = 128 + 25 * fine / fine.std() + 20 * coarse / coarse.std()
    return picture.clip(0, 255).round().astype(np.uint8)


@pytest.fixture(scope="session")
def marks() -> np.ndarray:
    return face_marks()


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    return texture()


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """The public-domain portrait of scikit-image, cut to the head: 300 x 300."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    return np.ascontiguousarray(data.astronaut()[0:300, 70:370])
