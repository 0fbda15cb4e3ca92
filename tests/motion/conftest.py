"""A still face that can be moved and bent by known amounts, frame by frame, without any renderer of ours."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import map_coordinates, spline_filter

from fleeting import facs
from fleeting.core import invert, transform_points

Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
STILL = np.eye(2, 3)


@dataclass
class StillFace:
    """A grey photograph ``(H, W)`` with the landmarks ``(468, 2)`` found in it."""

    gray: np.ndarray
    landmarks: np.ndarray

    def __post_init__(self) -> None:
        self.iod = float(facs.iod(self.landmarks))
        self.middle = self.landmarks.mean(0)
        self._spline = spline_filter(self.gray.astype(float), order=3)
        y, x = np.mgrid[: self.gray.shape[0], : self.gray.shape[1]]
        self._grid = np.stack([x, y], -1).astype(float)

    def pose(
        self, shift: tuple[float, float] = (0, 0), *, degrees: float = 0.0, scale: float = 1.0
    ) -> np.ndarray:
        """Similarity ``(2, 3)`` about the middle of the face; shift in percent of the eye distance."""
        c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
        turn = np.array([[c, -s], [s, c]])
        away = np.array(shift) / 100 * self.iod
        return np.column_stack([turn, self.middle - turn @ self.middle + away])

    def frame(
        self,
        pose: np.ndarray = STILL,
        bend: Field | None = None,
        *,
        noise: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """The photograph, bent (the pixel at p comes from p - bend(p)) and then moved; ``(H, W)`` uint8."""
        at = transform_points(invert(pose), self._grid)
        x, y = at[..., 0], at[..., 1]
        if bend is not None:
            dx, dy = bend(x, y)
            x, y = x - dx, y - dy
        picture = map_coordinates(self._spline, [y, x], order=3, prefilter=False, mode="nearest")
        if noise:
            assert rng is not None
            picture = picture + rng.normal(0, noise, picture.shape)
        return picture.clip(0, 255).round().astype(np.uint8)


@pytest.fixture(scope="session")
def still_face() -> StillFace:
    """The public-domain portrait, 200 x 190; eye distance 43 px, about that of the crop."""
    data = pytest.importorskip("skimage.data", reason="scikit-image (extra demo) holds the portrait")
    import cv2

    from fleeting.face import find_faces

    picture = np.ascontiguousarray(data.astronaut()[5:205, 130:320])
    (landmarks,) = find_faces(picture)
    return StillFace(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), landmarks[:, :2].astype(float))


@pytest.fixture(scope="session")
def waves():
    """A texture known at every point: ``waves(seed)(dx, dy)`` is it moved by (dx, dy), around 0, rms 1."""

    def make(seed: int, size: tuple[int, int] = (128, 112), shortest: float = 8.0):
        rng = np.random.default_rng(seed)
        length = np.exp(rng.uniform(np.log(shortest), np.log(50), 40))
        angle, phase = rng.uniform(0, 2 * np.pi, (2, 40))
        kx, ky = 2 * np.pi / length * np.cos(angle), 2 * np.pi / length * np.sin(angle)
        weight = np.sqrt(length / length.sum() * 2)  # skin is rougher at long waves
        y, x = np.mgrid[: size[0], : size[1]].astype(float)

        def at(dx: float = 0.0, dy: float = 0.0) -> np.ndarray:
            parts = zip(weight, kx, ky, phase, strict=True)
            return sum(w * np.sin(a * (x - dx) + b * (y - dy) + p) for w, a, b, p in parts)

        return at

    return make
