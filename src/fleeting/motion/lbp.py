"""Local binary patterns, and LBP-TOP over the three planes of a sequence.

Sources: Ojala et al., TPAMI 2002 (circular and uniform patterns); Zhao and Pietikäinen, TPAMI 2007 (LBP-TOP).
"""

from functools import cache

import numpy as np

from fleeting.core import ShapeError, UsageError, check_shape

_CLOSE = 1e-6  # interpolation must not turn an equal neighbour into a smaller one


def lbp_codes(
    volume: np.ndarray, axes: tuple[int, int], radii: tuple[float, float], points: int = 8
) -> np.ndarray:
    """Compare every inner pixel of a volume with neighbours on an ellipse in one plane.

    Neighbour ``p`` lies ``radii[1] cos(2 pi p / P)`` along ``axes[1]`` and ``-radii[0] sin(2 pi p / P)``
    along ``axes[0]``, read bilinearly; it gives bit ``p`` where it is no darker than the middle.

    Parameters
    ----------
    volume
        Any numbers, such as ``(T, H, W)`` or ``(H, W)``.
    axes
        The two axes of the plane.
    radii
        Of the ellipse along these, in samples.
    points
        Neighbours, 1 to 16.

    Returns
    -------
    numpy.ndarray
        int64 in ``0 .. 2**points - 1``; the volume less a border of the radius, rounded up, on both axes.

    Raises
    ------
    ShapeError
        Where the volume is too small for the radii.
    UsageError
        Where the number of neighbours or a radius is out of range.

    Examples
    --------
    >>> picture = np.array([[9, 0, 0], [0, 5, 9], [0, 0, 0]])  # only the right neighbour is brighter
    >>> lbp_codes(picture, (0, 1), (1, 1), 4).tolist()
    [[1]]
    """
    data = np.asarray(volume, np.float64)
    if not 1 <= points <= 16 or min(radii) <= 0:
        raise UsageError(f"expected 1 to 16 points and positive radii, got {points} and {radii}")
    border = [0] * data.ndim
    for axis, radius in zip(axes, radii, strict=True):
        border[axis] = int(np.ceil(radius))
    if any(length <= 2 * edge for length, edge in zip(data.shape, border, strict=True)):
        raise ShapeError(f"volume: {data.shape} is too small for radii {radii} along axes {axes}")
    middle = _shifted(data, border, (0,) * data.ndim)
    codes = np.zeros(middle.shape, np.int64)
    for point in range(points):
        angle = 2 * np.pi * point / points
        way = [0.0] * data.ndim
        way[axes[0]], way[axes[1]] = -radii[0] * np.sin(angle), radii[1] * np.cos(angle)
        codes |= (_between(data, border, np.round(way, 9)) >= middle - _CLOSE).astype(np.int64) << point
    return codes


def _shifted(data: np.ndarray, border: list[int], way: tuple[int, ...]) -> np.ndarray:
    """View the inside, moved by whole samples."""
    parts = zip(data.shape, border, way, strict=True)
    return data[tuple(slice(edge + step, length - edge + step) for length, edge, step in parts)]


def _between(data: np.ndarray, border: list[int], way: np.ndarray) -> np.ndarray:
    """Read the inside at a fractional way, linear along each axis."""
    low = np.floor(way).astype(int)
    total = np.zeros(_shifted(data, border, (0,) * data.ndim).shape)
    for corner in np.ndindex(*(2 if part else 1 for part in way - low)):
        weight = np.prod([part if high else 1 - part for part, high in zip(way - low, corner, strict=True)])
        total += weight * _shifted(data, border, tuple((low + corner).tolist()))
    return total


@cache
def uniform_table(points: int = 8) -> tuple[int, ...]:
    """Give the bin of each code: its own for uniform ones (two changes around the ring), one for the rest.

    Examples
    --------
    >>> table = uniform_table(8)
    >>> max(table) + 1, table[0], table[0b01010101]  # 58 uniform codes and the rest
    (59, 0, 58)
    """
    ring = (1 << points) - 1
    codes = range(1 << points)
    uniform = [
        code for code in codes if (code ^ (code >> 1 | (code & 1) << (points - 1)) & ring).bit_count() <= 2
    ]
    place = {code: number for number, code in enumerate(uniform)}
    return tuple(place.get(code, len(uniform)) for code in codes)


def lbp_top(
    volume: np.ndarray,
    *,
    radii: tuple[float, float, float] = (1, 1, 2),
    points: int = 8,
    blocks: tuple[int, int] = (5, 5),
    uniform: bool = True,
) -> np.ndarray:
    """Histograms of local binary patterns on the planes XY, XT and YT, block by block.

    Parameters
    ----------
    volume
        ``(T, H, W)`` grey; longer than twice ``RT``.
    radii
        ``(RX, RY, RT)`` in pixels and frames.
    points
        Neighbours in each plane.
    blocks
        Rows and columns of a grid on the picture; blocks share no pixel.
    uniform
        Whether codes that are not uniform share one bin.

    Returns
    -------
    numpy.ndarray
        ``(rows * columns * 3 * bins,)`` float32: by block, then plane (XY, XT, YT), then bin; each histogram
        sums to 1.

    Raises
    ------
    ShapeError
        Where the volume is too small for radii or blocks.

    Examples
    --------
    >>> still = np.zeros((5, 12, 12))  # nothing differs: every neighbour is as bright, code 255
    >>> histogram = lbp_top(still, blocks=(1, 1))
    >>> histogram.shape, int(histogram[:59].argmax()), float(histogram.sum())
    ((177,), 57, 3.0)
    """
    check_shape(volume, ("T", "H", "W"), "volume")
    x, y, t = radii
    table = np.array(uniform_table(points)) if uniform else np.arange(1 << points)
    bins = int(table.max()) + 1
    planes = (((1, 2), (y, x)), ((0, 2), (t, x)), ((0, 1), (t, y)))
    # every plane counts the same voxels: those whose neighbours are all inside
    edge = [int(np.ceil(radius)) for radius in (t, y, x)]
    if any(length <= 2 * e for length, e in zip(np.shape(volume), edge, strict=True)):
        raise ShapeError(f"volume: {np.shape(volume)} is too small for radii (x, y, t) {radii}")
    cut = []
    for axes, two in planes:
        codes = table[lbp_codes(volume, axes, two, points)]
        rest = [0 if axis in axes else e for axis, e in enumerate(edge)]
        cut.append(codes[tuple(slice(e, n - e) for e, n in zip(rest, codes.shape, strict=True))])
    if min(blocks) < 1 or cut[0].shape[1] < blocks[0] or cut[0].shape[2] < blocks[1]:
        raise ShapeError(f"blocks: {blocks} do not fit into {cut[0].shape[1:]} inner pixels")
    return _block_histograms(cut, blocks, bins)


def _block_histograms(planes: list[np.ndarray], blocks: tuple[int, int], bins: int) -> np.ndarray:
    """Shares of the bins by block, then plane."""
    sizes = planes[0].shape[1:]
    down, across = (np.linspace(0, n, k + 1).astype(int) for n, k in zip(sizes, blocks, strict=True))
    found = []
    for row in range(blocks[0]):
        for column in range(blocks[1]):
            for codes in planes:
                part = codes[:, down[row] : down[row + 1], across[column] : across[column + 1]]
                found.append(np.bincount(part.ravel(), minlength=bins) / part.size)
    return np.concatenate(found).astype(np.float32)
