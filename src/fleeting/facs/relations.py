"""How action units go together: counted co-occurrence, exclusions, antagonists, the FED-PsyAU prior."""

from functools import cache
from itertools import product
from typing import Literal

import numpy as np

from fleeting.core import ShapeError, UsageError
from fleeting.facs._data import table

PairKind = Literal["anatomical", "never_seen", "antagonist"]


def co_occurrence() -> np.ndarray:
    """Count the micro-expressions in which two units were coded together.

    Returns
    -------
    numpy.ndarray
        ``(12, 12)`` int, symmetric, in the order of ``TWELVE_UNITS``; the diagonal counts the units
        themselves. From 2,213 coded events of four datasets (see the data file).

    Examples
    --------
    >>> counts = co_occurrence()
    >>> int(counts[0, 0]), int(counts[0, 1])  # AU1, and AU1 with AU2
    (297, 165)
    """
    return np.array(table("co_occurrence")["counts"], dtype=np.int64)


def conditional(counts: np.ndarray, smoothing: float = 0.0) -> np.ndarray:
    """P(unit j | unit i) from co-occurrence counts: ``(C_ij + s) / (C_ii + 2 s)`` off the diagonal.

    Parameters
    ----------
    counts
        ``(K, K)`` counts, the diagonal holding the events with the unit.
    smoothing
        Pseudo-count ``s`` (Laplace), for each of "with" and "without".

    Returns
    -------
    numpy.ndarray
        ``(K, K)`` float in 0..1, ones on the diagonal; a row without events is 0 (0.5 when smoothed).

    Raises
    ------
    ShapeError
        Where the counts are not square.

    Examples
    --------
    >>> float(conditional(co_occurrence())[1, 0].round(2))  # P(AU1 | AU2)
    0.71
    """
    square = _square(counts)
    total = np.diag(square)[:, None] + 2 * smoothing
    share = np.divide(square + smoothing, total, out=np.zeros_like(square), where=total > 0)
    np.fill_diagonal(share, 1.0)
    return share


def row_normalised(counts: np.ndarray) -> np.ndarray:
    """``C_ij / sum_j C_ij``, the form in which FED-PsyAU takes its prior; a row of zeros stays zero.

    Raises
    ------
    ShapeError
        Where the counts are not square.

    Examples
    --------
    >>> row_normalised(np.array([[3, 1], [1, 1]])).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    square = _square(counts)
    total = square.sum(axis=1, keepdims=True)
    return np.divide(square, total, out=np.zeros_like(square), where=total > 0)


def count_co_occurrence(events: np.ndarray) -> np.ndarray:
    """Count pairs in multi-label rows, such as a training fold's.

    Parameters
    ----------
    events
        ``(N, K)`` of 0 and 1.

    Returns
    -------
    numpy.ndarray
        ``(K, K)`` int, the diagonal holding the events with the unit.

    Examples
    --------
    >>> count_co_occurrence(np.array([[1, 1], [1, 0]])).tolist()
    [[2, 1], [1, 1]]
    """
    rows = np.asarray(events)
    if rows.ndim != 2 or not np.isin(rows, (0, 1)).all():
        raise ShapeError(f"events: expected (N, K) of 0 and 1, got shape {rows.shape}")
    rows = rows.astype(np.int64)
    return rows.T @ rows


def _square(counts: np.ndarray) -> np.ndarray:
    square = np.asarray(counts, np.float64)
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ShapeError(f"counts: expected shape (K, K), got {square.shape}")
    return square


@cache
def unit_pairs(kind: PairKind) -> frozenset[frozenset[int]]:
    """Pairs of units that do not go together.

    Parameters
    ----------
    kind
        ``"anatomical"``: they cannot both act; ``"never_seen"``: together in at most 2 of 2,213 coded
        micro-expressions; ``"antagonist"``: they pull against each other and are rarely coded together.

    Returns
    -------
    frozenset of frozenset of int
        Unordered pairs.

    Raises
    ------
    UsageError
        For another kind.

    Examples
    --------
    >>> frozenset({24, 25}) in unit_pairs("anatomical")
    True
    """
    kinds = {row["kind"] for row in table("exclusions")["rows"]}
    if kind not in kinds:
        raise UsageError(f"kind: expected one of {', '.join(sorted(kinds))}, got {kind!r}")
    return frozenset(
        frozenset(pair)
        for row in table("exclusions")["rows"]
        if row["kind"] == kind
        for pair in product(row["a"], row["b"])
    )


def fed_psyau_prior(half: Literal["all", "upper", "lower"] = "all") -> np.ndarray:
    """Return the data-driven prior of FED-PsyAU.

    Parameters
    ----------
    half
        ``"all"`` for the twelve units in the order of ``TWELVE_UNITS``; ``"upper"`` (1 2 4 5 6 7) or
        ``"lower"`` (9 10 12 14 15 17) renormalised inside that half.

    Returns
    -------
    numpy.ndarray
        ``(12, 12)`` or ``(6, 6)``, rows sum to 1.

    Examples
    --------
    >>> fed_psyau_prior("upper")[0].round(3).tolist()
    [0.41, 0.337, 0.018, 0.217, 0.003, 0.015]
    """
    part = {"all": slice(None), "upper": slice(0, 6), "lower": slice(6, 12)}
    if half not in part:
        raise UsageError(f"half: expected one of {', '.join(part)}, got {half!r}")
    # The published constants have four decimals; normalising again takes the rounding out.
    return row_normalised(np.array(table("fed_psyau")["prior"])[part[half], part[half]])


def fed_psyau_edges() -> np.ndarray:
    """Return which units psychology calls coordinated, after FED-PsyAU.

    Returns
    -------
    numpy.ndarray
        ``(12, 12)`` bool, symmetric, true on the diagonal, in the order of ``TWELVE_UNITS``.

    Examples
    --------
    >>> bool(fed_psyau_edges()[3, 8])  # AU5 with AU12
    True
    """
    rows = table("fed_psyau")
    place = {unit: at for at, unit in enumerate(rows["units"])}
    edges = np.eye(len(place), dtype=bool)
    for group in rows["edges"].values():
        for one, other in group:
            edges[place[one], place[other]] = edges[place[other], place[one]] = True
    return edges
