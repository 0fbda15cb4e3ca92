"""MOL: recognition, flow and landmarks learnt together from raw frames (arXiv:2506.14511).

Sizes, order of layers and losses are those of the release (CYF-cuber/MOL); written anew.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Examples
from fleeting.systems.contract import Card
from fleeting.systems.recognition._f5c import F5C
from fleeting.systems.recognition._flownet import START, FlowNet
from fleeting.systems.recognition._mirror import VaryClips
from fleeting.systems.recognition._mol_tasks import FLOW, LANDMARKS, POINTS, SIZE, JointLoss
from fleeting.systems.registry import register
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, as_rows

CLIP, FRAMES = "clip8", 8
SLOW = {"small": 0.03, "paper": 0.3}  # of the rate, for what the tasks share: 3e-5 in both presets
LOOKED_AT = 32  # rows that tell how strong movements are before training
CROP = 8  # pixels: crops of 128 from 144 lie so far from the middle at most

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
        "first weights that blur frames and see what changes; convolutions and F5C at a rate of 3e-5": (
            "our choice; drawn as usual and one rate there, see motion_start"
        ),
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
        "motion_start": "training starts at what moves, ours; without it as in the release",
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
    """Four convolutions without anything between them, as in the release; ``last`` maps come out.

    With ``blurs`` each kernel starts alike at all of its places, and so blurs before a step of two drops
    every other pixel: through kernels drawn place by place small movements of another face alias.
    """

    def __init__(self, last: int, *, blurs: bool = False) -> None:
        super().__init__(
            nn.Conv2d(1, last // 16, 4, 2),
            nn.Conv2d(last // 16, last // 4, 3, 2),
            nn.Conv2d(last // 4, last // 2, 2, 2, 1),
            nn.Conv2d(last // 2, last, 1),
        )
        with torch.no_grad():
            for layer in self if blurs else ():
                assert isinstance(layer, nn.Conv2d)
                even = layer.weight.mean((2, 3), keepdim=True) * layer.kernel_size[0]  # as strong as it was
                layer.weight.copy_(even.expand_as(layer.weight))


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
    motion_start
        Whether training starts at what moves: see `Stem` and `begin_with_motion`.
    slow
        See `rate_groups`.
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
        motion_start: bool = False,
        slow: float = 1.0,
        **f5c: Any,
    ) -> None:
        super().__init__()
        self.size, self.motion_start, self.slow = size, motion_start, slow
        side, part = size // 8, maps // 4
        self.stem = Stem(maps, blurs=motion_start)
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
        if self.flow is not None:  # a fifth less time so
            self.flow.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, clip: Tensor) -> dict[str, Tensor]:
        """Give ``logits`` of ``(N, 8, H, W)`` grey clips, and in training all that `everything` gives."""
        return self.everything(clip) if self.training else {"logits": self.features(clip)[0]}

    def features(self, clip: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give logits, frames ``(N, 8, 1, H, W)``, and F5C maps of first and second frames of pairs."""
        frames = self.prepared(clip)
        first, second = self.pairs(frames)
        return self.classify(self.woven(first, second)), frames, first, second

    def pairs(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Give F5C maps ``(N, 7, C, h, w)`` of first and second frames of pairs."""
        rows, steps = frames.shape[:2]
        maps = self.stem(frames.flatten(0, 1)).unflatten(0, (rows, steps))
        first = self.first(maps[:, :-1].flatten(0, 1)).unflatten(0, (rows, -1))
        second = self.second(maps[:, 1:].flatten(0, 1)).unflatten(0, (rows, -1))
        return first, second

    @staticmethod
    def woven(first: Tensor, second: Tensor) -> Tensor:
        """Give the maps of all pairs as the class head takes them, ``(N, C, 14, h, w)``: pair by pair."""
        return torch.stack([first, second], 2).flatten(1, 2).transpose(1, 2)

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

    def rate_groups(self) -> list[dict[str, Any]]:
        """Give the convolutions and F5C at ``slow`` times the rate, all else at the rate itself.

        The class head begins with large weights on small differences: were the two F5C of a pair to part in
        large steps, the look of a face would come through between them.
        """
        slow = [one for part in (self.stem, self.first, self.second) for one in part.parameters()]
        known = {id(one) for one in slow}
        usual = [one for one in self.parameters() if id(one) not in known]
        return [{"params": slow, "factor": self.slow}, {"params": usual}]

    def begin_with_motion(self, clip: Tensor) -> None:
        """Let the class head see only what changes in time, as much of it as makes deviation 1 in ``clip``.

        Both F5C start alike, and no kernel of the first layer says anything of a still clip: without it the
        look of a face is tens of times as strong there as its movement. Nothing keeps it so in training.
        """
        self.second.load_state_dict(self.first.state_dict())
        layer = self.classify[0]
        assert isinstance(layer, nn.Conv3d)
        with torch.no_grad():
            layer.weight.sub_(layer.weight.mean(2, keepdim=True))  # of a kernel's places in time
            seen = F.conv3d(self.woven(*self.pairs(self.prepared(clip))), layer.weight, stride=layer.stride)
            layer.weight.div_(seen.std().clamp_min(1e-6))

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


class MOLRecognizer(TorchRecognizer):
    """Tells flow and landmarks, too."""

    @property
    def stackable(self) -> bool:
        """Not: parts learn at rates of their own."""
        return False

    def prepare(self, examples: Examples) -> Rows:
        """As any network's; one that is not pre-trained begins at what changes and the mean landmarks."""
        rows, module = super().prepare(examples), self._module()
        assert isinstance(module, MOL)
        if self.start:
            return rows
        if module.motion_start:
            module.begin_with_motion(rows.inputs[0][:LOOKED_AT])
        if module.landmarks is not None:
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
    motion_start: bool = True,
    fcc: bool = True,
    ccc: bool = True,
    unused_ffn: bool = False,
    subtract_twice: bool = False,
) -> TorchRecognizer:
    """Build MOL."""
    network: dict[str, Any] = {
        "flow": FLOW_HEAD[preset] if flow_task else None,
        "landmarks": landmark_task,
        "motion_start": motion_start,
        "slow": SLOW[preset] if motion_start else 1.0,
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
        "motion_start": motion_start,
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
