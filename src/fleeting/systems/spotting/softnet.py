"""SOFTNet: a shallow network of three streams that scores every frame."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from fleeting.systems.contract import Card, Published
from fleeting.systems.registry import register
from fleeting.systems.spotting._regression import INPUT, Channels, RegressionSpotter
from fleeting.training import TrainingSettings

NAME = "softnet"
USUAL = {
    "small": TrainingSettings(epochs=20, batch_size=48, learning_rate=1e-3, optimizer="adam"),
    "paper": TrainingSettings(epochs=10, batch_size=12, learning_rate=5e-4, optimizer="sgd"),
}
DENSE = {"small": 64, "paper": 400}


class SoftNet(nn.Module):
    """Streams of 3, 5 and 8 filters, pooled, joined, one dense layer, one number.

    With 400 units it has 314,817 parameters.

    Examples
    --------
    >>> sum(p.numel() for p in SoftNet(400).parameters())
    314817
    """

    def __init__(self, dense: int, *, strain: bool = True) -> None:
        super().__init__()
        self.channels = Channels((3, 5, 8), norm=False, dropout=0.0, strain=strain)
        width = (16 if strain else 8) * 7 * 7
        self.head = nn.Sequential(
            nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(width, dense), nn.ReLU(), nn.Linear(dense, 1)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Score ``(N, 42, 42, 3)`` maps: ``(N,)``."""
        return self.head(self.channels(maps)).squeeze(1)


_TABLE = "figure in public code of AUW-GCN and MTSN"


@register(
    Card(
        name=NAME,
        title="SOFTNet: shallow optical-flow three-stream network",
        paper="2106.06489",
        task="spotting",
        inputs=(INPUT,),
        parts={
            "layers": "recalled; 400 dense units agree with the size of the released weight files",
            "scale": "ours: each channel to mean 0 and deviation 1 of the batch, then of training",
            "labels": "1 where the window from here on touches a movement (as in MEAN's code)",
            "training": "paper: recalled; small: our choice",
            "decoding": "decode(curve, fps, 'fixed', p=0.55), as released",
        },
        published=(
            Published("CAS(ME)^2 macro", "MEGC2021", "F1", 0.2410, _TABLE),
            Published("CAS(ME)^2 micro", "MEGC2021", "F1", 0.1173, _TABLE),
            Published("CAS(ME)^2 all", "MEGC2021", "F1", 0.2022, _TABLE),
            Published("SAMM-LV macro", "MEGC2021", "F1", 0.2169, _TABLE),
            Published("SAMM-LV micro", "MEGC2021", "F1", 0.1520, _TABLE),
            Published("SAMM-LV all", "MEGC2021", "F1", 0.1881, _TABLE),
        ),
        faults=("width of the labels' window measured on all subjects, those tested too; here in the fold",),
        switches={"strain": "the third stream"},
        kind="re-implementation",
        check={"training": {"epochs": 8}},
        bibtex="@inproceedings{liong2021softnet, author={Liong, Gen-Bing and See, John and Wong, Lai-Kuan},"
        " title={Shallow optical flow three-stream {CNN} for macro- and micro-expression spotting from long"
        " videos}, booktitle={ICIP}, year={2021}}",
    )
)
def build(
    *, preset: str = "small", seed: int = 0, training: Mapping[str, Any] | None = None, strain: bool = True
) -> RegressionSpotter:
    """Make the spotter."""
    settings = USUAL[preset].changed(training)

    def network() -> nn.Module:
        return SoftNet(DENSE[preset], strain=strain)

    return RegressionSpotter(NAME, preset, seed, {"strain": strain}, network, settings, ratio=5.0)
