"""The training of networks over sequences, epoch by epoch, and what they say of themselves for export."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import InputError, UsageError
from fleeting.training import (
    TrainingSettings,
    epoch_batches,
    fingerprint,
    generator,
    make_optimizer,
    read_checkpoint,
    torch_seed,
    write_checkpoint,
)


@dataclass(frozen=True)
class Exported:
    """What a file for use holds: rows of the input, examples for each tensor, free axes, and answers.

    ``row`` is the shape of one row of the input; ``free`` gives for each tensor the axes of any size.
    """

    row: tuple[int, ...]
    example: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    free: tuple[Mapping[int, Any], ...]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Make numbers such as JSON has; a score that nothing is below becomes the least number there is.

    Examples
    --------
    >>> plain({"least_score": -np.inf, "lengths_s": (0.1, np.float64(0.2))})
    {'least_score': -1.7976931348623157e+308, 'lengths_s': [0.1, 0.2]}
    """

    def one(value: Any) -> Any:
        if isinstance(value, Mapping):
            return plain(value)
        if isinstance(value, tuple | list):
            return [one(part) for part in value]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and value == -np.inf:
            return -float(np.finfo(float).max)
        return value

    return {name: one(value) for name, value in values.items()}


def write_for_use(
    system: Any, made: Exported, module: nn.Module, folder: str | PathLike[str], facts: Mapping[str, Any]
) -> Path:
    """Write ``model.onnx`` and ``model.json`` of a spotter.

    Parameters
    ----------
    system
        Gives ``system``, ``preset``, ``seed``, ``switches``, ``inputs``, ``road``, ``curves``, and
        ``decoding`` where it was released with one.
    made, module
        What is exported.
    folder
        Made where it is missing.
    facts
        For the card; ``decodings`` among them, ``None`` for the system's own or the default decoder.
    """
    from fleeting.io import validate_folder
    from fleeting.training import export_outputs

    told: dict[str, Any] = {"system": system.system, "task": "spotting", "classes": list(system.curves)}
    told |= {"preset": system.preset, "seed": system.seed, "switches": dict(system.switches)}
    told |= {"inputs": [system.inputs], "row": list(made.row), "road": system.road.told()} | dict(facts)
    given = told["decodings"]
    if given is None:
        own = dict(getattr(system, "decoding", {"method": "fleeting"}))
        method = own.pop("method")
        given = [
            {"kind": kind, "method": method, "parameters": own, "least_score": -np.inf}
            for kind in system.curves
        ]
    told["decodings"] = [plain({"curve": system.curves[one["kind"]], **one}) for one in given]
    target = validate_folder(folder) / "model.onnx"
    return export_outputs(module, made.example, target, told, outputs=made.outputs, free=made.free)


class Training:
    """A training that can go on where it was.

    Parameters
    ----------
    system
        Gives ``settings``, ``seed``, ``one_cycle``, ``loss``, ``run`` and ``augmented``.
    module
        The network, as it begins.
    rows
        Tensors with a row for each example.
    checkpoint
        File to go on from and to write after each epoch; ``None`` for neither.

    Attributes
    ----------
    history
        Loss of each epoch.
    done
        Epochs that the checkpoint holds.

    Raises
    ------
    InputError
        Where the checkpoint is of another training.
    """

    def __init__(
        self,
        system: Any,
        module: nn.Module,
        rows: Mapping[str, Tensor],
        checkpoint: str | PathLike[str] | None = None,
    ) -> None:
        self.system, self.module, self.rows = system, module, rows
        settings: TrainingSettings = system.settings
        self.count = len(rows["x"])
        self.optimizer = make_optimizer(_parameters(module, settings), settings)
        self.history: list[float] = []
        self.done = 0
        self.path = None if checkpoint is None else Path(checkpoint)
        self.name = ""
        each = -(-self.count // settings.batch_size)
        self.cycle = None
        if system.one_cycle:
            self.cycle = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer,
                max_lr=settings.learning_rate,
                total_steps=max(settings.epochs * each, 2),
            )
        if self.path is not None:
            self._resume(each)

    def epoch(self, number: int) -> None:
        """Do an epoch, and write the checkpoint."""
        settings = self.system.settings
        torch.manual_seed(torch_seed(self.system.seed, number))
        if self.cycle is None:
            for group in self.optimizer.param_groups:
                group["lr"] = settings.rate(number)
        self.history.append(self._pass(number))
        if self.path is not None:
            told = {"name": self.name, "history": self.history}
            write_checkpoint(
                self.path, epoch=number + 1, module=self.module, optimizer=self.optimizer, told=told
            )

    def _pass(self, epoch: int) -> float:
        settings, seed = self.system.settings, self.system.seed
        self.module.train()
        total = 0.0
        for number, at in enumerate(epoch_batches(self.count, settings, seed, epoch)):
            batch = {name: values[at] for name, values in self.rows.items()}
            if settings.augment:
                batch = self.system.augmented(batch, generator(seed, epoch, number + 1))
            self.optimizer.zero_grad()
            loss = self.system.loss(self.system.run(self.module, batch), batch)
            loss.backward()
            if settings.clip:
                nn.utils.clip_grad_norm_(self.module.parameters(), settings.clip)
            self.optimizer.step()
            if self.cycle is not None:
                self.cycle.step()
            total += loss.item() * len(at) / self.count
        if not np.isfinite(total):
            raise UsageError(f"the loss is {total} in epoch {epoch + 1}; lower the learning rate or set clip")
        return total

    def _resume(self, each: int) -> None:
        """Take up the checkpoint where there is one."""
        first = [value.detach().numpy() for value in self.module.state_dict().values()]
        told = self.system.settings.as_dict() | {"seed": self.system.seed, "system": self.system.system}
        told |= {"switches": dict(self.system.switches)}
        self.name = fingerprint(told, *(one.numpy() for one in self.rows.values()), *first)
        found = read_checkpoint(self.path, self.module, self.optimizer) if self.path is not None else None
        if found is None:
            return
        self.done, kept, _ = found
        if kept["name"] != self.name:
            raise InputError(self.path, "is of another training", "remove it to train from the start")
        self.history = list(kept["history"])
        if self.cycle is not None:
            with warnings.catch_warnings():  # the steps were taken, by the run that was stopped
                warnings.simplefilter("ignore", UserWarning)
                for _ in range(self.done * each):
                    self.cycle.step()


def _parameters(module: nn.Module, settings: TrainingSettings) -> list[dict[str, Any]]:
    """Leave vectors (biases, norms) out of weight decay."""
    named = [p for p in module.parameters() if p.requires_grad]
    matrices = [p for p in named if p.ndim > 1]
    vectors = [p for p in named if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def rows_free() -> Sequence[Mapping[int, Any]]:
    """One tensor with any number of rows."""
    return ({0: torch.export.Dim("rows", min=1)},)


def stretch_free() -> Mapping[int, Any]:
    """Axis of time of a tensor with one row, of any length."""
    return {1: torch.export.Dim("frames", min=2)}
