"""What a system is: its card, and what a recogniser, a detector of action units and a spotter can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np

from fleeting.core import Curve, Examples, Interval, ShapeError, UsageError

Preset = Literal["small", "paper"]
PRESETS: tuple[Preset, ...] = ("small", "paper")
TASKS = ("recognition", "au", "spotting", "flow", "gaze", "language", "other")


@dataclass(frozen=True, slots=True)
class Published:
    """A number that others published: never mixed with what was measured here.

    Parameters
    ----------
    dataset, protocol
        What it was measured on, and how.
    metric
        Such as ``UF1``.
    value
        As published, a share rather than percent.
    source
        Who says so, and how sure it is: ``abstract``, ``official log``, ``third-party summary``.
    """

    dataset: str
    protocol: str
    metric: str
    value: float
    source: str


@dataclass(frozen=True)
class Card:
    """What is known of a system before it is run.

    Parameters
    ----------
    name
        As in ``systems.create(name)``.
    title, paper
        Title, and where it stands (arXiv id, DOI).
    task
        One of ``recognition``, ``au``, ``spotting``, ``flow``, ``gaze``, ``language``, ``other``.
    inputs
        Names of the representations it takes, such as ``("flowmap28",)``.
    claims
        What its abstract claims.
    parts
        Part of the system -> where it comes from: ``official code``, ``paper``, ``our reading``...
    published
        Numbers of others.
    faults
        Known faults of the release or the paper.
    switches
        Component that can be switched -> what it does. A switch is a keyword of the builder.
    choices
        For a switch that is not on or off: the values it takes.
    kind
        ``reading of the abstract``, ``re-implementation`` or ``baseline``; never "reproduction" without
        proof.
    check
        Options of `create` that the battery of checks uses, such as ``{"training": {"epochs": 40}}``; beside
        them ``targets``, further arrays that a loss needs, and ``paper_rows``, how many rows a heavy
        ``paper`` preset is tried on.
    learns
        Whether it can overfit: the majority class cannot.
    bibtex
        How to cite it.

    Raises
    ------
    UsageError
        For an unknown task, no input, or choices of something that is no switch.
    """

    name: str
    title: str
    paper: str
    task: str
    inputs: tuple[str, ...]
    claims: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    faults: tuple[str, ...] = ()
    switches: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    kind: str = "baseline"
    check: Mapping[str, Any] = field(default_factory=dict)
    learns: bool = True
    bibtex: str = ""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UsageError(
                f"card {self.name!r}: task: expected one of {', '.join(TASKS)}, got {self.task!r}"
            )
        if not self.inputs or isinstance(self.inputs, str):
            raise UsageError(f"card {self.name!r}: inputs: expected names of representations as a tuple")
        stray = set(self.choices) - set(self.switches)
        if stray:
            raise UsageError(f"card {self.name!r}: choices of what is no switch: {', '.join(sorted(stray))}")


@runtime_checkable
class Recognizer(Protocol):
    """Says which class a sample is of.

    A system that can start from what it learnt elsewhere also has ``pretrain(examples) -> self``, and one
    that can be used without torch ``export(folder)``.
    """

    classes: tuple[str, ...]

    def fit(self, train: Examples, validation: Examples | None = None) -> Self:
        """Learn from labelled rows; ``validation`` holds other subjects of the training part, no test row."""
        ...

    def predict(self, samples: Examples) -> np.ndarray:
        """Give ``(N, C)`` scores in 0..1, rows sum to 1. Labels of ``samples`` are never looked at."""
        ...

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        ...

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights that `save` wrote."""
        ...


@runtime_checkable
class AUDetector(Recognizer, Protocol):
    """The same for several labels at once: ``labels`` are ``(N, C)`` of 0 and 1, rows need not sum to 1."""


@dataclass(frozen=True)
class SpottingRecording:
    """What a spotter sees of one untrimmed video: a row for each frame, and the coded movements.

    Parameters
    ----------
    id, subject, dataset
        ``subject`` is always ``dataset/subject``.
    times
        ``(T,)`` seconds, rising.
    inputs
        Arrays ``(T, ...)`` by the name of the representation.
    intervals
        What was coded; empty where nothing moved; ``None`` where it is withheld.
    emotions, units
        Of each interval, where they were coded: its emotion, and its action units.
    """

    id: str
    subject: str
    dataset: str
    times: np.ndarray
    inputs: Mapping[str, np.ndarray]
    intervals: tuple[Interval, ...] | None = None
    emotions: tuple[str, ...] | None = None
    units: tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self) -> None:
        for name, told in (("emotions", self.emotions), ("units", self.units)):
            if told is not None and len(told) != len(self.intervals or ()):
                raise ShapeError(
                    f"{self.id}: {name}: expected one for each of {len(self.intervals or ())} intervals,"
                    f" got {len(told)}"
                )
        for name, values in self.inputs.items():
            if len(values) != len(self.times):
                raise ShapeError(
                    f"{self.id}: {name}: expected {len(self.times)} rows, one a frame, got {len(values)}"
                )

    def sealed(self) -> SpottingRecording:
        """Give the same recording with the intervals withheld."""
        return SpottingRecording(self.id, self.subject, self.dataset, self.times, self.inputs)


@runtime_checkable
class Spotter(Protocol):
    """Says for every frame how likely a movement is; decoding is `fleeting.decode`'s."""

    def fit(self, recordings: Sequence[SpottingRecording]) -> Self:
        """Learn from recordings with coded movements."""
        ...

    def curve(self, recording: SpottingRecording) -> Curve:
        """Give one value for each frame; intervals of ``recording`` are never looked at."""
        ...

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``card.json`` and ``weights.safetensors``."""
        ...

    def load(self, folder: str | PathLike[str]) -> Self:
        """Take the weights that `save` wrote."""
        ...
