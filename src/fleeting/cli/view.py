"""``fleeting view``: a page on which a person checks, corrects and exports what was found."""

from pathlib import Path
from typing import Annotated

import typer

Place = Annotated[
    Path,
    typer.Argument(metavar="DIR_OR_RESULT", help="Folder with results, or one result.", show_default=False),
]
Videos = Annotated[
    Path | None, typer.Option("--videos", metavar="DIR", help="A folder in which the videos are.")
]
Port = Annotated[int, typer.Option("--port", metavar="N", help="Where to listen; 0 takes a free port.")]
Blind = Annotated[
    bool, typer.Option("--blind", help="Hide the machine's answer until a coder has given hers.")
]


def view(place: Place, videos: Videos = None, port: Port = 0, blind: Blind = False) -> None:
    """Show results in the browser, to look, check, correct and export.

    Prints an address that holds a secret of this start: open it in a browser on this machine. Nothing is
    reachable from elsewhere. What is changed is saved at once beside the results. Ctrl-C ends it.
    """
    from fleeting.core import UsageError

    try:
        from fleeting.serve import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"view needs {error.name}; install it with: pip install 'fleeting[serve]'"
        ) from error

    def started(address: str) -> None:
        typer.echo(f"open this in a browser: {address}")
        typer.echo("what you change is saved at once; Ctrl-C ends the viewer", err=True)

    serve(place, videos=videos, port=port, blind=blind, started=started)
