"""What the networks over whole sequences share: thinning to a frame rate, a training loop, files."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import Curve, InputError, Interval, UsageError
from fleeting.models import Road, Thinning
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.spotting._learning import Exported, Training, write_for_use
from fleeting.training import TrainingSettings, load_arrays, save_arrays, torch_seed

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


class Thinned(Thinning):
    """A recording at about a frame rate, see `fleeting.models.Thinning`, with places among the kept frames.

    Parameters
    ----------
    recording
        Of any rate.
    input_name
        Of the representation that is thinned; rows are taken as they are.
    fps
        Rate to come near to.

    Examples
    --------
    >>> from fleeting.systems import invented_recordings
    >>> fast = invented_recordings(["roi10"], 1, frames=400, fps=200.0)[0]
    >>> one = Thinned(fast, "roi10")
    >>> one.step, one.values.shape, one.ends(fast.intervals[0])  # frames 66..77 of 200 a second
    (7, (58, 10), (9, 11))
    """

    def __init__(self, recording: SpottingRecording, input_name: str, fps: float = FPS) -> None:
        super().__init__(recording.inputs[input_name], recording.times, fps)

    def ends(self, interval: Interval) -> tuple[int, int]:
        """Place an interval among the kept frames, both ends in."""
        return interval.onset_frame // self.step, interval.offset_frame // self.step

    def apex(self, interval: Interval) -> int:
        """Place its apex, the middle where none is coded."""
        middle = (interval.onset_frame + interval.offset_frame) // 2
        return (middle if interval.apex_frame is None else interval.apex_frame) // self.step


class SequenceSpotter:
    """A network over sequences behind the contract of spotters; subclasses say what it learns from.

    They define ``batches`` (recordings to tensors, one row an example), ``loss``, and ``road``.

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

    @property
    def road(self) -> Road:
        """How the rows of a recording are cut for the network and its answers joined; numpy alone."""
        raise NotImplementedError

    def exported(self) -> Exported:
        """Say what goes into the file for use; raises UsageError where the system cannot be exported."""
        raise UsageError(f"system {self.system!r} has no export")

    def augmented(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Change a batch while training."""
        return batch

    # -- the contract -------------------------------------------------------------------------------------

    def fit(
        self,
        recordings: Sequence[SpottingRecording],
        *,
        checkpoint: str | PathLike[str] | None = None,
        progress: Callable[[dict[str, float]], object] | None = None,
    ) -> Self:
        """Train a new network.

        Parameters
        ----------
        recordings
            With intervals.
        checkpoint
            File that is written after each epoch and gone on from where it is there; it is left there.
        progress
            Called after each epoch with ``epoch`` and ``loss``.
        """
        if not len(recordings):
            raise UsageError(f"system {self.system!r}: nothing to learn from, no recording was given")
        self.prepare(recordings)
        rows = self.batches(recordings)
        module = self._built()
        self._start(module, recordings)
        training = Training(self, module, rows, checkpoint)
        self.history = training.history
        with torch.random.fork_rng(devices=[]):
            for epoch in range(training.done, self.settings.epochs):
                training.epoch(epoch)
                if progress is not None:
                    progress({"epoch": epoch + 1, "loss": self.history[-1]})
        self.module = module.eval()
        return self

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

    def outputs(self, recording: SpottingRecording) -> dict[str, np.ndarray]:
        """Give all that is said of each frame, ``(T, ...)`` by name; ``curve`` is among them.

        NaN where the face was not seen.
        """
        return self.road.outputs(recording.inputs[self.inputs], recording.times, self.asked)

    def asked(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Run the trained network on arrays."""
        with torch.inference_mode():
            said = self.exported_module()(*(torch.as_tensor(one) for one in arrays))
        return [one.numpy() for one in (said if isinstance(said, tuple) else (said,))]

    def exported_module(self) -> nn.Module:
        """Give the network as it is asked of a recording; the trained one itself by default."""
        return self.network

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give how likely a movement of the target kind is, for each frame; NaN where there is no face."""
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

    def export(
        self,
        folder: str | PathLike[str],
        *,
        decodings: Sequence[Mapping[str, Any]] | None = None,
        **facts: Any,
    ) -> Path:
        """Write ``model.onnx`` and ``model.json``, for ``fleeting analyze --spotter`` and `load_spotter`.

        Parameters
        ----------
        folder
            Made where it is missing.
        decodings
            For each kind of movement ``kind``, ``method`` and ``parameters`` for `fleeting.decode`, and
            ``least_score``; as the system has them by default.
        **facts
            For the card, such as ``trained_on`` and ``licence``.

        Raises
        ------
        UsageError
            Where the system or its switches cannot be exported.
        """
        told = {"facts": self.facts, "decodings": decodings} | facts
        return write_for_use(self, self.exported(), self.exported_module(), folder, told)

    @property
    def curves(self) -> dict[str, str]:
        """Which output speaks of which kind of movement; ``curve`` of the target by default."""
        return {self.target: "curve"}

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
