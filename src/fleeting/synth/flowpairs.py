"""``synth-flow``: pairs of pictures of splat faces with the exact flow between them, many people.

Layout: ``flow.json`` (settings), ``pairs.csv`` (one line each), and for every subject a folder ``f0000`` with
``0000_1.png``, ``0000_2.png`` and ``0000.npz``: ``flow`` ``(H, W, 2)`` float16, pixels from the first to the
second picture, x right and y down; ``face`` and ``visible`` ``(H, W)`` bool. Needs ``fleeting[train]``.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.synth._splat_motion import camera, expression, head_step, log_uniform, start
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

SCHEMA = "fleeting.flowpairs/1"
COLUMNS = (
    *("pair", "subject", "image_1", "image_2", "truth", "kind", "aus", "peak_px", "head_px"),
    *("median_px", "highest_px", "noise", "blur"),
)
KINDS = ("expression", "head", "both", "still")
_PAIRS_A_SUBJECT = 20
_FACE = 0.5  # share of a pixel's light that must come from the face


@dataclass(frozen=True, slots=True)
class FlowPairSettings:
    """What is drawn.

    Parameters
    ----------
    size
        Pixels each way, 32..512.
    iod_share
        Least and greatest eye distance, parts of the size.
    peak_px
        Least and greatest peak of an expression's motion, pixels; drawn evenly in the logarithm.
    head_px
        The same for the head's mean motion over the face.
    kinds
        Shares of pairs with an expression alone, the head alone, both, and nothing but noise.
    start_percent
        How far faces are from rest in the first picture, percent of the eye distance.
    tilt_deg
        Deviation of the head's angles in the first picture.
    noise, blur, gain
        Greatest sensor noise (grey levels) and blur (pixels), deviation of each picture's brightness.
    basis
        How faces move: ``kernel`` or ``tps``.
    levels, per_edge
        Fineness of mesh and splats.

    Raises
    ------
    UsageError
        For values out of range.
    """

    size: int = 128
    iod_share: tuple[float, float] = (0.26, 0.4)
    peak_px: tuple[float, float] = (0.1, 6.0)
    head_px: tuple[float, float] = (0.1, 4.0)
    kinds: tuple[float, float, float, float] = (0.5, 0.1, 0.35, 0.05)
    start_percent: float = 2.0
    tilt_deg: float = 4.0
    noise: float = 4.0
    blur: float = 0.8
    gain: float = 0.01
    basis: str = "kernel"
    levels: int = 1
    per_edge: int = 2

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 512:
            raise UsageError(f"size: expected 32..512 pixels, got {self.size}")
        for name in ("iod_share", "peak_px", "head_px"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise UsageError(f"{name}: expected two rising amounts above 0, got {low}, {high}")
        if self.iod_share[1] > 0.6 or max(self.peak_px[1], self.head_px[1]) > 0.2 * self.size:
            raise UsageError("iod_share up to 0.6; peak_px and head_px up to a fifth of the size")
        if len(self.kinds) != 4 or min(self.kinds) < 0 or not sum(self.kinds) > 0:
            raise UsageError(f"kinds: expected four shares, got {self.kinds}")
        if min(self.start_percent, self.tilt_deg, self.noise, self.blur, self.gain) < 0:
            raise UsageError("start_percent, tilt_deg, noise, blur and gain: expected amounts from 0 on")
        if self.basis not in ("kernel", "tps"):
            raise UsageError(f"basis: expected kernel or tps, got {self.basis!r}")


@dataclass(frozen=True)
class FlowPair:
    """Two pictures and the truth between them.

    Parameters
    ----------
    image_1, image_2
        ``(H, W, 3)`` uint8 RGB.
    flow
        ``(H, W, 2)`` float32 pixels from the first to the second; 0 in the still background.
    face, visible
        ``(H, W)`` bool: the pixel of the first picture shows the face; it can be seen in the second.
    row
        Subject, kind, action units and sizes, see `COLUMNS`.
    """

    image_1: np.ndarray
    image_2: np.ndarray
    flow: np.ndarray
    face: np.ndarray
    visible: np.ndarray
    row: dict[str, Any]


class FlowPairPaths(NamedTuple):
    """What `write_flow_pairs` left."""

    folder: Path
    table: Path
    settings: Path


def subject_pairs(
    index: int, number: int, *, seed: int, settings: FlowPairSettings | None = None
) -> Iterator[FlowPair]:
    """Make the pairs of one subject, one by one; they hang on the seed and the subject's number alone.

    Examples
    --------
    >>> small = FlowPairSettings(size=32, levels=0, per_edge=1)
    >>> [pair] = subject_pairs(0, 1, seed=1, settings=small)
    >>> pair.flow.shape, pair.flow.dtype, pair.row["subject"]
    ((32, 32, 2), dtype('float32'), 'synth/f0000')
    """
    from fleeting.synth._splat_face import draw_face

    if seed < 0:
        raise UsageError(f"seed: expected a number from 0 on, got {seed}")
    wanted = settings or FlowPairSettings()
    rng = np.random.default_rng((seed, index, 468))
    face = draw_face(rng, basis=wanted.basis, levels=wanted.levels, per_edge=wanted.per_edge)
    for _ in range(number):
        yield _draw_pair(rng, face, wanted, f"synth/f{index:04d}")


def write_flow_pairs(
    out: str | PathLike[str],
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: FlowPairSettings | None = None,
    jobs: int = 1,
    on_subject: Callable[[int], None] | None = None,
) -> FlowPairPaths:
    """Write ``synth-flow``, going on where a stopped run left off.

    Parameters
    ----------
    out
        Folder, made where it is missing.
    count, subjects
        Number of pairs and of people; by default one for every 20 pairs.
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
    A subject's folder appears whole or not at all; the table comes last.
    """
    from fleeting.io import validate_folder, write_table

    wanted = settings or FlowPairSettings()
    parts = share_out(count, subjects, _PAIRS_A_SUBJECT)
    folder = validate_folder(out)
    told = {"schema": SCHEMA, "count": count, "subjects": len(parts), "seed": seed}
    told["settings"] = dataclasses.asdict(wanted)  # type: ignore[assignment]
    described = claim(folder, "flow.json", told)
    make_all(partial(_write_subject, folder, parts, seed, wanted), len(parts), jobs, on_subject)
    rows = joined_rows(folder, [f"f{i:04d}" for i in range(len(parts))])
    return FlowPairPaths(folder, write_table(folder / "pairs.csv", COLUMNS, rows), described)


class FlowPairs(Sequence[FlowPair]):
    """The pairs of a folder, read when they are asked for; see `read_flow_pairs`."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.folder, self.rows = folder, rows

    @property
    def subjects(self) -> np.ndarray:
        """``(N,)`` such as ``synth/f0001``."""
        return np.array([row["subject"] for row in self.rows])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        """Give one pair, or the pairs of a slice as another sequence."""
        if isinstance(at, slice):
            return FlowPairs(self.folder, self.rows[at])
        row = self.rows[at]
        path = self.folder / row["truth"]
        try:
            with np.load(path) as data:
                flow, face, visible = data["flow"].astype(np.float32), data["face"], data["visible"]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                path, "cannot be read", "make the set again with `fleeting synth flow`"
            ) from error
        pictures = [load_png(self.folder / row[name]) for name in ("image_1", "image_2")]
        return FlowPair(pictures[0], pictures[1], flow, face, visible, row)

    def take(self, rows: Sequence[int] | np.ndarray) -> "FlowPairs":
        """Give some of the pairs, in the order asked for."""
        return FlowPairs(self.folder, [self.rows[int(i)] for i in rows])


