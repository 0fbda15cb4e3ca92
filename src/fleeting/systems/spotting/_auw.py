"""What AUW-GCN and Causal-Ex share: targets, losses, the network over graphs of regions, the spotter.

Facts are those of the public code of AUW-GCN and Causal-Ex where a card does not say otherwise.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Interval, UsageError
from fleeting.models import GraphRoad, Thinning
from fleeting.nn import GraphLayer
from fleeting.spotting import decode
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.spotting._causal import (
    REGIONS,
    USUAL_UNITS,
    acting_together,
    causes,
    row_shares,
    tied_regions,
)
from fleeting.systems.spotting._learning import Exported, stretch_free
from fleeting.systems.spotting._sequence import Batch, SequenceSpotter, Thinned, coded

CONTEXT = 7  # frames on either side of a segment that help and are not scored
KINDS = ("micro", "macro")
RADIUS = {"micro": 1, "macro": 3}
START_END_NONE = (0.45, 0.45, 0.10)
MACRO_SHARE = 0.5  # 0.5 on CAS(ME)^2, 0.7 on SAMM-LV
APEX_SHARE, ACTION_SHARE = 1.8, 0.1
SPLIT_HALF = 0.5
_SMALL = 1e-5
# Frames at 30 a second: nearest and farthest end from the apex, shortest and longest interval.
REACH = {"micro": (2, 7, 5, 30), "macro": (7, 29, 15, 88)}
MOST_FOUND = 5


def targets(frames: int, movements: Sequence[tuple[int, int, int]], kind: str) -> np.ndarray:
    """Say for each frame whether it is start, end, apex, or in a movement.

    Parameters
    ----------
    frames
        How many.
    movements
        Onset, apex and offset of each.
    kind
        Starts, ends and apices reach 1 frame around for micro, 3 for macro.

    Returns
    -------
    numpy.ndarray
        ``(frames, 3)``: class 0 start, 1 end, 2 neither; apex ``exp(-d^2 / 32)``; action 0 or 1.

    Examples
    --------
    >>> classes, apex, action = targets(7, [(1, 3, 5)], "micro").T
    >>> classes.astype(int).tolist(), [round(float(v), 2) for v in apex], action.astype(int).tolist()
    ([0, 0, 0, 2, 1, 1, 1], [0.0, 0.0, 0.97, 1.0, 0.97, 0.0, 0.0], [0, 1, 1, 1, 1, 1, 0])
    """
    radius = RADIUS[kind]
    found = np.zeros((frames, 3), np.float32)
    found[:, 0] = 2
    at = np.arange(frames)
    for onset, apex, offset in movements:
        found[np.abs(at - onset) <= radius, 0] = 0
        found[np.abs(at - offset) <= radius, 0] = 1
        near = np.abs(at - apex) <= radius
        found[near, 1] = np.maximum(found[near, 1], np.exp(-((at[near] - apex) ** 2) / 32))
        found[onset : offset + 1, 2] = 1
    return found


def leaning_loss(p: Tensor, y: Tensor, share: float, *, gap: float = 0.16) -> Tensor:
    """Binary loss that weighs each frame by how far off it is, frames with a target by ``share``.

    ``-mean(share |y - p| [y > 0] log p + (1 - share) |y + gap - p| [y = 0] log(1 - p))``.

    Examples
    --------
    >>> leaning_loss(torch.tensor([0.5]), torch.tensor([1.0]), 0.9).item()  # 0.9 * 0.5 * ln 2
    0.311...
    """
    there = share * (y - p).abs() * torch.log(p + _SMALL) * (y > 0)
    away = (1 - share) * (y + gap - p).abs() * torch.log(1 - p + _SMALL) * (y == 0)
    return -(there + away).mean()


def start_end_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Focal cross-entropy of start, end and neither, ``(..., 3)`` logits.

    Examples
    --------
    >>> start_end_loss(torch.zeros(1, 3), torch.tensor([0])).item()  # 0.45 * (1 - 1/3) * ln 3
    0.329...
    """
    log = F.log_softmax(logits, -1)
    own = log.gather(-1, classes[..., None])[..., 0]
    weights = logits.new_tensor(START_END_NONE)[classes]
    return -(weights * (1 - own.exp()) * own).mean()


