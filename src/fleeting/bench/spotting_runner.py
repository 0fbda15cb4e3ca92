"""Spotters through `fleeting bench`: folds in processes or on Ray, a ledger, files and tables."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from fleeting import systems
from fleeting.bench._spotting_fit import FittedDecoder
from fleeting.bench.plan import BenchSettings, SystemSpec, import_own, read_spec
from fleeting.bench.prepare import Missing
from fleeting.bench.provenance import describe_code
from fleeting.bench.remembered import run_remembered
from fleeting.bench.runner import BenchProgress
from fleeting.bench.spotting import (
    OWN,
    FoldWork,
    SpotterSpec,
    SpottingRun,
    SpottingSettings,
    minutes_of,
    spans_of,
)
from fleeting.bench.work import one_torch_thread
from fleeting.core import Curve, UsageError
from fleeting.evaluation import Span, make_folds
from fleeting.systems import SpottingRecording

SPOTTING_BASELINES = ("training-free", "mdmd")
DECODERS = (OWN, "fleeting")


@dataclass(frozen=True)
class SpottingBench:
    """What a run over one set left; `fleeting.bench.write_spotting_bench` makes files of it.

    ``run`` holds the spotters whose folds all went well, ``failures`` one entry for each fold that did not.
    """

    data: str
    settings: BenchSettings
    specs: Mapping[str, SystemSpec]
    run: SpottingRun
    recordings: tuple[SpottingRecording, ...]
    failures: tuple[dict[str, Any], ...] = ()
    missing: tuple[Missing, ...] = ()
    resumed: int = 0


@dataclass(frozen=True)
class _Shared:
    """What all folds need; every coded movement is withheld."""

    recordings: tuple[SpottingRecording, ...]
    settings: SpottingSettings
    preset: str
    imports: tuple[str, ...]


@dataclass(frozen=True)
class _Piece:
    """One fold of one system with one seed, with the coded movements of its training part alone."""

    key: str
    label: str
    spec: SystemSpec
    seed: int
    fold_name: str
    train: tuple[int, ...]
    test: tuple[int, ...]
    coded: tuple[tuple[Any, Any, Any], ...]


def run_spotting_bench(
    system_names: Sequence[str],
    data: str,
    recordings: Sequence[SpottingRecording],
    settings: BenchSettings | None = None,
    *,
    decoders: Sequence[str] = DECODERS,
    out: str | os.PathLike[str] | None = None,
    imports: Sequence[str] = (),
    jobs: int = 1,
    ray_address: str | None = None,
    on_progress: Callable[[BenchProgress], object] | None = None,
    missing: Sequence[Missing] = (),
) -> SpottingBench:
    """Measure spotters on untrimmed recordings, fold by fold; what a killed run had done is not done again.

    What was coded in the held-out recordings stays in this process. Decoders are fitted on training subjects
    alone, see `run_spotting`.

    Parameters
    ----------
    system_names
        As `read_spec` reads them.
    data
        Name of the set, for the record.
    recordings
        With intervals.
    settings
        Protocol, folds, seeds, preset; the rest is for recognition.
    decoders
        As in `SpottingSettings`.
    out
        Folder of the ledger; ``None`` remembers nothing.
    imports, jobs, ray_address, on_progress
        As of `run_bench`.
    missing
        Recordings that could not be measured, for the record.

    Raises
    ------
    UsageError
        For an unknown system or switch, one that is no spotter, inputs that the recordings do not have, a
        protocol that the data do not allow.

    Examples
    --------
    >>> from fleeting.systems import feature_recordings
    >>> done = run_spotting_bench(["training-free"], "invented", feature_recordings(2, 1),
    ...                           BenchSettings("kfold", folds=2), decoders=["own"])
    >>> sorted(done.run.found)
    [('training-free', 'own', 0)]
    """
    chosen = settings or BenchSettings("kfold")
    for name in imports:
        import_own(name)
    specs = _check(system_names, recordings, chosen)
    how = SpottingSettings(folds=max(2, chosen.folds), decoders=tuple(decoders))
    shared = _Shared(tuple(one.sealed() for one in recordings), how, chosen.preset, tuple(imports))
    pieces = _pieces(specs, recordings, chosen, how)
    done = run_remembered(
        partial(_do, shared),
        pieces,
        data,
        out=out,
        jobs=jobs,
        ray_address=ray_address,
        on_progress=on_progress,
    )
    run = _joined(recordings, pieces, done.values, how)
    return SpottingBench(
        data, chosen, specs, run, tuple(recordings), tuple(done.failures), tuple(missing), done.resumed
    )


def _check(
    names: Sequence[str], recordings: Sequence[SpottingRecording], settings: BenchSettings
) -> dict[str, SystemSpec]:
    if not names or not recordings:
        raise UsageError("nothing to measure: name a spotter and a set with recordings")
    if len(set(names)) != len(names):
        raise UsageError(f"each system once, got {', '.join(names)}")
    hidden = [one.id for one in recordings if one.intervals is None]
    if hidden:
        raise UsageError(f"{hidden[0]}: the intervals are withheld; nothing can be scored")
    if settings.pretrain or settings.oracle_epoch or settings.validation is not None:
        raise UsageError("pretrain, oracle epoch and validation are for recognition; leave them out")
    specs: dict[str, SystemSpec] = {}
    for text in names:
        spec = read_spec(text)
        card = systems.card(spec.name)
        if card.task != "spotting":
            raise UsageError(f"system {text!r} is for {card.task}; name spotters alone, or none")
        spec.create(settings.preset)
        lost = [name for name in card.inputs if name not in recordings[0].inputs]
        if lost:
            have = ", ".join(recordings[0].inputs)
            raise UsageError(f"system {text!r} takes {lost[0]!r}; the recordings hold {have}")
        specs[text] = spec
    return specs


def _pieces(
    specs: Mapping[str, SystemSpec],
    recordings: Sequence[SpottingRecording],
    settings: BenchSettings,
    how: SpottingSettings,
) -> list[_Piece]:
    folds = make_folds(
        settings.protocol,
        subjects=[one.subject for one in recordings],
        datasets=[one.dataset for one in recordings],
        k=settings.folds,
    )
    content = _content(recordings)
    pieces = []
    for label, spec in specs.items():
        for seed in range(settings.seeds):
            for fold in folds:
                train = tuple(int(at) for at in fold.train)
                test = tuple(int(at) for at in fold.test)
                digest = spec.digest(settings.preset, asdict(how), train, test, content, _version())
                key = f"{label} {fold.name} seed {seed} {digest}"
                coded = tuple(
                    (recordings[at].intervals, recordings[at].emotions, recordings[at].units) for at in train
                )
                pieces.append(_Piece(key, label, spec, seed, fold.name, train, test, coded))
    return pieces


def _version() -> str:
    from fleeting import __version__

    return __version__


def _content(recordings: Sequence[SpottingRecording]) -> str:
    digest = hashlib.sha256()
    for one in recordings:
        digest.update(f"{one.id}\n{one.subject}\n{one.intervals}\n{one.emotions}\n{one.units}".encode())
        for name in sorted(one.inputs):
            digest.update(name.encode() + np.ascontiguousarray(one.inputs[name]).tobytes())
    return digest.hexdigest()


def _do(shared: _Shared, piece: _Piece) -> dict[str, Any]:
    """Train, run and decode in one fold; what runs in a worker."""
    for name in shared.imports:
        import_own(name)
    train = [
        replace(shared.recordings[at], intervals=intervals, emotions=emotions, units=units)
        for at, (intervals, emotions, units) in zip(piece.train, piece.coded, strict=True)
    ]
    test = [shared.recordings[at] for at in piece.test]
    options: dict[str, Any] = {"preset": shared.preset, **piece.spec.switches}
    options |= {"training": dict(piece.spec.training)} if piece.spec.training else {}
    spec = SpotterSpec(piece.spec.name, options, piece.label)
    learnt: dict[tuple[str, ...], Any] = {}
    told: dict[str, Any] = {"spans": {}, "seconds": [0.0, 0.0], "decoders": {}, "code": describe_code()}
    with one_torch_thread():
        for kind in shared.settings.kinds:
            work = FoldWork(spec, piece.seed, kind, shared.settings, learnt)
            for decoder, spans in work.run(train, test).items():
                told["spans"].setdefault(decoder, []).extend(asdict(one) for one in spans)
                told["decoders"].setdefault(decoder, []).append(asdict(work.decoders[decoder]))
            told["seconds"] = (np.array(told["seconds"]) + work.spent).tolist()
    return told


def _joined(
    recordings: Sequence[SpottingRecording],
    pieces: Sequence[_Piece],
    values: Mapping[str, Mapping[str, Any]],
    how: SpottingSettings,
) -> SpottingRun:
    """Put the folds together, of the systems of which none failed."""
    lost = {one.label for one in pieces if one.key not in values}
    found: dict[tuple[str, str, int], tuple[Span, ...]] = {}
    seconds: dict[str, tuple[float, float]] = {}
    fitted: dict[tuple[str, str], list[FittedDecoder]] = {}
    for one in pieces:
        if one.label in lost:
            continue
        told = values[one.key]
        for decoder, spans in told["spans"].items():
            key = (one.label, decoder, one.seed)
            found[key] = (*found.get(key, ()), *(Span(**span) for span in spans))
            fitted.setdefault(key[:2], []).extend(FittedDecoder(**d) for d in told["decoders"][decoder])
        before = seconds.get(one.label, (0.0, 0.0))
        seconds[one.label] = (before[0] + told["seconds"][0], before[1] + told["seconds"][1])
    return SpottingRun(
        tuple(span for one in recordings for span in spans_of(one, one.intervals or (), how.kinds)),
        found,
        minutes_of(recordings),
        float(np.median([Curve(np.zeros(len(r.times)), r.times).fps for r in recordings])),
        seconds,
        fitted,
    )
