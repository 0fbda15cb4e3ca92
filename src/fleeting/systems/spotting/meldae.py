"""MELDAE: localisation end to end, with a loss that is aware of boundaries."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Interval, iou
from fleeting.models import BoundaryRoad
from fleeting.systems.contract import Card, Published, SpottingRecording
from fleeting.systems.feature_recordings import ROI36
from fleeting.systems.registry import register
from fleeting.systems.spotting._learning import Exported, stretch_free
from fleeting.systems.spotting._sequence import Batch, SequenceSpotter, Thinned, coded
from fleeting.systems.spotting._state_space import NEUTRAL, check_choice, emotion_code
from fleeting.training import TrainingSettings

NAME = "meldae"
CHANNELS = 36
SEGMENT = 128
# width, dilations of the layers
SIZES: dict[str, tuple[int, tuple[int, ...]]] = {
    "small": (32, (1, 2, 4, 8)),
    "paper": (128, (1, 2, 4, 8, 16, 1, 2, 4, 8, 16)),
}
USUAL = {
    "small": TrainingSettings(
        epochs=40, batch_size=8, learning_rate=3e-3, optimizer="adamw", weight_decay=1e-3, schedule="cosine"
    ),
    "paper": TrainingSettings(
        epochs=100, batch_size=16, learning_rate=1e-3, optimizer="adamw", weight_decay=1e-2, schedule="cosine"
    ),
}
ENDS_SHARE, BOUNDARY_SHARE, CLASS_SHARE = 1.0, 1.0, 0.1
LEAST_FRAMES = 3.0
NEAR_END = 4.0  # weight of frames beside a boundary, above others
OUTPUTS = 5  # actionness, onset, offset, and two distances


class MeldaeNet(nn.Module):
    """Dilated convolutions over time with skips; heads for actionness, ends, distances to them, emotion.

    Parameters
    ----------
    width
        Of the layers.
    dilations
        Of each layer.

    Examples
    --------
    >>> said, emotion = MeldaeNet(8, (1, 2))(torch.rand(2, 40, 36))
    >>> said.shape, emotion.shape
    (torch.Size([2, 40, 5]), torch.Size([2, 40, 4]))
    """

    deviation: Tensor

    def __init__(self, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("deviation", torch.ones(()))
        self.into = nn.Conv1d(2 * CHANNELS, width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, width, 3, padding=spread, dilation=spread),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.Conv1d(width, width, 1),
            )
            for spread in dilations
        )
        self.head = nn.Conv1d(width, OUTPUTS, 1)
        self.emotion = nn.Conv1d(width, NEUTRAL, 1)
        with torch.no_grad():
            self.head.bias[:3] = -2.0  # type: ignore[index]  # movements and ends are rare

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give ``(B, T, 5)`` and logits of four emotions ``(B, T, 4)`` of positions ``(B, T, 36)``.

        The five are logits of actionness, onset and offset, and distances to onset and offset in units of
        the mean length of training movements, before they are made positive.
        """
        flow = torch.diff(x, dim=1, prepend=x[:, :1])
        slow = x - F.avg_pool1d(x.transpose(1, 2), 31, 1, 15, count_include_pad=False).transpose(1, 2)
        x = F.relu(self.into(torch.cat([flow * 4, slow], 2).transpose(1, 2) / self.deviation))
        for layer in self.layers:
            x = x + layer(x)
        return self.head(x).transpose(1, 2), self.emotion(x).transpose(1, 2)


