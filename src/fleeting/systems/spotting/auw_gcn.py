"""AUW-GCN: a graph of regions by how often action units act together, then convolutions over time."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from fleeting.systems.contract import Card, Published
from fleeting.systems.feature_recordings import ROI12
from fleeting.systems.registry import register
from fleeting.systems.spotting._auw import KINDS, AuwNet, GraphSpotter
from fleeting.systems.spotting._state_space import check_choice
from fleeting.training import TrainingSettings

NAME = "auw-gcn"
SEGMENT = {"small": 128, "paper": 256}
USUAL = {
    "small": TrainingSettings(
        epochs=40, batch_size=16, learning_rate=0.01, optimizer="adamw", weight_decay=0.1, schedule="step",
        step_epochs=1, step_factor=0.96,
    ),
    "paper": TrainingSettings(
        epochs=47, batch_size=128, learning_rate=0.01, optimizer="adamw", weight_decay=0.1, schedule="step",
        step_epochs=1, step_factor=0.96,
    ),
}  # fmt: skip
_TABLE = "figure in the public code of AUW-GCN"


@register(
    Card(
        name=NAME,
        title="AUW-GCN: action-unit-weighted graph convolution for macro- and micro-expression spotting",
        paper="AUW-GCN, ICME 2023 (public code of its authors)",
        task="spotting",
        inputs=(ROI12,),
        parts={
            "network, graph, targets, losses, training": "official code",
            "flow": "ours: DIS or Farneback of the aligned face; released: TV-L1 in 8 bits",
            "scale of motion": "ours: mean and deviation of the training recordings; released: constants",
            "share of macro in the loss": "official code: 0.5 as for CAS(ME)^2",
            "graph where no units are coded": "ours: combinations from textbooks",
            "epochs": "47 is in the released configuration; here the last epoch counts",
            "curve": "ours: the channel of action; released: apex, start and end, see `intervals`",
        },
        published=(
            Published("CAS(ME)^2 macro", "MEGC2021", "F1", 0.4235, _TABLE),
            Published("CAS(ME)^2 micro", "MEGC2021", "F1", 0.1538, _TABLE),
            Published("CAS(ME)^2 all", "MEGC2021", "F1", 0.3834, _TABLE),
            Published("SAMM-LV macro", "MEGC2021", "F1", 0.4293, _TABLE),
            Published("SAMM-LV micro", "MEGC2021", "F1", 0.1984, _TABLE),
            Published("SAMM-LV all", "MEGC2021", "F1", 0.3728, _TABLE),
        ),
        faults=(
            "the best of many epochs is chosen on each held-out subject",
            "44 movements of CAS(ME)^2 without offset can never be matched in its evaluation",
        ),
        switches={
            "adjacency": "regions that act together, or each by itself",
            "target": "which kind `curve` speaks of",
        },
        choices={"adjacency": ("units", "self"), "target": KINDS},
        kind="re-implementation",
        check={"training": {"epochs": 20}},
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    adjacency: str = "units",
    target: str = "micro",
) -> GraphSpotter:
    """Make the spotter."""
    check_choice("adjacency", adjacency, ("units", "self"))
    check_choice("target", target, KINDS)

    def network() -> nn.Module:
        return AuwNet(1)

    return GraphSpotter(
        NAME,
        preset,
        seed,
        {"adjacency": adjacency, "target": target},
        ROI12,
        network,
        USUAL[preset].changed(training),
        target=target,
        segment=SEGMENT[preset],
        adjacency=adjacency,
        causality="none",
        debias=0.0,
    )
