"""``fleeting bench`` with spotters (untrimmed recordings) and with systems for action units."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fleeting.cli._folds import FoldLines
from fleeting.cli._prepare import check_flow, prepare_lines

if TYPE_CHECKING:
    from fleeting.bench import BenchSettings

TOLD = ("system", "decoder", "F1 micro [95 %]", "F1 macro [95 %]", "false alarms/min, micro")


@dataclass(frozen=True)
class Working:
    """How the work is done: modules to import, processes, a Ray cluster; whether baselines join; the flow."""

    imports: Sequence[str]
    jobs: int
    ray: str | None
    baselines: bool
    flow: str = "dis"


def find_task(names: Sequence[str], imports: Sequence[str]) -> str:
    """Give the task of the systems; raises UsageError where there are several."""
    from fleeting import bench as room
    from fleeting import systems
    from fleeting.core import UsageError

    room.needed_inputs((), imports)  # imports the modules
    tasks = {systems.card(room.read_spec(name).name).task for name in names}
    if len(tasks) > 1:
        raise UsageError(f"systems for {' and '.join(sorted(tasks))}: name systems of one sort")
    return tasks.pop()


def bench_spotters(
    names: Sequence[str],
    data: Sequence[str],
    roots: Sequence[Path],
    settings: "BenchSettings",
    decoders: Sequence[str],
    out: Path,
    working: Working,
) -> None:
    """Measure spotters on the recordings of a set, or of several for the protocol cross-dataset."""
    from fleeting import bench as room
    from fleeting.core import UsageError

    check_flow(working.flow, measured=False)
    if len(data) > 1 and settings.protocol != "cross-dataset":
        raise UsageError("spotters: one --data a run, but for --protocol cross-dataset")
    real = [name for name in data if not room.is_recordings(name)]
    if len(roots) != len(real):
        raise UsageError(f"--root: expected {len(real)}, one for each of {real}, got {len(roots)}")
    asked = list(names)
    if working.baselines:
        asked = [one for one in room.SPOTTING_BASELINES if one not in asked] + asked
    places = dict(zip(real, roots, strict=True))
    inputs = room.needed_inputs(asked)
    if any(name.startswith("synth-signals") for name in data):  # signals have no pixels
        asked = [one for one in asked if one in names or one != "mdmd"]
        inputs = room.needed_inputs(asked)
    loaded = [
        room.load_recordings(
            name, places.get(name), inputs=inputs, jobs=working.jobs, ray_address=working.ray,
            on_progress=prepare_lines(),
        )
        for name in data
    ]  # fmt: skip
    recordings = [one for part in loaded for one in part.recordings]
    missing = [one for part in loaded for one in part.missing]
    began = time.monotonic()
    done = room.run_spotting_bench(
        asked, "+".join(data), recordings, settings, decoders=list(decoders) or ["own", "fleeting"], out=out,
        imports=working.imports, jobs=working.jobs, ray_address=working.ray, on_progress=FoldLines(),
        missing=missing,
    )  # fmt: skip
    paths = room.write_spotting_bench(done, out, wall_s=time.monotonic() - began)
    _show(paths["results"])
    _end(paths, len(done.failures), len(done.missing))


def _end(paths: Mapping[str, Path], failures: int, missing: int) -> None:
    for path in paths.values():
        typer.echo(str(path))
    if failures:
        typer.echo(f"{failures} folds failed; run again to try them again", err=True)
    if failures or missing:
        raise typer.Exit(1)


def bench_units(
    names: Sequence[str],
    data: Sequence[str],
    roots: Sequence[Path],
    settings: "BenchSettings",
    out: Path,
    working: Working,
) -> None:
    """Measure systems for action units on one set."""
    import json

    from fleeting import bench as room
    from fleeting.cli._tables import print_table
    from fleeting.core import UsageError

    if len(data) > 1:
        raise UsageError("action units: one --data a run")
    real = [name for name in data if not room.is_synthetic(name)]
    if len(roots) != len(real):
        raise UsageError(f"--root: expected {len(real)}, one for each of {real}, got {len(roots)}")
    asked = [one for one in room.UNIT_BASELINES if working.baselines and one not in names] + list(names)
    rows, missing = room.load_unit_examples(
        data[0], roots[0] if roots else None, inputs=room.needed_inputs(asked), imports=working.imports,
        jobs=working.jobs, ray_address=working.ray, flow=working.flow, on_progress=prepare_lines(),
    )  # fmt: skip
    check_flow(working.flow, measured=not data[0].startswith("synth-flowmaps"))
    began = time.monotonic()
    done = room.run_unit_bench(
        asked, data[0], rows, settings, out=out, imports=working.imports, jobs=working.jobs,
        ray_address=working.ray, on_progress=FoldLines(), missing=missing,
    )  # fmt: skip
    paths = room.write_unit_bench(done, out, wall_s=time.monotonic() - began)
    told = json.loads(paths["results"].read_text(encoding="utf-8"))
    table = room.unit_tables(told)[0]
    typer.echo(f"{table.title}: {told['data']['n']} samples of {told['data']['subjects']} subjects")
    print_table(list(table.header[:2]), [list(row[:2]) for row in table.rows])
    _end(paths, len(done.failures), len(done.missing))


def _show(results: Path) -> None:
    """Print the scores in a few narrow columns."""
    import json

    from fleeting.bench import spotting_tables
    from fleeting.cli._tables import print_table

    told = json.loads(results.read_text(encoding="utf-8"))
    data = told["data"]
    typer.echo(
        f"{data['name']}: {data['recordings']} recordings of {data['subjects']} subjects,"
        f" {data['micro']} micro- and {data['macro']} macro-expressions"
    )
    table = spotting_tables(told)[0]
    at = [table.header.index(name) for name in TOLD]
    print_table(list(TOLD), [[row[place] for place in at] for row in table.rows])