def boundary_targets(frames: int, ends: Sequence[tuple[int, int]], length: float) -> np.ndarray:
    """Give what boundaries are learnt from, for each frame.

    Parameters
    ----------
    frames
        How many.
    ends
        Onset and offset of each movement.
    length
        Unit of distances, frames.

    Returns
    -------
    numpy.ndarray
        ``(frames, 7)`` float32: in a movement or not; bumps around onsets and around offsets, as wide as a
        tenth of the movement (a frame at least); distances to onset and offset; length of the movement, at
        least 3; nearness to a boundary 0..1. Distances are 0 outside movements.

    Examples
    --------
    >>> one = boundary_targets(8, [(2, 5)], 2.0)
    >>> one[2:6, 0].tolist(), one[2:6, 3].tolist(), one[2:6, 4].tolist()
    ([1.0, 1.0, 1.0, 1.0], [0.0, 0.5, 1.0, 1.5], [1.5, 1.0, 0.5, 0.0])
    """
    found = np.zeros((frames, 7), np.float32)
    at = np.arange(frames)
    for onset, offset in ends:
        span = offset - onset + 1
        width = max(1.0, 0.1 * span)
        bumps = [np.exp(-((at - end) ** 2) / (2 * width**2)) for end in (onset, offset)]
        found[:, 1] = np.maximum(found[:, 1], bumps[0])
        found[:, 2] = np.maximum(found[:, 2], bumps[1])
        found[:, 6] = np.maximum(found[:, 6], np.maximum(*bumps))
        inside = slice(onset, offset + 1)
        found[inside, 0] = 1
        found[inside, 3] = (at[inside] - onset) / length
        found[inside, 4] = (offset - at[inside]) / length
        found[inside, 5] = max(span, LEAST_FRAMES) / length
    return found


def boundary_loss(before: Tensor, after: Tensor, target: Tensor) -> Tensor:
    """Penalise errors of onset and offset, and what the interval does not share with the true one.

    Each frame in a movement proposes an interval, from ``before`` before it to ``after`` after it. The loss
    is the mean over them of ``(SmoothL1(onset) + SmoothL1(offset)) / length + 1 - IoU``.

    Parameters
    ----------
    before, after
        ``(B, T)`` distances, at least 0.
    target
        ``(B, T, 7)`` from `boundary_targets`.

    Examples
    --------
    >>> target = torch.as_tensor(boundary_targets(8, [(2, 5)], 2.0))[None]
    >>> boundary_loss(target[..., 3], target[..., 4], target).item()  # exact
    0.0
    """
    inside = target[..., 0] > 0.5
    if not inside.any():
        return (before.sum() + after.sum()) * 0
    a, b = before[inside], after[inside]
    c, d, length = target[inside][:, 3:6].unbind(1)
    off = F.smooth_l1_loss(a, c, reduction="none") + F.smooth_l1_loss(b, d, reduction="none")
    shared = torch.minimum(a, c) + torch.minimum(b, d)
    whole = torch.maximum(a, c) + torch.maximum(b, d)
    return (off / length + 1 - (shared + _SMALL) / (whole + _SMALL)).mean()


_SMALL = 1e-4


