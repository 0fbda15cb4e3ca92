"""Spotting: counts over many videos, F1 by kind, dataset and overall, errors of the matched pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleeting.core import Interval, UsageError
from fleeting.evaluation.matching import RULES, match_intervals

VideoSet = Literal["all", "with_target"]
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """One interval of a table of many videos.

    Unlike `fleeting.core.Interval` it needs no times and may begin before frame 0, as the output of some
    published decoders does. ``dataset``, ``subject`` and ``video`` together name the recording.

    Parameters
    ----------
    video
        Name of the recording, unique within its subject.
    onset, offset
        Native frames, zero-based, both ends in.
    kind
        ``micro``, ``macro`` or another name; kinds are matched apart.
    subject, dataset
        Who and where from; empty when there is one of them only.
    emotion
        Label for the spot-then-recognise scores.
    score
        Confidence; higher is surer.
    apex
        Strongest frame, where it is known.

    Raises
    ------
    UsageError
        Where the offset lies before the onset.

    Examples
    --------
    >>> Span("v1", 10, 19).frames
    10
    """

    video: str
    onset: int
    offset: int
    kind: str = "micro"
    subject: str = ""
    dataset: str = ""
    emotion: str | None = None
    score: float = 1.0
    apex: int | None = None

    def __post_init__(self) -> None:
        if self.offset < self.onset:
            raise UsageError(f"{self.video}: offset {self.offset} lies before onset {self.onset}")

    @classmethod
    def from_interval(
        cls,
        interval: Interval,
        video: str,
        *,
        subject: str = "",
        dataset: str = "",
        emotion: str | None = None,
    ) -> "Span":
        """Take over an interval of the core types."""
        return cls(
            video,
            interval.onset_frame,
            interval.offset_frame,
            interval.kind,
            subject,
            dataset,
            emotion,
            interval.score,
            interval.apex_frame,
        )

    @property
    def frames(self) -> int:
        """Number of frames, both ends in."""
        return self.offset - self.onset + 1

    @property
    def key(self) -> Key:
        """Dataset, subject and video."""
        return self.dataset, self.subject, self.video


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives, and the scores that follow.

    Precision, recall and F1 are 0 where their denominator is 0, as in scikit-learn with
    ``zero_division=0``: where nothing was there and nothing was found, look at the counts.

    Examples
    --------
    >>> counts = Counts(159, 85, 85)
    >>> round(counts.f1, 5)
    0.65164
    >>> (counts + Counts(1, 0, 0)).tp
    160
    """

    tp: int
    fp: int
    fn: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """``TP / (TP + FP)``."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp > 0 else 0.0

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn > 0 else 0.0

    @property
    def f1(self) -> float:
        """``2 TP / (2 TP + FP + FN)``."""
        return float(counts_f1(np.array([self.tp, self.fp, self.fn])))


def counts_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of pooled counts ``(..., 3)`` in the order TP, FP, FN; 0 where there is nothing to count.

    Examples
    --------
    >>> counts_f1(np.array([[1, 1, 1], [0, 0, 0]])).tolist()
    [0.5, 0.0]
    """
    counts = np.asarray(counts, float)
    bottom = 2 * counts[..., 0] + counts[..., 1] + counts[..., 2]
    return np.divide(2 * counts[..., 0], bottom, out=np.zeros(bottom.shape), where=bottom > 0)


@dataclass(frozen=True, slots=True)
class SpottingScores:
    """Pooled spotting result.

    ``pairs`` holds ``(prediction, truth)`` positions in the sequences that were given. ``units`` are the
    ``(dataset, subject, kind)`` triples behind ``table`` ``(U, 3)`` int: TP, FP, FN of each, from which every
    pooled number is summed.
    """

    rule: str
    threshold: float
    video_set: str
    pairs: tuple[tuple[int, int], ...]
    units: tuple[Key, ...]
    table: np.ndarray

    def counts(self, *, kind: str | None = None, dataset: str | None = None) -> Counts:
        """Sum over all units, or those of one kind or dataset; overall counts are the sum over kinds."""
        keep = [
            i
            for i, unit in enumerate(self.units)
            if (kind is None or unit[2] == kind) and (dataset is None or unit[0] == dataset)
        ]
        return Counts(*(int(v) for v in self.table[keep].sum(0)))

    @property
    def kinds(self) -> list[str]:
        """All kinds that occur, sorted."""
        return sorted({unit[2] for unit in self.units})

    @property
    def datasets(self) -> list[str]:
        """All datasets that occur, sorted."""
        return sorted({unit[0] for unit in self.units})

    def by_subject(self, *, kind: str | None = None) -> tuple[list[str], np.ndarray]:
        """Give subjects as ``dataset/subject`` and their counts ``(S, 3)``, the units of the bootstrap."""
        names = sorted({_subject(unit) for unit in self.units})
        place = {name: i for i, name in enumerate(names)}
        counts = np.zeros((len(names), 3), np.int64)
        for unit, row in zip(self.units, self.table, strict=True):
            if kind is None or unit[2] == kind:
                counts[place[_subject(unit)]] += row
        return names, counts


def _subject(unit: Key) -> str:
    return f"{unit[0]}/{unit[1]}" if unit[0] else unit[1]


