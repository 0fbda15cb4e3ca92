"""Losses, one value a row: cross-entropy and focal, for one label or for several at once."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fleeting.core import UNLABELLED, UsageError

MOST_POSITIVE_WEIGHT = 10.0
_BETA = 0.999


def class_weights(labels: np.ndarray, classes: int, balance: str) -> np.ndarray:
    """Weigh classes against their frequency; the mean weight over the rows is 1.

    Parameters
    ----------
    labels
        ``(N,)`` class of each row.
    classes
        How many there are.
    balance
        ``none``; ``inverse``: 1 / n; ``sqrt``: 1 / sqrt(n); ``effective``: (1 - b) / (1 - b^n) with b = 0.999
        (Cui et al. 2019, class-balanced loss).

    Returns
    -------
    np.ndarray
        ``(classes,)`` float32; 0 for a class without a row.

    Raises
    ------
    UsageError
        For another name.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2, "inverse").tolist()
    [0.666..., 2.0]
    """
    count = np.bincount(labels, minlength=classes).astype(float)
    present = np.maximum(count, 1)
    if balance == "none":
        weight = np.ones(classes)
    elif balance == "inverse":
        weight = 1 / present
    elif balance == "sqrt":
        weight = 1 / np.sqrt(present)
    elif balance == "effective":
        weight = (1 - _BETA) / (1 - _BETA**present)
    else:
        raise UsageError(f"balance: expected none, inverse, sqrt or effective, got {balance!r}")
    weight = np.where(count > 0, weight, 0)
    return (weight * count.sum() / (weight * count).sum()).astype(np.float32)


def positive_weights(labels: np.ndarray, balance: str) -> np.ndarray:
    """Weigh the positive rows of each label against the negative ones.

    ``(N - n) / n`` for ``inverse`` and ``effective``, its square root for ``sqrt``, in 0.1..10; 1 for
    ``none`` and for a label that is never there. ``labels`` ``(N, C)`` of 0, 1 and -1 (unknown).

    Examples
    --------
    >>> positive_weights(np.array([[1, 0], [0, 0], [0, 0]]), "inverse").tolist()
    [2.0, 1.0]
    """
    there, absent = (labels == 1).sum(0), (labels == 0).sum(0)
    ratio = np.where((there > 0) & (absent > 0), absent / np.maximum(there, 1), 1.0)
    power = {"none": 0.0, "sqrt": 0.5}.get(balance, 1.0)
    clipped = np.clip(ratio**power, 1 / MOST_POSITIVE_WEIGHT, MOST_POSITIVE_WEIGHT)
    return np.asarray(clipped, np.float32)


def class_loss(
    logits: Tensor, labels: Tensor, weights: Tensor, *, smoothing: float = 0.0, gamma: float = 0.0
) -> Tensor:
    """Cross-entropy of each row, or its focal form.

    Parameters
    ----------
    logits
        ``(N, C)``.
    labels
        ``(N,)`` int64.
    weights
        ``(C,)``, see `class_weights`.
    smoothing
        Share of the target that is spread over all classes.
    gamma
        Focal exponent: the loss times ``(1 - p)^gamma`` with p the probability of the right class (Lin et
        al. 2017); 0 for none.

    Returns
    -------
    Tensor
        ``(N,)``.

    Examples
    --------
    >>> class_loss(torch.zeros(1, 2), torch.tensor([0]), torch.ones(2), gamma=1.0).item()
    0.346...
    """
    log = F.log_softmax(logits, dim=1)
    own = log.gather(1, labels[:, None])[:, 0]
    loss = -(1 - smoothing) * own - smoothing * log.mean(1)
    if gamma:
        loss = loss * (1 - own.exp()).clamp_min(1e-12) ** gamma
    return loss * weights[labels]


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor, *, gamma: float = 0.0) -> Tensor:
    """Binary cross-entropy of each row over its known labels, or its focal form.

    ``logits`` and ``labels`` are ``(N, C)``; -1 is unknown and counts for nothing. ``weights`` ``(C,)`` are
    those of positive rows, see `positive_weights`.

    Examples
    --------
    >>> label_loss(torch.zeros(1, 2), torch.tensor([[1, -1]]), torch.ones(2)).item()
    0.693...
    """
    known = (labels != UNLABELLED).to(logits.dtype)
    target = labels.clamp_min(0).to(logits.dtype)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    if gamma:
        loss = loss * (1 - (-loss).exp()).clamp_min(1e-12) ** gamma
    loss = loss * torch.where(target > 0.5, weights, torch.ones_like(weights))
    return (loss * known).sum(1) / known.sum(1).clamp_min(1)
