"""``fleeting demo``: plant micro-expressions in a portrait, analyse the clip, show planted and found."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the clip and its results.")] = Path("demo-out"),
) -> None:
    """Plant micro-expressions into a portrait, analyse it, and show what was found."""
    raise NotImplementedError
