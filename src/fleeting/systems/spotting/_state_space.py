"""What ME-TST, ME-TST+ and BoostingVRME share: windows, labels, loss, stitching, recognition after spotting.

Facts are those of the public code of ME-TST and BoostingVRME where a card does not say otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.core import Interval, UsageError
from fleeting.facs import coarse_emotion
from fleeting.models import WindowRoad, from_first, stitched, windows_of
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.representations import representation
from fleeting.systems.spotting._learning import Exported, rows_free
from fleeting.systems.spotting._sequence import Batch, SequenceSpotter, Thinned, coded
from fleeting.training import TrainingSettings, generator

__all__ = [
    "EMOTIONS",
    "WindowSpotter",
    "check_choice",
    "emotion_code",
    "frame_labels",
    "from_first",
    "start_weights",
    "stitched",
    "windows_of",
]

EMOTIONS = ("negative", "positive", "surprise", "others", "neutral")
NEGATIVE, NEUTRAL = 0, len(EMOTIONS) - 1
NEUTRAL_WEIGHT = 6.0
SPOT_SHARE, RECOGNISE_SHARE = 0.9, 0.1
UNSEEN_HALF_S = 0.2  # six frames at 30 a second
UNSEEN_SHARE = 0.2  # of frames that are not negative, above which they alone vote
NEGATIVE_RATIO = 4.0  # windows without a movement for each one with: 4 in CAS(ME)^3, 0.5 in SAMM-LV


def emotion_code(label: str | None, dataset: str | None = None) -> int:
    """Place an emotion among `EMOTIONS`, as `coarse_emotion` sorts it; what is unknown is "others".

    Examples
    --------
    >>> [emotion_code(one) for one in ("Happiness", "fear", None)]
    [1, 0, 3]
    """
    return EMOTIONS.index(coarse_emotion(label or "", dataset, unknown="others"))


def frame_labels(
    frames: int, ends: Sequence[tuple[int, int]], emotions: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Label each frame: 1 strictly between onset and offset, and the emotion there.

    Parameters
    ----------
    frames
        How many there are.
    ends
        Onset and offset of each movement.
    emotions
        Of each movement, see `emotion_code`.

    Returns
    -------
    spotting
        ``(frames,)`` float32 of 0 and 1.
    emotion
        ``(frames,)`` int64, neutral outside.

    Examples
    --------
    >>> spotting, emotion = frame_labels(6, [(1, 4)], [2])
    >>> spotting.tolist(), emotion.tolist()
    ([0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [4, 4, 2, 2, 4, 4])
    """
    spotting, emotion = np.zeros(frames, np.float32), np.full(frames, NEUTRAL, np.int64)
    for (onset, offset), code in zip(ends, emotions, strict=True):
        inside = slice(onset + 1, max(offset, onset + 1))
        if offset - onset < 2:  # too short to have an inside after thinning: the frame itself
            inside = slice(onset, offset + 1)
        spotting[inside], emotion[inside] = 1, code
    return spotting, emotion


