"""Who is where: landmarks of every face now and then, with an identity that stays.

Looking for faces costs a hundred times what following one does, so it is done only where a track is
lost, and for all faces once a second. A face that is gone is gone: no landmarks are made up for it.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fleeting.core import UsageError, check_image
from fleeting.face.networks import MIN_PRESENCE, detect, find_faces, follow

FacesWanted = Literal["largest", "all"]
LOOK_S = 0.25  # while nobody is seen, look this often
LOOK_CLOSER_S = 1.0  # ... and this often into small parts of the picture
LOOK_ALL_S = 1.0
NEAR = 0.6  # of the face's size: two faces nearer than this are one
BACK_NEAR = 1.5  # of the face's size: a face that comes back within this is the one that left
JUMP = 0.5  # a track that moves by more than this of its size in one look is a mistake


@dataclass
class _Track:
    landmarks: np.ndarray
    alive: bool = True


@dataclass
class FaceTracker:
    """Keeps the identities of the faces of a video.

    Parameters
    ----------
    faces
        ``largest``: only the largest face, always number 0. ``all``: every face; 0 is the largest
        of the first frame with faces, and a new face gets the next number.

    Examples
    --------
    >>> FaceTracker().look(0.0, np.zeros((48, 64, 3), np.uint8))
    {}
    """

    faces: FacesWanted = "largest"
    _tracks: dict[int, _Track] = field(default_factory=dict)
    _looked: float = -1e9
    _looked_closer: float = -1e9

    def __post_init__(self) -> None:
        if self.faces not in ("largest", "all"):
            raise UsageError(f"faces: expected 'largest' or 'all', got {self.faces!r}")

    @property
    def alive(self) -> tuple[int, ...]:
        """Numbers of the faces that were seen at the last look."""
        return tuple(n for n, track in self._tracks.items() if track.alive)

    def lose(self, face: int) -> None:
        """Say that a face was lost, so that the next look searches for it."""
        self._tracks[face].alive = False

    def look(self, time_s: float, image: np.ndarray) -> dict[int, np.ndarray]:
        """Landmark every known face in a frame and search for others where due.

        Parameters
        ----------
        time_s
            Time of the frame, seconds; rising from call to call.
        image
            ``(H, W, 3)`` uint8 RGB.

        Returns
        -------
        dict
            Landmarks ``(468, 3)`` float32 in pixels, by number of the face; only faces that are there.
        """
        check_image(image)
        for number in self.alive:
            self._follow(number, image)
        nobody = not self.alive
        if nobody and time_s - self._looked >= LOOK_S:
            closer = time_s - self._looked_closer >= LOOK_CLOSER_S
            self._search(time_s, image, closer=closer)
        elif self.faces == "all" and time_s - self._looked >= LOOK_ALL_S:
            self._search(time_s, image, closer=True)
        return {n: self._tracks[n].landmarks for n in self.alive}

    def _follow(self, number: int, image: np.ndarray) -> None:
        track = self._tracks[number]
        before = track.landmarks
        after, presence = follow(image, before)
        moved = float(np.linalg.norm(_centre(after) - _centre(before)))
        if presence >= MIN_PRESENCE and moved < JUMP * _size(before) and _inside(after, image):
            track.landmarks = after
        else:
            track.alive = False

    def _search(self, time_s: float, image: np.ndarray, *, closer: bool) -> None:
        self._looked = time_s
        if closer:
            self._looked_closer = time_s
        elif not detect(image):
            return
        found = [face for face in find_faces(image, thorough=self.faces == "all") if _inside(face, image)]
        if self.faces == "largest":
            if found:
                self._tracks[0] = _Track(found[0])
            return
        for face in found:
            if any(_same(face, self._tracks[n].landmarks, NEAR) for n in self.alive):
                continue
            gone = [n for n, t in self._tracks.items() if not t.alive and _same(face, t.landmarks, BACK_NEAR)]
            nearest = min(gone, key=lambda n: _distance(face, self._tracks[n].landmarks), default=None)
            self._tracks[len(self._tracks) if nearest is None else nearest] = _Track(face)


def _centre(landmarks: np.ndarray) -> np.ndarray:
    return np.asarray(landmarks[:, :2].mean(0))


def _size(landmarks: np.ndarray) -> float:
    return float(np.ptp(landmarks[:, :2], axis=0).max())


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(_centre(a) - _centre(b)))


def _same(a: np.ndarray, b: np.ndarray, reach: float) -> bool:
    ratio = _size(a) / max(_size(b), 1e-9)
    return _distance(a, b) < reach * max(_size(a), _size(b)) and 0.5 < ratio < 2


def _inside(landmarks: np.ndarray, image: np.ndarray) -> bool:
    """Most of the face must be in the picture."""
    x, y = landmarks[:, 0], landmarks[:, 1]
    within = (x >= 0) & (x < image.shape[1]) & (y >= 0) & (y < image.shape[0])
    return bool(within.mean() > 0.8)
