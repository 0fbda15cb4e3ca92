"""The majority class: what a system must beat to have learnt anything."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np

from fleeting.core import Examples, InputError, UsageError
from fleeting.systems.contract import Card
from fleeting.systems.registry import register

NAME = "majority"


class Majority:
    """Answers every sample with the shares of the classes in training."""

    def __init__(self, preset: str, seed: int) -> None:
        self.preset, self.seed = preset, seed
        self.classes: tuple[str, ...] = ()
        self.shares = np.zeros(0)

    def fit(self, train: Examples, validation: Examples | None = None) -> Self:
        """Count the classes of the training rows."""
        labels = np.asarray(train.labels)
        counts = np.bincount(labels[labels >= 0], minlength=len(train.classes))
        if not counts.sum():
            raise UsageError("nothing to learn from: every label is withheld")
        self.classes, self.shares = tuple(train.classes), counts / counts.sum()
        return self

    def predict(self, samples: Examples) -> np.ndarray:
        """Give the same shares ``(N, C)`` for every row."""
        if not self.classes:
            raise UsageError(f"system {NAME!r} has learnt nothing yet; call fit or load first")
        return np.tile(self.shares, (len(samples), 1))

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        from fleeting.training import save_arrays

        told = {"system": NAME, "preset": self.preset, "seed": self.seed, "switches": {}}
        save_arrays(folder, {"shares": self.shares}, told | {"classes": list(self.classes), "inputs": []})

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the shares of a saved folder."""
        from fleeting.training import load_arrays

        arrays, told = load_arrays(folder)
        if told.get("system") != NAME:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {NAME!r}")
        self.classes, self.shares = tuple(told["classes"]), arrays["shares"]
        return self


@register(
    Card(
        name=NAME,
        title="Majority class",
        paper="",
        task="recognition",
        inputs=("flowmap28",),
        parts={"all": "nothing to be read: the most frequent class of the training rows"},
        kind="baseline",
        learns=False,
    )
)
def build(*, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None) -> Majority:
    """Make it; it has no training to set."""
    if training:
        raise UsageError(f"system {NAME!r} has no training to set")
    return Majority(preset, seed)