class WindowSpotter(SequenceSpotter):
    """A network over windows of region motion that scores every frame and says what it shows.

    The network gives ``(spot, emotion)``: ``(B, T)`` in 0..1 and ``(B, T, 5)`` logits.

    Parameters
    ----------
    length
        Of a window, frames at about 30 a second: 50 for CAS(ME)^3, 30 for SAMM-LV.
    synergy
        0: neutral has no weight in training; 1: an interval that is voted neutral is taken back; 2: the
        vote is among the four emotions.
    stitch
        ``intended`` or ``official``, see `stitched`.
    half
        ``mean`` or ``median`` length of the training intervals gives the half width for decoding.
    quiet_neutral
        Whether the neutral logit counts as 0 in the vote (BoostingVRME under strategy 1).
    unseen
        ``samm`` or ``cas``: decode and name as BoostingVRME did for the unseen sets of MEGC 2025.
    decoding
        Name and parameters for `fleeting.decode`, as released.
    """

    def __init__(
        self,
        system: str,
        preset: str,
        seed: int,
        switches: Mapping[str, Any],
        inputs: str,
        build: Callable[[], nn.Module],
        settings: TrainingSettings,
        *,
        target: str,
        length: int,
        synergy: int,
        stitch: str,
        half: str = "mean",
        quiet_neutral: bool = False,
        method: str = "fixed",
        unseen: str = "none",
    ) -> None:
        super().__init__(
            system, preset, seed, switches, inputs, build, settings, target=target, one_cycle=True
        )
        self.length, self.synergy, self.stitch = length, synergy, stitch
        self.half, self.quiet_neutral, self.method = half, quiet_neutral, method
        self.unseen = unseen
        self.weights = torch.ones(len(EMOTIONS))

    @property
    def decoding(self) -> dict[str, Any]:
        """Name and parameters for `fleeting.decode`, as released, measured on the training recordings."""
        if self.unseen != "none":
            told = {"method": f"megc2025-{self.unseen}", "half_width_s": UNSEEN_HALF_S}
            return told | ({"rescale": False} if self.unseen == "samm" else {})
        told = {"method": self.method, "half_width_s": self.facts["half_width_s"], "p": 0.55}
        return told | ({"rescale": False} if self.method == "scalable" else {})

    def prepare(self, recordings: Sequence[SpottingRecording]) -> None:
        """Measure half the mean or median length of the intervals, seconds."""
        lengths = [one.intervals[at].duration_s for one in recordings for at in coded(one, self.target)]  # type: ignore[index]
        middle = np.median if self.half == "median" else np.mean
        self.facts = {"half_width_s": float(middle(lengths)) / 2 if lengths else 0.2}

    def batches(self, recordings: Sequence[SpottingRecording]) -> Batch:
        """Cut windows, label them, and leave out most of those without a movement, once."""
        parts = [self._windows(one) for one in recordings]
        x, spot, emotion = (np.concatenate(one) for one in zip(*parts, strict=True))
        holds = spot.any(1)
        outside, inside = np.flatnonzero(~holds), np.flatnonzero(holds)
        keep = min(len(outside), max(round(NEGATIVE_RATIO * len(inside)), 1))
        drawn = generator(self.seed, 0, 7).choice(outside, keep, replace=False)
        rows = np.sort(np.concatenate([inside, drawn]))
        self.weights = _class_weights(emotion[rows], 0.0 if self.synergy == 0 else NEUTRAL_WEIGHT)
        return {
            "x": torch.as_tensor(x[rows]),
            "spot": torch.as_tensor(spot[rows]),
            "emotion": torch.as_tensor(emotion[rows]),
        }

    def _windows(self, recording: SpottingRecording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        thin = Thinned(recording, self.inputs)
        places = coded(recording, self.target)
        intervals = recording.intervals or ()
        shown = recording.emotions or (None,) * len(intervals)
        labels = frame_labels(
            len(thin.values),
            [thin.ends(intervals[at]) for at in places],
            [emotion_code(shown[at], recording.dataset) for at in places],
        )
        cut = (windows_of(one, self.length) for one in labels)
        return (from_first(windows_of(thin.values, self.length)), *cut)  # type: ignore[return-value]

    def augmented(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Scale each window by 0.90, 0.91 ... 1.10."""
        scale = torch.as_tensor(rng.integers(90, 111, len(batch["x"])) / 100, dtype=torch.float32)
        return batch | {"x": batch["x"] * scale[:, None, None]}

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Least squares of the curve, and weighted cross-entropy of what is shown, over all frames."""
        spot, emotion = output
        shown = F.cross_entropy(emotion.transpose(1, 2), batch["emotion"], self.weights)
        return SPOT_SHARE * F.mse_loss(spot, batch["spot"]) + RECOGNISE_SHARE * shown

    @property
    def road(self) -> WindowRoad:
        """Windows that overlap by half, joined; the neutral emotion as the synergy strategy has it."""
        neutral = "left out" if self.synergy == 2 else "kept"
        if self.synergy == 1 and self.quiet_neutral:
            neutral = "zero"
        return WindowRoad(self.length, self.stitch == "official", self.settings.batch_size, neutral)

    def outputs(self, recording: SpottingRecording) -> dict[str, np.ndarray]:
        """Give ``curve`` ``(T,)`` and ``emotion`` ``(T, 5)`` shares."""
        found = super().outputs(recording)
        if self.unseen != "samm":
            return found
        shares = found["emotion"].copy()
        shares[:, NEGATIVE] /= np.e  # 1 off the logit
        return found | {"emotion": shares / shares.sum(1, keepdims=True)}

    def exported(self) -> Exported:
        """Give windows, any number of them."""
        channels = representation(self.inputs).shape[0]
        example = torch.randn(2, self.length, channels, generator=torch.Generator().manual_seed(0))
        return Exported((channels,), (example,), ("spot", "emotion"), tuple(rows_free()))

    def live(self) -> Any:
        """Give a `LiveCurve`, to push rows to as frames come; raises UsageError unless it is ME-TST."""
        from fleeting.systems.spotting._live import LiveCurve

        return LiveCurve(self.network, self.length)

    def expressions(
        self, recording: SpottingRecording, intervals: Sequence[Interval]
    ) -> list[tuple[Interval, str]]:
        """Name what each interval shows, by the vote of its frames; under strategy 1 some are taken back.

        Parameters
        ----------
        recording, intervals
            What was spotted in it, in its own frames.

        Returns
        -------
        list of (Interval, str)
            Emotions of `EMOTIONS`. Under strategy 1 an interval that is voted neutral is left out; under 0
            it may be called neutral.
        """
        answers = self.outputs(recording)["emotion"].argmax(1)
        found = []
        for one in intervals:
            inside = answers[one.onset_frame + 1 : one.offset_frame - 1]  # onset + 1 .. offset - 2
            if not len(inside):
                inside = answers[one.onset_frame : one.offset_frame + 1]
            if self.unseen == "samm" and (inside != NEGATIVE).mean() > UNSEEN_SHARE:
                inside = inside[inside != NEGATIVE]
            vote = int(np.bincount(inside, minlength=len(EMOTIONS)).argmax())
            if self.synergy != 1 or vote != NEUTRAL:
                found.append((one, EMOTIONS[vote]))
        return found


def check_choice(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Raise UsageError unless a switch has one of its values."""
    if value not in allowed:
        raise UsageError(f"{name}: expected {', '.join(str(one) for one in allowed)}, got {value!r}")


def _class_weights(emotions: np.ndarray, neutral: float) -> Tensor:
    """Weigh classes by the inverse of their frames, absent ones by 0, neutral times a factor."""
    counts = np.bincount(emotions.ravel(), minlength=len(EMOTIONS))
    weights = np.divide(emotions.size / len(EMOTIONS), counts, out=np.zeros(len(EMOTIONS)), where=counts > 0)
    weights[NEUTRAL] *= neutral
    if not weights.any():  # nothing but neutral frames, and they have no weight: let them count
        weights[NEUTRAL] = 1
    return torch.as_tensor(weights, dtype=torch.float32)


def start_weights(module: nn.Module) -> None:
    """Draw first weights as released: dense layers narrow and normal, last ones of a block halved."""
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Linear):
            continue
        if name.endswith("out_proj"):
            nn.init.kaiming_uniform_(layer.weight, a=5**0.5)
            with torch.no_grad():
                layer.weight /= 2  # the square root of the four layers that the release always names
        else:
            nn.init.trunc_normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
