"""What the networks over whole sequences share: thinning to a frame rate, a training loop, files."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import Curve, InputError, Interval, UsageError
from fleeting.systems.contract import SpottingRecording
from fleeting.training import (
    TrainingSettings,
    epoch_batches,
    generator,
    load_arrays,
    make_optimizer,
    save_arrays,
    torch_seed,
)

Batch = dict[str, Tensor]
FPS = 30.0


def coded(recording: SpottingRecording, kind: str | None = None) -> list[int]:
    """Give the places of the coded intervals of a kind, or of all.

    Raises
    ------
    UsageError
        Where the intervals are withheld.
    """
    if recording.intervals is None:
        raise UsageError(f"{recording.id}: the intervals are withheld; nothing can be learnt from it")
    return [at for at, one in enumerate(recording.intervals) if kind in (None, one.kind)]


class Thinned:
    """A recording at about a frame rate: every so many frames are kept, none are made up.

    Parameters
    ----------
    recording
        Of any rate.
    input_name
        Of the representation that is thinned; rows are taken as they are.
    fps
        Rate to come near to.

    Attributes
    ----------
    kept
        ``(n,)`` frames that are kept.
    values
        ``(n, C)`` float32, rows flattened.

    Examples
    --------
    >>> from fleeting.systems import invented_recordings
    >>> fast = invented_recordings(["roi10"], 1, frames=400, fps=200.0)[0]
    >>> one = Thinned(fast, "roi10")
    >>> one.step, one.values.shape, one.ends(fast.intervals[0])  # frames 66..77 of 200 a second
    (7, (58, 10), (9, 11))
    """

    def __init__(self, recording: SpottingRecording, input_name: str, fps: float = FPS) -> None:
        frames = len(recording.times)
        rate = 1 / float(np.median(np.diff(recording.times))) if frames > 1 else fps
        self.step = max(1, round(rate / fps))
        self.rate = rate / self.step
        self.frames = frames
        self.kept = np.arange(0, frames, self.step)
        rows = np.asarray(recording.inputs[input_name], np.float32)[self.kept]
        self.values = np.nan_to_num(rows.reshape(len(rows), -1))

    def ends(self, interval: Interval) -> tuple[int, int]:
        """Place an interval among the kept frames, both ends in."""
        return interval.onset_frame // self.step, interval.offset_frame // self.step

    def apex(self, interval: Interval) -> int:
        """Place its apex, the middle where none is coded."""
        middle = (interval.onset_frame + interval.offset_frame) // 2
        return (middle if interval.apex_frame is None else interval.apex_frame) // self.step

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Go from kept frames ``(n, ...)`` to all ``(T, ...)``, by lines between them."""
        if self.step == 1 or not len(values):
            return np.asarray(values, np.float32)
        flat = values.reshape(len(values), -1)
        spread = [np.interp(np.arange(self.frames), self.kept, column) for column in flat.T]
        return np.stack(spread, 1).reshape(self.frames, *values.shape[1:]).astype(np.float32)


