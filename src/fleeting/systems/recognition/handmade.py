"""Hand-made features under a linear support vector machine: LBP-TOP, HOOF, MDMO."""

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from fleeting.core import Examples, UsageError
from fleeting.motion import hoof, lbp_top, mdmo
from fleeting.systems.contract import Card, Published
from fleeting.systems.recognition.svm import FlowSVM
from fleeting.systems.registry import register
from fleeting.systems.representations import Representation, register_representation

CLIP, FLOW, POINTS = "clip64", "flow64", "points68"
_COST = "one of four, by UF1 over inner folds of training subjects (our choice)"
_MACHINE = "linear, one class against the rest, features scaled in training (our choice)"
_SHEET = "STSTNet's MEGC2019 table, as collected in public code"

register_representation(
    CLIP, Representation((10, 64, 64), "uint8", 0, 255, "aligned grey face, ten frames from onset to offset")
)
register_representation(
    FLOW,
    Representation((64, 64, 2), "float32", -4, 4, "flow from onset to apex, pixels, x right and y down"),
)
register_representation(
    POINTS, Representation((68, 2), "float32", 0, 64, "iBUG landmarks at the onset, pixels of a 64 x 64 face")
)

Describe = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class FeatureSVM(FlowSVM):
    """A linear machine on a description of each row.

    Parameters
    ----------
    system, preset, seed
        For the card; nothing here is random.
    inputs
        Names of the representations.
    describe
        Arrays of one row by name -> ``(F,)`` numbers.
    switches
        As given, for the card.
    """

    def __init__(
        self,
        system: str,
        preset: str,
        seed: int,
        inputs: tuple[str, ...],
        describe: Describe,
        switches: Mapping[str, Any],
    ) -> None:
        super().__init__(system, "linear", preset, seed, strain=True)
        self.inputs, self.describe, self.switches = inputs, describe, dict(switches)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        from fleeting.training import save_arrays

        told = {"system": self.system, "preset": self.preset, "seed": self.seed, "cost": self.cost}
        told |= {"switches": self.switches, "classes": list(self.classes), "inputs": list(self.inputs)}
        save_arrays(folder, self.arrays, told)

    def _pixels(self, examples: Examples) -> np.ndarray:
        if not len(examples):
            return np.zeros((0, len(self.arrays.get("mean", ()))))
        rows = [{name: examples.inputs[name][at] for name in self.inputs} for at in range(len(examples))]
        return np.stack([np.asarray(self.describe(row), np.float64) for row in rows])


def _refuse(name: str, training: Mapping[str, Any] | None) -> None:
    if training:
        raise UsageError(f"system {name!r} has no training to set")


@register(
    Card(
        name="lbp-top-svm",
        title="LBP-TOP and a linear support vector machine",
        paper="10.1109/TPAMI.2007.1110",
        task="recognition",
        inputs=(CLIP,),
        parts={
            "patterns": "paper: 8 neighbours, uniform",
            "radii": "1, 1, 2 pixels and frames (our choice)",
            "grid": "5 x 5 (our choice; 2 x 2 with preset small)",
            "machine": _MACHINE,
            "cost": _COST,
        },
        published=(
            Published("MEGC2019 composite", "LOSO", "UF1", 0.5882, _SHEET),
            Published("MEGC2019 composite", "LOSO", "UAR", 0.5785, _SHEET),
        ),
        faults=("published rows differ in grid and radii; the SMIC row of the table contradicts its total",),
        switches={"blocks": "a histogram for each block of the face", "uniform": "uniform patterns alone"},
        kind="re-implementation",
        bibtex='@article{zhao2007dynamic, author={Zhao, Guoying and Pietik{\\"a}inen, Matti},'
        " title={Dynamic texture recognition using local binary patterns with an application to facial"
        " expressions}, journal={IEEE TPAMI}, volume={29}, number={6}, year={2007}}",
    )
)
def make_lbp_top(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    blocks: bool = True,
    uniform: bool = True,
) -> FeatureSVM:
    """Make the one on LBP-TOP."""
    _refuse("lbp-top-svm", training)
    side = 1 if not blocks else 5 if preset == "paper" else 2

    def describe(row: Mapping[str, np.ndarray]) -> np.ndarray:
        return lbp_top(row[CLIP], blocks=(side, side), uniform=uniform)

    switches = {"blocks": blocks, "uniform": uniform}
    return FeatureSVM("lbp-top-svm", preset, seed, (CLIP,), describe, switches)


@register(
    Card(
        name="hoof-svm",
        title="Histograms of oriented flow and a linear support vector machine",
        paper="10.1109/CVPR.2009.5206821",
        task="recognition",
        inputs=(FLOW,),
        parts={
            "histogram": "paper: weighed by size, each block sums to 1",
            "bins and grid": "8 bins, 5 x 5 blocks (our choice)",
            "frames": "onset to apex alone (our choice; the paper follows time)",
            "machine": _MACHINE,
            "cost": _COST,
        },
        switches={
            "symmetric": "left and right are one, as in the paper; a face needs both, so it is off",
            "blocks": "a histogram for each block of the face",
        },
        kind="re-implementation",
        bibtex="@inproceedings{chaudhry2009hoof, author={Chaudhry, Rizwan and Ravichandran, Avinash and"
        " Hager, Gregory and Vidal, Ren{\\'e}}, title={Histograms of oriented optical flow and Binet-Cauchy"
        " kernels on nonlinear dynamical systems for the recognition of human actions}, booktitle={CVPR},"
        " year={2009}}",
    )
)
def make_hoof(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    symmetric: bool = False,
    blocks: bool = True,
) -> FeatureSVM:
    """Make the one on HOOF."""
    _refuse("hoof-svm", training)
    grid = (5, 5) if blocks else (1, 1)

    def describe(row: Mapping[str, np.ndarray]) -> np.ndarray:
        return hoof(row[FLOW], bins=8, blocks=grid, symmetric=symmetric)

    return FeatureSVM("hoof-svm", preset, seed, (FLOW,), describe, {"symmetric": symmetric, "blocks": blocks})


@register(
    Card(
        name="mdmo-svm",
        title="Main directional mean optical flow and a linear support vector machine",
        paper="10.1109/TAFFC.2015.2485205",
        task="recognition",
        inputs=(FLOW, POINTS),
        parts={
            "main direction": "paper: mean of the vectors in the fullest of 8 directions",
            "regions": "our reading: 36 boxes on 68 points; the paper's outline could not be read",
            "frames": "onset to apex alone (our choice; the paper averages over the clip)",
            "machine": _MACHINE,
            "cost": _COST,
        },
        faults=("angles are plain numbers, so left by a little up and left by a little down lie far apart",),
        switches={"directions": "angles beside sizes"},
        kind="re-implementation",
        bibtex="@article{liu2016mdmo, author={Liu, Yong-Jin and Zhang, Jin-Kai and Yan, Wen-Jing and Wang,"
        " Su-Jing and Zhao, Guoying and Fu, Xiaolan}, title={A main directional mean optical flow feature for"
        " spontaneous micro-expression recognition}, journal={IEEE TAFFC}, volume={7}, number={4},"
        " year={2016}}",
    )
)
def make_mdmo(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    directions: bool = True,
) -> FeatureSVM:
    """Make the one on MDMO."""
    _refuse("mdmo-svm", training)

    def describe(row: Mapping[str, np.ndarray]) -> np.ndarray:
        both = mdmo(row[FLOW], row[POINTS])
        return both if directions else both[: len(both) // 2]

    return FeatureSVM("mdmo-svm", preset, seed, (FLOW, POINTS), describe, {"directions": directions})
