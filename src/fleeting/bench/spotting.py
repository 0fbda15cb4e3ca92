"""Spotters x decoders x folds by subject x seeds: curves, intervals, strict scores, subjects resampled.

The road: `run_spotting` trains a spotter on the training part of each fold, takes its curves of sealed
recordings, fits each decoder on training subjects alone and keeps all intervals; `score_spotting_run` scores
them, `spotting_table` writes a table.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from fleeting import systems
from fleeting.bench._spotting_fit import FittedDecoder, fit_decoder
from fleeting.core import Curve, Interval, UsageError
from fleeting.evaluation import Fold, Span, check_apart, kfold
from fleeting.facs import coarse_emotion
from fleeting.io import write_atomic
from fleeting.systems import SpottingRecording

KINDS = ("micro", "macro")
OWN = "own"
INNER = 4  # of so many parts of the training subjects one gives curves for the decoders
RAW = ("roi36", "regions", "roi10")  # positions of face regions, the best first
Say = Callable[[str], None]


@dataclass(frozen=True)
class SpotterSpec:
    """A spotter that takes part.

    Parameters
    ----------
    system
        Registered name.
    options
        For `fleeting.systems.create`: preset, training, switches.
    label
        How tables call it; the name of the system by default.
    """

    system: str
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def name(self) -> str:
        """Name in tables."""
        return self.label or self.system


@dataclass(frozen=True)
class SpottingSettings:
    """How spotters are compared.

    Parameters
    ----------
    folds, seeds
        Folds by subject; each seed trains anew on the same folds.
    kinds
        Kinds of movement, each looked for by itself. A system with the switch ``target`` is trained for
        each, unless its attribute ``both`` says that one network speaks of both.
    decoders
        Names of decoders, fitted on training subjects; ``own`` is the decoder that the system was released
        with, which needs no fit.
    inner
        Whether the curves that decoders are fitted on come from a network that has not seen them: one of
        four parts of the training subjects is held out for it. Otherwise they are curves of what was
        trained on, which flatter.
    """

    folds: int = 5
    seeds: tuple[int, ...] = (0,)
    kinds: tuple[str, ...] = KINDS
    decoders: tuple[str, ...] = ("fixed", "fleeting")
    inner: bool = True

    def __post_init__(self) -> None:
        if self.folds < 2 or not self.seeds or not self.decoders or not set(self.kinds) <= set(KINDS):
            raise UsageError("expected two folds at least, a seed, a decoder, and kinds of micro and macro")


@dataclass(frozen=True)
class SpottingRun:
    """What was found: spans by (spotter, decoder, seed), the truth, and the time that was watched.

    ``minutes`` counts each dataset/subject once; ``seconds`` is processor time of training and of running
    by spotter, over all folds, kinds and seeds.
    """

    truth: tuple[Span, ...]
    found: dict[tuple[str, str, int], tuple[Span, ...]]
    minutes: dict[str, float]
    fps: float
    seconds: dict[str, tuple[float, float]]
    decoders: dict[tuple[str, str], list[FittedDecoder]]


def run_spotting(
    recordings: Sequence[SpottingRecording],
    specs: Sequence[SpotterSpec],
    settings: SpottingSettings | None = None,
    *,
    say: Say | None = None,
    store: str | PathLike[str] | None = None,
) -> SpottingRun:
    """Train, run and decode each spotter in each fold; held-out recordings are sealed.

    Parameters
    ----------
    recordings
        With intervals, of several subjects, all at about one frame rate.
    specs
        Spotters.
    settings
        How.
    say
        Called with a line after each training.
    store
        Folder in which trained spotters are kept: a run that was cut off goes on, and other decoders are
        tried without training again. What is kept is known by system, options, seed and recordings, not by
        the version of the code: clear it yourself.

    Returns
    -------
    SpottingRun

    Raises
    ------
    UsageError
        Where intervals are withheld, or there are fewer subjects than folds.
    """
    chosen = settings or SpottingSettings()
    hidden = [one.id for one in recordings if one.intervals is None]
    if hidden:
        raise UsageError(f"{hidden[0]}: the intervals are withheld; nothing can be scored")
    subjects = np.array([one.subject for one in recordings])
    folds = kfold(subjects, chosen.folds)
    found: dict[tuple[str, str, int], list[Span]] = {}
    spent: dict[str, np.ndarray] = {}
    fitted: dict[tuple[str, str], list[FittedDecoder]] = {}
    for spec in specs:
        known: dict[str, Curve] = {}
        for seed in chosen.seeds:
            for fold in folds:
                check_apart(fold, subjects)
                learnt: dict[tuple[str, ...], Any] = {}  # networks that speak of both kinds
                for kind in chosen.kinds:
                    work = FoldWork(spec, seed, kind, chosen, learnt, store, known)
                    spans = work.run(
                        [recordings[at] for at in fold.train], [recordings[at] for at in fold.test]
                    )
                    for decoder, one in spans.items():
                        found.setdefault((spec.name, decoder, seed), []).extend(one)
                        fitted.setdefault((spec.name, decoder), []).append(work.decoders[decoder])
                    spent[spec.name] = spent.get(spec.name, np.zeros(2)) + work.spent
                    if say is not None:
                        say(f"{spec.name}: seed {seed}, fold {fold.name}, {kind}: {work.spent.sum():.0f} s")
    return SpottingRun(
        tuple(span for one in recordings for span in spans_of(one, one.intervals or (), chosen.kinds)),
        {key: tuple(spans) for key, spans in found.items()},
        minutes_of(recordings),
        float(np.median([Curve(np.zeros(len(r.times)), r.times).fps for r in recordings])),
        {name: (float(one[0]), float(one[1])) for name, one in spent.items()},
        fitted,
    )


class FoldWork:
    """One spotter, seed, kind and fold."""

    def __init__(
        self,
        spec: SpotterSpec,
        seed: int,
        kind: str,
        settings: SpottingSettings,
        learnt: dict[tuple[str, ...], Any],
        store: str | PathLike[str] | None = None,
        known: dict[str, Curve] | None = None,
    ) -> None:
        self.spec, self.seed, self.kind, self.settings = spec, seed, kind, settings
        self.learnt, self.store = learnt, store
        self.known = {} if known is None else known  # curves of a system that learns nothing
        self.spent = np.zeros(2)
        self.decoders: dict[str, FittedDecoder] = {}

    def run(
        self, train: Sequence[SpottingRecording], test: Sequence[SpottingRecording]
    ) -> dict[str, list[Span]]:
        """Give the spans of the test part by decoder."""
        learns = systems.card(self.spec.system).learns
        system = self._trained(train)
        asked = [name for name in self.settings.decoders if name != OWN]
        inner, judge = train, system
        if asked and learns and self.settings.inner:
            part = inner_part(train)
            judge = self._trained([train[at] for at in part.train])
            inner = [train[at] for at in part.test]
        curves = [self._curve(judge, one) for one in inner] if asked else []
        truths = [[i for i in one.intervals or () if i.kind == self.kind] for one in inner]
        lengths = [i.duration_s for one in train for i in one.intervals or () if i.kind == self.kind]
        under = [raw_signals(one) for one in inner]
        self.decoders = {
            name: fit_decoder(name, curves, truths, lengths_s=lengths, signals=under) for name in asked
        }
        if OWN in self.settings.decoders:
            told = dict(getattr(system, "decoding", {"method": "fixed"}))
            self.decoders[OWN] = FittedDecoder(told.pop("method"), told)
        spans: dict[str, list[Span]] = {name: [] for name in self.decoders}
        for recording in test:
            curve = self._curve(system, recording)
            for name, decoder in self.decoders.items():
                spans[name] += self._named(
                    system, recording, self._decoded(system, recording, curve, name, decoder)
                )
        return spans

    def _decoded(
        self, system: Any, recording: SpottingRecording, curve: Curve, name: str, decoder: FittedDecoder
    ) -> list[Interval]:
        if name == OWN and hasattr(system, "intervals"):
            own = list(system.intervals(recording.sealed()))
            # a system that looks for one kind at a time means that kind, whatever the length
            return own if hasattr(system, "target") else [one for one in own if one.kind == self.kind]
        return decoder(curve, raw_signals(recording))

    def _trained(self, recordings: Sequence[SpottingRecording]) -> Any:
        key = tuple(one.id for one in recordings)
        if key in self.learnt:
            made = copy(self.learnt[key])
            made.target = self.kind
            return made
        options = dict(self.spec.options)
        if "target" in systems.defaults(self.spec.system):
            options["target"] = self.kind
        made = systems.create(self.spec.system, seed=self.seed, **options)
        home = None
        if self.store is not None and systems.card(self.spec.system).learns:
            home = Path(self.store) / _key(self.spec.system, options, self.seed, recordings)
        if home is not None and (home / "seconds.json").exists():
            made.load(home)
            self.spent[0] += json.loads((home / "seconds.json").read_text())
        else:
            start = process_time()
            made.fit(recordings)
            took = process_time() - start
            self.spent[0] += took
            if home is not None:
                made.save(home)
                write_atomic(home / "seconds.json", json.dumps(took))  # last: what is there is whole
        if getattr(made, "both", False):
            self.learnt[key] = made
        return made

    def _curve(self, system: Any, recording: SpottingRecording) -> Curve:
        if recording.id in self.known:
            return self.known[recording.id]
        start = process_time()
        found: Curve = system.curve(recording.sealed())
        self.spent[1] += process_time() - start
        if not systems.card(self.spec.system).learns:
            self.known[recording.id] = found
        return found

    def _named(self, system: Any, recording: SpottingRecording, found: Sequence[Interval]) -> list[Span]:
        """Make spans, with emotions where the system names them."""
        shown: Sequence[tuple[Interval, str | None]] = [(one, None) for one in found]
        if hasattr(system, "expressions"):
            shown = system.expressions(recording.sealed(), found)
        subject = recording.subject.partition("/")[2]
        return [
            Span(
                recording.id,
                one.onset_frame,
                one.offset_frame,
                self.kind,
                subject,
                recording.dataset,
                emotion,
                one.score,
                one.apex_frame,
            )
            for one, emotion in shown
        ]


def _key(system: str, options: Mapping[str, Any], seed: int, recordings: Sequence[SpottingRecording]) -> str:
    """Name a training by all that goes into it, but for the code."""
    told = hashlib.sha256(json.dumps([system, options, seed], sort_keys=True).encode())
    for one in recordings:
        told.update(f"{one.id} {one.intervals} {one.emotions}".encode())
        for name, values in sorted(one.inputs.items()):
            told.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return f"{system}-{told.hexdigest()[:16]}"


def inner_part(recordings: Sequence[SpottingRecording]) -> Fold:
    """Hold out a part of the training subjects, the first of several by `kfold`."""
    subjects = np.array([one.subject for one in recordings])
    if len(set(subjects.tolist())) < 2:
        raise UsageError("one training subject is too few: decoders are fitted on people new to the network")
    return kfold(subjects, min(INNER, len(set(subjects.tolist()))))[0]


def raw_signals(recording: SpottingRecording) -> np.ndarray | None:
    """Give the positions of face regions that a recording holds, ``None`` where it holds none."""
    return next((recording.inputs[name] for name in RAW if name in recording.inputs), None)


def spans_of(recording: SpottingRecording, intervals: Sequence[Interval], kinds: Sequence[str]) -> list[Span]:
    """Give the intervals of some kinds as spans, their emotions sorted as spotters name them."""
    shown = recording.emotions or (None,) * len(intervals)
    subject, dataset = recording.subject.partition("/")[2], recording.dataset
    return [
        Span.from_interval(
            one,
            recording.id,
            subject=subject,
            dataset=dataset,
            emotion=coarse_emotion(emotion, dataset, unknown="others") if emotion else None,
        )
        for one, emotion in zip(intervals, shown, strict=True)
        if one.kind in kinds
    ]


def minutes_of(recordings: Sequence[SpottingRecording]) -> dict[str, float]:
    """Give how many minutes each subject was watched."""
    total: dict[str, float] = {}
    for one in recordings:
        step = float(np.median(np.diff(one.times))) if len(one.times) > 1 else 0.0
        seconds = float(one.times[-1] - one.times[0]) + step if len(one.times) else 0.0
        total[one.subject] = total.get(one.subject, 0.0) + seconds / 60
    return total
