"""What the face did in intervals that somebody else found: motion of regions, and the best pattern."""

from collections.abc import Sequence

import numpy as np

from fleeting.core import Interval
from fleeting.spotting.candidates import Candidate
from fleeting.spotting.hypotheses import BLINK, hypotheses
from fleeting.spotting.pulses import MACRO_S, MICRO_S, Stretch, respond, side_channels
from fleeting.spotting.spotter import Spotted, even_times, resampled

AROUND_S = 20.0  # of what the face does otherwise, before and after
FLANK = 2  # frames before the onset and after the offset that show the face at rest


def explained(
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    intervals: Sequence[Interval],
    *,
    unit: float = 1.0,
) -> list[Spotted]:
    """Say of each interval how the regions moved to its apex, and which action unit fits best.

    Nothing is judged: the interval stays as it is, whatever speaks against it. A blink's pattern is not among
    those that are tried. Where the regions were not seen at the apex the motion is 0.

    Parameters
    ----------
    regions, head, openings, times, unit
        As for `spot`.
    intervals
        In frames of these arrays, such as `decode` gives for the curve of any spotter. A score is taken over,
        cut to 0..1.

    Returns
    -------
    list of Spotted
        One for each interval. ``candidate`` holds ``vector``, ``scale``, ``size``, ``fit``, ``z``
        (the pattern's share of the motion in units of what the face does otherwise) and ``score``; what only
        a judge asks for is 0.

    Examples
    --------
    >>> from fleeting.motion import motion_regions
    >>> still = np.zeros((50, len(motion_regions()), 2))
    >>> one = Interval.from_frames(20, 28, fps=25, apex=24)
    >>> found = explained(still, np.zeros((50, 4)), np.ones((50, 3)), np.arange(50) / 25, [one])
    >>> found[0].interval == one, float(abs(found[0].candidate.vector).max())
    (True, 0.0)
    """
    seen = np.isfinite(openings[:, 0])
    return [_explain(regions, head, openings, times, one, seen, unit) for one in intervals]


def _explain(
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    one: Interval,
    seen: np.ndarray,
    unit: float,
) -> Spotted:
    part = _around(times, one, seen)
    chosen = hypotheses()
    if part.stop - part.start < 3:
        shape = (regions.shape[1], 2)
        return _spotted(one, 0, np.zeros(shape), np.ones(2 * regions.shape[1]), (0.0, 0.0, 0.0))
    even = even_times(times[part])
    moved, place, opening = (resampled(a[part], times[part], even) for a in (regions, head, openings))
    closed = np.zeros(len(even), bool)
    fps = 1 / (even[1] - even[0])
    stretch = Stretch.of(unit * moved, place, opening, closed, fps)
    onset, apex, offset = (int(np.abs(even - times[at]).argmin()) for at in _places(one))
    motion = _motion(stretch.channels, onset, apex, offset)
    longest = max(len(even) / fps / 1.5, 2 / fps)
    length = float(np.clip(one.duration_s, MICRO_S[0], min(MACRO_S[-1], longest)))
    scale = respond(stretch, length).noise_at(apex)
    wanted = (chosen.patterns.reshape(len(chosen.units), -1) @ side_channels().T) / scale
    sizes = np.linalg.norm(wanted, axis=1)
    along = wanted @ (motion / scale) / sizes
    along[[at for at, (au, _) in enumerate(chosen.units) if au == BLINK]] = -np.inf
    k = int(along.argmax())
    z = float(max(along[k], 0.0))
    strength = float(np.linalg.norm(motion / scale))
    vector = (motion @ side_channels()).reshape(-1, 2)
    return _spotted(one, k, vector, scale, (z, z / float(sizes[k]), z / max(strength, 1e-9)))


def _around(times: np.ndarray, one: Interval, seen: np.ndarray) -> slice:
    """Frames around an interval without a gap; none where the face was not seen at the apex."""
    _, apex, _ = _places(one)
    if not seen[apex]:
        return slice(0, 0)
    lost = np.flatnonzero(~seen)
    first = int(lost[lost < apex].max(initial=-1)) + 1
    last = int(lost[lost > apex].min(initial=len(seen))) - 1
    low = int(np.searchsorted(times, times[one.onset_frame] - AROUND_S))
    high = int(np.searchsorted(times, times[one.offset_frame] + AROUND_S))
    return slice(max(first, low), min(last, high) + 1)


def _places(one: Interval) -> tuple[int, int, int]:
    middle = (one.onset_frame + one.offset_frame) // 2
    return one.onset_frame, middle if one.apex_frame is None else one.apex_frame, one.offset_frame


def _motion(channels: np.ndarray, onset: int, apex: int, offset: int) -> np.ndarray:
    """From before and after to the apex, the mean of the two, ``(D,)``."""
    top = channels[max(apex - 1, onset) : min(apex + 1, offset) + 1].mean(0)
    before = channels[max(onset - FLANK, 0) : max(onset, 1)].mean(0)
    after = channels[min(offset + 1, len(channels) - 1) : offset + 1 + FLANK].mean(0)
    return np.asarray(top - (before + after) / 2, float)


def _spotted(
    one: Interval, k: int, vector: np.ndarray, scale: np.ndarray, size: tuple[float, float, float]
) -> Spotted:
    au, side = hypotheses().units[k]
    onset, apex, offset = _places(one)
    candidate = Candidate(
        onset=onset, apex=apex, offset=offset, z=size[0], size=size[1], au=au, side=side,
        length_s=one.duration_s, fit=size[2], rivals=0.0, mouth_activity=0.0, eyes=0.0, blink=False,
        beside_lids=0.0, head=0.0, vector=vector, scale=scale, score=float(np.clip(one.score, 0, 1)),
    )  # fmt: skip
    return Spotted(one, au, side, candidate)
