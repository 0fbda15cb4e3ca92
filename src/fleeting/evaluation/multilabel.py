"""Multi-label scores for action units: F1 of each, macro and micro, from pooled counts.

Same reading of absence as in `confusion`: a unit that the truth never shows has no F1 (NaN) and is left out
of the macro mean; ``macro_declared`` counts it as 0, as scikit-learn and most published tables do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import ShapeError, UsageError


def unit_counts(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Count TP, FP, FN and TN of every action unit.

    Parameters
    ----------
    truth
        ``(N, A)`` of 0 and 1, NaN where the unit was not coded: such cells are passed over.
    predicted
        ``(N, A)`` of 0 and 1.

    Returns
    -------
    numpy.ndarray
        ``(A, 4)`` int64.

    Raises
    ------
    ShapeError, UsageError
        Where shapes differ or a value is neither 0 nor 1.

    Examples
    --------
    >>> unit_counts(np.array([[1, 0], [1, np.nan], [0, 0]]), np.array([[1, 1], [0, 1], [0, 0]])).tolist()
    [[1, 0, 1, 1], [0, 1, 0, 1]]
    """
    true, found = np.asarray(truth, float), np.asarray(predicted, float)
    if true.ndim != 2 or true.shape != found.shape:
        raise ShapeError(f"expected two arrays (samples, units), got {true.shape} and {found.shape}")
    known = np.isfinite(true)
    if np.any((true[known] != 0) & (true[known] != 1)) or np.any((found != 0) & (found != 1)):
        raise UsageError("expected 0 and 1 in truth and prediction (NaN in the truth where not coded)")
    yes, said = known & (true == 1), known & (found == 1)
    parts = [yes & said, known & ~yes & said, yes & ~said, known & ~yes & ~said]
    return np.stack([part.sum(0) for part in parts], axis=-1).astype(np.int64)


def subject_unit_counts(
    truth: np.ndarray, predicted: np.ndarray, subjects: Sequence[str] | np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Count for each subject apart, ``(S, A, 4)``, the units of the bootstrap; names are sorted.

    Examples
    --------
    >>> names, counts = subject_unit_counts(np.array([[1], [0]]), np.array([[1], [1]]), ["b", "a"])
    >>> names, counts[:, 0].tolist()
    (['a', 'b'], [[0, 1, 0, 0], [1, 0, 0, 0]])
    """
    who = np.asarray(subjects, str)
    if who.shape != (len(truth),):
        raise UsageError(f"expected one subject for each of {len(truth)} samples, got {who.shape}")
    names = sorted(set(who.tolist()))
    true, found = np.asarray(truth, float), np.asarray(predicted, float)
    return names, np.stack([unit_counts(true[who == n], found[who == n]) for n in names])


def unit_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of each unit, ``2 TP / (2 TP + FP + FN)``, from ``(..., A, 4)``; NaN where the truth never shows it.

    Examples
    --------
    >>> unit_f1(np.array([[2, 1, 1, 0], [0, 3, 0, 1]])).round(3).tolist()
    [0.667, nan]
    """
    counts = np.asarray(counts, float)
    hits, false, missed = (counts[..., i] for i in range(3))
    bottom = 2 * hits + false + missed
    return np.divide(2 * hits, bottom, out=np.full(bottom.shape, np.nan), where=hits + missed > 0)


def unit_macro_f1(counts: np.ndarray) -> np.ndarray:
    """Mean of the unit F1s over units that the truth shows, from ``(..., A, 4)``.

    Examples
    --------
    >>> float(unit_macro_f1(np.array([[2, 1, 1, 0], [0, 3, 0, 1]])).round(3))
    0.667
    """
    values = unit_f1(counts)
    known = np.isfinite(values)
    total = known.sum(-1)
    return np.divide(
        np.where(known, values, 0).sum(-1), total, out=np.full(total.shape, np.nan), where=total > 0
    )


def unit_micro_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of the counts summed over units, from ``(..., A, 4)``; NaN where the truth shows nothing.

    Examples
    --------
    >>> float(unit_micro_f1(np.array([[2, 1, 1, 0], [0, 3, 0, 1]])).round(3))
    0.444
    """
    return unit_f1(np.asarray(counts).sum(-2))


def unit_two_class_f1(counts: np.ndarray) -> np.ndarray:
    """Mean of the F1 of "shown" and of "not shown" for each unit, from ``(..., A, 4)``.

    The "macro F1" of the MEB tables; it is kind to units that are rarely shown. A class without truth and
    without prediction is passed over.

    Examples
    --------
    >>> unit_two_class_f1(np.array([[2, 1, 1, 4]])).round(3).tolist()
    [0.733]
    """
    counts = np.asarray(counts, float)
    hits, false, missed, rest = (counts[..., i] for i in range(4))
    both = np.stack([hits, rest]), np.stack([2 * hits + false + missed, 2 * rest + false + missed])
    values = np.divide(2 * both[0], both[1], out=np.full(both[1].shape, np.nan), where=both[1] > 0)
    used = np.isfinite(values).sum(0)
    return np.divide(np.nansum(values, 0), used, out=np.full(used.shape, np.nan), where=used > 0)


@dataclass(frozen=True, slots=True)
class UnitScores:
    """Scores of action units.

    ``f1``, ``precision``, ``recall`` are ``(A,)`` with NaN where undefined; ``support`` ``(A,)`` how
    often the truth shows each; ``two_class_f1`` the mean over units of `unit_two_class_f1`.
    """

    units: tuple[str, ...]
    n: int
    f1: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    support: np.ndarray
    macro_f1: float
    macro_f1_declared: float
    micro_f1: float
    two_class_f1: float


def score_action_units(truth: np.ndarray, predicted: np.ndarray, units: Sequence[str]) -> UnitScores:
    """Score ``(N, A)`` predicted action units of all folds together; see `unit_counts` for the arrays.

    Examples
    --------
    >>> truth, found = np.array([[1, 0], [1, 0], [0, 0]]), np.array([[1, 0], [0, 0], [0, 1]])
    >>> scores = score_action_units(truth, found, ["1", "2"])
    >>> scores.f1.round(3).tolist(), round(scores.macro_f1_declared, 3)
    ([0.667, nan], 0.333)
    """
    counts = unit_counts(truth, predicted)
    if len(units) != len(counts):
        raise UsageError(f"units: expected {len(counts)} names, one for each column, got {len(units)}")
    if not counts.sum():
        raise UsageError("no coded samples: nothing can be scored")
    hits, false, missed = (counts[:, i].astype(float) for i in range(3))
    f1 = unit_f1(counts)
    undefined = np.full(len(counts), np.nan)
    two_class = unit_two_class_f1(counts)
    return UnitScores(
        tuple(map(str, units)),
        len(truth),
        f1,
        np.divide(hits, hits + false, out=undefined.copy(), where=hits + false > 0),
        np.divide(hits, hits + missed, out=undefined.copy(), where=hits + missed > 0),
        counts[:, 0] + counts[:, 2],
        float(unit_macro_f1(counts)),
        float(np.nan_to_num(f1).mean()),
        float(unit_micro_f1(counts)),
        float(np.nanmean(two_class)),
    )
