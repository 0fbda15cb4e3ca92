"""What SOFTNet and MEAN share: flow some frames on, a score for each frame, labels made from intervals."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import Curve, InputError, UsageError
from fleeting.models import MapRoad
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.representations import Representation, register_representation
from fleeting.systems.spotting._learning import Exported, rows_free, write_for_use
from fleeting.training import (
    TrainingSettings,
    epoch_batches,
    generator,
    load_arrays,
    make_optimizer,
    save_arrays,
    torch_seed,
)

INPUT = "flowmap42"
BATCH = 256

register_representation(
    INPUT,
    Representation(
        (42, 42, 3), "float32", -2, 2, "u, v, strain from this frame to 0.1 s on, pixels of the crop"
    ),
)


def touching(recording: SpottingRecording, width: int) -> np.ndarray:
    """Give 1 for every frame whose window ``i .. i + width - 1`` touches a coded interval, else 0.

    Parameters
    ----------
    recording
        With intervals.
    width
        Frames.

    Returns
    -------
    numpy.ndarray
        ``(T,)`` float32.

    Examples
    --------
    >>> from fleeting.systems import invented_recordings
    >>> one = invented_recordings([INPUT], 1)[0]  # frames 20..31 and 80..91
    >>> np.flatnonzero(touching(one, 3))[[0, 13, 14]].tolist()
    [18, 31, 78]
    """
    if recording.intervals is None:
        raise UsageError(f"{recording.id}: the intervals are withheld; nothing can be learnt from it")
    labels = np.zeros(len(recording.times), np.float32)
    for one in recording.intervals:
        labels[max(0, one.onset_frame - width + 1) : one.offset_frame + 1] = 1
    return labels


def half_mean_length(recordings: Sequence[SpottingRecording]) -> int:
    """Half the mean length of the coded intervals of the training recordings, in frames, 1 at least."""
    lengths = [i.offset_frame - i.onset_frame + 1 for one in recordings for i in one.intervals or ()]
    if not lengths:
        raise UsageError("nothing to learn from: no recording holds a coded interval")
    return max(1, round(float(np.mean(lengths)) / 2))


class RegressionSpotter:
    """A network that gives each frame a number, taught by least squares.

    Parameters
    ----------
    system, preset, seed, switches
        For the card.
    build
        Makes the network: ``(N, 42, 42, 3)`` to ``(N,)``.
    settings
        Of the training.
    ratio
        Frames outside movements that are kept for each one inside.
    """

    inputs = INPUT

    def __init__(
        self,
        system: str,
        preset: str,
        seed: int,
        switches: Mapping[str, Any],
        build: Callable[[], nn.Module],
        settings: TrainingSettings,
        ratio: float,
    ) -> None:
        self.system, self.preset, self.seed, self.switches = system, preset, seed, dict(switches)
        self.build, self.settings, self.ratio = build, settings, ratio
        self.module: nn.Module | None = None
        self.width = 0

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Train a new network; width of the labels' window and scale come from these recordings alone."""
        frames, labels = self._rows(recordings)
        module = self._built()
        optimizer = make_optimizer(module.parameters(), self.settings)
        module.train()
        with torch.random.fork_rng(devices=[]):
            for epoch in range(self.settings.epochs):
                torch.manual_seed(torch_seed(self.seed, epoch))
                for group in optimizer.param_groups:
                    group["lr"] = self.settings.rate(epoch)
                for batch in epoch_batches(len(labels), self.settings, self.seed, epoch):
                    optimizer.zero_grad()
                    loss = nn.functional.mse_loss(module(frames[batch]), labels[batch])
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
        self.module = module.eval()
        return self

    def gradients(self, recordings: Sequence[SpottingRecording]) -> dict[str, float]:
        """Give the norm of each parameter's gradient after one pass over some rows."""
        frames, labels = self._rows(recordings)
        module = self._built().train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            nn.functional.mse_loss(module(frames), labels).backward()  # type: ignore[no-untyped-call]
        named = module.named_parameters()
        return {name: float(p.grad.norm()) if p.grad is not None else 0.0 for name, p in named}

    @property
    def network(self) -> nn.Module:
        """The trained network; raises UsageError before `fit` or `load`."""
        if self.module is None:
            raise UsageError(f"system {self.system!r} has learnt nothing yet; call fit or load first")
        return self.module

    @property
    def road(self) -> MapRoad:
        """Each frame by itself."""
        return MapRoad(BATCH)

    @property
    def curves(self) -> dict[str, str]:
        """One curve speaks of all that was coded."""
        return {"micro": "curve", "macro": "curve"}

    def outputs(self, recording: SpottingRecording) -> dict[str, np.ndarray]:
        """Give ``curve`` alone."""
        network = self.network

        def asked(maps: np.ndarray) -> list[np.ndarray]:
            with torch.inference_mode():
                return [network(torch.as_tensor(maps)).numpy()]

        return self.road.outputs(recording.inputs[INPUT], recording.times, asked)

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give the score of every frame: near 1 where a movement touches its window, near 0 elsewhere."""
        return Curve(self.outputs(recording)["curve"], recording.times)

    def export(
        self,
        folder: str | PathLike[str],
        *,
        decodings: Sequence[Mapping[str, Any]] | None = None,
        **facts: Any,
    ) -> Path:
        """Write ``model.onnx`` and ``model.json`` for `load_spotter`; `analyze` does not make its maps."""
        example = torch.randn(2, 42, 42, 3, generator=torch.Generator().manual_seed(0))
        made = Exported((42, 42, 3), (example,), ("score",), tuple(rows_free()))
        return write_for_use(self, made, self.network, folder, {"decodings": decodings} | facts)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        arrays = {name: values.numpy() for name, values in self.network.state_dict().items()}
        told = {"system": self.system, "preset": self.preset, "seed": self.seed, "switches": self.switches}
        save_arrays(folder, arrays, told | {"classes": [], "inputs": [INPUT], "width": self.width})

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights of a saved folder."""
        arrays, told = load_arrays(folder)
        if told.get("system") != self.system:
            raise InputError(folder, f"is of system {told.get('system')!r}", f"expected {self.system!r}")
        module = self._built()
        module.load_state_dict({name: torch.as_tensor(np.array(values)) for name, values in arrays.items()})
        self.module, self.width = module.eval(), told["width"]
        return self

    def _built(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return self.build()

    def _rows(self, recordings: Sequence[SpottingRecording]) -> tuple[Tensor, Tensor]:
        """Frames inside movements, and a share of those outside, drawn once."""
        self.width = half_mean_length(recordings)
        labels = np.concatenate([touching(one, self.width) for one in recordings])
        frames = np.concatenate([np.asarray(one.inputs[INPUT], np.float32) for one in recordings])
        inside, outside = np.flatnonzero(labels > 0), np.flatnonzero(labels == 0)
        keep = min(len(outside), round(self.ratio * len(inside)))
        drawn = generator(self.seed, 0, 7).choice(outside, keep, replace=False)
        rows = np.sort(np.concatenate([inside, drawn]))
        return torch.as_tensor(frames[rows]), torch.as_tensor(labels[rows])


class Channels(nn.Module):
    """One stream of convolutions for each of u, v and strain.

    Parameters
    ----------
    filters
        Of the three streams.
    norm
        Whether batch normalisation follows.
    dropout
        After pooling, 0..1.
    strain
        Whether there is the third stream.
    """

    def __init__(self, filters: tuple[int, int, int], *, norm: bool, dropout: float, strain: bool) -> None:
        super().__init__()
        self.strain = strain
        self.scale = nn.BatchNorm2d(3, affine=False, momentum=None)  # one scale: mean of all batches
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(1, count, 5, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(count) if norm else nn.Identity(),
                nn.MaxPool2d(3, 3),
                nn.Dropout(dropout),
            )
            for count in (filters if strain else filters[:2])
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(N, 42, 42, 3)`` into ``(N, sum of filters, 14, 14)``."""
        scaled = self.scale(maps.permute(0, 3, 1, 2))
        return torch.cat([stream(scaled[:, at : at + 1]) for at, stream in enumerate(self.streams)], 1)