def read_flow_pairs(folder: str | PathLike[str]) -> FlowPairs:
    """Read ``synth-flow``.

    Parameters
    ----------
    folder
        Where `write_flow_pairs` wrote.

    Returns
    -------
    FlowPairs
        A sequence of `FlowPair`; ``rows`` holds the lines of ``pairs.csv`` with numbers as numbers.

    Raises
    ------
    InputError
        Where there is no such set.

    Examples
    --------
    >>> import tempfile
    >>> small = FlowPairSettings(size=32, levels=0, per_edge=1)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = write_flow_pairs(out, 2, seed=1, subjects=1, settings=small)
    ...     pairs = read_flow_pairs(out)
    ...     len(pairs), pairs[1].image_2.shape
    (2, (32, 32, 3))
    """
    from fleeting.io import read_table

    path = Path(folder)
    if not (path / "pairs.csv").exists():
        raise InputError(path, "holds no pairs.csv", "make the set with `fleeting synth flow`")
    numbers = ("peak_px", "head_px", "median_px", "highest_px", "noise", "blur")
    rows: list[dict[str, Any]] = []
    for _, cells in read_table(path / "pairs.csv", required=COLUMNS):
        rows.append({**cells, **{name: float(cells[name]) for name in numbers}})
    return FlowPairs(path, rows)


