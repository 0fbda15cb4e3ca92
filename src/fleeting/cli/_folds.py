"""What is said while folds run."""

import time
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fleeting.bench import BenchProgress

LINE_EVERY_S = 10.0


class FoldLines:
    """A line now and then, and one for each fold that failed."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, event: "BenchProgress") -> None:
        if event.error is not None:
            from fleeting.cli._say import complain

            complain(f"{event.key}: {type(event.error).__name__}: {event.error}")
        if time.monotonic() - self._said > LINE_EVERY_S or event.done == event.total:
            self._said = time.monotonic()
            typer.echo(f"{event.done} of {event.total} folds")
