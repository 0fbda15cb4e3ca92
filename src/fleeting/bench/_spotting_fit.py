"""Parameters of decoders, fitted on curves of training subjects alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from fleeting.core import Curve, Interval, UsageError
from fleeting.evaluation import Counts, match_intervals
from fleeting.spotting import DECODERS, decode

P = (0.3, 0.45, 0.55, 0.65, 0.75, 0.85)
GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "fixed": {"p": P},
    "fixed-nms": {"p": P},
    "scalable": {"p": P},
    "runs": {"high": (0.45, 0.6, 0.75), "low": (0.15, 0.3, 0.45)},
    "onset-offset": {"high": (0.3, 0.45, 0.6, 0.75)},
    "durations": {"least_z": (2.0, 3.0, 4.0, 6.0), "least_share": (0.2, 0.4, 0.6)},
    "fleeting": {"least": (0.05,)},
}
"""What is tried of each decoder beside the lengths of time, which are measured."""

LEVELS = np.linspace(0.05, 0.975, 38)  # shares of what was found, by score
WITH_SIGNALS = ("fleeting",)  # these also look at what the curve was computed from
LENGTHS_S = (0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6, 2.2, 3.2, 4.5)


@dataclass(frozen=True)
class FittedDecoder:
    """A decoder with parameters.

    Parameters
    ----------
    method, parameters
        For `fleeting.decode`.
    least_score
        Intervals of a lower score are left out: what separates alarms where nothing happens.
    """

    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    least_score: float = -np.inf

    def __call__(self, curve: Curve, signals: np.ndarray | None = None) -> list[Interval]:
        """Give the intervals of a curve; ``signals`` are for the decoders that take them."""
        found = _decoded(self.method, curve, signals, self.parameters)
        return [one for one in found if one.score >= self.least_score]


def _decoded(
    method: str, curve: Curve, signals: np.ndarray | None, parameters: Mapping[str, Any]
) -> list[Interval]:
    told = {"signals": signals} if method in WITH_SIGNALS and signals is not None else {}
    return decode(curve.values, curve.fps, method, **parameters, **told)


def fit_decoder(
    method: str,
    curves: Sequence[Curve],
    truths: Sequence[Sequence[Interval]],
    *,
    lengths_s: Sequence[float] | None = None,
    signals: Sequence[np.ndarray | None] | None = None,
) -> FittedDecoder:
    """Choose the parameters with the greatest strict F1, pooled over curves.

    Half widths come from the median length of the true intervals, lengths looked for from their spread, the
    least score from those of the intervals found; the rest is tried (`GRIDS`). Of equals the first stays.

    Parameters
    ----------
    method
        Name of a decoder.
    curves, truths
        Of training subjects, one entry for each recording; truths of the kind that is looked for.
    lengths_s
        Lengths of all training intervals of that kind, seconds; those of ``truths`` by default.
    signals
        Positions of face regions under each curve, for the decoders that take them.

    Returns
    -------
    FittedDecoder

    Raises
    ------
    UsageError
        Where there is no curve, or no grid for the decoder.

    Examples
    --------
    >>> values = np.zeros(200)
    >>> values[50:60] = 1
    >>> truth = [Interval.from_frames(50, 59, fps=30)]
    >>> fitted = fit_decoder("runs", [Curve(values, np.arange(200) / 30)], [truth])
    >>> [(one.onset_frame, one.offset_frame) for one in fitted(Curve(values, np.arange(200) / 30))]
    [(50, 59)]
    """
    if method not in GRIDS or method not in DECODERS:
        raise UsageError(f"decoder {method!r} has no grid; available: {', '.join(GRIDS)}")
    if not curves:
        raise UsageError("no curve to fit a decoder on")
    best, highest = FittedDecoder(method), -1.0
    own = [one.duration_s for truth in truths for one in truth]
    measured = _measured(method, own if lengths_s is None else lengths_s)
    grid = GRIDS[method]
    under: list[np.ndarray | None] = list(signals or [None] * len(curves))
    for values in product(*grid.values()):
        parameters = measured | dict(zip(grid, values, strict=True))
        found = [_decoded(method, one, raw, parameters) for one, raw in zip(curves, under, strict=True)]
        for least in _levels(found):
            f1 = _f1(found, truths, least)
            if f1 > highest + 1e-12:
                best, highest = FittedDecoder(method, parameters, least), f1
    return best


def _measured(method: str, lengths_s: Sequence[float]) -> dict[str, Any]:
    if not len(lengths_s):
        return {}
    low, middle, high = np.quantile(lengths_s, (0.05, 0.5, 0.95))
    if method in ("fixed", "fixed-nms", "scalable"):
        return {"half_width_s": float(middle) / 2}
    if method == "runs":
        return {"least_s": float(low) / 2, "most_s": float(high) * 1.5}
    if method == "onset-offset":
        return {"reach_s": float(high) / 2, "least_s": float(low) / 2, "most_s": float(high) * 1.5}
    if method == "fleeting":
        return {"usual_s": float(middle)}
    kept = tuple(one for one in LENGTHS_S if low / 1.5 <= one <= high * 1.5)
    return {"lengths_s": kept or (float(middle),)}


def _levels(found: Sequence[Sequence[Interval]]) -> list[float]:
    """Scores to cut at: none, then shares of those found."""
    scores = [one.score for each in found for one in each]
    cuts = np.unique(np.quantile(scores, LEVELS)).tolist() if scores else []
    return [-np.inf, *cuts]


def _f1(found: Sequence[Sequence[Interval]], truths: Sequence[Sequence[Interval]], least: float) -> float:
    total = Counts(0, 0, 0)
    for own, there in zip(found, truths, strict=True):
        kept = [one for one in own if one.score >= least]
        matches = match_intervals(
            np.array([(one.onset_frame, one.offset_frame) for one in there]).reshape(-1, 2),
            np.array([(one.onset_frame, one.offset_frame) for one in kept]).reshape(-1, 2),
            np.array([one.score for one in kept]),
        )
        total += Counts(matches.tp, matches.fp, matches.fn)
    return total.f1
