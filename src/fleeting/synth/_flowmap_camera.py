"""From exact motion to what a flow algorithm gives: crop, noise, TV smoothness, strain, scaling."""

import numpy as np

from fleeting.synth._flowmap_faces import GRID, MARGIN

_TV_STEP = 0.35  # both step sizes of the primal-dual rounds; their product times 8 is below 1
_CHUNK = 32  # maps at a time in the rounds: keeps them inside the cache
FLAT = 1e-30  # below this the contrast of a plane cannot be divided by
_FAINT = 0.12  # weight of the data where there is no texture


def crop_weights(shift: np.ndarray, scale: np.ndarray, size: int) -> np.ndarray:
    """Linear interpolation from the bank's grid to map pixels along one axis.

    Parameters
    ----------
    shift, scale
        ``(N,)`` offset in parts of the crop, and size relative to the usual crop.
    size
        Pixels of the map.

    Returns
    -------
    numpy.ndarray
        ``(N, size, GRID)`` float32; rows sum to 1 within the grid.

    Examples
    --------
    >>> crop_weights(np.zeros(1), np.ones(1), 28).sum(2).shape
    (1, 28)
    """
    at = (np.arange(size) + 0.5) / size - 0.5
    part = shift[:, None] + scale[:, None] * at
    place = np.clip((part / MARGIN + 0.5) * (GRID - 1), 0, GRID - 1)
    return np.maximum(0.0, 1.0 - np.abs(place[..., None] - np.arange(GRID))).astype(np.float32)


def crop(fields: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Resample ``(N or 1, C, GRID, GRID)`` by `crop_weights` of y and x: ``(N, C, size, size)``."""
    return down[:, None] @ fields @ across[:, None].transpose(0, 1, 3, 2)


def smooth_noise(rng: np.random.Generator, count: int, size: int, outliers: float) -> np.ndarray:
    """Noise of standard deviation near 1, correlated over neighbours, with rare large errors.

    Returns
    -------
    numpy.ndarray
        ``(count, 2, size, size)`` float32.
    """
    noise = rng.standard_normal((count, 2, size + 2, size + 2), np.float32)
    if outliers:
        noise *= 1.0 + 7.0 * (rng.random((count, 1, size + 2, size + 2), np.float32) < outliers)
    for _ in range(2):
        noise = np.swapaxes(noise[..., :-2] + 2 * noise[..., 1:-1] + noise[..., 2:], 2, 3)
    return noise / 6.0  # weights (1, 2, 1) along both axes have the norm 6


def total_variation(
    seen: np.ndarray, weight: np.ndarray, strength: np.ndarray, rounds: int = 12
) -> np.ndarray:
    """Smooth flow as TV-L1 does: flat within, sharp between, filled in where there is nothing to measure.

    Minimises ``sum |grad x| + weight / (2 strength) (x - seen)^2`` for each component by primal-dual rounds
    (Chambolle and Pock, 2011), started at ``seen``.

    Parameters
    ----------
    seen
        ``(N, 2, H, W)`` float32.
    weight
        ``(N, 1, H, W)`` how much a pixel's measurement counts, 0..1.
    strength
        ``(N,)``, unit of ``seen``.
    rounds
        Iterations.

    Returns
    -------
    numpy.ndarray
        ``(N, 2, H, W)`` float32.
    """
    pieces = [
        _total_variation(seen[i : i + _CHUNK], weight[i : i + _CHUNK], strength[i : i + _CHUNK], rounds)
        for i in range(0, len(seen), _CHUNK)
    ]
    return np.concatenate(pieces)


def _total_variation(seen: np.ndarray, weight: np.ndarray, strength: np.ndarray, rounds: int) -> np.ndarray:
    """Work in place: most of the time would go into making arrays."""
    pull = (_TV_STEP / np.maximum(strength, 1e-9))[:, None, None, None].astype(np.float32) * weight
    shrink = 1.0 / (1.0 + pull)
    anchor = pull * seen * shrink
    x, ahead = seen.copy(), seen.copy()
    across, down, size, step = (np.zeros_like(seen) for _ in range(4))
    for _ in range(rounds):
        np.subtract(ahead[..., 1:], ahead[..., :-1], out=step[..., :-1])
        step[..., -1] = 0
        step *= _TV_STEP
        across += step
        np.subtract(ahead[..., 1:, :], ahead[..., :-1, :], out=step[..., :-1, :])
        step[..., -1, :] = 0
        step *= _TV_STEP
        down += step
        np.multiply(across, across, out=size)
        np.multiply(down, down, out=step)
        size += step
        np.maximum(size, 1.0, out=size)
        np.sqrt(size, out=size)
        across /= size
        down /= size
        np.add(across, down, out=step)
        step[..., 1:] -= across[..., :-1]
        step[..., 1:, :] -= down[..., :-1, :]
        step *= _TV_STEP
        np.negative(x, out=ahead)  # ahead becomes 2 * better - x
        x += step
        x *= shrink
        x += anchor
        ahead += x
        ahead += x
    return x


def measured(
    rng: np.random.Generator,
    true: np.ndarray,
    texture: np.ndarray,
    noise: np.ndarray,
    smoothness: np.ndarray,
    outliers: float,
) -> np.ndarray:
    """Add noise and smoothness to exact flow.

    Parameters
    ----------
    rng
        Source of chance.
    true
        ``(N, 2, H, W)`` percent of the eye distance.
    texture
        ``(N, 1, H, W)`` 0..1.
    noise, smoothness
        ``(N,)`` noise at full texture and strength of the total variation, percent of the eye distance.
    outliers
        Share of pixels with a large error.
    """
    seen = true
    if noise.any():
        loud = noise[:, None, None, None].astype(np.float32) * (0.6 / (0.2 + texture))
        seen = true + loud * smooth_noise(rng, len(true), true.shape[-1], outliers)
    if not smoothness.any():
        return seen
    return total_variation(seen, _FAINT + (1 - _FAINT) * texture, smoothness)


def strain_maps(flow: np.ndarray) -> np.ndarray:
    """Strain ``(N, H, W)`` of flows ``(N, 2, H, W)``; the same numbers as `fleeting.motion.strain`."""
    u_x, u_y = np.gradient(flow[:, 0], axis=2), np.gradient(flow[:, 0], axis=1)
    v_x, v_y = np.gradient(flow[:, 1], axis=2), np.gradient(flow[:, 1], axis=1)
    return np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2)


def min_max(planes: np.ndarray) -> np.ndarray:
    """Scale each plane ``(..., H, W)`` to 0..255 uint8; one that is flat, or as good as flat, becomes 0.

    Examples
    --------
    >>> min_max(np.array([[-1.0, 0.0, 3.0]])).tolist()
    [[0, 64, 255]]
    """
    low, high = planes.min((-2, -1), keepdims=True), planes.max((-2, -1), keepdims=True)
    spread = np.where(high - low > FLAT, high - low, 1.0).astype(planes.dtype)
    # what is not below 0 is rounded by cutting half a step later, which is faster than rint
    return ((planes - low) * (255.0 / spread) + planes.dtype.type(0.5)).astype(np.uint8)
