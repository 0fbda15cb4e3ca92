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
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.spotting._sequence import Batch, SequenceSpotter, Thinned, coded
from fleeting.training import TrainingSettings, generator

EMOTIONS = ("negative", "positive", "surprise", "others", "neutral")
NEUTRAL = len(EMOTIONS) - 1
NEUTRAL_WEIGHT = 6.0
SPOT_SHARE, RECOGNISE_SHARE = 0.9, 0.1
NEGATIVE_RATIO = 4.0  # windows without a movement for each one with: 4 in CAS(ME)^3, 0.5 in SAMM-LV
_COARSE = {
    **dict.fromkeys(("negative", "anger", "disgust", "fear", "sad", "sadness", "contempt"), 0),
    **dict.fromkeys(("positive", "happy", "happiness"), 1),
    "surprise": 2,
}


def emotion_code(label: str | None) -> int:
    """Place an emotion among `EMOTIONS`; what is unknown is "others".

    Examples
    --------
    >>> [emotion_code(one) for one in ("Happiness", "fear", None)]
    [1, 0, 3]
    """
    return _COARSE.get((label or "").strip().lower(), 3)


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


def windows_of(values: np.ndarray, length: int, *, whole: bool = True) -> np.ndarray:
    """Cut windows of ``length`` that start every ``length / 2`` rows.

    Parameters
    ----------
    values
        ``(n, ...)``.
    length
        Even.
    whole
        Whether the last row is repeated so that windows reach the end. Otherwise the rows that fill no
        half window are left out, as in the released code.

    Returns
    -------
    numpy.ndarray
        ``(W, length, ...)``.

    Examples
    --------
    >>> windows_of(np.arange(7), 4).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 6]]
    >>> windows_of(np.arange(7), 4, whole=False).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 5]]
    """
    half = length // 2
    if whole:
        count = max(-(-len(values) // half) - 1, 1)
        lack = (count + 1) * half - len(values)
        values = np.concatenate([values, np.repeat(values[-1:], lack, 0)]) if lack else values
    else:
        count = max(len(values) // half - 1, 0)
    starts = np.arange(count) * half
    return values[starts[:, None] + np.arange(length)] if count else values[:0, None].repeat(length, 1)


def stitched(
    windows: np.ndarray, frames: int, *, official: bool = False, batch: int = 256, place: int = 0
) -> np.ndarray:
    """Join the values of overlapping windows.

    Parameters
    ----------
    windows
        ``(W, length, ...)``.
    frames
        Of the recording.
    official
        The released rule: whether a window is a video's first is asked of its place in the mini-batch. A
        window at the start of a batch writes all its frames, any other its second half; so a video whose
        first window stands elsewhere begins with zeros. Otherwise the first window of the video writes all.
    batch
        Size of the mini-batches, for ``official``.
    place
        Windows of other videos that ran before, for ``official``.

    Returns
    -------
    numpy.ndarray
        ``(frames, ...)``; 0 where no window wrote.

    Examples
    --------
    >>> two = np.array([[1, 1, 1, 1], [2, 2, 2, 2]])
    >>> stitched(two, 6).tolist()
    [1, 1, 1, 1, 2, 2]
    >>> stitched(two, 6, official=True, place=1).tolist()  # first half lost
    [0, 0, 1, 1, 2, 2]
    >>> stitched(two, 6, official=True, batch=1).tolist()  # each at the start of a batch: overwritten
    [1, 1, 2, 2, 2, 2]
    """
    length = windows.shape[1]
    half = length // 2
    total = np.zeros((max(frames, (len(windows) + 1) * half), *windows.shape[2:]), windows.dtype)
    for at, window in enumerate(windows):
        first = (place + at) % batch == 0 if official else at == 0
        start = at * half + (0 if first else half)
        total[start : at * half + length] = window[-(at * half + length - start) :]
    return total[:frames]


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
    ) -> None:
        super().__init__(
            system, preset, seed, switches, inputs, build, settings, target=target, one_cycle=True
        )
        self.length, self.synergy, self.stitch = length, synergy, stitch
        self.half, self.quiet_neutral, self.method = half, quiet_neutral, method
        self.weights = torch.ones(len(EMOTIONS))

    @property
    def decoding(self) -> dict[str, Any]:
        """Name and parameters for `fleeting.decode`, as released, measured on the training recordings."""
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
            [emotion_code(shown[at]) for at in places],
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

    def outputs(self, recording: SpottingRecording) -> dict[str, np.ndarray]:
        """Give ``curve`` ``(T,)``, and ``emotion`` ``(T, 5)`` shares as the synergy strategy counts them."""
        thin = Thinned(recording, self.inputs)
        official = self.stitch == "official"
        cut = from_first(windows_of(thin.values, self.length, whole=not official))
        if not len(cut):
            return {
                "curve": np.zeros(thin.frames, np.float32),
                "emotion": np.tile(np.eye(5, dtype=np.float32)[NEUTRAL], (thin.frames, 1)),
            }
        with torch.inference_mode():
            parts = [self.network(part) for part in torch.as_tensor(cut).split(self.settings.batch_size)]
        rule = {"official": official, "batch": self.settings.batch_size}
        spot, emotion = (torch.cat([one[at] for one in parts]).numpy() for at in (0, 1))
        logits = stitched(emotion, len(thin.values), **rule)  # type: ignore[arg-type]
        curve = stitched(spot, len(thin.values), **rule)  # type: ignore[arg-type]
        return {"curve": thin.spread(curve), "emotion": thin.spread(self.shares(logits))}

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """Turn logits ``(n, 5)`` into shares, the neutral one as the synergy strategy has it."""
        counted = logits.astype(np.float64)
        if self.synergy == 2:
            counted[:, NEUTRAL] = -np.inf
        elif self.synergy == 1 and self.quiet_neutral:
            counted[:, NEUTRAL] = 0.0
        grown = np.exp(counted - counted.max(1, keepdims=True))
        return (grown / grown.sum(1, keepdims=True)).astype(np.float32)

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
            vote = int(np.bincount(inside, minlength=len(EMOTIONS)).argmax())
            if self.synergy != 1 or vote != NEUTRAL:
                found.append((one, EMOTIONS[vote]))
        return found


def from_first(windows: np.ndarray) -> np.ndarray:
    """Take the first row of each window off it: motion since the window began.

    Examples
    --------
    >>> from_first(np.array([[[2.0], [5.0]]])).tolist()
    [[[0.0], [3.0]]]
    """
    return windows - windows[:, :1]


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
