"""The two MediaPipe face networks, run by LiteRT on one core.

Facts about their inputs and outputs (anchor layout, input scaling, crop rule) are those of the
published MediaPipe graphs ``face_detection_short_range`` and ``face_landmark``.
"""

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from importlib import resources

import cv2
import numpy as np

from fleeting.core import LANDMARKS, InputError, ModelUse, check_image
from fleeting.face._quiet import without_greetings

DETECTOR_SIZE = 128
LANDMARK_SIZE = 192
NMS_IOU = 0.3
RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 33, 263
CROP_SCALE = 1.5  # the landmark network wants half a face of margin
SETTLED = 0.02  # of the face's size: an answer that moves less than this from the one before is at rest
SETTLE_LOOKS = 8
MIN_PRESENCE = 0.5

_FILES = {
    "face_detection_short_range": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_landmark": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
}


@dataclass(frozen=True, slots=True)
class Roi:
    """A turned square around a face: centre and side in pixels, angle in radians (clockwise on screen)."""

    x: float
    y: float
    side: float
    angle: float

    def to_crop(self, size: int) -> np.ndarray:
        """Affine ``(2, 3)`` from the picture to a crop of ``size`` pixels."""
        scale = size / self.side
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        turn = np.array([[c, s], [-s, c]])
        shift = np.array([size / 2, size / 2]) - turn @ [self.x, self.y]
        return np.column_stack([turn, shift])


@dataclass(frozen=True, slots=True)
class Detection:
    """A found face: box ``(x0, y0, x1, y1)`` and six key points ``(6, 2)`` in pixels, score 0..1."""

    box: np.ndarray
    points: np.ndarray
    score: float

    @property
    def roi(self) -> Roi:
        """The square that the landmark network is to look at."""
        right, left = self.points[0], self.points[1]
        centre = (self.box[:2] + self.box[2:]) / 2
        side = CROP_SCALE * float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        return Roi(float(centre[0]), float(centre[1]), side, angle)


def roi_from_landmarks(landmarks: np.ndarray) -> Roi:
    """Square around known landmarks ``(468, 2+)``, upright with the eyes.

    Examples
    --------
    >>> points = np.zeros((468, 2)); points[33] = -1, 0; points[263] = 1, 0; points[152] = 0, 2
    >>> roi_from_landmarks(points).side
    3.0
    """
    points = np.asarray(landmarks, float)[:, :2]
    right, left = points[RIGHT_EYE_OUTER], points[LEFT_EYE_OUTER]
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    c, s = np.cos(angle), np.sin(angle)
    upright = points @ np.array([[c, -s], [s, c]])
    low, high = upright.min(0), upright.max(0)
    centre = np.array([[c, -s], [s, c]]) @ ((low + high) / 2)
    return Roi(float(centre[0]), float(centre[1]), CROP_SCALE * float((high - low).max()), angle)


@cache
def _model(name: str) -> bytes:
    data = (resources.files("fleeting.face") / "data" / f"{name}.tflite").read_bytes()
    if hashlib.sha256(data).hexdigest() != _FILES[name]:
        raise InputError(f"{name}.tflite", "is not the file that fleeting ships", "install fleeting again")
    return data


def model_uses() -> tuple[ModelUse, ...]:
    """Name, hash, licence and training data of both networks, for provenance.

    Examples
    --------
    >>> [m.name for m in model_uses()]
    ['face_detection_short_range', 'face_landmark']
    """
    return tuple(
        ModelUse(name, digest, "Apache-2.0 (MediaPipe)", "MediaPipe's own face data, see their model cards")
        for name, digest in _FILES.items()
    )


class _Network:
    """One LiteRT interpreter; not to be shared between threads."""

    def __init__(self, name: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with without_greetings():
            self._runner = Interpreter(model_content=_model(name), num_threads=1)
            self._runner.allocate_tensors()
        self._input = self._runner.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._runner.get_output_details()]

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        self._runner.set_tensor(self._input, picture[None])
        self._runner.invoke()
        return [self._runner.get_tensor(i) for i in self._outputs]


_local = threading.local()


def _network(name: str) -> _Network:
    """Return the calling thread's own interpreter, made once."""
    if not hasattr(_local, name):
        setattr(_local, name, _Network(name))
    network: _Network = getattr(_local, name)
    return network


