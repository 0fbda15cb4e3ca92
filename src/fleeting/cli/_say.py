"""How the command line speaks: one line an error, and nothing that a terminal or a pipe stumbles over."""

import sys

import typer


def one_line(text: str) -> str:
    r"""Write line feeds and other control characters of a name as escapes.

    Examples
    --------
    >>> one_line("a\nb.mp4: is empty")
    'a\\nb.mp4: is empty'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def complain(text: str) -> None:
    """Say on stderr, in one line, what is wrong, where, and what to do."""
    typer.echo(f"error: {one_line(text)}", err=True)


def never_stumble() -> None:
    """Let stdout write what its encoding cannot (names of files, lines of tables) as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
