"""Flow maps on disk: the public folder layout ``three_norm_u_v_os`` and one array file."""

import dataclasses
import io
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fleeting.core import InputError
from fleeting.synth._flowmap_units import CLASSES, UNITS
from fleeting.synth.flowmap import FlowMaps, FlowMapSettings, join, share_out, subject_maps

SCHEMA = "fleeting.flowmaps/1"
LAYOUT = "three_norm_u_v_os"
FOLDER_CLASSES = 3  # the layout has no folder for "none"
TRAIN_LIMIT = 100_000  # pictures in all training folders together, above which they are left out


class FlowMapPaths(NamedTuple):
    """What `write_flowmaps` left: the folder of the subjects, the arrays, the settings."""

    folder: Path
    arrays: Path
    settings: Path


def write_flowmaps(
    out: str | PathLike[str],
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: FlowMapSettings | None = None,
    train_folders: bool | None = None,
    jobs: int = 1,
    on_subject: Callable[[int], None] | None = None,
) -> FlowMapPaths:
    """Make flow maps and write them, going on where a stopped run left off.

    Parameters
    ----------
    out
        Folder, made where it is missing. It gets ``three_norm_u_v_os/f0000/u_test/{0,1,2}/f0000_0000.png``
        (28 x 28, R = u, G = v, B = strain), which the reader ``megc2019-flow`` reads, ``flowmaps.npz`` (see
        `read_flowmaps`), which alone holds action units and the class "none", and ``flowmaps.json``.
    count, seed, subjects, settings
        As in `flowmaps`.
    train_folders
        Whether each subject also gets ``u_train`` with the pictures of all others, as hard links where the
        disk has them; by default up to 100,000 pictures in all.
    jobs
        Processes; the files are the same for any number.
    on_subject
        Called with the number of subjects done.

    Returns
    -------
    FlowMapPaths

    Raises
    ------
    UsageError
        For numbers out of range.
    InputError
        Where the folder cannot be written or holds maps that were made otherwise.

    Notes
    -----
    A subject's folder appears whole or not at all; the same seed and settings give the same bytes.
    """
    from fleeting.io import validate_folder, write_atomic
    from fleeting.jobs import run_jobs

    parts = share_out(count, subjects)
    train = count * (len(parts) - 1) <= TRAIN_LIMIT if train_folders is None else train_folders
    folder = validate_folder(out)
    wanted = settings or FlowMapSettings()
    paths = FlowMapPaths(folder / LAYOUT, folder / "flowmaps.npz", folder / "flowmaps.json")
    description = _describe(count, len(parts), seed, wanted)
    if _is_described(paths.settings, description) and paths.arrays.exists() and not train:
        return paths
    write_atomic(paths.settings, (json.dumps(description, indent=1) + "\n").encode())
    made: list[FlowMaps | None] = [None] * len(parts)
    work = partial(_make_subject, paths.folder, parts, seed, wanted)
    for done, result in enumerate(run_jobs(work, range(len(parts)), jobs=jobs), start=1):
        made[result.index] = result.unwrap()
        if on_subject is not None:
            on_subject(done)
    if train:
        _write_training(paths.folder, [f"f{index:04d}" for index in range(len(parts))])
    if not paths.arrays.exists():
        write_atomic(paths.arrays, pack(join([one for one in made if one is not None])))
    return paths


def pack(made: FlowMaps) -> bytes:
    """Pack maps and truth as an ``.npz`` of plain arrays."""
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        maps=made.maps,
        labels=made.labels,
        aus=made.aus,
        subjects=made.subjects,
        classes=np.array(made.classes),
        units=np.array(made.units),
    )
    return packed.getvalue()


def read_flowmaps(path: str | PathLike[str]) -> FlowMaps:
    """Read ``flowmaps.npz``, or the folder that holds it.

    Raises
    ------
    InputError
        Where there is no such file, or it holds something else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_flowmaps(folder, 8, seed=1, subjects=2)
    ...     read_flowmaps(folder).maps.shape
    (8, 28, 28, 3)
    """
    file = Path(path) / "flowmaps.npz" if Path(path).is_dir() else Path(path)
    try:
        with np.load(file) as data:
            arrays = {name: data[name] for name in ("maps", "labels", "aus", "subjects", "classes", "units")}
    except FileNotFoundError as error:
        raise InputError(file, "no such file", "make it with `fleeting synth flowmaps`") from error
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(file, "is no file of flow maps", "make it with `fleeting synth flowmaps`") from error
    classes = tuple(arrays.pop("classes").tolist())
    return FlowMaps(classes=classes, units=tuple(arrays.pop("units").tolist()), **arrays)


def _describe(count: int, subjects: int, seed: int, settings: FlowMapSettings) -> dict[str, Any]:
    told = {
        "schema": SCHEMA,
        "count": count,
        "subjects": subjects,
        "seed": seed,
        "channels": ["u", "v", "strain"],
        "normalise": "minmax",
        "size": 28,
        "classes": CLASSES,
        "units": UNITS,
        "settings": dataclasses.asdict(settings),
    }
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


def _is_described(path: Path, description: dict[str, Any]) -> bool:
    """Whether a run with the same settings was here; raises InputError where another one was."""
    if not path.exists():
        return False
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, "cannot be read", "choose another output folder") from error
    if found != description:
        raise InputError(
            path, "the folder holds maps that were made otherwise", "choose another output folder"
        )
    return True


def _make_subject(base: Path, parts: list[int], seed: int, settings: FlowMapSettings, index: int) -> FlowMaps:
    """Make one subject's maps and write them; what a process of its own does."""
    made = subject_maps(index, parts[index], seed=seed, settings=settings)
    _write_subject(base, f"f{index:04d}", made)
    return made


def _write_subject(base: Path, name: str, made: FlowMaps) -> None:
    """Write a subject's own pictures, unless they are there."""
    import cv2

    done = base / name / "u_test"
    if done.is_dir():
        return
    part = _fresh(base / name / ".part-u_test")
    for label in range(FOLDER_CLASSES):
        (part / str(label)).mkdir()
    for at in np.flatnonzero(made.labels < FOLDER_CLASSES):
        # OpenCV takes the channels in the order B, G, R
        bytes_ = cv2.imencode(".png", made.maps[at][..., ::-1])[1].tobytes()
        (part / str(made.labels[at]) / f"{name}_{at:04d}.png").write_bytes(bytes_)
    part.rename(done)


def _write_training(base: Path, names: list[str]) -> None:
    """Give each subject the pictures of all others."""
    own = {name: sorted((base / name / "u_test").glob("*/*.png")) for name in names}
    for left_out in names:
        done = base / left_out / "u_train"
        if done.is_dir():
            continue
        part = _fresh(base / left_out / ".part-u_train")
        for label in range(FOLDER_CLASSES):
            (part / str(label)).mkdir()
        for name in names:
            for picture in own[name] if name != left_out else ():
                _link(picture, part / picture.parent.name / picture.name)
        part.rename(done)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # disks without hard links
        shutil.copyfile(source, target)


def _fresh(folder: Path) -> Path:
    """Make an empty folder; what a killed run left of it goes."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
