"""MOL: recognition, flow and landmarks learnt together from raw frames (arXiv:2506.14511).

Sizes, order of layers and losses are those of the release (CYF-cuber/MOL); written anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Examples
from fleeting.systems.contract import Card
from fleeting.systems.recognition._f5c import F5C
from fleeting.systems.recognition._flownet import START, FlowNet
from fleeting.systems.recognition._mirror import VaryClips
from fleeting.systems.registry import register
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, as_rows

CLIP, FLOW, LANDMARKS = "clip8", "clip8-flow", "clip8-landmarks"
FRAMES, SIZE, POINTS = 8, 128, 68
CROP = 8  # pixels: crops of 128 from 144 lie so far from the middle at most
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)

CARD = Card(
    name="mol",
    title="MOL: joint estimation of micro-expression, optical flow and landmark",
    paper="arXiv:2506.14511",
    task="recognition",
    kind="re-implementation",
    inputs=(CLIP,),
    claims=(
        "flow and landmarks, learnt together with the class, teach one network the subtle motion",
        "better than the state of the art on CASME II, SAMM and SMIC, from raw frames, without apex",
    ),
    parts={
        "convolutions, F5C apart for both frames of a pair, 3-D head, landmark head": "official code",
        "flow head: FlowNetC with batch norm, kernels 6, 4, 2, features joined at an eighth": "official code",
        "44,105,379 parameters for five classes": "official code, counted",
        "loss: 1 class + 10 flow + 0.1 landmarks": "official code (its README; the default is 0.5)",
        "AdamW 1e-4, decay 1e-3, batch 32; about 1000 steps, here 140 epochs": "official code; epochs ours",
        "the two 1 x 1 convolutions of F5C are used": "our choice; declared and never called there",
        "f_j - f_i between channels": "paper; the release subtracts f_i twice",
        "a clip less its mean, over its greatest value": "our choice; over all of a subject's clips there",
        "all pairs of a clip in one batch: batch norms see them together": "our choice; one by one there",
        "one clip of 8 frames a movement": "our choice; several clips there",
        "random crops in training: moved by up to 8 pixels of 128": "official code, which draws 5 a clip of"
        " 144 pixels once; here drawn anew for each batch, edges repeated",
        "half of the clips mirrored in training, with flow and landmarks": "our choice",
        "flow to learn from: DIS; TV-L1 there": "our choice",
        "landmarks from the centre of the crop, in halves of it": "our choice; pixels there",
        "places start near 0, biases at 0": "our choice; normal with deviation 1 there",
        "training starts at no flow and at the mean face of the training rows": "our choice",
        "small: 64 x 64, 32 maps, a flow head a sixteenth as wide that looks 4 places around": "our choice",
    },
    faults=(
        "test clips are cut at random and counted one by one, so long videos weigh more",
        "the weights kept are those best on the test subject; the matrix printed is that of the last step",
        "mean and maximum are taken over all clips of the test subject",
        "later folds write over the file of the first",
        "flow to learn from is measured on frames that were aligned one by one: jitter goes in",
    ),
    switches={
        "flow_task": "optical flow from frame to frame as a task; needs clip8-flow to train",
        "landmark_task": "68 landmarks as a task; needs clip8-landmarks to train",
        "landmark_weight": "of that task: 0.1 as in the README of the release, 0.5 as in its code",
        "fcc": "convolution over whole lines",
        "ccc": "edges between like channels",
        "unused_ffn": "the release's: two layers of F5C are declared and never called",
        "subtract_twice": "the release's: f_j - 2 f_i between channels",
    },
    choices={"landmark_weight": (0.1, 0.5)},
    check={
        "training": {"epochs": 6, "batch_size": 4, "learning_rate": 3e-3},
        "targets": (FLOW, LANDMARKS),
        "paper_rows": 2,
    },
    bibtex="""@article{mol2025,
  title = {{MOL}: Joint Estimation of Micro-Expression, Optical Flow, and Landmark via Transformer-Graph-Style
    Convolution},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year = {2025},
  doi = {10.1109/TPAMI.2025.3581162}
}""",
)


class Stem(nn.Sequential):
    """Four convolutions without anything between them, as in the release; ``last`` maps come out."""

    def __init__(self, last: int) -> None:
        super().__init__(
            nn.Conv2d(1, last // 16, 4, 2),
            nn.Conv2d(last // 16, last // 4, 3, 2),
            nn.Conv2d(last // 4, last // 2, 2, 2, 1),
            nn.Conv2d(last // 2, last, 1),
        )


class MOL(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    size
        Pixels that frames are brought to, 64 or 128.
    maps
        Of F5C.
    length
        Of its kernels, see `F5C`.
    flow
        Options of the flow head; ``None`` leaves it out.
    landmarks
        Whether there is a landmark head.
    hidden
        Of the dense layers of the class head; the landmark head's are twice as wide.
    **f5c
        Further options of `F5C`.
    """

    def __init__(
        self,
        classes: int,
        *,
        size: int,
        maps: int,
        length: int,
        hidden: int,
        flow: Mapping[str, int] | None,
        landmarks: bool,
        **f5c: Any,
    ) -> None:
        super().__init__()
        self.size = size
        side, part = size // 8, maps // 4
        self.stem = Stem(maps)
        self.first, self.second = (F5C(maps, side, length, **f5c) for _ in range(2))
        seen = part * (side // 4) ** 2 * 5  # 14 maps in time: 10 after the convolution, 5 after pooling
        self.classify = nn.Sequential(
            nn.Conv3d(maps, part, (5, 2, 2), (1, 2, 2)),  # time first here
            nn.MaxPool3d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(seen, hidden),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(hidden, classes),
        )
        self.landmarks = (
            nn.Sequential(
                nn.Conv2d(maps, part, 3),
                nn.Flatten(),
                nn.Linear(part * (side - 2) ** 2, 2 * hidden),
                nn.ReLU(),
                nn.Linear(2 * hidden, 2 * POINTS),
            )
            if landmarks
            else None
        )
        self.flow = None if flow is None else FlowNet(2 * maps, **flow)

    def forward(self, clip: Tensor) -> dict[str, Tensor]:
        """Give ``logits`` of ``(N, 8, H, W)`` grey clips, and in training all that `everything` gives."""
        return self.everything(clip) if self.training else {"logits": self.features(clip)[0]}

    def features(self, clip: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give logits, frames ``(N, 8, 1, H, W)``, and F5C maps of first and second frames of pairs."""
        frames = self.prepared(clip)
        rows, steps = frames.shape[:2]
        maps = self.stem(frames.flatten(0, 1)).unflatten(0, (rows, steps))
        first = self.first(maps[:, :-1].flatten(0, 1)).unflatten(0, (rows, -1))
        second = self.second(maps[:, 1:].flatten(0, 1)).unflatten(0, (rows, -1))
        woven = torch.stack([first, second], 2).flatten(1, 2)  # (N, 14, C, h, w): pair by pair
        return self.classify(woven.transpose(1, 2)), frames, first, second

    def everything(self, clip: Tensor) -> dict[str, Tensor]:
        """Give ``logits``; ``flow`` ``(N, 7, 2, S, S)`` and ``landmarks`` ``(N, 7, 68, 2)``.

        Both in pixels of the network's frames, ``S`` each way.
        """
        logits, frames, first, second = self.features(clip)
        told = {"logits": logits}
        if self.flow is not None:
            both = torch.cat([first, second], 2).flatten(0, 1)
            pairs = (frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1))
            told["flow"] = self.flow(*pairs, both).unflatten(0, (-1, FRAMES - 1))
        if self.landmarks is not None:
            points = self.landmarks(second.flatten(0, 1)).view(-1, FRAMES - 1, POINTS, 2)
            told["landmarks"] = (points + 1) * (self.size / 2)
        return told

    def begin_at(self, face: Tensor) -> None:
        """Let the landmark head say these points ``(68, 2)``, pixels of ``size``, of nearly every frame."""
        assert self.landmarks is not None
        last = self.landmarks[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(START)
            last.bias.copy_((face / (self.size / 2) - 1).flatten())

    def prepared(self, clip: Tensor) -> Tensor:
        """Give frames ``(N, T, 1, S, S)``, each clip less its mean, over its then greatest value."""
        frames = clip.float()
        if frames.shape[-1] != self.size:
            frames = F.interpolate(frames, size=(self.size, self.size), mode="area")
        frames = frames - frames.mean((1, 2, 3), keepdim=True)
        return (frames / frames.amax((1, 2, 3), keepdim=True).clamp_min(1e-6))[:, :, None]


@dataclass(frozen=True)
class JointLoss:
    """Loss of flow and landmarks: the weights of both, and the ``size`` of the network's frames."""

    flow: float
    landmarks: float
    size: int

    def __call__(self, output: Mapping[str, Tensor], batch: Rows) -> Tensor:
        """Give the sum; of a task that is off, nothing."""
        total = output["logits"].new_zeros(())
        if self.flow:
            known = scaled_flow(batch.targets[FLOW], self.size)
            total = total + self.flow * F.mse_loss(output["flow"], known)
        if self.landmarks:
            known = batch.targets[LANDMARKS].float() * (self.size / SIZE)
            total = total + self.landmarks * landmark_loss(output["landmarks"], known)
        return total


def scaled_flow(flow: Tensor, size: int) -> Tensor:
    """Bring flow ``(N, T, H, W, 2)`` to ``(N, T, 2, size, size)``, in pixels of that size.

    Examples
    --------
    >>> scaled_flow(torch.full((1, 1, 4, 4, 2), 3.0), 2).flatten().tolist()
    [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]
    """
    planes = flow.float().flatten(0, 1).permute(0, 3, 1, 2)
    if flow.shape[2] != size:
        planes = F.interpolate(planes, size=(size, size), mode="area") * (size / flow.shape[2])
    return planes.unflatten(0, flow.shape[:2])


def pupil_distance(points: Tensor) -> Tensor:
    """Give the distance of the centres of both eyes of ``(..., 68, 2)`` points."""
    return (points[..., RIGHT_EYE, :].mean(-2) - points[..., LEFT_EYE, :].mean(-2)).norm(dim=-1)


def landmark_loss(found: Tensor, known: Tensor) -> Tensor:
    """Give the absolute error of ``(N, T, 68, 2)``: over points and pupil distance, summed over frames.

    Examples
    --------
    >>> known = torch.zeros(1, 7, 68, 2)
    >>> known[:, :, LEFT_EYE, 0] = 10
    >>> round(landmark_loss(known + 1, known).item(), 3)  # two coordinates wrong by a tenth, seven frames
    1.4
    """
    apart = pupil_distance(known).clamp_min(1e-6)
    return ((found - known).abs().sum((2, 3)) / apart).sum(1).mean() / POINTS


class MOLRecognizer(TorchRecognizer):
    """Tells flow and landmarks, too."""

    def prepare(self, examples: Examples) -> Rows:
        """As any network's; one that is not pre-trained begins with the mean landmarks of these rows."""
        rows, module = super().prepare(examples), self._module()
        assert isinstance(module, MOL)
        if module.landmarks is not None and not self.start:
            module.begin_at(rows.targets[LANDMARKS].float().mean((0, 1)) * (module.size / SIZE))
        return rows

    def tell(self, examples: Examples) -> dict[str, Tensor]:
        """Give what `MOL.everything` gives, of pixels of `clip8`; raises UsageError before `fit`."""
        module = self._module()
        assert isinstance(module, MOL)
        (clips,) = as_rows(examples, self.inputs).inputs
        with torch.no_grad():
            parts = [module.everything(one) for one in clips.split(16)]
        scale = SIZE / module.size
        told = {name: torch.cat([one[name] for one in parts]) for name in parts[0]}
        if "landmarks" in told:
            told["landmarks"] = told["landmarks"] * scale
        if "flow" in told:
            small = told["flow"].flatten(0, 1)
            large = F.interpolate(small, size=(SIZE, SIZE), mode="bilinear", align_corners=False) * scale
            told["flow"] = large.unflatten(0, (-1, FRAMES - 1))
        return told


SIZES: dict[str, dict[str, Any]] = {
    "small": {"size": 64, "maps": 32, "length": 8, "hidden": 64},
    "paper": {"size": 128, "maps": 128, "length": 32, "hidden": 256},
}
FLOW_HEAD = {"small": {"width": 4, "reach": 4, "step": 1}, "paper": {"width": 64, "reach": 10, "step": 2}}
PRESETS = {
    "small": TrainingSettings(
        epochs=40,
        batch_size=16,
        learning_rate=1e-3,
        optimizer="adamw",
        weight_decay=1e-3,
        balance="sqrt",
        augment=True,
    ),
    "paper": TrainingSettings(
        epochs=140, batch_size=32, learning_rate=1e-4, optimizer="adamw", weight_decay=1e-3, augment=True
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    flow_task: bool = True,
    landmark_task: bool = True,
    landmark_weight: float = 0.1,
    fcc: bool = True,
    ccc: bool = True,
    unused_ffn: bool = False,
    subtract_twice: bool = False,
) -> TorchRecognizer:
    """Build MOL."""
    network: dict[str, Any] = {
        "flow": FLOW_HEAD[preset] if flow_task else None,
        "landmarks": landmark_task,
        "feed_forward": not unused_ffn,
        "twice": subtract_twice,
        "fcc": fcc,
        "ccc": ccc,
        **SIZES[preset],
    }
    switches = {
        "flow_task": flow_task,
        "landmark_task": landmark_task,
        "landmark_weight": landmark_weight,
        "fcc": fcc,
        "ccc": ccc,
        "unused_ffn": unused_ffn,
        "subtract_twice": subtract_twice,
    }
    loss = JointLoss(10.0 * flow_task, landmark_weight * landmark_task, SIZES[preset]["size"])
    return MOLRecognizer(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: MOL(classes, **network),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches=switches,
        extra=loss if flow_task or landmark_task else None,
        augment=VaryClips(FLOW, LANDMARKS, CROP),
        targets=tuple(name for name, on in ((FLOW, flow_task), (LANDMARKS, landmark_task)) if on),
    )
