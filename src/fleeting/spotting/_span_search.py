"""Spans of a curve that may hold a movement, and what is known of each: far more spans than movements."""

import numpy as np

from fleeting.spotting._boxes import peaks
from fleeting.spotting._durations import INWARDS
from fleeting.spotting._moved import Moved, smoothed

SHORTEST, LONGEST = 0.3, 3.0  # of the usual length
APART = 0.15  # of the usual length: between two peaks
LOWEST_PEAK = 0.1  # share of the way from the curve's base to its top
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of a peak's height at which it is cut
WIDTHS = (0.6, 0.8, 1.0, 1.25, 1.5)  # of the usual length, centred on a peak
QUIET_S, ROUGH = 0.1, 0.5  # smoothing: seconds, share of the usual length
WIDE_S = 0.8
NEARBY_S = 5.0
LEAST = 0.01  # of the curve's range: what heights are divided by, at least
UNSEEN = -9.0  # where there are no signals

CURVE_FACTS = (
    "length", "mean", "peak", "fullness", "before", "after", "higher side", "lower side", "wide sides",
    "first frame", "last frame", "peak off the middle", "above sides", "above mean of sides", "roughness",
    "smooth peak", "smooth middle", "smooth ends", "higher nearby",
)  # fmt: skip
MOTION_FACTS = ("motion", "left over", "return", "overlap with motion", "onset of motion", "offset of motion")
SPAN_FACTS = (*CURVE_FACTS, *MOTION_FACTS)
"""What each column of `span_facts` says of a span; heights are shares of the curve's range."""


def possible_spans(curve: np.ndarray, fps: float, usual_s: float, moved: Moved | None = None) -> np.ndarray:
    """List spans around the peaks of a curve.

    Each peak of the curve, as it is and smoothed, is cut at several heights and taken with several widths;
    with signals each span is also given the ends of the motion that it holds.

    Parameters
    ----------
    curve
        ``(T,)`` without NaN, not the same everywhere.
    fps
        Frames per second.
    usual_s
        Usual length of a movement, seconds.
    moved
        Signals of the face, if there are any.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)`` first and last frames, no two the same.
    """
    least, most = max(2.0, SHORTEST * usual_s * fps), max(2.0, LONGEST * usual_s * fps)
    found: set[tuple[int, int]] = set()
    for width in (0.0, QUIET_S * fps, ROUGH * usual_s * fps):
        row = smoothed(curve, width) if width > 1 else curve
        base, top = float(np.median(row)), float(row.max())
        edged = np.concatenate([[row.min()], row, [row.min()]])  # the ends of a curve may be peaks
        apart = max(1, round(APART * usual_s * fps))
        for at in (one - 1 for one in peaks(edged, base + LOWEST_PEAK * (top - base), apart)):
            found |= {_cut(row, at, base + share * (row[at] - base), int(most)) for share in SHARES}
            halves = [share * usual_s * fps / 2 for share in WIDTHS]
            found |= {
                (max(0, round(at - half + 0.5)), min(len(row) - 1, round(at + half - 0.5))) for half in halves
            }
    spans = _fitting(found, least, most)
    if moved is None or not len(spans):
        return spans
    ends = moved.refined(spans)
    inside = np.stack([np.ceil(ends[:, 0] + INWARDS), np.floor(ends[:, 1] - INWARDS)], 1).astype(int)
    inside = np.clip(inside, 0, len(curve) - 1)
    return _fitting(found | {(int(a), int(b)) for a, b in inside}, least, most)


def _fitting(spans: set[tuple[int, int]], least: float, most: float) -> np.ndarray:
    kept = sorted((a, b) for a, b in spans if least <= b - a + 1 <= most)
    return np.array(kept, int).reshape(-1, 2)


def _cut(row: np.ndarray, at: int, height: float, most: int) -> tuple[int, int]:
    """Frames around a peak that are at least so high."""
    before, after = row[max(0, at - most) : at][::-1] < height, row[at + 1 : at + 1 + most] < height
    first = at - (int(before.argmax()) if before.any() else len(before))
    last = at + (int(after.argmax()) if after.any() else len(after))
    return first, last


