"""Off-ApexNet: a small CNN on horizontal and vertical flow from onset to apex (Gan et al. 2019)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

_TABLE = "table in the HTNet repository"

CARD = Card(
    name="off-apexnet",
    title="OFF-ApexNet on Micro-expression Recognition System",
    paper="arXiv:1805.08699",
    task="recognition",
    kind="re-implementation",
    inputs=("flowmap28",),
    claims=("flow from onset to apex suffices: 74.60 % accuracy on SMIC, CASME II and SAMM together",),
    parts={
        "one stream, 3 x 3 convolutions of 6 and 16 maps, 784-1024-C, drop-out 0.5": "code of MEB",
        "two streams, 5 x 5 convolutions, 1568-1024-1024-C (switch two_streams)": (
            "our reading; its 2,664,475 parameters agree with the 2.66 M that others quote"
        ),
        "paper: Adam 1e-4, 3000 epochs": "code of MEB",
        "values scaled to -1..1": "our reading",
        "small: Adam 1e-3, 60 epochs, mirrored": "our reading",
    },
    published=(
        Published("MEGC2019 composite", "LOSO", "UF1", 0.7196, _TABLE),
        Published("MEGC2019 composite", "LOSO", "UAR", 0.7096, _TABLE),
        Published("MEGC2019 SMIC", "composite LOSO", "UF1", 0.6817, _TABLE),
        Published("MEGC2019 CASME II", "composite LOSO", "UF1", 0.8764, _TABLE),
        Published("MEGC2019 SAMM", "composite LOSO", "UF1", 0.5409, _TABLE),
        Published("MEGC2019 composite", "LOSO, rerun by MEB", "UF1", 0.7032, "figure in the MEB repository"),
    ),
    faults=("with the epoch chosen on the test subject UF1 rises from 0.703 to 0.839 (rerun by MEB)",),
    switches={
        "two_streams": "a stream for u and one for v, as the paper draws it; off is one stream for both",
        "dropout": "drop-out of one half before each dense layer",
        "v": "vertical flow; off gives zeros in its place",
    },
    check={"training": {"epochs": 30}},
    bibtex="""@article{gan2019offapexnet,
  title = {{OFF-ApexNet} on micro-expression recognition system},
  author = {Gan, Y. S. and Liong, Sze-Teng and Yau, Wei-Chuen and Huang, Yen-Chang and Tan, Lit-Ken},
  journal = {Signal Processing: Image Communication},
  volume = {74},
  year = {2019}
}""",
)


def _stream(channels: int, kernel: int) -> nn.Sequential:
    """Two convolutions with pooling, ``(N, channels, 28, 28)`` to ``(N, 16, 7, 7)``."""
    return nn.Sequential(
        nn.Conv2d(channels, 6, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class OffApexNet(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    two_streams
        Layout of the paper's drawing rather than of the code that others run.
    v
        Whether vertical flow is seen.
    dropout
        Share dropped in training.
    """

    def __init__(
        self, classes: int, *, two_streams: bool = False, v: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.v = v
        self.streams = nn.ModuleList([_stream(1, 5), _stream(1, 5)] if two_streams else [_stream(2, 3)])
        width = 784 * len(self.streams)
        dense: list[nn.Module] = [nn.Dropout(dropout), nn.Linear(width, 1024), nn.ReLU()]
        if two_streams:
            dense += [nn.Dropout(dropout), nn.Linear(1024, 1024), nn.ReLU()]
        self.head = nn.Sequential(*dense, nn.Dropout(dropout), nn.Linear(1024, classes))

    def forward(self, maps: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 28, 28, 3)`` maps of u, v, strain; strain is unused."""
        x = maps[..., :2].permute(0, 3, 1, 2).float() / 127.5 - 1  # (N, 2, 28, 28)
        if not self.v:
            x = torch.cat([x[:, :1], torch.zeros_like(x[:, 1:])], 1)
        parts = x.split(1, dim=1) if len(self.streams) == 2 else (x,)
        seen = [stream(part).flatten(1) for stream, part in zip(self.streams, parts, strict=True)]
        return self.head(torch.cat(seen, 1))


PRESETS = {
    "small": TrainingSettings(epochs=60, batch_size=64, learning_rate=1e-3, augment=True),
    "paper": TrainingSettings(epochs=3000, batch_size=256, learning_rate=1e-4),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    two_streams: bool = False,
    dropout: bool = True,
    v: bool = True,
) -> TorchRecognizer:
    """Build Off-ApexNet; both presets have the same sizes and differ in the training alone."""
    return TorchRecognizer(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: OffApexNet(
            classes, two_streams=two_streams, v=v, dropout=0.5 if dropout else 0.0
        ),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={"two_streams": two_streams, "dropout": dropout, "v": v},
        augment=mirror_some,
    )
