"""MEDN: motion and emotion apart, each in its branch, and then together (arXiv:2604.17899).

Only the abstract could be read; everything numeric is our reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Examples
from fleeting.nn import Residual, convolution, signed_maps
from fleeting.systems.contract import Card
from fleeting.systems.recognition._mirror import FRAMES, MAPS, MirrorTogether
from fleeting.systems.recognition._sevit import SEVit
from fleeting.systems.registry import register
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, label_loss, positive_weights

RATES = {"several": (0.25, 0.5, 0.75), "one": (0.5,), "none": (0.0,)}
AU_TARGET = "aus12"

CARD = Card(
    name="medn",
    title="MEDN: motion-emotion feature decoupling network",
    paper="arXiv:2604.17899",
    task="recognition",
    kind="reading of the abstract",
    inputs=("flowmap28", "clip16"),
    claims=(
        "the same action units can stand for opposite emotions, so motion alone does not tell",
        "an AU task and an orthogonal loss keep motion and emotion features apart",
        "sparse spatial tokens at several rates make local changes over time stand out",
    ),
    parts={
        "two branches, AU task, orthogonal loss, SEVit with several sparsity rates, CoFM": "paper (abstract)",
        "motion: residual network on u, v, strain; 12 action units": "our reading",
        "SEVit: 49 patches a frame; those that changed most since the frame before stay": "our reading",
        "rates 0.25, 0.5, 0.75; one temporal attention for all rates, mixed by learnt shares": "our reading",
        "class token over the means over time of all places": "our reading",
        "CoFM: cross-attention both ways, then a gate": "our reading",
        "loss: cross-entropy + 0.5 AU + 0.1 mean squared cosine": "our reading",
        "paper: 8 frames of 112 x 112, width 256, depth 4, AdamW 1e-4, cosine, 60 epochs, batch 32": (
            "our reading"
        ),
        "small: 8 frames of 28 x 28, width 32, depth 1": "our choice",
    },
    faults=("SMIC has no action units: there the AU task must be switched off",),
    switches={
        "au_task": "action units as a second task of the motion branch; needs aus12 to train",
        "orthogonal": "the loss on the cosine of motion and emotion features",
        "emotion_branch": "off leaves the motion branch alone, and takes flowmap28 alone",
        "sparsity": "several rates of sparse tokens, one, or all tokens",
        "cofm": "cross-attention and gate; off takes the mean of both features",
        "frames": "frames of the emotion branch: the clip, or u, v and strain of the map as three frames",
    },
    choices={"sparsity": tuple(RATES), "frames": ("clip", "maps")},
    check={
        "training": {"epochs": 10, "batch_size": 4, "augment": False},
        "targets": (AU_TARGET,),
        "paper_rows": 2,
    },
    bibtex="""@article{medn2026,
  title = {{MEDN}: Motion-Emotion Feature Decoupling Network for Micro-Expression Recognition},
  journal = {arXiv:2604.17899},
  year = {2026}
}""",
)


class MotionBranch(nn.Module):
    """A residual network; gives features and its map as tokens.

    Parameters
    ----------
    widths
        Maps of the stages.
    size
        Pixels that maps are enlarged to.
    blocks
        Residual blocks a stage.
    """

    def __init__(self, widths: tuple[int, ...], *, size: int, blocks: int) -> None:
        super().__init__()
        self.size = size
        layers: list[nn.Module] = [convolution(3, widths[0], 3, stride=2)]
        for before, after in zip((widths[0], *widths), widths, strict=False):
            layers += [Residual(before, after, stride=2)]
            layers += [Residual(after, after) for _ in range(blocks - 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Give ``(N, D)`` and ``(N, places, D)`` of ``(N, 28, 28, 3)`` maps."""
        x = signed_maps(maps)
        if x.shape[-1] != self.size:
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        tokens = self.layers(x).flatten(2).transpose(1, 2)
        return tokens.mean(1), tokens