def span_facts(
    curve: np.ndarray, fps: float, usual_s: float, spans: np.ndarray, moved: Moved | None = None
) -> np.ndarray:
    """Say what is known of each span.

    Nothing in it depends on gain or offset of the curve, on the unit of the signals, or on the frame rate
    but for rounding.

    Returns
    -------
    numpy.ndarray
        ``(N, len(SPAN_FACTS))`` float32; motion is `UNSEEN` where there are no signals.
    """
    facts = _curve_facts(curve, fps, usual_s, spans)
    if moved is None:
        motion = np.full((len(spans), len(MOTION_FACTS)), UNSEEN)
    else:
        motion = _motion_facts(spans, moved)
    return np.concatenate([facts, motion], 1).astype(np.float32)


def _curve_facts(curve: np.ndarray, fps: float, usual_s: float, spans: np.ndarray) -> np.ndarray:
    base = float(np.median(curve))
    row = (curve - base) / max(float(curve.max()) - base, 1e-12)
    total = np.concatenate([[0.0], np.cumsum(row)])

    def mean(first: np.ndarray, stop: np.ndarray) -> np.ndarray:
        low, high = np.clip(first, 0, len(row)), np.clip(stop, 0, len(row))
        return np.where(high > low, (total[high] - total[low]) / np.maximum(high - low, 1), 0.0)

    first, stop = spans[:, 0], spans[:, 1] + 1
    length = stop - first
    part, wide = np.maximum(1, length // 3), round(WIDE_S * fps)
    tops = np.array([first[at] + row[first[at] : stop[at]].argmax() for at in range(len(spans))], int)
    inside, peak = mean(first, stop), row[tops]
    height = np.maximum(peak, LEAST)
    before, after = mean(first - part, first), mean(stop, stop + part)
    wide_sides = np.maximum(mean(first - wide, first - part), mean(stop + part, stop + wide))
    soft = smoothed(row, max(2.0, ROUGH * usual_s * fps))
    soft = (soft - np.median(soft)) / max(float(soft.max() - np.median(soft)), 1e-12)
    soft_peak = np.array([soft[a:b].max() for a, b in zip(first, stop, strict=True)])
    near = round(NEARBY_S * fps)
    higher = [
        float((soft[max(0, a - near) : b + near] > top).mean())
        for a, b, top in zip(first, stop, soft_peak, strict=True)
    ]
    rough = float(np.median(np.abs(np.diff(row)))) + 1e-4
    return np.stack(
        [
            np.log(length / fps / usual_s),
            inside,
            peak,
            inside / height,
            before,
            after,
            np.maximum(before, after) / height,
            np.minimum(before, after) / height,
            wide_sides,
            row[first] / height,
            row[stop - 1] / height,
            np.abs((tops - first) / length - 0.5),
            inside - np.maximum(before, after),
            inside - (before + after) / 2,
            np.full(len(spans), np.log(rough)),
            soft_peak,
            soft[(first + stop - 1) // 2],
            np.maximum(soft[first], soft[stop - 1]) / np.maximum(soft_peak, LEAST),
            np.array(higher),
        ],
        1,
    )


def _motion_facts(spans: np.ndarray, moved: Moved) -> np.ndarray:
    motion, ends = moved.of(spans), moved.refined(spans)
    size = np.maximum(motion.size, 1e-6 * moved.usual)
    length = spans[:, 1] - spans[:, 0] + 1
    common = np.minimum(ends[:, 1], spans[:, 1]) - np.maximum(ends[:, 0], spans[:, 0])
    whole = np.maximum(ends[:, 1], spans[:, 1]) - np.minimum(ends[:, 0], spans[:, 0])
    return np.stack(
        [
            np.log(size / moved.usual),
            motion.left / size,
            motion.agreement,
            np.maximum(common, 0) / np.maximum(whole, 1),
            (ends[:, 0] - spans[:, 0]) / length,
            (ends[:, 1] - spans[:, 1]) / length,
        ],
        1,
    )
