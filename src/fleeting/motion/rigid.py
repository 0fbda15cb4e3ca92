"""Head motion: what a stiff, shallow relief of the face does to all regions at once.

A small turn of the head moves near points (the nose) more than far ones (the temples). To first
order a region at ``(x, y)`` and depth ``z`` moves by::

    dx = tx + s x - r y + yaw   z
    dy = ty + s y + r x + pitch z

(weak perspective; shift, scale, roll, yaw, pitch). The six numbers are fitted robustly over the
regions of a frame, so that a region that moves by itself does not count.
"""

import numpy as np

from fleeting.core import check_shape

PARAMETERS = ("tx", "ty", "scale", "roll", "yaw", "pitch")
SOFT_PX = 0.12  # residuals (px of the crop, 44 px eye distance) beyond this lose weight
ITERATIONS = 4
CHUNK = 2048
# Spread that the parameters are expected to have within one reference (px, or px per eye distance).
PRIOR_SIGMA = np.array([20.0, 20.0, 3.0, 3.0, 1.5, 1.5])


def relief(centres: np.ndarray, depth: np.ndarray, iod: float) -> np.ndarray:
    """Build the ``(R, 2, 6)`` matrices from the six head-motion numbers to the motion of each region.

    Parameters
    ----------
    centres
        ``(R, 2)`` pixels from the point midway between the eyes.
    depth
        ``(R,)`` pixels, smaller is nearer.
    iod
        Eye distance in pixels: positions are divided by it, so all six numbers are in pixels.

    Examples
    --------
    >>> relief(np.array([[44.0, 0.0]]), np.zeros(1), 44.0)[0]
    array([[ 1.,  0.,  1., -0.,  0.,  0.],
           [ 0.,  1.,  0.,  1.,  0.,  0.]])
    """
    check_shape(centres, ("R", 2), "centres")
    x, y, z = centres[:, 0] / iod, centres[:, 1] / iod, np.asarray(depth, float) / iod
    one, zero = np.ones_like(x), np.zeros_like(x)
    return np.stack(
        [np.stack([one, zero, x, -y, z, zero], 1), np.stack([zero, one, y, x, zero, z], 1)], axis=1
    )


def fit_head_motion(
    displacements: np.ndarray, basis: np.ndarray, weights: np.ndarray, *, soft_px: float = SOFT_PX
) -> np.ndarray:
    """Fit the head motion of every frame.

    Iteratively reweighted least squares with the Geman-McClure weight ``1 / (1 + e^2 / c^2)^2``.

    Parameters
    ----------
    displacements
        ``(T, R, 2)`` pixels against one reference.
    basis
        ``(R, 2, 6)`` from `relief`.
    weights
        ``(R,)`` trust in a region as part of the stiff head, 0..1.
    soft_px
        Scale ``c`` of residuals, pixels.

    Returns
    -------
    ``(T, 6)`` float64, order of `PARAMETERS`.

    Examples
    --------
    >>> spots = np.random.default_rng(0).normal(0, 30, (12, 3))
    >>> basis = relief(spots[:, :2], spots[:, 2], 44.0)
    >>> moved = np.tile([0.5, -0.2], (1, 12, 1)); moved[0, 3] += [0, -2]  # one region by itself
    >>> fit_head_motion(moved, basis, np.ones(12))[0, :2].round(2)
    array([ 0.5, -0.2])
    """
    sizes = check_shape(displacements, ("T", "R", 2), "displacements")
    check_shape(basis, (sizes["R"], 2, len(PARAMETERS)), "basis")
    parts = [
        _fit(displacements[i : i + CHUNK].astype(float), basis, np.asarray(weights, float), soft_px)
        for i in range(0, sizes["T"], CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(PARAMETERS)))


def _fit(moved: np.ndarray, basis: np.ndarray, trust: np.ndarray, soft_px: float) -> np.ndarray:
    outer = np.einsum("rai,raj->rij", basis, basis)
    prior = np.diag(soft_px**2 / PRIOR_SIGMA**2)
    weight = np.broadcast_to(trust, moved.shape[:2])
    scale = 8.0  # start almost like plain least squares, then grow strict
    fitted = np.zeros((len(moved), basis.shape[2]))
    for step in range(ITERATIONS + 1):
        normal = np.einsum("tr,rij->tij", weight, outer) + prior
        right = np.einsum("tr,rai,tra->ti", weight, basis, moved)
        fitted = np.linalg.solve(normal, right[..., None])[..., 0]
        if step < ITERATIONS:
            error = ((moved - np.einsum("rai,ti->tra", basis, fitted)) ** 2).sum(-1)
            weight = trust / (1 + error / (scale * soft_px) ** 2) ** 2
            scale = max(scale / 2, 1.0)
    return fitted


def remove_head_motion(displacements: np.ndarray, basis: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Subtract a fitted head motion ``(T, 6)`` from displacements ``(T, R, 2)``.

    Examples
    --------
    >>> basis = relief(np.zeros((1, 2)), np.zeros(1), 44.0)
    >>> remove_head_motion(np.ones((1, 1, 2)), basis, np.array([[1, 1, 0, 0, 0, 0.0]]))
    array([[[0., 0.]]])
    """
    return displacements - np.einsum("rai,ti->tra", basis, head)
