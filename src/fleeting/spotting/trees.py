"""Boosted trees asked with numpy alone: whole trees of depth 3 as three arrays."""

from dataclasses import dataclass

import numpy as np

DEPTH = 3


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
        ``(K, 8)`` float32: what a tree adds to the answer.
    base
        ``(1,)`` float32: answer to begin with.
    """

    feature: np.ndarray
    threshold: np.ndarray
    leaf: np.ndarray
    base: np.ndarray

    def answers(self, rows: np.ndarray) -> np.ndarray:
        """Give the answer for each row ``(N, F)``: ``(N,)``.

        Examples
        --------
        >>> one = Trees(np.zeros((1, 7), np.int32), np.full((1, 7), 0.5), np.arange(8.0)[None], np.zeros(1))
        >>> one.answers(np.array([[0.0], [1.0]])).tolist()
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
