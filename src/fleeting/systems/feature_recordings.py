"""Invented recordings at the level of region motion: no pixels, so that spotters learn in seconds.

Action units move the regions of the face as `fleeting.facs.au_motion` has it; blinks, talking, what the
removal of head motion leaves, drift and noise come on top. It is a model of the signals, made up by us, with
lengths and strengths in the range that the field reports. What is measured on it tells spotters apart on
this model; how good they are on faces only faces can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from fleeting import facs
from fleeting.core import Interval, UsageError
from fleeting.motion import EIGHTEEN_REGIONS, FIVE_REGIONS, TWELVE_POINTS, motion_regions
from fleeting.systems.contract import SpottingRecording
from fleeting.systems.representations import Representation, register_representation

ROI10, ROI36, ROI12 = "roi10", "roi36", "roi12"
EYE_PX = 130.0  # eye distance in the crop of 320 pixels, measured on the neutral face

register_representation(
    ROI10,
    Representation(
        (2 * len(FIVE_REGIONS),), "float32", -8, 8, "x, y of 5 regions against the first frame, px of 320"
    ),
)
register_representation(
    ROI36,
    Representation(
        (2 * len(EIGHTEEN_REGIONS),),
        "float32",
        -8,
        8,
        "x, y of 18 regions against the first frame, px of 320",
    ),
)
register_representation(
    ROI12,
    Representation(
        (len(TWELVE_POINTS), 2), "float32", -2, 2, "flow of 12 regions from the frame before, px of 320"
    ),
)

# What a small box around one of the 68 points takes part in.
_POINTS: dict[str, tuple[str, ...]] = {
    "point_18": ("brow_outer_right",), "point_19": ("brow_outer_right", "brow_inner_right"),
    "point_20": ("brow_inner_right",), "point_23": ("brow_inner_left",),
    "point_24": ("brow_inner_left", "brow_outer_left"), "point_25": ("brow_outer_left",),
    "point_28": ("nose_bridge",), "point_30": ("nose_tip",),
    "point_48": ("mouth_corner_right",), "point_54": ("mouth_corner_left",),
    "point_51": ("upper_lip_left", "upper_lip_right"), "point_57": ("lower_lip",),
    "point_62": ("upper_lip_left", "upper_lip_right", "lower_lip"),
    "brow_right": ("brow_inner_right", "brow_outer_right"),
    "brow_left": ("brow_inner_left", "brow_outer_left"),
    "mouth": ("mouth_corner_right", "mouth_corner_left", "upper_lip_left", "upper_lip_right", "lower_lip"),
    "wing_right": ("nose_side_right", "nasolabial_right"), "wing_left": ("nose_side_left", "nasolabial_left"),
    "lower_lid_right": ("lid_lower_right",), "lower_lid_left": ("lid_lower_left",),
}  # fmt: skip

_SHOWN: tuple[tuple[tuple[int, ...], str], ...] = (
    ((4,), "negative"), ((4, 7), "negative"), ((9,), "negative"), ((15,), "negative"), ((1, 4), "negative"),
    ((12,), "positive"), ((6, 12), "positive"), ((1, 2), "surprise"), ((1, 2, 25), "surprise"),
    ((14,), "others"), ((17,), "others"),
)  # fmt: skip
_SYLLABLES = ((25,), (25, 26), (20, 25), (18,), (17,))


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What happens in an invented recording.

    Parameters
    ----------
    seconds, fps
        Length and frame rate of a recording.
    micro_per_minute, macro_per_minute, blinks_per_minute
        Mean numbers of movements.
    micro_s, macro_s
        Least and most length, seconds.
    micro_strength, macro_strength
        Displacement of the strongest region at the apex, percent of the eye distance.
    hold
        Most of a macro-expression that may be spent at its apex, as a share: a smile comes at once and stays.
    steps_per_minute
        Mean number of changes that come as quickly as a movement but stay, which are not coded.
    talking
        Share of the time in which the mouth talks.
    talk_strength
        Displacement of the strongest region in a syllable, percent of the eye distance.
    speech_px
        Deviation of what moves about mouth, chin and cheeks beside the syllables while the mouth talks,
        each region its own way, pixels of the crop of 320.
    noise_px
        Deviation of the noise of a region in a frame, pixels of the crop of 320.
    head_px
        Deviation of the slow motion that all regions share because head motion was not wholly removed.
    unlike_px
        How far that differs from region to region.
    """

    seconds: float = 30.0
    fps: float = 30.0
    micro_per_minute: float = 6.0
    macro_per_minute: float = 3.0
    blinks_per_minute: float = 12.0
    micro_s: tuple[float, float] = (0.17, 0.5)
    macro_s: tuple[float, float] = (0.6, 2.5)
    micro_strength: tuple[float, float] = (1.5, 4.0)
    macro_strength: tuple[float, float] = (3.0, 8.0)
    hold: float = 0.0
    steps_per_minute: float = 0.0
    talking: float = 0.1
    talk_strength: tuple[float, float] = (2.0, 6.0)
    speech_px: float = 0.0
    noise_px: float = 0.15
    head_px: float = 0.3
    unlike_px: float = 0.1

    def __post_init__(self) -> None:
        if not (self.seconds > 2 and self.fps > 0 and 0 <= self.talking <= 1):
            raise UsageError("expected more than 2 seconds, frames, and a share of talking in 0..1")


