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
            _check(onset, offset, frames)
            if what == kind:
                labels[onset : offset + 1] = label
    return labels


def _check(onset: int, offset: int, frames: int) -> None:
    if not 0 <= onset <= offset < frames:
        raise UsageError(f"expected 0 <= onset <= offset < {frames}, got {onset} and {offset}")


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
    films = {
        name: _stretches({coder: rows[name] for coder, rows in codings.items() if name in rows}, count)
        for name, count in frames.items()
    }
    pairs = tuple(_pair(a, b, codings, films, threshold) for a, b in combinations(codings, 2))
    several = [film for film in films.values() if len(film.labels) >= 2]
    whole = [film for film in several if len(film.labels) == len(codings)]
    return CoderAgreement(
        tuple(codings),
        pairs,
        fleiss_kappa(*_counts(whole)) if whole else math.nan,
        len(whole),
        alpha_of_counts(*_counts(several)) if several else math.nan,
        len(several),
    )


@dataclass(frozen=True, slots=True)
class _Film:
    """A recording in stretches over which no coder changes her label: an hour has few of them.

    ``labels`` are ``(S,)`` by coder, ``frames`` ``(S,)`` how many frames each stretch has.
    """

    labels: Mapping[str, np.ndarray]
    frames: np.ndarray


def _stretches(marks: Mapping[str, Marks], frames: int) -> _Film:
    for onset, offset, _ in (mark for rows in marks.values() for mark in rows):
        _check(onset, offset, frames)
    edges = {0, frames} | {edge for rows in marks.values() for on, off, _ in rows for edge in (on, off + 1)}
    place = {edge: number for number, edge in enumerate(sorted(edges))}
    labels = {
        coder: frame_labels([(place[on], place[off + 1] - 1, kind) for on, off, kind in rows], len(place) - 1)
        for coder, rows in marks.items()
    }
    return _Film(labels, np.diff(sorted(edges)))


def _counts(films: Sequence[_Film]) -> tuple[np.ndarray, np.ndarray]:
    """Say how often each label was given to the frames of a stretch, and how many frames it has."""
    counts = [
        np.stack([sum((row == label).astype(int) for row in film.labels.values()) for label in (0, 1, 2)], 1)
        for film in films
    ]
    return np.concatenate(counts), np.concatenate([film.frames for film in films])


def _pair(
    first: str,
    second: str,
    codings: Mapping[str, Mapping[str, Marks]],
    films: Mapping[str, _Film],
    threshold: float,
) -> PairAgreement:
    shared = [name for name in codings[first] if name in codings[second]]
    table = np.zeros((3, 3))
    matched, counts = 0, [0, 0]
    ious: list[float] = []
    for name in shared:
        film = films[name]
        one, two = film.labels[first].astype(int), film.labels[second]
        table += np.bincount(3 * one + two, weights=film.frames, minlength=9).reshape(3, 3)
        spans = [_spans(codings[coder][name]) for coder in (first, second)]
        found = interval_agreement(*spans, threshold=threshold)
        matched += len(found.matched)
        ious.extend(found.ious)
        counts = [count + len(span) for count, span in zip(counts, spans, strict=True)]
    either = table.sum() - table[NOTHING, NOTHING]
    return PairAgreement(
        first,
        second,
        len(shared),
        counts[0],
        counts[1],
        matched,
        2 * matched / sum(counts) if sum(counts) else math.nan,
        float(np.mean(ious)) if ious else math.nan,
        float(table[1:, 1:].sum() / either) if either else math.nan,
        kappa_of_table(table),
    )


def _spans(marks: Marks) -> np.ndarray:
    return np.array([(onset, offset) for onset, offset, _ in marks], int).reshape(-1, 2)
