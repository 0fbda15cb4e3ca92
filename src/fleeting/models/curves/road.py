"""What all roads share: a network run over what was seen, and a name under which they are written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from fleeting.core import ShapeError

Run = Callable[..., Sequence[np.ndarray]]
"""A network: takes arrays of examples, gives arrays of answers."""
Said = dict[str, np.ndarray]


@dataclass(frozen=True)
class Road:
    """A way from the rows of a recording to what a network says of each frame.

    Subclasses say how a stretch without gaps is taken, in ``stretch``; their fields are all that a use
    without training needs, and stand in ``model.json``.
    """

    name: ClassVar[str] = ""

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give what is said of each frame of a stretch in which all was seen."""
        raise NotImplementedError

    def outputs(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give what is said of each frame; ``curve`` is among it.

        Where nothing was seen there is no answer, and no motion from before to after: each stretch is taken
        by itself.

        Parameters
        ----------
        rows
            ``(T, ...)`` of the input; NaN where nothing was seen.
        times
            ``(T,)`` seconds.
        run
            The network.

        Returns
        -------
        dict
            ``(T, ...)`` float32 by name; NaN where nothing was seen.

        Raises
        ------
        ShapeError
            Where there is not one row a frame, or none at all.
        """
        given = np.asarray(rows)
        if len(given) != len(times) or not len(times):
            raise ShapeError(
                f"expected a row for each of {len(times)} frames, one at least, got {len(given)}"
            )
        seen = np.isfinite(given.reshape(len(given), -1)).all(1) if given.dtype.kind == "f" else None
        if seen is None or seen.all():
            return self.stretch(given, times, run)
        found: Said = {}
        for first, last in _runs(seen) or [(0, 0)]:
            part = slice(first, last + 1)
            for name, values in self.stretch(np.nan_to_num(given[part]), times[part], run).items():
                whole = found.setdefault(name, np.full((len(times), *values.shape[1:]), np.nan, np.float32))
                whole[part] = values if seen[first] else np.nan
        return found

    def told(self) -> dict[str, Any]:
        """Give the facts that `road_of` makes it of again."""
        return {"kind": self.name, **asdict(self)}


def _runs(seen: np.ndarray) -> list[tuple[int, int]]:
    """Inclusive pairs of stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Logits to 0..1.

    Examples
    --------
    >>> sigmoid(np.array([0.0])).tolist()
    [0.5]
    """
    return (1 / (1 + np.exp(-np.clip(values, -60, 60)))).astype(np.float32)


def softmax(values: np.ndarray) -> np.ndarray:
    """Logits to shares along the last axis.

    Examples
    --------
    >>> softmax(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    grown = np.exp(values - values.max(-1, keepdims=True))
    return np.asarray(grown / grown.sum(-1, keepdims=True), np.float32)


def made_of(kinds: Mapping[str, type[Road]], told: Mapping[str, Any]) -> Road:
    """Make a road of the facts that `Road.told` gave."""
    facts = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items() if name != "kind"}
    return kinds[told["kind"]](**facts)
