"""The public-domain portrait, and pictures put together from it."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """512 x 512, one smiling face with an eye distance of 43 px."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="session")
def head(portrait: np.ndarray) -> np.ndarray:
    """The head of the portrait, 180 x 170, eyes level."""
    return np.ascontiguousarray(portrait[20:200, 140:310])


@pytest.fixture(scope="session")
def paste():
    """Put pictures on a grey wall: ``paste((height, width), (picture, x, y), ...)``."""

    def put(size: tuple[int, int], *items: tuple[np.ndarray, int, int]) -> np.ndarray:
        wall = np.full((*size, 3), 120, np.uint8)
        for picture, x, y in items:
            wall[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        return wall

    return put


@pytest.fixture(scope="session")
def resize():
    """Shrink or enlarge a picture."""

    def change(picture: np.ndarray, scale: float) -> np.ndarray:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)

    return change
