"""Spot, then recognise: F1 of the analysis, STRS, and F1_DR."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleeting.core import UsageError
from fleeting.evaluation.confusion import class_counts, confusion, uar, uf1
from fleeting.evaluation.spotting import Counts, Span, SpottingScores, VideoSet, counts_f1, score_spotting

F1drMode = Literal["localisation", "joint", "product"]


def analysis_f1(matrix: np.ndarray) -> np.ndarray:
    """F1 of the analysis: the harmonic mean of macro precision and macro recall.

    ``F1a = 2 P R / (P + R)`` with ``P`` and ``R`` the means over all declared classes of ``TP / (TP + FP)``
    and ``TP / (TP + FN)``, 0 where undefined (Liong, See and Chan, 2023, "Spot-then-recognize"; official
    STRS script). It is not the mean of the class F1s. A class that was never spotted therefore costs.

    Parameters
    ----------
    matrix
        ``(..., C, C)`` or ``(..., C, C + 1)`` pairs of true and predicted emotion; truth in rows.

    Returns
    -------
    numpy.ndarray
        Shape of the leading axes; 0 where nothing is right.

    Examples
    --------
    >>> float(analysis_f1(np.array([[1, 1], [0, 2]])).round(4))
    0.7895
    """
    precision, recall = analysis_precision_recall(matrix)
    both = precision + recall
    return np.divide(2 * precision * recall, both, out=np.zeros(np.shape(both)), where=both > 0)


def analysis_precision_recall(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Macro precision and macro recall over all declared classes, 0 where undefined; see `analysis_f1`.

    Examples
    --------
    >>> [float(v.round(4)) for v in analysis_precision_recall(np.array([[1, 1], [0, 2]]))]
    [0.8333, 0.75]
    """
    hits, false, missed = class_counts(matrix)
    found, there = hits + false, hits + missed
    precision = np.divide(hits, found, out=np.zeros(hits.shape), where=found > 0)
    recall = np.divide(hits, there, out=np.zeros(hits.shape), where=there > 0)
    return precision.mean(-1), recall.mean(-1)


@dataclass(frozen=True, slots=True)
class StrScores:
    """Spot-then-recognise result.

    ``matrix`` ``(C, C + 1)`` holds the spotted pairs whose true emotion is declared; its last column counts
    answers outside the declared ones. ``table`` ``(S, 3 + C (C + 1))`` holds TP, FP, FN and the flattened
    matrix of each of ``subjects``, the units of the bootstrap (`strs_of`).
    """

    spotting: SpottingScores
    labels: tuple[str, ...]
    matrix: np.ndarray
    subjects: tuple[str, ...]
    table: np.ndarray

    @property
    def counts(self) -> Counts:
        """Pooled spotting counts, all kinds together."""
        return self.spotting.counts()

    @property
    def f1_spotting(self) -> float:
        """F1 of the spotting."""
        return self.counts.f1

    @property
    def f1_analysis(self) -> float:
        """See `analysis_f1`."""
        return float(analysis_f1(self.matrix))

    @property
    def uf1(self) -> float:
        """Mean class F1 over the spotted pairs, 0 for declared classes without one."""
        return float(uf1(self.matrix, "zero"))

    @property
    def uar(self) -> float:
        """Mean class recall over the spotted pairs, 0 for declared classes without one."""
        return float(uar(self.matrix, "zero"))

    @property
    def strs(self) -> float:
        """``F1_spotting * F1_analysis``."""
        return self.f1_spotting * self.f1_analysis


