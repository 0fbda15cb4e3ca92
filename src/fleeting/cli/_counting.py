"""Progress of work that is counted: a bar on a terminal, now and then a line otherwise."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

LINE_EVERY_S = 15.0


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Lend a function that is told how many pieces are done.

    The bar goes to stderr and vanishes at the end; plain lines go to stdout, no more than one in 15 seconds.

    Examples
    --------
    >>> with counting("people", 2) as tell:
    ...     tell(1)
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(what, total=total)
            yield lambda done: bars.update(task, completed=done)
        return
    said = time.monotonic()

    def line(done: int) -> None:
        nonlocal said
        if time.monotonic() - said > LINE_EVERY_S and done < total:
            said = time.monotonic()
            typer.echo(f"{done} of {total} {what}")
            sys.stdout.flush()  # a pipe would keep it for long

    yield line
