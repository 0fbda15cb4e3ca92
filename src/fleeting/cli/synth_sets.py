"""``fleeting synth flow``, ``4d``, ``clips`` and ``recordings``: sets of made faces with exact truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleeting.cli._counting import counting

if TYPE_CHECKING:
    from fleeting.synth import Filming

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


Fps = Annotated[
    list[float] | None,
    typer.Option(help="Frame rates, one is drawn for each person; repeatable. By default 25 to 200."),
]
Size = Annotated[int, typer.Option(help="Greatest side of the pictures in pixels, even.")]
Basis = Annotated[str, typer.Option(help="How faces move: person (own to each), kernel or tps.")]
Portrait = Annotated[
    list[Path] | None,
    typer.Option(help="A picture with a face, instead of drawn people; repeatable, taken in turn."),
]


def clips(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of clips.")],
    seed: Seed,
    subjects: Annotated[
        int | None, typer.Option(help="Number of people; by default one for every 8 clips.")
    ] = None,
    fps: Fps = None,
    size: Size = 256,
    basis: Basis = "person",
    portrait: Portrait = None,
    jobs: Jobs = 1,
) -> None:
    """Make trimmed clips of micro-expressions with emotion, action units, onset, apex and offset.

    Writes clips.json, samples.csv (which the dataset reader csv reads) and for each clip a folder with the
    video and all that moves in it. A stopped run goes on where it was.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import ClipSettings, read_clips, write_clips

    try:
        settings = ClipSettings(filming=_filming(size, fps, basis))
        people = _people(count, subjects, 8)
        with counting("people", people) as tell:
            paths = write_clips(
                out,
                count,
                seed=seed,
                subjects=subjects,
                settings=settings,
                portraits=portrait or (),
                jobs=jobs,
                on_subject=tell,
            )
        made = read_clips(paths.folder)
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    labels = [str(row["label_4"]) for row in made.rows]
    told = ", ".join(f"{name} {labels.count(name)}" for name in dict.fromkeys(sorted(labels)))
    typer.echo(f"{len(made)} clips of {len(set(made.subjects.tolist()))} people: {told}")
    for path in paths:
        typer.echo(path)


def recordings(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of recordings.")],
    seed: Seed,
    minutes: Annotated[float, typer.Option(help="Length of each.")] = 1.0,
    subjects: Annotated[
        int | None, typer.Option(help="Number of people; by default one for each recording.")
    ] = None,
    micro_per_minute: Annotated[float, typer.Option(help="Micro-expressions, in the mean.")] = 1.8,
    macro_per_minute: Annotated[float, typer.Option(help="Macro-expressions, in the mean.")] = 3.9,
    fps: Fps = None,
    size: Size = 256,
    basis: Basis = "person",
    portrait: Portrait = None,
    jobs: Jobs = 1,
) -> None:
    """Make untrimmed videos with micro- and macro-expressions among all that a living face does.

    Writes recordings.json, samples.csv (which the dataset reader csv reads), truth.csv (for fleeting score
    spotting) and for each recording a folder with the video and all that moves in it. A stopped run goes on
    where it was.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import RecordingSettings, read_recordings, write_recordings

    try:
        settings = RecordingSettings(
            minutes=minutes,
            filming=_filming(size, fps, basis),
            micro_per_minute=micro_per_minute,
            macro_per_minute=macro_per_minute,
        )
        with counting("people", _people(count, subjects, 1)) as tell:
            paths = write_recordings(
                out,
                count,
                seed=seed,
                subjects=subjects,
                settings=settings,
                portraits=portrait or (),
                jobs=jobs,
                on_subject=tell,
            )
        made = read_recordings(paths.folder)
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    kinds = [one.kind for recording in made for one in recording.intervals]
    people = len({recording.subject for recording in made})
    total = sum(recording.frames / recording.fps for recording in made) / 60
    typer.echo(
        f"{len(made)} recordings of {people} people, {total:.1f} minutes: "
        f"{kinds.count('micro')} micro, {kinds.count('macro')} macro"
    )
    for path in paths:
        typer.echo(path)


def _filming(size: int, fps: list[float] | None, basis: str) -> "Filming":
    from fleeting.synth import Filming

    usual = Filming()
    eyes = tuple(max(12.0, value * min(1.0, size / usual.size)) for value in usual.iod_px)
    return Filming(size=size, fps=tuple(fps) if fps else usual.fps, iod_px=eyes, basis=basis)  # type: ignore[arg-type]


def _people(count: int, subjects: int | None, each: int) -> int:
    return subjects or max(1, -(-count // each))