class CoFM(nn.Module):
    """Each feature asks the other branch's tokens; a gate mixes the answers.

    ``width`` is that of features and tokens.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ask = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.answer = nn.ModuleList([nn.Linear(width, 2 * width) for _ in range(2)])
        self.gate = nn.Linear(2 * width, width)

    def forward(self, motion: tuple[Tensor, Tensor], emotion: tuple[Tensor, Tensor]) -> Tensor:
        """Give ``(N, D)`` of feature and tokens of both branches."""
        found = []
        for number, (own, other) in enumerate(((motion, emotion), (emotion, motion))):
            key, value = self.answer[number](other[1]).chunk(2, dim=2)
            scores = (self.ask[number](own[0])[:, None] @ key.transpose(1, 2)) / key.shape[2] ** 0.5
            found.append(own[0] + (scores.softmax(2) @ value)[:, 0])
        gate = torch.sigmoid(self.gate(torch.cat([motion[0], emotion[0]], 1)))
        return gate * found[0] + (1 - gate) * found[1]


class MEDN(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    clip
        Shape of a clip ``(T, H, W)`` or ``(T, H, W, C)``; ``None`` takes u, v and strain as three frames.
    width, heads, depth, widths, blocks, size
        Of SEVit; of the motion branch; pixels of both. The last of ``widths`` is ``width``.
    units
        Action units of the second task, 0 for none.
    emotion_branch, sparsity, cofm
        See the card.
    """

    def __init__(
        self,
        classes: int,
        clip: tuple[int, ...] | None,
        *,
        width: int,
        heads: int,
        depth: int,
        widths: tuple[int, ...],
        blocks: int,
        size: int,
        units: int = 12,
        emotion_branch: bool = True,
        sparsity: str = "several",
        cofm: bool = True,
    ) -> None:
        super().__init__()
        self.motion = MotionBranch((*widths, width), size=size, blocks=blocks)
        self.units = nn.Linear(width, units) if units else None
        self.emotion: SEVit | None = None
        self.fusion: CoFM | None = None
        if emotion_branch:
            frames = 3 if clip is None else min(clip[0], 8)
            channels = 3 if clip is not None and len(clip) == 4 else 1
            self.emotion = SEVit(
                frames, channels, width=width, heads=heads, depth=depth, size=size, rates=RATES[sparsity]
            )
            self.fusion = CoFM(width) if cofm else None
        self.head = nn.Linear(width, classes)

    def forward(self, maps: Tensor, clip: Tensor | None = None) -> dict[str, Tensor]:
        """Give ``logits``, ``motion`` and ``emotion`` features, ``units``: logits of action units."""
        motion = self.motion(maps)
        told = {"motion": motion[0]}
        if self.units is not None:
            told["units"] = self.units(motion[0])
        mixed = motion[0]
        if self.emotion is not None:
            emotion = self.emotion(map_frames(maps) if clip is None else clip_frames(clip))
            told["emotion"] = emotion[0]
            mixed = (motion[0] + emotion[0]) / 2 if self.fusion is None else self.fusion(motion, emotion)
        return {"logits": self.head(mixed), **told}


def map_frames(maps: Tensor) -> Tensor:
    """Take u, v and strain as three grey frames, ``(N, 3, 1, H, W)``."""
    return signed_maps(maps)[:, :, None]


