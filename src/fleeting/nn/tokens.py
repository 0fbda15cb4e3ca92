"""Tokens: self-attention with its variants, and merging of tokens that are alike."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import UsageError


class SelfAttention(nn.Module):
    """Self-attention of several heads.

    Parameters
    ----------
    width, heads
        ``width`` is a multiple of ``heads``.
    learnt_temperature
        Whether each head learns what its scores are divided by (it starts at ``sqrt(width / heads)``).
    sees_itself
        Whether a token may attend to itself. Both switches are those of attention for small data sets
        (Lee et al. 2021, locality self-attention).

    Raises
    ------
    UsageError
        Where the width cannot be shared out.

    Examples
    --------
    >>> SelfAttention(32, 4)(torch.rand(2, 10, 32)).shape
    torch.Size([2, 10, 32])
    """

    def __init__(
        self, width: int, heads: int, *, learnt_temperature: bool = False, sees_itself: bool = True
    ) -> None:
        super().__init__()
        if width % heads:
            raise UsageError(f"width: expected a multiple of {heads} heads, got {width}")
        self.heads, self.sees_itself = heads, sees_itself
        start = torch.full((heads, 1, 1), (width / heads) ** 0.5)
        if learnt_temperature:
            self.temperature: Tensor = nn.Parameter(start)
        else:
            self.register_buffer("temperature", start, persistent=False)
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, sizes: Tensor | None = None) -> Tensor:
        """Give ``(N, T, width)``; ``sizes`` ``(N, T)`` says how many tokens each stands for."""
        mixed, _ = self.weights_and_values(x, sizes)
        return self.out(mixed)

    def weights_and_values(self, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give mixed values ``(N, T, width)`` before the last layer, and weights ``(N, heads, T, T)``."""
        q, k, v = self._split(x)
        scores = q @ k.transpose(2, 3) / self.temperature
        if not self.sees_itself:
            own = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
            scores = scores.masked_fill(own, -torch.inf)
        if sizes is not None:  # a token that stands for two is attended to twice as much (Bolya et al. 2023)
            scores = scores + sizes.log()[:, None, None, :]
        weights = scores.softmax(3)
        return (weights @ v).transpose(1, 2).flatten(2), weights

    def keys(self, x: Tensor) -> Tensor:
        """Give the mean key over heads, ``(N, T, width / heads)``: what tokens are compared by."""
        return self._split(x)[1].mean(1)

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows, count, width = x.shape
        parts = self.into(x).view(rows, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


class TransformerBlock(nn.Module):
    """Attention and a dense part, each after a layer norm and added to its input.

    Parameters
    ----------
    width, heads
        As in `SelfAttention`.
    ratio
        Width of the dense part over ``width``.
    dropout
        Of both parts.
    **options
        For `SelfAttention`.

    Examples
    --------
    >>> TransformerBlock(32, 4)(torch.rand(2, 10, 32)).shape
    torch.Size([2, 10, 32])
    """

    def __init__(
        self, width: int, heads: int, *, ratio: float = 2.0, dropout: float = 0.0, **options: bool
    ) -> None:
        super().__init__()
        hidden = int(width * ratio)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, **options)
        self.dense = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, sizes: Tensor | None = None) -> Tensor:
        """Give ``(N, T, width)``."""
        x = x + self.dropout(self.attention(self.first(x), sizes))
        return x + self.dropout(self.dense(self.second(x)))


def merge_tokens(
    x: Tensor, keys: Tensor, sizes: Tensor, count: int, *, keep_first: bool = True
) -> tuple[Tensor, Tensor]:
    """Merge the pairs of tokens that are most alike: fewer tokens, and none is dropped (Bolya et al. 2023).

    Tokens at even places may each be merged into one at an odd place. The ``count`` most alike pairs (by the
    cosine of keys) become their mean, weighted by how many tokens each stands for already.

    Parameters
    ----------
    x
        ``(N, T, D)``.
    keys
        ``(N, T, K)``, what tokens are compared by.
    sizes
        ``(N, T)``, how many tokens each stands for; ones at first.
    count
        Pairs to merge, 0 to the number of tokens at even places (less one where the first is kept).
    keep_first
        Whether the first token, the class token, stays as it is.

    Returns
    -------
    tuple
        ``(N, T - count, D)`` and ``(N, T - count)``; the first token stays first.

    Raises
    ------
    UsageError
        Where so many pairs cannot be had.

    Examples
    --------
    >>> x = torch.tensor([[[9.0, 9.0], [1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]])
    >>> merged, sizes = merge_tokens(x, x, torch.ones(1, 4), 1)
    >>> merged[0].tolist(), sizes.tolist()
    ([[9.0, 9.0], [1.0, 0.05...], [0.0, 1.0]], [[1.0, 2.0, 1.0]])
    """
    movable = (x.shape[1] + 1) // 2
    if not 0 <= count <= movable - (1 if keep_first else 0):
        raise UsageError(f"count: expected 0 to {movable - (1 if keep_first else 0)} pairs, got {count}")
    if count == 0:
        return x, sizes
    unit = F.normalize(keys, dim=2)
    alike = unit[:, ::2] @ unit[:, 1::2].transpose(1, 2)  # (N, even, odd)
    if keep_first:
        first = torch.arange(alike.shape[1], device=x.device) == 0
        alike = alike.masked_fill(first[None, :, None], -torch.inf)
    best, partner = alike.max(2)
    order = best.topk(best.shape[1]).indices  # topk rather than sort: it can be exported
    moved, left = order[:, :count], order[:, count:].sort(1).values
    whole = torch.cat([x * sizes[:, :, None], sizes[:, :, None]], 2)  # sums and sizes together
    even, odd = whole[:, ::2], whole[:, 1::2]
    wide = (-1, -1, whole.shape[2])
    target = partner.gather(1, moved)[:, :, None].expand(wide)
    odd = odd.scatter_add(1, target, even.gather(1, moved[:, :, None].expand(wide)))
    kept = torch.cat([even.gather(1, left[:, :, None].expand(wide)), odd], 1)
    return kept[:, :, :-1] / kept[:, :, -1:], kept[:, :, -1]
