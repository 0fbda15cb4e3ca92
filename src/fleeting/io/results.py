"""The result of ``analyze`` on disk: ``<stem>.json`` with a CSV, an ELAN file and the signals beside it.

The JSON is written last and removed first: where it lies, the result is whole.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, ModelUse, Report, UsageError
from fleeting.io.atomic import atomic_path, explain_os_error, write_atomic
from fleeting.io.eaf import write_eaf
from fleeting.io.tables import write_result_csv

SCHEMA = "fleeting.result/1"
_RERUN = "run analyze again with --overwrite"
_ENDINGS = {"signals": ".signals.npz", "csv": ".csv", "eaf": ".eaf", "json": ".json"}


def result_paths(folder: str | os.PathLike[str], stem: str) -> dict[str, Path]:
    """Name the files of one result, in the order in which they are written.

    Parameters
    ----------
    folder
        The output folder.
    stem
        The name that the files share; no path separator.

    Returns
    -------
    dict
        ``signals``, ``csv``, ``eaf``, ``json``.

    Raises
    ------
    UsageError
        Where the stem is empty or holds a path.

    Examples
    --------
    >>> [path.name for path in result_paths("out", "clip").values()]
    ['clip.signals.npz', 'clip.csv', 'clip.eaf', 'clip.json']
    """
    if not stem or stem in (".", "..") or Path(stem).name != stem:
        raise UsageError(f"stem: expected a plain file name, got {stem!r}")
    return {kind: Path(folder) / (stem + ending) for kind, ending in _ENDINGS.items()}


def write_result(
    report: Report, folder: str | os.PathLike[str], stem: str, *, subject: str = ""
) -> dict[str, Path]:
    """Write a report as JSON, CSV, ELAN and signals.

    Parameters
    ----------
    report
        What was found. Pictures are not stored.
    folder
        The output folder; it must exist (see ``validate_folder``).
    stem
        The name that the files share.
    subject
        For the ``subject`` column of the CSV; empty where nobody said who it is.

    Returns
    -------
    dict
        Paths by ``signals``, ``csv``, ``eaf``, ``json``.

    Raises
    ------
    InputError
        Where a file cannot be written. No JSON is left then.
    UsageError
        Where the report holds what JSON cannot carry (NaN, arrays of objects).

    Examples
    --------
    See `read_result`.
    """
    from fleeting.io.result_schema import document_of

    paths = result_paths(folder, stem)
    _check_signals(report.signals)
    document = document_of(report, SCHEMA)
    json.dumps(document, allow_nan=False)  # what cannot be written is found before the old result goes
    clear_result(folder, stem)
    with atomic_path(paths["signals"]) as place:
        _pack_signals(report.signals, place)
    if report.signals:
        with paths["signals"].open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        document["signals"] = {"names": list(report.signals), "sha256": digest}
    text = json.dumps(document, indent=1, allow_nan=False)
    write_result_csv(report, paths["csv"], video=stem, subject=subject)
    write_eaf(report, paths["eaf"])
    write_atomic(paths["json"], text + "\n")
    return paths


def clear_result(folder: str | os.PathLike[str], stem: str) -> None:
    """Take away the JSON that says "done", before anything else of the result is written anew.

    Raises
    ------
    InputError
        Where it cannot be removed.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> report = Report(video, (), (), (), Provenance("0.1.0", {"faces": "all"}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_result(report, folder, "clip")["json"]
    ...     clear_result(folder, "clip")
    ...     path.exists()
    False
    """
    path = result_paths(folder, stem)["json"]
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise explain_os_error(path, error) from error


def read_result(path: str | os.PathLike[str], *, signals: bool = True) -> Report:
    """Read what :func:`write_result` wrote.

    Parameters
    ----------
    path
        ``<stem>.json``.
    signals
        Whether to read ``<stem>.signals.npz`` too, where it lies beside. Nothing is unpickled.

    Returns
    -------
    Report
        Equal to the one written, without pictures. Settings come back as JSON knows them (tuples as lists).

    Raises
    ------
    InputError
        Where the file is missing, no result, of another schema, damaged, or the signals belong to another
        run.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> report = Report(video, (), (), (), Provenance("0.1.0", {"faces": "all"}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_result(report, folder, "clip")
    ...     read_result(paths["json"]) == report
    True
    """
    from fleeting.io.result_schema import report_of

    document = _read_document(path)
    report, packed = report_of(path, document)
    beside = Path(path).with_name(Path(path).stem + _ENDINGS["signals"])
    if not signals or packed is None or not beside.exists():
        return report
    return report_of(path, document, _unpack_signals(beside, packed.sha256))[0]


def result_is_current(
    path: str | os.PathLike[str], video_sha256: str, settings: Mapping[str, Any], models: Iterable[ModelUse]
) -> bool:
    """Tell whether a video is done: same content, same settings, same models, and all files there.

    Parameters
    ----------
    path
        ``<stem>.json`` of the earlier run; it may be missing or damaged.
    video_sha256
        Of the video now.
    settings, models
        What a run would record now in its provenance. Order of models does not matter.

    Returns
    -------
    bool
        The version of fleeting is not compared, and files that others put beside (a page) are not looked for.

    Examples
    --------
    >>> import tempfile
    >>> from fleeting.core import Provenance, VideoInfo
    >>> video = VideoInfo("clip.mp4", "0" * 64, 640, 480, 100, 4.0, 25.0, False)
    >>> report = Report(video, (), (), (), Provenance("0.1.0", {"faces": "all"}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_result(report, folder, "clip")["json"]
    ...     [result_is_current(path, "0" * 64, {"faces": who}, ()) for who in ("all", "largest")]
    [True, False]
    """
    from fleeting.io.result_schema import plain_settings

    try:
        report = read_result(path, signals=False)
    except InputError:
        return False  # whatever is wrong with the old file, the video is not done
    files = result_paths(Path(path).parent, Path(path).stem).values()
    used = report.provenance
    return (
        report.video.sha256 == video_sha256
        and used.settings == plain_settings(settings)
        and sorted((m.name, m.sha256) for m in used.models) == sorted((m.name, m.sha256) for m in models)
        and all(file.is_file() for file in files)
    )


def _read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(path, "no such result", "give the .json that analyze wrote") from error
    except IsADirectoryError as error:
        raise InputError(path, "is a folder", "give the .json that analyze wrote") from error
    except OSError as error:
        raise explain_os_error(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(path, "is no result of fleeting: no UTF-8 text", _RERUN) from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"is damaged or no JSON: {error}", _RERUN) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("fleeting.result/"):
        raise InputError(
            path,
            f"is no result of fleeting: expected schema {SCHEMA}, got {schema!r}",
            "give the .json that analyze wrote",
        )
    if schema != SCHEMA and not schema.startswith(SCHEMA + "."):
        raise InputError(path, f"has schema {schema!r}, this version reads {SCHEMA}", "update fleeting")
    return document


def _check_signals(signals: Mapping[str, np.ndarray]) -> None:
    for name, array in signals.items():
        if not name.isidentifier():
            raise UsageError(f"signals: expected a plain word as name, got {name!r}")
        if np.asarray(array).dtype.hasobject:
            raise UsageError(f"signals: {name!r} holds objects; give numbers or text of fixed width")


def _pack_signals(signals: Mapping[str, np.ndarray], path: Path) -> None:
    """Pack arrays as ``.npz``: same arrays, same bytes, and never a pickle; streamed, they may be large."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in signals.items():
            # a fixed date, so that the bytes depend on the arrays alone
            entry = zipfile.ZipInfo(name + ".npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def _unpack_signals(path: Path, sha256: str) -> dict[str, np.ndarray]:
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(path, "does not belong to the result beside it", _RERUN)
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise explain_os_error(path, error) from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(path, f"is damaged: {error}", _RERUN) from error
