"""Average precision of spotting: quality of the ranking, without choosing a threshold on the score."""

from collections.abc import Sequence

import numpy as np

from fleeting.core import UsageError
from fleeting.evaluation.matching import match_intervals
from fleeting.evaluation.spotting import Span

THRESHOLDS = tuple(k / 20 for k in range(10, 20))


def average_precision(
    truth: Sequence[Span], predictions: Sequence[Span], *, threshold: float = 0.5, kind: str | None = None
) -> float:
    """Area under the precision-recall curve of ranked intervals at one IoU threshold.

    Predictions of all videos are ranked together by score; a prediction is right if rule ``strict`` matches
    it within its video. Precision is made to fall with recall (the envelope of PASCAL VOC 2010 and COCO)
    and summed over every step of recall: ``AP = sum (R_i - R_{i-1}) max_{j >= i} P_j``. Predictions of one
    score enter together, so their order in the table does not matter.

    Parameters
    ----------
    truth, predictions
        Intervals of all videos; ``score`` ranks the predictions.
    threshold
        IoU that a match needs.
    kind
        Only this kind; by default the mean over the kinds that the truth holds.

    Returns
    -------
    float
        In 0..1; NaN where the truth is empty.

    Examples
    --------
    >>> truth = [Span("v", 0, 9), Span("v", 30, 39)]
    >>> found = [Span("v", 0, 9, score=0.9), Span("v", 60, 69, score=0.8), Span("v", 30, 39, score=0.7)]
    >>> round(average_precision(truth, found), 4)
    0.8333
    """
    kinds = [kind] if kind is not None else sorted({span.kind for span in truth})
    values = [_ranked(truth, predictions, threshold, name) for name in kinds]
    return float(np.mean(values)) if values else float("nan")


def mean_average_precision(
    truth: Sequence[Span],
    predictions: Sequence[Span],
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    kind: str | None = None,
) -> float:
    """AP@[.5:.95]: the mean of `average_precision` over IoU 0.5, 0.55, ..., 0.95 (COCO; used by MEAN).

    Examples
    --------
    >>> mean_average_precision([Span("v", 0, 9)], [Span("v", 0, 6)])
    0.5
    """
    if not len(thresholds):
        raise UsageError("thresholds: expected at least one")
    values = [average_precision(truth, predictions, threshold=t, kind=kind) for t in thresholds]
    return float(np.mean(values))


def _ranked(truth: Sequence[Span], predictions: Sequence[Span], threshold: float, kind: str) -> float:
    true = [span for span in truth if span.kind == kind]
    found = [span for span in predictions if span.kind == kind]
    if not true:
        return float("nan")
    right = np.zeros(len(found))
    targets, groups = _by_video(true), _by_video(found)
    for key, rows in groups.items():
        matches = match_intervals(
            np.array([(true[i].onset, true[i].offset) for i in targets.get(key, [])]),
            np.array([(found[i].onset, found[i].offset) for i in rows]),
            np.array([found[i].score for i in rows]),
            threshold=threshold,
        )
        right[[rows[p] for p, _ in matches.pairs]] = 1
    scores = np.array([span.score for span in found])
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf) != 0)  # end of each run of one score
    hits = np.cumsum(right[order])[last]
    precision, recall = hits / (last + 1), hits / len(true)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope))


def _by_video(spans: Sequence[Span]) -> dict[tuple[str, str, str], list[int]]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, span in enumerate(spans):
        groups.setdefault(span.key, []).append(index)
    return groups
