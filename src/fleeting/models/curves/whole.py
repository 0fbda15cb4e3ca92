"""A recording at once, or in long pieces: the graphs of AUW-GCN, the whole videos of PESFormer, MELDAE."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fleeting.models.curves.road import Road, Run, Said, sigmoid, softmax
from fleeting.models.curves.thinning import Thinning

KINDS = ("micro", "macro")
HOP, SNIPPET = 2, 16  # frames from unit to unit of PESFormer, and frames of a unit
MOST = 20_000  # frames that the graphs take at a time


@dataclass(frozen=True)
class GraphRoad(Road):
    """Flow of regions through a network over graphs that gives ten logits a frame, with frames around it.

    Parameters
    ----------
    context
        Frames on either side that help and are not scored; zeros beyond the ends.
    target
        Kind that ``curve`` speaks of: ``micro`` or ``macro``.

    Examples
    --------
    >>> road = GraphRoad(context=2)
    >>> said = road.outputs(np.zeros((5, 12, 2)), np.arange(5) / 30, lambda x: [np.zeros((*x.shape[:2], 10))])
    >>> said["curve"].tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5]
    """

    name: ClassVar[str] = "graphs"
    context: int = 7
    target: str = "micro"

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give ``curve`` and, of each kind, apex, action, start and end, each ``(T,)``."""
        thin = Thinning(rows, times, summed=True)
        padded = np.pad(thin.values, ((self.context, self.context), (0, 0), (0, 0))).astype(np.float32)
        parts = []
        # the network sees no farther than the context, so that a long recording may be taken in pieces
        for at in range(0, len(thin.values), MOST):
            logits = run(padded[None, at : at + MOST + 2 * self.context])[0][0]
            parts.append(logits[self.context : len(logits) - self.context])
        said = np.concatenate(parts)
        found: Said = {}
        high = sigmoid(said[:, 6:])
        for at, kind in enumerate(KINDS):
            sides = softmax(said[:, 3 * at : 3 * at + 3])
            for output, values in (
                ("apex", high[:, at]),
                ("action", high[:, 2 + at]),
                ("start", sides[:, 0]),
                ("end", sides[:, 1]),
            ):
                found[f"{kind}_{output}"] = thin.spread(values)
        return {"curve": found[f"{self.target}_action"], **found}


