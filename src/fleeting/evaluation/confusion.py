"""Recognition scores from one pooled confusion matrix.

All functions take a matrix ``(..., C, K)`` with the truth in rows: ``C`` declared classes, ``K = C``, or
``K = C + 1`` where the last column counts answers outside the declared classes. Leading axes are kept, so
a whole bootstrap is one call.

A class that the truth does not hold has no recall, and its F1 says nothing. It is therefore NaN in the
per-class rows and left out of UF1 and UAR (``absent="skip"``). With ``absent="zero"`` it counts as 0, which
is what scikit-learn's ``zero_division=0`` gives and what many published scripts do; the two agree whenever
every declared class occurs. Matrices are to be summed over folds before anything is divided: most subjects
lack some class, so a mean of fold scores is another, meaningless number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError

Absent = Literal["skip", "zero"]


def confusion(
    truth: Sequence[object] | np.ndarray,
    predicted: Sequence[object] | np.ndarray,
    labels: Sequence[object],
    *,
    outside: bool = False,
) -> np.ndarray:
    """Count how often each class was answered for each class.

    Parameters
    ----------
    truth, predicted
        ``(N,)`` labels.
    labels
        The declared classes, in the order of rows and columns. Explicit, because a fold that lacks a class
        must not change the meaning of the matrix.
    outside
        Whether answers outside ``labels`` are counted in an extra last column instead of being refused.

    Returns
    -------
    numpy.ndarray
        ``(C, C)`` int64, or ``(C, C + 1)`` with ``outside``; truth in rows.

    Raises
    ------
    UsageError
        Where lengths differ, labels repeat, or a label is not declared.

    Examples
    --------
    >>> confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    array([[1, 1],
           [0, 1]])
    """
    place = {label: index for index, label in enumerate(labels)}
    if len(place) != len(labels) or not place:
        raise UsageError(f"labels: expected at least one, each once, got {list(labels)}")
    if len(truth) != len(predicted):
        raise UsageError(f"expected as many predictions as truths, got {len(predicted)} and {len(truth)}")
    size = len(place)
    rows = [_place(place, label, "truth") for label in truth]
    columns = [
        place.get(label, size) if outside else _place(place, label, "prediction") for label in predicted
    ]
    matrix = np.zeros((size, size + outside), np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def _place(place: dict[object, int], label: object, what: str) -> int:
    if label not in place:
        raise UsageError(f"{what}: label {label!r} is not among the declared {list(place)}")
    return place[label]


def class_counts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give true positives, false positives and false negatives of every class, each ``(..., C)``.

    Examples
    --------
    >>> [counts.tolist() for counts in class_counts(np.array([[3, 1], [2, 4]]))]
    [[3.0, 4.0], [2.0, 1.0], [1.0, 2.0]]
    """
    matrix = np.asarray(matrix, float)
    if matrix.ndim < 2 or matrix.shape[-1] - matrix.shape[-2] not in (0, 1):
        raise ShapeError(f"matrix: expected (..., C, C) or (..., C, C + 1), got {matrix.shape}")
    size = matrix.shape[-2]
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return hits, matrix.sum(-2)[..., :size] - hits, matrix.sum(-1) - hits


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Divide, giving NaN for 0 / 0."""
    return np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom > 0)


def class_f1(matrix: np.ndarray) -> np.ndarray:
    """F1 of every class, ``2 TP / (2 TP + FP + FN)``; NaN where the truth lacks the class. ``(..., C)``.

    Examples
    --------
    >>> class_f1(np.array([[3, 1], [2, 4]])).round(4).tolist()
    [0.6667, 0.7273]
    """
    hits, false, missed = class_counts(matrix)
    return np.where(hits + missed > 0, _ratio(2 * hits, 2 * hits + false + missed), np.nan)


def class_recall(matrix: np.ndarray) -> np.ndarray:
    """Recall of every class, ``TP / N``; NaN where the truth lacks the class. ``(..., C)``.

    Examples
    --------
    >>> class_recall(np.array([[3, 1], [2, 4]])).round(4).tolist()
    [0.75, 0.6667]
    """
    hits, _, missed = class_counts(matrix)
    return _ratio(hits, hits + missed)


def class_precision(matrix: np.ndarray) -> np.ndarray:
    """Precision of every class, ``TP / predicted``; NaN where nobody predicted it. ``(..., C)``.

    Examples
    --------
    >>> class_precision(np.array([[3, 1], [2, 4]])).round(4).tolist()
    [0.6, 0.8]
    """
    hits, false, _ = class_counts(matrix)
    return _ratio(hits, hits + false)


def _mean(values: np.ndarray, absent: Absent) -> np.ndarray:
    if absent == "zero":
        return np.nan_to_num(values).mean(-1)
    if absent != "skip":
        raise UsageError(f"absent: expected 'skip' or 'zero', got {absent!r}")
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(-1), known.sum(-1))


def uf1(matrix: np.ndarray, absent: Absent = "skip") -> np.ndarray:
    """Unweighted F1: the mean of the class F1s (See et al., MEGC 2019). Shape of the leading axes.

    Examples
    --------
    >>> float(uf1(np.array([[3, 1], [2, 4]])).round(4))
    0.697
    """
    return _mean(class_f1(matrix), absent)


def uar(matrix: np.ndarray, absent: Absent = "skip") -> np.ndarray:
    """Unweighted average recall: the mean of the class recalls (See et al., MEGC 2019).

    Beware of published "UAR" values that are macro precision; `macro_precision` computes those.

    Examples
    --------
    >>> float(uar(np.array([[3, 1], [2, 4]])).round(4))
    0.7083
    """
    return _mean(class_recall(matrix), absent)


def macro_precision(matrix: np.ndarray) -> np.ndarray:
    """Mean of the class precisions; a class of the truth that nobody predicted counts as 0.

    Several releases (STSTNet, GAMDSS, the STRS script) print this number as "UAR".

    Examples
    --------
    >>> float(macro_precision(np.array([[3, 1], [2, 4]])).round(4))
    0.7
    """
    hits, _, missed = class_counts(matrix)
    present = hits + missed > 0
    values = np.where(present, np.nan_to_num(class_precision(matrix)), 0)
    return _ratio(values.sum(-1), present.sum(-1))


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Share of samples answered right (the weighted average recall, WAR).

    Examples
    --------
    >>> float(accuracy(np.array([[3, 1], [2, 4]])))
    0.7
    """
    hits, _, missed = class_counts(matrix)
    return _ratio(hits.sum(-1), (hits + missed).sum(-1))


