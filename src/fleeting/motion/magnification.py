"""Motion magnification: a movement too small to see is shown larger, so that a person can judge it.

Lagrangian (Liu et al., SIGGRAPH 2005, in its simplest form): the flow from a reference frame to each frame is
measured, what the head does as a whole is taken out, the rest is multiplied, and the frame is drawn again
with every point moved that much further. Unlike the linear Eulerian kind it also bears motions of several
pixels, and it makes no noise louder where nothing moves; but it can show only what the flow has seen.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from fleeting.core import UsageError, check_image, check_shape
from fleeting.motion.flow import dis_flow

MOST_GAIN = 50.0
SMOOTH = 0.015  # of the width: Gaussian over the local flow, so that its noise is not drawn as wobble
STILL_PX = 0.06  # motion below this is taken as none; about the noise of the flow in a quiet crop
SOFT_PX = 0.5  # residuals beyond this count less for the motion of the whole
INVERSIONS = 6


def magnify(
    reference: np.ndarray, frames: Iterable[np.ndarray], gain: float, *, mask: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Show the motion from a reference frame enlarged, frame by frame.

    Parameters
    ----------
    reference
        ``(H, W, 3)`` uint8 RGB aligned crop, mostly the onset.
    frames
        Crops of the same geometry.
    gain
        1..50: a point that moved by ``d`` pixels is shown moved by ``gain`` times what the flow saw of
        ``d``, which is 0.7 to 0.95 of it (measured on drawn motions of 0.3 to 1 pixel).
    mask
        ``(H, W)`` bool, where the face is: the motion of the whole is fitted there. All by default.

    Yields
    ------
    numpy.ndarray
        ``(H, W, 3)`` uint8; the motion of the whole (shift, scale, shear, turn) is taken out.

    Raises
    ------
    UsageError
        For a gain that is not in 1..50.
    ShapeError
        For frames of another shape.

    Examples
    --------
    >>> still = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    >>> shown = next(magnify(still, [still], 10))
    >>> bool((shown == still).all())
    True
    """
    check_image(reference, "reference")
    if not 1 <= gain <= MOST_GAIN:
        raise UsageError(f"gain: expected 1..{MOST_GAIN:g}, got {gain}")
    where = np.ones(reference.shape[:2], bool) if mask is None else mask
    check_shape(where, reference.shape[:2], "mask")
    return _magnified(reference, frames, gain, where)


def _magnified(
    reference: np.ndarray, frames: Iterable[np.ndarray], gain: float, mask: np.ndarray
) -> Iterator[np.ndarray]:
    grey = cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY)
    for frame in frames:
        check_shape(frame, reference.shape, "frame")
        flow = dis_flow(grey, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        yield _drawn(frame, flow, gain * local_motion(flow, mask))


def local_motion(flow: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Take the motion of the whole out of a flow, and its noise.

    An affine field is fitted robustly inside the mask (weights ``1 / (1 + e² / c²)²``) and taken away; what
    is left is smoothed and pulled towards nothing where it is as weak as noise.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels.
    mask
        ``(H, W)`` bool.

    Returns
    -------
    numpy.ndarray
        ``(H, W, 2)`` float32 pixels.

    Examples
    --------
    >>> shifted = np.full((32, 32, 2), 3.0, np.float32)
    >>> bool(np.abs(local_motion(shifted, np.ones((32, 32), bool))).max() < 1e-3)
    True
    """
    sizes = check_shape(flow, ("H", "W", 2), "flow")
    rest = flow - _whole_motion(flow, mask)
    sigma = SMOOTH * sizes["W"]
    smooth = cv2.GaussianBlur(rest, (0, 0), max(sigma, 0.5))
    length = np.linalg.norm(smooth, axis=-1, keepdims=True)
    return np.asarray(smooth * (length**2 / (length**2 + STILL_PX**2)), np.float32)


def _whole_motion(flow: np.ndarray, mask: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    basis = np.stack([np.ones_like(x), x / width - 0.5, y / height - 0.5], -1)
    inside = mask if mask.sum() >= 16 else np.ones_like(mask)
    rows, wanted = basis[inside], flow[inside]
    fitted = np.zeros((3, 2))
    fitted[0] = np.median(wanted, axis=0)
    for _ in range(5):
        error = ((wanted - rows @ fitted) ** 2).sum(-1)
        weight = 1 / (1 + error / SOFT_PX**2) ** 2
        weighted = rows * weight[:, None]
        fitted = np.linalg.solve(weighted.T @ rows + 1e-6 * np.eye(3), weighted.T @ wanted)
    return np.asarray(basis @ fitted, np.float32)


def _drawn(frame: np.ndarray, flow: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Draw a frame so that the point ``x`` of the reference, now at ``x + flow``, stands at ``x + shift``."""
    height, width = shift.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    at = np.stack([x, y], -1)
    source = at.copy()
    for _ in range(INVERSIONS):  # fixed point of source = at - shift(source)
        source = at - _sampled(shift, source)
    place = source + _sampled(flow, source)
    return cv2.remap(frame, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _sampled(field: np.ndarray, at: np.ndarray) -> np.ndarray:
    return cv2.remap(field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
