"""ME-TST+: regions of several sizes, and slow and fast pathways of state-space blocks."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from fleeting.systems.contract import Card
from fleeting.systems.feature_recordings import ROI10, ROI36
from fleeting.systems.registry import register
from fleeting.systems.spotting._slow_fast import SlowFastNet
from fleeting.systems.spotting._state_space import WindowSpotter, check_choice
from fleeting.training import TrainingSettings

NAME = "me-tst-plus"
SIZES = {"small": (16, 1, 8, 50), "paper": (128, 4, 64, 50)}  # width, blocks a stage, state, window
USUAL = {
    "small": TrainingSettings(epochs=20, batch_size=32, learning_rate=3e-3, augment=True),
    "paper": TrainingSettings(epochs=50, batch_size=256, learning_rate=3e-4, augment=True),
}
CHANNELS = {ROI10: 10, ROI36: 36}


@register(
    Card(
        name=NAME,
        title="ME-TST+: temporal state transition with region relationship awareness",
        paper="arXiv:2508.08082",
        task="spotting",
        inputs=(ROI36, ROI10),
        claims=(
            "regions of several sizes alleviate the loss of taking a face for a few time series",
            "slow and fast state-space pathways",
            "a synergy of spotting and recognition in features and results",
        ),
        parts={
            "network, loss, labels, windows, training": "official code",
            "norm that no block uses": "left out; in the released blocks it counts 18,432 of 16,671,750",
            "awareness of relations between regions": "official code: the list of regions, mixed by the stem;"
            " no graph is there",
            "window, windows without movements, frame rate, macro-expressions": "as for ME-TST",
            "decoding": "decode(curve, fps, 'fixed', p=0.55, half_width_s from training)",
        },
        faults=(
            "whether a window is a video's first is asked of its place in the mini-batch (`stitch`)",
            "each block holds a layer norm that is never used",
            "the half width is measured on all subjects, those tested too; here on the training fold",
        ),
        switches={
            "regions": "18 regions of several sizes, or the 5 of ME-TST",
            "slow": "the slow pathways",
            "shared": "one pair of pathways for both tasks, as in BoostingVRME",
            "synergy": "strategy of spotting and recognition at the level of results",
            "stitch": "how windows become the curve of a video",
            "target": "which kind of movement is spotted",
        },
        choices={
            "regions": (18, 5),
            "synergy": (0, 1, 2),
            "stitch": ("intended", "official"),
            "target": ("micro", "macro"),
        },
        kind="re-implementation",
        check={"training": {"epochs": 6}},
        bibtex="@misc{metstplus, title={ME-TST+}, eprint={2508.08082}, archivePrefix={arXiv}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    regions: int = 18,
    slow: bool = True,
    shared: bool = False,
    synergy: int = 2,
    stitch: str = "intended",
    target: str = "micro",
) -> WindowSpotter:
    """Make the spotter."""
    check_choice("regions", regions, (18, 5))
    check_choice("synergy", synergy, (0, 1, 2))
    check_choice("stitch", stitch, ("intended", "official"))
    check_choice("target", target, ("micro", "macro"))
    width, blocks, state, length = SIZES[preset]
    switches = {"regions": regions, "slow": slow, "shared": shared, "synergy": synergy}
    inputs = ROI36 if regions == 18 else ROI10

    def network() -> nn.Module:
        return SlowFastNet(width, blocks, state, channels=CHANNELS[inputs], shared=shared, slow=slow)

    return WindowSpotter(
        NAME,
        preset,
        seed,
        switches | {"stitch": stitch, "target": target},
        inputs,
        network,
        USUAL[preset].changed(training),
        target=target,
        length=length,
        synergy=synergy,
        stitch=stitch,
    )
