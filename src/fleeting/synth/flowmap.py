"""Flow maps without pixels: ``u``, ``v`` and strain from onset to apex, thousands a second, with their truth.

A map is the motion of action units on a person's face (see ``_flowmap_faces``), what is left of head motion,
blinks and gaze, seen through a crop and through the noise and smoothness of an optical-flow algorithm (see
``_flowmap_camera``). No face is rendered. ``docs/synthesis.md`` says what of this matters on real maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fleeting.core import UsageError
from fleeting.synth._flowmap_camera import crop, crop_weights, measured, min_max, strain_maps
from fleeting.synth._flowmap_faces import EYES, HEAD, Crop, Person, make_person
from fleeting.synth._flowmap_settings import FlowMapSettings
from fleeting.synth._flowmap_units import CLASSES, UNITS, draw_units, even_sets, unit_sets

Normalise = Literal["minmax", "none"]

_MAPS_A_SUBJECT = 100
_MOST_SUBJECTS = 10_000
_CHUNK = 64  # maps at a time: keeps scratch arrays inside the cache
_SPEECH = [UNITS.index(unit) for unit in (16, 18, 20, 23, 24, 25, 26)]
_SPEECH_UNIT = 0.35  # how often each of them acts in a piece of speech
_SPEECH_PERCENT = 5.0  # median size of a speaking mouth's motion


@dataclass(frozen=True)
class FlowMaps:
    """Maps and their truth.

    Parameters
    ----------
    maps
        ``(N, S, S, 3)``: u (right), v (down), strain; uint8 scaled per picture and channel, or float32 in
        pixels of the map.
    labels
        ``(N,)`` int64 into ``classes``.
    aus
        ``(N, K)`` bool, columns as ``units``.
    subjects
        ``(N,)`` such as ``synth/f0001``.
    """

    maps: np.ndarray
    labels: np.ndarray
    aus: np.ndarray
    subjects: np.ndarray
    classes: tuple[str, ...] = field(default=CLASSES)
    units: tuple[int, ...] = field(default=UNITS)

    def __len__(self) -> int:
        return len(self.labels)


def flowmaps(
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    normalise: Normalise = "minmax",
    size: int = 28,
    settings: FlowMapSettings | None = None,
) -> FlowMaps:
    """Make flow maps.

    Parameters
    ----------
    count
        Number of maps, shared out evenly over the subjects.
    seed
        Same seed and settings, same maps. A subject's maps depend on the seed and its own number alone.
    subjects
        Number of people; by default one for every 100 maps.
    normalise
        ``"minmax"`` scales each picture's channels to 0..255, as the public maps are; ``"none"`` gives
        float32 pixels.
    size
        Pixels each way, 8..40.
    settings
        What is drawn.

    Returns
    -------
    FlowMaps

    Raises
    ------
    UsageError
        For numbers out of range.

    Examples
    --------
    >>> made = flowmaps(6, seed=1, subjects=2)
    >>> made.maps.shape, made.maps.dtype, sorted(set(made.subjects.tolist()))
    ((6, 28, 28, 3), dtype('uint8'), ['synth/f0000', 'synth/f0001'])
    """
    parts = [
        subject_maps(index, number, seed=seed, normalise=normalise, size=size, settings=settings)
        for index, number in enumerate(share_out(count, subjects))
    ]
    return join(parts)


def join(parts: Sequence[FlowMaps]) -> FlowMaps:
    """Join maps of several subjects in their order.

    Examples
    --------
    >>> len(join([subject_maps(0, 2, seed=1), subject_maps(1, 3, seed=1)]))
    5
    """
    return FlowMaps(
        maps=np.concatenate([part.maps for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        aus=np.concatenate([part.aus for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
    )


def share_out(count: int, subjects: int | None) -> list[int]:
    """How many maps each subject gets; raises UsageError for numbers out of range.

    Examples
    --------
    >>> share_out(7, 3)
    [3, 2, 2]
    """
    if count < 1:
        raise UsageError(f"count: expected at least one map, got {count}")
    people = min(_MOST_SUBJECTS, max(1, count // _MAPS_A_SUBJECT)) if subjects is None else subjects
    if not 1 <= people <= min(count, _MOST_SUBJECTS):
        raise UsageError(f"subjects: expected 1..{min(count, _MOST_SUBJECTS)} for {count} maps, got {people}")
    return [count // people + (i < count % people) for i in range(people)]


def subject_maps(
    index: int,
    number: int,
    *,
    seed: int,
    normalise: Normalise = "minmax",
    size: int = 28,
    settings: FlowMapSettings | None = None,
) -> FlowMaps:
    """Make ``number`` maps of one subject; see `flowmaps`, which joins them.

    Examples
    --------
    >>> one = subject_maps(3, 2, seed=1, normalise="none")
    >>> one.maps.dtype, one.subjects.tolist()
    (dtype('float32'), ['synth/f0003', 'synth/f0003'])
    """
    if normalise not in ("minmax", "none"):
        raise UsageError(f"normalise: expected minmax or none, got {normalise!r}")
    if not 8 <= size <= 40:
        raise UsageError(f"size: expected 8..40 pixels, got {size}")
    if seed < 0:
        raise UsageError(f"seed: expected a number from 0 on, got {seed}")
    wanted = settings or FlowMapSettings()
    rng = np.random.default_rng((seed, index, 28))
    person = make_person(
        rng,
        _draw_crop(rng, wanted),
        shape=wanted.shape,
        motion=wanted.motion,
        asymmetry=wanted.asymmetry,
        extent=wanted.extent,
    )
    shares = np.array(wanted.class_shares) / sum(wanted.class_shares)
    labels = rng.choice(len(CLASSES), size=number, p=shares)
    sets = {i: unit_sets(CLASSES[i], wanted.tables, single=wanted.single_units) for i in range(3)}
    aus = draw_units(rng, labels, sets)
    if wanted.even_units:
        evenly = (rng.random(number) < wanted.even_units) & (labels < 3)
        drawn = even_sets()
        which = rng.choice(len(drawn.share), size=number, p=drawn.share)
        aus[evenly], labels[evenly] = drawn.members[which[evenly]], drawn.labels[which[evenly]]
    pieces = [
        _draw_maps(rng, person, aus[i : i + _CHUNK], wanted, size, normalise)
        for i in range(0, number, _CHUNK)
    ]
    told = _mislabel(rng, labels, wanted.label_noise)
    return FlowMaps(np.concatenate(pieces), told, aus, np.full(number, f"synth/f{index:04d}"))


def _draw_crop(rng: np.random.Generator, settings: FlowMapSettings) -> Crop:
    """Size, squeeze and place of a person's crop."""
    left, top, width, height = settings.usual_crop
    size, squeeze, x, y = settings.crop_spread * rng.normal(0, [0.07, 0.05, 0.02, 0.04])
    wide, high = width * np.exp(size - squeeze), height * np.exp(size + squeeze)
    return Crop(
        left + (width - wide) / 2 + x * width,
        top * high / height + y * height,
        float(wide),
        float(high),
    )


