"""An array that grows row by row in place: a list of arrays costs twice the memory when it is joined."""

import numpy as np


class Growing:
    """Rows of one shape and type.

    Parameters
    ----------
    shape
        Shape of a row, ``()`` for numbers.
    dtype
        Type of the values.

    Examples
    --------
    >>> rows = Growing((2,), np.float32)
    >>> rows.add(np.ones((3, 2)))
    >>> rows.add(np.zeros((1, 2)))
    >>> len(rows), rows.array()[-1]
    (4, array([0., 0.], dtype=float32))
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype | type) -> None:
        self._rows = np.empty((256, *shape), dtype)
        self._count = 0

    def add(self, rows: np.ndarray) -> None:
        """Append rows ``(n, *shape)``."""
        need = self._count + len(rows)
        if need > len(self._rows):
            # untouched memory costs nothing, and a large block is moved without being copied
            self._rows.resize((max(need, 2 * len(self._rows)), *self._rows.shape[1:]), refcheck=False)
        self._rows[self._count : need] = rows
        self._count = need

    def append(self, row: np.ndarray | float) -> None:
        """Append one row."""
        self.add(np.asarray(row)[None])

    def __len__(self) -> int:
        return self._count

    def array(self) -> np.ndarray:
        """Give all rows so far; a view, not to be kept while more are added."""
        return self._rows[: self._count]
