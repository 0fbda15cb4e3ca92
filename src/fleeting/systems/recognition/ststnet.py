"""STSTNet: three shallow streams over u, v and strain, 1,683 parameters (Liong et al., FG 2019)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import ShapeError
from fleeting.nn import BatchNorm
from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.training import TorchRecognizer, TrainingSettings, mirror_some

CARD = Card(
    name="ststnet",
    title="Shallow Triple Stream Three-dimensional CNN for Micro-expression Recognition",
    paper="arXiv:1902.03634",
    task="recognition",
    kind="re-implementation",
    inputs=("flowmap28",),
    claims=(
        "three shallow streams over optical flow and strain, onset to apex, suffice",
        "UAR 76.05 %, 70.13 %, 86.86 %, 68.10 % on the composite, SMIC, CASME II and SAMM",
    ),
    parts={
        "three convolutions of 3, 5 and 8 maps": "official code",
        "order convolution, ReLU, batch norm, pooling, drop-out": "official code",
        "raw values 0..255, channels strain, v, u": "official code",
        "paper: Adam 5e-5, 800 epochs, batch 256, no shuffling, last epoch": "official code",
        "small: Adam 1e-3, 60 epochs, shuffled, mirrored": "our reading",
    },
    published=(
        Published("MEGC2019 composite", "LOSO", "UF1", 0.7353, "official log"),
        Published("MEGC2019 composite", "LOSO", "UAR", 0.7186, "recomputed from the official log"),
        Published("MEGC2019 SMIC", "composite LOSO", "UF1", 0.6801, "official log"),
        Published("MEGC2019 CASME II", "composite LOSO", "UF1", 0.8382, "official log"),
        Published("MEGC2019 SAMM", "composite LOSO", "UF1", 0.6588, "official log"),
    ),
    faults=(
        "the published UAR (0.7605, 0.7013, 0.8686, 0.6810) is macro precision; macro recall of the same log"
        " is 0.7186, 0.6703, 0.8190, 0.6415",
        "the metric code of the release silently drops a class whose 2 x 2 table degenerates",
    ),
    switches={
        "strain": "the channel of optical strain; off gives zeros in its place",
        "three_streams": "streams of 3, 5 and 8 maps; off leaves the widest alone",
        "dropout": "drop-out of one half after the streams",
    },
    check={"training": {"epochs": 60, "learning_rate": 3e-3}},
    bibtex="""@inproceedings{liong2019ststnet,
  title = {Shallow Triple Stream Three-dimensional {CNN} ({STSTNet}) for Micro-expression Recognition},
  author = {Liong, Sze-Teng and Gan, Y. S. and See, John and Khor, Huai-Qian and Huang, Yen-Chang},
  booktitle = {14th IEEE International Conference on Automatic Face and Gesture Recognition (FG)},
  year = {2019}
}""",
)

STREAMS = (3, 5, 8)


class STSTNet(nn.Module):
    """The network.

    A stream is convolution 3 x 3, ReLU, batch norm, pooling, drop-out; all but the first step work on each
    map for itself, so the three streams are one convolution of 16 maps here: the same numbers in a third of
    the calls.

    Parameters
    ----------
    classes
        Number of outputs.
    streams
        Maps of each stream.
    strain
        Whether the strain channel is seen.
    dropout
        Share of values dropped in training.
    """

    def __init__(
        self, classes: int, streams: tuple[int, ...] = STREAMS, *, strain: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        width = sum(streams)
        self.strain = strain
        self.convolution = nn.Conv2d(3, width, 3, padding=2)  # 28 -> 30
        self.norm = BatchNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width * 5 * 5, classes)

    def forward(self, maps: Tensor) -> Tensor:
        """Give ``(N, classes)`` logits of ``(N, 28, 28, 3)`` maps of u, v, strain, 0..255."""
        x = maps.flip(3).float().permute(0, 3, 1, 2)  # channels last in memory: pooling is twice as quick
        if not self.strain:
            x = torch.cat([torch.zeros_like(x[:, :1]), x[:, 1:]], 1)
        x = self.norm(F.relu(self.convolution(x)))
        x = self.dropout(F.max_pool2d(x, 3, 3, padding=1))  # (N, 16, 10, 10)
        return self.head(F.avg_pool2d(x, 2).flatten(1))  # (N, 16, 5, 5)


def load_published(module: STSTNet, arrays: Mapping[str, np.ndarray]) -> STSTNet:
    """Put in the weights of the release, given as plain arrays.

    Parameters
    ----------
    module
        With all three streams.
    arrays
        By the release's names: ``conv1.weight``, ``bn1.running_var``, ..., ``fc.weight`` and so on, streams
        1 to 3.

    Returns
    -------
    STSTNet
        The module, in evaluation mode.

    Raises
    ------
    ShapeError
        Where an array is missing or has another shape.
    """
    state = {
        "convolution.weight": _joined(arrays, "conv", "weight"),
        "convolution.bias": _joined(arrays, "conv", "bias"),
        **{
            f"norm.{name}": _joined(arrays, "bn", name)
            for name in ("weight", "bias", "running_mean", "running_var")
        },
        "head.weight": _one(arrays, "fc.weight"),
        "head.bias": _one(arrays, "fc.bias"),
    }
    own = module.state_dict()
    for name, values in state.items():
        if tuple(own[name].shape) != values.shape:
            raise ShapeError(f"{name}: expected {tuple(own[name].shape)}, got {values.shape}")
    module.load_state_dict(own | {k: torch.from_numpy(np.array(v, np.float32)) for k, v in state.items()})
    return module.eval()


def _joined(arrays: Mapping[str, np.ndarray], kind: str, what: str) -> np.ndarray:
    return np.concatenate([_one(arrays, f"{kind}{stream}.{what}") for stream in (1, 2, 3)])


def _one(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise ShapeError(f"published weights: {name!r} is missing; there are {', '.join(sorted(arrays))}")
    return np.asarray(arrays[name])


PRESETS = {
    "small": TrainingSettings(epochs=60, batch_size=256, learning_rate=1e-3, augment=True),
    "paper": TrainingSettings(epochs=800, batch_size=256, learning_rate=5e-5, shuffle=False),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    strain: bool = True,
    three_streams: bool = True,
    dropout: bool = True,
) -> TorchRecognizer:
    """Build STSTNet; both presets have the sizes of the release and differ in the training alone."""
    streams = STREAMS if three_streams else STREAMS[-1:]
    return TorchRecognizer(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: STSTNet(classes, streams, strain=strain, dropout=0.5 if dropout else 0.0),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={"strain": strain, "three_streams": three_streams, "dropout": dropout},
        augment=mirror_some,
    )