def _draw_maps(
    rng: np.random.Generator,
    person: Person,
    aus: np.ndarray,
    settings: FlowMapSettings,
    size: int,
    normalise: Normalise,
) -> np.ndarray:
    weights = np.concatenate(
        [_unit_weights(rng, person, aus, settings), _nuisance_weights(rng, len(aus), settings)], axis=1
    )
    return _maps_of(rng, person, weights, settings, size, normalise)


def _maps_of(
    rng: np.random.Generator,
    person: Person,
    weights: np.ndarray,
    settings: FlowMapSettings,
    size: int,
    normalise: Normalise,
) -> np.ndarray:
    """Make maps of weighted motions of a bank, as a camera and a flow algorithm see them."""
    count = len(weights)
    exact = (weights.astype(np.float32) @ person.bank.reshape(len(person.bank), -1)).reshape(
        count, *person.bank.shape[1:]
    )
    shift = settings.crop_jitter * rng.normal(size=(2, count))
    scale = np.exp(settings.crop_jitter * rng.normal(size=(2, count)))
    down, across = (crop_weights(s, z, size) for s, z in zip(shift, scale, strict=True))
    texture = crop(person.texture[None, None], down, across)
    spread = rng.normal(0, 0.4, (2, count))
    flow = measured(
        rng,
        crop(exact, down, across),
        texture,
        settings.noise_percent * np.exp(spread[0]),
        settings.smoothness_percent * np.exp(spread[1]),
        settings.outliers,
    )
    pixels = size / (100.0 * np.stack([person.crop.width * scale[1], person.crop.height * scale[0]], 1))
    flow = flow * pixels[:, :, None, None].astype(np.float32)
    planes = np.concatenate([flow, strain_maps(flow)[:, None]], axis=1)
    if normalise == "minmax":
        planes = min_max(planes)
    return np.ascontiguousarray(np.moveaxis(planes, 1, -1))


