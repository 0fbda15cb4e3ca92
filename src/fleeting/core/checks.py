"""One vocabulary for checking arrays at the door of a function."""

import numpy as np

from fleeting.core.errors import ShapeError


def check_shape(array: np.ndarray, shape: tuple[int | str, ...], name: str = "array") -> dict[str, int]:
    """Check an array against a pattern such as ``("T", "L", 2)``.

    Parameters
    ----------
    array
        Any array.
    shape
        A number fixes an axis; a letter names it, and the same letter twice means the same length.
    name
        How the message calls the array.

    Returns
    -------
    dict
        Length of each lettered axis.

    Raises
    ------
    ShapeError
        With the expected and the actual shape.

    Examples
    --------
    >>> check_shape(np.zeros((5, 468, 2)), ("T", "L", 2))
    {'T': 5, 'L': 468}
    """
    actual = np.shape(array)
    wanted = "(" + ", ".join(str(s) for s in shape) + ")"
    sizes: dict[str, int] = {}
    fits = len(actual) == len(shape)
    for want, got in zip(shape, actual, strict=False):
        expected = sizes.setdefault(want, got) if isinstance(want, str) else want
        fits = fits and expected == got
    if not fits:
        raise ShapeError(f"{name}: expected shape {wanted}, got {actual}")
    return sizes


def check_image(image: np.ndarray, name: str = "image") -> None:
    """Check for a ``uint8`` RGB picture ``(H, W, 3)``; raises ShapeError.

    Examples
    --------
    >>> check_image(np.zeros((4, 6, 3), np.uint8))
    """
    check_shape(image, ("H", "W", 3), name)
    if image.dtype != np.uint8:
        raise ShapeError(f"{name}: expected uint8 RGB, got {image.dtype}; scale it to 0..255 first")


def check_finite(array: np.ndarray, name: str = "array") -> None:
    """Raise ShapeError where an array holds NaN or infinity.

    Examples
    --------
    >>> check_finite(np.ones(3))
    """
    bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise ShapeError(f"{name}: {bad} of {np.size(array)} values are NaN or infinite")
