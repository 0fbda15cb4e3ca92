"""``fleeting synth flow`` and ``fleeting synth 4d``: sets of splat faces with exact truth."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for the files.")]
Seed = Annotated[int, typer.Option(help="Same seed, same files.")]
Jobs = Annotated[int, typer.Option(help="Processes.")]
Subjects = Annotated[int | None, typer.Option(help="Number of people; by default one for every few pieces.")]


def flow(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of pairs of pictures.")],
    seed: Seed,
    subjects: Subjects = None,
    size: Annotated[int, typer.Option(help="Pixels each way, 32 to 512.")] = 128,
    basis: Annotated[str, typer.Option(help="How faces move: kernel or tps.")] = "kernel",
    jobs: Jobs = 1,
) -> None:
    """Make pairs of pictures with the exact flow between them (needs fleeting[train]).

    Writes flow.json, pairs.csv and for each person a folder of PNG pairs with .npz truth: flow in pixels,
    where the face is, what stays visible. A stopped run goes on where it was.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import FlowPairSettings, write_flow_pairs

    try:
        settings = FlowPairSettings(size=size, basis=basis)
        paths = write_flow_pairs(out, count, seed=seed, subjects=subjects, settings=settings, jobs=jobs)
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    typer.echo(f"{count} pairs")
    for path in paths:
        typer.echo(path)


def four_d(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of clips.")],
    seed: Seed,
    subjects: Subjects = None,
    size: Annotated[int, typer.Option(help="Pixels each way, 32 to 512.")] = 112,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 60.0,
    angle: Annotated[float, typer.Option(help="Degrees between the two cameras.")] = 30.0,
    basis: Annotated[str, typer.Option(help="How faces move: kernel or tps.")] = "kernel",
    jobs: Jobs = 1,
) -> None:
    """Make clips from two calibrated cameras at once, with depth, units and emotions (needs fleeting[train]).

    Writes fourd.json, samples.csv (which the dataset reader csv reads) and for each clip a folder with the
    frames of both views, depth, exact flow and calibration. A stopped run goes on where it was.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import FourDSettings, write_4d

    try:
        settings = FourDSettings(size=size, fps=fps, angle_deg=angle, basis=basis)
        paths = write_4d(out, count, seed=seed, subjects=subjects, settings=settings, jobs=jobs)
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    typer.echo(f"{count} clips of two views")
    for path in paths:
        typer.echo(path)
