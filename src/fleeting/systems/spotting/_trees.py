"""Boosted trees: grown by scikit-learn, kept as three arrays, exported through torch."""

from typing import Any

import numpy as np

from fleeting.spotting import TREE_DEPTH as DEPTH
from fleeting.spotting import Trees

RATE, SHARE, LEAST_ROWS = 0.06, 0.5, 20
NEVER = 1e30  # a threshold that nothing exceeds


def grow(rows: np.ndarray, labels: np.ndarray, rounds: int, seed: int) -> Trees:
    """Learn to tell rows with label 1 from those with 0.

    Parameters
    ----------
    rows
        ``(N, F)``.
    labels
        ``(N,)`` of 0 and 1, both there.
    rounds
        Trees.
    seed
        Same seed, same trees: each sees half of the rows and, at each node, some of the columns.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(400, 4))
    >>> trees = grow(rows, (rows[:, 1] > 0).astype(float), 30, 0)
    >>> trees.answers(np.array([[0, 2.0, 0, 0], [0, -2.0, 0, 0]])).round().tolist()
    [2.0, -2.0]
    """
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=rounds, max_depth=DEPTH, learning_rate=RATE, subsample=SHARE,
        max_features=max(1, rows.shape[1] // 3), min_samples_leaf=min(LEAST_ROWS, max(1, len(rows) // 10)),
        random_state=seed,
    )  # fmt: skip
    model.fit(rows.astype(np.float32), labels)
    share = float(np.mean(labels))
    return whole_trees(model, RATE, float(np.log(share / (1 - share))))


def whole_trees(model: Any, rate: float, base: float) -> Trees:
    """Copy the trees of a fitted ``GradientBoosting*`` of scikit-learn, of depth 3 at most.

    Parameters
    ----------
    model
        Fitted; of one output.
    rate
        Its learning rate.
    base
        What it says before its first tree.
    """
    rounds = len(model.estimators_)
    feature = np.zeros((rounds, 7), np.int32)
    threshold, leaf = np.full((rounds, 7), NEVER, np.float32), np.zeros((rounds, 8), np.float32)
    for number, (one,) in enumerate(model.estimators_):
        _whole(one.tree_, 0, 0, feature[number], threshold[number], leaf[number])
    return Trees(feature, threshold, rate * leaf, np.array([base], np.float32))


def _whole(
    tree: Any, node: int, at: int, feature: np.ndarray, threshold: np.ndarray, leaf: np.ndarray
) -> None:
    """Copy a tree into a whole one: a leaf above the bottom becomes a node that always takes one way."""
    if at >= 7:
        leaf[at - 7] = tree.value[node, 0, 0]
        return
    first, second = tree.children_left[node], tree.children_right[node]
    if first < 0:
        first = second = node
    else:
        feature[at], threshold[at] = tree.feature[node], tree.threshold[node]
    _whole(tree, first, 2 * at + 1, feature, threshold, leaf)
    _whole(tree, second, 2 * at + 2, feature, threshold, leaf)


def tree_module(trees: Trees) -> Any:
    """Give the trees as a torch module: ``(N, F)`` to logits ``(N, 1)``, for export."""
    import torch
    from torch import Tensor, nn

    class Module(nn.Module):
        feature: Tensor
        threshold: Tensor
        leaf: Tensor
        base: Tensor
        first: Tensor

        def __init__(self) -> None:
            super().__init__()
            for name, values in trees.arrays().items():
                self.register_buffer(name, torch.as_tensor(values.reshape(-1)))
            self.register_buffer("first", torch.arange(len(trees.feature)))

        def forward(self, rows: Tensor) -> Tensor:
            at = torch.zeros_like(rows[:, :1], dtype=torch.long) + 0 * self.first
            for _ in range(DEPTH):
                node = 7 * self.first + at
                asked = rows.gather(1, self.feature[node].long())
                at = 2 * at + 1 + (asked > self.threshold[node]).long()
            return self.base + self.leaf[8 * self.first + at - 7].sum(1, keepdim=True)

    return Module()