class SequenceSpotter:
    """A network over sequences behind the contract of spotters; subclasses say what it learns from.

    They define ``batches`` (recordings to tensors, one row an example), ``loss``, and ``outputs``.

    Parameters
    ----------
    system, preset, seed, switches
        For the card.
    inputs
        Name of the one representation it takes.
    build
        Makes the network.
    settings
        Of the training.
    target
        Which kind of movement `curve` speaks of.
    one_cycle
        Whether the learning rate rises to the one set and falls again within the training (Smith and Topin
        2019), as the released state-space spotters have it, whatever schedule is set.

    Attributes
    ----------
    facts
        What was measured on the training recordings, such as the half width of intervals.
    """

    def __init__(
        self,
        system: str,
        preset: str,
        seed: int,
        switches: Mapping[str, Any],
        inputs: str,
        build: Callable[[], nn.Module],
        settings: TrainingSettings,
        *,
        target: str = "micro",
        one_cycle: bool = False,
    ) -> None:
        self.system, self.preset, self.seed, self.switches = system, preset, seed, dict(switches)
        self.inputs, self.build, self.settings = inputs, build, settings
        self.target, self.one_cycle = target, one_cycle
        self.module: nn.Module | None = None
        self.facts: dict[str, float] = {}
        self.history: list[float] = []

    # -- what a subclass says -----------------------------------------------------------------------------

    def prepare(self, recordings: Sequence[SpottingRecording]) -> None:
        """Measure ``facts`` on the training recordings."""

    def batches(self, recordings: Sequence[SpottingRecording]) -> Batch:
        """Turn recordings into tensors with one row for each example."""
        raise NotImplementedError

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Give the loss of a batch."""
        raise NotImplementedError

    def outputs(self, recording: SpottingRecording) -> dict[str, np.ndarray]:
        """Give all that is said of each frame, ``(T, ...)`` by name; ``curve`` is among them."""
        raise NotImplementedError

    def augmented(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Change a batch while training."""
        return batch

    # -- the contract -------------------------------------------------------------------------------------

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Train a new network."""
        if not len(recordings):
            raise UsageError(f"system {self.system!r}: nothing to learn from, no recording was given")
        self.prepare(recordings)
        rows = self.batches(recordings)
        count = len(rows["x"])
        module = self._built()
        self._start(module, recordings)
        optimizer = make_optimizer(_parameters(module, self.settings), self.settings)
        steps = self.settings.epochs * -(-count // self.settings.batch_size)
        cycle = (
            torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=self.settings.learning_rate, total_steps=max(steps, 2)
            )
            if self.one_cycle
            else None
        )
        self.history = []
        with torch.random.fork_rng(devices=[]):
            for epoch in range(self.settings.epochs):
                torch.manual_seed(torch_seed(self.seed, epoch))
                if cycle is None:
                    for group in optimizer.param_groups:
                        group["lr"] = self.settings.rate(epoch)
                self.history.append(self._epoch(module, rows, optimizer, cycle, epoch))
        self.module = module.eval()
        return self

    def _epoch(
        self, module: nn.Module, rows: Batch, optimizer: torch.optim.Optimizer, cycle: Any, epoch: int
    ) -> float:
        module.train()
        total, count = 0.0, len(rows["x"])
        for number, at in enumerate(epoch_batches(count, self.settings, self.seed, epoch)):
            batch = {name: values[at] for name, values in rows.items()}
            if self.settings.augment:
                batch = self.augmented(batch, generator(self.seed, epoch, number + 1))
            optimizer.zero_grad()
            loss = self.loss(self.run(module, batch), batch)
            loss.backward()  # type: ignore[no-untyped-call]
            if self.settings.clip:
                nn.utils.clip_grad_norm_(module.parameters(), self.settings.clip)
            optimizer.step()
            if cycle is not None:
                cycle.step()
            total += loss.item() * len(at) / count
        if not np.isfinite(total):
            raise UsageError(f"the loss is {total} in epoch {epoch + 1}; lower the learning rate or set clip")
        return total

    def run(self, module: nn.Module, batch: Batch) -> Any:
        """Call the network on a batch."""
        return module(batch["x"])

    def gradients(self, recordings: Sequence[SpottingRecording]) -> dict[str, float]:
        """Give the norm of each parameter's gradient after one pass."""
        self.prepare(recordings)
        rows = self.batches(recordings)
        module = self._built().train()
        self._start(module, recordings)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.loss(self.run(module, rows), rows).backward()  # type: ignore[no-untyped-call]
        named = module.named_parameters()
        return {name: float(p.grad.norm()) if p.grad is not None else 0.0 for name, p in named}

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give how likely a movement of the target kind is, for each frame."""
        return Curve(self.outputs(recording)["curve"], recording.times)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        arrays = {name: values.numpy() for name, values in self.network.state_dict().items()}
        told = {"system": self.system, "preset": self.preset, "seed": self.seed, "switches": self.switches}
        told |= {"classes": [], "inputs": [self.inputs], "facts": self.facts}
        save_arrays(folder, arrays, told | {"training": self.settings.as_dict()})

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights of a saved folder; raises InputError where it is of another system."""
        arrays, told = load_arrays(folder)
        if told.get("system") != self.system:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {self.system!r}")
        module = self._built()
        try:
            module.load_state_dict({name: torch.as_tensor(np.array(v)) for name, v in arrays.items()})
        except RuntimeError as error:
            raise InputError(folder, "has weights of another shape", "create it as its card says") from error
        self.module, self.facts = module.eval(), dict(told["facts"])
        return self

    @property
    def network(self) -> nn.Module:
        """The trained network; raises UsageError before `fit` or `load`."""
        if self.module is None:
            raise UsageError(f"system {self.system!r} has learnt nothing yet; call fit or load first")
        return self.module

    def _start(self, module: nn.Module, recordings: Sequence[SpottingRecording]) -> None:
        """Put into the network what is measured rather than learnt."""

    def _built(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self.seed, -1))
            return self.build()


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
