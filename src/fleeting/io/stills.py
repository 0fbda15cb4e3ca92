"""Single pictures as JPEG and PNG bytes, for a page."""

import numpy as np

from fleeting.core import InputError, UsageError, check_image

QUALITY = 88
LARGEST = 8192  # pixels; nobody's screen is wider


def jpeg(image: np.ndarray, *, width: int | None = None, quality: int = QUALITY) -> bytes:
    """Pack a picture as JPEG with full colour resolution.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    width
        Shrink to this width in pixels; a smaller picture is left as it is.
    quality
        1..100.

    Raises
    ------
    UsageError
        For a width that is not in 1..8192.

    Examples
    --------
    >>> jpeg(np.zeros((8, 8, 3), np.uint8))[:2].hex()
    'ffd8'
    """
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _packed(".jpg", shrunk(image, width), options)


def png(image: np.ndarray, *, width: int | None = None) -> bytes:
    r"""Pack a picture as PNG: exact; see `jpeg`.

    Examples
    --------
    >>> png(np.zeros((8, 8, 3), np.uint8))[:4]
    b'\x89PNG'
    """
    return _packed(".png", shrunk(image, width), [])


def shrunk(image: np.ndarray, width: int | None) -> np.ndarray:
    """Shrink a picture to a width, proportions kept.

    Examples
    --------
    >>> shrunk(np.zeros((40, 60, 3), np.uint8), 30).shape
    (20, 30, 3)
    """
    import cv2

    check_image(image, "picture")
    if width is not None and not 1 <= width <= LARGEST:
        raise UsageError(f"width: expected 1..{LARGEST} pixels, got {width}")
    if width is None or width >= image.shape[1]:
        return image
    size = (width, max(1, round(image.shape[0] * width / image.shape[1])))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _packed(ending: str, image: np.ndarray, options: list[int]) -> bytes:
    import cv2

    done, data = cv2.imencode(ending, cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR), options)
    if not done:
        raise InputError("picture", f"of shape {image.shape} cannot be packed", "ask for a smaller width")
    return bytes(data.tobytes())
