"""Histograms of oriented optical flow (Chaudhry et al., CVPR 2009), symmetric ones too."""

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape


def hoof(
    flow: np.ndarray, *, bins: int = 8, blocks: tuple[int, int] = (1, 1), symmetric: bool = False
) -> np.ndarray:
    """Share of the flow's magnitude by direction, block by block.

    Angles are counted from x right towards y up. Bin ``b`` of a full histogram is centred on
    ``2 pi b / bins``. Symmetric bins (the paper's) do not tell left from right: they split ``-pi/2 .. pi/2``
    evenly after vectors that point left are mirrored, so that a face and its mirror image give the same.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels, x right and y down.
    bins
        Directions, 2 at least.
    blocks
        Rows and columns of a grid; blocks share no pixel.
    symmetric
        Whether left and right are one.

    Returns
    -------
    numpy.ndarray
        ``(rows * columns * bins,)`` float32; each block sums to 1, or is 0 where nothing moves.

    Raises
    ------
    ShapeError, UsageError
        Where the blocks do not fit, or there are fewer than two bins.

    Examples
    --------
    >>> flow = np.zeros((2, 2, 2))
    >>> flow[0, 0], flow[1, 1] = (3, 0), (0, -1)  # right by 3, up by 1
    >>> hoof(flow, bins=4).tolist()
    [0.75, 0.25, 0.0, 0.0]
    """
    sizes = check_shape(flow, ("H", "W", 2), "flow")
    if bins < 2:
        raise UsageError(f"bins: expected 2 at least, got {bins}")
    rows, columns = blocks
    if not (1 <= rows <= sizes["H"] and 1 <= columns <= sizes["W"]):
        raise ShapeError(f"blocks: {blocks} do not fit into {np.shape(flow)[:2]}")
    size = np.hypot(flow[..., 0], flow[..., 1])
    place = direction_bins(flow, bins, symmetric=symmetric)
    down, across = (np.linspace(0, n, k + 1).astype(int) for n, k in zip(size.shape, blocks, strict=True))
    found = []
    for row in range(rows):
        for column in range(columns):
            part = slice(down[row], down[row + 1]), slice(across[column], across[column + 1])
            counts = np.bincount(place[part].ravel(), weights=size[part].ravel(), minlength=bins)
            found.append(counts / max(counts.sum(), 1e-12))
    return np.concatenate(found).astype(np.float32)


def direction_bins(flow: np.ndarray, bins: int, *, symmetric: bool = False) -> np.ndarray:
    """Give the bin of each vector's direction, as `hoof` counts them; a vector without length is in bin 0's.

    Examples
    --------
    >>> direction_bins(np.array([[1.0, 0.1], [0, -1], [-1, 0], [0, 1]]), 4).tolist()
    [0, 1, 2, 3]
    """
    x, y = np.asarray(flow)[..., 0], -np.asarray(flow)[..., 1]
    if symmetric:
        angle = np.arctan2(y, np.abs(x))
        return np.asarray(np.clip(np.floor((angle / np.pi + 0.5) * bins), 0, bins - 1).astype(int))
    return np.asarray(np.floor(np.arctan2(y, x) / (2 * np.pi) * bins + 0.5).astype(int) % bins)
