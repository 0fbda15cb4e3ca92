"""MEAN: the spotting half of a network that spots, then recognises."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.systems.spotting._regression import INPUT, Channels, RegressionSpotter
from fleeting.training import TrainingSettings

NAME = "mean"
USUAL = {
    "small": TrainingSettings(epochs=20, batch_size=48, learning_rate=1e-3, optimizer="adam"),
    "paper": TrainingSettings(epochs=10, batch_size=32, learning_rate=5e-4, optimizer="adam"),
}
DENSE = 32


class MeanNet(nn.Module):
    """Streams of 3, 3 and 8 filters with batch normalisation, joined by a convolution, one number.

    Examples
    --------
    >>> import torch
    >>> MeanNet().eval()(torch.zeros(2, 42, 42, 3)).shape
    torch.Size([2])
    """

    def __init__(self, *, strain: bool = True, shared: bool = True, dropout: float = 0.3) -> None:
        super().__init__()
        self.channels = Channels((3, 3, 8), norm=True, dropout=dropout, strain=strain)
        count = 14 if strain else 6
        joint = [nn.Conv2d(count, 8, 5, padding=2), nn.ReLU()] if shared else []
        self.shared = nn.Sequential(*joint, nn.MaxPool2d(2, 2))
        width = (8 if shared else count) * 7 * 7
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(width, DENSE), nn.ReLU(), nn.Linear(DENSE, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Score ``(N, 42, 42, 3)`` maps: ``(N,)``."""
        return self.head(self.shared(self.channels(maps))).squeeze(1)


_TABLE = "figure in public code of MEAN"


@register(
    Card(
        name=NAME,
        title="MEAN: micro-expression analysis network, its spotting half",
        paper="Liong, See and Chan: Spot-then-recognize",
        task="spotting",
        inputs=(INPUT,),
        parts={
            "streams, joint convolution, drop-out": "official code",
            "dense layer": "our choice: 32 units, the size is not known to us",
            "labels": "official code: 1 where the window from here on touches a movement",
            "scale": "ours: each channel to mean 0 and deviation 1 of the batch, then of training",
            "recognition half": "left out: emotions are the recognisers' matter",
            "training": "paper: official code (rate, epochs, batch), optimiser our reading; small: ours",
            "decoding": "decode(curve, fps, 'fixed', p=0.55), as released",
        },
        published=(
            Published("CAS(ME)^2 micro", "LOSO", "F1", 0.1214, _TABLE),
            Published("SAMM-LV micro", "LOSO", "F1", 0.0949, _TABLE),
            Published("CASME II", "LOSO, one prediction for each clip", "F1", 0.6516, _TABLE),
        ),
        faults=("width of the labels' window measured on all subjects, those tested too; here in the fold",),
        switches={"strain": "the third stream", "shared": "the convolution that joins the streams"},
        kind="re-implementation",
        check={"training": {"epochs": 8}},
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    strain: bool = True,
    shared: bool = True,
) -> RegressionSpotter:
    """Make the spotter."""
    settings = USUAL[preset].changed(training)

    def network() -> nn.Module:
        return MeanNet(strain=strain, shared=shared)

    switches = {"strain": strain, "shared": shared}
    return RegressionSpotter(NAME, preset, seed, switches, network, settings, ratio=5.0)
