"""What is seen while videos are analysed: a bar on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fleeting.cli._say import complain, one_line

if TYPE_CHECKING:
    from rich.progress import Progress

    from fleeting.analysis import VideoOutcome, VideoProgress, VideoStarted

    Event = VideoStarted | VideoProgress | VideoOutcome

BAR_EVERY_S = 0.1
LINE_EVERY_S = 15.0


@contextmanager
def watching(videos: int, *, debug: bool = False) -> "Iterator[Callable[[Event], None]]":
    """Lend a listener for `analyze_many`.

    The bar goes to stderr, where the errors go too; plain lines go to stdout, so that stderr holds one line
    for each video that failed and nothing else.
    """
    if sys.stderr.isatty():
        with _bars() as bars:
            yield _Bars(bars, videos, debug=debug)
    else:
        yield _Lines(videos, debug=debug)


def tell_failure(outcome: "VideoOutcome", *, debug: bool) -> None:
    """Say why a video failed."""
    from fleeting.analysis import describe_failure

    if outcome.error is not None:
        complain(describe_failure(outcome.path, outcome.error))
        if debug and outcome.traceback:
            typer.echo(outcome.traceback, err=True)


class _Lines:
    """A line for each video, and now and then one for a long video."""

    def __init__(self, videos: int, *, debug: bool) -> None:
        self._videos, self._debug = videos, debug
        self._done = 0
        self._name, self._expected = "", 0
        self._began = self._said = time.monotonic()

    def __call__(self, event: "Event") -> None:
        from fleeting.analysis import VideoOutcome, VideoStarted

        if isinstance(event, VideoOutcome):
            self._done += 1
            tell_failure(event, debug=self._debug)
            if event.status != "failed":
                self._say(f"[{self._done}/{self._videos}] {event.path}: {summary_of(event)}")
        elif isinstance(event, VideoStarted):
            self._name, self._expected = event.path, event.expected_frames or 0
            self._began = self._said = time.monotonic()
        elif (now := time.monotonic()) - self._said > LINE_EVERY_S:
            self._said = now
            rate = event.frames / (now - self._began)
            left = f", {max(self._expected - event.frames, 0) / rate:.0f} s left" if self._expected else ""
            at = f"[{self._done + 1}/{self._videos}] {self._name}"
            self._say(f"{at}: {event.frames} frames, {rate:.0f} frames/s{left}")

    def _say(self, text: str) -> None:
        typer.echo(one_line(text))
        sys.stdout.flush()  # a pipe would keep it for long


class _Bars:
    """A bar for the video at work, and one over all where there are several."""

    def __init__(self, progress: "Progress", videos: int, *, debug: bool) -> None:
        self._progress, self._debug = progress, debug
        self._all = progress.add_task("all videos", total=videos, unit="videos") if videos > 1 else None
        self._one = progress.add_task("", total=None, visible=False, unit="frames")
        self._drawn = 0.0

    def __call__(self, event: "Event") -> None:
        from fleeting.analysis import VideoOutcome, VideoStarted

        if isinstance(event, VideoOutcome):
            self._progress.update(self._one, visible=False)
            if self._all is not None:
                self._progress.advance(self._all)
            tell_failure(event, debug=self._debug)
        elif isinstance(event, VideoStarted):
            name = one_line(Path(event.path).name)
            self._progress.remove_task(self._one)  # reset() cannot make a known total unknown
            self._one = self._progress.add_task(name, total=event.expected_frames, unit="frames")
        elif (now := time.monotonic()) - self._drawn > BAR_EVERY_S:
            self._drawn = now
            self._progress.update(self._one, completed=event.frames)


def _bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    class Rate(TextColumn):
        def __init__(self) -> None:
            super().__init__("")

        def render(self, task):  # type: ignore[no-untyped-def]
            from rich.text import Text

            speed = f"{task.speed:.0f}" if task.speed and task.speed >= 10 else f"{task.speed or 0:.2g}"
            return Text(f"{task.completed:.0f} {task.fields['unit']}, {speed}/s")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        Rate(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, markup=False, emoji=False, highlight=False),
        transient=True,
    )


def summary_of(outcome: "VideoOutcome") -> str:
    """Say in a few words what was found in a video and how fast."""
    report = outcome.report
    if report is None:
        return "failed"
    kinds = [expression.interval.kind for expression in report.expressions]
    found = f"{kinds.count('micro')} micro, {kinds.count('macro')} macro"
    if outcome.status == "skipped":
        return f"{found} (was done before)"
    video, took = report.video, report.provenance.runtime_s
    rate = f"{video.frames / took:.0f} frames/s" if took else ""
    return f"{found} in {video.duration_s:.1f} s; took {took:.1f} s, {rate}"
