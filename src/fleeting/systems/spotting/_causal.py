"""Graphs over twelve regions: which act together in the coding, and which cause which in the signals."""

from collections.abc import Sequence

import numpy as np

from fleeting.core import check_shape

REGIONS = 12
# Action unit -> regions, places in `fleeting.motion.TWELVE_POINTS` (public code of AUW-GCN).
UNIT_REGIONS: dict[int, tuple[int, ...]] = {
    1: (0, 1, 4, 5), 2: (2, 3), 12: (8, 10), 14: (8, 10), 25: (9, 11), 26: (9, 11),
}  # fmt: skip
# Where nobody coded units: combinations from textbooks on FACS, so that the graph is not empty.
USUAL_UNITS = (
    (6, 12),
    (1, 2, 5, 26),
    (1, 4, 15),
    (1, 2, 4, 5, 20, 26),
    (9, 15),
    (4, 5, 7, 23),
    (12, 25),
    (14,),
)
ALPHA = 0.01
MOST_ROWS = 4000
LEAST_ROWS = 30
NEAR = 7  # frames to either side in which the size of motion is measured


def acting_together(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Count how often regions act in the same movement.

    A row with one unit that is mapped to regions adds 1 to the diagonal of each of them; one with several
    adds 1 to every pair of regions of every two units, both ways (public code of AUW-GCN).

    Parameters
    ----------
    rows
        Action units of each coded movement.

    Returns
    -------
    numpy.ndarray
        ``(12, 12)`` counts; rows of the two nose regions are 0.

    Examples
    --------
    >>> acting_together([(12,), (2, 25)])[[8, 2, 9, 2], [8, 9, 3, 3]].tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    total = np.zeros((REGIONS, REGIONS))
    for row in rows:
        units = [unit for unit in dict.fromkeys(row) if unit in UNIT_REGIONS]
        if len(units) == 1:
            for i in UNIT_REGIONS[units[0]]:
                total[i, i] += 1
        for at, first in enumerate(units):
            for second in units[at + 1 :]:
                for i in UNIT_REGIONS[first]:
                    for j in UNIT_REGIONS[second]:
                        total[i, j] += 1
                        total[j, i] += 1
    return total


def row_shares(graph: np.ndarray) -> np.ndarray:
    """Divide each row by its sum plus one millionth.

    Examples
    --------
    >>> row_shares(np.array([[1.0, 3.0], [0.0, 0.0]])).round(2).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    shares: np.ndarray = graph / (graph.sum(1, keepdims=True) + 1e-6)
    return shares


def causes(flow: np.ndarray, *, alpha: float = ALPHA, most_rows: int = MOST_ROWS) -> np.ndarray:
    """Find which region causes which, by FCI (Spirtes et al. 2000; the package causal-learn).

    Variables are the regions, samples are all frames, x and y one below the other. Of the graph that FCI
    gives only the edges without any doubt are kept (``-->``): where a common cause outside may stand behind
    two regions (``<->``, ``o->``, ``o-o``) there is none.

    Parameters
    ----------
    flow
        ``(n, R, 2)``.
    alpha
        Of Fisher's test of partial correlations.
    most_rows
        Samples are thinned evenly to so many: with very many every correlation is significant. Ours; the
        release takes all of a mini-batch.

    Returns
    -------
    numpy.ndarray
        ``(R, R)`` of 0 and 1: ``[i, j]`` is 1 where j causes i, so that row i says what i takes from others.

    Examples
    --------
    >>> causes(np.zeros((100, 3, 2))).sum()  # nothing moves
    np.float64(0.0)
    """
    sizes = check_shape(flow, ("n", "R", 2), "flow")
    rows = np.moveaxis(np.asarray(flow, float), 2, 0).reshape(-1, sizes["R"])
    marks = _marks(rows[:: -(-len(rows) // most_rows)] if len(rows) else rows, alpha)
    # [i, j] is the mark at i's end of the edge between i and j; a tail at i, an arrow at j: i causes j
    return ((marks == -1) & (marks.T == 1)).T.astype(float)


def tied_regions(
    flows: Sequence[np.ndarray], inside: Sequence[np.ndarray], *, alpha: float = ALPHA
) -> np.ndarray:
    """Choose the regions that are tied to coded movements otherwise than through other regions.

    The coding is one more variable beside the size of each region's motion in half a second; a region that
    FCI leaves without an edge to it says nothing of movements that others do not say: it went along with
    them in these recordings alone. Our reading of "select causally relevant action units"; such a link is
    dropped where motion is measured with little noise, since otherwise a companion does say something.

    Parameters
    ----------
    flows
        ``(n, R, 2)`` of each recording.
    inside
        ``(n,)`` bool of each: whether a frame is in a movement.
    alpha
        As for `causes`.

    Returns
    -------
    numpy.ndarray
        ``(R,)`` bool; all, where no region is tied.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> coded = np.repeat(rng.random(120) < 0.3, 15)
    >>> way = rng.normal(0, 0.3, (1800, 2, 2)); way[:, 0, 1] += coded * 3
    >>> tied_regions([np.diff(way, axis=0, prepend=way[:1])], [coded]).tolist()
    [True, False]
    """
    rows = []
    for flow, coded in zip(flows, inside, strict=True):
        way = np.cumsum(flow, 0)
        for at in range(NEAR, len(way) - NEAR, NEAR - 2):
            part = way[at - NEAR : at + NEAR + 1]
            span = np.ptp(part, axis=0)
            rows.append([*np.hypot(span[:, 0], span[:, 1]), float(coded[at - 2 : at + 3].any())])
    marks = _marks(np.array(rows).reshape(len(rows), -1), alpha)
    tied: np.ndarray = marks[-1, :-1] != 0 if len(rows) else np.zeros(0, bool)
    return tied if tied.any() else np.ones(flows[0].shape[1], bool)


def _marks(rows: np.ndarray, alpha: float) -> np.ndarray:
    """Run FCI on samples ``(n, V)``; marks of ends ``(V, V)``: -1 tail, 1 arrow, 2 circle, 0 no edge."""
    import io
    from contextlib import redirect_stdout

    from causallearn.search.ConstraintBased.FCI import fci

    count = rows.shape[1]
    found = np.zeros((count, count))
    moving = np.flatnonzero(rows.std(0) > 1e-9) if len(rows) >= LEAST_ROWS else np.zeros(0, int)
    moving = _independent(rows, moving)
    if len(moving) < 2:
        return found
    with redirect_stdout(io.StringIO()):  # it prints edges whatever it is told
        graph, _ = fci(rows[:, moving], "fisherz", alpha, verbose=False, show_progress=False)
    found[np.ix_(moving, moving)] = graph.graph
    return found


def _independent(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Leave out columns that others give exactly: the test cannot be made with them."""
    kept: list[int] = []
    for column in columns:
        trial = [*kept, int(column)]
        if np.linalg.cond(np.corrcoef(rows[:, trial], rowvar=False).reshape(len(trial), -1)) < 1e8:
            kept = trial
    return np.array(kept, int)
