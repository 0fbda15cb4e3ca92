"""``fleeting synth plant``: put movements into a photograph or a video, and write down where they are."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleeting.cli import synth_sets

if TYPE_CHECKING:
    from fleeting.synth import Plant

app = typer.Typer(help="Synthetic faces with exact truth.", no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help="A photograph, a video or a folder of images.")]
Au = Annotated[
    list[str], typer.Option(help="Action units that move together, as 12, 6+12 or 12L; repeatable.")
]
Strength = Annotated[list[float], typer.Option(help="Greatest displacement, percent of the eye distance.")]
At = Annotated[list[float], typer.Option(help="Start in seconds; repeatable.")]
Duration = Annotated[list[float], typer.Option(help="Length in seconds; repeatable.")]
Side = Annotated[list[str], typer.Option(help="The subject's own side: both, left or right; repeatable.")]
Apex = Annotated[list[float], typer.Option(help="Where in the duration it is strongest, 0..1; repeatable.")]
Easing = Annotated[
    list[str], typer.Option(help="cosine, linear, minimum-jerk, fast-slow or hold; repeatable.")
]
Out = Annotated[Path, typer.Option(help="Folder for the files.")]


@app.callback()
def _room() -> None:
    """Keep `plant` a command of its own, since others join it."""


@app.command()
def plant(
    source: Source,
    au: Au,
    strength: Strength,
    at: At,
    duration: Duration,
    out: Out,
    seed: Annotated[int, typer.Option(help="Same seed, same files.")],
    side: Side = ["both"],  # noqa: B006 - typer copies it
    apex: Apex = [0.5],  # noqa: B006
    easing: Easing = ["cosine"],  # noqa: B006
    stem: Annotated[str, typer.Option(help="Name of the files; by default the source's.")] = "",
    fps: Annotated[
        float | None, typer.Option(help="Frames a second: 100 for a photograph, needed for a folder.")
    ] = None,
    length: Annotated[
        float | None, typer.Option(help="Seconds; by default a photograph until a second after the last one.")
    ] = None,
    basis: Annotated[str, typer.Option(help="How faces move: kernel or tps.")] = "kernel",
    noise: Annotated[float, typer.Option(help="Sensor noise at mid grey, grey levels.")] = 0.0,
    flicker: Annotated[float, typer.Option(help="Relative change of the brightness.")] = 0.0,
    flicker_bands: Annotated[
        float, typer.Option(help="Rolling exposure: bands of the flicker over the picture's height.")
    ] = 0.0,
    gradient: Annotated[
        float, typer.Option(help="Relative change between edges by a wandering light.")
    ] = 0.0,
    blur: Annotated[float, typer.Option(help="Gaussian blur, pixels.")] = 0.0,
    scale: Annotated[float, typer.Option(help="Size of the picture relative to the source.")] = 1.0,
    crf: Annotated[int, typer.Option(help="H.264 quality: 0 best, 51 worst.")] = 18,
    sway: Annotated[float, typer.Option(help="Slow head drift, percent of the eye distance.")] = 0.0,
    roll: Annotated[float, typer.Option(help="Slow head roll, degrees.")] = 0.0,
    turn: Annotated[float, typer.Option(help="Slow turning and nodding of the head, degrees.")] = 0.0,
    blinks: Annotated[float, typer.Option(help="Blinks a minute.")] = 0.0,
    gaze: Annotated[float, typer.Option(help="Gaze shifts a minute.")] = 0.0,
    talk: Annotated[
        float, typer.Option(help="Talk all the time, strength in percent of the eye distance.")
    ] = 0.0,
    flow: Annotated[
        str, typer.Option(help="Exact flow to write: none, onset-apex or frames.")
    ] = "onset-apex",
) -> None:
    """Plant movements into a photograph or a video, with exact truth.

    --au, --strength, --at, --duration, --side, --apex and --easing go together by position; one that is
    given once holds for all.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import CameraSettings, HeadMotion, Life, Talk, write_planted
    from fleeting.synth import plant as plant_in

    try:
        if flow not in ("none", "onset-apex", "frames"):
            raise UsageError(f"--flow: expected none, onset-apex or frames, got {flow!r}")
        plants = plants_of(au, strength, at, duration, side, apex, easing)
        clip = plant_in(
            source,
            plants,
            fps=fps,
            duration_s=length,
            seed=seed,
            basis=basis,
            camera=CameraSettings(
                noise=noise,
                flicker=flicker,
                flicker_bands=flicker_bands,
                gradient=gradient,
                blur_px=blur,
                scale=scale,
                crf=crf,
            ),
            life=Life(
                head=HeadMotion(sway_percent=sway, roll_deg=roll, yaw_deg=turn, pitch_deg=turn),
                blinks_per_minute=blinks,
                gaze_per_minute=gaze,
                talk=(Talk(strength_percent=talk),) if talk else (),
            ),
        )
        paths = write_planted(clip, out, stem or source.stem, flows=flow)  # type: ignore[arg-type]
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    for one in clip.truth:
        i = one.interval
        typer.echo(
            f"{one.plant.label:>8} {one.plant.strength_percent:g} %  frames {i.onset_frame}-{i.apex_frame}-"
            f"{i.offset_frame}  {i.onset_s:.3f}-{i.apex_s:.3f}-{i.offset_s:.3f} s  {i.kind}"
        )
    for path in paths:
        if path is not None:
            typer.echo(path)