class AuwNet(nn.Module):
    """One or two graph layers, then convolutions over time.

    Parameters
    ----------
    graph_layers
        1 with the graph of units (AUW-GCN), 2 with the causal one first (Causal-Ex).
    pools
        Whether the greatest of two neighbours-but-one is taken between convolutions (Causal-Ex).
    width
        Of the convolutions; 64 as released.

    Examples
    --------
    >>> net = AuwNet(1)
    >>> sum(p.numel() for p in net.parameters()), net(torch.rand(2, 270, 12, 2)).shape
    (39248, torch.Size([2, 270, 10]))
    """

    graph: Tensor
    causal: Tensor
    keep: Tensor
    middle: Tensor
    deviation: Tensor

    def __init__(self, graph_layers: int = 1, *, pools: bool = False, width: int = 64) -> None:
        super().__init__()
        self.first = GraphLayer(2, 16)
        self.second = GraphLayer(16, 16) if graph_layers == 2 else None
        self.register_buffer("graph", torch.eye(REGIONS))
        self.register_buffer("causal", torch.eye(REGIONS))
        self.register_buffer("keep", torch.ones(REGIONS, 1))
        self.register_buffer("middle", torch.zeros(2))
        self.register_buffer("deviation", torch.ones(2))
        self.pools = pools
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(inside, width, kernel, padding=spread * (kernel // 2), dilation=spread, bias=False),
                nn.BatchNorm1d(width),
                nn.ReLU(),
            )
            for inside, kernel, spread in ((16 * REGIONS, 1, 1), (width, 3, 1), (width, 3, 2))
        )
        self.head = nn.Conv1d(width, 10, 3, padding=2, dilation=2, bias=False)

    def forward(self, x: Tensor, causal: Tensor | None = None) -> Tensor:
        """Give ``(B, T, 10)`` logits of flow ``(B, T, 12, 2)``; ``causal`` stands in for the frozen graph."""
        x = (x - self.middle) / self.deviation * self.keep
        if self.second is None:
            x = self.first(x, self.graph)
        else:
            x = self.second(self.first(x, self.causal if causal is None else causal), self.graph)
        x = x.flatten(2).transpose(1, 2)
        for at, layer in enumerate(self.layers):
            x = layer(x)
            if self.pools and at < 2:
                beside = F.pad(x, (1, 1), value=-torch.inf)
                x = torch.maximum(beside[..., :-2], beside[..., 2:])
        return self.head(x).transpose(1, 2)


class Debiased(nn.Module):
    """Logits less a share of what a face without differences between regions would give."""

    def __init__(self, module: nn.Module, debias: float) -> None:
        super().__init__()
        self.module, self.debias = module, debias

    def forward(self, x: Tensor, causal: Tensor | None = None) -> Tensor:
        """Give ``(B, T, 10)`` logits, see `AuwNet`."""
        logits: Tensor = self.module(x, causal)
        if self.debias:
            even = x.mean(2, keepdim=True).expand_as(x)
            logits = logits - self.debias * self.module(even, causal)
        return logits


