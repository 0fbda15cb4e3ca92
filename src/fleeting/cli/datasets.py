"""``fleeting datasets``: what can be read, what is known of it, what of it is there, and one table of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleeting.cli._prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from fleeting.datasets import CheckReport, DatasetInfo

app = typer.Typer(help="Datasets: list, info, check, manifest, prepare.", no_args_is_help=True)

SHOWN = 5
STYLES = {"ok": "green", "missing": "red", "differs": "yellow", "note": "dim"}

Name = Annotated[str, typer.Argument(help="One of the names that `fleeting datasets list` shows.")]
Root = Annotated[Path, typer.Option(help="Folder of the dataset; for csv the table itself.")]
Sheet = Annotated[Path | None, typer.Option(help="Annotation sheet, where it lies elsewhere.")]
Frames = Annotated[Path | None, typer.Option(help="Folder whose children are the subjects.")]
Apex = Annotated[str, typer.Option(help="Where no apex is coded: midpoint or none.")]
Offset = Annotated[str, typer.Option(help="Where no offset is coded: apex, mirror or drop.")]


@app.command("list")
def list_datasets() -> None:
    """Show all datasets with clips, subjects, frame rate and what must be signed."""
    from fleeting import datasets

    table = _table("dataset", "clips", "subjects", "fps", "licence")
    for name in datasets.names():
        one = datasets.info(name)
        _add(table, name, one.clips, one.subjects, one.fps, one.licence.split(";")[0])
    _console().print(table)


@app.command()
def info(name: Name) -> None:
    """Show what is known of a dataset: how to ask for it, layout, sheets, classes, citation."""
    from fleeting import datasets

    one = _guard(lambda: datasets.info(name))
    table = _table("", one.name)
    for what, text in info_lines(one):
        _add(table, what, text)
    _console().print(table)


@app.command()
def check(
    name: Name,
    root: Root,
    sheet: Sheet = None,
    frames: Frames = None,
    apex: Apex = "midpoint",
    offset: Offset = "apex",
) -> None:
    """Say what was found, what is missing, and how to ask for it; exit 1 where something is missing."""
    from fleeting import datasets

    report = _guard(lambda: datasets.check(name, root, **_options(sheet, frames, apex, offset)))
    _print_report(_console(), report)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def manifest(
    name: Name,
    root: Root,
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    sheet: Sheet = None,
    frames: Frames = None,
    apex: Apex = "midpoint",
    offset: Offset = "apex",
) -> None:
    """Write one row for each coded movement; the columns are in docs/add-a-dataset.md."""
    from fleeting import datasets

    opened = _guard(lambda: datasets.open(name, root, **_options(sheet, frames, apex, offset)))
    rows = _guard(lambda: datasets.write_manifest(opened, out))
    dropped = len(opened.dropped)
    typer.echo(
        f"{out}: {rows} rows" + (f"; {dropped} not usable, see `fleeting datasets check`" if dropped else "")
    )


app.command()(prepare)


def info_lines(one: "DatasetInfo") -> list[tuple[str, str]]:
    """Give what ``info`` shows, as pairs of a name and a text."""
    protocols = [
        (f"classes={key}", ", ".join(_class_line(name, labels.words) for name in labels.classes))
        for key, labels in one.labels.items()
    ]
    lines = [
        ("title", one.title),
        ("clips", one.clips),
        ("subjects", one.subjects),
        ("fps", one.fps),
        ("licence", one.licence),
        ("how to ask", one.request),
        ("address", one.url),
        ("sheets", "\n".join(one.sheets)),
        ("frames", "\n".join(one.layout)),
        *protocols,
        ("notes", "\n".join(one.notes)),
        ("citation", one.citation),
    ]
    return [(what, text) for what, text in lines if text]


def _class_line(name: str, words: Any) -> str:
    own = [word for word, label in words.items() if label == name]
    return name if own in ([name], []) else f"{name} ({', '.join(own)})"


def _options(sheet: Path | None, frames: Path | None, apex: str, offset: str) -> dict[str, Any]:
    """Options for a reader; those that were not given are left to it, since not every reader has them."""
    given = {"sheet": sheet, "frames": frames}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    chosen |= {k: v for k, v, usual in (("apex", apex, "midpoint"), ("offset", offset, "apex")) if v != usual}
    return chosen


def _print_report(console: "Console", report: "CheckReport") -> None:
    table = _table("what", "expected", "found", "state", title=f"{report.dataset} in {report.root}")
    for one in report.findings:
        _add(table, one.what, one.expected, one.found, one.state, style=STYLES.get(one.state, ""))
    console.print(table)
    for title, pairs in (
        ("action units not read", report.unread),
        ("rows not used", report.dropped),
        ("rows changed", report.changed),
    ):
        if pairs:
            console.print(_grouped(title, pairs))
    if not report.ok:
        console.print(f"How to ask for it: {report.request}", markup=False, highlight=False)


def _grouped(title: str, pairs: "Sequence[tuple[str, str]]") -> "Table":
    """Put pairs of a sample and what is the matter with it into one row for each matter."""
    groups: dict[str, list[str]] = {}
    for sample, what in pairs:
        groups.setdefault(what, []).append(sample)
    listed = _table("what", "rows", "samples", title=f"{title}: {len(pairs)}")
    for what, samples in sorted(groups.items(), key=lambda group: -len(group[1])):
        rest = len(samples) - SHOWN
        names = ", ".join(samples[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        _add(listed, what, str(len(samples)), names)
    return listed


def _guard(action: Any) -> Any:
    """Run an action; an error of ours becomes one line on stderr and exit code 2."""
    from fleeting.core import FleetingError

    try:
        return action()
    except FleetingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _table(*columns: str, title: str = "") -> "Table":
    from rich.table import Table

    table = Table(*columns, title=title or None, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    return table


def _add(table: "Table", *cells: str, style: str = "") -> None:
    """Add a row of plain text: brackets in a path or a code are not markup. The style is the last cell's."""
    from rich.text import Text

    table.add_row(*(Text(cell) for cell in cells[:-1]), Text(cells[-1], style=style))


def _console() -> "Console":
    from rich.console import Console

    return Console()
