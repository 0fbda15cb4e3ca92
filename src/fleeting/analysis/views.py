"""The face as a person checks it: aligned, beside another moment, magnified."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from fleeting.analysis.illustrate import PICTURE, without_head_motion
from fleeting.core import check_image, transform_points
from fleeting.face import crop_transform, find_faces
from fleeting.motion import magnify, sample_crop
from fleeting.report import face_mask


@dataclass(frozen=True, slots=True)
class FaceView:
    """Where a face is in one frame: the anchor to which other frames are aligned.

    Parameters
    ----------
    landmarks
        ``(468, 2)`` pixels of the picture.
    transform
        ``(2, 3)`` from the picture to the crop.
    """

    landmarks: np.ndarray
    transform: np.ndarray

    @property
    def mesh(self) -> np.ndarray:
        """Landmarks ``(468, 2)`` in the crop."""
        return np.asarray(transform_points(self.transform, self.landmarks), np.float32)

    def crop(self, image: np.ndarray) -> np.ndarray:
        """Cut the aligned crop ``(H, W, 3)`` out of a picture of the same video."""
        return np.asarray(sample_crop(image, self.transform, PICTURE))


def find_view(image: np.ndarray, near: np.ndarray | None = None) -> FaceView | None:
    """Find a face in a picture.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    near
        Box ``(x0, y0, x1, y1)`` in pixels near which the wanted face was; without it the largest is taken.

    Returns
    -------
    FaceView or None
        None where there is no face, or none near the box.

    Examples
    --------
    >>> find_view(np.full((64, 64, 3), 128, np.uint8)) is None
    True
    """
    check_image(image)
    faces = [face[:, :2] for face in find_faces(image, thorough=near is not None)]
    if near is not None:
        centre, size = (near[:2] + near[2:]) / 2, float((near[2:] - near[:2]).max())
        away = [float(np.linalg.norm((face.min(0) + face.max(0)) / 2 - centre)) for face in faces]
        faces = [faces[place] for place in np.argsort(away) if away[place] < size]
    if not faces:
        return None
    return FaceView(faces[0], crop_transform(faces[0], PICTURE))


def compared(
    view: FaceView, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put two moments of a face on top of each other, as a stiff head would move, and measure what is left.

    Parameters
    ----------
    view
        The face in the first picture.
    first, second
        Pictures ``(H, W, 3)`` of one video.

    Returns
    -------
    first, second
        Aligned crops.
    flow
        Between them, pixels of the crop.
    """
    one, two = view.crop(first), view.crop(second)
    still, flow = without_head_motion(one, two, view.mesh)
    return one, still, flow


def magnified(
    view: FaceView, first: np.ndarray, frames: Iterable[np.ndarray], gain: float
) -> Iterator[np.ndarray]:
    """Show the motion of a face since a first picture enlarged; see `fleeting.motion.magnify`.

    Parameters
    ----------
    view
        The face in the first picture.
    first, frames
        Pictures ``(H, W, 3)`` of one video.
    gain
        1..50.

    Yields
    ------
    numpy.ndarray
        Aligned crops.
    """
    reference = view.crop(first)
    mask = face_mask(reference.shape[:2], view.mesh)
    return magnify(reference, (view.crop(frame) for frame in frames), gain, mask=mask)
