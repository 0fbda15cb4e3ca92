"""MM-COF: one picture of both phases of a micro-expression, weighed by how much moves (arXiv:2510.07810)."""

from typing import Any

import numpy as np

from fleeting.core import ShapeError, UsageError, check_finite


def mm_cof(
    there: np.ndarray,
    back: np.ndarray | None = None,
    *,
    share: float = 0.5,
    gamma: float = 0.5,
    least: float = 0.02,
    turn_back: bool = True,
    modulated: bool = True,
) -> np.ndarray:
    """Combine the flows of both phases into one descriptor (magnitude-modulated combined optical flow).

    Magnitudes of both phases are stretched to 0..1 and mixed to ``M``; the flows are mixed too, the second
    turned round (it runs back), and multiplied by ``M^gamma``, or 0 where ``M`` is below ``least``. That the
    magnitudes are stretched and mixed is what a digest of the paper says; the turn, ``gamma`` and ``least``
    are our reading.

    Parameters
    ----------
    there, back
        ``(..., H, W, 2)`` flow from onset to apex, and from apex to offset, any unit. Without the second, the
        first stands alone.
    share
        Of the first phase, 0..1.
    gamma, least
        See above.
    turn_back
        Whether the sign of the second is changed.
    modulated
        Whether magnitude weighs the flow at all.

    Returns
    -------
    numpy.ndarray
        ``(..., H, W, 3)`` float32: both components and ``M``, each stretched to 0..1 per picture.

    Raises
    ------
    ShapeError, UsageError
        For other shapes, a share outside 0..1.

    Examples
    --------
    >>> flow = np.zeros((1, 3, 2))
    >>> flow[0, 2] = 2.0, 1.0
    >>> mm_cof(flow, -flow)[0, :, 0].tolist()
    [0.0, 0.0, 1.0]
    """
    phases = [there] if back is None else [there, back]
    for one in phases:
        if one.ndim < 3 or one.shape[-1] != 2 or one.shape != there.shape:
            raise ShapeError(f"flow: expected (..., H, W, 2), both alike, got {one.shape}")
        check_finite(one, "flow")
    if not 0 <= share <= 1:
        raise UsageError(f"share: expected 0..1, got {share}")
    shares = [1.0] if back is None else [share, 1 - share]
    signs = (1.0, -1.0 if turn_back else 1.0)
    fields = [np.asarray(one, np.float64) for one in phases]
    size, flow = np.zeros(there.shape[:-1]), np.zeros(there.shape)
    for part, sign, field in zip(shares, signs, fields, strict=False):
        size += part * _stretched(np.linalg.norm(field, axis=-1))
        flow += part * sign * field
    if modulated:
        flow = flow * np.where(size < least, 0.0, np.power(np.maximum(size, 0), gamma))[..., None]
    planes = np.concatenate([np.moveaxis(flow, -1, 0), size[None]])
    return np.moveaxis(_stretched(planes), 0, -1).astype(np.float32)


def mm_cof_of_maps(maps: np.ndarray, returns: np.ndarray | None = None, **options: Any) -> np.ndarray:
    """Give the descriptor of flow maps, in the form of flow maps: any recogniser of those can take it.

    Parameters
    ----------
    maps, returns
        ``(N, H, W, 3)`` uint8 of onset to apex and of apex to offset, as `flow_map` makes them. They are
        stretched, so that the place of zero is lost; the median of each component is taken for it.
    **options
        Of `mm_cof`.

    Returns
    -------
    numpy.ndarray
        ``(N, H, W, 3)`` uint8.

    Examples
    --------
    >>> mm_cof_of_maps(np.zeros((2, 28, 28, 3), np.uint8)).shape
    (2, 28, 28, 3)
    """
    given = [maps] if returns is None else [maps, returns]
    flows = []
    for one in given:
        if one.ndim != 4 or one.shape[-1] < 2:
            raise ShapeError(f"maps: expected (N, H, W, 3), got {one.shape}")
        flow = one[..., :2].astype(np.float64) / 127.5
        flows.append(flow - np.median(flow, axis=(1, 2), keepdims=True))
    return np.round(255 * mm_cof(*flows, **options)).astype(np.uint8)


def _stretched(planes: np.ndarray) -> np.ndarray:
    """Stretch ``(..., H, W)`` planes to 0..1; a flat one becomes 0."""
    low, high = planes.min((-2, -1), keepdims=True), planes.max((-2, -1), keepdims=True)
    return np.asarray((planes - low) / np.where(high - low > 1e-9, high - low, np.inf))