@app.command()
def flowmaps(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of maps.")],
    seed: Annotated[int, typer.Option(help="Same seed, same files.")],
    subjects: Annotated[
        int | None, typer.Option(help="Number of people; by default one for every 100 maps.")
    ] = None,
    train_folders: Annotated[
        bool | None,
        typer.Option(help="Also write each subject's u_train; by default up to 100,000 pictures."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Make onset-to-apex flow maps (28x28: u, v, strain) without pixels, for training small recognisers.

    Writes the folder layout that the dataset reader megc2019-flow reads, and flowmaps.npz, which also holds
    action units and the class "none". A stopped run goes on where it was.
    """
    from fleeting.core import FleetingError, UsageError
    from fleeting.synth import read_flowmaps, write_flowmaps

    try:
        paths = write_flowmaps(
            out, count, seed=seed, subjects=subjects, train_folders=train_folders, jobs=jobs
        )
        made = read_flowmaps(paths.arrays)
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from error
    counts = [int((made.labels == i).sum()) for i in range(len(made.classes))]
    told = ", ".join(f"{name} {n}" for name, n in zip(made.classes, counts, strict=True))
    typer.echo(f"{len(made)} maps of {len(set(made.subjects.tolist()))} subjects: {told}")
    for path in paths:
        typer.echo(path)


app.command("flow")(synth_sets.flow)
app.command("4d")(synth_sets.four_d)
app.command("clips")(synth_sets.clips)
app.command("recordings")(synth_sets.recordings)


def plants_of(
    au: list[str],
    strength: list[float],
    at: list[float],
    duration: list[float],
    side: list[str],
    apex: list[float],
    easing: list[str],
) -> list["Plant"]:
    """Join options by position; raises UsageError where their numbers do not fit.

    Examples
    --------
    >>> [p.label for p in plants_of(["6+12", "4L"], [3], [1, 2], [0.3], ["both"], [0.5], ["cosine"])]
    ['6+12', '4L']
    """
    from fleeting.core import UsageError
    from fleeting.synth import Plant

    given: dict[str, list[Any]] = {"--au": au, "--strength": strength, "--at": at, "--duration": duration}
    given |= {"--side": side, "--apex": apex, "--easing": easing}
    count = max(len(values) for values in given.values())
    for name, values in given.items():
        if len(values) not in (1, count):
            raise UsageError(f"{name}: given {len(values)} times, expected once or {count} times")
    rows = zip(*[list(v) * (count if len(v) == 1 else 1) for v in given.values()], strict=True)
    plants = []
    for code, percent, start, seconds, where, peak, how in rows:
        units, own_side = parse_code(str(code))
        plants.append(Plant(units, own_side or where, percent, start, seconds, peak, how))  # type: ignore[arg-type]
    return plants


def parse_code(code: str) -> tuple[tuple[int, ...], str | None]:
    """Read ``12``, ``6+12``, ``12L`` or ``L12``: the units, and their side where the code names one.

    Examples
    --------
    >>> parse_code("L6+L12")
    ((6, 12), 'left')
    """
    from fleeting.core import UsageError

    units, sides = [], set()
    for part in re.split(r"[+,]", code.upper().replace(" ", "").replace("AU", "")):
        found = re.fullmatch(r"([LR]?)(\d+)([LR]?)", part)
        if not found or (found[1] and found[3]):
            raise UsageError(f"--au: expected a code such as 12, 6+12 or 12L, got {code!r}")
        units.append(int(found[2]))
        sides.add(found[1] or found[3])
    if len(sides) > 1:
        raise UsageError(
            f"--au: all units of {code!r} need the same side; give the others an --au of their own"
        )
    return tuple(units), {"L": "left", "R": "right"}.get(sides.pop())
