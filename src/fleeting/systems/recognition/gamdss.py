"""GAMDSS: key frames selected anew in training, both phases through one network (arXiv:2603.04766).

The sampler is apart from the network: `reselected` changes the marks of any rows that have frames, and
`systems.Through` puts it before any recogniser.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Examples
from fleeting.motion import reselect
from fleeting.systems.contract import Card
from fleeting.systems.recognition._bdrt import BDRT
from fleeting.systems.registry import register
from fleeting.systems.representations import Representation, register_representation
from fleeting.systems.through import with_input
from fleeting.training import Rows, TorchRecognizer, TrainingSettings

FRAMES, MARKS = "frames32", "marks32"

register_representation(
    FRAMES,
    Representation((32, 112, 112), "uint8", 0, 255, "32 grey aligned crops of the whole clip, even in time"),
)
register_representation(
    MARKS, Representation((3,), "int16", 0, 31, "onset, apex and offset as coded, frames of frames32", 1.0)
)

CARD = Card(
    name="gamdss",
    title="GAMDSS: global anti-monotonic differential selection strategy",
    paper="arXiv:2603.04766",
    task="recognition",
    kind="re-implementation",
    inputs=(FRAMES, MARKS),
    claims=(
        "re-selected onset, apex and offset reduce the coder's errors, most in multicultural sets",
        "a shared network of two branches, and no parameter more, in any existing model",
    ),
    parts={
        "re-selection: greatest Frobenius norm within a tenth of each phase, training rows alone": (
            "official code"
        ),
        "front apex - onset, back apex - offset, one network; both losses, front logits answer": (
            "official code"
        ),
        "stages 64 to 512, depth 1, 1, 2, 1; Manhattan decay; position by a transformer": "official code",
        "grey frames of 112 enlarged to 224, clips brought to 32 frames": "our choice; colour there",
        "AdamW 8e-4, decay 0.6, batch 16, 199 epochs": "official code; the schedule is ours",
        "no drop-path; mirrored, neither turned nor cropped": "our choice",
        "small: 32 x 32, stages 8 to 32, one transformer block, 40 epochs, decay 0.05": "our choice",
    },
    faults=(
        "frames are subtracted as uint8, so that differences wrap round at 256: switch wrap_uint8",
        "the epoch is chosen on the test subject, and training stops at 100 % there",
        "the printed UAR is macro precision: its counters are swapped",
    ),
    switches={
        "reselection": "frames selected anew: all three, onset and apex, all on both sides (ours), or none",
        "reach": "share of a phase that is searched; the release has 0.1",
        "two_branches": "the way back too, through the same weights; off trains on the front alone",
        "position": "the map of places from the first frame",
        "wrap_uint8": "differences that wrap round, as in the release",
    },
    choices={"reselection": ("full", "onset-apex", "around", "none"), "reach": (0.1, 0.3)},
    check={"training": {"epochs": 8, "batch_size": 4, "augment": False}, "paper_rows": 2},
    bibtex="""@article{gamdss2026,
  title = {{GAMDSS}: Global Anti-Monotonic Differential Selection Strategy},
  journal = {arXiv:2603.04766},
  year = {2026}
}""",
)


def reselected(examples: Examples, **options: Any) -> Examples:
    """Select key frames anew: marks of rows that are trained on; frames stay.

    Parameters
    ----------
    examples
        With ``frames32`` ``(N, T, H, W)`` and ``marks32`` ``(N, 3)``.
    **options
        ``reach``, ``how`` and ``wrap`` of `fleeting.motion.reselect`.

    Examples
    --------
    >>> from fleeting import systems
    >>> rows = systems.invented_examples([FRAMES, MARKS], 2)
    >>> reselected(rows, reach=0.3).inputs[MARKS].shape
    (2, 3)
    """
    frames, marks = examples.inputs[FRAMES], np.sort(examples.inputs[MARKS], axis=1)
    found = [
        reselect(one, (int(at[0]), int(at[1]), int(at[2])), **options)
        for one, at in zip(frames, marks, strict=True)
    ]
    return with_input(examples, MARKS, np.array(found, np.int16).reshape(-1, 3))


class GAMDSS(nn.Module):
    """The network over frames and marks.

    Parameters
    ----------
    classes
        Number of outputs.
    two_branches, wrap_uint8
        See the card.
    **options
        Of the shared network.
    """

    def __init__(self, classes: int, *, two_branches: bool, wrap_uint8: bool, **options: Any) -> None:
        super().__init__()
        self.two_branches, self.wrap = two_branches, wrap_uint8
        self.shared = BDRT(classes, **options)

    def forward(self, frames: Tensor, marks: Tensor) -> dict[str, Tensor]:
        """Give ``logits`` of the front and, in training, of the way back: frames ``(N, T, H, W)``.

        A mark outside the clip is taken for its nearest end.
        """
        places = marks.long().clamp(0, frames.shape[1] - 1).sort(1).values
        at = places[:, :, None, None].expand(-1, -1, *frames.shape[2:])
        onset, apex, offset = (one[:, None] for one in frames.gather(1, at).float().unbind(1))
        told = {"logits": self.shared(self.difference(apex, onset), onset / 255 - 0.5)}
        if self.two_branches and self.training:
            told["back"] = self.shared(self.difference(apex, offset), apex / 255 - 0.5)
        return told

    def difference(self, one: Tensor, other: Tensor) -> Tensor:
        """Give the difference of two frames, in parts of 32 grey levels."""
        gap = one - other
        return (torch.remainder(gap, 256) - 128 if self.wrap else gap) / 32


class GAMDSSRecognizer(TorchRecognizer):
    """Selects frames anew for what it learns from; rows to predict stay as they were coded."""

    reselection: Mapping[str, Any]

    def prepare(self, examples: Examples) -> Rows:
        """Build the network for re-selected rows; see `TorchRecognizer`."""
        return super().prepare(reselected(examples, **self.reselection))


def mirror_clips(
    inputs: tuple[Tensor, ...], labels: Tensor, rng: np.random.Generator, classes: Any
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Mirror half of the clips; marks stay, and ``classes`` of the whole face too."""
    del classes
    frames, marks = inputs
    rows = torch.from_numpy(np.flatnonzero(rng.random(len(labels)) < 0.5)).to(labels.device)
    turned = frames.clone()
    turned[rows] = frames[rows].flip(3)
    return (turned, marks), labels


