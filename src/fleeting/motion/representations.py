"""The field's inputs: flow maps of a movement, and the frames that stand for it."""

import numpy as np

from fleeting.core import ShapeError, check_finite, check_shape
from fleeting.motion.flow import dis_flow, strain


def flow_map(flow: np.ndarray, size: int = 28) -> np.ndarray:
    """Turn a flow into the field's small picture: u, v and strain, each stretched to 0..255.

    Strain is computed before shrinking. Each channel is stretched on its own, as in the public maps:
    amplitude and the place of zero are lost. A channel without contrast becomes 0.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` pixels.
    size
        Pixels each way.

    Returns
    -------
    numpy.ndarray
        ``(size, size, 3)`` uint8.

    Examples
    --------
    >>> y, x = np.mgrid[:56, :56].astype(np.float32)
    >>> made = flow_map(np.stack([x, -y], -1))
    >>> made.shape, made[0, 0, :2].tolist(), made[-1, -1, :2].tolist()
    ((28, 28, 3), [0, 255], [255, 0])
    """
    values = flow_channels(flow, size)
    low, high = values.min((0, 1)), values.max((0, 1))
    reach = np.where(high - low > 1e-9, high - low, np.inf)
    return np.asarray(np.round((values - low) / reach * 255).astype(np.uint8))


def flow_channels(flow: np.ndarray, size: int) -> np.ndarray:
    """Shrink u, v and strain by area, in pixels of the large picture: nothing is stretched.

    Returns
    -------
    numpy.ndarray
        ``(size, size, 3)`` float32.

    Examples
    --------
    >>> flow_channels(np.ones((64, 64, 2), np.float32), 42)[0, 0].tolist()
    [1.0, 1.0, 0.0]
    """
    import cv2

    check_shape(flow, ("H", "W", 2), "flow")
    check_finite(flow, "flow")
    field = np.asarray(flow, np.float32)
    whole = np.dstack([field, strain(field)])
    return np.asarray(cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA), np.float32)


def find_apex(frames: np.ndarray, *, onset: int = 0) -> int:
    """Find the frame that has moved most since the onset, by mean size of the flow less its median vector.

    The mean of three frames in a row is looked at, and never the first and last tenth, where a clip has its
    rest and its jumps. For sets without a coded apex, such as SMIC.

    Parameters
    ----------
    frames
        ``(T, H, W)`` uint8 grey, aligned; three at least.
    onset
        Frame that the others are compared with.

    Raises
    ------
    ShapeError
        For fewer than three frames.

    Examples
    --------
    >>> y, x = np.mgrid[:48, :48]
    >>> hill = np.exp(-(((x - 24) / 8.0) ** 2))
    >>> face = lambda d: np.uint8(128 + 60 * np.sin((x - d * hill) / 4) + 60 * np.cos(y / 5))
    >>> find_apex(np.stack([face(d) for d in (0, 0.5, 1, 2, 3, 2, 1, 0.5, 0)]))
    4
    """
    count = check_shape(frames, ("T", "H", "W"), "frames")["T"]
    if count < 3:
        raise ShapeError(f"frames: expected 3 at least, got {count}")
    moved = np.zeros(count)
    for number, frame in enumerate(frames):
        flow = dis_flow(frames[onset], frame)
        moved[number] = np.linalg.norm(flow - np.median(flow, axis=(0, 1)), axis=-1).mean()
    smooth = np.convolve(np.pad(moved, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    edge = max(1, count // 10)
    return int(edge + smooth[edge : count - edge].argmax())


def clip_to_flow_map(
    frames: np.ndarray, onset: int = 0, apex: int | None = None, size: int = 28
) -> np.ndarray:
    """Turn aligned frames into the flow map from onset to apex (`find_apex` where it is unknown).

    Examples
    --------
    >>> y, x = np.mgrid[:48, :48]
    >>> faces = [np.uint8(128 + 60 * np.sin((x - d) / 4) + 60 * np.cos(y / 5)) for d in (0, 1, 2)]
    >>> clip_to_flow_map(np.stack(faces), 0, 2).shape
    (28, 28, 3)
    """
    count = check_shape(frames, ("T", "H", "W"), "frames")["T"]
    top = find_apex(frames, onset=onset) if apex is None else apex
    if not (0 <= onset < count and 0 <= top < count):
        raise ShapeError(f"onset {onset} and apex {top} must lie in 0..{count - 1}")
    return flow_map(dis_flow(frames[onset], frames[top]), size)


def sample_frames(frames: np.ndarray, count: int) -> np.ndarray:
    """Bring a clip to a number of frames, linear in time between neighbours, ends kept.

    The plain stand-in for the temporal interpolation model of the field (Zhou et al., CVPR 2011).

    Parameters
    ----------
    frames
        ``(T, ...)``; one at least.
    count
        Frames wanted, one at least.

    Returns
    -------
    numpy.ndarray
        ``(count, ...)`` of the same type; whole numbers are rounded.

    Examples
    --------
    >>> sample_frames(np.array([0.0, 10.0]), 3).tolist()
    [0.0, 5.0, 10.0]
    """
    data = np.asarray(frames)
    if not data.ndim or not len(data) or count < 1:
        raise ShapeError(
            f"expected one frame at least and a count of 1 at least, got {data.shape} and {count}"
        )
    at = np.linspace(0, len(data) - 1, count)
    low = np.minimum(np.floor(at).astype(int), max(len(data) - 2, 0))
    part = (at - low).reshape(-1, *[1] * (data.ndim - 1))
    mixed = (1 - part) * data[low] + part * data[np.minimum(low + 1, len(data) - 1)]
    whole = np.issubdtype(data.dtype, np.integer)
    return np.asarray(np.round(mixed) if whole else mixed).astype(data.dtype)
