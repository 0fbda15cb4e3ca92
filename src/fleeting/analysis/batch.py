"""Many videos -> results on disk: one that fails costs only itself, and what is done is not done again."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fleeting.analysis.stems import result_stems
from fleeting.core import FleetingError, InputError, Report
from fleeting.io import (
    SummaryRow,
    content_sha256,
    explain_os_error,
    open_video,
    read_result,
    result_is_current,
    result_paths,
    validate_folder,
    write_summary,
)
from fleeting.jobs import JobResult, run_jobs
from fleeting.report import IndexRow, index_row, save_report, write_index

if TYPE_CHECKING:
    from fleeting.analysis import AnalysisSettings

# What stands near the head of a file that fleeting wrote; a person's own file is not written over.
_MARKS = {
    ".json": b'"fleeting.result/',
    ".csv": b"subject,video,face,onset,",
    ".eaf": b'AUTHOR="fleeting ',
    ".html": b'name="generator" content="fleeting',
    "summary.csv": b"file,status,message,",
}
_HEAD_BYTES = 4000


@dataclass(frozen=True, slots=True)
class VideoStarted:
    """Work on a video begins; ``expected_frames`` is what its container promises, ``None`` for nothing."""

    index: int
    path: str
    expected_frames: int | None


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """Frames of a video that are done, and the time of the last in seconds."""

    index: int
    frames: int
    time_s: float


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """What became of one video.

    Parameters
    ----------
    index
        Position among the videos, from 0.
    path
        As the user gave it.
    stem
        The name that its result files share.
    status
        ``done``, ``skipped`` (its result was there) or ``failed``.
    report
        What was found, without signals and pictures; ``None`` where it failed.
    files
        Result files by kind; empty where it failed.
    row
        Its row in the overview.
    error, traceback
        Why it failed and where that arose; ``None`` and empty otherwise.
    """

    index: int
    path: str
    stem: str
    status: Literal["done", "skipped", "failed"]
    row: IndexRow
    report: Report | None = None
    files: dict[str, Path] = field(default_factory=dict)
    error: Exception | None = None
    traceback: str = ""


Event = VideoStarted | VideoProgress | VideoOutcome
Listener = Callable[[Event], object]


def analyze_many(
    paths: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    settings: "AnalysisSettings | None" = None,
    *,
    jobs: int = 1,
    ray_address: str | None = None,
    overwrite: bool = False,
    on_event: Listener | None = None,
) -> list[VideoOutcome]:
    """Analyse videos and write their results; the files of one are on disk before its outcome is told.

    Parameters
    ----------
    paths
        Video files and folders of images. One that is named twice is taken once.
    out
        Output folder; it is made where it is missing. :func:`write_overview` adds a page over all.
    settings
        As for ``analyze``.
    jobs, ray_address
        As for ``fleeting.jobs.run_jobs``. With Ray, all machines must see the videos and the folder, and
        paths become absolute.
    overwrite
        Whether to do again what is done: a video is done where its content, the settings and the models agree
        with the result that lies there.
    on_event
        Called in this process with what happens. With one job there is a :class:`VideoStarted` and a
        :class:`VideoProgress` for each frame; with several, only each :class:`VideoOutcome` as it comes.

    Returns
    -------
    list of VideoOutcome
        In the order of the videos. An error of one video, of whatever kind, is in its outcome.

    Raises
    ------
    InputError
        Where the output folder cannot be used.
    UsageError
        Where an argument is wrong.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from fleeting.io import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clip = write_video(f"{folder}/grey.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 5, fps=25)
    ...     first = analyze_many([clip, f"{folder}/none.mp4"], f"{folder}/out")
    ...     again = analyze_many([clip], f"{folder}/out")
    >>> [outcome.status for outcome in first + again]
    ['done', 'failed', 'skipped']
    """
    from fleeting.analysis import AnalysisSettings

    videos = distinct_videos(paths)
    folder = validate_folder(out)
    if ray_address is not None:  # other machines have other working folders
        videos, folder = [os.path.abspath(video) for video in videos], folder.absolute()  # noqa: PTH100
    tasks = list(zip(range(len(videos)), videos, result_stems(videos), strict=True))
    chosen = settings or AnalysisSettings()
    listen = on_event or (lambda _: None)
    inside = functools.partial(_through, listen) if jobs == 1 and ray_address is None else None
    work = functools.partial(_analyse_one, out=folder, settings=chosen, overwrite=overwrite, listen=inside)
    outcomes = []
    results = run_jobs(work, tasks, jobs=min(jobs, max(len(tasks), 1)), ray_address=ray_address)
    try:
        with closing(results):  # an error or Ctrl-C in between ends the workers at once
            for result in results:
                outcome = result.value if result.value is not None else _failed(tasks[result.index], result)
                listen(outcome)
                outcomes.append(outcome)
    except _ListenerError as stop:
        raise stop.error from None
    return sorted(outcomes, key=lambda outcome: outcome.index)


def write_overview(
    outcomes: Sequence[VideoOutcome], out: str | os.PathLike[str], *, version: str = ""
) -> dict[str, Path]:
    """Write ``summary.csv`` and ``index.html`` over several videos, those skipped and failed among them.

    Parameters
    ----------
    outcomes
        From :func:`analyze_many`.
    out
        The output folder.
    version
        Of fleeting, for the foot of the page.

    Returns
    -------
    dict
        Paths by ``summary`` and ``index``.

    Raises
    ------
    InputError
        Where they cannot be written.
    """
    folder = Path(out)
    rows = [outcome.row for outcome in outcomes]
    summary, index = folder / "summary.csv", folder / "index.html"
    _check_own(summary, _MARKS["summary.csv"])
    _check_own(index, _MARKS[".html"])
    return {
        "summary": write_summary([row.summary for row in rows], summary),
        "index": write_index(rows, index, version=version),
    }


def describe_failure(path: str, error: Exception) -> str:
    """Say in one sentence why a video failed: what, where, what to do.

    Examples
    --------
    >>> describe_failure("a.mp4", InputError("a.mp4", "is empty", "record it again"))
    'a.mp4: is empty; record it again'
    >>> describe_failure("a.mp4", ZeroDivisionError("division by zero"))
    'a.mp4: unexpected ZeroDivisionError: division by zero; run `fleeting doctor` and report both'
    """
    if isinstance(error, MemoryError):
        return f"{path}: there is not enough memory; close other programs, or take a part (--from, --to)"
    if not isinstance(error, FleetingError):
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return f"{path}: unexpected {what}; run `fleeting doctor` and report both"
    text = str(error)
    return text if path in text else f"{path}: {text}"


def distinct_videos(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Take each file once, however often and in whatever spelling it is named.

    Examples
    --------
    >>> distinct_videos(["a.mp4", "./a.mp4", "b.mp4"])
    ['a.mp4', 'b.mp4']
    """
    named = [os.fspath(path) for path in paths]
    return list({os.path.abspath(path): path for path in reversed(named)}.values())[::-1]  # noqa: PTH100


Task = tuple[int, str, str]


def _analyse_one(
    task: Task, *, out: Path, settings: "AnalysisSettings", overwrite: bool, listen: Listener | None
) -> VideoOutcome:
    """Do one video, or find that it is done; runs in a worker process too, where nobody listens."""
    from fleeting.analysis import analyze

    index, path, stem = task
    files = {**result_paths(out, stem), "html": out / f"{stem}.html"}
    for kind in ("json", "csv", "eaf", "html"):
        _check_own(files[kind], _MARKS[files[kind].suffix])
    before = None if overwrite else _done_before(path, files, settings)
    if before is not None:
        return _outcome(task, before, files, "skipped")
    progress = None
    if listen is not None:
        listen(VideoStarted(index, path, _expected_frames(path, settings)))
        progress = functools.partial(_tell, listen, index)
    report = analyze(path, settings, progress=progress)
    return _outcome(task, report, save_report(report, out, stem), "done")


class _ListenerError(BaseException):
    """Carries an error of the listener past the video it was told of, which is not to blame."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _through(listen: Listener, event: Event) -> None:
    try:
        listen(event)
    except (Exception, SystemExit) as error:
        raise _ListenerError(error) from error


def _tell(listen: Listener, index: int, frames: int, time_s: float) -> None:
    listen(VideoProgress(index, frames, time_s))


def _outcome(
    task: Task, report: Report, files: dict[str, Path], status: Literal["done", "skipped"]
) -> VideoOutcome:
    index, path, stem = task
    row = index_row(report, result=stem, status=status)
    return VideoOutcome(
        index, path, stem, status, row, replace(report, signals={}, pictures=()), dict(sorted(files.items()))
    )


def _failed(task: Task, result: JobResult[VideoOutcome]) -> VideoOutcome:
    index, path, stem = task
    error = result.error or InputError(path, "gave no result", "run it again")
    row = IndexRow(SummaryRow(path, "failed", describe_failure(path, error)))
    return VideoOutcome(index, path, stem, "failed", row, error=error, traceback=result.traceback)


def _done_before(path: str, files: dict[str, Path], settings: "AnalysisSettings") -> Report | None:
    """Give the earlier result where it is whole and a new one would be the same."""
    from fleeting.analysis import provenance_of

    if not all(file.is_file() for file in files.values()):
        return None
    now = provenance_of(settings)
    if not result_is_current(files["json"], content_sha256(path), now.settings, now.models):
        return None
    try:
        report = read_result(files["json"])
    except InputError:
        return None  # the signals beside it are damaged: it is done anew
    return replace(report, video=replace(report.video, path=path))


def _expected_frames(path: str, settings: "AnalysisSettings") -> int | None:
    """How many frames will be analysed, as far as the container can be believed."""
    with open_video(path, fps=settings.fps) as video:
        whole, rate = video.expected_frames, video.nominal_fps
    if whole is None and settings.stop_s is None:
        return None
    first = round((settings.start_s or 0.0) * rate)
    last = whole if settings.stop_s is None else round(settings.stop_s * rate) + 1
    return max(min(last or 0, whole or last or 0) - first, 1)


def _check_own(path: Path, mark: bytes) -> None:
    """Raise InputError where a file would be written over that somebody else made, a coder's own .eaf say."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain_os_error(path, error) from error
    if head and mark not in head:
        raise InputError(path, "was not written by fleeting", "move it away or choose another output folder")
