"""PESFormer: a transformer over whole videos that says for each timestamp whether it is in a movement."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Interval, iou
from fleeting.models import TimestampRoad, pieces, snippets
from fleeting.spotting import decode
from fleeting.systems.contract import Card, SpottingRecording
from fleeting.systems.feature_recordings import ROI36
from fleeting.systems.registry import register
from fleeting.systems.spotting._learning import Exported
from fleeting.systems.spotting._sequence import Batch, SequenceSpotter, Thinned, coded
from fleeting.systems.spotting._state_space import check_choice
from fleeting.systems.spotting._timestamps import kept_intervals, timestamp_targets
from fleeting.training import TrainingSettings

NAME = "pesformer"
KINDS = ("micro", "macro")
HOP, SNIPPET, CHANNELS = 2, 16, 36  # as in `fleeting.models.snippets`
WINDOW = 64  # units of the sliding-window twin
LOCAL = 64  # units to either side that local attention sees
# width, blocks, heads, ratio, units that a video is padded to
SIZES = {"small": (48, 2, 4, 2, 512), "paper": (256, 6, 4, 4, 2304)}
USUAL = {
    "small": TrainingSettings(
        epochs=40, batch_size=4, learning_rate=2e-3, optimizer="adamw", weight_decay=0.01, schedule="cosine"
    ),
    "paper": TrainingSettings(
        epochs=100, batch_size=4, learning_rate=1e-4, optimizer="adamw", weight_decay=0.05, schedule="cosine"
    ),
}
THRESHOLDS = np.linspace(0.1, 0.9, 9)
MOST_OVERLAP, MOST_FOUND, MICRO_S = 0.5, 10, 0.5


class _Block(nn.Module):
    """Attention that padding takes no part in, and a dense part, each after a norm and added."""

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dense = nn.Sequential(
            nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width)
        )

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        rows, count, width = x.shape
        parts = self.into(self.first(x)).view(rows, count, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.dense(self.second(x))


class PesFormerNet(nn.Module):
    """Snippets of motion, a learned place, pre-norm transformer blocks, a logit for each kind and unit.

    Parameters
    ----------
    width, blocks, heads, ratio
        Of the transformer.
    length
        Units that there are places for.
    local
        Units to either side that a unit attends to; 0 for all.

    Examples
    --------
    >>> net = PesFormerNet(8, 1, 2, 2, 32)
    >>> net(torch.rand(2, 20, 16 * 36), torch.ones(2, 20)).shape
    torch.Size([2, 20, 2])
    """

    deviation: Tensor

    def __init__(
        self, width: int, blocks: int, heads: int, ratio: int, length: int, *, local: int = 0
    ) -> None:
        super().__init__()
        self.local = local
        self.register_buffer("deviation", torch.ones(()))
        self.embed = nn.Linear(SNIPPET * CHANNELS, width)
        self.place = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.ModuleList(_Block(width, heads, ratio) for _ in range(blocks))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, len(KINDS))
        nn.init.constant_(self.head.bias, -2.0)  # movements are rare

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Give logits ``(B, U, 2)`` of ``(B, U, snippet)``; ``mask`` ``(B, U)`` is 0 for padding."""
        units = x.shape[1]
        seen = mask.bool()[:, None, None, :].expand(-1, 1, units, -1)
        if self.local:
            at = torch.arange(units, device=x.device)
            seen = seen & ((at[:, None] - at[None]).abs() <= self.local)
        seen = seen | torch.eye(units, dtype=torch.bool, device=x.device)  # padding sees itself: no NaN
        x = self.embed(x / self.deviation) + self.place[:units]
        for block in self.blocks:
            x = block(x, seen)
        return self.head(self.norm(x))


