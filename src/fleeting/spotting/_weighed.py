"""Our decoder: spans around the peaks of a curve, each weighed by how well it is expected to fit."""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from fleeting.core import ShapeError, UsageError
from fleeting.spotting._boxes import Box, check_share, level, strongest_apart
from fleeting.spotting._moved import Moved
from fleeting.spotting._span_search import SPAN_FACTS, possible_spans, span_facts
from fleeting.spotting.trees import Trees

USUAL_S = 0.3  # of a micro-expression
LEAST = 0.4


def weighed(
    curve: np.ndarray,
    fps: float,
    *,
    usual_s: float = USUAL_S,
    least: float = LEAST,
    signals: np.ndarray | None = None,
) -> list[Box]:
    """Find the spans that are expected to fit a movement best (the decoder ``fleeting``).

    Every peak of the curve is cut at several heights and taken with several widths. With ``signals``, the
    positions of face regions that the curve was computed from, each span is also given the ends of the
    motion that it holds, and it is known how far the face moved there, and whether it came back. Boosted
    trees say which IoU with a coded movement is to be expected of each span; of spans that overlap the best
    stays. The trees have learnt from curves of four spotters on invented recordings
    (``benchmarks/make_decoder.py``), and are asked about shares of the curve's range and of the usual
    length, so that they hold for other curves, lengths and frame rates.

    Parameters
    ----------
    curve, fps
        As for `decode`.
    usual_s
        Usual length of the movements looked for, seconds; what is shorter than a third of it or longer
        than three times is not found. For macro-expressions take 1.5.
    least
        Least IoU expected.
    signals
        ``(T, K)`` or ``(T, K, 2)`` positions of face regions in any unit, NaN where not seen.

    Returns
    -------
    list of Box
        ``score`` is the IoU expected, 0..1.

    Examples
    --------
    >>> t = np.arange(300) / 30
    >>> bump = np.where(abs(t - 5) < 0.2, np.cos((t - 5) / 0.2 * np.pi / 2) ** 2, 0)
    >>> [(b.onset, b.apex, b.offset) for b in weighed(bump, 30)]
    [(146, 150, 154)]
    """
    check_share("least", least)
    if not 0 < usual_s < np.inf:
        raise UsageError(f"usual_s: expected a positive number of seconds, got {usual_s}")
    if signals is not None and len(signals) != len(curve):
        raise ShapeError(f"signals: expected {len(curve)} frames as in the curve, got {len(signals)}")
    if level(curve):
        return []
    seen = np.isfinite(curve)
    row = np.where(seen, curve, np.median(curve[seen]))
    moved = None if signals is None else Moved(signals, fps, usual_s)
    spans = possible_spans(row, fps, usual_s, moved)
    if not len(spans):
        return []
    expected = np.clip(trees().answers(span_facts(row, fps, usual_s, spans, moved)), 0, 1)
    boxes = _boxes(row, seen, spans[expected >= least], expected[expected >= least])
    return strongest_apart(boxes, lambda x, y: min(x.offset, y.offset) >= max(x.onset, y.onset))


def _boxes(row: np.ndarray, seen: np.ndarray, spans: np.ndarray, expected: np.ndarray) -> list[Box]:
    """Make boxes with the highest frame as the apex; what was seen nowhere is left out."""
    shown = np.where(seen, row, -np.inf)
    found = []
    for (first, last), score in zip(spans.tolist(), expected.tolist(), strict=True):
        part = shown[first : last + 1]
        tops = np.flatnonzero(part == part.max())
        if seen[first : last + 1].any():
            found.append(Box(first, first + int(tops[len(tops) // 2]), last, score))
    return found


@cache
def trees() -> Trees:
    """Give the trees that ship; raises ValueError where they were made for other facts."""
    path = files("fleeting.spotting").joinpath("data", "decoder.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    if tuple(told["facts"]) != SPAN_FACTS:
        raise ValueError(f"{path}: made for other facts; run benchmarks/make_decoder.py")
    arrays = {name: np.array(told[name], np.float32) for name in ("threshold", "leaf", "base")}
    return Trees(feature=np.array(told["feature"], np.int32), **arrays)
