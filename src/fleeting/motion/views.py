"""Flow maps of one movement seen from two sides: view separation, apex in both views, both phases."""

import numpy as np

from fleeting.core import ShapeError, check_shape
from fleeting.motion.flow import dis_flow

_FITS, _AGREE = 4, 0.6
_LONG = 8
"""Frames of a clip from which on two at either end, not one, are taken for rest."""


def separate_views(frames: np.ndarray) -> np.ndarray:
    """Cut frames that hold two views side by side.

    Parameters
    ----------
    frames
        ``(T, H, 2 W, ...)``, the left camera's picture on the left.

    Returns
    -------
    numpy.ndarray
        ``(2, T, H, W, ...)``.

    Raises
    ------
    ShapeError
        Where the width is odd.

    Examples
    --------
    >>> separate_views(np.zeros((5, 8, 12))).shape
    (2, 5, 8, 6)
    """
    if frames.ndim < 3 or frames.shape[2] % 2:
        raise ShapeError(f"frames: expected (T, H, 2 W, ...), got {frames.shape}")
    return np.stack(np.split(frames, 2, axis=2))


def crop_sequence(frames: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Cut one box out of all frames, that around the boxes of all: a crop that does not move moves nothing.

    Parameters
    ----------
    frames
        ``(T, H, W, ...)``.
    boxes
        ``(T, 4)`` left, top, right, bottom of the face in each frame, pixels; right and bottom are outside.

    Examples
    --------
    >>> crop_sequence(np.zeros((2, 9, 9)), np.array([[1, 2, 5, 6], [2, 1, 6, 5]])).shape
    (2, 5, 5)
    """
    if len(boxes) != len(frames):
        raise ShapeError(f"boxes: expected {len(frames)}, one a frame, got {len(boxes)}")
    left, top = np.maximum(np.floor(boxes[:, :2].min(0)).astype(int), 0)
    right, bottom = np.ceil(boxes[:, 2:].max(0)).astype(int)
    return frames[:, top:bottom, left:right]


def motion_of_views(views: np.ndarray, onset: int = 0, *, returns: bool = True) -> np.ndarray:
    """Measure how far each frame has moved since the onset, root mean square over pixels, mean over views.

    Parameters
    ----------
    views
        ``(V, T, H, W)`` uint8 grey.
    onset
        Frame that the others are compared with.
    returns
        Whether the face is back at rest in the last frames, as in a clip cut with a little rest before and
        after the movement. What has moved by then is the head's: it is taken off evenly over time. A slow
        turn moves noses more than cheeks, which no affine motion takes off, and soon by more than a weak
        expression. For a clip that ends on its apex this is False. Our choice.

    Returns
    -------
    numpy.ndarray
        ``(T,)`` pixels, the head's own motion taken off. Cut views to the face first
        (`crop_sequence`): before a background that stands still, the head's drift counts as motion.
    """
    count = check_shape(views, ("V", "T", "H", "W"), "views")["T"]
    moved = np.zeros(count)
    rest = 2 if count >= _LONG else 1
    share = _share(np.arange(count), onset + (rest - 1) / 2, count - (rest + 1) / 2) if returns else None
    for frames in views:
        flows = [_without_head(dis_flow(frames[onset], frame)) for frame in frames]
        first, last = (
            np.mean(flows[start : start + rest], axis=0) for start in (min(onset, count - rest), count - rest)
        )
        for number, flow in enumerate(flows):
            left = flow
            if share is not None:
                left = flow - (1 - share[number]) * first - share[number] * last
            moved[number] += np.sqrt(np.square(left).sum(-1).mean()) / len(views)
    return moved


def _share(numbers: np.ndarray, first: float, last: float) -> np.ndarray:
    """How much of the way from the first to the last is gone; 0 where there is none."""
    return (numbers - first) / (last - first) if last > first else np.zeros(len(numbers))


def _without_head(flow: np.ndarray) -> np.ndarray:
    """Take off what most of a face does together: shift, scale, shear and roll.

    An affine motion is fitted four times to the three fifths of the pixels that agree best with it. Our
    choice: a median vector leaves roll and scale in, which in a slow drift outgrow a micro-expression.

    Parameters
    ----------
    flow
        ``(H, W, 2)`` of a face that fills the picture.

    Returns
    -------
    numpy.ndarray
        ``(H, W, 2)`` float32.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :20]
    >>> head = np.stack([0.5 - 0.02 * y, 0.02 * x], -1)
    >>> smile = np.zeros((20, 20, 2))
    >>> smile[14:, 14:] = 1.0
    >>> bool(abs(_without_head(head + smile) - smile).max() < 1e-5)
    True
    """
    height, width = check_shape(flow, ("H", "W", 2), "flow").values()
    y, x = np.mgrid[:height, :width]
    places = np.stack([np.ones(height * width), x.ravel() / width - 0.5, y.ravel() / height - 0.5], 1)
    moved = np.asarray(flow, np.float64).reshape(-1, 2)
    rest, near = moved, np.ones(len(moved), bool)
    for _ in range(_FITS):
        found = np.linalg.lstsq(places[near], moved[near], rcond=None)[0]
        rest = moved - places @ found
        off = np.linalg.norm(rest, axis=1)
        near = off <= np.quantile(off, _AGREE)
    return rest.reshape(height, width, 2).astype(np.float32)


def find_apex_of_views(
    views: np.ndarray, *, onset: int = 0, returns: bool = True, moved: np.ndarray | None = None
) -> int:
    """Find the frame with the most motion in all views together.

    A mean of three frames is looked at, and never the first and last tenth. Views are cut to the face first;
    ``moved`` is what `motion_of_views` said of them, where that is known, and ``returns`` goes to it.

    Examples
    --------
    >>> y, x = np.mgrid[:48, :48]
    >>> hill = np.exp(-(((x - 24) / 8.0) ** 2))
    >>> face = lambda d: np.uint8(128 + 60 * np.sin((x - d * hill) / 4) + 60 * np.cos(y / 5))
    >>> clip = np.stack([face(d) for d in (0, 0.5, 1, 2, 3, 2, 1, 0.5, 0)])
    >>> find_apex_of_views(np.stack([clip, clip[..., ::-1]]))
    4
    """
    moved = motion_of_views(views, onset, returns=returns) if moved is None else moved
    if len(moved) < 3:
        raise ShapeError(f"views: expected 3 frames at least, got {len(moved)}")
    smooth = np.convolve(np.pad(moved, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    edge = max(1, len(moved) // 10)
    return int(edge + smooth[edge : len(moved) - edge].argmax())


def view_flow_maps(
    views: np.ndarray, onset: int, apex: int, offset: int, *, size: int = 28, returns: bool = False
) -> np.ndarray:
    """Give u, v and magnitude of both phases in each view, the head's own affine motion taken off.

    Parameters
    ----------
    views
        ``(V, T, H, W)`` uint8 grey.
    onset, apex, offset
        Frames.
    size
        Pixels each way.
    returns
        Whether the face at the offset is that of the onset again; what differs is then the head's and is
        taken off both phases, by their lengths. A return that lingers is lost by it.

    Returns
    -------
    numpy.ndarray
        ``(V, 2, size, size, 3)`` float32: u and v over the 99th percentile of their absolute values in the
        map, cut at -1 and 1; magnitude over its greatest, 0..1.

    Examples
    --------
    >>> view_flow_maps(np.zeros((2, 4, 32, 32), np.uint8), 0, 1, 3).shape
    (2, 2, 28, 28, 3)
    """
    import cv2

    count = check_shape(views, ("V", "T", "H", "W"), "views")["T"]
    if not 0 <= onset < count or not 0 <= apex < count or not 0 <= offset < count:
        raise ShapeError(f"onset, apex, offset: expected 0..{count - 1}, got {onset}, {apex}, {offset}")
    made = np.zeros((len(views), 2, size, size, 3), np.float32)
    for number, frames in enumerate(views):
        drift = dis_flow(frames[onset], frames[offset]) / max(offset - onset, 1) if returns else 0
        for phase, (first, second) in enumerate(((onset, apex), (apex, offset))):
            flow = _without_head(dis_flow(frames[first], frames[second]) - (second - first) * drift)
            flow = np.asarray(cv2.resize(flow, (size, size), interpolation=cv2.INTER_AREA))
            most = np.percentile(np.abs(flow), 99)
            length = np.linalg.norm(flow, axis=-1)
            made[number, phase, ..., :2] = np.clip(flow / max(most, 1e-6), -1, 1)
            made[number, phase, ..., 2] = length / max(length.max(), 1e-6)
    return made
