"""Movements of one face by a learnt curve: the network scores frames, a decoder makes intervals of them."""

import numpy as np

from fleeting.core import Curve, Interval
from fleeting.models import CurveSpotter, Decoding
from fleeting.spotting import SpottingResult, decode, explained

SCORED = "fleeting"  # the decoder whose scores lie in 0..1
MOST_SHARED = 0.3  # of the shorter of two movements; of two that share more the surer one stays


def spot_by_curve(
    spotter: CurveSpotter,
    rows: np.ndarray,
    regions: np.ndarray,
    head: np.ndarray,
    openings: np.ndarray,
    times: np.ndarray,
    *,
    unit: float = 1.0,
) -> SpottingResult:
    """Find the movements that a learnt spotter sees, and say what the face did in them.

    Parameters
    ----------
    spotter
        Exported by ``fleeting train``.
    rows
        ``(T, ...)`` of its input; NaN where the face was not seen.
    regions, head, openings, times, unit
        As for `fleeting.spotting.spot`: they say which action units moved, not whether.

    Returns
    -------
    SpottingResult
        The curve of the first kind that the spotter was taught; the kind of a movement is the one that it was
        taught to find, whatever the length; its score is that of the decoder ``fleeting``, else the height
        of the curve at the apex, cut to 0..1.
    """
    said = spotter.outputs(rows, times)
    found: list[Interval] = []
    for how in spotter.decodings:
        found += _decoded(said[how.curve], rows, times, how)
    kept = _apart(found)
    told = explained(regions, head, openings, times, kept, unit=unit)
    return SpottingResult(Curve(said[spotter.decodings[0].curve], times), tuple(told))


def _decoded(values: np.ndarray, rows: np.ndarray, times: np.ndarray, how: Decoding) -> list[Interval]:
    fps = Curve(values, times).fps
    if not fps or not np.isfinite(values).any():
        return []
    under = {"signals": rows} if how.with_rows else {}
    found = decode(values, fps, how.method, **how.parameters, **under)
    return [_timed(one, values, times, how) for one in found if one.score >= how.least_score]


def _timed(one: Interval, values: np.ndarray, times: np.ndarray, how: Decoding) -> Interval:
    """Put an interval on the times of the video; its apex is where the curve is highest."""
    first, last = one.onset_frame, one.offset_frame
    apex = one.apex_frame
    if apex is None:
        apex = first + int(np.nanargmax(values[first : last + 1]))
    frame_s = float(np.diff(times)[max(last - 1, 0)])
    score = one.score if how.method == SCORED else float(np.clip(values[apex], 0, 1))
    return Interval(
        first,
        apex,
        last,
        float(times[first]),
        float(times[apex]),
        float(times[last]),
        frame_s,
        how.kind,
        score,
    )


def _apart(found: list[Interval]) -> list[Interval]:
    """Keep the surest of those that share much of their time, by onset."""
    kept: list[Interval] = []
    for one in sorted(found, key=lambda i: (-i.score, i.onset_frame)):
        if all(_shared(one, other) <= MOST_SHARED for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda i: i.onset_frame)


def _shared(a: Interval, b: Interval) -> float:
    inside = min(a.offset_frame, b.offset_frame) - max(a.onset_frame, b.onset_frame) + 1
    return inside / min(a.frames, b.frames)
