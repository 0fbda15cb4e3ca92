"""The training loop: epochs, batches, one optimiser; it resumes, and it never sees a test row."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import UsageError
from fleeting.training.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from fleeting.training.rows import Rows, logits_of
from fleeting.training.settings import TrainingSettings, epoch_batches, generator, torch_seed

Augment = Callable[[Rows, np.random.Generator], Rows]
RowLoss = Callable[[Tensor, Tensor], Tensor]  # logits and labels to a loss for each row
ExtraLoss = Callable[[Mapping[str, Tensor], Rows], Tensor]
Progress = Callable[[dict[str, float]], None]


@dataclass
class TrainingRun:
    """What a training left beside the weights: one entry of ``history`` for each epoch.

    An entry holds ``epoch`` (from 1), ``loss``, ``rate`` and, with a validation part, ``validation_loss``.
    ``chosen`` is the epoch whose weights the network has now.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    chosen: int = 0


def train_module(
    module: nn.Module,
    rows: Rows,
    settings: TrainingSettings,
    objective: RowLoss,
    *,
    seed: int = 0,
    extra: ExtraLoss | None = None,
    augment: Augment | None = None,
    validation: Rows | None = None,
    checkpoint: str | PathLike[str] | None = None,
    tag: str = "",
    progress: Progress | None = None,
) -> TrainingRun:
    """Train a network in place.

    Parameters
    ----------
    module
        Takes ``rows.inputs``, returns ``(N, C)`` logits or a mapping with ``logits`` among more.
    rows
        What is trained on.
    settings
        How.
    objective
        Loss of each row, see `make_objective`.
    seed
        Of order, augmentation and drop-out. The caller's random numbers are left as they were.
    extra
        A further loss from what the network returned and the batch, such as that of an auxiliary task.
    augment
        Changes a batch, see `of_inputs`; used where the settings say so.
    validation
        Rows of other subjects of the training part. Needed to keep the best epoch or to stop early.
    checkpoint
        File that is written after each epoch and gone on from where it is there. It is left where it lies. It
        belongs to these rows, settings, first weights, this seed and tag.
    tag
        What else tells one training from another, such as a switch that changes no weight.
    progress
        Called with each epoch's entry of the history.

    Returns
    -------
    TrainingRun

    Raises
    ------
    UsageError
        Where the best epoch shall be kept and there is no validation part, or the loss is no longer finite.
    InputError
        Where a checkpoint belongs to another training, or cannot be written.
    """
    if validation is None and (settings.keep == "best" or settings.patience):
        raise UsageError(
            "keep='best' and patience need a validation part: other subjects of the training rows"
        )
    fabric = _fabric(settings)
    optimizer = make_optimizer(parameters_of(module), settings)
    rows, validation = rows.to(fabric.device), validation and validation.to(fabric.device)
    name = "" if checkpoint is None else _name_of(settings, seed, tag, rows, module)
    state = _State(module, optimizer, checkpoint, name)
    wrapped, optimizer = fabric.setup(module.to(fabric.device), optimizer)
    state.optimizer = optimizer
    with torch.random.fork_rng(devices=[] if fabric.device.type == "cpu" else None):
        for epoch in range(state.resume(), settings.epochs):
            if settings.patience and state.waited >= settings.patience:
                break
            torch.manual_seed(torch_seed(seed, epoch))
            for group in optimizer.param_groups:
                group["lr"] = settings.rate(epoch) * group.get("factor", 1.0)
            wrapped.train()
            loss = torch.zeros((), device=fabric.device)  # stays on the device: reading it would wait
            for number, at in enumerate(epoch_batches(len(rows), settings, seed, epoch)):
                batch = rows.take(at)
                if augment is not None and settings.augment:
                    batch = augment(batch, generator(seed, epoch, number + 1))
                output = wrapped(*batch.inputs)
                value = objective(logits_of(output), batch.labels).mean()
                if extra is not None:
                    value = value + extra(
                        output if isinstance(output, Mapping) else {"logits": output}, batch
                    )
                optimizer.zero_grad(set_to_none=True)
                fabric.backward(value)
                if settings.clip:
                    nn.utils.clip_grad_norm_(module.parameters(), settings.clip)
                optimizer.step()
                loss += value.detach() * (len(at) / len(rows))
            entry = {"epoch": epoch + 1, "loss": finite(loss.item(), epoch), "rate": settings.rate(epoch)}
            if validation is not None:
                entry["validation_loss"] = validation_loss(
                    wrapped, validation, objective, settings.batch_size
                )
            state.finish_epoch(entry)
            if progress is not None:
                progress(entry)
    return state.end(settings.keep)


