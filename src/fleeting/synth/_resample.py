"""One look-up per output pixel from a source refined beforehand: motion stays smooth and sharp.

OpenCV's cubic and Lanczos look-ups round positions to 1/32 pixel and shift them by up to 0.05; its bilinear
one is exact. So the source is refined four times by a cubic spline through its pixels, kept to 1/256 of a
grey level, and then read bilinearly. A pixel that does not move is returned bit for bit, since the refined
picture passes through every original pixel.
"""

import numpy as np

_TAPS = 8  # on each side; the spline's weights fall by 0.27 a pixel
_POLE = (
    np.sqrt(3.0) - 2.0
)  # of the cubic spline's recursive filter (Unser, IEEE Signal Processing Magazine 1999)
_DEPTH = 256  # steps of a grey level
_MOST_PIXELS = 1_500_000  # of the source, above which it is refined twice instead of four times


def spline_taps(phase: float) -> np.ndarray:
    """Weights ``(2 * 8,)`` of the pixels -7..8 around a point ``phase`` (0..1) after pixel 0.

    They are the cubic B-spline convolved with its own inverse, cut off and made to sum to 1.

    Examples
    --------
    >>> spline_taps(0.5)[6:10].round(2).tolist()
    [-0.13, 0.6, 0.6, -0.13]
    """
    offset = np.arange(-_TAPS + 1, _TAPS + 1)
    far = np.arange(-24, 25)
    inverse = -6 * _POLE / (1 - _POLE**2) * _POLE ** np.abs(far)
    x = np.abs(phase - offset[:, None] - far[None] * 1.0)
    spline = np.where(x < 1, 2 / 3 - x * x * (1 - x / 2), np.clip(2 - x, 0, None) ** 3 / 6)
    taps = (spline * inverse).sum(1)
    taps[np.abs(taps) < 1e-9] = 0
    return taps / taps.sum()


def refine(image: np.ndarray, factor: int) -> np.ndarray:
    """Refine a picture so that original pixel ``(x, y)`` lies at ``(factor x, factor y)``.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8.
    factor
        2 or 4, say.

    Returns
    -------
    numpy.ndarray
        ``(factor (H - 1) + 1, factor (W - 1) + 1, 3)`` uint16, grey levels times 256.
    """
    height, width = image.shape[:2]
    source = image.astype(np.float32) * _DEPTH
    fine = np.empty((factor * height, factor * width, image.shape[2]), np.float32)
    for i in range(factor):
        column = _filter(source, spline_taps(i / factor), along_x=True)
        for j in range(factor):
            fine[j::factor, i::factor] = _filter(column, spline_taps(j / factor), along_x=False)
    fine = fine[: factor * (height - 1) + 1, : factor * (width - 1) + 1]
    np.clip(fine, 0, 255 * _DEPTH, out=fine)
    return np.rint(fine, out=fine).astype(np.uint16)


def _filter(image: np.ndarray, taps: np.ndarray, *, along_x: bool) -> np.ndarray:
    import cv2

    if np.count_nonzero(taps) == 1:
        return image
    kernel = taps.astype(np.float32).reshape((1, -1) if along_x else (-1, 1))
    anchor = (_TAPS - 1, 0) if along_x else (0, _TAPS - 1)
    return cv2.filter2D(image, -1, kernel, anchor=anchor, borderType=cv2.BORDER_REFLECT_101)


class Resampler:
    """Read a picture at any place.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    where
        Rows and columns from which pixels will be read; the whole picture by default.
    """

    def __init__(self, image: np.ndarray, where: tuple[slice, slice] | None = None) -> None:
        margin = _TAPS
        rows, columns = where or (slice(0, image.shape[0]), slice(0, image.shape[1]))
        top, left = max(0, rows.start - margin), max(0, columns.start - margin)
        piece = image[top : rows.stop + margin, left : columns.stop + margin]
        self._origin = left, top
        self._factor = 4 if piece.shape[0] * piece.shape[1] <= _MOST_PIXELS else 2
        self._fine = refine(piece, self._factor)

    def read(self, x: np.ndarray, y: np.ndarray, light: np.ndarray | None = None) -> np.ndarray:
        """Read the source at ``(h, w)`` float32 positions in its pixels: ``(h, w, 3)`` uint8.

        ``light`` ``(h, w)`` float32 multiplies what was read.
        """
        import cv2

        left, top = self._origin
        found = cv2.remap(
            self._fine,
            (x - np.float32(left)) * np.float32(self._factor),
            (y - np.float32(top)) * np.float32(self._factor),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        if light is not None:
            found = cv2.multiply(found, cv2.merge([light] * 3), dtype=cv2.CV_16U)
        return cv2.convertScaleAbs(found, alpha=1 / _DEPTH)
