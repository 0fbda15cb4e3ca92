"""Systems x data x protocol x seeds: run every fold, go on where a killed run was, keep the seals."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fleeting.bench.data import fingerprint
from fleeting.bench.plan import (
    VALIDATION_SHARE,
    BenchSettings,
    Piece,
    SystemSpec,
    data_folds,
    import_own,
    make_pieces,
    read_spec,
)
from fleeting.bench.prepare import Missing
from fleeting.bench.provenance import describe_code
from fleeting.bench.summary import Answers, best_epoch
from fleeting.bench.work import Shared, run_piece, wanted_inputs
from fleeting.core import Examples, UsageError
from fleeting.evaluation import OpenedFold, SealedFold
from fleeting.jobs import JobResult, Ledger, run_jobs

LEDGER = "done.jsonl"


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """Told after each fold: how many pieces of work are done, of how many, and what became of this one."""

    done: int
    total: int
    key: str
    error: Exception | None = None


def failure(error: Exception, traceback: str | None) -> dict[str, Any]:
    """Say what became of a piece that failed, for results."""
    return {"error": f"{type(error).__name__}: {error}", "traceback": traceback}


@dataclass
class BenchRun:
    """What a run left in memory; `fleeting.bench.write_bench` makes files and tables of it.

    ``answers`` holds one entry for each system, set and seed whose folds all went well, ``failures`` one for
    each fold that did not, ``times`` seconds by system and set, ``resumed`` the pieces that an earlier run
    had done, ``missing`` the samples of each set that could not be prepared.
    """

    settings: BenchSettings
    data: Mapping[str, Examples]
    specs: Mapping[str, SystemSpec]
    answers: list[Answers] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    times: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)
    resumed: int = 0
    missing: Mapping[str, Sequence[Missing]] = field(default_factory=dict)


def run_bench(
    system_names: Sequence[str],
    data: Mapping[str, Examples],
    settings: BenchSettings | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    pretrain: Examples | None = None,
    imports: Sequence[str] = (),
    jobs: int = 1,
    ray_address: str | None = None,
    on_progress: Callable[[BenchProgress], object] | None = None,
    missing: Mapping[str, Sequence[Missing]] | None = None,
) -> BenchRun:
    """Measure systems on sets.

    The held-out fold is sealed: its labels stay in this process and come out only against predictions for
    all its rows. A fold that fails costs its system that set, nothing else.

    Parameters
    ----------
    system_names
        As `read_spec` reads them.
    data
        Name -> rows.
    settings
        Protocol, seeds...
    out
        Folder that remembers each fold that is done (``done.jsonl``), so that a killed run goes on; ``None``
        remembers nothing.
    pretrain
        Rows to learn from first, of other people.
    imports
        Modules that register systems of your own, imported here and in every worker.
    jobs, ray_address
        As in `fleeting.jobs.run_jobs`; the rows go to each worker, or into Ray's object store, once.
    on_progress
        Called after each fold.
    missing
        Samples by set that belong to it and could not be prepared: only for the record, every table tells.

    Returns
    -------
    BenchRun

    Raises
    ------
    UsageError
        For an unknown system or switch, a protocol that the data do not allow, people who are in the data
        and in the set learnt from first.

    Notes
    -----
    The seal is against mistakes, not against malice: with one job everything is in one process, and a system
    that keeps what it saw of one fold for the next (in a module, on the disk) could know its labels.

    Examples
    --------
    >>> from fleeting.systems import invented_examples
    >>> rows = invented_examples(["flowmap28"], 8)
    >>> run = run_bench(["ststnet:training.epochs=1"], {"invented": rows})
    >>> len(run.answers), run.answers[0].probabilities.shape
    (1, (8, 3))
    """
    chosen = settings or BenchSettings()
    specs = _check(system_names, data, chosen, pretrain, imports)
    contents = {name: fingerprint(rows) for name, rows in data.items()}
    run = BenchRun(chosen, data, {name: spec for name, (spec, _) in specs.items()}, fingerprints=contents)
    run.missing = missing or {}
    code = describe_code()
    first = "" if pretrain is None else fingerprint(pretrain)
    shared = Shared(
        {name: rows.sealed() for name, rows in data.items()},
        chosen.preset,
        chosen.oracle_epoch,
        tuple(imports),
        pretrain,
        first,
        code["commit"] + ("+changes" if code["changed"] else ""),
    )
    from fleeting.io import validate_folder

    ledger = None if out is None else Ledger(validate_folder(out) / LEDGER)
    driver = _Driver(run, ledger, specs, on_progress)
    pieces = driver.pieces(first)
    for result in run_jobs(partial(run_piece, shared), pieces, jobs=jobs, ray_address=ray_address):
        driver.take(result)
    driver.finish()
    return run


class _Driver:
    """Hands pieces out, keeps their seals, opens each against what came back."""

    def __init__(
        self,
        run: BenchRun,
        ledger: Ledger | None,
        specs: Mapping[str, tuple[SystemSpec, float]],
        on_progress: Callable[[BenchProgress], object] | None,
    ) -> None:
        self.run, self.ledger, self.specs, self.on_progress = run, ledger, specs, on_progress
        self.out: list[tuple[Piece, SealedFold] | None] = []  # by index of the job
        self.parts: dict[tuple[str, str, int], list[tuple[OpenedFold, dict[str, Any]]]] = {}
        self.done = 0
        folds = sum(len(data_folds(rows, run.settings)) for rows in run.data.values())
        self.total = folds * len(specs) * run.settings.seeds

    def pieces(self, pretrained: str) -> Iterator[Piece]:
        """Draw the pieces that no earlier run has done."""
        run = self.run
        for name, rows in run.data.items():
            for piece, seal in make_pieces(
                name, rows, self.specs, run.settings, run.fingerprints[name], pretrained
            ):
                if self.ledger is not None and piece.key in self.ledger:
                    run.resumed += 1
                    self._open(piece, seal, self.ledger[piece.key])
                    continue
                self.out.append((piece, seal))
                yield piece

    def take(self, result: JobResult[dict[str, Any]]) -> None:
        """Note what became of a piece."""
        entry = self.out[result.index]
        if entry is None:
            raise UsageError(f"piece {result.index} came back twice")
        piece, seal = entry
        self.out[result.index] = None
        if result.error is not None:
            told = {"system": piece.spec.label, "data": piece.data, "fold": piece.fold, "seed": piece.seed}
            self.run.failures.append(told | failure(result.error, result.traceback))
            self._tell(piece, result.error)
            return
        value = result.unwrap()
        if self.ledger is not None:
            self.ledger.record(piece.key, value)
        self._open(piece, seal, value)

    def _open(self, piece: Piece, seal: SealedFold, value: dict[str, Any]) -> None:
        scores = np.array(value["probabilities"], float).reshape(len(piece.view.test), -1)
        columns = [scores.argmax(1)]
        columns += [np.array(one) for one in value["epochs"] or []]
        opened = seal.open(np.stack(columns, 1))
        self.parts.setdefault((piece.spec.label, piece.data, piece.seed), []).append((opened, value))
        times = self.run.times.setdefault((piece.spec.label, piece.data), {"fit_s": 0.0, "predict_s": 0.0})
        for name in times:
            times[name] += value[name]
        self.run.commits.add(value["commit"])
        self._tell(piece, None)

    def _tell(self, piece: Piece, error: Exception | None) -> None:
        self.done += 1
        if self.on_progress is not None:
            self.on_progress(BenchProgress(self.done, self.total, piece.key, error))

    def finish(self) -> None:
        """Put the folds of each system, set and seed together, where none failed."""
        failed = {(f["system"], f["data"]) for f in self.run.failures}
        for data in self.run.data:
            for label in self.specs:
                for seed in range(self.run.settings.seeds):
                    if (label, data) not in failed:
                        self.run.answers.append(self._answers(label, data, seed))

    def _answers(self, label: str, data: str, seed: int) -> Answers:
        rows = self.run.data[data]
        folds = np.zeros(len(rows), object)
        predictions = np.full(len(rows), -1, np.int64)
        oracle = np.full(len(rows), -1, np.int64)
        probabilities = np.full((len(rows), len(rows.classes)), np.nan)
        has_oracle = True
        for opened, value in self.parts[label, data, seed]:
            at = opened.test
            folds[at] = opened.name
            predictions[at] = opened.predictions[:, 0]
            probabilities[at] = np.array(value["probabilities"], float)
            if opened.predictions.shape[1] > 1:
                oracle[at] = best_epoch(opened.predictions[:, 1:], np.array(opened.truth))
            else:
                has_oracle = False
        return Answers(
            data, label, seed, rows.ids, rows.subjects, rows.datasets, folds.astype(str), rows.labels,
            predictions, probabilities, rows.classes, oracle if has_oracle else None,
        )  # fmt: skip


def _check(
    system_names: Sequence[str],
    data: Mapping[str, Examples],
    settings: BenchSettings,
    pretrain: Examples | None,
    imports: Sequence[str],
) -> dict[str, tuple[SystemSpec, float]]:
    """Find what is wrong before the first fold runs; give each system with its share of validation rows."""
    from fleeting import systems

    if not system_names or not data:
        raise UsageError("nothing to measure: name a system and a dataset")
    if len(set(system_names)) != len(system_names):
        raise UsageError(f"each system once, got {', '.join(system_names)}")
    for name in imports:
        import_own(name)
    found: dict[str, tuple[SystemSpec, float]] = {}
    for text in system_names:
        spec = read_spec(text)
        card = systems.card(spec.name)
        if card.task != "recognition":
            raise UsageError(f"system {text!r} is for {card.task}; bench measures recognition")
        made = spec.create(settings.preset)
        for name, rows in data.items():
            missing = [one for one in wanted_inputs(made, card.inputs) if one not in rows.inputs]
            if missing:
                have = ", ".join(rows.inputs)
                raise UsageError(f"system {text!r} takes {missing[0]!r}; {name} holds {have}: leave one out")
        found[text] = (spec, _share(made, settings))
    for name, rows in data.items():
        data_folds(rows, settings)
        if np.any(rows.labels < 0):
            raise UsageError(f"{name}: some labels are withheld; nothing can be measured there")
        both = set() if pretrain is None else set(pretrain.subjects) & set(rows.subjects)
        if both:
            raise UsageError(f"{name}: subject {min(both)} is in the set learnt from first, too: that leaks")
    return found


def _share(made: Any, settings: BenchSettings) -> float:
    """Share of validation rows: as asked, else what a system that chooses an epoch needs."""
    if settings.validation is not None:
        return settings.validation
    own = getattr(made, "settings", None)
    needs = getattr(own, "keep", "last") == "best" or getattr(own, "patience", 0) > 0
    return VALIDATION_SHARE if needs else 0.0
