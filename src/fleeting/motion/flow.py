"""Dense optical flow of aligned crops, and strain."""

import cv2
import numpy as np

from fleeting.core import ShapeError, check_shape


def dis_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dense flow by DIS at its MEDIUM preset (Kroeger et al., ECCV 2016; OpenCV).

    Parameters
    ----------
    first, second
        ``(H, W)`` uint8 grey, the same size, at least 16 pixels each way.

    Returns
    -------
    ``(H, W, 2)`` float32: x right, y down, pixels, from the first picture to the second.

    Raises
    ------
    ShapeError
        Where sizes or types differ.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> wave = lambda dx: (128 + 60 * np.sin((x - dx) / 4) + 60 * np.cos(y / 5)).astype(np.uint8)
    >>> flow = dis_flow(wave(0), wave(1))
    >>> bool(abs(flow[16:48, 16:48, 0].mean() - 1) < 0.1)
    True
    """
    sizes = check_shape(first, ("H", "W"), "first")
    check_shape(second, (sizes["H"], sizes["W"]), "second")
    if first.dtype != np.uint8 or second.dtype != np.uint8:
        raise ShapeError(f"expected uint8 grey pictures, got {first.dtype} and {second.dtype}")
    if min(first.shape) < 16:
        raise ShapeError(f"expected at least 16 x 16 pixels, got {first.shape}")
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    field = np.zeros((*first.shape, 2), np.float32)
    # DIS takes no views with gaps between rows, as crops and decoded pictures are
    return np.asarray(engine.calc(np.ascontiguousarray(first), np.ascontiguousarray(second), field))


def strain(flow: np.ndarray) -> np.ndarray:
    """Size of the infinitesimal strain of a flow: ``sqrt(u_x² + v_y² + ½ (u_y + v_x)²)``.

    Source: Shreve et al., FG 2011, as the field writes it. Derivatives are central differences.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels.

    Returns
    -------
    ``(H, W)`` float32, per pixel.

    Examples
    --------
    >>> y, x = np.mgrid[:8, :8].astype(np.float32)
    >>> stretched = np.stack([0.1 * x, 0 * y], -1)
    >>> round(float(strain(stretched)[4, 4]), 3)
    0.1
    """
    check_shape(flow, ("H", "W", 2), "flow")
    u_y, u_x = np.gradient(flow[..., 0])
    v_y, v_x = np.gradient(flow[..., 1])
    return np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2).astype(np.float32)