def weighted_f1(matrix: np.ndarray) -> np.ndarray:
    """Mean of the class F1s weighted by class size, ``sum_c (N_c / N) F1_c``.

    Examples
    --------
    >>> float(weighted_f1(np.array([[3, 1], [2, 4]])).round(4))
    0.703
    """
    hits, _, missed = class_counts(matrix)
    sizes = hits + missed
    return _ratio((np.nan_to_num(class_f1(matrix)) * sizes).sum(-1), sizes.sum(-1))


def majority_matrix(matrix: np.ndarray) -> np.ndarray:
    """Matrix of a guesser that always answers the largest class (the first one at a tie).

    Examples
    --------
    >>> majority_matrix(np.array([[3, 1], [2, 4]]))
    array([[0, 4],
           [0, 6]])
    """
    sizes = np.asarray(matrix).sum(-1)
    guess = np.zeros((len(sizes), len(sizes)), np.int64)
    guess[:, int(np.argmax(sizes))] = sizes
    return guess


@dataclass(frozen=True, slots=True)
class RecognitionScores:
    """All scores of one pooled confusion matrix.

    ``uf1`` and ``uar`` average over the classes that the truth holds, ``uf1_declared`` and
    ``uar_declared`` over all declared ones with 0 for the absent. Per-class rows are ``(C,)`` with NaN
    where undefined.
    """

    labels: tuple[object, ...]
    matrix: np.ndarray
    n: int
    uf1: float
    uar: float
    accuracy: float
    weighted_f1: float
    macro_precision: float
    uf1_declared: float
    uar_declared: float
    f1: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    support: np.ndarray


def scores_of(matrix: np.ndarray, labels: Sequence[object]) -> RecognitionScores:
    """Compute every recognition score of a pooled matrix ``(C, C)`` or ``(C, C + 1)``.

    Raises
    ------
    UsageError
        Where the matrix is empty.

    Examples
    --------
    >>> round(scores_of(np.array([[3, 1], [2, 4]]), ["a", "b"]).uf1, 4)
    0.697
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or len(matrix) != len(labels):
        raise ShapeError(f"matrix: expected {len(labels)} rows, one for each label, got {matrix.shape}")
    if matrix.sum() == 0:
        raise UsageError("no samples: nothing can be scored")
    return RecognitionScores(
        labels=tuple(labels),
        matrix=matrix,
        n=int(matrix.sum()),
        uf1=float(uf1(matrix)),
        uar=float(uar(matrix)),
        accuracy=float(accuracy(matrix)),
        weighted_f1=float(weighted_f1(matrix)),
        macro_precision=float(macro_precision(matrix)),
        uf1_declared=float(uf1(matrix, "zero")),
        uar_declared=float(uar(matrix, "zero")),
        f1=class_f1(matrix),
        recall=class_recall(matrix),
        precision=class_precision(matrix),
        support=matrix.sum(-1),
    )


def score_recognition(
    truth: Sequence[object] | np.ndarray,
    predicted: Sequence[object] | np.ndarray,
    labels: Sequence[object],
    *,
    outside: bool = False,
) -> RecognitionScores:
    """Score ``(N,)`` predicted labels of all folds together; see `confusion` for the arguments.

    Examples
    --------
    >>> score_recognition(["neg", "neg", "pos"], ["neg", "pos", "pos"], ["neg", "pos"]).uar
    0.75
    """
    return scores_of(confusion(truth, predicted, labels, outside=outside), labels)


def subject_confusions(
    truth: Sequence[object] | np.ndarray,
    predicted: Sequence[object] | np.ndarray,
    labels: Sequence[object],
    subjects: Sequence[str] | np.ndarray,
    *,
    outside: bool = False,
) -> tuple[list[str], np.ndarray]:
    """Count one matrix for each subject, the unit of the bootstrap.

    Returns
    -------
    tuple
        Subject names, sorted, and matrices ``(S, C, C)`` or ``(S, C, C + 1)``; they sum to the pooled one.

    Examples
    --------
    >>> names, matrices = subject_confusions("aab", "abb", "ab", ["s2", "s1", "s1"])
    >>> names, matrices.tolist()
    (['s1', 's2'], [[[0, 1], [0, 1]], [[1, 0], [0, 0]]])
    """
    if len(subjects) != len(truth):
        raise UsageError(f"expected one subject for each of {len(truth)} samples, got {len(subjects)}")
    names = sorted(set(map(str, subjects)))
    rows: dict[str, list[int]] = {name: [] for name in names}
    for index, name in enumerate(subjects):
        rows[str(name)].append(index)
    parts = [
        confusion([truth[i] for i in rows[n]], [predicted[i] for i in rows[n]], labels, outside=outside)
        for n in names
    ]
    return names, np.stack(parts) if parts else np.zeros((0, len(labels), len(labels) + outside), np.int64)
