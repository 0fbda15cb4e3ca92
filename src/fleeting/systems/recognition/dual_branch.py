"""Two branches, residual and inception, with attention side by side and adaptive fusion (arXiv:2602.23950).

Only the abstract and a digest of the paper could be read; sizes are our reading.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import CBAM, Inception, Residual, convolution, signed_maps
from fleeting.systems.contract import Card, Published
from fleeting.systems.recognition._mirror import FRAMES, MirrorTogether
from fleeting.systems.registry import register
from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

SOURCES = {"flow": ("flowmap28",), "difference": ("keyframes",)}
BRANCHES = {"both": ("residual", "inception"), "residual": ("residual",), "inception": ("inception",)}

CARD = Card(
    name="dual-branch",
    title="Dual-branch residual and Inception network with parallel attention",
    paper="arXiv:2602.23950",
    task="recognition",
    kind="reading of the abstract",
    inputs=("flowmap28",),
    claims=(
        "a residual network against vanishing gradients, an Inception network against irrelevant regions",
        "adaptive fusion of both; 74.67 % accuracy on CASME II, 11.26 points above LBP-TOP, 3.36 above MSMMT",
    ),
    parts={
        "a residual and an Inception branch, parallel attention, adaptive fusion": "paper (abstract)",
        "ResNet12 and Inception v3, CBAM in each branch, attention-based fusion": "digest of the paper",
        "four stages of three convolutions, 64 to 512 maps, leaky ReLU 0.1, pooling": "our reading",
        "stem of 32 maps, three modules of 128, 256, 512 maps, pooling between": "our reading",
        "channel and spatial attention side by side, added": "our reading of 'parallel'",
        "fusion: softmax over the branches for each channel": "our reading",
        "flow maps as input": "our reading: the abstract speaks of optical flow",
        "or apex less onset, in parts of 32 grey levels": (
            "our reading: a digest speaks of onset and apex frames; how they are taken is not told"
        ),
        "paper: 112 x 112, Adam 1e-3, halved every 20 epochs, 100 epochs, batch 32": (
            "Adam with step decay: digest; the rest our reading"
        ),
        "small: 28 x 28, an eighth of the maps, cosine, 60 epochs, mirrored": "our choice",
    },
    published=(Published("CASME II", "classes and split not readable", "accuracy", 0.7467, "abstract"),),
    faults=("accuracy alone is published; on five classes the largest of CASME II makes up 40 %",),
    switches={
        "source": "flow maps, or the difference of the apex and the onset frame",
        "branches": "both branches, or one alone",
        "attention": "CBAM with its two parts side by side, one after the other, or none",
        "adaptive_fusion": "learnt shares of the branches for each channel; off takes their mean",
    },
    choices={
        "source": tuple(SOURCES),
        "branches": tuple(BRANCHES),
        "attention": ("parallel", "series", "none"),
    },
    check={"training": {"epochs": 14, "batch_size": 4}, "targets": ("keyframes",), "paper_rows": 2},
    bibtex="""@article{dualbranch2026,
  title = {Dual-branch micro-expression feature extraction network integrated with parallel attention},
  journal = {arXiv:2602.23950},
  year = {2026}
}""",
)


class AdaptiveFusion(nn.Module):
    """Mix features of several branches: for each channel a softmax over branches, from all of them.

    Parameters
    ----------
    width, branches
        Of the features ``(N, branches, width)``.
    reduction
        How much narrower the hidden layer is.

    Examples
    --------
    >>> AdaptiveFusion(16, 2)(torch.rand(3, 2, 16)).shape
    torch.Size([3, 16])
    """

    def __init__(self, width: int, branches: int, *, reduction: int = 16) -> None:
        super().__init__()
        whole = width * branches
        hidden = max(whole // reduction, 8)
        self.weigh = nn.Sequential(nn.Linear(whole, hidden), nn.ReLU(), nn.Linear(hidden, whole))

    def forward(self, features: Tensor) -> Tensor:
        """Give ``(N, width)``."""
        shares = self.weigh(features.flatten(1)).view_as(features).softmax(1)
        return (shares * features).sum(1)


class DualBranch(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    width
        Maps of the first residual stage; the last has eight times as many, as has the last module.
    stem
        Maps of the Inception branch's first convolution.
    size
        Pixels that maps are enlarged to.
    source, branches, attention, adaptive_fusion
        See the card.
    dropout
        Before the classifier.
    """

    def __init__(
        self,
        classes: int,
        *,
        source: str = "flow",
        width: int = 64,
        stem: int = 32,
        size: int = 112,
        branches: str = "both",
        attention: str = "parallel",
        adaptive_fusion: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.size, self.source = size, source
        made = {"residual": residual_branch, "inception": inception_branch}
        self.branches = nn.ModuleDict()
        for name in BRANCHES[branches]:
            layers: list[nn.Module] = [made[name](3 if source == "flow" else 1, width, stem)]
            layers += [] if attention == "none" else [CBAM(8 * width, parallel=attention == "parallel")]
            self.branches[name] = nn.Sequential(*layers)
        two = len(self.branches) == 2
        self.fusion = AdaptiveFusion(8 * width, 2) if two and adaptive_fusion else None
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(8 * width, classes))

    def forward(self, seen: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 28, 28, 3)`` maps of u, v, strain.

        With ``source="difference"`` of ``(N, 3, H, W)`` grey onset, apex and offset frames.
        """
        x = signed_maps(seen) if self.source == "flow" else frame_difference(seen)
        if x.shape[-1] != self.size:
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        features = torch.stack([branch(x).mean((2, 3)) for branch in self.branches.values()], 1)
        return self.head(features.mean(1) if self.fusion is None else self.fusion(features))


def frame_difference(frames: Tensor) -> Tensor:
    """Give apex less onset ``(N, 1, H, W)`` of ``(N, 3, H, W)`` key frames, in parts of 32 grey levels.

    Examples
    --------
    >>> frame_difference(torch.tensor([10, 42, 90], dtype=torch.uint8).view(1, 3, 1, 1)).item()
    1.0
    """
    return (frames[:, 1:2].float() - frames[:, :1].float()) / 32


def residual_branch(channels: int, width: int, stem: int) -> nn.Sequential:
    """Give four residual stages of three convolutions, each pooled by two; ``stem`` is unused."""
    del stem
    layers: list[nn.Module] = []
    for before, after in (
        (channels, width),
        (width, 2 * width),
        (2 * width, 4 * width),
        (4 * width, 8 * width),
    ):
        layers += [Residual(before, after, depth=3, slope=0.1), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


def inception_branch(channels: int, width: int, stem: int) -> nn.Sequential:
    """Give a strided convolution and three inception modules, pooled by two between."""
    return nn.Sequential(
        convolution(channels, stem, 3, stride=2),
        Inception(stem, 2 * width),
        nn.MaxPool2d(2),
        Inception(2 * width, 4 * width),
        nn.MaxPool2d(2),
        Inception(4 * width, 8 * width),
    )


SIZES: dict[str, dict[str, Any]] = {
    "small": {"width": 8, "stem": 8, "size": 28},
    "paper": {"width": 64, "stem": 32, "size": 112},
}
PRESETS = {
    "small": TrainingSettings(
        epochs=60, batch_size=64, learning_rate=1e-3, schedule="cosine", balance="sqrt", augment=True
    ),
    "paper": TrainingSettings(
        epochs=100, batch_size=32, learning_rate=1e-3, schedule="step", step_epochs=20, augment=True
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    source: str = "flow",
    branches: str = "both",
    attention: str = "parallel",
    adaptive_fusion: bool = True,
) -> TorchRecognizer:
    """Build the network of two branches."""
    parts: dict[str, Any] = {
        "source": source,
        "branches": branches,
        "attention": attention,
        "adaptive_fusion": adaptive_fusion,
    }
    return TorchRecognizer(
        system=CARD.name,
        inputs=SOURCES[source],
        build=lambda classes, _: DualBranch(classes, **SIZES[preset], **parts),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches=parts,
        augment=mirror_some if source == "flow" else MirrorTogether(FRAMES),
    )
