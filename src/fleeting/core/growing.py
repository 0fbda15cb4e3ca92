"""Rows that come one by one, joined without ever being in memory twice."""

import numpy as np

BLOCK_BYTES = 1 << 20


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
    >>> rows.append(np.zeros(2))
    >>> len(rows), rows.array()[-1], rows.last
    (4, array([0., 0.], dtype=float32), array([0., 0.], dtype=float32))
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype | type) -> None:
        self._empty = np.empty((0, *shape), dtype)
        row_bytes = int(np.prod(shape, dtype=int)) * self._empty.itemsize
        self._room = max(1, BLOCK_BYTES // max(row_bytes, 1))
        self._full: list[np.ndarray] = []
        self._block = self._empty
        self._used = 0

    def add(self, rows: np.ndarray) -> None:
        """Append rows ``(n, *shape)``."""
        done = 0
        while done < len(rows):
            if self._used == len(self._block):
                self._next_block()
            take = min(len(rows) - done, len(self._block) - self._used)
            self._block[self._used : self._used + take] = rows[done : done + take]
            self._used += take
            done += take

    def append(self, row: np.ndarray | float) -> None:
        """Append one row."""
        self.add(np.asarray(row)[None])

    def __len__(self) -> int:
        return sum(len(block) for block in self._full) + self._used

    @property
    def last(self) -> np.ndarray:
        """The newest row; there must be one."""
        return np.asarray(self._block[self._used - 1] if self._used else self._full[-1][-1])

    def array(self) -> np.ndarray:
        """Give all rows so far; a view, not to be kept while more are added."""
        if self._full:
            whole = np.empty((len(self), *self._empty.shape[1:]), self._empty.dtype)
            start = 0
            parts = [*self._full, self._block[: self._used]]
            self._full = []
            while parts:  # each block is given back as soon as it has been copied
                part = parts.pop(0)
                whole[start : start + len(part)] = part
                start += len(part)
            self._block, self._used = whole, len(whole)
        return self._block[: self._used]

    def _next_block(self) -> None:
        if self._used:
            self._full.append(self._block)
        self._block = np.empty((self._room, *self._empty.shape[1:]), self._empty.dtype)
        self._used = 0
