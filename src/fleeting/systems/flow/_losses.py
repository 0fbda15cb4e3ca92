"""What an answer of flow costs: distance, the mask, gradients by difference or Sobel, total variation.

Written from the abstract (masks and gradients by difference or Sobel); the sum and its weights are our
reading: ``sum_k 0.8^(K - k) |m (f_k - f)| + 0.1 |(1 - m) f_K| + 0.5 |m (D f_K - D f)| + 0.01 |m D f_K|``,
each term a mean over the picture's pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fleeting.core import UsageError

GRADIENTS = ("difference", "sobel", "none")


@dataclass(frozen=True, slots=True)
class FlowLoss:
    """The loss of each pair.

    Parameters
    ----------
    mask
        Whether the face counts in full and the still background by ``background``; off, all pixels alike.
    gradient
        How gradients are taken: ``difference`` to the next pixel, ``sobel`` / 8, or ``none``.
    decay, background, slope, variation
        Of earlier answers; weights of the background, of gradients and of total variation.
    even
        Whether a pair is weighted by one over the root of half a pixel plus its mean motion: else the few
        pairs that move far are most of the loss. Our choice.

    Raises
    ------
    UsageError
        For an unknown gradient.
    """

    mask: bool = True
    gradient: str = "difference"
    decay: float = 0.8
    background: float = 0.1
    slope: float = 0.5
    variation: float = 0.01
    even: bool = True

    def __post_init__(self) -> None:
        if self.gradient not in GRADIENTS:
            raise UsageError(f"gradient: expected {', '.join(GRADIENTS)}, got {self.gradient!r}")

    def __call__(self, answers: Tensor, truth: Tensor) -> Tensor:
        """Give ``(N,)``.

        Parameters
        ----------
        answers
            ``(N, K, 2, H, W)``, the last the best.
        truth
            ``(N, H, W, 3)``: flow, and 1 where the face is.

        Examples
        --------
        >>> truth = torch.cat([torch.ones(1, 4, 4, 2), torch.ones(1, 4, 4, 1)], -1)
        >>> round(FlowLoss(even=False)(torch.zeros(1, 1, 2, 4, 4), truth).item(), 3)
        2.0
        """
        wanted, face = truth[..., :2].permute(0, 3, 1, 2).float(), truth[..., 2].float()
        counts = face if self.mask else torch.ones_like(face)
        count = answers.shape[1]
        total = torch.zeros(len(truth), dtype=answers.dtype, device=answers.device)
        for k in range(count):
            total = total + self.decay ** (count - 1 - k) * _mean(answers[:, k] - wanted, counts)
        best = answers[:, -1]
        if self.mask:
            total = total + self.background * _mean(best, 1 - face)
        if self.gradient != "none":
            slopes = slopes_of(best, self.gradient)
            off = slopes - slopes_of(wanted, self.gradient)
            total = total + self.slope * _mean(off, counts) + self.variation * _mean(slopes, counts)
        if self.even:
            moved = (wanted.square().sum(1).sqrt() * face).sum((1, 2)) / face.sum((1, 2)).clamp_min(1)
            total = total / (0.5 + moved).sqrt()
        return total


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    """Sum of absolute values over channels, counted, averaged over the picture: ``(N,)``."""
    return (values.abs().sum(1) * counts).mean((1, 2))


def slopes_of(flow: Tensor, how: str) -> Tensor:
    """Gradients of flow, ``(N, 4, H, W)``: along x of both parts, then along y; the edge is continued.

    Examples
    --------
    >>> ramp = torch.arange(4.0).expand(1, 2, 4, 4)
    >>> [slopes_of(ramp, how)[0, :, 1, 1].tolist() for how in ("difference", "sobel")]
    [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
    """
    padded = F.pad(flow, (1, 1, 1, 1), mode="replicate")
    if how == "difference":
        along = padded[..., 1:-1, 2:] - flow
        down = padded[..., 2:, 1:-1] - flow
    else:
        wide = padded[..., 2:] - padded[..., :-2]
        tall = padded[..., 2:, :] - padded[..., :-2, :]
        along = (wide[..., :-2, :] + 2 * wide[..., 1:-1, :] + wide[..., 2:, :]) / 8
        down = (tall[..., :-2] + 2 * tall[..., 1:-1] + tall[..., 2:]) / 8
    return torch.cat([along, down], 1)
