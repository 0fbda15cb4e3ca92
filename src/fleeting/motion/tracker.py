"""Follow the regions of one face through a video, a frame at a time, in constant memory per frame.

The crop's transform is moved by what the registration itself measured against the reference, never by
landmarks from frame to frame. The reference picture is renewed every second, and displacements are
chained from reference to reference, so that fast and slow onsets both show against a picture that still
looks alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from fleeting import facs
from fleeting.core import CROP, CropGeometry, Growing, compose, invert, transform_points
from fleeting.motion.registration import Reference, Regions, make_reference, normalise
from fleeting.motion.rigid import fit_head_motion, relief, remove_head_motion

REFERENCE_S = 1.0  # a reference serves this long
REFERENCE_PX = 1.5  # ... or until a region has moved this far from it
MOVE_PX = 0.8  # the crop follows the head when it has moved this much
FOLLOW_STEPS = 4
LOST_CORRELATION = 0.6  # below this likeness to the reference, registration has lost the face
LANDMARK_PULL = 0.5  # share of a landmark's correction taken when the reference is renewed
REDRAW_PX = 0.4  # masks are drawn anew when the landmarks have moved this much in the crop
MASK_MEMORY = 0.5  # smoothing of the landmarks that draw the masks

STIFF = {"nose_bridge": 1.0, "forehead": 0.6, "temple_left": 0.6, "temple_right": 0.6, "nose_tip": 0.6}
LOOSE = 0.25  # trust in any other region as part of the stiff head
EYES_CHANGE = 0.025  # relative brightness
EYES_MEMORY = 0.1
APPEARANCE = ("eye_open_left", "eye_open_right", "mouth_open")


@dataclass
class RegionSignals:
    """What was measured of one face, frame by frame.

    Parameters
    ----------
    frames
        ``(N,)`` frame indices.
    regions
        ``(N, R, 2)`` float32: displacement of each region, head motion removed, pixels of the crop,
        chained over the recording (only differences over a second or so mean anything).
    head
        ``(N, 4)`` float32: place of the face x, y in eye distances, and its turn about the vertical and
        the horizontal axis, in eye distances that a point one eye distance farther away moves by.
    likeness
        ``(N,)`` correlation with the reference, 1 is the same picture.
    openings
        ``(N, 3)`` brightness within the openings of the eyes (left, right) and the mouth, relative.
    """

    frames: np.ndarray
    regions: np.ndarray
    head: np.ndarray
    likeness: np.ndarray
    openings: np.ndarray


def motion_regions() -> tuple[str, ...]:
    """Names of the regions that are followed: all but the openings of eyes and mouth."""
    return tuple(name for name in facs.region_names() if name not in APPEARANCE)


def sample_crop(gray: np.ndarray, transform: np.ndarray, geometry: CropGeometry = CROP) -> np.ndarray:
    """Cut the aligned crop out of a picture.

    Parameters
    ----------
    gray
        ``(H, W)`` or ``(H, W, 3)`` uint8.
    transform
        ``(2, 3)`` from the picture to the crop. Where it shrinks by two or more, pixels are averaged first.

    Returns
    -------
    ``(height, width)`` or ``(height, width, 3)`` uint8.

    Examples
    --------
    >>> sample_crop(np.full((50, 60), 7, np.uint8), np.eye(2, 3)).shape
    (128, 112)
    """
    size = (geometry.width, geometry.height)
    factor = int(1 / max(float(np.hypot(*transform[:, 0])), 1e-6))
    matrix, source = transform, gray
    if factor >= 2:
        corners = transform_points(
            invert(transform), np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]], float)
        )
        low = np.floor(np.maximum(corners.min(0) - factor, 0)).astype(int)
        high = np.ceil(np.minimum(corners.max(0) + factor, gray.shape[1::-1])).astype(int)
        if (high - low).min() >= factor:
            high = low + (high - low) // factor * factor
            part = gray[low[1] : high[1], low[0] : high[0]]
            source = cv2.resize(part, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
            # pixel centres: full = low + (small + 0.5) * factor - 0.5
            to_full = np.array(
                [[factor, 0, low[0] + factor / 2 - 0.5], [0, factor, low[1] + factor / 2 - 0.5]]
            )
            matrix = compose(transform, to_full)
    return cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class RegionTracker:
    """Measures one face; feed it frames in order with `push`, collect with `finish`.

    Parameters
    ----------
    geometry
        The aligned crop.

    Attributes
    ----------
    eyes_changed
        Whether the eyes looked other than lately in the last frame: a moment to measure the lids.

    Examples
    --------
    >>> tracker = RegionTracker()
    >>> mesh = facs.neutral_mesh()[:, :2] * 44 + [60, 60]
    >>> picture = np.random.default_rng(0).integers(0, 255, (160, 120), np.uint8)
    >>> from fleeting.core import similarity
    >>> to_crop = similarity(mesh, facs.neutral_mesh()[:, :2] * CROP.iod + CROP.origin)
    >>> for i in range(3):
    ...     _ = tracker.push(i, i / 25, picture, landmarks=mesh, transform=to_crop)
    >>> float(np.abs(tracker.finish().regions).max())
    0.0
    """

    def __init__(self, geometry: CropGeometry = CROP) -> None:
        self.geometry = geometry
        self.names = motion_regions()
        self._trust = np.array([STIFF.get(name, LOOSE) for name in self.names])
        mesh = facs.neutral_mesh()
        self._depth = np.array([mesh[list(facs.regions()[name]), 2].mean() for name in self.names])
        self._rows = [facs.region_names().index(name) for name in self.names]
        self._open_rows = [facs.region_names().index(name) for name in APPEARANCE]
        self._transform: np.ndarray | None = None
        self._iod_px = 1.0
        self._ahead = np.eye(2, 3)  # what the head did since the reference, for the next frame's crop
        self._reference: Reference | None = None
        self._mesh: np.ndarray | None = None  # landmarks in the crop, smoothed
        self._offset = np.zeros((len(self.names), 2))
        self._turned = np.zeros(2)
        self._since = 0.0
        self._seen: tuple[np.ndarray, np.ndarray] | None = None
        self._eyes: np.ndarray | None = None
        self._drawn: np.ndarray | None = None  # landmarks for which the masks were drawn
        self.eyes_changed = False
        self._block: list[tuple[int, np.ndarray, np.ndarray, float, np.ndarray]] = []
        self.forget()

    def forget(self) -> None:
        """Drop what was measured so far, for a stream without end; what follows is measured as before."""
        self._done = (
            Growing((), np.int64),
            Growing((len(self.names), 2), np.float32),
            Growing((4,), np.float32),
            Growing((), np.float32),
            Growing((len(APPEARANCE),), np.float32),
        )

    @property
    def transform(self) -> np.ndarray | None:
        """Transform ``(2, 3)`` in force, from the picture to the crop."""
        return self._transform

    def push(
        self,
        index: int,
        time_s: float,
        gray: np.ndarray,
        *,
        landmarks: np.ndarray | None = None,
        transform: np.ndarray | None = None,
    ) -> bool:
        """Measure one frame.

        Parameters
        ----------
        index, time_s
            Frame index and time.
        gray
            ``(H, W)`` uint8, the whole picture.
        landmarks, transform
            Where they were measured on this frame: ``(468, 2+)`` pixels, and the ``(2, 3)`` that they
            give. The first frame, and the first after `restart`, must have them.

        Returns
        -------
        bool
            False where the face was not recognised: the frame is not kept, and the caller should
            look for the face again and call `restart`.
        """
        if self._reference is None:
            if landmarks is None or transform is None:
                return False
            self._transform, self._mesh = transform, transform_points(transform, landmarks)
            # one unit from here on: a face that nears the camera does not slide from the picture's corner
            self._iod_px = self.geometry.iod / float(np.hypot(*transform[:, 0]))
            self._draw_masks()
            self._renew(time_s, normalise(sample_crop(gray, transform, self.geometry), self.geometry.iod))
        picture, moved, likeness = self._follow(gray)
        if likeness < LOST_CORRELATION:
            return False
        if landmarks is not None and transform is not None:
            self._learn(landmarks, transform)
        openings = self._openings @ picture.ravel()
        self.eyes_changed = self._compare_eyes(openings[:2])
        self._block.append((index, moved, self._place(), likeness, openings))
        if time_s - self._since >= REFERENCE_S and self._seen is not None:
            self._close_block()
            self._adopt()
            self._draw_masks()
            fresh = normalise(sample_crop(gray, self._require(), self.geometry), self.geometry.iod)
            self._renew(time_s, fresh)
        elif np.abs(moved).max() > REFERENCE_PX:
            self._close_block()
            self._renew(self._since, picture)
        return True

    def restart(self) -> None:
        """Forget reference and place (the face was lost or the scene cut); what was measured stays."""
        self._close_block()
        self._reference, self._transform, self._mesh = None, None, None

    def finish(self) -> RegionSignals:
        """Give all that was measured so far."""
        self._close_block()
        return RegionSignals(*(part.array() for part in self._done))

    # --- inside -----------------------------------------------------------------------------------

    def _compare_eyes(self, now: np.ndarray) -> bool:
        """Whether the eye openings look other than lately, as in a blink or a glance."""
        usual = now if self._eyes is None else self._eyes
        changed = bool(np.abs(now - usual).max() > EYES_CHANGE)
        self._eyes = usual + (EYES_MEMORY / 4 if changed else EYES_MEMORY) * (now - usual)
        return changed

    def _require(self) -> np.ndarray:
        assert self._transform is not None
        return self._transform

    def _learn(self, landmarks: np.ndarray, transform: np.ndarray) -> None:
        """Keep where the landmarks lie in the crop, and the change that they want; the head may move on."""
        here = self._require()
        self._seen = transform_points(here, landmarks), compose(transform, invert(here))

    def _adopt(self) -> None:
        """Pull the crop halfway to where the newest landmarks want it."""
        assert self._seen is not None
        landmarks, change = self._seen
        still = np.eye(2, 3)
        pull = still + LANDMARK_PULL * (change - still)
        self._transform = compose(pull, self._require())
        mesh = transform_points(pull, landmarks)
        self._mesh = mesh if self._mesh is None else MASK_MEMORY * self._mesh + (1 - MASK_MEMORY) * mesh
        self._seen = None

    def _draw_masks(self) -> None:
        """Draw the regions where the face is now."""
        assert self._mesh is not None
        self._seen = None
        drawn = self._drawn
        if drawn is not None and np.linalg.norm(self._mesh - drawn, axis=1).mean() < REDRAW_PX:
            return
        self._drawn = self._mesh
        masks = facs.region_masks(self._mesh, (self.geometry.height, self.geometry.width))
        self._regions = Regions(masks[self._rows])
        openings = masks[self._open_rows].reshape(len(APPEARANCE), -1).astype(np.float32)
        self._openings = openings / np.maximum(openings.sum(1, keepdims=True), 1)
        self._face = np.flatnonzero(masks.any(axis=0))
        origin, iod = self.geometry.origin, self.geometry.iod
        centres = np.stack([_centroid(masks[r], self.geometry) for r in self._rows]) - origin
        self._basis = relief(centres, self._depth * iod, iod)
        flat = self._basis[:, :, :4].reshape(-1, 4)
        trust = np.repeat(self._trust, 2)[:, None]
        self._quick = np.linalg.solve(flat.T @ (flat * trust) + 1e-3 * np.eye(4), (flat * trust).T)

    def _renew(self, time_s: float, picture: np.ndarray) -> None:
        """Make ``picture`` the reference."""
        self._reference = make_reference(picture, self._regions, self.geometry.iod)
        part = picture.ravel()[self._face]
        self._face_values = (part - part.mean()) / (np.linalg.norm(part - part.mean()) + 1e-9)
        self._since = time_s
        self._ahead = np.eye(2, 3)

    def _follow(self, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Register a frame, moving the crop after the head.

        Regions differ in how much of a shift they show, so what is left of the head's shows as motion of the
        face. Each frame is therefore cut where the head was in the one before, and again where it went far.
        """
        assert self._reference is not None
        iod = self.geometry.iod
        self._transform = compose(self._ahead, self._require())
        for step in range(FOLLOW_STEPS):
            picture = normalise(sample_crop(gray, self._require(), self.geometry), iod)
            moved = self._reference.displacements(picture)
            tx, ty, scale, roll = self._quick @ moved.ravel()
            if max(np.hypot(tx, ty), np.hypot(scale, roll)) < MOVE_PX or step == FOLLOW_STEPS - 1:
                break
            self._transform = compose(self._head_step(tx, ty, scale / iod, roll / iod), self._require())
        self._ahead = self._head_step(tx, ty, scale / iod, roll / iod)
        part = picture.ravel()[self._face]
        part = part - part.mean()
        likeness = float(part @ self._face_values / (np.linalg.norm(part) + 1e-9))
        return picture, moved, likeness

    def _head_step(self, tx: float, ty: float, scale: float, roll: float) -> np.ndarray:
        """Similarity that undoes a head motion measured about the point between the eyes."""
        turn = np.array([[1 + scale, -roll], [roll, 1 + scale]])
        centre = self.geometry.origin
        return invert(np.column_stack([turn, centre + np.array([tx, ty]) - turn @ centre]))

    def _place(self) -> np.ndarray:
        """Where the point between the eyes is in the picture, in eye distances."""
        return transform_points(invert(self._require()), self.geometry.origin) / self._iod_px

    def _close_block(self) -> None:
        if not self._block:
            return
        index, moved, place, likeness, openings = zip(*self._block, strict=True)
        raw = np.stack(moved)
        head = fit_head_motion(raw, self._basis, self._trust)
        free = remove_head_motion(raw, self._basis, head) + self._offset
        turn = head[:, 4:] / self.geometry.iod + self._turned
        where = np.column_stack([np.stack(place) + head[:, :2] / self.geometry.iod, turn])
        parts = (np.array(index), free, where, np.array(likeness), np.stack(openings))
        for column, rows in zip(self._done, parts, strict=True):
            column.add(rows)
        self._offset, self._turned = free[-1], turn[-1]
        self._block = []


def _centroid(mask: np.ndarray, geometry: CropGeometry) -> np.ndarray:
    y, x = np.nonzero(mask)
    return np.array([x.mean(), y.mean()]) if len(x) else geometry.origin