class GraphSpotter(SequenceSpotter):
    """AUW-GCN and Causal-Ex behind the contract; one network speaks of both kinds.

    Parameters
    ----------
    segment
        Frames of a training segment beside the context.
    adjacency
        ``units``: which regions act together in the training coding; ``self``: each region alone.
    causality
        ``none``; ``fold``: found once on the training recordings and frozen; ``batch``: found anew in each
        mini-batch, trained or tested, as released, so that what runs beside a video changes its result;
        ``causal``: the causal graph alone with each region itself, without the graph of units.
    debias
        How much of what a face without differences between regions would give is taken off the logits.
    select
        Whether only the regions that are tied to coded movements are looked at, see `tied_regions`.
    """

    both = True

    def __init__(
        self,
        *args: Any,
        segment: int,
        adjacency: str,
        causality: str,
        debias: float,
        select: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.segment, self.adjacency, self.causality, self.debias = segment, adjacency, causality, debias
        self.select = select

    def batches(self, recordings: Sequence[SpottingRecording]) -> Batch:
        """Cut segments with context, zeros beyond the ends; those without any movement are left out."""
        rows = [one for recording in recordings for one in self._segments(recording)]
        if not rows:  # nothing is coded anywhere: learn that
            rows = [one for recording in recordings for one in self._segments(recording, empty=True)]
        x, y = (np.stack(one) for one in zip(*rows, strict=True))
        return {"x": torch.as_tensor(x), "y": torch.as_tensor(y)}

    def _segments(
        self, recording: SpottingRecording, *, empty: bool = False
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        flow, thin = flow_of(recording, self.inputs)
        intervals = recording.intervals or ()
        both = []
        for kind in KINDS:
            ends = [(*thin.ends(intervals[at]), thin.apex(intervals[at])) for at in coded(recording, kind)]
            both.append(targets(len(flow), [(a, c, b) for a, b, c in ends], kind))
        target = np.stack(both, 1)  # (n, 2, 3)
        found = []
        for start in range(0, len(flow), self.segment):
            part = target[start : start + self.segment]
            if not (part[:, :, 2].any() or empty):
                continue
            x = np.zeros((self.segment + 2 * CONTEXT, *flow.shape[1:]), np.float32)
            inside = flow[max(start - CONTEXT, 0) : start + self.segment + CONTEXT]
            first = max(CONTEXT - start, 0)
            x[first : first + len(inside)] = inside
            y = np.zeros((self.segment, 2, 3), np.float32)
            y[:, :, 0] = 2
            y[: len(part)] = part
            found.append((x, y))
        return found

    def _start(self, module: nn.Module, recordings: Sequence[SpottingRecording]) -> None:
        """Measure the scale of motion, and both graphs, on the training recordings."""
        both = [flow_of(one, self.inputs) for one in recordings]
        flow = np.concatenate([one for one, _ in both])
        if self.select:
            coded_frames = [_in_movements(one, thin) for one, (_, thin) in zip(recordings, both, strict=True)]
            kept = tied_regions([one for one, _ in both], coded_frames)
            module.keep = torch.as_tensor(kept[:, None], dtype=torch.float32)
        module.middle = torch.as_tensor(flow.mean((0, 1)), dtype=torch.float32)
        module.deviation = torch.as_tensor(np.maximum(flow.std((0, 1)), 1e-6), dtype=torch.float32)
        rows = [units for one in recordings for units in one.units or ()]
        together = acting_together(rows or USUAL_UNITS) if self.adjacency == "units" else np.eye(REGIONS)
        module.graph = torch.as_tensor(row_shares(together), dtype=torch.float32)
        module.causal = self._causal(together, flow if self.causality in ("fold", "causal") else None)

    def _causal(self, together: np.ndarray, flow: np.ndarray | None) -> Tensor:
        found = np.zeros((REGIONS, REGIONS)) if flow is None else causes(flow)
        base = np.eye(REGIONS) if self.causality == "causal" else together
        return torch.as_tensor(row_shares(base + found), dtype=torch.float32)

    def run(self, module: nn.Module, batch: Batch) -> Any:
        """Give logits without the context, less those of an even face."""
        x = batch["x"]
        causal = None
        if self.causality == "batch":
            found = causes(x.detach().numpy().reshape(-1, REGIONS, 2))
            causal = torch.as_tensor(row_shares(module.graph.numpy() + found), dtype=torch.float32)  # type: ignore[operator]
        logits = Debiased(module, self.debias)(x, causal)
        return logits[:, CONTEXT : logits.shape[1] - CONTEXT]

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Losses of apex, of start and end, and of action; micro, and a share of macro."""
        total = output.new_zeros(())
        p = torch.sigmoid(output[..., 6:])
        for at, share in enumerate((1.0, MACRO_SHARE)):
            classes, apex, action = batch["y"][:, :, at].unbind(-1)
            parts = leaning_loss(p[..., at], apex, 0.9) * (APEX_SHARE if at == 0 else 1.0)
            parts = parts + start_end_loss(output[..., 3 * at : 3 * at + 3], classes.long())
            total = total + share * (parts + ACTION_SHARE * leaning_loss(p[..., 2 + at], action, 0.8))
        return total

    @property
    def road(self) -> GraphRoad:
        """The whole recording with context; ``curve`` is the action of the target kind.

        Beside it stand, of each kind, apex, action, start and end.
        """
        return GraphRoad(CONTEXT, self.target)

    @property
    def curves(self) -> dict[str, str]:
        """Both kinds, the target first."""
        order = sorted(KINDS, key=lambda kind: kind != self.target)
        return {kind: f"{kind}_action" for kind in order}

    def exported_module(self) -> nn.Module:
        """Give the network, less what an even face gives."""
        return Debiased(self.network, self.debias)

    def asked(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Run the trained network on a recording; per batch the graph is found on it."""
        if self.causality != "batch":
            return super().asked(*arrays)
        x = torch.as_tensor(arrays[0])
        with torch.inference_mode():
            said = self.run(self.network, {"x": x})
        return [F.pad(said, (0, 0, CONTEXT, CONTEXT)).numpy()]

    def exported(self) -> Exported:
        """Give a stretch of any length; a graph that is found anew in each batch has no file."""
        if self.causality == "batch":
            raise UsageError(
                "graph=batch finds its graph anew in every batch, which a file cannot; train with graph=fold"
            )
        frames = 40 + 2 * CONTEXT
        example = torch.randn(1, frames, REGIONS, 2, generator=torch.Generator().manual_seed(0))
        return Exported((REGIONS, 2), (example,), ("logits",), (stretch_free(),))

    def intervals(self, recording: SpottingRecording) -> list[Interval]:
        """Decode as released: apices above one half, likeliest start and end around them, the best five."""
        said, kind = self.outputs(recording), self.target
        near, far, least, most = (frames / 30 for frames in REACH[kind])
        fps = self.curve(recording).fps
        found = decode(
            said[f"{kind}_apex"],
            fps,
            "onset-offset",
            onset_curve=said[f"{kind}_start"],
            offset_curve=said[f"{kind}_end"],
            high=SPLIT_HALF,
            relative=False,
            nearest_s=near,
            reach_s=far,
            least_s=least,
            most_s=most,
        )
        best = sorted(found, key=lambda one: -one.score)[:MOST_FOUND]
        return sorted(best, key=lambda one: one.onset_frame)


def _in_movements(recording: SpottingRecording, thin: Thinned) -> np.ndarray:
    """Say of each kept frame whether it is in a coded movement, ``(n,)`` bool."""
    inside = np.zeros(len(thin.kept), bool)
    for one in recording.intervals or ():
        a, b = thin.ends(one)
        inside[a : b + 1] = True
    return inside


def flow_of(recording: SpottingRecording, name: str) -> tuple[np.ndarray, Thinned]:
    """Give flow from kept frame to kept frame, ``(n, 12, 2)``: what lies between is added up.

    Examples
    --------
    >>> from fleeting.systems import SpottingRecording
    >>> rows = np.ones((8, 12, 2), np.float32)  # a pixel a frame, 60 frames a second
    >>> one = SpottingRecording("d/s/v", "d/s", "d", np.arange(8) / 60, {"roi12": rows})
    >>> flow_of(one, "roi12")[0][:, 0, 0].tolist()
    [0.0, 2.0, 2.0, 2.0]
    """
    summed = Thinning(recording.inputs[name], recording.times, summed=True)
    return summed.values, Thinned(recording, name)
