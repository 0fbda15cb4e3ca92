"""Rows as tensors, and what a network says about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import UNLABELLED, Examples, UsageError
from fleeting.training.losses import class_loss, class_weights, label_loss, positive_weights
from fleeting.training.settings import TrainingSettings


@dataclass(frozen=True)
class Rows:
    """Inputs, labels and further targets of some rows, as tensors on one device.

    Parameters
    ----------
    inputs
        Each ``(N, ...)``, in the order in which the network takes them, as they were given (uint8 stays
        uint8).
    labels
        ``(N,)`` int64, or ``(N, C)`` for several labels at once.
    targets
        What further losses need, by name.
    """

    inputs: tuple[Tensor, ...]
    labels: Tensor
    targets: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, at: np.ndarray) -> "Rows":
        """Give some rows."""
        rows = torch.from_numpy(np.asarray(at, np.int64)).to(self.labels.device)
        picked = tuple(values[rows] for values in self.inputs)
        return Rows(picked, self.labels[rows], {name: values[rows] for name, values in self.targets.items()})

    def to(self, device: torch.device | str) -> "Rows":
        """Give the same rows on another device."""
        moved = {name: values.to(device) for name, values in self.targets.items()}
        return Rows(tuple(one.to(device) for one in self.inputs), self.labels.to(device), moved)


def as_rows(examples: Examples, inputs: tuple[str, ...], targets: tuple[str, ...] = ()) -> Rows:
    """Turn examples into tensors.

    Parameters
    ----------
    examples
        Where the arrays come from.
    inputs, targets
        Names of representations.

    Raises
    ------
    UsageError
        Where one is not there.
    """
    missing = [name for name in (*inputs, *targets) if name not in examples.inputs]
    if missing:
        have = ", ".join(examples.inputs) or "none"
        raise UsageError(
            f"examples have no {missing[0]!r} (they have: {have}); make that representation first"
        )
    arrays = {name: torch.from_numpy(np.array(examples.inputs[name])) for name in {*inputs, *targets}}
    labels = torch.from_numpy(np.array(examples.labels, np.int64))
    return Rows(tuple(arrays[name] for name in inputs), labels, {name: arrays[name] for name in targets})


def of_inputs(
    change: Callable[[tuple[Tensor, ...], Tensor, np.random.Generator], tuple[tuple[Tensor, ...], Tensor]],
) -> Callable[[Rows, np.random.Generator], Rows]:
    """Make an augmentation of inputs and labels one of rows; targets stay as they are.

    Examples
    --------
    >>> rows = Rows((torch.ones(1),), torch.zeros(1), {"more": torch.ones(1)})
    >>> twice = of_inputs(lambda inputs, labels, rng: ((2 * inputs[0],), labels))
    >>> twice(rows, np.random.default_rng(0))
    Rows(inputs=(tensor([2.]),), labels=tensor([0.]), targets={'more': tensor([1.])})
    """
    return lambda rows, rng: Rows(*change(rows.inputs, rows.labels, rng), rows.targets)


def labelled(examples: Examples) -> Examples:
    """Leave out rows whose label is withheld; raises UsageError where none is left.

    Examples
    --------
    >>> rows = Examples(np.array(["a", "b"]), np.array(["s", "s"]), np.array(["d", "d"]), np.array([0, -1]),
    ...                 ("no", "yes"), {})
    >>> len(labelled(rows))
    1
    """
    known = examples.labels != UNLABELLED
    keep = np.flatnonzero(known.any(1) if known.ndim == 2 else known)
    if not len(keep):
        raise UsageError("nothing to train on: every label is withheld")
    return examples if len(keep) == len(examples) else examples.take(keep)


def match_classes(examples: Examples, classes: Sequence[str]) -> Examples:
    """Give examples with the classes of another set: what is learnt from first must name things alike.

    Parameters
    ----------
    examples
        Rows of a class that the other set does not have are left out; of several labels, those that are not
        there are unknown (-1).
    classes
        Names of the other set, in its order.

    Raises
    ------
    UsageError
        Where the two have no class in common.

    Examples
    --------
    >>> rows = Examples(np.array(["a", "b"]), np.array(["s", "s"]), np.array(["d", "d"]), np.array([1, 0]),
    ...                 ("none", "positive"), {})
    >>> same = match_classes(rows, ("negative", "positive"))
    >>> same.ids.tolist(), same.labels.tolist()
    (['a'], [1])
    """
    shared = [name for name in classes if name in examples.classes]
    if not shared:
        raise UsageError(
            f"no class in common: {', '.join(examples.classes)} and {', '.join(classes)}; choose another set"
        )
    if examples.labels.ndim == 2:
        known = [examples.classes.index(name) if name in shared else None for name in classes]
        unknown = np.full(len(examples), UNLABELLED, np.int64)
        columns = [unknown if at is None else examples.labels[:, at] for at in known]
        return replace(examples, labels=np.stack(columns, 1), classes=tuple(classes))
    order = list(classes)
    place = np.array([order.index(n) if n in shared else UNLABELLED for n in examples.classes], np.int64)
    keep = np.flatnonzero((examples.labels != UNLABELLED) & (place[examples.labels] != UNLABELLED))
    kept = examples.take(keep)
    return replace(kept, labels=place[kept.labels], classes=tuple(classes))


@dataclass(frozen=True)
class Objective:
    """Loss of each row, ``(N, C)`` logits and labels to ``(N,)``, under the weights of one training set.

    ``smoothing`` and ``gamma`` are those of the settings; ``several`` says whether labels come together.
    """

    weights: Tensor
    several: bool
    smoothing: float
    gamma: float

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the loss of each row."""
        return self.with_weights(logits, labels, self.weights.to(logits.device))

    def with_weights(self, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Give the loss of each row under other class weights."""
        if self.several:
            return label_loss(logits, labels, weights, gamma=self.gamma)
        return class_loss(logits, labels, weights, smoothing=self.smoothing, gamma=self.gamma)


def make_objective(labels: np.ndarray, classes: int, settings: TrainingSettings) -> Objective:
    """Give the loss that the settings ask for, with class weights from these training labels alone.

    Examples
    --------
    >>> objective = make_objective(np.array([0, 1]), 2, TrainingSettings())
    >>> objective(torch.zeros(1, 2), torch.tensor([1])).shape
    torch.Size([1])
    """
    gamma = settings.focal_gamma if settings.loss == "focal" else 0.0
    several = labels.ndim == 2
    weights = (
        positive_weights(labels, settings.balance)
        if several
        else class_weights(labels, classes, settings.balance)
    )
    return Objective(torch.from_numpy(weights), several, settings.label_smoothing, gamma)


def logits_of(output: Tensor | Mapping[str, Tensor]) -> Tensor:
    """Give the logits of what a network returned: a tensor, or a mapping with ``logits`` among more."""
    return output if isinstance(output, Tensor) else output["logits"]


def predict_logits(module: nn.Module, inputs: tuple[Tensor, ...], batch_size: int = 256) -> np.ndarray:
    """Run a network over rows, in evaluation mode and without gradients.

    Returns
    -------
    np.ndarray
        ``(N, C)`` float32. The module's mode is as before.
    """
    was = module.training
    module.eval()
    device = next((one.device for one in module.parameters()), torch.device("cpu"))
    parts = []
    with torch.no_grad():
        for start in range(0, len(inputs[0]), batch_size):
            batch = tuple(values[start : start + batch_size].to(device) for values in inputs)
            parts.append(logits_of(module(*batch)).float().cpu().numpy())
    module.train(was)
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