def _unit_weights(
    rng: np.random.Generator, person: Person, aus: np.ndarray, settings: FlowMapSettings
) -> np.ndarray:
    """Displacement of each unit's left and right half, ``(N, 2 K)`` percent of the eye distance."""
    count, units = aus.shape
    median, spread = settings.strength_percent
    whole = np.clip(median * np.exp(rng.normal(0, spread, count)), 0.5, 12.0)
    parts = aus * np.exp(rng.normal(0, 0.35, (count, units)))
    strength = whole[:, None] * parts / np.maximum(parts.max(1, keepdims=True), 1e-9)
    tilt = settings.asymmetry * rng.normal(0, 0.15, count)
    sides = np.exp(np.stack([tilt, -tilt], 1))
    one_sided = rng.random(count) < settings.one_sided
    sides[np.arange(count), rng.integers(2, size=count)] *= np.where(
        one_sided, rng.uniform(0, 0.25, count), 1
    )
    halves = strength[:, :, None] * sides[:, None] * person.gain
    if settings.talk_share:
        halves[:, _SPEECH] += _speech(rng, count, settings.talk_share)
    return halves.reshape(count, 2 * units)


def _speech(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """Draw what a speaking mouth does, either way, ``(N, len(_SPEECH), 2)`` percent of the eye distance."""
    talks = rng.random((count, 1)) < share
    acting = talks & (rng.random((count, len(_SPEECH))) < _SPEECH_UNIT)
    loudness = _SPEECH_PERCENT * np.exp(rng.normal(0, 0.5, (count, 1)))
    amount = acting * loudness * rng.normal(size=acting.shape)
    return amount[..., None] * np.exp(rng.normal(0, 0.2, (*acting.shape, 2)))


def _nuisance_weights(rng: np.random.Generator, count: int, settings: FlowMapSettings) -> np.ndarray:
    """Draw what head and eyes add, ``(N, len(HEAD) + len(EYES))``, hundredths of the bank's units."""
    head = rng.normal(size=(count, len(HEAD))) * [1.0, 1.0, 0.6, 0.6, 0.7, 0.7]
    head *= settings.head_percent * np.exp(rng.normal(0, settings.head_spread, (count, 1)))
    blinks = rng.random(count) < settings.blink_share
    lid = np.where(blinks, rng.normal(0, 6.0, count), 0.0)
    uneven = np.exp(settings.asymmetry * rng.normal(0, 0.2, (count, 2)))
    gaze = (rng.random(count) < settings.gaze_share)[:, None] * rng.normal(0, 3.0, (count, 2))
    eyes = np.concatenate([lid[:, None] * uneven, gaze], axis=1)
    assert eyes.shape[1] == len(EYES)
    return np.concatenate([head, eyes], axis=1)


def _mislabel(rng: np.random.Generator, labels: np.ndarray, share: float) -> np.ndarray:
    wrong = rng.random(len(labels)) < share
    return np.where(wrong, (labels + rng.integers(1, len(CLASSES), len(labels))) % len(CLASSES), labels)
