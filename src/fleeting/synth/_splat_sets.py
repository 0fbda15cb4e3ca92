"""What the two sets of splat faces share: whole folders, settings that must agree, cameras' own faults."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fleeting.core import InputError, UsageError

MOST_SUBJECTS = 10_000


def share_out(count: int, subjects: int | None, each: int) -> list[int]:
    """How many pieces each subject gets, by default about ``each``; UsageError for numbers out of range.

    Examples
    --------
    >>> share_out(7, 3, 10), share_out(25, None, 10)
    ([3, 2, 2], [9, 8, 8])
    """
    if count < 1:
        raise UsageError(f"count: expected at least one, got {count}")
    people = min(MOST_SUBJECTS, -(-count // each)) if subjects is None else subjects
    if not 1 <= people <= min(count, MOST_SUBJECTS):
        raise UsageError(f"subjects: expected 1..{min(count, MOST_SUBJECTS)} for {count}, got {people}")
    return [count // people + (i < count % people) for i in range(people)]


def claim(folder: Path, name: str, description: dict[str, Any]) -> Path:
    """Write the settings of a set into its folder; raises InputError where other settings stand there."""
    from fleeting.io import write_atomic

    path = folder / name
    told = json.loads(json.dumps(description))
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(path, "cannot be read", "choose another output folder") from error
        if found != told:
            raise InputError(path, "the folder holds a set made otherwise", "choose another output folder")
        return path
    return write_atomic(path, json.dumps(told, indent=1) + "\n")


def whole_folder(done: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder that appears whole or not at all, unless it is there."""
    if done.is_dir():
        return
    part = done.with_name(f".part-{done.name}")
    if part.exists():  # what a killed run left
        shutil.rmtree(part)
    part.mkdir(parents=True)
    fill(part)
    part.rename(done)


def make_all(
    function: Callable[[int], Any], count: int, jobs: int, on_done: Callable[[int], None] | None
) -> None:
    """Run ``function`` over subjects; the first that failed raises its error once all others are done."""
    from fleeting.jobs import run_jobs

    failed: list[Any] = []
    for done, result in enumerate(run_jobs(function, range(count), jobs=jobs), start=1):
        if not result.ok:
            failed.append(result)
        if on_done is not None:
            on_done(done)
    if failed:
        failed[0].unwrap()


def joined_rows(folder: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of ``rows.json`` of all subjects, in their order."""
    rows: list[dict[str, Any]] = []
    for name in names:
        rows += json.loads((folder / name / "rows.json").read_text(encoding="utf-8"))
    return rows


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write RGB ``(H, W, 3)`` uint8."""
    import cv2

    # OpenCV takes the channels in the order B, G, R
    path.write_bytes(cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes())


def load_png(path: Path) -> np.ndarray:
    """Read RGB ``(H, W, 3)`` uint8; raises InputError where there is none."""
    import cv2

    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(path, "cannot be read", "make the set again") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(path, "is no picture", "make the set again")
    return np.ascontiguousarray(picture[..., ::-1])


def photograph(
    rng: np.random.Generator, image: np.ndarray, *, blur: float, noise: float, gain: float
) -> np.ndarray:
    """Turn a rendered picture ``(H, W, 3)`` 0..1 into what a camera gives, uint8.

    Parameters
    ----------
    rng
        Source of the noise.
    image
        Linear enough.
    blur
        Deviation in pixels.
    noise
        Deviation at mid grey, grey levels; it grows with the root of the brightness (photon noise).
    gain
        Brightness.
    """
    import cv2

    seen = image * (255 * gain)
    if blur > 0.05:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), blur))
    seen = seen + noise * np.sqrt(np.clip(seen, 8, 255) / 128) * rng.normal(size=seen.shape)
    return np.rint(seen).clip(0, 255).astype(np.uint8)
