"""Triple-Stream MicroAttNet: flow from two views in two phases, a stream for each channel (arXiv:2603.26849).

Only the abstract could be read; sizes are our reading. What comes before the network (view separation, one
crop a sequence, apex in both views, flow of both phases) is `fleeting.motion.views`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from fleeting.core import Examples
from fleeting.nn import BatchNorm, SqueezeExcite
from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, load_arrays, swap_sides

CARD = Card(
    name="microattnet",
    title="Triple-Stream MicroAttNet: dual-view optical flow for 4D micro-expression recognition",
    paper="arXiv:2603.26849",
    task="recognition",
    kind="reading of the abstract",
    inputs=("flowviews28",),
    claims=(
        "two views, two phases and three channels of flow: macro-UF1 0.536 on 4DME, first of 4DMR 2025",
        "fusion attention and squeeze-and-excitation are worth up to 3.6 points each",
    ),
    parts={
        "views separated, one crop a sequence, apex by peak motion in both views": "paper (abstract)",
        "head taken out of flow: affine motion, and what is left of it when the face is back": "our choice",
        "streams of u, v, magnitude; SE on magnitude; fusion attention; focal loss; Adam": "paper (abstract)",
        "streams of 32, 64, 128 maps over 4 channels, two views x two phases": "our reading",
        "attention: softmax of w tanh(W h); drop-out 0.4": "our reading",
        "focal exponent 2, weights by inverse frequency": "our reading",
        "paper: early stopping on other subjects of the training part, patience 15, Adam 1e-3": (
            "early stopping: abstract; patience and rate: our reading"
        ),
        "small: a quarter of the maps, 60 epochs, cosine, mirrored, two cameras exchanged": "our choice",
    },
    published=(Published("4DME", "4DMR challenge 2025", "macro-UF1", 0.536, "abstract"),),
    faults=("early stopping must not watch the test subjects; the abstract does not say what it watched",),
    switches={
        "two_views": "both cameras; off takes the left alone",
        "two_phases": "the way back too; off takes onset to apex alone",
        "squeeze": "squeeze-and-excitation on magnitude",
        "fusion_attention": "streams weighed by attention; off takes their mean",
        "skip": "streams joined to what attention gives",
        "focal": "focal loss; off is cross-entropy",
    },
    check={"training": {"epochs": 15, "batch_size": 4, "augment": False, "learning_rate": 3e-3}},
    bibtex="""@article{microattnet2026,
  title = {Dual-view optical flow for 4D micro-expression recognition},
  journal = {arXiv:2603.26849},
  year = {2026}
}""",
)


def stream(channels: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Give convolutions 3 x 3 with batch norm, ReLU and pooling by two."""
    layers: list[nn.Module] = []
    for before, after in zip((channels, *widths), widths, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), BatchNorm(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


class FusionAttention(nn.Module):
    """Mix streams ``(N, S, D)`` by ``softmax_s(w tanh(W h_s))``.

    Examples
    --------
    >>> FusionAttention(8)(torch.rand(2, 3, 8)).shape
    torch.Size([2, 8])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into, self.score = nn.Linear(width, width), nn.Linear(width, 1, bias=False)

    def forward(self, streams: Tensor) -> Tensor:
        """Give ``(N, D)``."""
        return (self.score(torch.tanh(self.into(streams))).softmax(1) * streams).sum(1)


class MicroAttNet(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    widths
        Maps of a stream's three layers.
    two_views, two_phases, squeeze, fusion_attention, skip
        See the card.
    dropout
        Before the classifier.
    """

    def __init__(
        self,
        classes: int,
        *,
        widths: tuple[int, ...] = (32, 64, 128),
        two_views: bool = True,
        two_phases: bool = True,
        squeeze: bool = True,
        fusion_attention: bool = True,
        skip: bool = False,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        self.views, self.phases, self.skip = 1 + two_views, 1 + two_phases, skip
        width = widths[-1]
        self.streams = nn.ModuleList([stream(self.views * self.phases, widths) for _ in range(3)])
        self.squeeze = SqueezeExcite(width) if squeeze else None
        self.fusion = FusionAttention(width) if fusion_attention else None
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width * (4 if skip else 1), classes))

    def forward(self, views: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 2, 2, 28, 28, 3)``: views, phases, u v magnitude last."""
        seen = views[:, : self.views, : self.phases].float().flatten(1, 2)  # (N, 4, H, W, 3)
        features = [layers(seen[..., number]) for number, layers in enumerate(self.streams)]
        if self.squeeze is not None:
            features[2] = self.squeeze(features[2])
        streams = torch.stack([one.mean((2, 3)) for one in features], 1)
        mixed = streams.mean(1) if self.fusion is None else self.fusion(streams)
        return self.head(torch.cat([mixed, streams.flatten(1)], 1) if self.skip else mixed)


class SeveralWhereLabelsAre(TorchRecognizer):
    """Several labels at once (sigmoid) where rows have ``(N, C)`` labels, one (softmax) where ``(N,)``."""

    def prepare(self, examples: Examples) -> Rows:
        """Build the network; see `TorchRecognizer`."""
        self.several = np.ndim(examples.labels) == 2
        return super().prepare(examples)

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take weights, and how labels stood."""
        super().load(folder)
        self.several = bool(load_arrays(folder)[1].get("several"))
        return self


def mirror_views(
    inputs: tuple[Tensor, ...],
    labels: Tensor,
    rng: np.random.Generator,
    classes: Sequence[str],
    *,
    exchange: bool = True,
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Mirror half of the rows: x and u turn round, and the left camera becomes the right one.

    Without ``exchange`` each camera stays where it is: a network of one view must not see the other one.
    """
    (views,) = inputs
    rows = torch.from_numpy(np.flatnonzero(rng.random(len(labels)) < 0.5)).to(labels.device)
    turned = views.clone()
    part = (views[rows].flip(1) if exchange else views[rows]).flip(4)
    part[..., 0] = -part[..., 0]
    turned[rows] = part
    if labels.ndim == 2:
        labels = labels.clone()
        labels[rows] = labels[rows][:, torch.from_numpy(swap_sides(classes)).to(labels.device)]
    return (turned,), labels


SIZES = {"small": (8, 16, 32), "paper": (32, 64, 128)}
PRESETS = {
    "small": TrainingSettings(
        epochs=60, batch_size=32, learning_rate=2e-3, schedule="cosine", balance="inverse", augment=True
    ),
    "paper": TrainingSettings(
        epochs=200,
        batch_size=32,
        learning_rate=1e-3,
        balance="inverse",
        keep="best",
        patience=15,
        augment=True,
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    two_views: bool = True,
    two_phases: bool = True,
    squeeze: bool = True,
    fusion_attention: bool = True,
    skip: bool = False,
    focal: bool = True,
) -> TorchRecognizer:
    """Build MicroAttNet; the rows decide whether several labels hold at once."""
    parts = {
        "two_views": two_views,
        "two_phases": two_phases,
        "squeeze": squeeze,
        "fusion_attention": fusion_attention,
        "skip": skip,
    }
    loss = {"loss": "focal" if focal else "cross_entropy"}
    return SeveralWhereLabelsAre(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: MicroAttNet(classes, widths=SIZES[preset], **parts),
        settings=PRESETS[preset].changed(loss).changed(training),
        preset=preset,
        seed=seed,
        switches={**parts, "focal": focal},
        augment=partial(mirror_views, exchange=two_views),
    )
