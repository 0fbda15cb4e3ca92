"""``fleeting analyze``: videos in, results out."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleeting.analysis import AnalysisSettings, VideoOutcome


class Faces(StrEnum):
    """Whose face is looked at."""

    largest = "largest"
    all = "all"


Videos = Annotated[
    list[str],
    typer.Argument(metavar="VIDEO...", help="Video files, or folders of images.", show_default=False),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)]
Which = Annotated[Faces, typer.Option("--faces", help="The largest face alone, or all.")]
_SPOTTER = "What finds the moments: 'default' (rules), 'learnt', or a folder that `fleeting train` wrote."
Spotter = Annotated[str, typer.Option("--spotter", metavar="NAME|DIR", help=_SPOTTER)]
_MODEL = "'default', 'rules', or a folder that `fleeting train` wrote"
Recognizer = Annotated[
    str, typer.Option("--recognizer", metavar="NAME|DIR", help=f"What names the emotion: {_MODEL}.")
]
AuDetector = Annotated[
    str, typer.Option("--au-detector", metavar="NAME|DIR", help=f"What names the action units: {_MODEL}.")
]
Start = Annotated[float | None, typer.Option("--from", metavar="S", help="Begin here, seconds.")]
Stop = Annotated[float | None, typer.Option("--to", metavar="S", help="End here, seconds.")]
Fps = Annotated[
    float | None, typer.Option("--fps", metavar="F", help="Frames a second of folders of images.")
]
Confidence = Annotated[
    float, typer.Option("--min-confidence", metavar="C", help="Leave out what is less sure, 0..1.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Videos at the same time, each in a process.")]
RayAddress = Annotated[
    str | None, typer.Option("--ray", metavar="ADDRESS", help="Work on this Ray cluster; 'local' starts one.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Do again what is done.")]
NoPictures = Annotated[
    bool, typer.Option("--no-pictures", help="Leave out every image of the face, so that it can be shared.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error arose.")]


def analyze(
    videos: Videos,
    out: Out,
    faces: Which = Faces.largest,
    spotter: Spotter = "default",
    recognizer: Recognizer = "default",
    au_detector: AuDetector = "default",
    start: Start = None,
    stop: Stop = None,
    fps: Fps = None,
    min_confidence: Confidence = 0.0,
    jobs: Jobs = 1,
    ray: RayAddress = None,
    overwrite: Overwrite = False,
    no_pictures: NoPictures = False,
    debug: Debug = False,
) -> None:
    """Find the micro-expressions in videos, and write for each a page, tables and an ELAN file.

    What is done already, with the same content and settings, is not done again. The exit code is 0, or 1
    where a video failed (the others are done and saved), or 2 for wrong usage.
    """
    from fleeting.core import UsageError

    if ray is not None and jobs != 1:
        raise UsageError("--jobs and --ray exclude each other: give one of them")
    from fleeting.analysis import AnalysisSettings, namer, spotter_of

    settings = AnalysisSettings(
        faces.value, start, stop, fps, min_confidence, not no_pictures, recognizer, au_detector, spotter
    )
    spotter_of(spotter)
    namer(recognizer, au_detector)  # what is wrong with them is said before any video is opened
    outcomes = analyse_and_show(videos, out, settings, jobs=jobs, ray=ray, overwrite=overwrite, debug=debug)
    raise typer.Exit(exit_code(outcomes))


def analyse_and_show(
    videos: "Sequence[str]",
    out: Path,
    settings: "AnalysisSettings",
    *,
    jobs: int = 1,
    ray: str | None = None,
    overwrite: bool = False,
    debug: bool = False,
) -> "list[VideoOutcome]":
    """Analyse, say on the way what happens, and at the end what was found and where it lies."""
    from fleeting import __version__
    from fleeting.analysis import analyze_many, distinct_videos, write_overview
    from fleeting.cli import _tables
    from fleeting.cli._progress import watching

    videos = distinct_videos(videos)
    try:
        with watching(len(videos), debug=debug) as watch:
            outcomes = analyze_many(
                videos, out, settings, jobs=jobs, ray_address=ray, overwrite=overwrite, on_event=watch
            )
    except KeyboardInterrupt:
        typer.echo("stopped: what is finished is kept, and the same command goes on from there", err=True)
        raise
    if len(outcomes) == 1:
        _tables.show_video(outcomes[0])
        return outcomes
    overview: dict[str, Path] = {}
    try:
        overview = write_overview(outcomes, out, version=__version__)
    finally:  # the results are there, whether or not there is room for the page over them
        _tables.show_videos(outcomes, overview)
    return outcomes


def exit_code(outcomes: "Sequence[VideoOutcome]") -> int:
    """Give 0 where all went well, 2 where nothing but the usage was wrong, else 1."""
    from fleeting.core import UsageError

    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if errors and len(errors) == len(outcomes) and all(isinstance(error, UsageError) for error in errors):
        return 2
    return 1 if errors else 0