def parameters_of(module: nn.Module) -> Any:
    """Give a network's parameters; where it has ``rate_groups``, groups with a ``factor`` of the rate each.

    Examples
    --------
    >>> len(list(parameters_of(nn.Linear(2, 1))))
    2
    """
    groups = getattr(module, "rate_groups", None)
    return module.parameters() if groups is None else groups()


def make_optimizer(parameters: Any, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Give the optimiser that the settings name."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=settings.momentum)
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, lr=rate, weight_decay=decay)


def finite(loss: float, epoch: int) -> float:
    """Give the loss back; raises UsageError where the training has run away.

    Examples
    --------
    >>> finite(float("nan"), 2)
    Traceback (most recent call last):
    ...
    fleeting.core.errors.UsageError: the loss is nan in epoch 3; lower the learning rate or set clip
    """
    if not math.isfinite(loss):
        raise UsageError(f"the loss is {loss} in epoch {epoch + 1}; lower the learning rate or set clip")
    return loss


def validation_loss(module: nn.Module, rows: Rows, objective: RowLoss, batch_size: int) -> float:
    """Mean loss over rows in evaluation mode."""
    module.eval()
    total = 0.0
    with torch.no_grad():
        for at in np.array_split(np.arange(len(rows)), -(-len(rows) // batch_size)):
            batch = rows.take(at)
            total += objective(logits_of(module(*batch.inputs)), batch.labels).sum().item()
    return total / max(len(rows), 1)


class _State:
    """Keeps count of a training: history, the best weights so far, the file it can go on from."""

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        checkpoint: str | PathLike[str] | None,
        name: str,
    ) -> None:
        self.module, self.optimizer = module, optimizer
        self.path = None if checkpoint is None else Path(checkpoint)
        self.name = name
        self.run = TrainingRun()
        self.best: dict[str, Tensor] = {}
        self.lowest, self.waited, self.best_epoch = float("inf"), 0, 0

    def resume(self) -> int:
        """Take up a checkpoint where there is one; give the epochs that are done."""
        found = self.path and read_checkpoint(self.path, self.module, _bare(self.optimizer))
        if not found:
            return 0
        epoch, told, best = found
        if told["name"] != self.name:
            from fleeting.core import InputError

            raise InputError(self.path, "is of another training", "remove it to train from the start")
        self.run.history, self.run.chosen, self.best = told["history"], epoch, best
        for entry in self.run.history:
            self._judge(entry, keep=False)
        return epoch

    def finish_epoch(self, entry: dict[str, float]) -> None:
        """Note an epoch, and write the checkpoint."""
        self.run.history.append(entry)
        self.run.chosen = int(entry["epoch"])
        self._judge(entry, keep=True)
        if self.path is not None:
            told = {"name": self.name, "history": self.run.history}
            write_checkpoint(
                self.path,
                epoch=int(entry["epoch"]),
                module=self.module,
                optimizer=_bare(self.optimizer),
                told=told,
                best=self.best,
            )

    def end(self, keep: str) -> TrainingRun:
        """Leave the network with the weights that were asked for, in evaluation mode."""
        if keep == "best" and self.best:
            self.module.load_state_dict(self.best)
            self.run.chosen = self.best_epoch
        self.module.to("cpu").eval()
        return self.run

    def _judge(self, entry: dict[str, float], *, keep: bool) -> None:
        if "validation_loss" not in entry:
            return
        self.waited += 1
        if entry["validation_loss"] < self.lowest:
            self.lowest, self.waited, self.best_epoch = entry["validation_loss"], 0, int(entry["epoch"])
            if keep:
                self.best = {k: v.detach().clone() for k, v in self.module.state_dict().items()}


def _bare(optimizer: Any) -> torch.optim.Optimizer:
    """Give the optimiser inside Fabric's wrapper."""
    return getattr(optimizer, "optimizer", optimizer)


def _fabric(settings: TrainingSettings) -> Any:
    from lightning_fabric import Fabric

    # Fabric knows the allowed words in types of its own, and says so where one is unknown
    return Fabric(accelerator=settings.device, devices=1, precision=cast(Any, settings.precision))


def _name_of(settings: TrainingSettings, seed: int, tag: str, rows: Rows, module: nn.Module) -> str:
    """Name of a training: more epochs of the same are the same training unless the rate depends on them."""
    told = settings.as_dict() | {"seed": seed, "tag": tag}
    if settings.schedule != "cosine":
        told.pop("epochs")
    first = [value.detach().cpu().numpy() for value in module.state_dict().values()]
    return fingerprint(told, rows.labels.cpu().numpy(), *(one.cpu().numpy() for one in rows.inputs), *first)
