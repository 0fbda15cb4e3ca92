"""Causal-Ex: AUW-GCN with a graph of regions by causal discovery."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from fleeting.systems.contract import Card, Published
from fleeting.systems.feature_recordings import ROI12
from fleeting.systems.registry import register
from fleeting.systems.spotting._auw import KINDS, AuwNet, GraphSpotter
from fleeting.systems.spotting._state_space import check_choice
from fleeting.systems.spotting.auw_gcn import SEGMENT, USUAL

NAME = "causal-ex"
GRAPHS = ("fold", "batch", "causal", "none")
DEBIAS = 0.5


@register(
    Card(
        name=NAME,
        title="Causal-Ex: causal graph-based micro and macro expression spotting",
        paper="arXiv:2503.09098",
        task="spotting",
        inputs=(ROI12,),
        claims=(
            "causal graphs of action units replace adjacency, to eliminate spurious connections",
            "a rapid causal inference algorithm finds them",
        ),
        parts={
            "network, losses, training, decoding": "official code (network and training alone are public)",
            "graph": "official code: FCI, Fisher's z, 0.01, sure edges alone, added to that of units",
            "graph='batch'": "official code: found anew in every mini-batch",
            "graph='fold'": "ours, and the default: found once on the training fold, then frozen",
            "graph='causal'": "our reading of the abstract: the causal graph instead of that of units",
            "debias": "our reading of a third-party summary; not in the public code",
            "select": "our reading of the abstract; not in the public code",
            "flow, scale, curve": "as for AUW-GCN",
        },
        published=(
            Published("CAS(ME)^2 all", "LOSO, best epoch of each held-out subject", "F1", 0.388, "abstract"),
            Published("SAMM-LV all", "LOSO, best epoch of each held-out subject", "F1", 0.3701, "abstract"),
        ),
        faults=(
            "the graph is found anew at every forward pass: a video's result depends on what runs beside it",
            "the best of many epochs is chosen on each held-out subject",
            "below AUW-GCN on SAMM-LV",
        ),
        switches={
            "graph": "where the causal graph comes from",
            "adjacency": "regions that act together, or each by itself",
            "pools": "the greatest of neighbouring frames between convolutions",
            "debias": "half of what a face without differences between regions gives is taken off",
            "select": "only regions that causal discovery ties to coded movements are looked at",
            "target": "which kind `curve` speaks of",
        },
        choices={"graph": GRAPHS, "adjacency": ("units", "self"), "target": KINDS},
        kind="re-implementation",
        check={"training": {"epochs": 5}, "frames": 360},  # enough for discovery to leave a region out
        bibtex="@misc{causalex, title={Causal-Ex: Causal Graph-based Micro and Macro Expression Spotting},"
        " eprint={2503.09098}, archivePrefix={arXiv}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    graph: str = "fold",
    adjacency: str = "units",
    pools: bool = True,
    debias: bool = False,
    select: bool = False,
    target: str = "micro",
) -> GraphSpotter:
    """Make the spotter."""
    check_choice("graph", graph, GRAPHS)
    check_choice("adjacency", adjacency, ("units", "self"))
    check_choice("target", target, KINDS)

    def network() -> nn.Module:
        return AuwNet(2, pools=pools)

    switches = {"graph": graph, "adjacency": adjacency, "pools": pools, "debias": debias}
    switches |= {"select": select, "target": target}
    return GraphSpotter(
        NAME,
        preset,
        seed,
        switches,
        ROI12,
        network,
        USUAL[preset].changed({"weight_decay": 1e-4, **dict(training or {})}),
        target=target,
        segment=SEGMENT[preset],
        adjacency=adjacency,
        causality=graph,
        debias=DEBIAS if debias else 0.0,
        select=select,
    )
