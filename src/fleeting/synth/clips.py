"""``synth-clips``: trimmed clips of people who do not exist, with emotion, action units and exact frames.

A person is drawn (or taken from a portrait) and moves in its own way; an expression is drawn from the
published tables as for the flow maps; head, lids and eyes move beside it; a camera films it. The clips are
video files with one table that the dataset reader ``csv`` opens.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fleeting.core import InputError, UsageError
from fleeting.synth._clip_expressions import (
    bearable,
    draw_duration,
    draw_emotion,
    draw_side,
    draw_strength,
    make_plant,
)
from fleeting.synth._clip_people import Filming, Portraits, Sitter, open_sitter, portrait_digests
from fleeting.synth._clip_store import MOTION_COLUMNS, event_row, film, numbers_of, read_pictures, write_film
from fleeting.synth._flowmap_units import TABLES
from fleeting.synth._shape import FaceShape
from fleeting.synth._splat_sets import claim, joined_rows, make_all, share_out, whole_folder
from fleeting.synth.clip import PlantedClip
from fleeting.synth.head import HeadMotion
from fleeting.synth.life import Life, Talk

SCHEMA = "fleeting.synth-clips/1"
CLASSES_4 = ("negative", "positive", "surprise", "none")
COLUMNS = (*MOTION_COLUMNS, "label_3", "label_4", "frames", "iod_px")
_CLIPS_A_SUBJECT = 8
_LEAST_AFTER_S = 0.02


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """What is drawn for `synth-clips`, and how much of each nuisance; 0 switches a nuisance off.

    Parameters
    ----------
    filming
        Pictures and cameras.
    class_shares
        Of negative, positive, surprise and none. The first three stand as in the MEGC 2019 composite
        (250, 109 and 83 of 442); "none" shows a face that lives but expresses nothing.
    tables
        Tables of `fleeting.facs.emotion_rates` that emotions and units are drawn from.
    strength_percent
        Median and log deviation of the greatest displacement, percent of the eye distance.
    one_sided
        Share of expressions on one side only.
    rest_s
        What lies before onset and after offset, seconds, drawn evenly.
    head_percent
        Slow drift of the head, percent of the eye distance; it turns and nods with it.
    blinks_per_minute, gaze_per_minute
        Of a usual person; single people differ.
    talk_share, swallow_share
        Share of clips in which the person says something softly, or swallows.

    Raises
    ------
    UsageError
        For values out of range.
    """

    filming: Filming = field(default_factory=Filming)
    class_shares: tuple[float, float, float, float] = (0.51, 0.22, 0.17, 0.1)
    tables: tuple[str, ...] = ("CASME II", "SAMM")
    strength_percent: tuple[float, float] = (4.0, 0.5)
    one_sided: float = 0.2
    rest_s: tuple[float, float] = (0.1, 0.4)
    head_percent: float = 0.6
    blinks_per_minute: float = 15.0
    gaze_per_minute: float = 10.0
    talk_share: float = 0.04
    swallow_share: float = 0.04

    def __post_init__(self) -> None:
        shares = np.array(self.class_shares, float)
        if shares.shape != (4,) or not (shares >= 0).all() or not shares.sum() > 0:
            raise UsageError(f"class_shares: expected four shares, got {self.class_shares}")
        if not self.tables or not set(self.tables) <= set(TABLES):
            raise UsageError(f"tables: expected some of {', '.join(TABLES)}, got {self.tables}")
        if not (0 < self.strength_percent[0] <= 12 and self.strength_percent[1] >= 0):
            raise UsageError(f"strength_percent: expected a median up to 12, got {self.strength_percent}")
        if not 0 <= self.rest_s[0] <= self.rest_s[1] <= 10:
            raise UsageError(f"rest_s: expected a rising pair in 0..10 seconds, got {self.rest_s}")
        for name in ("one_sided", "talk_share", "swallow_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name}: expected a share in 0..1, got {getattr(self, name)}")
        if not 0 <= self.head_percent <= 4:
            raise UsageError(f"head_percent: expected 0..4, got {self.head_percent}")
        if not (0 <= self.blinks_per_minute <= 30 and 0 <= self.gaze_per_minute <= 60):
            raise UsageError("blinks_per_minute in 0..30 and gaze_per_minute in 0..60")


@dataclass(frozen=True)
class SynthClip:
    """One clip before it is written: ``row`` is its line of the table, ``planted`` makes the frames."""

    planted: PlantedClip
    row: dict[str, Any]


class ClipPaths(NamedTuple):
    """Files of a set: its folder, the table, the settings."""

    folder: Path
    table: Path
    settings: Path


def subject_clips(
    index: int,
    number: int,
    *,
    seed: int,
    settings: ClipSettings | None = None,
    portraits: Portraits = (),
) -> Iterator[SynthClip]:
    """Draw the clips of one person; nothing depends on other people or on how many there are.

    Parameters
    ----------
    index, number
        Which person, and how many clips.
    seed, settings
        Same seed and settings, same clips.
    portraits
        Pictures to take in turn instead of drawn people.

    Examples
    --------
    >>> small = ClipSettings(filming=Filming(size=96, iod_px=(24, 30), fps=(25,)))
    >>> one = next(subject_clips(0, 1, seed=1, settings=small))
    >>> one.row["subject"], one.row["onset"] < one.row["apex"] < one.row["offset"] < len(one.planted)
    ('synth/p0000s1', True)
    """
    wanted = settings or ClipSettings()
    sitter = open_sitter(index, seed, wanted.filming, portraits)
    for k in range(number):
        yield _draw_clip(sitter, wanted, seed, index, k)


def clips(
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: ClipSettings | None = None,
    portraits: Portraits = (),
) -> Iterator[SynthClip]:
    """Draw ``count`` clips of ``subjects`` people, one by one; see `subject_clips`.

    Examples
    --------
    >>> small = ClipSettings(filming=Filming(size=96, iod_px=(24, 30), fps=(25,)))
    >>> [one.row["subject"] for one in clips(2, seed=1, subjects=2, settings=small)]
    ['synth/p0000s1', 'synth/p0001s1']
    """
    for index, number in enumerate(share_out(count, subjects, _CLIPS_A_SUBJECT)):
        yield from subject_clips(index, number, seed=seed, settings=settings, portraits=portraits)


def write_clips(
    out: str | PathLike[str],
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: ClipSettings | None = None,
    portraits: Portraits = (),
    jobs: int = 1,
    on_subject: Callable[[int], None] | None = None,
) -> ClipPaths:
    """Write ``synth-clips``, going on where a stopped run left off.

    Parameters
    ----------
    out
        Folder, made where it is missing.
    count, subjects
        Number of clips and of people; by default one for every 8 clips.
    seed, settings
        Same seed and settings, same bytes, whatever ``jobs`` is.
    portraits
        Pictures with a face, taken in turn instead of drawn people; whoever makes the set answers for the
        right to use them.
    jobs
        Processes.
    on_subject
        Called with the number of people done.

    Returns
    -------
    ClipPaths
        ``samples.csv`` is the table; ``fleeting.datasets.open("csv", out)`` reads it. For every clip there is
        a folder with the video and ``.synth.json``, which tells all that moves in it.

    Raises
    ------
    UsageError
        For values out of range.
    InputError
        Where the folder cannot be written, holds a set that was made otherwise, or a portrait has no face.

    Notes
    -----
    A clip's folder appears whole or not at all; the table comes last.
    """
    from fleeting.io import validate_folder, write_table

    if seed < 0:
        raise UsageError(f"seed: expected a number from 0 on, got {seed}")
    wanted = settings or ClipSettings()
    parts = share_out(count, subjects, _CLIPS_A_SUBJECT)
    told: dict[str, Any] = {"schema": SCHEMA, "count": count, "subjects": len(parts), "seed": seed}
    told |= {"settings": dataclasses.asdict(wanted), "portraits": portrait_digests(portraits)}
    folder = validate_folder(out)
    described = claim(folder, "clips.json", told)
    work = partial(_write_subject, folder, parts, seed, wanted, tuple(map(str, portraits)))
    make_all(work, len(parts), jobs, on_subject)
    names = [_folder_of(i, k) for i, number in enumerate(parts) for k in range(number)]
    return ClipPaths(
        folder, write_table(folder / "samples.csv", COLUMNS, joined_rows(folder, names)), described
    )


class SynthClips(Sequence[tuple[np.ndarray, dict[str, Any]]]):
    """The clips of a folder, read when they are asked for; see `read_clips`."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.folder, self.rows = folder, rows

    @property
    def subjects(self) -> np.ndarray:
        """``(N,)`` such as ``synth/p0003s1``."""
        return np.array([row["subject"] for row in self.rows])

    @property
    def labels(self) -> np.ndarray:
        """``(N,)`` int64 into `CLASSES_4`."""
        return np.array([CLASSES_4.index(row["label_4"]) for row in self.rows], np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        """Give one clip: frames ``(T, H, W, 3)`` uint8 and its row; for a slice another sequence."""
        if isinstance(at, slice):
            return SynthClips(self.folder, self.rows[at])
        row = self.rows[at]
        return read_pictures(self.folder / row["path"]), row


def read_clips(folder: str | PathLike[str]) -> SynthClips:
    """Read ``synth-clips``.

    Parameters
    ----------
    folder
        Where `write_clips` wrote.

    Raises
    ------
    InputError
        Where there is no such set.

    Examples
    --------
    >>> import tempfile
    >>> small = ClipSettings(filming=Filming(size=96, iod_px=(24, 30), fps=(25,)))
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = write_clips(out, 1, seed=1, settings=small)
    ...     pictures, row = read_clips(out)[0]
    >>> len(pictures) == row["frames"], row["fps"]
    (True, 25.0)
    """
    from fleeting.io import read_table

    path = Path(folder) / "samples.csv"
    if not path.exists():
        raise InputError(folder, "holds no samples.csv", "make the set with `fleeting synth clips`")
    return SynthClips(Path(folder), [numbers_of(cells) for _, cells in read_table(path, required=COLUMNS)])


def _draw_clip(sitter: Sitter, wanted: ClipSettings, seed: int, index: int, k: int) -> SynthClip:
    rng = np.random.default_rng((seed, index, 511, k + 1))
    label, emotion, aus = draw_emotion(rng, wanted.class_shares, wanted.tables)
    side = draw_side(rng, wanted.one_sided)
    strength = draw_strength(rng, "micro", *wanted.strength_percent, sitter.lively)
    if aus:
        shape = FaceShape.from_landmarks(sitter.landmarks)
        strength = min(strength, bearable(shape, aus, side, wanted.filming.basis, sitter.person))
    length = draw_duration(rng, "micro", sitter.fps)
    before, after = rng.uniform(*wanted.rest_s, 2)
    movement = make_plant(rng, aus, side, strength, at_s=before, duration_s=length, kind="micro")
    total = before + length + max(after, _LEAST_AFTER_S) + 1 / sitter.fps
    clip = film(
        sitter,
        [movement],
        _draw_life(rng, wanted, total),
        length_s=total,
        seed=int(rng.integers(2**31)),
        basis=wanted.filming.basis,
    )
    name = _folder_of(index, k)
    row = event_row(clip.truth[0], sitter, f"{name}/{name.replace('/', '_')}.mp4", emotion=emotion, aus=aus)
    row |= {"sample": f"{sitter.subject}/{k:02d}", "clip": name.replace("/", "_"), "label_4": label}
    row |= {"label_3": "" if label == "none" else label, "frames": len(clip), "iod_px": round(clip.iod_px, 2)}
    return SynthClip(clip, row)


def _draw_life(rng: np.random.Generator, wanted: ClipSettings, total_s: float) -> Life:
    """Draw what moves beside the expression."""
    drift = wanted.head_percent * float(np.exp(rng.normal(0, 0.4)))
    head = HeadMotion(
        sway_percent=round(min(drift, 8.0), 4),
        roll_deg=round(min(0.4 * drift, 4.0), 4),
        yaw_deg=round(min(0.6 * drift, 4.0), 4),
        pitch_deg=round(min(0.5 * drift, 4.0), 4),
        scale_percent=round(min(0.4 * drift, 4.0), 4),
    )
    talks, swallows = rng.random(2) < [wanted.talk_share, wanted.swallow_share]
    talk = (Talk(0.0, None, round(float(rng.uniform(1.5, 3.5)), 3)),) if talks else ()
    at = round(float(rng.uniform(0, max(total_s - 0.8, 0.05))), 4)
    return Life(
        head=head,
        blinks_per_minute=wanted.blinks_per_minute * float(rng.uniform(0.3, 1.7)),
        gaze_per_minute=wanted.gaze_per_minute * float(rng.uniform(0.3, 1.7)),
        talk=talk,
        swallows_s=(at,) if swallows and not talks else (),
        swallow_percent=round(float(rng.uniform(1.5, 3.5)), 3),
    )


def _folder_of(index: int, k: int) -> str:
    return f"p{index:04d}/{k:02d}"


def _write_subject(
    folder: Path, parts: list[int], seed: int, wanted: ClipSettings, portraits: tuple[str, ...], index: int
) -> None:
    missing = [k for k in range(parts[index]) if not (folder / _folder_of(index, k)).is_dir()]
    if not missing:
        return
    sitter = open_sitter(index, seed, wanted.filming, portraits)
    for k in missing:
        whole_folder(folder / _folder_of(index, k), partial(_fill, sitter, wanted, seed, index, k))


def _fill(sitter: Sitter, wanted: ClipSettings, seed: int, index: int, k: int, part: Path) -> None:
    made = _draw_clip(sitter, wanted, seed, index, k)
    write_film(made.planted, part, str(made.row["clip"]), [made.row])
