"""MPFNet-P and MPFNet-C: a generic and an advanced encoder, side by side or in a row (arXiv:2506.09735).

Only the abstract could be read. Which priors the encoders take, and how training progresses, is our reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Examples
from fleeting.nn import I3D, triplet_loss
from fleeting.systems.contract import Card, Published
from fleeting.systems.recognition._mirror import FRAMES, MirrorTogether
from fleeting.systems.registry import register
from fleeting.training import (
    Objective,
    Rows,
    TorchRecognizer,
    TrainingSettings,
    as_rows,
    labelled,
    torch_seed,
    train_module,
)

STAGES = ("generic", "advanced")
_ABSTRACT = "abstract; which variant and classes is not readable"


def _card(letter: str, way: str) -> Card:
    return Card(
        name=f"mpfnet-{letter}",
        title=f"Multi-prior fusion network, {way}",
        paper="arXiv:2506.09735",
        task="recognition",
        kind="reading of the abstract",
        inputs=("clip16",),
        claims=(
            "two encoders with different priors complement one another",
            "progressive training; accuracies 0.811, 0.924, 0.857 on SMIC, CASME II, SAMM",
        ),
        parts={
            "generic and advanced encoder, both I3D with coordinate attention": "paper (abstract)",
            "parallel (P) and hierarchical (C) use of priors; progressive training": "paper (abstract)",
            "I3D of three inception modules, 64 to 512 maps": "our reading",
            "generic: frames; advanced: how each frame differs from the first": "our reading of the priors",
            "stage 1: triplet loss, margin 0.3, on training rows alone": "our reading",
            "stage 2: advanced encoder, cross-entropy, generic one frozen": "our reading",
            "stage 3: all, encoders at a tenth of the rate; a third of the epochs each": "our reading",
            "P: features joined; C: the generic map before the last module is added to the advanced one": (
                "our reading"
            ),
            "paper: 16 frames of 112, Adam 1e-4, 90 epochs in three stages, batch 16": "our reading",
            "small: 8 frames of 28, an eighth of the maps": "our choice",
        },
        published=(
            Published("SMIC", "unknown", "accuracy", 0.811, _ABSTRACT),
            Published("CASME II", "unknown", "accuracy", 0.924, _ABSTRACT),
            Published("SAMM", "unknown", "accuracy", 0.857, _ABSTRACT),
        ),
        faults=("a generic stage over all expressions of a set would see the person who is left out",),
        switches={
            "generic": "the generic encoder",
            "advanced": "the advanced encoder",
            "coordinate_attention": "coordinate attention after each module",
            "progressive": "three stages; off trains all at once for as many epochs",
        },
        check={
            "training": {"epochs": 15, "batch_size": 8, "learning_rate": 2e-2, "augment": False},
            "paper_rows": 2,
        },
        bibtex="""@article{mpfnet2025,
  title = {{MPFNet}: A Multi-Prior Fusion Network with a Progressive Training Strategy},
  journal = {arXiv:2506.09735},
  year = {2025}
}""",
    )


PARALLEL, CASCADED = _card("p", "parallel"), _card("c", "cascaded")


class MPFNet(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    cascaded
        C rather than P.
    frames, size
        What clips are brought to.
    generic, advanced, attention
        See the card.
    **options
        Of both encoders.
    """

    ENCODERS_RATE = 0.1

    def __init__(
        self,
        classes: int,
        *,
        cascaded: bool,
        frames: int,
        size: int,
        generic: bool = True,
        advanced: bool = True,
        attention: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        self.cascaded, self.frames, self.size = cascaded, frames, size
        self.slow_encoders = False
        self.generic = I3D(1, attention=attention, **options) if generic else None
        self.advanced = I3D(1, attention=attention, **options) if advanced else None
        self.width = int(options["widths"][-1])
        joined = 2 * self.width if generic and advanced and not cascaded else self.width
        hidden = max(self.width // 2, 8)
        self.head = nn.Sequential(
            nn.Linear(joined, hidden), nn.ReLU(), nn.Dropout(0.3), nn.Linear(hidden, classes)
        )

    def forward(self, clip: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, T, H, W)`` grey clips."""
        features, middle = [], None
        if self.generic is not None:
            whole, middle = self.generic(self.prepared(clip))
            features.append(whole)
        if self.advanced is not None:
            part = self.advanced(self.changes(clip), middle if self.cascaded else None)[0]
            features = [part] if self.cascaded else [*features, part]
        return self.head(torch.cat(features, 1))

    def prepared(self, clip: Tensor) -> Tensor:
        """Give frames ``(N, 1, T, H, W)`` of the network's size, each clip less its mean grey."""
        picked = clip[:, :: max(clip.shape[1] // self.frames, 1)].float() / 64
        if picked.shape[-1] != self.size:
            picked = F.interpolate(picked, size=(self.size, self.size), mode="area")
        return (picked - picked.mean((1, 2, 3), keepdim=True))[:, None]

    def changes(self, clip: Tensor) -> Tensor:
        """Give how frames differ from the first, four times as large as in frames."""
        frames = self.prepared(clip)
        return 4 * (frames - frames[:, :, :1])

    def rate_groups(self) -> list[dict[str, Any]]:
        """Give parameters with the share of the rate that they learn at."""
        encoders = [one for part in (self.generic, self.advanced) if part for one in part.parameters()]
        factor = self.ENCODERS_RATE if self.slow_encoders else 1.0
        return [{"params": encoders, "factor": factor}, {"params": list(self.head.parameters())}]


class GenericStage(nn.Module):
    """The generic encoder alone; its features stand where logits do, for the triplet loss."""

    def __init__(self, network: MPFNet) -> None:
        super().__init__()
        self.network = [network]  # in a list: its other parts are not this stage's parameters
        self.encoder = network.generic

    def forward(self, clip: Tensor) -> Tensor:
        """Give features ``(N, D)``."""
        assert self.encoder is not None
        return self.encoder(self.network[0].prepared(clip))[0]


class AdvancedStage(nn.Module):
    """The advanced encoder under a classifier of its own; what it takes of the generic one stands still."""

    def __init__(self, network: MPFNet, classes: int) -> None:
        super().__init__()
        self.network = [network]
        self.encoder, self.head = network.advanced, nn.Linear(network.width, classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Give logits."""
        (network,), middle = self.network, None
        if network.cascaded and network.generic is not None:
            with torch.no_grad():
                middle = network.generic.to(clip.device).eval()(network.prepared(clip))[1]
        assert self.encoder is not None
        return self.head(self.encoder(network.changes(clip), middle)[0])


class MPFNetRecognizer(TorchRecognizer):
    """Trains in stages; each sees the rows that `fit` was given, and no other."""

    progressive: bool = True
    checkpoint: Path | None = None

    def fit(
        self,
        train: Examples,
        validation: Examples | None = None,
        *,
        checkpoint: str | PathLike[str] | None = None,
        progress: Callable[[dict[str, float]], None] | None = None,
    ) -> Self:
        """As `TorchRecognizer.fit`; a stopped training goes on in the stage that it was in.

        The first two stages have files beside the checkpoint, which are removed when all is learnt.
        """
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        super().fit(train, validation, checkpoint=checkpoint, progress=progress)
        for stage in STAGES:
            if (path := self._stage_file(stage)) is not None:
                path.unlink(missing_ok=True)
        return self

    def _stage_file(self, stage: str) -> Path | None:
        return self.checkpoint and self.checkpoint.with_suffix(f".{stage}.safetensors")

    @property
    def stackable(self) -> bool:
        """Stages are trained one by one."""
        return False

    def first_stages(self, rows: Rows, objective: Objective) -> TrainingSettings:
        """Train the generic encoder, then the advanced one, a third of the epochs each."""
        network = self.network()
        settings = self.planned()
        third = settings.epochs // 3
        staged = self.progressive and network.generic is not None and network.advanced is not None
        network.slow_encoders = staged and third > 0
        if not network.slow_encoders:
            return settings
        early = replace(settings, epochs=third, keep="last", patience=0)
        first, second = map(self._stage_file, STAGES)
        usual: dict[str, Any] = {"seed": self.seed, "augment": self.augmentation()}
        train_module(GenericStage(network), rows, early, triplet_loss, checkpoint=first, **usual)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self.seed, -1))
            advanced = AdvancedStage(network, len(self.classes))
        tag = ", ".join(f"{key} {value}" for key, value in sorted(self.switches.items()))
        train_module(
            advanced, rows, early, objective, checkpoint=second, tag=f"{self.system}: {tag}", **usual
        )
        return replace(settings, epochs=settings.epochs - 2 * third)

    def gradients(self, examples: Examples) -> dict[str, float]:
        """As of any network; in C the end of the generic encoder learns in its own stage alone."""
        found = super().gradients(examples)
        network, rows = self.network(), as_rows(labelled(examples), self.inputs)
        if not network.cascaded or network.generic is None:
            return found
        network.zero_grad()
        stage = GenericStage(network)
        triplet_loss(stage.train()(*rows.inputs), rows.labels).mean().backward()
        stage.eval()
        own = {f"generic.{name}": one for name, one in network.generic.named_parameters()}
        return found | {
            name: float(one.grad.abs().max())
            for name, one in own.items()
            if one.grad is not None and not found[name]
        }

    def network(self) -> MPFNet:
        """Give the network of the last `fit`."""
        return cast(MPFNet, self._module())


SIZES: dict[str, dict[str, Any]] = {
    "small": {"frames": 8, "size": 28, "widths": (8, 16, 32, 64), "kernel": 3},
    "paper": {"frames": 16, "size": 112, "widths": (64, 128, 256, 512), "kernel": 7},
}
PRESETS = {
    "small": TrainingSettings(epochs=45, batch_size=16, learning_rate=2e-3, balance="sqrt", augment=True),
    "paper": TrainingSettings(epochs=90, batch_size=16, learning_rate=1e-4, augment=True),
}


def _build(
    card: Card, preset: str, seed: int, training: Any, switches: Mapping[str, bool]
) -> TorchRecognizer:
    network: dict[str, Any] = {
        "cascaded": card is CASCADED,
        "generic": switches["generic"],
        "advanced": switches["advanced"],
        "attention": switches["coordinate_attention"],
    }
    made = MPFNetRecognizer(
        system=card.name,
        inputs=card.inputs,
        build=lambda classes, _: MPFNet(classes, **network, **SIZES[preset]),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches=dict(switches),
        augment=MirrorTogether(FRAMES),
    )
    made.progressive = switches["progressive"]
    return made


@register(PARALLEL)
def build_parallel(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    generic: bool = True,
    advanced: bool = True,
    coordinate_attention: bool = True,
    progressive: bool = True,
) -> TorchRecognizer:
    """Build MPFNet-P."""
    switches = {"generic": generic, "advanced": advanced, "coordinate_attention": coordinate_attention}
    return _build(PARALLEL, preset, seed, training, switches | {"progressive": progressive})


@register(CASCADED)
def build_cascaded(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    generic: bool = True,
    advanced: bool = True,
    coordinate_attention: bool = True,
    progressive: bool = True,
) -> TorchRecognizer:
    """Build MPFNet-C."""
    switches = {"generic": generic, "advanced": advanced, "coordinate_attention": coordinate_attention}
    return _build(CASCADED, preset, seed, training, switches | {"progressive": progressive})