def feature_recordings(
    subjects: int = 8,
    videos: int = 2,
    *,
    settings: FeatureSettings | None = None,
    seed: int = 0,
    name: str = "invented",
) -> list[SpottingRecording]:
    """Invent recordings of region motion with coded micro- and macro-expressions.

    Parameters
    ----------
    subjects, videos
        People, and recordings of each. People differ in strength, in noise, and in what they show.
    settings
        See `FeatureSettings`.
    seed
        Same seed, same recordings.
    name
        Of the dataset.

    Returns
    -------
    list of SpottingRecording
        With ``roi10``, ``roi36``, ``roi12``, and ``regions``, ``head``, ``openings`` for the training-free
        spotter; with intervals, emotions and units.

    Examples
    --------
    >>> one = feature_recordings(1, 1, settings=FeatureSettings(seconds=10))[0]
    >>> {key: one.inputs[key].shape for key in ("roi10", "roi36", "roi12")}
    {'roi10': (300, 10), 'roi36': (300, 36), 'roi12': (300, 12, 2)}
    """
    chosen = settings or FeatureSettings()
    found = []
    for person in range(subjects):
        habits = np.random.default_rng([seed, person])
        gain, noise = habits.uniform(0.8, 1.2), habits.uniform(0.8, 1.25)
        liking = habits.dirichlet(np.full(len(_SHOWN), 2.0))
        for number in range(videos):
            rng = np.random.default_rng([seed, person, number + 1])
            found.append(_recording(chosen, rng, (gain, noise, liking), f"{name}/s{person:02d}", number))
    return found


def _recording(
    one: FeatureSettings,
    rng: np.random.Generator,
    habits: tuple[float, float, np.ndarray],
    subject: str,
    number: int,
) -> SpottingRecording:
    gain, noise, liking = habits
    times = np.arange(round(one.seconds * one.fps)) / one.fps
    coded = _coded(one, rng, times, liking)
    skin, openings = _shared(one, rng, times)
    for interval, units, strength in coded:
        hold = rng.uniform(0, one.hold) if one.hold > 0 and interval.kind == "macro" else 0.0
        skin += gain * strength * _bump(interval, len(times), hold)[:, None, None] * _unit_motion(units)
    names = tuple(dict.fromkeys((*FIVE_REGIONS, *EIGHTEEN_REGIONS, *(f"point_{p}" for p in TWELVE_POINTS))))
    moved = EYE_PX / 100 * np.einsum("rk,tkc->trc", _mixing(names), skin)
    shape = rng.standard_normal((len(names) + len(facs.region_names()), 2))
    common, unlike = _left_of_head(one, rng, times)
    moved += common + unlike * shape[: len(names)]
    seen = moved + noise * one.noise_px * rng.standard_normal(moved.shape)
    place = {region: at for at, region in enumerate(names)}
    way = seen - seen[:1]
    twelve = way[:, [place[f"point_{p}"] for p in TWELVE_POINTS]]
    inputs = {
        ROI10: way[:, [place[r] for r in FIVE_REGIONS]].reshape(len(times), -1).astype(np.float32),
        ROI36: way[:, [place[r] for r in EIGHTEEN_REGIONS]].reshape(len(times), -1).astype(np.float32),
        ROI12: np.diff(twelve, axis=0, prepend=twelve[:1]).astype(np.float32),
    }
    whole = skin / 100 + (common + unlike * shape[len(names) :]) / EYE_PX
    whole += noise * one.noise_px / EYE_PX * rng.standard_normal(skin.shape)
    followed = [facs.region_names().index(name) for name in motion_regions()]
    head = 10 / EYE_PX * common[:, 0]
    inputs |= {
        "regions": whole[:, followed].astype(np.float32),
        "head": np.concatenate([head, 0.1 * head], 1).astype(np.float32),
        "openings": (openings + 0.01 * rng.standard_normal(openings.shape)).astype(np.float32),
    }
    dataset = subject.partition("/")[0]
    return SpottingRecording(
        f"{subject}/v{number}",
        subject,
        dataset,
        times,
        inputs,
        tuple(interval for interval, _, _ in coded),
        tuple(dict(_SHOWN)[units] for _, units, _ in coded),
        tuple(units for _, units, _ in coded),
    )


