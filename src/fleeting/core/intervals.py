"""An interval of a video: inclusive at both ends, in frames and in seconds at once."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from fleeting.core.errors import UsageError

Kind = Literal["micro", "macro"]
MICRO_LIMIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """Onset, apex and offset of one movement.

    Parameters
    ----------
    onset_frame, apex_frame, offset_frame
        Zero-based positions in decode order, both ends in. ``apex_frame`` may be ``None``.
    onset_s, apex_s, offset_s
        Times of these frames in seconds, from the container's pts.
    frame_s
        How long the offset frame stands, in seconds.
    kind
        ``micro`` or ``macro``; by default from the duration, but a dataset's own type wins.
    score
        Confidence of the spotter; higher is surer. Only a calibrated one is a probability.

    Raises
    ------
    UsageError
        Where the order onset <= apex <= offset is broken.

    Examples
    --------
    >>> one = Interval.from_frames(10, 19, fps=50, apex=14)
    >>> one.frames, one.duration_s, one.kind
    (10, 0.2, 'micro')
    """

    onset_frame: int
    apex_frame: int | None
    offset_frame: int
    onset_s: float
    apex_s: float | None
    offset_s: float
    frame_s: float
    kind: Kind
    score: float = 1.0

    def __post_init__(self) -> None:
        apex = self.onset_frame if self.apex_frame is None else self.apex_frame
        if not 0 <= self.onset_frame <= apex <= self.offset_frame:
            raise UsageError(
                "expected 0 <= onset <= apex <= offset, "
                f"got {self.onset_frame}, {self.apex_frame}, {self.offset_frame}"
            )
        if self.offset_s < self.onset_s or self.frame_s < 0:
            raise UsageError(f"offset {self.offset_s} s lies before onset {self.onset_s} s")
        if self.kind not in ("micro", "macro"):
            raise UsageError(f"kind: expected 'micro' or 'macro', got {self.kind!r}")

    @classmethod
    def from_frames(
        cls,
        onset: int,
        offset: int,
        *,
        fps: float,
        apex: int | None = None,
        kind: Kind | None = None,
        score: float = 1.0,
    ) -> Self:
        """Make an interval where frames come at a constant rate."""
        if fps <= 0:
            raise UsageError(f"fps: expected a positive number, got {fps}")
        duration = (offset - onset + 1) / fps
        return cls(
            onset,
            apex,
            offset,
            onset / fps,
            None if apex is None else apex / fps,
            offset / fps,
            1 / fps,
            kind or kind_of(duration),
            score,
        )

    @property
    def frames(self) -> int:
        """Number of frames, both ends in."""
        return self.offset_frame - self.onset_frame + 1

    @property
    def duration_s(self) -> float:
        """Time of offset minus time of onset plus one frame."""
        return round(self.offset_s - self.onset_s + self.frame_s, 9)

    def with_score(self, score: float) -> Self:
        """Copy with another score."""
        return replace(self, score=float(score))


def kind_of(duration_s: float) -> Kind:
    """Give ``micro`` up to half a second, else ``macro``.

    Examples
    --------
    >>> kind_of(0.5), kind_of(0.51)
    ('micro', 'macro')
    """
    return "micro" if duration_s <= MICRO_LIMIT_S + 1e-9 else "macro"


def iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Intersection over union of two inclusive frame pairs, counted in frames.

    Examples
    --------
    >>> iou((0, 9), (5, 14))
    0.3333333333333333
    >>> iou((0, 4), (5, 9))
    0.0
    """
    inside = min(a[1], b[1]) - max(a[0], b[0]) + 1
    if inside <= 0:
        return 0.0
    return inside / ((a[1] - a[0] + 1) + (b[1] - b[0] + 1) - inside)