@cache
def _anchors() -> np.ndarray:
    """Anchor centres ``(896, 2)`` in 0..1: 2 per cell of a 16x16 grid, then 6 per cell of an 8x8 grid."""
    centres = []
    for cells, each in ((16, 2), (8, 6)):
        axis = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(axis, axis, indexing="ij")
        centres.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(centres)


def detect(image: np.ndarray, *, min_score: float = 0.5) -> list[Detection]:
    """Find faces in a picture, largest first.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    min_score
        Least score 0..1 of a face.

    Returns
    -------
    list of Detection
        In pixels of ``image``. The network sees 128 px, so a face narrower than about an eighth of
        the picture is missed; `detect_small` looks closer.

    Raises
    ------
    ShapeError
        Where the picture is not uint8 RGB.

    Examples
    --------
    >>> detect(np.zeros((48, 64, 3), np.uint8))
    []
    """
    check_image(image)
    height, width = image.shape[:2]
    scale = DETECTOR_SIZE / max(height, width)
    shift = np.array([(DETECTOR_SIZE - width * scale) / 2, (DETECTOR_SIZE - height * scale) / 2])
    small = _letterbox(image, scale, shift)
    regressors, logits = sorted(_network("face_detection_short_range")(small), key=lambda a: -a.shape[-1])
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0].astype(float), -80, 80)))
    keep = scores >= min_score
    raw = regressors[0, keep].reshape(-1, 8, 2) / DETECTOR_SIZE
    centres = _anchors()[keep][:, None]
    half = raw[:, 1:2] / 2
    points = np.concatenate(
        [raw[:, :1] + centres - half, raw[:, :1] + centres + half, raw[:, 2:] + centres], axis=1
    )
    points = (points * DETECTOR_SIZE - shift) / scale
    found = _merge(points, scores[keep])
    return sorted(found, key=lambda d: -float(np.prod(d.box[2:] - d.box[:2])))


