"""Inputs by name: their shape and type, and small invented examples of them for the battery of checks.

The numbers here are invented: a pattern for each class under noise. They show that a system learns at all,
and nothing about faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fleeting.core import Examples, Interval, Registry, UsageError
from fleeting.systems.contract import SpottingRecording


@dataclass(frozen=True, slots=True)
class Representation:
    """What one row of an input looks like.

    Parameters
    ----------
    shape
        Of one row: a sample, or a frame for spotters.
    dtype
        ``uint8``, ``float32``...
    low, high
        Usual range.
    meaning
        What it is, in a line.
    spread
        How much of the range invented rows fill, in standard deviations of their patterns.
    """

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    meaning: str
    spread: float = 0.25


_known: Registry[Representation] = Registry("representation")


def register_representation(name: str, one: Representation) -> Representation:
    """File a representation; the same one may be filed again.

    Raises
    ------
    UsageError
        Where the name stands for another one.
    """
    if name in _known and _known.get(name) == one:
        return one
    return _known.register(name)(one)


def representation(name: str) -> Representation:
    """Look a representation up.

    Examples
    --------
    >>> representation("flowmap28").shape
    (28, 28, 3)
    """
    return _known.get(name)


register_representation(
    "flowmap28",
    Representation(
        (28, 28, 3), "uint8", 0, 255, "u, v, strain from onset to apex, each scaled to 0..255 per picture"
    ),
)
register_representation(
    "flowmap28-return",
    Representation((28, 28, 3), "uint8", 0, 255, "the same from apex to offset: how the movement goes back"),
)
register_representation(
    "flowviews28",
    Representation(
        (2, 2, 28, 28, 3),
        "float32",
        -1,
        1,
        "left and right camera x both phases: u, v over the 99th percentile of their size, magnitude 0..1",
    ),
)
register_representation(
    "keyframes",
    Representation((3, 112, 112), "uint8", 0, 255, "grey aligned crops at onset, apex and offset"),
)
register_representation(
    "clip16",
    Representation((16, 112, 112), "uint8", 0, 255, "16 grey aligned crops, even in time, onset to offset"),
)
register_representation(
    "clip8",
    Representation((8, 128, 128), "uint8", 0, 255, "8 grey aligned crops, even in time, onset to offset"),
)
register_representation(
    "clip8-flow",
    Representation((7, 128, 128, 2), "float32", -4, 4, "flow from frame to frame of clip8, pixels"),
)
register_representation(
    "clip8-landmarks",
    Representation((7, 68, 2), "float32", 0, 128, "68 points in frames 2 to 8 of clip8, pixels: x, y"),
)
register_representation(
    "aus12",
    Representation(
        (12,), "int8", 0, 1, "AU 1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17: there or not; -1 where unknown"
    ),
)


def invented_examples(
    inputs: Sequence[str],
    count: int = 16,
    *,
    classes: Sequence[str] = ("negative", "positive", "surprise"),
    several: bool = False,
    seed: int = 0,
    noise: float = 0.5,
    targets: Sequence[str] = (),
) -> Examples:
    """Make examples that can be told apart: a smooth pattern for each class, under noise.

    Parameters
    ----------
    inputs, targets
        Names of representations; targets are further arrays that a loss needs.
    count
        Rows; two subjects hold half of them each.
    classes
        Names.
    several
        Whether several labels hold at once.
    seed
        Same seed, same rows. The patterns depend on the name of the representation alone.
    noise
        Standard deviation, patterns having 1.

    Examples
    --------
    >>> rows = invented_examples(["flowmap28"], 6)
    >>> rows.inputs["flowmap28"].shape, rows.labels.tolist()
    ((6, 28, 28, 3), [0, 1, 2, 0, 1, 2])
    """
    rng = np.random.default_rng(seed)
    names = tuple(classes)
    order = np.arange(count) % len(names)
    if several:
        labels = (rng.random((count, len(names))) < 0.4).astype(np.int64)
        labels[np.arange(count), order] = 1  # every label is there
        mixing = labels.astype(float)
    else:
        labels, mixing = order.astype(np.int64), np.eye(len(names))[order]
    ids = np.array([f"invented/{'ab'[at % 2]}/{at}" for at in range(count)])
    arrays = {name: _rows(representation(name), mixing, noise, rng) for name in (*inputs, *targets)}
    subjects = np.array([one.rpartition("/")[0] for one in ids])
    return Examples(ids, subjects, np.array(["invented"] * count), labels, names, arrays)


def _rows(one: Representation, mixing: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Rows of one representation: patterns mixed, noise, then the usual range and type."""
    patterns = np.stack([_pattern(one.shape, number) for number in range(mixing.shape[1])])
    signal = np.tensordot(mixing, patterns, 1) + noise * rng.standard_normal((len(mixing), *one.shape))
    middle, reach = (one.low + one.high) / 2, (one.high - one.low) / 2
    values = np.clip(middle + reach * signal * one.spread, one.low, one.high)
    return np.asarray(
        np.round(values) if np.issubdtype(np.dtype(one.dtype), np.integer) else values, one.dtype
    )


def _pattern(shape: tuple[int, ...], number: int) -> np.ndarray:
    """Give a smooth pattern of unit size: a few waves along each axis that differ from class to class."""
    rng = np.random.default_rng([number, *shape])
    total = np.zeros(shape)
    for _ in range(3):
        wave = np.ones(shape)
        for axis, size in enumerate(shape):
            turns, phase = rng.uniform(0.3, 2.0), rng.uniform(0, 2 * np.pi)
            line = np.cos(2 * np.pi * turns * np.arange(size) / max(size, 2) + phase)
            wave = wave * line.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        total += wave / max(wave.std(), 1e-6)
    return total / max(total.std(), 1e-6)


def invented_recordings(
    inputs: Sequence[str], count: int = 2, *, frames: int = 120, fps: float = 30.0, seed: int = 0
) -> list[SpottingRecording]:
    """Make recordings in which a pattern rises and falls twice, under noise.

    Examples
    --------
    >>> one = invented_recordings(["flowmap28"], 1)[0]
    >>> len(one.times), len(one.intervals)
    (120, 2)
    """
    if frames < 60:
        raise UsageError(f"frames: expected 60 at least, got {frames}")
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        times = np.arange(frames) / fps
        strength, found = np.zeros((frames, 1)), []
        for start in (frames // 6 + number, frames * 2 // 3 - number):
            onset, apex, offset = start, start + 5, start + 11
            strength[onset : offset + 1, 0] += np.hanning(offset - onset + 1)
            found.append(Interval.from_frames(onset, offset, fps=fps, apex=apex))
        arrays = {name: _rows(representation(name), 2 * strength, 0.3, rng) for name in inputs}
        name = f"invented/{number}"
        made.append(SpottingRecording(f"{name}/v", name, "invented", times, arrays, tuple(found)))
    return made
