"""Rules that say which predicted interval found which true one, within one video and one kind.

`strict` is the rule to report. The others reproduce published code, faults included, so that a published
number can be checked: "F1 at IoU 0.5" is not the same computation in any two of these releases.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleeting.core import Registry, ShapeError, UsageError

Pairs = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a rule found.

    ``pairs`` holds ``(prediction, truth)`` positions in the arrays that were given. Under `strict`,
    ``tp + fp`` is the number of predictions and ``tp + fn`` that of truths; some published rules break
    this (see their text), so the counts are kept apart.
    """

    pairs: tuple[tuple[int, int], ...]
    tp: int
    fp: int
    fn: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A matching rule: what it does, where it is used, and the function that does it.

    ``match`` takes truths ``(G, 2)``, predictions ``(P, 2)``, scores ``(P,)`` and the threshold.
    ``skips_empty_truth`` marks rules that never look at videos without truth, ``skips_silent_subjects``
    those that never look at subjects without predictions.
    """

    name: str
    summary: str
    used_by: str
    match: Callable[[np.ndarray, np.ndarray, np.ndarray, float], Matches]
    skips_empty_truth: bool = False
    skips_silent_subjects: bool = False


RULES: Registry[Rule] = Registry("matching rule")


def interval_iou(predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """IoU of every prediction with every truth, counted in frames with both ends in.

    Parameters
    ----------
    predictions, truth
        ``(P, 2)`` and ``(G, 2)`` onset and offset frames.

    Returns
    -------
    numpy.ndarray
        ``(P, G)`` in 0..1; 0 where an interval ends before it begins.

    Examples
    --------
    >>> interval_iou(np.array([[0, 9]]), np.array([[5, 14], [20, 29]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    first, second = _pairs_of(predictions, "predictions"), _pairs_of(truth, "truth")
    inside = (
        np.minimum(first[:, None, 1], second[None, :, 1])
        - np.maximum(first[:, None, 0], second[None, :, 0])
        + 1
    )
    lengths = (first[:, 1] - first[:, 0] + 1)[:, None], (second[:, 1] - second[:, 0] + 1)[None]
    valid = (lengths[0] > 0) & (lengths[1] > 0) & (inside > 0)
    union = lengths[0] + lengths[1] - inside
    return np.divide(inside, union, out=np.zeros(inside.shape), where=valid)


def match_intervals(
    truth: np.ndarray,
    predictions: np.ndarray,
    scores: np.ndarray | None = None,
    *,
    rule: str = "strict",
    threshold: float = 0.5,
) -> Matches:
    """Match the predicted with the true intervals of one video and one kind.

    Parameters
    ----------
    truth, predictions
        ``(G, 2)`` and ``(P, 2)`` onset and offset frames, both ends in.
    scores
        ``(P,)`` confidences, higher is surer; all equal by default.
    rule
        A name from `matching_rules`.
    threshold
        IoU that a match needs, in (0, 1].

    Returns
    -------
    Matches
        Pairs as positions in the given arrays, and the counts.

    Raises
    ------
    UsageError
        For an unknown rule or a threshold out of range.

    Examples
    --------
    One prediction over two truths is one hit and one miss under ``strict``, two hits under ``map-str``:

    >>> truth, found = np.array([[0, 9], [10, 19]]), np.array([[0, 19]])
    >>> match_intervals(truth, found)
    Matches(pairs=((0, 0),), tp=1, fp=0, fn=1)
    >>> match_intervals(truth, found, rule="map-str").tp
    2
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold: expected an IoU in (0, 1], got {threshold}")
    true, found = _pairs_of(truth, "truth"), _pairs_of(predictions, "predictions")
    sure = np.ones(len(found)) if scores is None else np.asarray(scores, float)
    if sure.shape != (len(found),) or not np.all(np.isfinite(sure)):
        raise ShapeError(f"scores: expected {len(found)} finite numbers, got shape {sure.shape}")
    return RULES.get(rule).match(true, found, sure, threshold)


def matching_rules() -> dict[str, str]:
    """Names of all rules with one sentence for each.

    Examples
    --------
    >>> sorted(matching_rules())
    ['auwgcn', 'map-str', 'mean', 'megc2020', 'slswin', 'strict', 'strs-script']
    """
    return {name: f"{RULES.get(name).summary} ({RULES.get(name).used_by})" for name in RULES}


def _pairs_of(intervals: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(intervals, float)
    if array.size == 0:
        return np.zeros((0, 2))
    if array.ndim != 2 or array.shape[1] != 2 or not np.all(np.isfinite(array)):
        raise ShapeError(f"{name}: expected finite frames of shape (N, 2), got {array.shape}")
    return array


def _surest_first(predictions: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Order by falling score, then by time, so that the order of rows in a table does not matter."""
    return np.lexsort((predictions[:, 1], predictions[:, 0], -scores))


def _by_time(intervals: np.ndarray) -> np.ndarray:
    return np.lexsort((intervals[:, 1], intervals[:, 0]))


def _one_to_one(pairs: Pairs, predictions: np.ndarray, truth: np.ndarray) -> Matches:
    hits = len(pairs)
    return Matches(tuple(sorted(pairs)), hits, len(predictions) - hits, len(truth) - hits)


def _strict(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    order = _by_time(truth)
    table = interval_iou(found, truth)[:, order]
    free = np.ones(len(truth), bool)
    pairs: Pairs = []
    for prediction in _surest_first(found, scores) if len(truth) else ():
        best = int(np.argmax(np.where(free, table[prediction], -1)))  # at a tie the earlier truth
        if free[best] and table[prediction, best] >= threshold:
            free[best] = False
            pairs.append((int(prediction), int(order[best])))
    return _one_to_one(pairs, found, truth)


def _best_only(truth: np.ndarray, found: np.ndarray, threshold: float, *, above: bool) -> Matches:
    order = _by_time(truth)
    table = interval_iou(found, truth)[:, order]
    taken: set[int] = set()
    pairs: Pairs = []
    for prediction in _by_time(found) if len(truth) else ():
        # These scripts take the last of argsort, so that of two equal truths the later one is looked at.
        best = len(order) - 1 - int(np.argmax(table[prediction, ::-1]))
        value = table[prediction, best]
        if best not in taken and (value > threshold if above else value >= threshold):
            taken.add(best)
            pairs.append((int(prediction), int(order[best])))
    return _one_to_one(pairs, found, truth)


def _mean(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    return _best_only(truth, found, threshold, above=False)


def _slswin(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    return _best_only(truth, found, threshold, above=True)


def _megc2020(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    inside = (
        np.maximum(
            0,
            np.minimum(found[:, None, 1], truth[None, :, 1])
            - np.maximum(found[:, None, 0], truth[None, :, 0]),
        )
        + 1
    )
    lengths = (found[:, 1] - found[:, 0])[:, None], (truth[:, 1] - truth[:, 0])[None]
    union = lengths[0] + lengths[1] + 2 - inside
    valid = (lengths[0] > 0) & (lengths[1] > 0) & (union > 0)
    table = np.divide(inside, union, out=np.zeros(inside.shape), where=valid)
    pairs = [
        (int(np.argmax(table[:, g])), g)
        for g in range(len(truth))
        if len(found) and table[:, g].max() >= threshold
    ]
    return _one_to_one(pairs, found, truth)


def _auwgcn(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    order = _surest_first(found, scores)
    ends = found[order]
    best: dict[int, tuple[float, int]] = {}
    for g, (onset, offset) in enumerate(truth):
        inside = np.maximum(0, np.minimum(ends[:, 1], offset) - np.maximum(ends[:, 0], onset))
        union = (ends[:, 1] - ends[:, 0]) + (offset - onset) - inside
        table = np.divide(inside, union, out=np.zeros(len(ends)), where=union > 0)
        if len(ends) and table.max() > threshold:
            prediction = int(order[int(np.argmax(table))])
            best[prediction] = max(best.get(prediction, (-1.0, -1)), (float(table.max()), g))
    return _one_to_one([(p, g) for p, (_, g) in best.items()], found, truth)


def _map_str(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    table = interval_iou(found, truth)
    pairs = [(int(p), int(g)) for p, g in np.argwhere(table >= threshold)]
    false = len(found) - len({p for p, _ in pairs})
    return Matches(tuple(pairs), len(pairs), false, len(truth) - len(pairs))


def _strs_script(truth: np.ndarray, found: np.ndarray, scores: np.ndarray, threshold: float) -> Matches:
    table = interval_iou(found, truth)
    taken: set[int] = set()
    pairs: Pairs = []
    for prediction in range(len(found)):
        for g in range(len(truth)):
            if g not in taken and table[prediction, g] >= threshold:
                taken.add(g)
                pairs.append((prediction, g))
    false = len(found) - len({p for p, _ in pairs})
    return Matches(tuple(pairs), len(pairs), false, len(truth) - len(pairs))


def _file(rule: Rule) -> None:
    RULES.register(rule.name)(rule)


_file(
    Rule(
        "strict",
        "one to one: the surest prediction first, each takes the free truth of highest IoU, if that is "
        "at least the threshold; lengths inclusive; all videos",
        "the rule to report",
        _strict,
    )
)
_file(
    Rule(
        "mean",
        "in time order each prediction looks only at its best truth; if that is taken it is a false alarm",
        "SOFTNet, MEAN, ME-TST, BoostingVRME",
        _mean,
    )
)
_file(Rule("slswin", "as `mean`, but the IoU must exceed the threshold", "SL-Swin", _slswin))
_file(
    Rule(
        "megc2020",
        "counts found truths: one prediction may serve several, so FP = predictions - found truths can be "
        "negative; disjoint intervals share one frame, intervals of one frame never match",
        "MDMD baseline of MEGC 2020",
        _megc2020,
    )
)
_file(
    Rule(
        "auwgcn",
        "each truth takes its best prediction, which must exceed the threshold; lengths without the last "
        "frame; counts distinct predictions",
        "USTC, AUW-GCN, Causal-Ex",
        _auwgcn,
    )
)
_file(
    Rule(
        "map-str",
        "counts every pair that reaches the threshold, so FN can be negative and F1 exceed 1",
        "the map_str code of SFAMNet and ME-TST",
        _map_str,
    )
)
_file(
    Rule(
        "strs-script",
        "in table order each prediction takes all free truths that reach the threshold; videos without truth "
        "and subjects without predictions are not looked at, so their errors vanish",
        "official STRS script",
        _strs_script,
        skips_empty_truth=True,
        skips_silent_subjects=True,
    )
)
