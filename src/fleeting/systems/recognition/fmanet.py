"""FMANet: both phases of a movement in two streams, weighed by their magnitude (arXiv:2510.07810).

Only the abstract and a digest of the paper could be read; sizes are our reading. The hand-made descriptor of
the same paper, MM-COF, is `fleeting.motion.mm_cof`, and `mm-cof` the recogniser on it.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import BatchNorm, Residual, magnitude, signed_maps, stretched
from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

_DIGEST = "digest of the paper by others; classes and protocol unknown"
PHASES = ("flowmap28", "flowmap28-return")

CARD = Card(
    name="fmanet",
    title="MM-COF and FMANet: dual-phase, magnitude-modulated optical flow",
    paper="arXiv:2510.07810",
    task="recognition",
    kind="reading of the abstract",
    inputs=PHASES,
    claims=(
        "flow from apex to offset holds what flow from onset to apex leaves out",
        "fusion of phases and modulation by magnitude can be learnt end to end",
        "better than existing methods on MMEW, SMIC, CASME II and SAMM",
    ),
    parts={
        "two streams, one a phase; learnt modulation by magnitude; adaptive fusion": "paper (abstract)",
        "modulation: x (1 + g), g = sigmoid(a (M - b) + 3 x 3 convolution of M), a = 10, b = 0.2 at first": (
            "our reading"
        ),
        "streams of 32, 64, 128 maps; attention by a 1 x 1 convolution; softmax over phases": "our reading",
        "residual stage to 256 maps, drop-out one half": "our reading",
        "u, v less their median, as stretched maps have lost zero; magnitude in 0..1": "our reading",
        "paper: 112 x 112, Adam 1e-4, 100 epochs, batch 32, smoothing 0.1, weights 1 / sqrt n": "our reading",
        "small: 28 x 28, half the maps, Adam 1e-3, cosine, 60 epochs, mirrored": "our choice",
    },
    published=(
        Published("SAMM", "unknown", "accuracy", 0.8456, _DIGEST),
        Published("CASME II", "unknown", "accuracy", 0.8730, _DIGEST),
    ),
    faults=("maps that were stretched per picture have lost their amplitude, which is what magnitude is of",),
    switches={
        "dual_phase": "the phase from apex to offset; off takes flowmap28 alone",
        "modulation": "features weighed by learnt functions of magnitude",
        "attention": "soft attention over places in each stream",
        "shared_stems": "one stem for both phases instead of two",
    },
    check={"training": {"epochs": 15, "batch_size": 4, "learning_rate": 2e-3}},
    bibtex="""@article{fmanet2025,
  title = {{MM-COF} and {FMANet}: Dual-phase, magnitude-modulated optical flow},
  journal = {arXiv:2510.07810},
  year = {2025}
}""",
)


class Modulation(nn.Module):
    """Weigh a stream's input by a learnt function of its magnitude.

    ``x (1 + sigmoid(steepness (M - threshold) + refine(M)))``, with ``M`` stretched to 0..1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(10.0))
        self.threshold = nn.Parameter(torch.tensor(0.2))
        self.refine = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: Tensor, size: Tensor) -> Tensor:
        """Give ``(N, C, H, W)``; ``size`` ``(N, 1, H, W)``."""
        return x * (1 + torch.sigmoid(self.steepness * (size - self.threshold) + self.refine(size)))


def stem(widths: tuple[int, ...]) -> nn.Sequential:
    """Give convolutions 3 x 3 with batch norm, ReLU and pooling by two."""
    layers: list[nn.Module] = []
    for before, after in zip((3, *widths), widths, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), BatchNorm(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


class FMANet(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    widths
        Maps of the three layers of a stem; the residual stage has twice the last.
    size
        Pixels that maps are enlarged to; 28 leaves them.
    phases
        1 or 2: how many maps `forward` takes.
    modulation, attention, shared_stems
        See the card.
    dropout
        Before the classifier.
    """

    def __init__(
        self,
        classes: int,
        *,
        widths: tuple[int, ...] = (32, 64, 128),
        size: int = 112,
        phases: int = 2,
        modulation: bool = True,
        attention: bool = True,
        shared_stems: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        last, self.size = widths[-1], size
        self.modulate = nn.ModuleList([Modulation() for _ in range(phases)]) if modulation else None
        self.stems = nn.ModuleList([stem(widths) for _ in range(1 if shared_stems else phases)])
        self.look = nn.ModuleList([nn.Conv2d(last, 1, 1) for _ in range(phases)]) if attention else None
        if phases > 1:
            self.weigh = nn.Sequential(nn.Linear(phases * last, last), nn.ReLU(), nn.Linear(last, phases))
        self.tail = Residual(last, 2 * last, stride=2)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * last, classes))

    def forward(self, *maps: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 28, 28, 3)`` maps, one for each phase."""
        features = [self.stream(number, one) for number, one in enumerate(maps)]
        fused = features[0]
        if len(features) > 1:
            pooled = torch.cat([one.mean((2, 3)) for one in features], 1)
            shares = self.weigh(pooled).softmax(1)
            fused = sum(s[:, None, None, None] * f for s, f in zip(shares.unbind(1), features, strict=True))
        return self.head(self.tail(fused).mean((2, 3)))

    def stream(self, number: int, maps: Tensor) -> Tensor:
        """Give features ``(N, C, H / 8, W / 8)`` of one phase."""
        flow = signed_maps(maps[..., :2])
        if flow.shape[-1] != self.size:
            flow = F.interpolate(flow, size=(self.size, self.size), mode="bilinear", align_corners=False)
        size = stretched(magnitude(flow))
        x = torch.cat([flow, size], 1)
        if self.modulate is not None:
            x = self.modulate[number](x, size)
        x = self.stems[min(number, len(self.stems) - 1)](x)
        return x if self.look is None else x * torch.sigmoid(self.look[number](x))


SIZES: dict[str, dict[str, Any]] = {
    "small": {"widths": (16, 32, 64), "size": 28},
    "paper": {"widths": (32, 64, 128), "size": 112},
}
PRESETS = {
    "small": TrainingSettings(
        epochs=60,
        batch_size=64,
        learning_rate=1e-3,
        schedule="cosine",
        label_smoothing=0.1,
        balance="sqrt",
        augment=True,
    ),
    "paper": TrainingSettings(
        epochs=100, batch_size=32, learning_rate=1e-4, label_smoothing=0.1, balance="sqrt", augment=True
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    dual_phase: bool = True,
    modulation: bool = True,
    attention: bool = True,
    shared_stems: bool = False,
) -> TorchRecognizer:
    """Build FMANet; with one phase it takes flowmap28 alone, and nothing else changes."""
    inputs = PHASES if dual_phase else PHASES[:1]
    parts: dict[str, Any] = {"modulation": modulation, "attention": attention, "shared_stems": shared_stems}
    return TorchRecognizer(
        system=CARD.name,
        inputs=inputs,
        build=lambda classes, _: FMANet(classes, phases=len(inputs), **SIZES[preset], **parts),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={"dual_phase": dual_phase, **parts},
        augment=mirror_some,
    )
