"""What is said while clips are prepared, and ``fleeting datasets prepare``."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fleeting.bench import Prepared, PrepareProgress

LINE_EVERY_S = 10.0
KINDS = {"micro": "micro", "macro": "macro", "all": None}


FlowName = Annotated[
    str, typer.Option(help="What flow is measured with: dis, farneback, learnt, or a network's folder.")
]


def prepare_lines() -> "Callable[[PrepareProgress], None]":
    """Give a listener that says a line now and then, and one for each clip that cannot be prepared."""
    from fleeting.cli._say import complain

    said = time.monotonic()

    def tell(event: "PrepareProgress") -> None:
        nonlocal said
        if event.error is not None:
            told = str(event.error)
            complain(told if told.startswith(event.sample) else f"{event.sample}: {told}")
        if time.monotonic() - said > LINE_EVERY_S:
            said = time.monotonic()
            typer.echo(f"{event.done} of {event.total} clips prepared")

    return tell


def check_flow(flow: str, *, measured: bool) -> None:
    """See that ``--flow`` has an effect; raises UsageError where nothing is measured."""
    from fleeting.core import UsageError
    from fleeting.motion import USUAL_FLOW

    if flow != USUAL_FLOW and not measured:
        raise UsageError("--flow: no flow is measured for this set and system; leave it out")


def prepare(
    name: Annotated[str, typer.Argument(help="One of the names that `fleeting datasets list` shows.")],
    root: Annotated[Path, typer.Option(help="Folder of the dataset; for csv the table itself.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="What to make: flowmap28, keyframes, clip16...")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder; by default FLEETING_CACHE or the user's cache folder.")
    ] = None,
    kind: Annotated[str, typer.Option(help="micro, macro or all.")] = "micro",
    jobs: Annotated[int, typer.Option(min=1, help="Processes on this machine, one thread each.")] = 1,
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster that sees the folders.")] = None,
    imports: Annotated[
        list[str] | None, typer.Option("--import", help="Module that registers inputs of your own.")
    ] = None,
    flow: FlowName = "dis",
    sheet: Annotated[Path | None, typer.Option(help="Annotation sheet, where it lies elsewhere.")] = None,
    frames: Annotated[Path | None, typer.Option(help="Folder whose children are the subjects.")] = None,
    apex: Annotated[
        str, typer.Option(help="Where no apex is coded: midpoint, or none (then it is looked for).")
    ] = "midpoint",
    offset: Annotated[str, typer.Option(help="Where no offset is coded: apex, mirror or drop.")] = "apex",
) -> None:
    """Decode, find faces, align and make inputs of systems, once; a run that was stopped goes on."""
    from fleeting import bench as room
    from fleeting import datasets
    from fleeting.core import UsageError

    if kind not in KINDS:
        raise UsageError(f"--kind: expected {', '.join(KINDS)}, got {kind!r}")
    reading: dict[str, Any] = {"sheet": sheet, "frames": frames}
    reading |= {"apex": None if apex == "midpoint" else apex, "offset": None if offset == "apex" else offset}
    dataset = datasets.open(name, root, **{k: v for k, v in reading.items() if v is not None})
    if hasattr(dataset, "maps"):
        raise UsageError(
            f"{name} holds flow maps, not clips: nothing is to be prepared; bench and train read it"
        )
    samples = dataset.samples(kind=KINDS[kind])
    if not samples:
        raise UsageError(f"{root}: no sample of this kind; see fleeting datasets check")
    folder = (room.cache_folder() if cache is None else cache) / room.PREPARED
    began = time.monotonic()
    made = room.prepare(
        samples, inputs or ["flowmap28"], cache=folder, jobs=jobs, ray_address=ray, imports=imports or [],
        flow=flow, on_progress=prepare_lines(),
    )  # fmt: skip
    _report(made, len(samples), time.monotonic() - began)
    typer.echo(str(folder))
    if made.missing:
        raise typer.Exit(1)


def _report(made: "Prepared", asked: int, seconds: float) -> None:
    """Say what was made, what came from the cache, what was damaged, what is missing."""
    from fleeting.cli._say import one_line
    from fleeting.cli._tables import print_table

    for sample, damage in made.damaged:
        typer.echo(one_line(f"{sample}: entry of the cache was damaged and was made again ({damage})"))
    for what, count in _counted([note for _, note in made.notes]):
        typer.echo(one_line(f"note, {count} clips: {what}"))
    rows = [
        [name, f"{len(made.samples)} of {asked}", "x".join(map(str, rows.shape[1:])), str(rows.dtype),
         f"{rows.nbytes / 1e6:.1f} MB"]
        for name, rows in made.inputs.items()
    ]  # fmt: skip
    print_table(["input", "clips", "shape", "type", "size"], rows)
    kept = len(made.samples) * len(made.inputs) - made.computed
    typer.echo(f"{made.computed} made, {kept} from the cache, {made.decoded} clips decoded, {seconds:.1f} s")
    if made.missing:
        typer.echo(
            f"{len(made.missing)} of {asked} clips could not be prepared; see the errors above", err=True
        )


def _counted(notes: Sequence[str]) -> list[tuple[str, int]]:
    """Count notes that differ in nothing but their numbers, the first standing for all.

    Examples
    --------
    >>> _counted(["frame 3 is not there", "frame 4 is not there"])
    [('frame 3 is not there', 2)]
    """
    import re

    groups: dict[str, list[str]] = {}
    for one in notes:
        groups.setdefault(re.sub(r"\d+", "#", one), []).append(one)
    return [(same[0], len(same)) for same in groups.values()]