def _draw_pair(
    rng: np.random.Generator, face: "SplatFace", wanted: FlowPairSettings, subject: str
) -> FlowPair:
    """Draw motion and camera, render both pictures."""
    import torch

    from fleeting.synth.splat import render, visible

    view = camera(rng, wanted.size, wanted.iod_share)
    iod_px = view.focal / view.shift[2]
    kind = KINDS[int(rng.choice(4, p=np.array(wanted.kinds) / sum(wanted.kinds)))]
    rest, at = start(rng, face, wanted.start_percent, wanted.tilt_deg)
    peak = log_uniform(rng, wanted.peak_px) if kind in ("expression", "both") else 0.0
    head = log_uniform(rng, wanted.head_px) if kind in ("head", "both") else 0.0
    change, aus = expression(rng, face)
    there = at + head_step(rng, face, view, at, head)
    before, after = face.vertices(rest, at), face.vertices(rest + peak / iod_px * change, there)
    behind = face.background(view)
    with torch.no_grad():
        first = render(face.splats, before, view, moved=after, background=behind)
        second = render(face.splats, after, view, background=behind)
    noise, blur = rng.uniform(0, wanted.noise), rng.uniform(0, wanted.blur)
    gains = 1 + wanted.gain * rng.normal(size=2) * [1, 1]
    pictures = [
        photograph(rng, seen.image.numpy(), blur=blur, noise=noise, gain=gain)
        for seen, gain in zip((first, second), gains, strict=True)
    ]
    assert first.flow is not None
    flow = first.flow.numpy().astype(np.float32)
    shown = first.face.numpy() > _FACE
    size = np.hypot(flow[..., 0], flow[..., 1])[shown] if shown.any() else np.zeros(1)
    row = {
        "subject": subject,
        "kind": kind,
        "aus": "+".join(str(au) for au in aus) if peak else "",
        "peak_px": round(peak, 4),
        "head_px": round(head, 4),
        "median_px": round(float(np.median(size)), 4),
        "highest_px": round(float(size.max()), 4),
        "noise": round(float(noise), 3),
        "blur": round(float(blur), 3),
    }
    return FlowPair(pictures[0], pictures[1], flow, shown, visible(first, second), row)


def _write_subject(folder: Path, parts: list[int], seed: int, settings: FlowPairSettings, index: int) -> None:
    import json

    name = f"f{index:04d}"

    def fill(part: Path) -> None:
        rows = []
        for k, pair in enumerate(subject_pairs(index, parts[index], seed=seed, settings=settings)):
            stem = f"{k:04d}"
            save_png(part / f"{stem}_1.png", pair.image_1)
            save_png(part / f"{stem}_2.png", pair.image_2)
            flow = pair.flow.astype(np.float16)
            np.savez_compressed(part / f"{stem}.npz", flow=flow, face=pair.face, visible=pair.visible)
            files = {"image_1": f"{name}/{stem}_1.png", "image_2": f"{name}/{stem}_2.png"}
            rows.append({"pair": f"{name}_{stem}", **pair.row, **files, "truth": f"{name}/{stem}.npz"})
        (part / "rows.json").write_text(json.dumps(rows), encoding="utf-8")

    whole_folder(folder / name, fill)
