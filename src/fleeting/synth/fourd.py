"""``synth-4d``: short clips of splat faces from two calibrated cameras at once, with depth and labels.

Layout: ``fourd.json`` (settings), ``samples.csv`` (one line a clip, with the columns that the dataset reader
``csv`` reads), and for every clip a folder ``f0000/00`` with ``left/0000.png``.., ``right/0000.png``..,
``calibration.json`` and ``truth.npz``: ``depth`` ``(2, T, H, W)`` uint16 in parts of an eye distance
(`DEPTH_STEPS`), ``flow`` ``(2, 2, H, W, 2)`` float16 for each view and phase, and ``face`` ``(2, H, W)``
bool. Needs ``fleeting[train]``.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.synth._splat_clips import EMOTIONS, FourDSettings, draw_event, head_drift, two_views
from fleeting.synth._splat_sets import (
    claim,
    joined_rows,
    load_png,
    make_all,
    photograph,
    save_png,
    share_out,
    whole_folder,
)

if TYPE_CHECKING:
    from fleeting.synth._splat_face import SplatFace

SCHEMA = "fleeting.fourd/1"
VIEWS = ("left", "right")
DEPTH_STEPS = 2048
"""Steps of the stored depth in one eye distance; 0 is nothing seen."""
COLUMNS = (
    *("clip", "path", "path_right", "truth", "subject", "onset", "apex", "offset", "fps", "label", "aus"),
    *EMOTIONS,
    *("frames", "strength_percent", "duration_s"),
)
_CLIPS_A_SUBJECT = 8


@dataclass(frozen=True)
class FourDClip:
    """One clip.

    Parameters
    ----------
    images
        ``(2, T, H, W, 3)`` uint8 RGB: the left camera (on the image's left of the face), the right one.
    depth
        ``(2, T, H, W)`` float32, eye distances from each camera; 0 where nothing is seen.
    flow
        ``(2, 2, H, W, 2)`` float32, exact, in pixels: for each view from onset to apex, from apex to offset.
    face
        ``(2, H, W)`` bool: where the face is in the onset frame.
    onset, apex, offset
        Frames, zero-based and inclusive.
    fps
        Frames a second.
    labels
        ``(5,)`` bool over `EMOTIONS`; more than one may hold.
    aus
        Action units.
    calibration
        For each view ``intrinsics`` (3, 3) and ``pose`` (3, 4), eye distances and pixels.
    row
        Its line of the table.
    """

    images: np.ndarray
    depth: np.ndarray
    flow: np.ndarray
    face: np.ndarray
    onset: int
    apex: int
    offset: int
    fps: float
    labels: np.ndarray
    aus: tuple[int, ...]
    calibration: tuple[dict[str, Any], ...]
    row: dict[str, Any]


class FourDPaths(NamedTuple):
    """What `write_4d` left."""

    folder: Path
    table: Path
    settings: Path


def draw_clip(rng: np.random.Generator, face: "SplatFace", wanted: FourDSettings) -> FourDClip:
    """Draw an expression of a face and film it from both sides."""
    import torch

    from fleeting.synth.splat import render

    event = draw_event(rng, face, wanted)
    views = two_views(rng, wanted.size, wanted.iod_share, wanted.angle_deg)
    times = np.arange(event.frames) / wanted.fps
    poses = head_drift(rng, times, wanted.head_percent)
    strength = event.plant.ease(times)
    shapes = [
        face.vertices(event.rest + s * event.weights, pose) for s, pose in zip(strength, poses, strict=True)
    ]
    phases = ((event.onset, event.apex), (event.apex, event.offset))
    images, depth, flow, shown = [], [], [], []
    with torch.no_grad():
        for view in views:
            behind = face.background(view)
            seen = [render(face.splats, shape, view, background=behind) for shape in shapes]
            images.append(
                [photograph(rng, one.image.numpy(), blur=0.5, noise=wanted.noise, gain=1.0) for one in seen]
            )
            depth.append(torch.stack([torch.where(one.alpha > 0.5, one.depth, 0.0) for one in seen]).numpy())
            moved = [render(face.splats, shapes[a], view, moved=shapes[b]) for a, b in phases]
            flow.append(np.stack([one.numpy()["flow"] for one in moved]))
            shown.append(moved[0].face.numpy() > 0.5)
    return FourDClip(
        np.array(images),
        np.stack(depth).astype(np.float32),
        np.stack(flow).astype(np.float32),
        np.stack(shown),
        event.onset,
        event.apex,
        event.offset,
        wanted.fps,
        event.labels,
        event.plant.aus,
        tuple(view.told() for view in views),
        {
            "label": EMOTIONS[event.main],
            "strength_percent": round(event.plant.strength_percent, 3),
            "duration_s": round(event.plant.duration_s, 4),
        },
    )


def write_4d(
    out: str | PathLike[str],
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: FourDSettings | None = None,
    jobs: int = 1,
    on_subject: Callable[[int], None] | None = None,
) -> FourDPaths:
    """Write ``synth-4d``, going on where a stopped run left off.

    Parameters
    ----------
    out
        Folder, made where it is missing.
    count, subjects
        Number of clips and of people; by default one for every 8 clips.
    seed, settings
        Same seed and settings, same bytes.
    jobs
        Processes.
    on_subject
        Called with the number of subjects done.

    Raises
    ------
    UsageError
        For values out of range, or without torch.
    InputError
        Where the folder cannot be written or holds a set that was made otherwise.

    Notes
    -----
    A clip's folder appears whole or not at all; a subject's clips depend on the seed and its number alone.
    """
    from fleeting.io import validate_folder, write_table

    if seed < 0:
        raise UsageError(f"seed: expected a number from 0 on, got {seed}")
    wanted = settings or FourDSettings()
    parts = share_out(count, subjects, _CLIPS_A_SUBJECT)
    folder = validate_folder(out)
    told: dict[str, Any] = {"schema": SCHEMA, "count": count, "subjects": len(parts), "seed": seed}
    told |= {"emotions": EMOTIONS, "depth_steps": DEPTH_STEPS, "settings": dataclasses.asdict(wanted)}
    described = claim(folder, "fourd.json", told)
    make_all(partial(_write_subject, folder, parts, seed, wanted), len(parts), jobs, on_subject)
    names = [f"f{i:04d}/{k:02d}" for i, number in enumerate(parts) for k in range(number)]
    return FourDPaths(
        folder, write_table(folder / "samples.csv", COLUMNS, joined_rows(folder, names)), described
    )


class FourD(Sequence[FourDClip]):
    """The clips of a folder, read when they are asked for; see `read_4d`."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.folder, self.rows = folder, rows

    @property
    def subjects(self) -> np.ndarray:
        """``(N,)`` such as ``synth/f0001``."""
        return np.array([row["subject"] for row in self.rows])

    @property
    def labels(self) -> np.ndarray:
        """``(N, 5)`` bool over `EMOTIONS`."""
        return np.array([[row[name] for name in EMOTIONS] for row in self.rows], bool)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        """Give one clip, or the clips of a slice as another sequence."""
        if isinstance(at, slice):
            return FourD(self.folder, self.rows[at])
        row = self.rows[at]
        path = self.folder / row["truth"]
        try:
            with np.load(path) as data:
                depth, flow, face = data["depth"], data["flow"], data["face"]
            told = json.loads((path.parent / "calibration.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(path, "cannot be read", "make the set again with `fleeting synth 4d`") from error
        images = [
            [load_png(self.folder / row[side] / f"{i:04d}.png") for i in range(row["frames"])]
            for side in ("path", "path_right")
        ]
        return FourDClip(
            np.array(images),
            depth.astype(np.float32) / DEPTH_STEPS,
            flow.astype(np.float32),
            face,
            row["onset"],
            row["apex"],
            row["offset"],
            row["fps"],
            np.array([row[name] for name in EMOTIONS], bool),
            tuple(int(au) for au in row["aus"].split("+")),
            tuple(told[name] for name in VIEWS),
            row,
        )


def read_4d(folder: str | PathLike[str]) -> FourD:
    """Read ``synth-4d``.

    Parameters
    ----------
    folder
        Where `write_4d` wrote.

    Returns
    -------
    FourD
        A sequence of `FourDClip`; ``rows`` holds the lines of ``samples.csv`` with numbers as numbers.

    Raises
    ------
    InputError
        Where there is no such set.

    Examples
    --------
    >>> import tempfile
    >>> small = FourDSettings(size=32, fps=25, levels=0)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = write_4d(out, 1, seed=1, settings=small)
    ...     clip = read_4d(out)[0]
    >>> clip.images.shape[0], clip.onset < clip.apex <= clip.offset
    (2, True)
    """
    from fleeting.io import read_table

    path = Path(folder)
    if not (path / "samples.csv").exists():
        raise InputError(path, "holds no samples.csv", "make the set with `fleeting synth 4d`")
    rows: list[dict[str, Any]] = []
    for _, cells in read_table(path / "samples.csv", required=COLUMNS):
        whole = {name: int(cells[name]) for name in ("onset", "apex", "offset", "frames", *EMOTIONS)}
        real = {name: float(cells[name]) for name in ("fps", "strength_percent", "duration_s")}
        rows.append({**cells, **whole, **real})
    return FourD(path, rows)


def _write_subject(folder: Path, parts: list[int], seed: int, wanted: FourDSettings, index: int) -> None:
    from fleeting.synth._splat_face import draw_face

    names = [f"f{index:04d}/{k:02d}" for k in range(parts[index])]
    if all((folder / name).is_dir() for name in names):
        return
    rng = np.random.default_rng((seed, index, 4))
    face = draw_face(rng, basis=wanted.basis, levels=wanted.levels, per_edge=wanted.per_edge)
    for k, name in enumerate(names):
        own = np.random.default_rng((seed, index, 4, k + 1))
        whole_folder(folder / name, partial(_fill_clip, own, face, wanted, name))


def _fill_clip(
    rng: np.random.Generator, face: "SplatFace", wanted: FourDSettings, name: str, part: Path
) -> None:
    clip = draw_clip(rng, face, wanted)
    for side, frames in zip(VIEWS, clip.images, strict=True):
        (part / side).mkdir()
        for i, picture in enumerate(frames):
            save_png(part / side / f"{i:04d}.png", picture)
    depth = np.rint(clip.depth * DEPTH_STEPS).clip(0, 65535).astype(np.uint16)
    np.savez_compressed(part / "truth.npz", depth=depth, flow=clip.flow.astype(np.float16), face=clip.face)
    told = dict(zip(VIEWS, clip.calibration, strict=True))
    (part / "calibration.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    row = {
        "clip": name.replace("/", "_"),
        "path": f"{name}/left",
        "path_right": f"{name}/right",
        "truth": f"{name}/truth.npz",
        "subject": f"synth/{name.split('/')[0]}",
        "onset": clip.onset,
        "apex": clip.apex,
        "offset": clip.offset,
        "fps": clip.fps,
        "aus": "+".join(str(au) for au in clip.aus),
        "frames": clip.images.shape[1],
        **{emotion: int(on) for emotion, on in zip(EMOTIONS, clip.labels, strict=True)},
        **clip.row,
    }
    (part / "rows.json").write_text(json.dumps([row]), encoding="utf-8")