def _back_loss(smoothing: float, output: Mapping[str, Tensor], batch: Rows) -> Tensor:
    return F.cross_entropy(output["back"], batch.labels, label_smoothing=smoothing)


SIZES: dict[str, dict[str, Any]] = {
    "small": {"size": 32, "widths": (8, 16, 24, 32), "depths": (1, 1, 1, 1), "place_depth": 1},
    "paper": {"size": 224, "widths": (64, 128, 256, 512), "depths": (1, 1, 2, 1), "place_depth": 2},
}
PRESETS = {
    "small": TrainingSettings(
        epochs=40,
        batch_size=16,
        learning_rate=2e-3,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="cosine",
        balance="sqrt",
        augment=True,
    ),
    "paper": TrainingSettings(
        epochs=199,
        batch_size=16,
        learning_rate=8e-4,
        optimizer="adamw",
        weight_decay=0.6,
        schedule="cosine",
        augment=True,
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    reselection: str = "full",
    reach: float = 0.1,
    two_branches: bool = True,
    position: bool = True,
    wrap_uint8: bool = False,
) -> TorchRecognizer:
    """Build GAMDSS."""
    settings = PRESETS[preset].changed(training)
    network: dict[str, Any] = {
        "two_branches": two_branches,
        "wrap_uint8": wrap_uint8,
        "position": position,
    }
    made = GAMDSSRecognizer(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: GAMDSS(classes, **network, **SIZES[preset]),
        settings=settings,
        preset=preset,
        seed=seed,
        switches={"reselection": reselection, "reach": reach, **network},
        augment=mirror_clips,
        extra=partial(_back_loss, settings.label_smoothing) if two_branches else None,
    )
    made.reselection = {"how": reselection, "reach": reach, "wrap": wrap_uint8}
    return made
