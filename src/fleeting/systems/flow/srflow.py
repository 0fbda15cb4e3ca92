"""SRFlowNet: flow of faces, learnt from splat faces whose flow is known (arXiv:2601.06479).

The paper's network is SKFlow with losses of its own. ``paper`` is that network; ``small`` has its block in a
network made for two cores, and is told what Lucas-Kanade says.
"""

import json
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from fleeting.core import InputError, ShapeError, check_shape
from fleeting.synth import FlowPair
from fleeting.systems.contract import Card, Published
from fleeting.systems.flow._export import export_flow
from fleeting.systems.flow._losses import GRADIENTS, FlowLoss
from fleeting.systems.flow._pairs import as_flow_rows, varied
from fleeting.systems.flow._skflow import SKFlowNet
from fleeting.systems.flow._small import SmallFlowNet
from fleeting.systems.registry import register
from fleeting.training import (
    TrainingRun,
    TrainingSettings,
    load_arrays,
    of_inputs,
    save_arrays,
    torch_seed,
    train_module,
)

CARD = Card(
    name="srflow",
    title="SRFlowNet: facial optical flow guided by splatting rasterisation",
    paper="arXiv:2601.06479",
    task="flow",
    kind="reading of the abstract",
    inputs=("synth-flow",),
    claims=(
        "learning from splat faces lowers the end-point error of facial flow by up to 42 % (.5081 to .2953)",
        "losses of masks and of gradients by difference or Sobel suppress noise and large errors on skin",
        "F1 on a composite of three micro-expression sets rises from .4733 to .6947",
    ),
    parts={
        "splat faces with exact flow": "abstract; ours are drawn people, not captured ones",
        "paper: SKFlow with 12 rounds": "third-party summary; layers from the released code, grey pictures",
        "mask, gradient and variation losses": "abstract; the sum and its weights are our reading",
        "small: three looks at 1/4, 1/4 and 1/2, leaky ReLU": "our choice; the block is SKFlow's",
        "small: answers of Lucas-Kanade in two windows are inputs": "our choice",
        "pairs weighted by one over the root of their motion": "our choice",
        "zoom, light, noise, JPEG, moved textures": "our choice",
        "AdamW, cosine": "our choice; the paper's settings are unknown",
    },
    published=(
        Published("SRFlow test", "after training on SRFlow", "end-point error", 0.2953, "abstract"),
        Published("SRFlow test", "before", "end-point error", 0.5081, "abstract"),
        Published("composite of three sets", "not told", "F1", 0.6947, "abstract"),
    ),
    switches={
        "mask_loss": "the face counts in full and the still background by a tenth; off, all pixels alike",
        "gradient": "loss on gradients of the flow: by difference, by Sobel, or none",
        "lucas_kanade": "small alone: answers of Lucas-Kanade as inputs and shares of the step",
    },
    choices={"gradient": GRADIENTS},
    bibtex="""@article{srflow2026,
  title = {{SRFlow}: facial optical flow by splatting rasterization},
  journal = {arXiv:2601.06479},
  year = {2026}
}""",
)
SMALL = TrainingSettings(
    epochs=12, batch_size=8, learning_rate=1.5e-3, optimizer="adamw", weight_decay=1e-4, schedule="cosine",
    clip=1.0, augment=True,
)  # fmt: skip
PAPER = SMALL.changed({"batch_size": 6, "learning_rate": 1.25e-4})


class SRFlow:
    """A network of flow that learns from pairs of pictures.

    Parameters
    ----------
    preset
        ``small`` or ``paper``.
    seed
        Of weights and training.
    settings
        Of the training.
    switches
        As the card names them.

    Attributes
    ----------
    module
        Takes two ``(N, H, W)``, gives ``(N, K, 2, H, W)``: an answer for each look, the last the best.
    """

    def __init__(self, preset: str, seed: int, settings: TrainingSettings, switches: dict[str, Any]) -> None:
        self.preset, self.seed, self.settings, self.switches = preset, seed, settings, switches
        self.loss = FlowLoss(mask=switches["mask_loss"], gradient=switches["gradient"] or "none")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, -1))
            self.module: nn.Module = (
                SmallFlowNet(lucas_kanade=switches["lucas_kanade"]) if preset == "small" else SKFlowNet()
            )

    def fit(
        self,
        pairs: Iterable[FlowPair],
        validation: Iterable[FlowPair] | None = None,
        *,
        checkpoint: str | PathLike[str] | None = None,
        progress: Callable[[dict[str, float]], None] | None = None,
    ) -> TrainingRun:
        """Learn from pairs of one size; a training that was stopped goes on from its checkpoint."""
        rows = as_flow_rows(pairs)
        held = None if validation is None else as_flow_rows(validation)
        # depth-wise kernels take half the time so
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        tag = json.dumps(self.switches, sort_keys=True)
        return train_module(
            self.module, rows, self.settings, self.loss, seed=self.seed, augment=of_inputs(varied),
            validation=held, checkpoint=checkpoint, tag=tag, progress=progress,
        )  # fmt: skip

    def flow(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Measure flow between two grey pictures.

        Parameters
        ----------
        first, second
            ``(H, W)`` uint8, the same size.

        Returns
        -------
        numpy.ndarray
            ``(H, W, 2)`` float32 pixels, x right, y down.

        Raises
        ------
        ShapeError
            Where sizes or types differ.
        """
        high, wide = check_shape(first, ("H", "W"), "first").values()
        check_shape(second, (high, wide), "second")
        if first.dtype != np.uint8 or second.dtype != np.uint8:
            raise ShapeError(f"expected uint8 grey pictures, got {first.dtype} and {second.dtype}")
        multiple = int(self.module.multiple)  # type: ignore[arg-type]
        beyond = [(0, -side % multiple) for side in (high, wide)]
        given = [torch.from_numpy(np.pad(one, beyond, "edge"))[None] for one in (first, second)]
        with torch.no_grad():
            found = self.module.eval()(*given)[0, -1].permute(1, 2, 0).numpy()
        return np.ascontiguousarray(found[:high, :wide])

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        told = {"system": CARD.name, "preset": self.preset, "seed": self.seed, "switches": self.switches}
        told |= {"classes": [], "inputs": list(CARD.inputs), "training": self.settings.as_dict()}
        state = {name: values.detach().cpu().numpy() for name, values in self.module.state_dict().items()}
        save_arrays(folder, state, told)

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights that `save` wrote; raises InputError where they are of another network."""
        arrays, _ = load_arrays(folder)
        try:
            self.module.load_state_dict({name: torch.from_numpy(one) for name, one in arrays.items()})
        except RuntimeError as error:
            raise InputError(folder, "does not fit this network", "train it again") from error
        return self

    def export(self, folder: str | PathLike[str], **facts: Any) -> Path:
        """Write ``model.onnx`` and ``model.json``, which `fleeting.motion.FlowNetwork` runs without torch."""
        return export_flow(self.module, Path(folder), {"system": CARD.name, "preset": self.preset, **facts})


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Any = None,
    mask_loss: bool = True,
    gradient: str = "difference",
    lucas_kanade: bool = True,
) -> SRFlow:
    """Build a network that has learnt nothing yet."""
    settings = (SMALL if preset == "small" else PAPER).changed(training)
    switches = {"mask_loss": mask_loss, "gradient": gradient or "none", "lucas_kanade": lucas_kanade}
    return SRFlow(preset, seed, settings, switches)
