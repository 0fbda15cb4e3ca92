"""ME-TST frame by frame: the curve of a video that is still going on, in constant memory."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import UsageError
from fleeting.nn import LayerState
from fleeting.systems.spotting.me_tst import MeTstNet

DELAY = 2  # frames that the two convolutions look ahead


class LiveCurve:
    """Scores of frames as they come, the same as those of the whole recording.

    At any time two windows are open. Each remembers its first row, four rows of the stem and the states of
    its blocks; what is said of a frame comes from the window that is in its second half, two frames later.

    Parameters
    ----------
    network
        Trained.
    length
        Of a window.

    Examples
    --------
    >>> live = LiveCurve(MeTstNet(8, 2, 4).eval(), 10)
    >>> said = [live.push(np.zeros(10, np.float32)) for _ in range(6)]
    >>> [[at for at, _ in one] for one in said], [at for at, _ in live.finish()]
    ([[], [], [0], [1], [2], [3]], [4, 5])
    """

    def __init__(self, network: nn.Module, length: int) -> None:
        if not isinstance(network, MeTstNet):
            raise UsageError("only the network of ME-TST runs frame by frame")
        self.network, self.length = network, length
        self._windows: list[_Window] = []
        self._count = 0
        self._said = 0
        self._last: np.ndarray | None = None

    def push(self, row: np.ndarray) -> list[tuple[int, float]]:
        """Take the next row ``(10,)``; give places of frames and their scores, none or a few, in order."""
        self._last = np.asarray(row, np.float32)
        return self._take(self._last)

    def finish(self) -> list[tuple[int, float]]:
        """Give what is left to say, as if the last row went on, and begin anew."""
        frames, found = self._count, []
        while self._last is not None and self._said < frames:
            found += self._take(self._last)
        self._windows, self._count, self._said, self._last = [], 0, 0, None
        return [(at, value) for at, value in found if at < frames]

    @property
    def floats(self) -> int:
        """How many numbers it remembers: no more for a longer video."""
        return sum(window.floats for window in self._windows)

    def _take(self, row: np.ndarray) -> list[tuple[int, float]]:
        half = self.length // 2
        if self._count % half == 0:
            self._windows.append(_Window(self.network, self._count, self.length, row))
        found: list[tuple[int, float]] = []
        with torch.inference_mode():
            for window in self._windows:
                for at, value in window.push(row):
                    # the first window speaks of all its frames, any other of its second half
                    if window.start == 0 or at - window.start >= half:
                        found.append((at, value))
        self._windows = [one for one in self._windows if one.seen < self.length]
        self._count += 1
        self._said += len(found)
        return found


class _Window:
    """One open window: what its network remembers."""

    def __init__(self, network: MeTstNet, start: int, length: int, row: np.ndarray) -> None:
        self.network, self.start, self.length = network, start, length
        self.first = row.copy()
        self.seen = 0
        self.done = 0
        self.rows: list[Tensor] = []
        self.inner: list[Tensor] = []
        self.past: list[LayerState] | None = None

    @property
    def floats(self) -> int:
        states = [tensor for pair in self.past or [] for tensor in pair]
        return sum(one.numel() for one in (*self.rows, *self.inner, *states)) + self.first.size

    def push(self, row: np.ndarray) -> list[tuple[int, float]]:
        self.seen += 1
        said = self._row(torch.as_tensor(row - self.first)[None, :, None])
        if self.seen == self.length:  # beyond the window lie zeros, for either convolution
            said += self._row(torch.zeros_like(self.rows[-1]))
            said += self._inside(torch.zeros_like(self.inner[-1]))
        return said

    def _row(self, row: Tensor) -> list[tuple[int, float]]:
        stem = self.network.stem
        if not self.rows:
            self.rows = [torch.zeros_like(row), row]
            return []
        inside = _step(stem[0], stem[1], [*self.rows, row])
        self.rows = [self.rows[1], row]
        return self._inside(inside)

    def _inside(self, inside: Tensor) -> list[tuple[int, float]]:
        stem = self.network.stem
        if not self.inner:
            self.inner = [torch.zeros_like(inside), inside]
            return []
        out = _step(stem[3], stem[4], [*self.inner, inside])
        self.inner = [self.inner[1], inside]
        moved, self.past = self.network.spot_path(out.transpose(1, 2), self.past)
        value = float(torch.sigmoid(self.network.spot(moved)).flatten()[0])
        self.done += 1
        return [(self.start + self.done - 1, value)]


def _step(convolution: nn.Module, norm: nn.Module, rows: list[Tensor]) -> Tensor:
    """One frame of a convolution over three, its norm and ReLU."""
    assert isinstance(convolution, nn.Conv1d)
    return F.relu(norm(F.conv1d(torch.cat(rows, 2), convolution.weight, convolution.bias)))