def snippets(values: np.ndarray) -> np.ndarray:
    """Motion from frame to frame around each unit: ``(n, C)`` positions to ``(units, 16 C)``.

    Examples
    --------
    >>> moved = snippets(np.arange(40.0)[:, None].repeat(36, 1))
    >>> moved.shape, float(moved[5].mean())  # one pixel a frame
    ((20, 576), 1.0)
    """
    flow = np.diff(values, axis=0, prepend=values[:1]).astype(np.float32)
    units = -(-len(flow) // HOP)
    before = (SNIPPET - HOP) // 2
    padded = np.pad(flow, ((before, SNIPPET + HOP), (0, 0)))
    at = np.arange(units)[:, None] * HOP + np.arange(SNIPPET)
    return padded[at].reshape(units, -1)


def pieces(units: int, length: int, *, whole: bool, window: int) -> list[tuple[int, int]]:
    """Cut a video of so many units: starts and ends.

    Parameters
    ----------
    units
        Of the video.
    length
        What a whole video is padded to. A longer one is cut into pieces of that length that overlap by half.
    whole
        Whether the video is kept whole; otherwise it is cut into windows.
    window
        Length of a window; each begins where the last one ended, and rest is left out.

    Examples
    --------
    >>> pieces(100, 128, whole=True, window=32), pieces(100, 128, whole=False, window=32)
    ([(0, 100)], [(0, 32), (32, 64), (64, 96)])
    >>> pieces(100, 40, whole=True, window=32)
    [(0, 40), (20, 60), (40, 80), (60, 100)]
    """
    if not whole:
        return [(at, at + window) for at in range(0, units - window + 1, window)] or [(0, units)]
    if units <= length:
        return [(0, units)]
    starts = list(range(0, units - length, length // 2))
    return [*((at, at + length) for at in starts), (units - length, units)]


@dataclass(frozen=True)
class TimestampRoad(Road):
    """Snippets of motion through a network that gives a logit for each kind and unit of time.

    Parameters
    ----------
    length
        Units at a time; of a longer video the later piece counts, but for the first half of their overlap.
    target
        Kind that ``curve`` speaks of: ``micro`` or ``macro``.

    Examples
    --------
    >>> road = TimestampRoad(8)
    >>> def network(x, mask):
    ...     return [np.zeros((*x.shape[:2], 2))]
    >>> said = road.outputs(np.zeros((30, 4)), np.arange(30) / 30, network)
    >>> said["curve"].shape, float(said["macro"].min())
    ((30,), 0.5)
    """

    name: ClassVar[str] = "timestamps"
    length: int = 512
    target: str = "micro"

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give ``curve``, ``micro`` and ``macro``, each ``(T,)`` in 0..1."""
        thin = Thinning(rows, times)
        moved = snippets(thin.values)
        total = np.zeros((len(moved), len(KINDS)), np.float32)
        done = 0
        for a, b in pieces(len(moved), self.length, whole=True, window=self.length):
            said = sigmoid(run(moved[None, a:b], np.ones((1, b - a), np.float32))[0][0])
            start = max(a, (done + a) // 2) if done else a
            total[start:b], done = said[start - a :], b
        frames = np.repeat(total, HOP, 0)[: len(thin.values)]
        every = {kind: thin.spread(frames[:, at]) for at, kind in enumerate(KINDS)}
        return {"curve": every[self.target], **every}


@dataclass(frozen=True)
class BoundaryRoad(Road):
    """Positions of regions through a network that says where movements are and how far off their ends.

    Parameters
    ----------
    unit
        Frames that a distance of 1 is.

    Examples
    --------
    >>> road = BoundaryRoad(10.0)
    >>> def network(x):
    ...     return np.zeros((1, x.shape[1], 5)), np.zeros((1, x.shape[1], 4))
    >>> said = road.outputs(np.zeros((6, 36)), np.arange(6) / 30, network)
    >>> float(said["curve"][0]), round(float(said["before"][0]), 3)  # 10 ln 2
    (0.5, 6.931)
    """

    name: ClassVar[str] = "boundaries"
    unit: float = 10.0

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give ``curve``, ``onset``, ``offset``, ``before``, ``after``, and ``emotion`` ``(T, 4)``."""
        thin = Thinning(rows, times)
        said, emotion = (one[0] for one in run(thin.values[None]))
        high = sigmoid(said[:, :3])
        way = np.logaddexp(0, said[:, 3:]) * self.unit
        found = {name: thin.spread(high[:, at]) for at, name in enumerate(("curve", "onset", "offset"))}
        found |= {name: thin.spread(way[:, at]) for at, name in enumerate(("before", "after"))}
        return found | {"emotion": thin.spread(softmax(emotion))}


@dataclass(frozen=True)
class MapRoad(Road):
    """A map a frame through a network that gives each a number, as in SOFTNet and MEAN.

    Parameters
    ----------
    batch
        Maps at a time.

    Examples
    --------
    >>> maps = np.ones((3, 42, 42, 3), np.float16)
    >>> MapRoad().outputs(maps, np.arange(3) / 30, lambda x: [x.mean((1, 2, 3))])["curve"].tolist()
    [1.0, 1.0, 1.0]
    """

    name: ClassVar[str] = "maps"
    batch: int = 256

    def stretch(self, rows: np.ndarray, times: np.ndarray, run: Run) -> Said:
        """Give ``curve`` ``(T,)``."""
        starts = range(0, len(rows), self.batch)
        parts = [run(np.asarray(rows[at : at + self.batch], np.float32))[0] for at in starts]
        return {"curve": np.concatenate(parts).astype(np.float32)}
