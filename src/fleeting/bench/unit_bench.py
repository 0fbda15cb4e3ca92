"""Action-unit systems through `fleeting bench`: several labels a row; folds, processes or Ray, a ledger."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fleeting import datasets, systems
from fleeting.bench.data import SYNTHETIC, USUAL_COUNT, USUAL_SUBJECTS, cache_folder, fingerprint, read_size
from fleeting.bench.made_sets import CLIPS, made_set
from fleeting.bench.plan import BenchSettings, SystemSpec, import_own, read_spec
from fleeting.bench.prepare import PREPARED, Missing, prepare, units_of
from fleeting.bench.provenance import describe_packages
from fleeting.bench.remembered import run_remembered
from fleeting.bench.runner import BenchProgress
from fleeting.bench.work import hide, one_torch_thread, wanted_inputs
from fleeting.core import Examples, ShapeError, UsageError
from fleeting.evaluation import Fold, make_folds
from fleeting.facs import TWELVE_UNITS

UNIT_BASELINES = ("svm-flow-au",)
CLASSES = tuple(f"au_{unit}" for unit in TWELVE_UNITS)


def load_unit_examples(
    name: str,
    root: str | os.PathLike[str] | None = None,
    *,
    inputs: Sequence[str] = ("flowmap28",),
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    **working: Any,
) -> tuple[Examples, tuple[Missing, ...]]:
    """Give a dataset with twelve action units as labels: ``(N, 12)`` of 0 and 1, rows that were coded alone.

    Parameters
    ----------
    name
        ``synth-flowmaps``, ``synth-clips``, each also with count and people; or a name of
        `fleeting.datasets.names` whose samples are coded.
    root, inputs, seed, cache, working
        As of `load_data`.

    Raises
    ------
    UsageError
        Where no sample has coded units, for an unknown name, a real set without a root.

    Examples
    --------
    >>> rows, missing = load_unit_examples("synth-flowmaps:20:4")
    >>> rows.labels.shape, rows.classes[:3]
    ((20, 12), ('au_1', 'au_2', 'au_4'))
    """
    plain, _, size = name.partition(":")
    if plain == SYNTHETIC:
        return _synthetic(*read_size(name, size), seed), ()
    folder = cache_folder() if cache is None else Path(cache)
    if plain == CLIPS:
        dataset = datasets.open("csv", made_set(name, cache=folder, seed=seed, jobs=working.get("jobs", 1)))
    else:
        datasets.get(name)
        if root is None:
            raise UsageError(f"dataset {name!r} lies in a folder of yours; give it with --root")
        dataset = datasets.open(name, Path(root))
    coded = [one for one in dataset.samples() if one.codes]
    if not coded:
        raise UsageError(f"{name}: no sample has coded action units")
    made = prepare(coded, inputs, cache=folder / PREPARED, **working)
    rows = Examples(
        ids=np.array([one.id for one in made.samples]),
        subjects=np.array([one.subject for one in made.samples]),
        datasets=np.array([one.dataset for one in made.samples]),
        labels=units_of(made.samples).astype(np.int64),
        classes=CLASSES,
        inputs=made.inputs,
        fps=np.array([one.fps or np.nan for one in made.samples], float),
    )
    return rows, made.missing


def _synthetic(count: int | None, people: int | None, seed: int) -> Examples:
    from fleeting.synth import FlowMapSettings, flowmaps

    number = count or USUAL_COUNT
    subjects = people or min(max(2, number // (USUAL_COUNT // USUAL_SUBJECTS)), number)
    made = flowmaps(number, seed=seed, subjects=subjects, settings=FlowMapSettings(even_units=0.5))
    at = [made.units.index(unit) for unit in TWELVE_UNITS]
    ids = np.array([f"{owner}/{n:05d}" for n, owner in enumerate(made.subjects)])
    owners, labels = np.asarray(made.subjects), made.aus[:, at].astype(np.int64)
    return Examples(ids, owners, np.full(len(ids), "synth"), labels, CLASSES, {"flowmap28": made.maps})


@dataclass(frozen=True)
class _Piece:
    """One fold of one system with one seed, with the labels of its training part alone."""

    key: str
    label: str
    spec: SystemSpec
    seed: int
    fold: Fold
    labels: np.ndarray

    @property
    def fold_name(self) -> str:
        return self.fold.name


@dataclass(frozen=True)
class UnitBench:
    """Scores ``(N, 12)`` in 0..1 by system and seed, of the systems whose folds all went well."""

    data: str
    settings: BenchSettings
    specs: Mapping[str, SystemSpec]
    rows: Examples
    scores: Mapping[tuple[str, int], np.ndarray]
    folds: np.ndarray
    seconds: Mapping[str, float]
    failures: tuple[dict[str, Any], ...] = ()
    missing: tuple[Missing, ...] = ()
    resumed: int = 0


def run_unit_bench(
    system_names: Sequence[str],
    data: str,
    rows: Examples,
    settings: BenchSettings | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    imports: Sequence[str] = (),
    jobs: int = 1,
    ray_address: str | None = None,
    on_progress: Callable[[BenchProgress], object] | None = None,
    missing: Sequence[Missing] = (),
) -> UnitBench:
    """Measure action-unit systems, fold by fold by subject; labels of the held-out part stay here.

    Parameters
    ----------
    system_names
        As `read_spec` reads them.
    data, rows
        Name of the set, and its rows with ``(N, C)`` labels.
    settings
        Protocol, folds, seeds, preset.
    out, imports, jobs, ray_address, on_progress, missing
        As of `run_bench`.

    Raises
    ------
    UsageError
        For a system that is not for action units, labels that are withheld, a protocol that the data do not
        allow.

    Examples
    --------
    >>> rows, _ = load_unit_examples("synth-flowmaps:24:4")
    >>> done = run_unit_bench(["svm-flow-au"], "few", rows, BenchSettings("kfold", folds=2))
    >>> done.scores["svm-flow-au", 0].shape
    (24, 12)
    """
    chosen = settings or BenchSettings("kfold")
    for name in imports:
        import_own(name)
    specs = _check(system_names, rows, chosen)
    folds = make_folds(
        chosen.protocol, subjects=rows.subjects, datasets=rows.datasets, k=max(2, chosen.folds)
    )
    pieces = _pieces(specs, rows, folds, chosen)
    work = partial(_do, rows.sealed(), chosen.preset, tuple(imports))
    done = run_remembered(
        work, pieces, data, out=out, jobs=jobs, ray_address=ray_address, on_progress=on_progress
    )
    failures = tuple(done.failures)
    bench = UnitBench(data, chosen, specs, rows, {}, np.zeros(0, str), {}, failures, tuple(missing))
    return replace(_joined(bench, pieces, done.values), resumed=done.resumed)


def _joined(bench: UnitBench, pieces: Sequence[_Piece], values: Mapping[str, Any]) -> UnitBench:
    """Put the folds together, of the systems of which none failed."""
    rows, lost = bench.rows, {one["system"] for one in bench.failures}
    scores: dict[tuple[str, int], np.ndarray] = {}
    seconds: dict[str, float] = {}
    folds = np.full(len(rows), "", object)
    for one in pieces:
        folds[one.fold.test] = one.fold.name
        if one.label in lost:
            continue
        table = scores.setdefault((one.label, one.seed), np.full((len(rows), len(rows.classes)), np.nan))
        table[one.fold.test] = values[one.key]["scores"]
        seconds[one.label] = seconds.get(one.label, 0.0) + values[one.key]["fit_s"]
    return replace(bench, scores=scores, seconds=seconds, folds=folds.astype(str))


def _check(names: Sequence[str], rows: Examples, settings: BenchSettings) -> dict[str, SystemSpec]:
    if not names or len(set(names)) != len(names):
        raise UsageError(f"name each system once, got {', '.join(names) or 'none'}")
    if rows.labels.ndim != 2 or np.any(rows.labels < 0):
        raise UsageError("action units: expected (N, C) labels of 0 and 1, none withheld")
    if settings.pretrain or settings.oracle_epoch or settings.validation is not None:
        raise UsageError("pretrain, oracle epoch and validation are for recognition; leave them out")
    specs = {}
    for text in names:
        spec = read_spec(text)
        card = systems.card(spec.name)
        if card.task != "au":
            raise UsageError(f"system {text!r} is for {card.task}; name systems for action units alone")
        lost = [one for one in wanted_inputs(spec.create(settings.preset), card.inputs)
                if one not in rows.inputs]  # fmt: skip
        if lost:
            raise UsageError(f"system {text!r} takes {lost[0]!r}; the data hold {', '.join(rows.inputs)}")
        specs[text] = spec
    return specs


def _pieces(
    specs: Mapping[str, SystemSpec], rows: Examples, folds: Sequence[Fold], settings: BenchSettings
) -> list[_Piece]:
    content, version = fingerprint(rows), describe_packages()["fleeting"]
    pieces = []
    for label, spec in specs.items():
        for seed in range(settings.seeds):
            for fold in folds:
                digest = spec.digest(
                    settings.preset, content, version, fold.train.tolist(), fold.test.tolist()
                )
                key = f"{label} {fold.name} seed {seed} {digest}"
                pieces.append(_Piece(key, label, spec, seed, fold, rows.labels[fold.train]))
    return pieces


def _do(sealed: Examples, preset: str, imports: tuple[str, ...], piece: _Piece) -> dict[str, Any]:
    """Learn on the training part of a fold, answer the held-out part; what runs in a worker."""
    from time import perf_counter

    for name in imports:
        import_own(name)
    made = piece.spec.create(preset, piece.seed)
    inputs = wanted_inputs(made, systems.card(piece.spec.name).inputs)
    train = replace(sealed.take(piece.fold.train), labels=piece.labels)
    test = hide(sealed.take(piece.fold.test), inputs)
    with one_torch_thread():
        began = perf_counter()
        made.fit(train)
        fitted = perf_counter()
        scores = np.asarray(made.predict(test), float)
    wanted = (len(test), len(sealed.classes))
    if scores.shape != wanted or not np.all((scores >= 0) & (scores <= 1)):
        raise ShapeError(f"predict: expected {wanted} numbers in 0..1, got {scores.shape}")
    return {"scores": scores.tolist(), "fit_s": fitted - began}