class PesFormerSpotter(SequenceSpotter):
    """See the card; one network speaks of both kinds.

    Parameters
    ----------
    length
        Units that a video is padded to.
    whole, encoding, focal, dice
        Switches of the card.
    """

    both = True

    def __init__(
        self, *args: Any, length: int, whole: bool, encoding: str, focal: bool, dice: bool, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.length, self.whole, self.encoding = length, whole, encoding
        self.focal, self.dice = focal, dice
        self.balance = torch.ones(len(KINDS))

    def parts(self, units: int) -> list[tuple[int, int]]:
        """Cut a training video, see `pieces`."""
        return pieces(units, self.length, whole=self.whole, window=WINDOW)

    def training_intervals(self, recordings: Sequence[SpottingRecording]) -> tuple[int, int]:
        """Count the coded intervals that training sees whole, and all."""
        kept = total = 0
        for one in recordings:
            thin = Thinned(one, self.inputs)
            ends = [thin.ends(i) for i in one.intervals or ()]
            kept += len(kept_intervals(ends, self.parts(-(-len(thin.values) // HOP)), HOP))
            total += len(ends)
        return kept, total

    def batches(self, recordings: Sequence[SpottingRecording]) -> Batch:
        """Pad each video, or each window of it, with zeros.

        They are padded to the longest of them: padding takes no part in attention nor in the loss, so that
        further zeros up to the length that is set would change nothing.
        """
        rows = [part for one in recordings for part in self._parts(one)]
        longest = max(len(x) for x, _ in rows)
        x = np.zeros((len(rows), longest, SNIPPET * CHANNELS), np.float32)
        y, mask = np.zeros((len(rows), longest, len(KINDS)), np.float32), np.zeros((len(rows), longest))
        for at, (inside, target) in enumerate(rows):
            x[at, : len(inside)], y[at, : len(inside)], mask[at, : len(inside)] = inside, target, 1
        positive = y.sum((0, 1))
        self.balance = torch.as_tensor(
            np.clip((mask.sum() - positive) / np.maximum(positive, 1), 1, 20), dtype=torch.float32
        )
        return {
            name: torch.as_tensor(v, dtype=torch.float32) for name, v in (("x", x), ("y", y), ("mask", mask))
        }

    def _parts(self, recording: SpottingRecording) -> list[tuple[np.ndarray, np.ndarray]]:
        thin = Thinned(recording, self.inputs)
        moved = snippets(thin.values)
        parts = self.parts(len(moved))
        intervals = recording.intervals or ()
        columns = []
        for kind in KINDS:
            ends = [thin.ends(intervals[at]) for at in coded(recording, kind)]
            ends = ends if self.whole else kept_intervals(ends, parts, HOP)
            columns.append(timestamp_targets(len(moved), ends, HOP, self.encoding, thin.rate))
        target = np.stack(columns, 1)
        return [(moved[a:b], target[a:b]) for a, b in parts]

    def _start(self, module: nn.Module, recordings: Sequence[SpottingRecording]) -> None:
        """Measure the deviation of motion over the training recordings."""
        rows = np.concatenate([snippets(Thinned(one, self.inputs).values) for one in recordings])
        module.deviation = torch.as_tensor(max(float(rows.std()), 1e-6))

    def run(self, module: nn.Module, batch: Batch) -> Any:
        """Call the network with the mask of padding."""
        return module(batch["x"], batch["mask"])

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Binary loss of each timestamp, focal or balanced by class, and Dice; padding counts for nothing."""
        y, mask = batch["y"], batch["mask"][..., None]
        if self.focal:
            plain = F.binary_cross_entropy_with_logits(output, y, reduction="none")
            weight = torch.where(y > 0.5, 0.75, 0.25)
            each = weight * (1 - torch.exp(-plain)) ** 2 * plain
        else:
            each = F.binary_cross_entropy_with_logits(output, y, pos_weight=self.balance, reduction="none")
        # by the timestamps in movements, as is usual for focal losses: they are few
        total = (
            (each * mask).sum() / (y * mask).sum().clamp_min(1)
            if self.focal
            else ((each * mask).sum() / (len(KINDS) * mask.sum()))
        )
        if self.dice:
            p = torch.sigmoid(output) * mask
            overlap = 2 * (p * y).sum((0, 1)) + 1
            total = total + (1 - overlap / (p.sum((0, 1)) + y.sum((0, 1)) + 1)).mean()
        return total

    @property
    def road(self) -> TimestampRoad:
        """A video as a whole; one that is too long in pieces, of which the later one counts."""
        return TimestampRoad(self.length if self.whole else WINDOW, self.target)

    @property
    def curves(self) -> dict[str, str]:
        """Both kinds, the target first."""
        return {kind: kind for kind in sorted(KINDS, key=lambda one: one != self.target)}

    def exported(self) -> Exported:
        """Give a video of any number of units up to the padded length."""
        rng = torch.Generator().manual_seed(0)
        units = torch.export.Dim("units", min=2, max=self.road.length)
        example = (torch.randn(1, 20, SNIPPET * CHANNELS, generator=rng), torch.ones(1, 20))
        return Exported((CHANNELS,), example, ("logits",), ({1: units}, {1: units}))

    def intervals(self, recording: SpottingRecording) -> list[Interval]:
        """Decode as we read the paper: runs above many thresholds, the gate of lengths, the best apart."""
        curve = self.curve(recording)
        smooth = np.convolve(curve.values, np.full(3, 1 / 3), "same")
        gate = {"most_s": MICRO_S} if self.target == "micro" else {"least_s": MICRO_S}
        found = [
            one
            for height in THRESHOLDS
            for one in decode(smooth, curve.fps, "runs", high=height, low=height, relative=False, **gate)
        ]
        kept: list[Interval] = []
        for one in sorted(found, key=lambda i: (-i.score, i.onset_frame)):
            ends = one.onset_frame, one.offset_frame
            if all(iou(ends, (k.onset_frame, k.offset_frame)) <= MOST_OVERLAP for k in kept):
                kept.append(one)
        return sorted(kept[:MOST_FOUND], key=lambda i: i.onset_frame)


@register(
    Card(
        name=NAME,
        title="PESFormer: macro- and micro-expression spotting with direct timestamp encoding",
        paper="arXiv:2410.18695",
        task="spotting",
        inputs=(ROI36,),
        claims=(
            "a vision transformer spots from points to intervals",
            "direct timestamp encoding instead of anchors: all training intervals are kept",
            "untrimmed videos padded with zeros to one length instead of sliding windows",
        ),
        parts={
            "timestamps, padding": "abstract",
            "everything else": "our reading: no code and no full text was found",
            "input": "ours: motion of 18 regions in snippets of 16 frames, hop 2; the group's papers take"
            " features of I3D from snippets of 8 to 16 frames",
            "network": "our reading: learned places, pre-norm blocks, a sigmoid for each kind",
            "loss": "our reading: focal with 0.75 and 2, and Dice",
            "padded length": "paper: 2304 units hold the longest video of CAS(ME)^2; small: 512, 34 s",
            "decoding": "our reading: runs above 0.1 .. 0.9, at most 0.5 s for micro, overlaps left out",
        },
        faults=("no interval over 0.5 s passes as micro, as the coding of CAS(ME)^3 would need",),
        switches={
            "whole": "whole padded videos; without it windows of 64 units, which lose intervals",
            "encoding": "each timestamp, or anchors",
            "focal": "focal loss; without it cross-entropy balanced by class",
            "dice": "the loss of overlap",
            "local": "attention to 64 units on either side alone",
            "target": "which kind `curve` speaks of",
        },
        choices={"encoding": ("timestamps", "anchors"), "target": KINDS},
        kind="reading of the abstract",
        check={"training": {"epochs": 16}, "frames": 200},
        bibtex="@misc{pesformer, title={PESFormer}, eprint={2410.18695}, archivePrefix={arXiv}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    whole: bool = True,
    encoding: str = "timestamps",
    focal: bool = True,
    dice: bool = True,
    local: bool = False,
    target: str = "micro",
) -> PesFormerSpotter:
    """Make the spotter."""
    check_choice("encoding", encoding, ("timestamps", "anchors"))
    check_choice("target", target, KINDS)
    width, blocks, heads, ratio, length = SIZES[preset]

    def network() -> nn.Module:
        return PesFormerNet(width, blocks, heads, ratio, length, local=LOCAL if local else 0)

    switches = {"whole": whole, "encoding": encoding, "focal": focal, "dice": dice, "local": local}
    return PesFormerSpotter(
        NAME,
        preset,
        seed,
        switches | {"target": target},
        ROI36,
        network,
        USUAL[preset].changed(training),
        target=target,
        length=length,
        whole=whole,
        encoding=encoding,
        focal=focal,
        dice=dice,
    )
