"""Agreement of coders, and of coders with the machine, over whole recordings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fleeting.core import UsageError
from fleeting.evaluation.agreement import alpha_of_counts, fleiss_kappa, interval_agreement, kappa_of_table

NOTHING, MICRO, MACRO = 0, 1, 2
Marks = Sequence[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How two coders agree over the recordings that both have coded.

    ``cohen_kappa`` is over frames with the labels none, micro, macro; the rest is over intervals: ``matched``
    pairs, ``f1 = 2 matched / (first_n + second_n)``, ``mean_iou`` of the matched, ``frame_jaccard`` the share
    of frames marked by both among those marked by either. NaN where not defined.
    """

    first: str
    second: str
    recordings: int
    first_n: int
    second_n: int
    matched: int
    f1: float
    mean_iou: float
    frame_jaccard: float
    cohen_kappa: float


@dataclass(frozen=True, slots=True)
class CoderAgreement:
    """Agreement of all: pairs, and over the frames Fleiss' kappa and Krippendorff's alpha.

    Fleiss' kappa takes the recordings that all of ``coders`` coded, alpha every recording that at least two
    coded. NaN where not defined.
    """

    coders: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    fleiss_kappa: float
    fleiss_recordings: int
    krippendorff_alpha: float
    krippendorff_recordings: int


def frame_labels(marks: Marks, frames: int) -> np.ndarray:
    """Say of every frame whether it is in no expression, in a macro- or in a micro-expression.

    Parameters
    ----------
    marks
        Onset and offset frame (both in) and ``micro`` or ``macro``; where both lie on a frame, micro holds.
    frames
        How many there are; what lies beyond is an error.

    Returns
    -------
    numpy.ndarray
        ``(frames,)`` int8: 0 none, 1 micro, 2 macro.

    Raises
    ------
    UsageError
        For a mark outside the recording.

    Examples
    --------
    >>> frame_labels([(1, 3, "macro"), (3, 4, "micro")], 6).tolist()
    [0, 2, 2, 1, 1, 0]
    """
    labels = np.zeros(frames, np.int8)
    for kind, label in (("macro", MACRO), ("micro", MICRO)):
        for onset, offset, what in marks:
            if not 0 <= onset <= offset < frames:
                raise UsageError(f"expected 0 <= onset <= offset < {frames}, got {onset} and {offset}")
            if what == kind:
                labels[onset : offset + 1] = label
    return labels


def coder_agreement(
    codings: Mapping[str, Mapping[str, Marks]], frames: Mapping[str, int], *, threshold: float = 0.5
) -> CoderAgreement:
    """Say how far coders agree.

    Parameters
    ----------
    codings
        Marks by coder and recording. A recording that a coder has not coded is left out; one in which she
        found nothing is there with no marks.
    frames
        Number of frames of each recording.
    threshold
        IoU that two intervals need to count as one, in (0, 1].

    Returns
    -------
    CoderAgreement
        Frames of all recordings are pooled, so that a long one counts more.

    Raises
    ------
    UsageError
        For a mark outside its recording or a wrong threshold.

    Examples
    --------
    >>> both = {"anna": {"film": [(2, 5, "micro")]}, "bea": {"film": [(2, 5, "micro")]}}
    >>> coder_agreement(both, {"film": 10}).pairs[0].cohen_kappa
    1.0
    """
    labels = {
        coder: {name: frame_labels(marks, frames[name]) for name, marks in films.items()}
        for coder, films in codings.items()
    }
    pairs = tuple(_pair(a, b, codings, labels, threshold) for a, b in combinations(codings, 2))
    by_film = {name: [labels[coder][name] for coder in codings if name in labels[coder]] for name in frames}
    several = {name: _counts(rows) for name, rows in by_film.items() if len(rows) >= 2}
    whole = [several[name] for name, rows in by_film.items() if 2 <= len(rows) == len(codings)]
    return CoderAgreement(
        tuple(codings),
        pairs,
        fleiss_kappa(np.concatenate(whole)) if whole else math.nan,
        len(whole),
        alpha_of_counts(np.concatenate(list(several.values()))) if several else math.nan,
        len(several),
    )


def _counts(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([sum((row == label).astype(int) for row in rows) for label in (0, 1, 2)], axis=1)


def _pair(
    first: str,
    second: str,
    codings: Mapping[str, Mapping[str, Marks]],
    labels: Mapping[str, Mapping[str, np.ndarray]],
    threshold: float,
) -> PairAgreement:
    shared = [name for name in codings[first] if name in codings[second]]
    table = np.zeros((3, 3))
    both, either, matched, counts = 0, 0, 0, [0, 0]
    ious: list[float] = []
    for name in shared:
        one, two = labels[first][name], labels[second][name]
        table += np.bincount(3 * one.astype(int) + two, minlength=9).reshape(3, 3)
        both += int(((one > 0) & (two > 0)).sum())
        either += int(((one > 0) | (two > 0)).sum())
        spans = [_spans(codings[coder][name]) for coder in (first, second)]
        found = interval_agreement(*spans, threshold=threshold)
        matched += len(found.matched)
        ious.extend(found.ious)
        counts = [count + len(span) for count, span in zip(counts, spans, strict=True)]
    return PairAgreement(
        first,
        second,
        len(shared),
        counts[0],
        counts[1],
        matched,
        2 * matched / sum(counts) if sum(counts) else math.nan,
        float(np.mean(ious)) if ious else math.nan,
        both / either if either else math.nan,
        kappa_of_table(table),
    )


def _spans(marks: Marks) -> np.ndarray:
    return np.array([(onset, offset) for onset, offset, _ in marks], int).reshape(-1, 2)
