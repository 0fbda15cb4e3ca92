"""All files of one result: what programs read, and the page that people read."""

import os
from pathlib import Path

from fleeting.core import Report
from fleeting.io import clear_result, validate_folder, write_result
from fleeting.report.page import write_html


def default_stem(path: str) -> str:
    """Name a result after its video: the file's name without its ending, a folder's name whole.

    Examples
    --------
    >>> default_stem("films/anna.01.mp4"), default_stem("films/.hidden"), default_stem("films/clip/")
    ('anna.01', '.hidden', 'clip')
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would name it after what a link points to
    return place.name if place.is_dir() or not place.stem else place.stem


def save_report(report: Report, folder: str | os.PathLike[str], stem: str | None = None) -> dict[str, Path]:
    """Write a report as JSON, CSV, ELAN, signals and page.

    Parameters
    ----------
    report
        What ``analyze`` found.
    folder
        Where the files go; it is made where it is missing.
    stem
        The name that the files share; by default that of the video.

    Returns
    -------
    dict
        Paths by ``signals``, ``csv``, ``eaf``, ``html``, ``json``. The JSON is written last: where it lies,
        everything else is whole.

    Raises
    ------
    InputError
        Where the folder or a file cannot be written. No JSON is left then.
    UsageError
        Where the stem is no plain file name.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 0, 0.0, 0.0, False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = save_report(Report(video, (), (), (), Provenance("0.1.0", {})), folder)
    >>> [path.name for path in paths.values()]
    ['clip.signals.npz', 'clip.csv', 'clip.eaf', 'clip.json', 'clip.html']
    """
    place = validate_folder(folder)
    name = default_stem(report.video.path) if stem is None else stem
    clear_result(place, name)  # before the page: an old JSON must not vouch for a new page
    html = write_html(report, place / f"{name}.html")
    return {**write_result(report, place, name), "html": html}
