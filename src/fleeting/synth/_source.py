"""What is planted into: a photograph held still, or a real video whose face is followed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from fleeting.core import InputError, UsageError, check_image
from fleeting.facs import neutral_mesh
from fleeting.synth._shape import FaceShape
from fleeting.synth.identity import Identity

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_SMOOTH_S = 0.06  # standard deviation of the smoothing of a followed face, seconds
_SHAPES = 300  # frames that the face's shape is the median of
_STEADY_BELOW = 0.75  # IOD: what lies above this height keeps its shape while a person talks
_LIDS = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
)  # fmt: skip

Source = str | PathLike[str] | np.ndarray | Identity


@dataclass(frozen=True)
class Scene:
    """A source made ready.

    Parameters
    ----------
    name
        For messages.
    shape
        The face; its own ``to_pixels`` belongs to the first frame with a face.
    affines
        ``(T, 2, 3)`` from face units to pixels for each frame, or ``(1, 2, 3)`` for a still picture.
    seen
        ``(T,)`` whether the frame shows the face.
    times, frame_s
        ``(T,)`` seconds, and how long the last frame stands.
    fps
        Frames per second.
    size
        ``(height, width)``.
    images
        Starts a pass over the pictures, ``(H, W, 3)`` uint8 RGB each.
    still
        Whether all pictures are the same one.
    """

    name: str
    shape: FaceShape
    affines: np.ndarray
    seen: np.ndarray
    times: np.ndarray
    frame_s: float
    fps: float
    size: tuple[int, int]
    images: Callable[[], Iterator[np.ndarray]]
    still: bool

    def affine(self, time_s: float) -> np.ndarray:
        """Face units to pixels ``(2, 3)`` at a time; between frames it is interpolated."""
        if len(self.affines) == 1:
            return self.affines[0]
        after = int(np.clip(np.searchsorted(self.times, time_s), 1, len(self.times) - 1))
        before = after - 1
        share = (time_s - self.times[before]) / (self.times[after] - self.times[before])
        share = float(np.clip(share, 0.0, 1.0))
        return (1 - share) * self.affines[before] + share * self.affines[after]


def open_scene(
    source: Source,
    *,
    fps: float | None,
    duration_s: float | None,
    scale: float = 1.0,
    landmarks: np.ndarray | None = None,
) -> Scene:
    """Make a source ready: read it, find the face, follow it.

    Parameters
    ----------
    source
        A photograph (path or ``(H, W, 3)`` uint8 RGB), a drawn person, a video file or a folder of images.
    fps, duration_s
        Needed for a photograph. A video has its own rate (a folder needs ``fps``); ``duration_s`` cuts it.
    scale
        Pictures are resized by it.
    landmarks
        ``(468, 2+)`` pixels of the unscaled photograph, where they are known already; a drawn person
        brings its own.

    Raises
    ------
    InputError
        Where the source cannot be read or shows no face.
    UsageError
        Where rate or duration are missing.
    """
    if isinstance(source, Identity):
        marks = source.landmarks if landmarks is None else landmarks
        return _still(source.name, source.picture, fps, duration_s, scale, marks)
    if isinstance(source, np.ndarray):
        check_image(source, "source")
        return _still("picture", source, fps, duration_s, scale, landmarks)
    path = Path(source)
    if is_photo(source):
        return _still(str(path), read_photo(path), fps, duration_s, scale, landmarks)
    if landmarks is not None:
        raise UsageError(f"{path}: landmarks can be given for a photograph only; leave them out for a video")
    return _moving(path, fps, duration_s, scale)


def is_photo(source: Source) -> bool:
    """Whether a source is one picture: an array, a drawn person, or a file with the ending of one.

    Examples
    --------
    >>> is_photo("face.JPG"), is_photo("face.mp4")
    (True, False)
    """
    if isinstance(source, np.ndarray | Identity):
        return True
    path = Path(source)
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.is_dir()


def read_photo(path: Path) -> np.ndarray:
    """Read a photograph as ``(H, W, 3)`` uint8 RGB; raises InputError where it cannot be."""
    import cv2

    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the name") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise InputError(path, "is not a picture that can be read", "give a JPEG or PNG file")
    return np.ascontiguousarray(image[..., ::-1])


def _resize(image: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    if scale == 1.0:
        return image
    height, width = (max(2, round(n * scale / 2) * 2) for n in image.shape[:2])  # even, as video wants it
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=how)


def _grown(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Affine ``(2, 3)`` from pixels of a picture to pixels of the resized one."""
    ratio = np.array([after.shape[1] / before.shape[1], after.shape[0] / before.shape[0]])
    return np.column_stack([np.diag(ratio), ratio / 2 - 0.5])  # pixel centres lie at whole numbers