class MeldaeSpotter(SequenceSpotter):
    """See the card.

    Parameters
    ----------
    boundary
        ``intervals``: the loss of proposed intervals; ``frames``: frames beside a boundary weigh more;
        ``none``.
    ends
        Whether onset and offset are spotted too.
    """

    def __init__(self, *args: Any, boundary: str, ends: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.boundary, self.ends = boundary, ends

    def prepare(self, recordings: Sequence[SpottingRecording]) -> None:
        """Measure the mean length of movements in thinned frames, and how few frames are in them."""
        spans = []
        frames = 0
        for one in recordings:
            thin = Thinned(one, self.inputs)
            frames += len(thin.values)
            places = coded(one, self.target)
            spans += [b - a + 1 for a, b in (thin.ends(one.intervals[at]) for at in places)]  # type: ignore[index]
        self.facts = {
            "length": float(np.mean(spans)) if spans else 10.0,
            "balance": float(np.clip((frames - sum(spans)) / max(sum(spans), 1), 1, 20)),
        }

    def batches(self, recordings: Sequence[SpottingRecording]) -> Batch:
        """Cut segments of 128 frames that overlap by half."""
        rows = [part for one in recordings for part in self._segments(one)]
        x, y, shown = (np.stack(one) for one in zip(*rows, strict=True))
        return {"x": torch.as_tensor(x), "y": torch.as_tensor(y), "emotion": torch.as_tensor(shown)}

    def _segments(self, recording: SpottingRecording) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        thin = Thinned(recording, self.inputs)
        intervals, frames = recording.intervals or (), len(thin.values)
        places = coded(recording, self.target)
        ends = [thin.ends(intervals[at]) for at in places]
        y = boundary_targets(frames, ends, self.facts["length"])
        shown = np.full(frames, NEUTRAL, np.int64)
        emotions = recording.emotions or (None,) * len(intervals)
        for (a, b), at in zip(ends, places, strict=True):
            shown[a : b + 1] = emotion_code(emotions[at], recording.dataset)
        lack = max(SEGMENT - frames, 0)
        values = np.pad(thin.values, ((0, lack), (0, 0)), mode="edge")
        y, shown = np.pad(y, ((0, lack), (0, 0))), np.pad(shown, (0, lack), constant_values=NEUTRAL)
        starts = [*range(0, len(values) - SEGMENT, SEGMENT // 2), len(values) - SEGMENT]
        return [(values[s : s + SEGMENT], y[s : s + SEGMENT], shown[s : s + SEGMENT]) for s in starts]

    def _start(self, module: nn.Module, recordings: Sequence[SpottingRecording]) -> None:
        rows = [Thinned(one, self.inputs).values for one in recordings]
        spread = np.sqrt(np.mean(np.concatenate([np.diff(one, axis=0) for one in rows]) ** 2))
        module.deviation = torch.as_tensor(max(4 * float(spread), 1e-6))

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Actionness, ends, boundaries, and emotion of frames in movements."""
        said, emotion = output
        y = batch["y"]
        each = F.binary_cross_entropy_with_logits(
            said[..., 0], y[..., 0], pos_weight=said.new_tensor(self.facts["balance"]), reduction="none"
        )
        weight = 1 + NEAR_END * y[..., 6] if self.boundary == "frames" else torch.ones_like(each)
        total = (each * weight).sum() / weight.sum()
        if self.ends:
            total = total + ENDS_SHARE * sum(_end_loss(said[..., at], y[..., at]) for at in (1, 2))
        if self.boundary == "intervals":
            before, after = F.softplus(said[..., 3:]).unbind(-1)
            total = total + BOUNDARY_SHARE * boundary_loss(before, after, y)
        inside = batch["emotion"] != NEUTRAL
        if inside.any():
            total = total + CLASS_SHARE * F.cross_entropy(emotion[inside], batch["emotion"][inside])
        return total

    @property
    def road(self) -> BoundaryRoad:
        """The whole recording at once.

        ``curve`` is actionness; ``before`` and ``after`` are distances to the ends in frames at about 30 a
        second.
        """
        return BoundaryRoad(self.facts["length"])

    def exported(self) -> Exported:
        """Give a stretch of any length."""
        example = torch.randn(1, 50, CHANNELS, generator=torch.Generator().manual_seed(0))
        return Exported((CHANNELS,), (example,), ("said", "emotion"), (stretch_free(),))

    def intervals(self, recording: SpottingRecording) -> list[Interval]:
        """Decode as we read the paper: intervals proposed where a movement is likely, the best apart.

        A frame proposes the interval that its distances say, where they were taught (``boundary`` is
        ``intervals``); otherwise the likeliest onset before and offset after it. Its score is the height of
        the curve, times those of the ends where they were taught.
        """
        said = {name: np.nan_to_num(values) for name, values in self.outputs(recording).items()}
        curve = said["curve"]
        step = Thinned(recording, self.inputs).step
        fps = self.curve(recording).fps
        proposals = [self._proposed(said, int(at), step) for at in np.flatnonzero(curve >= 0.5)]
        kept: list[tuple[float, int, int, int]] = []
        for score, onset, apex, offset in sorted(proposals, key=lambda one: (-one[0], one[1])):
            if all(iou((onset, offset), (k[1], k[3])) < _OVERLAP for k in kept):
                kept.append((score, onset, apex, offset))
        return [
            Interval.from_frames(a, b, fps=fps, apex=c, score=s)
            for s, a, c, b in sorted(kept, key=lambda k: k[1])
        ]

    def _proposed(self, said: dict[str, np.ndarray], at: int, step: int) -> tuple[float, int, int, int]:
        last = len(said["curve"]) - 1
        if self.boundary == "intervals":
            onset = max(round(at - said["before"][at] * step), 0)
            offset = min(round(at + said["after"][at] * step), last)
        else:
            reach = max(round(self.facts["length"] * step), 1)
            if self.ends:
                before = said["onset"][max(at - reach, 0) : at + 1]
                after = said["offset"][at : at + reach + 1]
                onset, offset = at - len(before) + 1 + int(before.argmax()), at + int(after.argmax())
            else:
                onset, offset = _run_around(said["curve"] >= 0.5, at)
        score = float(said["curve"][at])
        if self.ends:
            score *= float(said["onset"][onset] * said["offset"][offset])
        return score, onset, at, offset


_OVERLAP = 0.2


def _run_around(high: np.ndarray, at: int) -> tuple[int, int]:
    """Find the ends of the run of true values around one.

    Examples
    --------
    >>> _run_around(np.array([0, 1, 1, 0, 1], bool), 2)
    (1, 2)
    """
    low = np.flatnonzero(~high)
    before, after = low[low < at], low[low > at]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) - 1 if len(after) else len(high) - 1


def _end_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Focal loss of bumps (as for corners: Law and Deng 2018), over how many there are."""
    p = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    top = y > 0.999
    there = -((1 - p) ** 2) * torch.log(p) * top
    away = -((1 - y) ** 4) * p**2 * torch.log(1 - p) * ~top
    return (there + away).sum() / top.sum().clamp_min(1)


@register(
    Card(
        name=NAME,
        title="MELDAE: micro-expression localisation and detection end to end",
        paper="arXiv:2510.22575",
        task="spotting",
        inputs=(ROI36,),
        claims=(
            "end-to-end localisation and detection of micro-expressions in conversations in the wild",
            "a boundary-aware loss that penalises errors of onset and offset",
        ),
        parts={
            "heads, losses, network": "our reading: no code and no full text was found",
            "input": "ours: places and motion of 18 regions",
            "loss of boundaries": "our reading: smooth L1 over the length, and 1 - IoU",
            "decoding": "our reading: intervals proposed frame by frame, overlaps left out",
        },
        published=(
            Published("WDMD", "own", "gain of F1_DR, relative or in points is not known", 0.1772, "abstract"),
        ),
        switches={
            "boundary": "how boundaries are learnt: proposed intervals, heavier frames, or not",
            "ends": "heads for onset and offset",
            "target": "which kind of movement is spotted",
        },
        choices={"boundary": ("intervals", "frames", "none"), "target": ("micro", "macro")},
        kind="reading of the abstract",
        check={"training": {"epochs": 16}},
        bibtex="@misc{meldae, title={MELDAE}, eprint={2510.22575}, archivePrefix={arXiv}}",
    )
)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    boundary: str = "intervals",
    ends: bool = True,
    target: str = "micro",
) -> MeldaeSpotter:
    """Make the spotter."""
    check_choice("boundary", boundary, ("intervals", "frames", "none"))
    check_choice("target", target, ("micro", "macro"))
    width, dilations = SIZES[preset]

    def network() -> nn.Module:
        return MeldaeNet(width, dilations)

    return MeldaeSpotter(
        NAME,
        preset,
        seed,
        {"boundary": boundary, "ends": ends, "target": target},
        ROI36,
        network,
        USUAL[preset].changed(training),
        target=target,
        boundary=boundary,
        ends=ends,
    )
