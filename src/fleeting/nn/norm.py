"""Batch norm that can leave rows out: padding in a stack of models must not count."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

_COUNTED: ContextVar[Tensor | None] = ContextVar("counted_rows", default=None)


@contextmanager
def counted_rows(mask: Tensor | None) -> Iterator[None]:
    """Say which rows of the batch count in batch norms, ``(N,)`` of 0 and 1, inside the block.

    Examples
    --------
    >>> norm = BatchNorm(1, affine=False)
    >>> with counted_rows(torch.tensor([1.0, 1.0, 0.0])):
    ...     norm(torch.tensor([[1.0], [3.0], [99.0]])).flatten()[:2].round(decimals=3).tolist()
    [-1.0, 1.0]
    """
    token = _COUNTED.set(mask)
    try:
        yield
    finally:
        _COUNTED.reset(token)


class BatchNorm(nn.Module):
    """Batch norm over all but the channel axis, of ``(N, C)``, ``(N, C, H, W)`` or ``(N, C, T, H, W)``.

    The same as torch's ``BatchNorm1d/2d/3d``, with the same names of weights, but for two things: inside
    `counted_rows` padded rows do not count, and it can run in a stack of models
    (`fleeting.training.fit_many`), since the running values are moved in place without a count of batches.

    Parameters
    ----------
    channels
        Size of axis 1.
    eps, momentum, affine
        As in torch.

    Examples
    --------
    >>> BatchNorm(4)(torch.randn(8, 4, 5, 5)).shape
    torch.Size([8, 4, 5, 5])
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        mask = _COUNTED.get()
        if mask is None or not self.training:
            return nn.functional.batch_norm(
                x,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                training=self.training,
                momentum=self.momentum,
                eps=self.eps,
            )
        return self._masked(x, mask)

    def _masked(self, x: Tensor, mask: Tensor) -> Tensor:
        shape = [-1 if axis == 1 else 1 for axis in range(x.ndim)]
        count = mask.sum() * (x[0, 0].numel() if x.ndim > 2 else 1)
        mean = _weighted_sum(x, mask) / count
        variance = _weighted_sum((x - mean.view(shape)).square(), mask) / count
        with torch.no_grad():  # running values take the unbiased variance, as torch has it
            unbiased = variance * count / (count - 1).clamp_min(1)
            self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean)
            self.running_var.mul_(1 - self.momentum).add_(self.momentum * unbiased)
        scale = (variance + self.eps).rsqrt() * (1 if self.weight is None else self.weight)
        shift = (0 if self.bias is None else self.bias) - mean * scale
        return torch.addcmul(shift.view(shape), x, scale.view(shape))


def _weighted_sum(x: Tensor, mask: Tensor) -> Tensor:
    """Sum over rows, each times its mask, and over space: ``(N, C, ...)`` to ``(C,)`` without a copy of x."""
    summed = mask.to(x.dtype)[None] @ x.flatten(1)
    return summed.view(x.shape[1], -1).sum(1)
