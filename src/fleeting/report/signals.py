"""Take one face's arrays out of a report's signals, whatever part of them is there."""

from dataclasses import dataclass, replace

import numpy as np

from fleeting.core import Expression, Report, check_shape


@dataclass(frozen=True, slots=True)
class FaceSignals:
    """What was measured on one face.

    Parameters
    ----------
    times
        ``(T,)`` seconds, rising; may be empty.
    curve
        ``(T,)`` score of the spotter, NaN = not seen.
    regions
        ``(T, R, 2)`` displacement in pixels of the aligned crop; ``R`` may be 0.
    names
        ``(R,)`` names of the regions.
    threshold
        Level above which the spotter took notice, if it has one.
    """

    times: np.ndarray
    curve: np.ndarray
    regions: np.ndarray
    names: tuple[str, ...]
    threshold: float | None = None

    def between(self, start: float, stop: float) -> "FaceSignals":
        """Give the part from ``start`` to ``stop`` seconds, both in, without copying."""
        part = slice(*np.searchsorted(self.times, [start, np.nextafter(stop, np.inf)]))
        return replace(self, times=self.times[part], curve=self.curve[part], regions=self.regions[part])


def face_signals(report: Report, face: int) -> FaceSignals:
    """Read one face's signals from ``report.signals``; what is missing comes back empty.

    Raises
    ------
    ShapeError
        Where an array has another shape than the contract of ``Report.signals`` says.
    """
    found = report.signals
    times = np.asarray(found.get("times", np.zeros(0)), float)
    count = check_shape(times, ("T",), "signals['times']")["T"]
    names = tuple(str(name) for name in found.get("region_names", ()))
    curve = _array(found, f"face{face}_curve", (count,))
    regions = _array(found, f"face{face}_regions", (count, len(names), 2))
    return FaceSignals(times, curve, regions, names, _threshold(report, face))


def _array(found: dict[str, np.ndarray], key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Take an array as it is (it may be large), or NaN where it is missing."""
    if key not in found:
        return np.broadcast_to(np.nan, shape)
    check_shape(found[key], shape, f"signals[{key!r}]")
    return found[key]


def _threshold(report: Report, face: int) -> float | None:
    value = report.signals.get(f"face{face}_threshold", report.signals.get("threshold"))
    if value is None or np.size(value) == 0 or not np.isfinite(value).any():
        return None
    return float(np.nanmedian(np.asarray(value, float)))  # one line for a threshold that moves a little


def span_of(report: Report) -> tuple[float, float]:
    """Give the span of time that was analysed, in seconds: the signals' own, else the whole video.

    A single frame gets a positive length, so that it can be drawn.
    """
    times = np.asarray(report.signals.get("times", np.zeros(0)), float)
    frame = 1 / report.video.fps if report.video.fps > 0 else 0.04
    if len(times):
        return float(times[0]), float(times[-1]) + frame
    return 0.0, max(report.video.duration_s, frame)


def region_motion(report: Report, index: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Give the motion of every region from onset to apex of one expression.

    Parameters
    ----------
    report
        The report.
    index
        Position of the expression.

    Returns
    -------
    tuple
        Region names ``(R,)`` and motion ``(R, 2)`` in pixels of the aligned crop: as measured for the
        pictures, else the difference of the region signals. NaN where it is not known.
    """
    entry = report.pictures[index] if report.pictures else {}
    names = entry.get("regions", report.signals.get("region_names", ()))
    if "region_motion" in entry:
        motion = np.asarray(entry["region_motion"], float)
        check_shape(motion, (len(names), 2), "pictures: region_motion")
        return tuple(str(name) for name in names), motion
    expression = report.expressions[index]
    signals = face_signals(report, expression.face)
    if not len(signals.times):
        return signals.names, np.full((len(signals.names), 2), np.nan)
    onset, apex = (nearest(signals.times, t) for t in (expression.interval.onset_s, apex_time(expression)))
    return signals.names, np.asarray(signals.regions[apex] - signals.regions[onset], float)


def apex_time(expression: Expression) -> float:
    """Time of the apex in seconds; the middle of the interval where none is given."""
    interval = expression.interval
    return (interval.onset_s + interval.offset_s) / 2 if interval.apex_s is None else interval.apex_s


def nearest(times: np.ndarray, moment: float) -> int:
    """Find the sample nearest to a moment.

    Examples
    --------
    >>> nearest(np.array([0.0, 0.1, 0.2]), 0.16)
    2
    """
    after = int(np.searchsorted(times, moment))
    if after == 0:
        return 0
    if after == len(times):
        return len(times) - 1
    return after if times[after] - moment < moment - times[after - 1] else after - 1
