"""What a learner sees: rows of inputs with labels and owners, one position for each row in every array."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fleeting.core.errors import ShapeError, UsageError

UNLABELLED = -1
COARSE = ("negative", "positive", "surprise")
"""Classes of the composite tasks of the field, in the order of their codes (MEGC 2019)."""


@dataclass(frozen=True)
class Examples:
    """Samples ready for a system: inputs by the name of their representation, labels, and who is in them.

    Parameters
    ----------
    ids
        ``(N,)`` str, ``dataset/subject/clip``, unique.
    subjects
        ``(N,)`` str, ``dataset/subject``.
    datasets
        ``(N,)`` str.
    labels
        ``(N,)`` int64, a place in ``classes``, or -1 where the label is withheld; for several labels at once
        ``(N, C)`` of 0 and 1.
    classes
        Names of the classes (or of the units, for several labels at once), in order.
    inputs
        Arrays ``(N, ...)`` by the name of the representation, such as ``flowmap28`` ``(N, 28, 28, 3)`` uint8.
    fps
        ``(N,)`` frames per second, NaN where unknown; unknown for all by default.

    Raises
    ------
    ShapeError
        Where an array has another number of rows.
    UsageError
        Where ids repeat or a label is no class.

    Examples
    --------
    >>> maps = np.zeros((3, 28, 28, 3), np.uint8)
    >>> rows = Examples(np.array(["d/a/1", "d/a/2", "d/b/1"]), np.array(["d/a", "d/a", "d/b"]),
    ...                 np.array(["d"] * 3), np.array([0, 1, 0]), ("no", "yes"), {"flowmap28": maps})
    >>> len(rows.take([0, 2])), rows.take([0, 2]).ids.tolist()
    (2, ['d/a/1', 'd/b/1'])
    >>> rows.sealed().labels.tolist()
    [-1, -1, -1]
    """

    ids: np.ndarray
    subjects: np.ndarray
    datasets: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    inputs: Mapping[str, np.ndarray]
    fps: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = len(self.ids)
        rows = {"subjects": self.subjects, "datasets": self.datasets, "labels": self.labels, **self.inputs}
        if self.fps is not None:
            rows["fps"] = self.fps
        for name, values in rows.items():
            if len(values) != count:
                raise ShapeError(f"{name}: expected {count} rows as there are ids, got {len(values)}")
        if len(np.unique(self.ids)) != count:
            raise UsageError("ids of examples must be unique")
        highest = 1 if self.labels.ndim == 2 else len(self.classes) - 1
        if count and not (self.labels.min() >= UNLABELLED and self.labels.max() <= highest):
            raise UsageError(
                f"labels: expected {UNLABELLED}..{highest}, got {self.labels.min()}..{self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray | list[int]) -> "Examples":
        """Give some rows, in the order asked for."""
        at = np.asarray(rows, np.int64)
        return replace(
            self,
            ids=self.ids[at],
            subjects=self.subjects[at],
            datasets=self.datasets[at],
            labels=self.labels[at],
            inputs={name: values[at] for name, values in self.inputs.items()},
            fps=None if self.fps is None else self.fps[at],
        )

    def sealed(self) -> "Examples":
        """Give the same rows with every label withheld: what a system may see of a held-out fold."""
        return replace(self, labels=np.full_like(self.labels, UNLABELLED))