def score_str(
    truth: Sequence[Span],
    predictions: Sequence[Span],
    *,
    labels: Sequence[str] | None = None,
    rule: str = "strict",
    threshold: float = 0.5,
    video_set: VideoSet = "all",
) -> StrScores:
    """Score spotting, then the emotions of what was spotted, and their product STRS.

    Parameters
    ----------
    truth, predictions
        Intervals with emotions. A truth without emotion is spotted but not analysed; a prediction without
        one is wrong wherever its truth has one.
    labels
        The evaluated emotions; by default all that the truth holds. Published results often leave
        "others" out: then give the list.
    rule, threshold, video_set
        See `score_spotting`. With ``rule="strs-script"`` counts and ``F1a`` are those of the official
        script, save where that fails (one single emotion gives it F1 0 and STRS NaN; here 1).

    Returns
    -------
    StrScores

    Examples
    --------
    >>> truth = [Span("v", 0, 9, emotion="positive"), Span("v", 20, 29, emotion="negative")]
    >>> found = [Span("v", 0, 9, emotion="positive"), Span("v", 40, 49, emotion="negative")]
    >>> scores = score_str(truth, found)
    >>> scores.f1_spotting, scores.f1_analysis, scores.strs
    (0.5, 0.5, 0.25)
    """
    spotting = score_spotting(truth, predictions, rule=rule, threshold=threshold, video_set=video_set)
    chosen = tuple(labels) if labels is not None else tuple(sorted({t.emotion for t in truth if t.emotion}))
    if not chosen:
        raise UsageError("no emotions: the truth holds none, and no labels were given")
    size = len(chosen) * (len(chosen) + 1)
    names, counts = spotting.by_subject()
    place = {name: i for i, name in enumerate(names)}
    table = np.hstack([counts, np.zeros((len(names), size), np.int64)])
    for p, g in spotting.pairs:
        span = truth[g]
        if span.emotion in chosen:
            row = place[f"{span.dataset}/{span.subject}" if span.dataset else span.subject]
            table[row, 3:] += confusion(
                [span.emotion], [predictions[p].emotion], chosen, outside=True
            ).ravel()
    matrix = table[:, 3:].sum(0).reshape(len(chosen), len(chosen) + 1)
    return StrScores(spotting, chosen, matrix, tuple(names), table)


def strs_of(table: np.ndarray, classes: int) -> np.ndarray:
    """STRS of pooled rows ``(..., 3 + C (C + 1))`` as in ``StrScores.table``, for the bootstrap.

    Examples
    --------
    >>> strs_of(np.array([1, 1, 1, 2, 0]), classes=1).tolist()
    0.5
    """
    table = np.asarray(table, float)
    matrix = table[..., 3:].reshape(*table.shape[:-1], classes, classes + 1)
    return counts_f1(table[..., :3]) * analysis_f1(matrix)


def f1_dr(
    truth: Sequence[Span],
    predictions: Sequence[Span],
    mode: F1drMode = "localisation",
    *,
    rule: str = "strict",
    threshold: float = 0.5,
    video_set: VideoSet = "all",
) -> float:
    """F1 of detection and recognition as MELDAE (arXiv 2510.22575) names it; an assumed definition.

    The paper's formula could not be read. Write "F1_DR (assumed, <mode>)" beside every number.

    Parameters
    ----------
    truth, predictions
        Intervals with emotions.
    mode
        ``localisation``: F1 of the intervals, emotions ignored, as the abstract calls it a localisation
        metric. ``joint``: a hit also needs the right emotion; a found interval with the wrong one is a
        false alarm and a miss. ``product``: STRS.
    rule, threshold, video_set
        See `score_spotting`.

    Returns
    -------
    float
        In 0..1 under one-to-one rules.

    Examples
    --------
    >>> truth = [Span("v", 0, 9, emotion="positive"), Span("v", 20, 29, emotion="negative")]
    >>> found = [Span("v", 0, 9, emotion="positive"), Span("v", 20, 29, emotion="positive")]
    >>> f1_dr(truth, found), f1_dr(truth, found, "joint"), round(f1_dr(truth, found, "product"), 3)
    (1.0, 0.5, 0.333)
    """
    if mode == "product":
        return score_str(truth, predictions, rule=rule, threshold=threshold, video_set=video_set).strs
    if mode not in ("localisation", "joint"):
        raise UsageError(f"mode: expected 'localisation', 'joint' or 'product', got {mode!r}")
    spotting = score_spotting(truth, predictions, rule=rule, threshold=threshold, video_set=video_set)
    counts = spotting.counts()
    if mode == "joint":
        wrong = sum(truth[g].emotion != predictions[p].emotion for p, g in spotting.pairs)
        counts = Counts(counts.tp - wrong, counts.fp + wrong, counts.fn + wrong)
    return counts.f1
