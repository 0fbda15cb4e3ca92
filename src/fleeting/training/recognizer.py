"""A network as a recogniser: builds, trains, predicts, is saved and loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import nn

from fleeting.core import Examples, UsageError
from fleeting.training.loop import Augment, ExtraLoss, Progress, TrainingRun, train_module
from fleeting.training.rows import (
    Objective,
    Rows,
    as_rows,
    labelled,
    logits_of,
    make_objective,
    of_inputs,
    predict_logits,
)
from fleeting.training.settings import TrainingSettings, torch_seed
from fleeting.training.store import load_arrays, save_arrays

Build = Callable[[int, tuple[tuple[int, ...], ...]], nn.Module]
"""Number of outputs and the shape of a row of each input, to a network."""

START_RATE = 0.3
"""Share of the learning rate of a training that goes on from weights learnt on other data: our choice, by
networks of flow maps on made clips."""


@runtime_checkable
class ChangesRows(Protocol):
    """An augmentation that changes targets with the inputs: a flow to learn moves as its frames do."""

    def change_rows(self, rows: Rows, rng: np.random.Generator, classes: Sequence[str]) -> Rows:
        """Give changed rows, in new tensors."""
        ...


@dataclass
class TorchRecognizer:
    """A recogniser or a detector of several labels, around a network.

    Parameters
    ----------
    system, preset, seed, switches
        As given to ``systems.create``: they go into the card.
    inputs
        Names of the representations that the network takes, in order, as they are (uint8 stays uint8:
        scaling is the network's own first step, so that an exported file holds it too).
    build
        Makes the network, from the number of outputs and the shapes of the inputs. Called with the random
        numbers of ``seed``.
    settings
        Of the training.
    several
        Whether several labels can hold at once: sigmoid rather than softmax.
    augment
        Called with inputs, labels, random numbers and the names of the classes; or one that has
        `ChangesRows.change_rows`, which sees targets, too.
    extra
        A further loss; ``targets`` names the representations that it reads from ``batch.targets``.

    Notes
    -----
    After `fit`: ``classes``, ``module`` (in evaluation mode, on the CPU), ``run``.
    """

    system: str
    inputs: tuple[str, ...]
    build: Build
    settings: TrainingSettings
    preset: str = "small"
    seed: int = 0
    switches: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False
    augment: Callable[..., Any] | ChangesRows | None = None
    extra: ExtraLoss | None = None
    targets: tuple[str, ...] = ()

    classes: tuple[str, ...] = field(default=(), init=False)
    module: nn.Module | None = field(default=None, init=False)
    run: TrainingRun = field(default_factory=TrainingRun, init=False)
    start: dict[str, np.ndarray] = field(default_factory=dict, init=False)
    shapes: tuple[tuple[int, ...], ...] = field(default=(), init=False)
    dtypes: tuple[str, ...] = field(default=(), init=False)

    @property
    def stackable(self) -> bool:
        """Whether many of it can be trained at once, see `fit_many`."""
        return self.extra is None and self.settings.keep == "last" and not self.settings.patience

    def fit(
        self,
        train: Examples,
        validation: Examples | None = None,
        *,
        checkpoint: str | PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Train a new network, from the pre-trained weights where there are some.

        Parameters
        ----------
        train
            Rows whose label is withheld are left out.
        validation
            Other subjects of the training part.
        checkpoint, progress
            As in `train_module`.
        """
        known = labelled(train)
        rows = self.prepare(known)
        held = (
            None
            if validation is None or not len(validation)
            else as_rows(labelled(validation), self.inputs, self.targets)
        )
        objective = make_objective(np.asarray(known.labels), len(self.classes), self.settings)
        self.run = train_module(
            self._module(),
            rows,
            self.first_stages(rows, objective),
            objective,
            seed=self.seed,
            extra=self.extra,
            augment=self.augmentation(),
            validation=held,
            checkpoint=checkpoint,
            tag=f"{self.system} {sorted(self.switches.items())}",
            progress=progress,
        )
        return self

    def prepare(self, examples: Examples) -> Rows:
        """Build the network for these examples, and give them as tensors."""
        rows = as_rows(examples, self.inputs, self.targets)
        if (rows.labels.ndim == 2) != self.several:
            raise UsageError(
                f"system {self.system!r}: expected {'(N, C)' if self.several else '(N,)'} labels,"
                f" got {tuple(rows.labels.shape)}"
            )
        self.classes = tuple(examples.classes)
        self.shapes = tuple(tuple(values.shape[1:]) for values in rows.inputs)
        self.dtypes = tuple(str(examples.inputs[name].dtype) for name in self.inputs)
        self.module = self._built()
        _start_from(self.module, self.start)
        return rows

    def first_stages(self, rows: Rows, objective: Objective) -> TrainingSettings:
        """Train what a system trains before the whole, on the same rows; give the settings of what is left.

        Most systems train once, and leave this as it is.
        """
        del rows, objective
        return self.planned()

    def planned(self) -> TrainingSettings:
        """Give the settings of the next training: a lower rate, `START_RATE`, where it starts from weights.

        At the whole rate a training of some hundred steps leaves little of what was learnt first.
        """
        share = START_RATE if self.start else 1.0
        return self.settings.changed({"learning_rate": share * self.settings.learning_rate})

    def augmentation(self) -> Augment | None:
        """Give the augmentation bound to the names of the classes."""
        if self.augment is None:
            return None
        change, classes = self.augment, self.classes
        if isinstance(change, ChangesRows):
            return lambda rows, rng: change.change_rows(rows, rng, classes)
        return of_inputs(lambda inputs, labels, rng: change(inputs, labels, rng, classes))

    def pretrain(
        self,
        examples: Examples,
        *,
        checkpoint: str | PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Train on other data; the next `fit` starts from the weights, but for those of another shape."""
        self.start = {}
        self.fit(examples, checkpoint=checkpoint, progress=progress)
        return self.start_from(self)

    def start_from(self, other: "TorchRecognizer") -> Self:
        """Let the next `fit` start from the weights of another recogniser of the same kind."""
        self.start = _arrays(other._module())
        return self

    def predict(self, samples: Examples) -> np.ndarray:
        """Give ``(N, C)`` float32 in 0..1; raises UsageError before `fit` or `load`."""
        module = self._module()
        if not len(samples):
            return np.zeros((0, len(self.classes)), np.float32)
        logits = torch.from_numpy(predict_logits(module, as_rows(samples, self.inputs).inputs))
        return (torch.sigmoid(logits) if self.several else torch.softmax(logits, 1)).numpy()

    def gradients(self, examples: Examples) -> dict[str, float]:
        """Give the greatest absolute gradient of each parameter on these rows: 0 is a dead part."""
        known = labelled(examples)
        rows = self.prepare(known)
        module, objective = self._module(), make_objective(known.labels, len(self.classes), self.settings)
        module.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self.seed, 0))
            output = module(*rows.inputs)
        loss = objective(logits_of(output), rows.labels).mean()
        if self.extra is not None:
            loss = loss + self.extra(output if isinstance(output, Mapping) else {"logits": output}, rows)
        loss.backward()
        module.eval()
        found = module.named_parameters()
        return {k: 0.0 if p.grad is None else float(p.grad.abs().max()) for k, p in found if p.requires_grad}

    def parameters(self) -> int:
        """Count what is learnt."""
        return sum(one.numel() for one in self._module().parameters() if one.requires_grad)

    def describe(self) -> dict[str, Any]:
        """Give what the card in a saved folder says."""
        return {
            "system": self.system,
            "preset": self.preset,
            "seed": self.seed,
            "switches": dict(self.switches),
            "classes": list(self.classes),
            "several": self.several,
            "inputs": list(self.inputs),
            "shapes": [list(shape) for shape in self.shapes],
            "dtypes": list(self.dtypes),
            "training": self.settings.as_dict(),
            "chosen_epoch": self.run.chosen,
        }

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        save_arrays(folder, _arrays(self._module()), self.describe())

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights, classes and shapes of a saved folder.

        Raises
        ------
        InputError
            Where the files are damaged or of another system.
        """
        from fleeting.core import InputError

        arrays, told = load_arrays(folder)
        if told.get("system") != self.system:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {self.system!r}")
        self.classes = tuple(told["classes"])
        self.shapes = tuple(tuple(shape) for shape in told["shapes"])
        self.dtypes = tuple(told["dtypes"])
        self.module = self._built().eval()
        try:
            self.module.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
        except RuntimeError as error:
            raise InputError(folder, "has weights of another shape", "create it as its card says") from error
        return self

    def export(self, folder: str | PathLike[str], **facts: Any) -> Path:
        """Write ``model.onnx`` and ``model.json`` for use without torch; see `export_onnx`.

        Parameters
        ----------
        folder
            Made where it is missing.
        **facts
            For the card, such as ``trained_on`` and ``licence``.
        """
        from fleeting.io import validate_folder
        from fleeting.training.export import MODEL_FILE, export_onnx

        told = self.describe() | {"task": "au" if self.several else "recognition"} | facts
        path = validate_folder(folder) / MODEL_FILE
        return export_onnx(self._module(), self._example(), path, told, several=self.several)

    def _example(self) -> tuple[torch.Tensor, ...]:
        """Two rows of noise of each input, of its shape and type."""
        rng = np.random.default_rng(0)
        kinds = [np.dtype(one) for one in self.dtypes]
        noise = [rng.normal(size=(2, *shape)) for shape in self.shapes]
        return tuple(
            torch.from_numpy((128 + 40 * one).astype(kind) if kind == np.uint8 else one.astype(kind))
            for one, kind in zip(noise, kinds, strict=True)
        )

    def _built(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self.seed, -1))
            return self.build(len(self.classes), self.shapes)

    def _module(self) -> nn.Module:
        if self.module is None:
            raise UsageError(f"system {self.system!r} has learnt nothing yet; call fit or load first")
        return self.module


def _arrays(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()}


def _start_from(module: nn.Module, arrays: Mapping[str, np.ndarray]) -> Sequence[str]:
    """Put in the weights that fit by name and shape (a head for other classes does not); name those put."""
    own = module.state_dict()
    fitting = {
        name: torch.from_numpy(values)
        for name, values in arrays.items()
        if name in own and tuple(own[name].shape) == values.shape
    }
    module.load_state_dict(own | fitting)
    return sorted(fitting)