def clip_frames(clip: Tensor) -> Tensor:
    """Give at most 8 frames, even in time, ``(N, T, C, H, W)``, of grey frames or of maps of each moment.

    Examples
    --------
    >>> clip_frames(torch.zeros(2, 16, 28, 28, dtype=torch.uint8)).shape
    torch.Size([2, 8, 1, 28, 28])
    """
    picked = clip[:, :: -(-clip.shape[1] // 8)]
    if picked.ndim == 4:
        return ((picked.float() / 255 - 0.5) / 0.25)[:, :, None]
    if picked.is_floating_point():  # signed flows: one scale a clip, for how much moves when is what counts
        most = picked.abs().amax((1, 2, 3), keepdim=True)
        return (picked / (most + 1e-6)).permute(0, 1, 4, 2, 3).float()
    flat = signed_maps(picked.reshape(-1, *picked.shape[2:]))
    return flat.view(picked.shape[0], picked.shape[1], *flat.shape[1:])


@dataclass
class Losses:
    """Loss of the AU task and of what motion and emotion have in common.

    ``units`` and ``common`` are their weights, ``positive`` ``(K,)`` weighs rows in which a unit acts.
    """

    units: float
    common: float
    positive: Tensor | None = None

    def __call__(self, output: Mapping[str, Tensor], batch: Rows) -> Tensor:
        """Give the sum of both."""
        total = output["logits"].new_zeros(())
        if self.units and self.positive is not None:
            known = batch.targets[AU_TARGET].long()
            loss = label_loss(output["units"], known, self.positive.to(known.device))
            total = total + self.units * loss.mean()
        if self.common and "emotion" in output:
            total = total + self.common * overlap(output["motion"], output["emotion"]).square().mean()
        return total


def overlap(motion: Tensor, emotion: Tensor) -> Tensor:
    """Give the cosine of both features of each row, ``(N,)``."""
    return F.cosine_similarity(motion, emotion, dim=1)


class MEDNRecognizer(TorchRecognizer):
    """Weighs action units by how rare they are among the training rows."""

    def prepare(self, examples: Examples) -> Rows:
        """Build the network; see `TorchRecognizer`."""
        rows = super().prepare(examples)
        if self.targets:
            known = rows.targets[AU_TARGET].numpy().astype(np.int64)
            losses = cast(Losses, self.extra)
            losses.positive = torch.from_numpy(positive_weights(known, "inverse"))
        return rows


SIZES: dict[str, dict[str, Any]] = {
    "small": {"width": 32, "heads": 2, "depth": 1, "widths": (16, 32), "blocks": 1, "size": 28},
    "paper": {"width": 256, "heads": 4, "depth": 4, "widths": (64, 128), "blocks": 2, "size": 112},
}
PRESETS = {
    "small": TrainingSettings(
        epochs=60,
        batch_size=32,
        learning_rate=1e-3,
        optimizer="adamw",
        weight_decay=1e-2,
        schedule="cosine",
        balance="sqrt",
        augment=True,
    ),
    "paper": TrainingSettings(
        epochs=60,
        batch_size=32,
        learning_rate=1e-4,
        optimizer="adamw",
        weight_decay=1e-2,
        schedule="cosine",
        augment=True,
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    au_task: bool = True,
    orthogonal: bool = True,
    emotion_branch: bool = True,
    sparsity: str = "several",
    cofm: bool = True,
    frames: str = "clip",
) -> TorchRecognizer:
    """Build MEDN."""
    takes_clip = emotion_branch and frames == "clip"
    parts: dict[str, Any] = {"emotion_branch": emotion_branch, "sparsity": sparsity, "cofm": cofm}

    def make(classes: int, shapes: tuple[tuple[int, ...], ...]) -> MEDN:
        clip = shapes[1] if takes_clip else None
        return MEDN(classes, clip, units=12 if au_task else 0, **SIZES[preset], **parts)

    losses = Losses(0.5 if au_task else 0.0, 0.1 if orthogonal and emotion_branch else 0.0)
    return MEDNRecognizer(
        system=CARD.name,
        inputs=CARD.inputs if takes_clip else CARD.inputs[:1],
        build=make,
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={"au_task": au_task, "orthogonal": orthogonal, **parts, "frames": frames},
        augment=MirrorTogether(MAPS, FRAMES) if takes_clip else MirrorTogether(MAPS),
        extra=losses if losses.units or losses.common else None,
        targets=(AU_TARGET,) if au_task else (),
    )
