"""How far each region of the face has moved, measured directly from the picture.

Dense flow methods weigh a smooth field against the picture and so shrink motions of a tenth of a
pixel by half. Here each region is registered as a whole, by one Gauss-Newton step of Lucas and
Kanade (IJCAI 1981) with a gain and an offset for the light, and two more where it moved far: within 6 %
of the truth up to 3 px (7 % of the eye distance) where there is texture, at a tenth of the cost of dense
flow. Dense flow is taken where this first look saw something.
"""

import cv2
import numpy as np
from scipy import sparse

from fleeting.core import check_shape

SMOOTHING = 0.034  # of the eye distance: widens the range in which one step suffices
LIGHT = 0.2  # of the eye distance: slower changes of brightness than this are light, not face
DARK = 16.0  # grey levels; keeps dark corners from being amplified
RIDGE = 5e-6  # mean squared gradient; pulls a region without texture to "not moved"
LINEAR = 0.02  # of the eye distance: further motion is measured again from where the first step led
STEPS = 2  # ... so many times
EVEN = 0.06  # of the eye distance: surroundings within which contrast is evened out
EVEN_GRADIENT = 0.006  # gradient at which evening out begins: about that of noise


def normalise(crop: np.ndarray, iod: float) -> np.ndarray:
    """Take smooth lighting out of a grey crop.

    ``(blur(I) - 0) / (slow blur(I) + dark)``: a local contrast that a multiplied light leaves alone.

    Parameters
    ----------
    crop
        ``(H, W)`` uint8 or float32.
    iod
        Eye distance in pixels of the crop.

    Returns
    -------
    ``(H, W)`` float32, around 1.

    Examples
    --------
    >>> round(float(normalise(np.full((9, 9), 100, np.uint8), 44).mean()), 3)
    0.862
    """
    check_shape(crop, ("H", "W"), "crop")
    picture = crop.astype(np.float32)
    light = cv2.blur(cv2.blur(picture, (_odd(LIGHT * iod), _odd(LIGHT * iod))), (_odd(LIGHT * iod),) * 2)
    return cv2.GaussianBlur(picture, (0, 0), SMOOTHING * iod) / (light + np.float32(DARK))


def _odd(size: float) -> int:
    return int(size) | 1


class Regions:
    """Pixels of every region, in the form that `make_reference` wants.

    Parameters
    ----------
    masks
        ``(R, H, W)``; non-zero pixels belong to a region. An empty region always answers "not moved".

    Examples
    --------
    >>> Regions(np.ones((2, 4, 5))).count
    2
    """

    def __init__(self, masks: np.ndarray) -> None:
        sizes = check_shape(masks, ("R", "H", "W"), "masks")
        self.size = (sizes["H"], sizes["W"])
        self.count = sizes["R"]
        lists = [np.flatnonzero(mask) for mask in masks]
        lists = [pixels if len(pixels) else np.zeros(1, int) for pixels in lists]
        self.empty = np.array([not mask.any() for mask in masks])
        self.lengths = np.array([len(pixels) for pixels in lists])
        self.pixels = np.concatenate(lists)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.columns = np.concatenate([np.tile(pixels, 2) for pixels in lists]).astype(np.int32)
        self.rows = np.concatenate([[0], np.cumsum(np.repeat(self.lengths, 2))]).astype(np.int32)
        self.boxes = [_box(pixels, sizes["W"]) for pixels in lists]


def _box(pixels: np.ndarray, width: int) -> tuple[np.ndarray, tuple[int, int], np.ndarray, np.ndarray]:
    """Corner x, y and size of the box around pixels, the pixels, and where they are in the box."""
    x, y = pixels % width, pixels // width
    low, size = np.array([x.min(), y.min()]), (int(np.ptp(x)) + 1, int(np.ptp(y)) + 1)
    return low, size, pixels, (y - low[1]) * size[0] + x - low[0]


