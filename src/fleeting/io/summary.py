"""``summary.csv``: what became of each of several videos."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from fleeting.core import Report, UsageError
from fleeting.io.csvfile import write_table

SUMMARY_STATUS = ("done", "failed", "skipped")


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One video in ``summary.csv``.

    Parameters
    ----------
    file
        The video as the user named it.
    status
        ``done``, ``failed`` or ``skipped`` (was done before).
    message
        Why it failed; empty otherwise.
    result
        Stem of the result files; empty where it failed.
    frames, duration_s, fps, faces, micro, macro
        As in the result; ``None`` where it failed.
    warnings
        Codes of the quality warnings, separated by blanks.

    Raises
    ------
    UsageError
        Where the status is another.

    Examples
    --------
    >>> SummaryRow("a.mp4", "failed", "a.mp4: has no video stream").micro is None
    True
    """

    file: str
    status: str
    message: str = ""
    result: str = ""
    frames: int | None = None
    duration_s: float | None = None
    fps: float | None = None
    faces: int | None = None
    micro: int | None = None
    macro: int | None = None
    warnings: str = ""

    def __post_init__(self) -> None:
        if self.status not in SUMMARY_STATUS:
            raise UsageError(f"status: expected one of {', '.join(SUMMARY_STATUS)}, got {self.status!r}")

    @classmethod
    def of_report(cls, report: Report, *, result: str = "", status: str = "done") -> "SummaryRow":
        """Fill a row from a report; warnings keep their order, each code once."""
        kinds = [expression.interval.kind for expression in report.expressions]
        codes = dict.fromkeys(warning.code for warning in report.warnings)
        video = report.video
        return cls(
            video.path,
            status,
            result=result,
            frames=video.frames,
            duration_s=video.duration_s,
            fps=video.fps,
            faces=len(report.faces),
            micro=kinds.count("micro"),
            macro=kinds.count("macro"),
            warnings=" ".join(codes),
        )


def write_summary(rows: Iterable[SummaryRow], path: str | os.PathLike[str]) -> Path:
    """Write ``summary.csv``: one row for each video, in the order given.

    Raises
    ------
    InputError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_summary([SummaryRow("a.mp4", "failed", "no face")], Path(folder) / "summary.csv")
    ...     path.read_text().splitlines()[1]
    'a.mp4,failed,no face,,,,,,,,'
    """
    columns = [field.name for field in fields(SummaryRow)]
    return write_table(path, columns, [{name: getattr(row, name) for name in columns} for row in rows])
