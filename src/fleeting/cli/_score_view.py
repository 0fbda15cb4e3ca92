"""How `fleeting score` shows its numbers: plain values for JSON, sections of rows for people."""

import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEW = 10


@dataclass(frozen=True, slots=True)
class Section:
    """One table for people: a title, column names and rows of cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def plain(value: Any) -> Any:
    """Turn scores into what JSON knows; NaN and infinity become ``None``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def cell(value: object) -> str:
    """Write one cell: four decimals for real numbers, a dash for what is not defined."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def between(low: float, high: float) -> str:
    """Write an interval."""
    return "–" if math.isnan(low) or math.isnan(high) else f"[{low:.4f}, {high:.4f}]"


def trimmed(matrix: np.ndarray) -> np.ndarray:
    """Leave out the column of answers outside the labels where there is no such answer."""
    size = len(matrix)
    return matrix if matrix[:, size:].any() else matrix[:, :size]


def confusion_section(title: str, labels: Sequence[str], matrix: np.ndarray) -> Section:
    """Show a confusion matrix, truth in rows."""
    columns = ["truth \\ predicted", *labels, *["none of them"] * (matrix.shape[1] - len(labels))]
    return Section(title, columns, [[name, *row] for name, row in zip(labels, matrix.tolist(), strict=True)])


def few_subjects(subjects: int) -> list[str]:
    """Warn where a bootstrap over so few subjects promises too much."""
    if subjects >= FEW:
        return []
    return [f"only {subjects} subjects: bootstrap intervals over so few are too narrow"]


def show(
    report: dict[str, Any], sections: Iterable[Section], warnings: Sequence[str], *, as_json: bool
) -> None:
    """Print one JSON object, or tables with the warnings below them."""
    if as_json:
        import typer

        typer.echo(
            json.dumps(plain({**report, "warnings": list(warnings)}), ensure_ascii=False, allow_nan=False)
        )
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    for section in sections:
        table = Table(title=escape(section.title), title_justify="left", box=box.SIMPLE_HEAD)
        for index, name in enumerate(section.columns):
            table.add_column(escape(name), justify="right" if index else "left", overflow="fold")
        for row in section.rows:
            table.add_row(*(escape(cell(value)) for value in row))
        console.print(table)
    for warning in warnings:
        console.print(f"note: {escape(warning)}")
