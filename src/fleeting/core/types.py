"""The few data types that every room shares. All are frozen; arrays in them are not to be written to."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from fleeting.core.checks import check_shape
from fleeting.core.errors import ShapeError, UsageError
from fleeting.core.intervals import Interval

Side = Literal["left", "right", "both"]
LANDMARKS = 468


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    Parameters
    ----------
    index
        Zero-based position in decode order.
    time
        Presentation time in seconds, exact, counted from the first frame.
    image
        ``(H, W, 3)`` uint8 RGB, or ``(H, W)`` uint8 grey where the reader was asked for grey.
    """

    index: int
    time: Fraction
    image: np.ndarray


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video once it has been read.

    ``frames`` and ``duration_s`` count what could be decoded, not what the container promises;
    ``fps`` is frames over duration. ``path`` is as the user gave it.
    """

    path: str
    sha256: str
    width: int
    height: int
    frames: int
    duration_s: float
    fps: float
    variable_rate: bool


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """Landmarks of one face through a video.

    Parameters
    ----------
    face
        Identity, 0 for the largest face.
    frames
        ``(N,)`` int, the frame indices at which landmarks were measured, rising.
    times
        ``(N,)`` seconds.
    landmarks
        ``(N, 468, 2)`` float32, pixels of the full picture, order of the MediaPipe face mesh.
    lost
        Inclusive frame pairs in which the face was not there; nothing is interpolated across them.
    """

    face: int
    frames: np.ndarray
    times: np.ndarray
    landmarks: np.ndarray
    lost: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        sizes = check_shape(self.landmarks, ("N", LANDMARKS, 2), "landmarks")
        check_shape(self.frames, (sizes["N"],), "frames")
        check_shape(self.times, (sizes["N"],), "times")


@dataclass(frozen=True, slots=True)
class Curve:
    """A score for every frame: high where a movement is likely.

    ``values`` ``(T,)`` float, ``times`` ``(T,)`` seconds, rising; NaN in ``values`` means "not seen".
    """

    values: np.ndarray
    times: np.ndarray

    def __post_init__(self) -> None:
        sizes = check_shape(self.values, ("T",), "values")
        check_shape(self.times, (sizes["T"],), "times")
        if sizes["T"] > 1 and not np.all(np.diff(self.times) > 0):
            raise ShapeError("times: expected to rise from frame to frame")

    @property
    def fps(self) -> float:
        """Median frame rate; 0 where there are fewer than two frames."""
        return float(1 / np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """Evidence for one action unit.

    ``score`` lies in 0..1 and only orders; ``probability`` is ``None`` unless it was calibrated on
    held-out data. ``side`` is the subject's own left or right.
    """

    au: int
    side: Side
    score: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Emotion:
    """The likeliest emotion and what was given to each.

    ``probabilities`` sum to 1. Unless ``calibrated`` they are shares of evidence, not probabilities.
    """

    label: str
    probabilities: dict[str, float]
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """One movement of one face, with what it looks like."""

    face: int
    interval: Interval
    emotion: Emotion | None = None
    action_units: tuple[ActionUnit, ...] = ()


@dataclass(frozen=True, slots=True)
class Face:
    """A person in the video: identity and the share of frames (0..1) in which the face was seen."""

    id: int
    coverage: float


@dataclass(frozen=True, slots=True)
class QualityWarning:
    """Something a reader of the result must know: a stable ``code`` and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that took part in a result."""

    name: str
    sha256: str
    licence: str
    trained_on: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result came to be."""

    version: str
    settings: dict[str, Any]
    models: tuple[ModelUse, ...] = ()
    machine: str = ""
    runtime_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """All that ``analyze`` found in one video: data only, no files.

    Parameters
    ----------
    signals
        Arrays by name for ``<stem>.signals.npz``: ``times`` ``(T,)`` seconds, and for face 0
        ``face0_curve`` ``(T,)``, ``face0_regions`` ``(T, R, 2)`` pixels of the aligned crop,
        ``region_names`` ``(R,)``.
    pictures
        For each expression, by position: arrays for the report (see ``report``); empty with
        ``--no-pictures``.
    """

    video: VideoInfo
    faces: tuple[Face, ...]
    expressions: tuple[Expression, ...]
    warnings: tuple[QualityWarning, ...]
    provenance: Provenance
    signals: dict[str, np.ndarray] = field(default_factory=dict)
    pictures: tuple[dict[str, np.ndarray], ...] = ()

    def __post_init__(self) -> None:
        if self.pictures and len(self.pictures) != len(self.expressions):
            raise UsageError(
                f"pictures: expected one entry for each of {len(self.expressions)} expressions, "
                f"got {len(self.pictures)}"
            )
