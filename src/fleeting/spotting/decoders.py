"""A curve and a frame rate -> intervals: decoders by name, for the curves of any spotter.

``fixed``, ``fixed-nms``, ``scalable``, ``megc2025-samm`` and ``megc2025-cas`` follow published code and carry
its habits: a threshold between the curve's mean and its maximum finds something in every video. ``runs`` and
``onset-offset`` are plain rules, ``durations`` looks for something that comes and goes within one
of several lengths of time. ``fleeting`` is ours and the default: it weighs many spans around each peak by the
overlap to be expected, and reads their ends from the region signals where it is given them. What it is worth
on curves of spotters that it has not learnt from is measured in ``docs/benchmarks/spotting.md``.
"""

import inspect

import numpy as np

from fleeting.core import Interval, ShapeError, UsageError, check_shape
from fleeting.spotting._boxes import DECODERS, Box, Decoder, seen_runs
from fleeting.spotting._durations import durations
from fleeting.spotting._megc2025 import megc2025_cas, megc2025_samm
from fleeting.spotting._published import fixed, fixed_nms, scalable
from fleeting.spotting._rules import onset_offset, runs
from fleeting.spotting._weighed import weighed

__all__ = ["DECODERS", "Box", "Decoder", "decode"]

DECODERS.register("fixed")(fixed)
DECODERS.register("fixed-nms")(fixed_nms)
DECODERS.register("scalable")(scalable)
DECODERS.register("megc2025-samm")(megc2025_samm)
DECODERS.register("megc2025-cas")(megc2025_cas)
DECODERS.register("runs")(runs)
DECODERS.register("onset-offset")(onset_offset)
DECODERS.register("durations")(durations)
DECODERS.register("fleeting")(weighed)


def decode(curve: np.ndarray, fps: float, method: str = "fleeting", **parameters: object) -> list[Interval]:
    """Find the intervals of a curve.

    Parameters
    ----------
    curve
        ``(T,)`` floats, one for each frame, high where a movement is likely. NaN means not seen: no
        interval reaches into it.
    fps
        Frames per second.
    method
        Name of a decoder; ``DECODERS.names()`` lists them.
    parameters
        Of the decoder: ``help(DECODERS.get(method))`` explains them. Lengths of time are in seconds.

    Returns
    -------
    list of Interval
        By onset, cut to the frames that were seen. ``score`` is higher where the decoder is surer, in
        units of its own. Those of ``fixed`` may overlap.

    Raises
    ------
    UsageError
        For an unknown parameter or one out of range.
    ShapeError
        For a curve that is no row of numbers.
    UnknownNameError
        For an unknown method.

    Examples
    --------
    >>> curve = np.zeros(100)
    >>> curve[40:50] = 1
    >>> [(i.onset_frame, i.offset_frame, i.kind) for i in decode(curve, fps=30)]
    [(40, 49, 'micro')]
    >>> [(i.onset_frame, i.offset_frame) for i in decode(curve, 30, "fixed", half_width_s=0.1)]
    [(42, 48)]
    """
    values = _checked(curve)
    if not 0 < fps < np.inf:
        raise UsageError(f"fps: expected a positive number, got {fps}")
    decoder = DECODERS.get(method)
    _check_names(method, decoder, parameters)
    boxes = decoder(values, float(fps), **parameters)
    found = [_interval(box, values, float(fps)) for box in boxes]
    return sorted(found, key=lambda one: (one.onset_frame, one.offset_frame))


def _checked(curve: np.ndarray) -> np.ndarray:
    try:
        values = np.asarray(curve, float)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"curve: expected a row of numbers, got {type(curve).__name__}") from error
    check_shape(values, ("T",), "curve")
    if np.isinf(values).any():
        raise ShapeError("curve: holds infinite values; put NaN where nothing was seen")
    return values


def _check_names(method: str, decoder: Decoder, parameters: dict[str, object]) -> None:
    known = [p.name for p in inspect.signature(decoder).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name in parameters:
        if name not in known:
            raise UsageError(f"decoder {method!r} has no parameter {name!r}; it takes {', '.join(known)}")


def _interval(box: Box, curve: np.ndarray, fps: float) -> Interval:
    """Cut a box to the stretch of frames in which its apex was seen."""
    first, last = next(run for run in seen_runs(curve) if run[0] <= box.apex <= run[1])
    onset, offset = max(box.onset, first), min(box.offset, last)
    return Interval.from_frames(onset, offset, fps=fps, apex=box.apex, score=box.score)
