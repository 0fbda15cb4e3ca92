"""Boosted trees as three arrays: grown by scikit-learn, asked with numpy, exported through torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np

DEPTH = 3
RATE, SHARE, LEAST_ROWS = 0.06, 0.5, 20
NEVER = 1e30  # a threshold that nothing exceeds


@dataclass(frozen=True)
class Trees:
    """Whole trees of depth 3, one a row; node ``i`` has the children ``2 i + 1`` and ``2 i + 2``.

    Parameters
    ----------
    feature
        ``(K, 7)`` int32: column that a node looks at.
    threshold
        ``(K, 7)`` float32: what is greater goes to the second child.
    leaf
        ``(K, 8)`` float32: what a tree adds to the logit.
    base
        ``(1,)`` float32: logit to begin with.
    """

    feature: np.ndarray
    threshold: np.ndarray
    leaf: np.ndarray
    base: np.ndarray

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Give the logit of each row ``(N, F)``: ``(N,)``.

        Examples
        --------
        >>> one = Trees(np.zeros((1, 7), np.int32), np.full((1, 7), 0.5), np.arange(8.0)[None], np.zeros(1))
        >>> one.logits(np.array([[0.0], [1.0]])).tolist()
        [0.0, 7.0]
        """
        trees = np.arange(len(self.feature))
        at = np.zeros((len(rows), len(self.feature)), int)
        for _ in range(DEPTH):
            asked = np.take_along_axis(rows, self.feature[trees, at], 1)
            at = 2 * at + 1 + (asked > self.threshold[trees, at])
        return np.asarray(self.base[0] + self.leaf[trees, at - 7].sum(1))

    def arrays(self) -> dict[str, np.ndarray]:
        """Give all of it by name."""
        return {"feature": self.feature, "threshold": self.threshold, "leaf": self.leaf, "base": self.base}


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
    >>> trees.logits(np.array([[0, 2.0, 0, 0], [0, -2.0, 0, 0]])).round().tolist()
    [2.0, -2.0]
    """
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=rounds, max_depth=DEPTH, learning_rate=RATE, subsample=SHARE,
        max_features=max(1, rows.shape[1] // 3), min_samples_leaf=min(LEAST_ROWS, max(1, len(rows) // 10)),
        random_state=seed,
    )  # fmt: skip
    model.fit(rows.astype(np.float32), labels)
    feature = np.zeros((rounds, 7), np.int32)
    threshold, leaf = np.full((rounds, 7), NEVER, np.float32), np.zeros((rounds, 8), np.float32)
    for number, (one,) in enumerate(model.estimators_):
        _whole(one.tree_, 0, 0, feature[number], threshold[number], leaf[number])
    share = float(np.mean(labels))
    return Trees(feature, threshold, RATE * leaf, np.array([np.log(share / (1 - share))], np.float32))


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
