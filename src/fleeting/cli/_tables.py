"""What `fleeting analyze` shows at its end: moments of one video, or a row for each of several."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fleeting.cli._say import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from fleeting.analysis import VideoOutcome
    from fleeting.core import Expression

MOST_ROWS = 40
PIPE_WIDTH = 120


def show_video(outcome: "VideoOutcome") -> None:
    """Show what was found in one video: the moments to look at, warnings, and the files."""
    report = outcome.report
    if report is None:
        return
    video = report.video
    faces = f"{len(report.faces)} face" + ("" if len(report.faces) == 1 else "s")
    again = "; was done before (--overwrite does it again)" if outcome.status == "skipped" else ""
    length = f"{video.duration_s:.2f} s, {video.frames} frames at {video.fps:.4g}/s"
    typer.echo(one_line(f"{outcome.path}: {length}, {faces}{again}"))
    rows = [expression_row(n, one) for n, one in enumerate(report.expressions, 1)]
    if rows:
        print_table(["", "from", "to", "length", "kind", "action units", "emotion", "score", "face"], rows)
    else:
        typer.echo("nothing was found")
    for warning in report.warnings:
        typer.echo(one_line(f"warning: {warning.message} ({warning.code})"))
    for path in outcome.files.values():
        typer.echo(one_line(str(path)))


def show_videos(outcomes: "Sequence[VideoOutcome]", overview: Mapping[str, Path]) -> None:
    """Show a row for each video, and where the overview lies."""
    rows = []
    for outcome in outcomes:
        one = outcome.row.summary
        length = "" if one.duration_s is None else f"{one.duration_s:.1f} s"
        rows.append([one.file, one.status, length, one.faces, one.micro, one.macro, one.warnings])
    print_table(["video", "", "length", "faces", "micro", "macro", "warnings"], rows, left=(0, 1, 6))
    for path in overview.values():
        typer.echo(one_line(str(path)))


def expression_row(number: int, expression: "Expression") -> list[object]:
    """Give the cells of one moment."""
    from fleeting.io import action_units_text

    i = expression.interval
    return [
        number,
        clock(i.onset_s),
        clock(i.offset_s),
        f"{i.duration_s:.2f} s",
        i.kind,
        action_units_text(expression.action_units[:4]),
        expression.emotion.label if expression.emotion else "",
        f"{i.score:.2f}",
        expression.face,
    ]


def clock(seconds: float) -> str:
    """Write a time as players show it.

    Examples
    --------
    >>> clock(3.456), clock(3725.2)
    ('0:03.46', '1:02:05.20')
    """
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes}:{rest // 100:02d}.{rest % 100:02d}"
    return f"{hours}:{text.rjust(8, '0')}" if hours else text


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, left: Sequence[int] = (4, 5, 6)
) -> None:
    """Print a table; numbers to the right, the columns named by position to the left."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(columns):
        table.add_column(name, justify="left" if position in left else "right", overflow="fold")
    for row in rows[:MOST_ROWS]:
        table.add_row(*(Text(one_line("" if cell is None else str(cell))) for cell in row))
    console = stdout_console()
    console.print(table)
    if len(rows) > MOST_ROWS:
        typer.echo(f"... and {len(rows) - MOST_ROWS} more in the files")


def stdout_console(**options: Any) -> "Console":
    """Give a console that takes names as they are; into a pipe it writes wide lines."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False, **options)
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, highlight=False, width=PIPE_WIDTH, **options)
    return console
