"""Pieces of work that are done once: a ledger remembers each, and one that fails costs only itself."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleeting.bench.runner import LEDGER, BenchProgress, failure
from fleeting.jobs import Ledger, run_jobs


@dataclass
class Remembered:
    """What came of pieces: values by key, an entry for each that failed, how many an earlier run had done."""

    values: dict[str, Any]
    failures: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0


def run_remembered(
    work: Callable[[Any], Any],
    pieces: Sequence[Any],
    data: str,
    *,
    out: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    ray_address: str | None = None,
    on_progress: Callable[[BenchProgress], object] | None = None,
) -> Remembered:
    """Do the pieces that the ledger in a folder does not hold yet, and remember each as it ends.

    Parameters
    ----------
    work
        What a worker does with a piece; its answer is kept as JSON.
    pieces
        All of them: each one fold of one system with one seed, with a ``key`` that names all that goes into
        it, ``label``, ``seed`` and ``fold_name``.
    data
        Name of the set, for the entries of those that fail.
    out
        Folder of the ledger; ``None`` remembers nothing.
    jobs, ray_address, on_progress
        As of `run_bench`.
    """
    ledger = None
    if out is not None:
        from fleeting.io import validate_folder

        ledger = Ledger(validate_folder(out) / LEDGER)
    known = {one.key: ledger[one.key] for one in pieces if ledger is not None and one.key in ledger}
    todo, found = [one for one in pieces if one.key not in known], Remembered(known, resumed=len(known))
    results = run_jobs(work, todo, jobs=jobs, ray_address=ray_address)
    for done, result in enumerate(results, found.resumed + 1):
        piece = todo[result.index]
        if result.error is None:
            found.values[piece.key] = result.unwrap()
            if ledger is not None:
                ledger.record(piece.key, found.values[piece.key])
        else:
            told = {"system": piece.label, "data": data, "fold": piece.fold_name, "seed": piece.seed}
            found.failures.append(told | failure(result.error, result.traceback))
        if on_progress is not None:
            on_progress(BenchProgress(done, len(pieces), piece.key, result.error))
    return found
