"""Agreement of coders: kappa, alpha, and how far two coders mark the same moments.

Alpha is our own code: the one library of it that is well kept, ``krippendorff``, is under GPL-3.0, and who
passes on a program that is built on it is bound by that, which an Apache-2.0 package should ask of nobody. It
is an oracle of the tests. The kappas are a few lines each and need NumPy alone; tests hold them against
scikit-learn and statsmodels.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError
from fleeting.evaluation.matching import interval_iou

Weights = Literal["none", "linear", "quadratic"]


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    labels: Sequence[Hashable] | None = None,
    weights: Weights = "none",
) -> float:
    """Agreement of two coders beyond chance (Cohen, 1960; weighted form 1968).

    ``1 - sum(w observed) / sum(w expected)`` with ``w = 1`` off the diagonal, or the distance of the label
    positions (``linear``), or its square (``quadratic``).

    Parameters
    ----------
    first, second
        ``(N,)`` labels of the same items.
    labels
        Their order, which the weighted forms need; by default sorted by text.
    weights
        How bad a disagreement is.

    Returns
    -------
    float
        1 for full agreement, 0 for chance; NaN where chance alone agrees fully (one label only).

    Examples
    --------
    >>> round(cohen_kappa("yyynn", "yynnn"), 3)
    0.615
    """
    if len(first) != len(second) or not len(first):
        raise UsageError(f"expected two codings of the same items, got {len(first)} and {len(second)}")
    order = list(labels) if labels is not None else sorted(set(first) | set(second), key=str)
    place = {label: i for i, label in enumerate(order)}
    unknown = [label for label in (*first, *second) if label not in place]
    if unknown:
        raise UsageError(f"label {unknown[0]!r} is not among the declared {order}")
    table = np.zeros((len(order), len(order)))
    np.add.at(table, ([place[x] for x in first], [place[x] for x in second]), 1)
    return kappa_of_table(table, weights=weights)


def fleiss_kappa(counts: np.ndarray, times: np.ndarray | None = None) -> float:
    """Agreement of several coders, each item coded equally often (Fleiss, 1971).

    ``(P - Pe) / (1 - Pe)``, ``P`` the mean over items of agreeing pairs, ``Pe`` the sum of squared label
    shares.

    Parameters
    ----------
    counts
        ``(N, C)``: how many coders gave item ``i`` the label ``c``; rows have one sum, at least 2.
    times
        ``(N,)`` how many items each row stands for; by default one.

    Returns
    -------
    float
        NaN where only one label occurs.

    Examples
    --------
    >>> round(fleiss_kappa(np.array([[3, 0], [0, 3], [2, 1]])), 3)
    0.55
    """
    table = np.asarray(counts, float)
    if table.ndim != 2 or not len(table):
        raise ShapeError(f"counts: expected (items, labels), got {table.shape}")
    coders = table[0].sum()
    if coders < 2 or np.any(table.sum(1) != coders) or np.any(table < 0):
        raise UsageError(
            "counts: expected every item coded by the same two or more coders; use krippendorff_alpha else"
        )
    weight = _weights(times, len(table))
    pairs = float(weight.sum() * coders * (coders - 1))
    agreeing = float(weight @ ((table**2).sum(1) - coders)) / pairs
    chance = float(((weight @ table / (weight @ table).sum()) ** 2).sum())
    return (agreeing - chance) / (1 - chance) if chance < 1 else float("nan")


def _weights(times: np.ndarray | None, items: int) -> np.ndarray:
    weight = np.ones(items) if times is None else np.asarray(times, float)
    if weight.shape != (items,) or not np.all(weight >= 0):
        raise ShapeError(f"times: expected ({items},) numbers, none below 0, got {weight.shape}, {weight}")
    return weight


def krippendorff_alpha(codings: Sequence[Sequence[Hashable | None]]) -> float:
    """Agreement of any number of coders with gaps, nominal labels (Krippendorff, 2011).

    ``1 - observed / expected`` disagreement from the coincidence matrix: each item with ``m >= 2`` codings
    adds its ordered pairs, each with weight ``1 / (m - 1)``.

    Parameters
    ----------
    codings
        One sequence for each coder, all of the same items; ``None`` where a coder gave none.

    Returns
    -------
    float
        NaN where only one label occurs or no item was coded twice.

    Examples
    --------
    >>> round(krippendorff_alpha(["aabb", "abbb", ["a", None, "b", "b"]]), 3)
    0.643
    """
    if len({len(coding) for coding in codings}) != 1:
        raise UsageError("codings: expected one sequence for each coder, all of the same length")
    names = sorted({c for coding in codings for c in coding if c is not None}, key=str)
    place = {label: i for i, label in enumerate(names)}
    counts = np.zeros((len(codings[0]), len(names)), int)
    for coding in codings:
        given = [(item, place[label]) for item, label in enumerate(coding) if label is not None]
        counts[tuple(np.array(given, int).reshape(-1, 2).T)] += 1  # an item stands in a coding once
    return alpha_of_counts(counts)


def kappa_of_table(table: np.ndarray, *, weights: Weights = "none") -> float:
    """Cohen's kappa (1960) from a table of counts; see `cohen_kappa`.

    Parameters
    ----------
    table
        ``(C, C)`` how often the first said ``i`` and the second ``j``.
    weights
        How bad a disagreement is.

    Returns
    -------
    float
        NaN where nothing was coded, or both used one and the same label alone.

    Examples
    --------
    >>> round(kappa_of_table(np.array([[2, 0], [1, 2]])), 3)
    0.615
    """
    counts = np.asarray(table, float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ShapeError(f"table: expected a square one, got {counts.shape}")
    if not counts.sum():
        return math.nan
    share, place = counts / counts.sum(), np.arange(len(counts))
    distance = np.abs(np.subtract.outer(place, place)).astype(float)
    costs = {"none": (distance > 0).astype(float), "linear": distance, "quadratic": distance**2}
    if weights not in costs:
        raise UsageError(f"weights: expected one of {', '.join(costs)}, got {weights!r}")
    chance = float((costs[weights] * np.outer(share.sum(1), share.sum(0))).sum())
    return 1 - float((costs[weights] * share).sum()) / chance if chance > 0 else math.nan


def alpha_of_counts(counts: np.ndarray, times: np.ndarray | None = None) -> float:
    """Krippendorff's alpha (2011, nominal) from how often each label was given to each item.

    Parameters
    ----------
    counts
        ``(N, C)``; items with fewer than two labels do not count.
    times
        ``(N,)`` how many items each row stands for; by default one.

    Returns
    -------
    float
        NaN where only one label occurs or no item was labelled twice.

    Examples
    --------
    >>> round(alpha_of_counts(np.array([[3, 0], [1, 1], [0, 3], [0, 3]])), 3)
    0.643
    """
    table = np.asarray(counts, float)
    if table.ndim != 2:
        raise ShapeError(f"counts: expected (items, labels), got {table.shape}")
    pairable = table.sum(1) >= 2
    weight, table = _weights(times, len(table))[pairable], table[pairable]
    weight = weight / (table.sum(1) - 1)
    together = (table * weight[:, None]).T @ table
    together -= np.diag((table * weight[:, None]).sum(0))
    total, sums = together.sum(), together.sum(1)
    expected = total**2 - (sums**2).sum()
    return 1 - float((total - np.trace(together)) * (total - 1) / expected) if expected > 0 else math.nan


@dataclass(frozen=True, slots=True)
class IntervalAgreement:
    """Result of `interval_agreement`.

    ``matched`` pairs ``(first, second)`` and their ``ious``; ``f1`` is ``2 matched / (first + second)``, the
    same from either side; ``mean_iou`` is over the matched pairs (NaN without one); ``frame_jaccard`` is the
    share of frames marked by both among those marked by either (NaN where neither marked any).
    """

    matched: tuple[tuple[int, int], ...]
    ious: tuple[float, ...]
    f1: float
    mean_iou: float
    frame_jaccard: float


def interval_agreement(first: np.ndarray, second: np.ndarray, *, threshold: float = 0.5) -> IntervalAgreement:
    """Say how far two coders marked the same moments of one video.

    Intervals are matched one to one so that first the number of pairs that reach the threshold and then the
    sum of their IoU is largest; neither coder counts as the truth.

    Parameters
    ----------
    first, second
        ``(N, 2)`` and ``(M, 2)`` onset and offset frames, both ends in.
    threshold
        IoU that a pair needs, in (0, 1].

    Returns
    -------
    IntervalAgreement
        ``f1`` is NaN where neither coder marked anything.

    Examples
    --------
    >>> both = interval_agreement(np.array([[0, 9], [50, 59]]), np.array([[0, 7]]))
    >>> both.matched, round(both.f1, 3), both.mean_iou, both.frame_jaccard
    (((0, 0),), 0.667, 0.8, 0.4)
    """
    from scipy.optimize import linear_sum_assignment

    if not 0 < threshold <= 1:
        raise UsageError(f"threshold: expected an IoU in (0, 1], got {threshold}")
    table = interval_iou(first, second)
    good = table >= threshold
    rows, columns = linear_sum_assignment(np.where(good, 2 + table / (1 + table.size), 0), maximize=True)
    pairs = tuple((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if good[i, j])
    ious = tuple(float(table[pair]) for pair in pairs)
    marked = sum(table.shape)
    one, two = _frames(first), _frames(second)
    return IntervalAgreement(
        pairs,
        ious,
        2 * len(pairs) / marked if marked else float("nan"),
        float(np.mean(ious)) if ious else float("nan"),
        len(one & two) / len(one | two) if one | two else float("nan"),
    )


def _frames(intervals: np.ndarray) -> set[int]:
    return {frame for onset, offset in intervals for frame in range(int(onset), int(offset) + 1)}
