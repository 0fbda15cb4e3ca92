"""One page over several videos: a row each, with a small timeline and the way to its own page."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from fleeting.core import Report
from fleeting.io import SummaryRow, write_atomic
from fleeting.report.decimate import peak_columns
from fleeting.report.page import environment, policy
from fleeting.report.signals import face_signals, span_of
from fleeting.report.svg import MACRO, MICRO, Axis, drawing, line_path, tag
from fleeting.report.words import count, found, length

WIDTH, HEIGHT, COLUMNS = 240.0, 34.0, 120


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One video of the index page.

    Parameters
    ----------
    summary
        The same row as in ``summary.csv``. Its page is ``<result>.html``; no ``result``, no link.
    spark
        Small timeline, as :func:`sparkline` draws it; empty where there is none.
    """

    summary: SummaryRow
    spark: Markup | str = ""

    @property
    def href(self) -> str:
        """Address of the video's page, from the index; empty where there is none.

        Examples
        --------
        >>> IndexRow(SummaryRow("a #1.mp4", "done", result="a #1")).href
        'a%20%231.html'
        """
        # surrogateescape: a name that is not UTF-8 is asked for with its own bytes
        return (
            quote(self.summary.result + ".html", safe="", errors="surrogateescape")
            if self.summary.result
            else ""
        )


def index_row(report: Report, *, result: str, status: str = "done") -> IndexRow:
    """Fill a row of the index from a report, also from one read back from disk.

    Parameters
    ----------
    report
        What was found; with its signals the row gets a small timeline with the curve.
    result
        Stem of the result files.
    status
        ``done``, or ``skipped`` where it was done before.
    """
    return IndexRow(SummaryRow.of_report(report, result=result, status=status), sparkline(report))


def sparkline(report: Report) -> Markup:
    """Draw a recording in the height of two lines: the highest curve of all faces, and the intervals.

    Returns
    -------
    markupsafe.Markup
        An ``<svg>``: micro-expressions as marks above, macro-expressions as bars below the curve.
    """
    start, stop = span_of(report)
    axis = Axis(start, stop, 2.0, WIDTH - 2)
    parts = [tag("path", d=f"M2 {HEIGHT - 8:g}H{WIDTH - 2:g}", class_="axis")]
    curves = [face_signals(report, face.id) for face in report.faces]
    peaks = [peak_columns(c.times, c.curve, start, stop, COLUMNS) for c in curves if len(c.times)]
    if peaks and np.isfinite(peaks).any():
        best = np.fmax.reduce(peaks)
        up = Axis(min(0.0, float(np.nanmin(best))), float(np.nanmax(best)) or 1.0, HEIGHT - 8, 8)
        centres = np.linspace(axis.low, axis.high, 2 * COLUMNS + 1)[1::2]
        parts.append(tag("path", d=line_path(centres, up.all(best)), class_="curve"))
    for expression in report.expressions:
        interval = expression.interval
        micro = interval.kind == "micro"
        x = min(axis.at(interval.onset_s), axis.high - 2.5)
        wide = max(axis.at(interval.offset_s + interval.frame_s) - x, 2.5)
        y, colour = (0.0, MICRO) if micro else (HEIGHT - 6, MACRO)
        parts.append(tag("rect", x=x, y=y, width=wide, height=6.0, fill=colour))
    kinds = [expression.interval.kind for expression in report.expressions]
    label = "Small timeline: " + found(kinds, " above, ") + " below the curve"
    return drawing(WIDTH, HEIGHT, label, *parts, class_="plot spark")


def render_index(rows: Iterable[IndexRow], *, version: str = "") -> str:
    """Render the page over several videos.

    Parameters
    ----------
    rows
        The videos in the order in which they are to stand.
    version
        Of fleeting; left out where empty.

    Returns
    -------
    str
        HTML without any outside resource; it links to the videos' pages, which lie beside it.

    Examples
    --------
    >>> page = render_index([IndexRow(SummaryRow("a<b.mp4", "failed", "has no video stream"))])
    >>> "a&lt;b.mp4" in page, "1 failed" in page
    (True, True)
    """
    listed: Sequence[IndexRow] = list(rows)
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            rows=listed,
            found=_found(listed),
            durations=[
                None if r.summary.duration_s is None else length(r.summary.duration_s) for r in listed
            ],
            version=version,
            policy=policy(),
        )
    )


def _found(rows: Sequence[IndexRow]) -> str:
    kinds = [kind for row in rows for kind in _kinds(row.summary)]
    failed = sum(row.summary.status == "failed" for row in rows)
    total = sum(row.summary.duration_s or 0.0 for row in rows)
    text = f"{found(kinds, ' and ')} in {count(len(rows), 'video')}, {length(total)}"
    return text + (f"; {failed} failed" if failed else "")


def _kinds(summary: SummaryRow) -> list[str]:
    return ["micro"] * (summary.micro or 0) + ["macro"] * (summary.macro or 0)


def write_index(rows: Iterable[IndexRow], path: str | os.PathLike[str], *, version: str = "") -> Path:
    """Write the page over several videos, whole or not at all.

    Parameters
    ----------
    rows, version
        As for :func:`render_index`.
    path
        File to write, beside the videos' pages.

    Raises
    ------
    InputError
        Where it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_index([], Path(folder) / "index.html").name
    'index.html'
    """
    return write_atomic(path, render_index(rows, version=version))