def _letterbox(image: np.ndarray, scale: float, shift: np.ndarray) -> np.ndarray:
    """Shrink the picture into the detector's square, black around it, values -1..1."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((DETECTOR_SIZE, DETECTOR_SIZE, 3), np.float32)
    x, y = round(float(shift[0])), round(float(shift[1]))
    x, y = min(x, DETECTOR_SIZE - size[0]), min(y, DETECTOR_SIZE - size[1])
    canvas[y : y + size[1], x : x + size[0]] = small
    return canvas / 127.5 - 1


def _merge(points: np.ndarray, scores: np.ndarray) -> list[Detection]:
    """Blend overlapping answers, weighted by score (MediaPipe's weighted non-maximum suppression)."""
    found = []
    left = np.argsort(-scores)
    while len(left):
        boxes = points[left, :2].reshape(-1, 4)
        overlap = _box_iou(boxes[0], boxes)
        same = overlap >= NMS_IOU
        same[0] = True
        group = left[same]
        weight = scores[group][:, None, None]
        mean = (points[group] * weight).sum(0) / weight.sum()
        found.append(Detection(mean[:2].ravel(), mean[2:], float(scores[group[0]])))
        left = left[~same]
    return found


def _box_iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    inside = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    both = np.prod(box[2:] - box[:2]) + area - inside
    return np.where(both > 0, inside / np.where(both > 0, both, 1), 0)


def detect_small(
    image: np.ndarray, *, min_score: float = 0.6, parts: tuple[int, ...] = (2, 4)
) -> list[Detection]:
    """Find faces too small for `detect`: look at overlapping tiles of the picture.

    Tiles of a half of the picture are searched first (9 detections), then of a quarter (49); the search
    ends where something was found. In small parts the network sees faces in clothes and leaves, hence the
    higher ``min_score``.
    """
    check_image(image)
    height, width = image.shape[:2]
    for part in parts:
        found = []
        tile = int(np.ceil(max(height, width) / part))
        step = max(1, tile // 2)
        for y in range(0, max(1, height - step), step):
            for x in range(0, max(1, width - step), step):
                for d in detect(np.ascontiguousarray(image[y : y + tile, x : x + tile]), min_score=min_score):
                    offset = np.array([x, y], float)
                    found.append(Detection(d.box + np.tile(offset, 2), d.points + offset, d.score))
        if found:
            points = np.stack([np.concatenate([d.box.reshape(2, 2), d.points]) for d in found])
            merged = _merge(points, np.array([d.score for d in found]))
            return sorted(merged, key=lambda d: -float(np.prod(d.box[2:] - d.box[:2])))
    return []


def landmark(image: np.ndarray, roi: Roi) -> tuple[np.ndarray, float]:
    """Landmark the face in a square.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    roi
        Where to look: from a detection or from the landmarks of a frame before.

    Returns
    -------
    landmarks
        ``(468, 3)`` float32: x, y in pixels of ``image``, z in pixels (smaller is nearer).
    presence
        0..1, below 0.5 there is no face.
    """
    check_image(image)
    to_crop = roi.to_crop(LANDMARK_SIZE)
    shrink = roi.side / LANDMARK_SIZE
    source, matrix = image, to_crop
    if shrink > 2:  # a large face: average first, since warping alone would alias
        factor = int(shrink)
        source = cv2.resize(image, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        grown = np.array([image.shape[1] / source.shape[1], image.shape[0] / source.shape[0]])
        # pixel centres: full = (small + 0.5) * grown - 0.5
        matrix = to_crop.copy()
        matrix[:, :2] = to_crop[:, :2] * grown
        matrix[:, 2] = to_crop[:, 2] + to_crop[:, :2] @ (grown / 2 - 0.5)
    crop = cv2.warpAffine(source, matrix, (LANDMARK_SIZE, LANDMARK_SIZE), flags=cv2.INTER_LINEAR)
    outputs = _network("face_landmark")(crop.astype(np.float32) / 255)
    points, flag = sorted(outputs, key=lambda a: -a.size)
    points = points.reshape(LANDMARKS, 3).astype(np.float64)
    back = np.linalg.inv(np.vstack([to_crop, [0, 0, 1]]))[:2]
    full = np.empty((LANDMARKS, 3), np.float32)
    full[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
    full[:, 2] = points[:, 2] * roi.side / LANDMARK_SIZE
    presence = float(1 / (1 + np.exp(-np.clip(float(flag.ravel()[0]), -80, 80))))
    return full, presence


def follow(image: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, float]:
    """Landmark a face whose landmarks in an earlier frame are known.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    before
        ``(468, 2+)`` pixels; the face may have moved by a third of its size since.

    Returns
    -------
    landmarks, presence
        As of `landmark`; presence 0 where no face is found from there.

    Examples
    --------
    >>> follow(np.zeros((48, 64, 3), np.uint8), np.random.default_rng(0).uniform(8, 40, (468, 2)))[1] < 0.5
    True
    """
    return _settle(image, roi_from_landmarks(before), np.asarray(before))


def _settle(image: np.ndarray, roi: Roi, before: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Look again from each answer until the answers stay.

    The network says "face" with full presence even where its square is off by half a face, and then errs by
    up to an eye distance; but only an answer that lies right in its own square comes out again the same.
    """
    for _ in range(SETTLE_LOOKS):
        after, presence = landmark(image, roi)
        if presence < MIN_PRESENCE:
            return after, presence
        if before is not None:
            step = np.sqrt(((after[:, :2] - before[:, :2]) ** 2).sum(1).mean())
            if step < SETTLED * float(np.ptp(after[:, :2], axis=0).max()):
                return after, presence
        before, roi = after, roi_from_landmarks(after)
    return after, 0.0


def find_faces(
    image: np.ndarray, *, min_presence: float = MIN_PRESENCE, thorough: bool = False
) -> list[np.ndarray]:
    """Find and landmark the faces of a picture.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8 RGB.
    min_presence
        Least presence 0..1.
    thorough
        Look at parts of the picture even where the whole shows a face: finds all of a group.

    Returns
    -------
    list of ``(468, 3)`` float32
        Pixels of ``image``, the largest face first; empty where there is none.

    Examples
    --------
    >>> find_faces(np.full((64, 64, 3), 128, np.uint8))
    []
    """
    detections = detect(image)
    if not detections:
        detections = detect_small(image)
    elif thorough:
        detections = detections + detect_small(image, parts=(2,))
    found: list[np.ndarray] = []
    for detection in detections:
        face, presence = _settle(image, detection.roi)
        if presence >= min_presence and not any(_same_face(face, other) for other in found):
            found.append(face)
    return sorted(found, key=lambda face: -float(np.ptp(face[:, :2], axis=0).prod()))


def _same_face(a: np.ndarray, b: np.ndarray) -> bool:
    size = max(float(np.ptp(a[:, :2], axis=0).max()), float(np.ptp(b[:, :2], axis=0).max()))
    return float(np.linalg.norm(a[:, :2].mean(0) - b[:, :2].mean(0))) < 0.5 * size