def _coded(
    one: FeatureSettings, rng: np.random.Generator, times: np.ndarray, liking: np.ndarray
) -> list[tuple[Interval, tuple[int, ...], float]]:
    """Draw the movements that count, apart from each other, by onset."""
    plans: Sequence[tuple[str, float, tuple[float, float], tuple[float, float]]] = (
        ("micro", one.micro_per_minute, one.micro_s, one.micro_strength),
        ("macro", one.macro_per_minute, one.macro_s, one.macro_strength),
    )
    found: list[tuple[Interval, tuple[int, ...], float]] = []
    busy: list[tuple[int, int]] = []
    for kind, rate, lengths, strengths in plans:
        for _ in range(max(1, rng.poisson(rate * one.seconds / 60)) if rate > 0 else 0):
            frames = max(4, round(np.exp(rng.uniform(*np.log(lengths))) * one.fps))
            onset = int(rng.integers(10, max(11, len(times) - frames - 10)))
            units = _SHOWN[int(rng.choice(len(_SHOWN), p=liking))][0]
            strength = float(rng.uniform(*strengths))
            ends = (onset, onset + frames - 1)
            if ends[1] >= len(times) - 2 or any(ends[0] < b + 12 and ends[1] > a - 12 for a, b in busy):
                continue
            busy.append(ends)
            apex = onset + max(1, round((frames - 1) * rng.uniform(0.3, 0.6)))
            interval = Interval.from_frames(
                *ends, fps=one.fps, apex=apex, kind="micro" if kind == "micro" else "macro"
            )
            found.append((interval, units, strength))
    return sorted(found, key=lambda f: f[0].onset_frame)


def _bump(interval: Interval, frames: int, hold: float = 0.0) -> np.ndarray:
    """Strength ``(T,)``: 0 one frame outside either end, 1 at the apex, raised cosines between them.

    With ``hold`` either flank is shorter by this share, and the top lasts the longer.
    """
    apex = interval.onset_frame if interval.apex_frame is None else interval.apex_frame
    t = np.arange(frames)
    up = np.clip((t - interval.onset_frame + 1) / (apex - interval.onset_frame + 1), 0, 1)
    down = np.clip((interval.offset_frame + 1 - t) / (interval.offset_frame + 1 - apex), 0, 1)
    up, down = np.minimum(up / (1 - hold), 1), np.minimum(down / (1 - hold), 1)
    return np.minimum(0.5 - 0.5 * np.cos(np.pi * up), 0.5 - 0.5 * np.cos(np.pi * down))


