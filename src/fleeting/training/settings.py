"""What can be set of a training, and the seeds that follow from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import cos, pi
from typing import Any

import numpy as np

from fleeting.core import UsageError

_CHOICES = {
    "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("constant", "cosine", "step"),
    "loss": ("cross_entropy", "focal"),
    "balance": ("none", "inverse", "sqrt", "effective"),
    "keep": ("last", "best"),
}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch_size
        Rows of an epoch are dealt into ``ceil(rows / batch_size)`` batches of even size, so that none is
        tiny.
    learning_rate, weight_decay, momentum
        ``momentum`` is for ``sgd`` alone.
    optimizer
        ``adam``, ``adamw`` or ``sgd``.
    schedule
        ``constant``, ``cosine`` (to 0 at the end) or ``step`` (times ``step_factor`` each ``step_epochs``).
    loss, focal_gamma, label_smoothing
        ``cross_entropy`` or ``focal``; for several labels at once the binary forms of both.
    balance
        Class weights: ``none``, ``inverse`` frequency, its square root ``sqrt``, or ``effective`` number.
    clip
        Largest norm of the gradient; 0 for none.
    augment
        Whether the system's augmentation is used.
    shuffle
        Whether the order of rows is drawn anew each epoch.
    keep
        ``last`` epoch, or the ``best`` on a validation part of the training rows; there is no other choice.
    patience
        Epochs without a better validation loss after which training stops; 0 never stops early.
    device, precision
        As Lightning Fabric names them: ``cpu``, ``cuda``, ``auto``; ``32-true``, ``bf16-mixed``...

    Raises
    ------
    UsageError
        For a value out of range.

    Examples
    --------
    >>> TrainingSettings(epochs=10, schedule="cosine").rate(5)
    0.0005
    >>> TrainingSettings().changed({"epochs": 3}).epochs
    3
    """

    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    momentum: float = 0.9
    schedule: str = "constant"
    step_epochs: int = 10
    step_factor: float = 0.5
    loss: str = "cross_entropy"
    focal_gamma: float = 2.0
    label_smoothing: float = 0.0
    balance: str = "none"
    clip: float = 0.0
    augment: bool = False
    shuffle: bool = True
    keep: str = "last"
    patience: int = 0
    device: str = "cpu"
    precision: str = "32-true"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name}: expected {', '.join(allowed)}, got {getattr(self, name)!r}")
        if self.epochs < 0 or self.batch_size < 1 or self.step_epochs < 1:
            raise UsageError("epochs, batch_size, step_epochs: expected whole numbers from 0, 1 and 1 on")
        if not 0 <= self.label_smoothing < 1 or min(self.learning_rate, self.weight_decay, self.clip) < 0:
            raise UsageError("label_smoothing must lie in [0, 1); rates, decay and clip may not be negative")

    def changed(self, changes: Mapping[str, Any] | None) -> "TrainingSettings":
        """Give the settings with some of them changed; raises UsageError for a name that is none."""
        known = {one.name for one in fields(self)}
        unknown = sorted(set(changes or {}) - known)
        if unknown:
            raise UsageError(f"no training setting {unknown[0]!r}; available: {', '.join(sorted(known))}")
        return replace(self, **dict(changes or {}))

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        if self.schedule == "cosine":
            return self.learning_rate * (0.5 + 0.5 * cos(pi * epoch / max(self.epochs, 1)))
        if self.schedule == "step":
            return self.learning_rate * self.step_factor ** (epoch // self.step_epochs)
        return self.learning_rate

    def as_dict(self) -> dict[str, Any]:
        """Give the settings as plain data."""
        return asdict(self)


def epoch_batches(rows: int, settings: TrainingSettings, seed: int, epoch: int) -> list[np.ndarray]:
    """Deal the rows of an epoch into batches of even size.

    Parameters
    ----------
    rows
        How many there are.
    settings
        Size of a batch, and whether to shuffle.
    seed, epoch
        The order depends on these two alone, so that a resumed training sees the same batches.

    Returns
    -------
    list of np.ndarray
        Positions of rows.

    Examples
    --------
    >>> [len(batch) for batch in epoch_batches(10, TrainingSettings(batch_size=4), seed=0, epoch=0)]
    [4, 3, 3]
    """
    order = generator(seed, epoch, 0).permutation(rows) if settings.shuffle else np.arange(rows)
    return np.array_split(order, -(-rows // settings.batch_size))


def generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    """Give the random numbers of one purpose (``stream``) in one epoch of one training."""
    return np.random.default_rng([seed, epoch, stream])


def torch_seed(seed: int, epoch: int) -> int:
    """Give the seed of torch's own random numbers (drop-out) in one epoch; -1 is before the first."""
    return int(np.random.SeedSequence([seed, epoch + 1, 77]).generate_state(1, np.uint64)[0] >> 1)