class Reference:
    """A picture against which regions are registered; made by `make_reference`."""

    def __init__(self, picture: np.ndarray, regions: Regions, iod: float) -> None:
        self.picture = picture
        self.regions = regions
        self.iod = iod
        self._operator = _operator(picture, regions, iod)

    def displacements(self, picture: np.ndarray) -> np.ndarray:
        """Measure the motion ``(R, 2)`` in pixels (x right, y down) from the reference to a normalised crop.

        A region that has moved by more than `LINEAR` is measured again on the picture moved back by what was
        found, so that a small movement on top of a large one (or of a head that has gone) keeps its size.
        """
        check_shape(picture, self.regions.size, "picture")
        picture = np.ascontiguousarray(picture, np.float32)
        moved = (self._operator @ (self.picture - picture).ravel()).reshape(-1, 2)
        for region in np.flatnonzero(np.abs(moved).max(1) > LINEAR * self.iod):
            for _ in range(STEPS):
                moved[region] += self._step(picture, int(region), moved[region])
        return moved

    def _step(self, picture: np.ndarray, region: int, moved: np.ndarray) -> np.ndarray:
        """Motion ``(2,)`` of one region that is left when the picture is moved back by ``moved``."""
        low, size, pixels, here = self.regions.boxes[region]
        centre = low + moved + (np.array(size) - 1) / 2
        there = cv2.getRectSubPix(picture, size, (float(centre[0]), float(centre[1])))
        start = 2 * self.regions.starts[region]
        rows = self._operator.data[start : start + 2 * len(pixels)].reshape(2, -1)
        return rows @ (self.picture.ravel()[pixels] - there.ravel()[here])


def make_reference(picture: np.ndarray, regions: Regions, iod: float) -> Reference:
    """Prepare the registration of regions against a normalised crop.

    For the pixels of a region, ``I_t - I_0 = -(g . d) + a I_0 + b`` is solved for the displacement
    ``d`` with a gain ``a`` and an offset ``b``, by ridge least squares.

    Parameters
    ----------
    picture
        ``(H, W)`` float32 from `normalise`.
    regions
        Pixels of the regions.
    iod
        Eye distance in pixels of the crop.

    Raises
    ------
    ShapeError
        Where masks and picture differ in size.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64].astype(np.float32)
    >>> wave = lambda dx: 1 + 0.1 * np.sin((x - dx) / 5) + 0.1 * np.cos(y / 5)
    >>> reference = make_reference(wave(0), Regions(np.ones((1, 64, 64))), 44.0)
    >>> reference.displacements(wave(0.3)).round(1) + 0.0
    array([[0.3, 0. ]], dtype=float32)
    """
    check_shape(picture, regions.size, "picture")
    return Reference(picture, regions, iod)


def _operator(picture: np.ndarray, regions: Regions, iod: float) -> sparse.csr_matrix:
    """Sparse ``(2 R, H W)`` that turns a picture difference into displacements."""
    gx = cv2.Scharr(picture, cv2.CV_32F, 1, 0).ravel() / 32
    gy = cv2.Scharr(picture, cv2.CV_32F, 0, 1).ravel() / 32
    flat, pixels = picture.ravel(), regions.pixels
    design = np.stack([gx[pixels], gy[pixels], flat[pixels], np.ones(len(pixels), np.float32)], 1).astype(
        float
    )
    # An edge that stands still (the jaw against the neck) must not drown soft skin that moves: pixels
    # count by how they differ from their surroundings, not by how strong the edges there are.
    energy = cv2.GaussianBlur((gx**2 + gy**2).reshape(picture.shape), (0, 0), EVEN * iod).ravel()
    weight = (EVEN_GRADIENT**2 / (energy[pixels] + EVEN_GRADIENT**2)).astype(float)
    # about the region's mean, so that offset and gain are well told apart
    mean = np.add.reduceat(design[:, 2], regions.starts) / regions.lengths
    design[:, 2] -= np.repeat(mean, regions.lengths)
    weighted = design * weight[:, None]
    normal = np.add.reduceat(weighted[:, :, None] * design[:, None, :], regions.starts)
    pull = RIDGE * np.add.reduceat(weight, regions.starts)
    ridge = pull[:, None] * np.array([1.0, 1.0, 0, 0]) + 1e-9
    inverse = np.linalg.inv(normal + ridge[:, :, None] * np.eye(4))[:, :2]  # (R, 2, 4)
    inverse[regions.empty] = 0
    solved = np.einsum("pij,pj->ip", np.repeat(inverse, regions.lengths, axis=0), weighted).astype(np.float32)
    ends = regions.starts + regions.lengths
    values = np.concatenate([solved[:, a:b].ravel() for a, b in zip(regions.starts, ends, strict=True)])
    return sparse.csr_matrix((values, regions.columns, regions.rows), shape=(2 * regions.count, flat.size))
