"""ME-TST: a state-space network that gives every frame of a video a score, and says what it shows."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fleeting.nn import MambaStack
from fleeting.systems.contract import Card, Published
from fleeting.systems.feature_recordings import ROI10
from fleeting.systems.registry import register
from fleeting.systems.spotting._slow_fast import stem
from fleeting.systems.spotting._state_space import (
    EMOTIONS,
    WindowSpotter,
    check_choice,
    start_weights,
)
from fleeting.training import TrainingSettings

NAME = "me-tst"
SIZES = {"small": (24, 2, 8, 50), "paper": (64, 12, 64, 50)}  # width, blocks, state, window
USUAL = {
    "small": TrainingSettings(epochs=20, batch_size=32, learning_rate=3e-3, augment=True),
    "paper": TrainingSettings(epochs=30, batch_size=256, learning_rate=1e-4, augment=True),
}


class MeTstNet(nn.Module):
    """Stem, a stack of state-space blocks for each task, two heads.

    Parameters
    ----------
    width, blocks, state
        64, 12 and 64 in the paper.
    channels
        Of the input.
    state_space
        Whether the stacks are there; without them the stem alone looks at neighbouring frames.
    pathways
        ``own`` stack for each task, or ``official``: both tasks run through the stack of spotting, and the
        other lies idle, as released. Only then the blocks hold the norm that the released ones never use.

    Examples
    --------
    >>> spot, emotion = MeTstNet(8, 2, 4)(torch.rand(3, 50, 10))
    >>> spot.shape, emotion.shape
    (torch.Size([3, 50]), torch.Size([3, 50, 5]))
    """

    def __init__(
        self,
        width: int,
        blocks: int,
        state: int,
        *,
        channels: int = 10,
        state_space: bool = True,
        pathways: str = "own",
    ) -> None:
        super().__init__()
        drops = (0.0, *torch.linspace(0, 0.2, 12)[: blocks - 1].tolist()) if state_space else ()
        spare = pathways == "official"
        self.official = spare
        self.stem = stem(channels, width)
        self.spot_path = MambaStack(width, drops, state=state, spare_norm=spare)
        self.emotion_path = MambaStack(width, drops, state=state, spare_norm=spare)
        self.spot = nn.Linear(width, 1)
        self.emotion = nn.Linear(width, len(EMOTIONS))
        start_weights(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score ``(B, T, channels)``: ``(B, T)`` in 0..1, and logits ``(B, T, 5)``."""
        x = self.stem(x.transpose(1, 2)).transpose(1, 2)
        moved, _ = self.spot_path(x)
        shown = moved if self.official else self.emotion_path(x)[0]
        return torch.sigmoid(self.spot(moved)).squeeze(2), self.emotion(shown)


_TABLE = "results figure in the public code of BoostingVRME"


@register(
    Card(
        name=NAME,
        title="Synergistic Spotting and Recognition of Micro-Expression via Temporal State Transition",
        paper="arXiv:2409.09707",
        task="spotting",
        inputs=(ROI10,),
        claims=(
            "video-level regression by a state space instead of classes of windows",
            "a synergy of spotting and recognition enhances the analysis",
        ),
        parts={
            "network, loss, labels, windows, training, drop-path": "official code",
            "width 64": "an earlier version of the official code; the one there now has 128",
            "first weights": "official code",
            "window": "official code: 50 frames at 30 a second (CAS(ME)^3); SAMM-LV had 30",
            "windows without movements": "official code: 4 for each one with, as for CAS(ME)^3",
            "drop-path of the small preset": "ours: the first of the paper's twelve shares",
            "recognition path": "as drawn: a stack of its own; `pathways='official'` as released",
            "frame rate": "every n-th frame, as released; values between them by lines are ours",
            "end of a video": "ours: the last frame repeated; `stitch='official'` leaves it at 0",
            "macro-expressions": "ours: the same network taught on them",
            "decoding": "decode(curve, fps, 'fixed', p=0.55, half_width_s from training)",
        },
        published=(
            Published("SAMM-LV", "LOSO, videos with a target", "STRS", 0.1356, _TABLE),
            Published("SAMM-LV", "LOSO, videos with a target", "F1 spotting", 0.2167, _TABLE),
            Published("CAS(ME)^3", "LOSO, videos with a target", "STRS", 0.0387, _TABLE),
            Published("CAS(ME)^3", "LOSO, videos with a target", "F1 spotting", 0.0802, _TABLE),
        ),
        faults=(
            "the stack of the recognition path is never run: 1,249,926 parameters declared, 632,454 reached",
            "each block holds a layer norm that is never used",
            "whether a window is a video's first is asked of its place in the mini-batch (`stitch`)",
            "frames after the last whole half window are never scored",
            "the half width is measured on all subjects, those tested too; here on the training fold",
            "only videos that hold a micro-expression are trained on and tested",
        ),
        switches={
            "state_space": "the stacks of state-space blocks",
            "pathways": "a stack for each task, or one for both as released",
            "synergy": "strategy of spotting and recognition at the level of results",
            "stitch": "how windows become the curve of a video",
            "target": "which kind of movement is spotted",
        },
        choices={
            "pathways": ("own", "official"),
            "synergy": (0, 1, 2),
            "stitch": ("intended", "official"),
            "target": ("micro", "macro"),
        },
        kind="re-implementation",
        check={"training": {"epochs": 12}},
        bibtex="@misc{metst, title={Synergistic Spotting and Recognition of Micro-Expression via Temporal"
        " State Transition}, note={ICASSP 2025}, eprint={2409.09707}, archivePrefix={arXiv}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    state_space: bool = True,
    pathways: str = "own",
    synergy: int = 2,
    stitch: str = "intended",
    target: str = "micro",
) -> WindowSpotter:
    """Make the spotter."""
    check_choice("pathways", pathways, ("own", "official"))
    check_choice("synergy", synergy, (0, 1, 2))
    check_choice("stitch", stitch, ("intended", "official"))
    check_choice("target", target, ("micro", "macro"))
    width, blocks, state, length = SIZES[preset]
    switches = {"state_space": state_space, "pathways": pathways, "synergy": synergy}

    def network() -> nn.Module:
        return MeTstNet(width, blocks, state, state_space=state_space, pathways=pathways)

    return WindowSpotter(
        NAME,
        preset,
        seed,
        switches | {"stitch": stitch, "target": target},
        ROI10,
        network,
        USUAL[preset].changed(training),
        target=target,
        length=length,
        synergy=synergy,
        stitch=stitch,
    )
