"""``fleeting bench``: systems on data, fold by fold, with the held-out fold sealed; tables."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleeting.cli._bench_others import Working, bench_spotters, bench_units, find_task
from fleeting.cli._folds import FoldLines
from fleeting.cli._prepare import FlowName, check_flow, prepare_lines

if TYPE_CHECKING:
    from fleeting.bench import Loaded
    from fleeting.core import Examples


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYSTEM...",
            help="Systems as `fleeting systems list` shows them, also as NAME:SWITCH=off,training.epochs=5;"
            " with --merge folders of runs.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for predictions, results and tables.")] = ...,  # type: ignore[assignment]
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="Dataset; may be given again. synth-flowmaps, synth-clips and, for spotters,"
            " synth-recordings and synth-signals need no --root; synth-flowmaps:COUNT:PEOPLE."
        ),
    ] = None,
    root: Annotated[
        list[Path] | None, typer.Option(help="Folder of a real dataset, in the order of --data.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="loso, kfold or cross-dataset.")] = "loso",
    folds: Annotated[int, typer.Option(help="Folds of kfold.")] = 5,
    classes: Annotated[int, typer.Option(help="3, 4, 5 or 7, as far as the data have them.")] = 3,
    seeds: Annotated[int, typer.Option(help="How many: 0, 1, 2...")] = 1,
    preset: Annotated[str, typer.Option(help="small or paper.")] = "small",
    pretrain: Annotated[str | None, typer.Option(help="Dataset to learn from first.")] = None,
    pretrain_root: Annotated[Path | None, typer.Option(help="Its folder, where it is a real one.")] = None,
    validation: Annotated[
        float | None, typer.Option(help="Share of the training rows held back, by subject, to choose on.")
    ] = None,
    oracle_epoch: Annotated[
        bool, typer.Option("--oracle-epoch", help="Show what choosing the epoch on the test fold feigns.")
    ] = False,
    flow: FlowName = "dis",
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Add the baselines that are not named.")
    ] = True,
    decoders: Annotated[
        list[str] | None,
        typer.Option("--decoder", help="For spotters: own, fleeting, fixed, runs...; may be given again."),
    ] = None,
    imports: Annotated[
        list[str] | None, typer.Option("--import", help="Module that registers systems of your own.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes on this machine, one thread each.")] = 1,
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster; 'auto' finds one here.")] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Put runs together: the arguments are their folders.")
    ] = False,
) -> None:
    """Measure systems on data with honest protocols; a run that was stopped goes on where it was.

    Recognisers and systems for action units take clips or maps, spotters untrimmed recordings: a run is of
    one sort.
    """
    from fleeting import bench as room
    from fleeting.core import UsageError

    if merge:
        for path in room.merge_benches([Path(one) for one in names or []], out).values():
            typer.echo(str(path))
        return
    if imports and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a module of one's own mostly lies where one works
    settings = room.BenchSettings(protocol, folds, seeds, preset, oracle_epoch, validation, pretrain, flow)
    if not names or not data:
        raise UsageError("name systems, and the data with --data; see: fleeting bench --help")
    task, working = find_task(names, imports or []), Working(imports or [], jobs, ray, baselines, flow)
    if task == "spotting":
        return bench_spotters(names, data, root or [], settings, decoders or [], out, working)
    if task == "au":
        return bench_units(names, data, root or [], settings, out, working)
    asked = list(names)
    if baselines:
        from fleeting import systems

        asked = [one for one in room.BASELINES if one in systems.list() and one not in names] + asked
    modules = imports or []
    options = {"classes": classes, "inputs": room.needed_inputs(asked, modules), "imports": modules}
    options |= {"jobs": jobs, "ray_address": ray, "flow": flow, "on_progress": prepare_lines()}
    loaded = _load(data, root or [], options)
    check_flow(flow, measured=any(one.prepared is not None for one in loaded.values()))
    sets = {name: one.examples for name, one in loaded.items()}
    missing = {name: one.missing for name, one in loaded.items()}
    if protocol == "cross-dataset" and len(sets) > 1:
        missing = {"+".join(sets): tuple(one for lost in missing.values() for one in lost)}
        sets = {"+".join(sets): room.join_examples(sets)}
    first = _load_first(pretrain, pretrain_root, options)
    began = time.monotonic()
    run = room.run_bench(
        asked, sets, settings, out=out, pretrain=first, imports=modules, jobs=jobs, ray_address=ray,
        on_progress=FoldLines(), missing=missing,
    )  # fmt: skip
    paths = room.write_bench(run, out, wall_s=time.monotonic() - began)
    _show(paths["results"])
    for path in paths.values():
        typer.echo(str(path))
    if run.failures:
        typer.echo(f"{len(run.failures)} folds failed; run again to try them again", err=True)
    if run.failures or any(missing.values()):
        raise typer.Exit(1)


def _load(data: list[str], roots: list[Path], options: dict[str, Any]) -> "dict[str, Loaded]":
    """Load every set; real ones take the roots in order."""
    from fleeting.bench import is_synthetic, load_data
    from fleeting.core import UsageError

    if len(set(data)) != len(data):
        raise UsageError(f"--data: each set once, got {', '.join(data)}")
    real = [name for name in data if not is_synthetic(name)]
    if len(roots) != len(real):
        raise UsageError(f"--root: expected {len(real)}, one for each of {real}, got {len(roots)}")
    places: dict[str, Path | None] = dict(zip(real, roots, strict=True))
    return {name: load_data(name, places.get(name), **options) for name in data}


def _load_first(name: str | None, root: Path | None, options: dict[str, Any]) -> "Examples | None":
    """Load the set to learn from first; a synthetic one is made of other people than those measured on."""
    from fleeting.bench import is_synthetic, load_examples, pretrain_count

    if name is None:
        return None
    if not is_synthetic(name):
        return load_examples(name, root, **options)
    return load_examples(name, None, count=pretrain_count(name), seed=1_000_003, **options)


def _show(results: Path) -> None:
    """Print the scores on each set, and how many rows and people are behind them."""
    import json

    from fleeting.bench import brief_table, rows_told
    from fleeting.cli._tables import print_table

    told = json.loads(results.read_text(encoding="utf-8"))
    for data in told["data"]:
        table = brief_table(told, data["name"])
        typer.echo(f"{table.title}: {rows_told(data)} of {data['subjects']} subjects")
        print_table(list(table.header), [list(row) for row in table.rows])