def _shared(
    one: FeatureSettings, rng: np.random.Generator, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw blinks and talking, which are not coded.

    Gives motion ``(T, facs regions, 2)`` in percent of the eye distance, and how bright the openings of the
    eyes (left, right) and of the mouth are, ``(T, 3)``, relative.
    """
    skin = np.zeros((len(times), len(facs.region_names()), 2))
    openings = np.ones((len(times), 3))
    for start in rng.integers(0, len(times), rng.poisson(one.blinks_per_minute * one.seconds / 60)):
        length = max(3, round(rng.uniform(0.15, 0.35) * one.fps))
        bump = np.hanning(length + 2)[1:-1][: len(times) - start]
        skin[start : start + len(bump)] += rng.uniform(3, 7) * bump[:, None, None] * _unit_motion((45,))
        openings[start : start + len(bump), :2] -= 0.4 * bump[:, None]
    talks = np.zeros(len(times))
    at, end = 0.0, 0.0
    while one.talking > 0 and at < one.seconds:
        if at >= end:  # a pause, then a stretch of talk
            at += float(rng.exponential(4 * (1 - one.talking) / one.talking))
            end = at + float(rng.uniform(2, 6))
            continue
        length = max(3, round(rng.uniform(0.15, 0.3) * one.fps))
        start = round(at * one.fps)
        bump = np.hanning(length + 2)[1:-1][: max(len(times) - start, 0)]
        units = _SYLLABLES[int(rng.integers(len(_SYLLABLES)))]
        strength = rng.uniform(*one.talk_strength)
        skin[start : start + len(bump)] += strength * bump[:, None, None] * _unit_motion(units)
        talks[start : start + len(bump)] = 1
        openings[start : start + len(bump), 2] -= 0.2 * bump
        at += 0.8 * length / one.fps
    for _ in range(rng.poisson(one.steps_per_minute * one.seconds / 60) if one.steps_per_minute > 0 else 0):
        shown = _SHOWN[int(rng.integers(len(_SHOWN)))][0]
        passed = np.clip((times - rng.uniform(0, one.seconds)) / rng.uniform(0.1, 0.6), 0, 1)
        size = rng.choice([-1, 1]) * rng.uniform(*one.macro_strength)
        skin += size * (0.5 - 0.5 * np.cos(np.pi * passed))[:, None, None] * _unit_motion(shown)
    if one.speech_px > 0:
        skin += 100 / EYE_PX * one.speech_px * _speech(rng, times, talks, one.fps)
    return skin, openings


_MOUTH = ("lip", "mouth", "chin", "jaw", "buccal", "nasolabial", "nose_side", "cheek")


def _speech(rng: np.random.Generator, times: np.ndarray, talks: np.ndarray, fps: float) -> np.ndarray:
    """Draw what regions about the mouth do beside the syllables ``(T, facs regions, 2)``, about 1."""
    width = max(1, round(0.4 * fps))
    busy = np.convolve(talks, np.hanning(width + 2)[1:-1] * 2 / (width + 1), "same").clip(0, 1)
    names = facs.region_names()
    near = np.array([any(word in name for word in _MOUTH) for name in names])
    sizes = np.where(near, rng.uniform(0.3, 1.5, len(names)), rng.uniform(0, 0.15, len(names)))
    hertz = np.exp(rng.uniform(np.log(0.5), np.log(5.0), 6))
    hertz = hertz * (1 + 0.1 * rng.standard_normal((len(names), 2, 6)))
    phase = rng.uniform(0, 2 * np.pi, (len(names), 2, 6))
    share = rng.standard_normal((len(names), 2, 6)) / np.sqrt(3) / hertz**0.5
    waves = np.zeros((len(times), len(names), 2))
    for k in range(6):
        waves += share[..., k] * np.sin(2 * np.pi * hertz[..., k] * times[:, None, None] + phase[..., k])
    moved: np.ndarray = waves * sizes[:, None] * busy[:, None, None]
    return moved


def _left_of_head(
    one: FeatureSettings, rng: np.random.Generator, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw what the removal of head motion left, pixels ``(T, 1, 2)``: shared by all regions, and not."""
    hertz = np.exp(rng.uniform(np.log(0.05), np.log(1.0), (2, 8)))
    size = 1 / hertz**0.7
    size *= 1 / np.sqrt((size**2).sum(1, keepdims=True) / 2)
    phase = rng.uniform(0, 2 * np.pi, (2, 2, 8))
    waves = [(size * np.sin(2 * np.pi * hertz * times[:, None, None] + p)).sum(-1) for p in phase]
    return one.head_px * waves[0][:, None], one.unlike_px * waves[1][:, None]


@cache
def _unit_motion(units: tuple[int, ...]) -> np.ndarray:
    """Motion ``(facs regions, 2)`` of units together, the strongest region moving by 1."""
    names = facs.region_names()
    total = np.zeros((len(names), 2))
    for unit in units:
        for part in facs.au_motion()[unit]:
            total[names.index(part.region)] += part.weight * np.array([part.dx, part.dy])
    return total / np.hypot(*total.T).max()


@cache
def _mixing(names: tuple[str, ...]) -> np.ndarray:
    """Shares ``(regions of a spotter, facs regions)``; each row sums to 1."""
    known = facs.region_names()
    shares = np.zeros((len(names), len(known)))
    for row, name in enumerate(names):
        for part in _POINTS[name]:
            shares[row, known.index(part)] = 1 / len(_POINTS[name])
    return shares