def _still(
    name: str,
    image: np.ndarray,
    fps: float | None,
    duration_s: float | None,
    scale: float,
    landmarks: np.ndarray | None,
) -> Scene:
    if not (fps and 0 < fps < 10_000 and duration_s and 0 < duration_s < np.inf):
        raise UsageError(f"{name}: a photograph needs fps and a duration above 0, got {fps} and {duration_s}")
    if landmarks is None:
        from fleeting.face import find_faces

        found = find_faces(image)
        if not found:
            raise InputError(name, "shows no face", "give a picture with a face that looks at the camera")
        landmarks = found[0]
    small = _resize(image, scale)
    grown = _grown(image, small)
    shape = FaceShape.from_landmarks(np.asarray(landmarks, float)[:, :2] @ grown[:, :2].T + grown[:, 2])
    frames = max(1, round(duration_s * fps))
    small = np.ascontiguousarray(small)
    return Scene(
        name,
        shape,
        shape.to_pixels[None],
        np.ones(frames, bool),
        np.arange(frames) / fps,
        1 / fps,
        float(fps),
        small.shape[:2],
        lambda: iter([small] * frames),
        still=True,
    )


def _moving(path: Path, fps: float | None, duration_s: float | None, scale: float) -> Scene:
    from fleeting.io import open_video

    if fps is not None and not path.is_dir():
        raise UsageError(f"{path}: a video has a frame rate of its own; leave fps out")

    def images() -> Iterator[np.ndarray]:
        with open_video(path, fps=fps) as video:
            for frame in video.frames(0.0, last):
                yield _resize(frame.rgb(), scale)

    # "on [0, d)": a frame that starts at the very end is not part of the clip
    last = None if duration_s is None else max(duration_s - 1e-4, 0.0)
    tracks: list[np.ndarray | None] = []
    times: list[float] = []
    size, grown = (0, 0), np.eye(2, 3)
    follow = _follower()
    with open_video(path, fps=fps) as video:
        for frame in video.frames(0.0, last):
            image = frame.rgb()
            if not times:
                small = _resize(image, scale)
                grown, size = _grown(image, small), small.shape[:2]
            tracks.append(follow(image))
            times.append(float(frame.time))
        info = video.info()
    seen = np.array([track is not None for track in tracks])
    if not seen.any():
        raise InputError(
            path, "shows no face in any frame", "give a video with a face that looks at the camera"
        )
    found = np.stack([track for track in tracks if track is not None])
    found = found @ grown[:, :2].T + grown[:, 2]
    frame_s = info.duration_s - times[-1]
    shape, affines = fit_track(found, np.flatnonzero(seen), np.array(times), info.fps)
    return Scene(
        str(path),
        shape,
        affines,
        seen,
        np.array(times),
        max(frame_s, 1e-3),
        info.fps,
        size,
        images,
        still=False,
    )


def _follower() -> Callable[[np.ndarray], np.ndarray | None]:
    """Make a function that follows the largest face from frame to frame: ``(468, 2)`` pixels or None."""
    from fleeting.face import find_faces, landmark, roi_from_landmarks

    last: list[np.ndarray] = []

    def follow(image: np.ndarray) -> np.ndarray | None:
        points: np.ndarray | None = None
        if last:
            guess, presence = landmark(image, roi_from_landmarks(last.pop()))
            points = guess if presence >= 0.5 else None
        if points is None:
            points = next(iter(find_faces(image)), None)
        if points is None:
            return None
        last.append(points)
        return points[:, :2].astype(np.float32)

    return follow


def fit_track(
    found: np.ndarray, frames: np.ndarray, times: np.ndarray, fps: float
) -> tuple[FaceShape, np.ndarray]:
    """Turn landmarks over time into one face shape and a smooth affine for each frame.

    The shape is the median over the video. The affine of a frame is fitted to the vertices that keep still
    when a person talks or blinks, and smoothed over time inside each stretch in which the face was seen.

    Parameters
    ----------
    found
        ``(N, 468, 2)`` pixels.
    frames
        ``(N,)`` indices of these frames, rising.
    times
        ``(T,)`` seconds of all frames.
    fps
        Frames per second.

    Returns
    -------
    shape : FaceShape
    affines : numpy.ndarray
        ``(T, 2, 3)``; frames without a face take the nearest one's.
    """
    from scipy.ndimage import gaussian_filter1d

    some = found[:: max(1, len(found) // _SHAPES)]
    shape = FaceShape(np.median([FaceShape.from_landmarks(one).points for one in some], axis=0))
    steady = neutral_mesh()[:, 1] < _STEADY_BELOW
    steady[list(_LIDS)] = False
    design = np.column_stack([shape.points[steady], np.ones(int(steady.sum()))])
    fitted = np.einsum("kp,npd->ndk", np.linalg.pinv(design), found[:, steady])  # (N, 2, 3)
    breaks = np.flatnonzero(np.diff(frames) > 1) + 1
    smooth = [
        gaussian_filter1d(piece, max(_SMOOTH_S * fps, 1e-3), axis=0, mode="nearest")
        for piece in np.split(fitted, breaks)
    ]
    middles = (frames[1:] + frames[:-1]) / 2
    affines = np.concatenate(smooth)[np.searchsorted(middles, np.arange(len(times)))]
    return FaceShape(shape.points, affines[frames[0]]), affines