def score_spotting(
    truth: Sequence[Span],
    predictions: Sequence[Span],
    *,
    rule: str = "strict",
    threshold: float = 0.5,
    video_set: VideoSet = "all",
) -> SpottingScores:
    """Match video by video and kind by kind, and sum the counts as if all were one long video.

    ``P = TP / (TP + FP)``, ``R = TP / (TP + FN)``, ``F1 = 2 TP / (2 TP + FP + FN)`` of the sums (MEGC 2019
    onwards); never a mean of per-video scores. Overall counts are micro plus macro counts.

    Parameters
    ----------
    truth, predictions
        Intervals of all videos, in native frames.
    rule
        See `matching_rules`; ``strict`` unless a published number is to be reproduced.
    threshold
        IoU that a match needs.
    video_set
        ``all``, or ``with_target``: only videos that hold a truth of that kind, as some papers do, which
        hides the false alarms of the others.

    Returns
    -------
    SpottingScores

    Examples
    --------
    >>> truth = [Span("v1", 10, 19), Span("v1", 50, 99, "macro")]
    >>> found = [Span("v1", 12, 20), Span("v2", 5, 9)]
    >>> scores = score_spotting(truth, found)
    >>> scores.counts(kind="micro"), scores.counts(kind="macro")
    (Counts(tp=1, fp=1, fn=0), Counts(tp=0, fp=0, fn=1))
    >>> round(scores.counts().f1, 3), score_spotting(truth, found, video_set="with_target").counts().f1
    (0.5, 0.6666666666666666)
    """
    if video_set not in ("all", "with_target"):
        raise UsageError(f"video_set: expected 'all' or 'with_target', got {video_set!r}")
    chosen = RULES.get(rule)
    skip_empty = chosen.skips_empty_truth or video_set == "with_target"
    heard = {span.key[:2] for span in predictions}
    true, found = _grouped(truth), _grouped(predictions)
    table: dict[Key, np.ndarray] = {}
    pairs: list[tuple[int, int]] = []
    for group in sorted(true.keys() | found.keys()):
        (dataset, subject, _), kind = group
        counts = table.setdefault((dataset, subject, kind), np.zeros(3, np.int64))
        own, theirs = true.get(group, []), found.get(group, [])
        if (skip_empty and not own) or (chosen.skips_silent_subjects and (dataset, subject) not in heard):
            continue
        matches = match_intervals(
            np.array([(truth[i].onset, truth[i].offset) for i in own]),
            np.array([(predictions[i].onset, predictions[i].offset) for i in theirs]),
            np.array([predictions[i].score for i in theirs]),
            rule=rule,
            threshold=threshold,
        )
        counts += matches.tp, matches.fp, matches.fn
        pairs += [(theirs[p], own[g]) for p, g in matches.pairs]
    units = tuple(table)
    rows = np.stack([table[unit] for unit in units]) if units else np.zeros((0, 3), np.int64)
    return SpottingScores(rule, threshold, video_set, tuple(sorted(pairs)), units, rows)


def _grouped(spans: Iterable[Span]) -> dict[tuple[Key, str], list[int]]:
    groups: dict[tuple[Key, str], list[int]] = {}
    for index, span in enumerate(spans):
        groups.setdefault((span.key, span.kind), []).append(index)
    return groups


@dataclass(frozen=True, slots=True)
class PairErrors:
    """Errors of one landmark over the matched pairs, in frames, prediction minus truth.

    ``n`` pairs; ``bias`` the mean, ``mae`` the mean and ``median`` the median of the absolute errors; NaN
    where there is no pair.
    """

    n: int
    bias: float
    mae: float
    median: float


def pair_errors(
    truth: Sequence[Span], predictions: Sequence[Span], pairs: Iterable[tuple[int, int]]
) -> dict[str, PairErrors]:
    """Measure how far onset, apex and offset of the found intervals lie from the true ones.

    Parameters
    ----------
    truth, predictions
        As given to `score_spotting`.
    pairs
        ``SpottingScores.pairs``.

    Returns
    -------
    dict
        `PairErrors` for ``onset``, ``apex`` (pairs where both are known) and ``offset``. Only what was
        found is measured: read it beside the recall.

    Examples
    --------
    >>> errors = pair_errors([Span("v", 10, 20)], [Span("v", 12, 19)], [(0, 0)])
    >>> errors["onset"].bias, errors["offset"].mae, errors["apex"].n
    (2.0, 1.0, 0)
    """
    both = list(pairs)
    values = {
        "onset": [predictions[p].onset - truth[g].onset for p, g in both],
        "apex": [
            a - b
            for a, b in ((predictions[p].apex, truth[g].apex) for p, g in both)
            if a is not None and b is not None
        ],
        "offset": [predictions[p].offset - truth[g].offset for p, g in both],
    }
    return {name: _errors(np.array(errors, float)) for name, errors in values.items()}


def _errors(errors: np.ndarray) -> PairErrors:
    if not len(errors):
        return PairErrors(0, float("nan"), float("nan"), float("nan"))
    size = np.abs(errors)
    return PairErrors(len(errors), float(errors.mean()), float(size.mean()), float(np.median(size)))
