"""``synth-recordings``: untrimmed videos in which a face lives, and now and then betrays something.

Truth is written as intervals with onset, apex, offset, type, units and emotion; blinks, gaze shifts, talk,
swallows and turns of the head are told beside it, in each recording's ``.synth.json``.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fleeting.core import InputError, Interval, UsageError
from fleeting.synth._clip_people import Filming, Portraits, Sitter, open_sitter, portrait_digests
from fleeting.synth._clip_store import MOTION_COLUMNS, event_row, film, numbers_of, write_film
from fleeting.synth._flowmap_units import TABLES
from fleeting.synth._life_script import Script, write_script
from fleeting.synth._splat_sets import claim, joined_rows, make_all, share_out, whole_folder
from fleeting.synth.clip import PlantedClip

SCHEMA = "fleeting.synth-recordings/1"
COLUMNS = (*MOTION_COLUMNS, "label_3", "recording", "frames", "iod_px")
TRUTH_COLUMNS = ("subject", "video", "onset", "offset", "type", "emotion", "apex", "aus", "strength")
_LONGEST_MIN = 60.0


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What is drawn for `synth-recordings`, and how much of each nuisance; 0 switches a nuisance off.

    Parameters
    ----------
    minutes
        Length of each recording.
    filming
        Pictures and cameras; one camera for each person.
    micro_per_minute, macro_per_minute
        Expressions. By default those of SAMM-LV: 159 micro and 343 macro in 147 videos (its label sheet) of
        2.5 to 59 s, taken as 36 s in the mean (our reading: the sheet gives the ends alone). CAS(ME)^2, 57
        and 300 in 98 videos of at most 146 s, has 0.24 and 1.26 a minute or somewhat more.
    class_shares
        Of negative, positive and surprise, as in the MEGC 2019 composite (250, 109 and 83 of 442).
    tables
        Tables of `fleeting.facs.emotion_rates` that emotions and units are drawn from.
    strength_percent
        Median and log deviation of a micro-expression's greatest displacement, percent of the eye distance.
    one_sided
        Share of expressions on one side only.
    head_percent
        Slow drift of the head, percent of the eye distance; it turns and nods with it.
    turns_per_minute, blinks_per_minute, gaze_per_minute, swallows_per_minute, talks_per_minute
        Of a usual person; single people differ.
    talk_s
        Shortest and longest stretch of talk, seconds.

    Raises
    ------
    UsageError
        For values out of range.
    """

    minutes: float = 1.0
    filming: Filming = field(default_factory=Filming)
    micro_per_minute: float = 1.8
    macro_per_minute: float = 3.9
    class_shares: tuple[float, float, float] = (0.57, 0.25, 0.18)
    tables: tuple[str, ...] = ("CASME II", "SAMM")
    strength_percent: tuple[float, float] = (4.0, 0.5)
    one_sided: float = 0.2
    head_percent: float = 0.8
    turns_per_minute: float = 2.0
    blinks_per_minute: float = 15.0
    gaze_per_minute: float = 10.0
    swallows_per_minute: float = 1.0
    talks_per_minute: float = 0.7
    talk_s: tuple[float, float] = (1.0, 4.0)

    def __post_init__(self) -> None:
        if not 0.05 <= self.minutes <= _LONGEST_MIN:
            raise UsageError(f"minutes: expected 0.05..{_LONGEST_MIN:g}, got {self.minutes}")
        limits = {"micro_per_minute": 20, "macro_per_minute": 20, "turns_per_minute": 12}
        limits |= {"blinks_per_minute": 35, "gaze_per_minute": 70, "swallows_per_minute": 10}
        for name, most in (limits | {"talks_per_minute": 6, "head_percent": 4}).items():
            if not 0 <= getattr(self, name) <= most:
                raise UsageError(f"{name}: expected 0..{most}, got {getattr(self, name)}")
        shares = np.array(self.class_shares, float)
        if shares.shape != (3,) or not (shares >= 0).all() or not shares.sum() > 0:
            raise UsageError(f"class_shares: expected three shares, got {self.class_shares}")
        if not self.tables or not set(self.tables) <= set(TABLES):
            raise UsageError(f"tables: expected some of {', '.join(TABLES)}, got {self.tables}")
        if not (0 < self.strength_percent[0] <= 12 and self.strength_percent[1] >= 0):
            raise UsageError(f"strength_percent: expected a median up to 12, got {self.strength_percent}")
        if not 0 <= self.one_sided <= 1 or not 0.5 <= self.talk_s[0] <= self.talk_s[1] <= 30:
            raise UsageError("one_sided in 0..1; talk_s a rising pair in 0.5..30 seconds")


@dataclass(frozen=True)
class SynthRecording:
    """One recording before it is written: ``rows`` are its lines of the table, ``planted`` makes frames."""

    planted: PlantedClip
    rows: list[dict[str, Any]]


class RecordingPaths(NamedTuple):
    """Files of a set: folder, table of the dataset reader, truth for ``fleeting score``, settings."""

    folder: Path
    table: Path
    truth: Path
    settings: Path


def subject_recordings(
    index: int,
    number: int,
    *,
    seed: int,
    settings: RecordingSettings | None = None,
    portraits: Portraits = (),
) -> Iterator[SynthRecording]:
    """Draw the recordings of one person; nothing depends on other people or on how many there are.

    Examples
    --------
    >>> small = RecordingSettings(minutes=0.1, filming=Filming(size=96, iod_px=(24, 30), fps=(25,)))
    >>> one = next(subject_recordings(0, 1, seed=1, settings=small))
    >>> len(one.planted), {row["recording"] for row in one.rows}
    (150, {'p0000_00'})
    """
    wanted = settings or RecordingSettings()
    sitter = open_sitter(index, seed, wanted.filming, portraits)
    for k in range(number):
        yield _draw(sitter, wanted, seed, index, k)


def write_recordings(
    out: str | PathLike[str],
    count: int,
    *,
    seed: int,
    subjects: int | None = None,
    settings: RecordingSettings | None = None,
    portraits: Portraits = (),
    jobs: int = 1,
    on_subject: Callable[[int], None] | None = None,
) -> RecordingPaths:
    """Write ``synth-recordings``, going on where a stopped run left off.

    Parameters
    ----------
    out
        Folder, made where it is missing.
    count, subjects
        Number of recordings and of people; by default each recording shows another person.
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
    RecordingPaths
        ``samples.csv`` is the table; ``fleeting.datasets.open("csv", out)`` reads it. ``truth.csv`` holds the
        same intervals as ``fleeting score spotting`` takes them.

    Raises
    ------
    UsageError
        For values out of range.
    InputError
        Where the folder cannot be written, holds a set that was made otherwise, or a portrait has no face.

    Notes
    -----
    A recording's folder appears whole or not at all; the tables come last. Frames are made and written one by
    one.
    """
    from fleeting.io import validate_folder, write_table

    if seed < 0:
        raise UsageError(f"seed: expected a number from 0 on, got {seed}")
    wanted = settings or RecordingSettings()
    parts = share_out(count, subjects, 1)
    told: dict[str, Any] = {"schema": SCHEMA, "count": count, "subjects": len(parts), "seed": seed}
    told |= {"settings": dataclasses.asdict(wanted), "portraits": portrait_digests(portraits)}
    folder = validate_folder(out)
    described = claim(folder, "recordings.json", told)
    work = partial(_write_subject, folder, parts, seed, wanted, tuple(map(str, portraits)))
    make_all(work, len(parts), jobs, on_subject)
    rows = joined_rows(folder, [_folder_of(i, k) for i, number in enumerate(parts) for k in range(number)])
    table = write_table(folder / "samples.csv", COLUMNS, rows)
    truth = write_table(folder / "truth.csv", TRUTH_COLUMNS, [_truth(row) for row in rows if row["kind"]])
    return RecordingPaths(folder, table, truth, described)


@dataclass(frozen=True)
class StoredRecording:
    """A recording on disk.

    Parameters
    ----------
    path
        The video; open it with `fleeting.open_video`.
    subject
        Such as ``synth/p0003s1``.
    fps, frames
        Rate and number of frames.
    rows
        Its lines of the table, one for each expression, by onset.
    """

    path: Path
    subject: str
    fps: float
    frames: int
    rows: tuple[dict[str, Any], ...]

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Micro- and macro-expressions by onset."""
        return tuple(
            Interval.from_frames(
                row["onset"], row["offset"], fps=self.fps, apex=row["apex"], kind=row["kind"]
            )
            for row in self.rows
        )


class SynthRecordings(Sequence[StoredRecording]):
    """The recordings of a folder; see `read_recordings`."""

    def __init__(self, recordings: Sequence[StoredRecording]) -> None:
        self._recordings = tuple(recordings)

    def __len__(self) -> int:
        return len(self._recordings)

    def __getitem__(self, at: Any) -> Any:
        """Give one recording, or those of a slice as another sequence."""
        found = self._recordings[at]
        return SynthRecordings(found) if isinstance(at, slice) else found


def read_recordings(folder: str | PathLike[str]) -> SynthRecordings:
    """Read ``synth-recordings``; frames stay on disk.

    Parameters
    ----------
    folder
        Where `write_recordings` wrote.

    Raises
    ------
    InputError
        Where there is no such set.

    Examples
    --------
    >>> import tempfile
    >>> small = RecordingSettings(minutes=0.1, filming=Filming(size=96, iod_px=(24, 30), fps=(25,)))
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = write_recordings(out, 1, seed=1, settings=small)
    ...     one = read_recordings(out)[0]
    >>> one.frames, one.fps, len(one.intervals) == len(one.rows)
    (150, 25.0, True)
    """
    from fleeting.io import read_table

    path = Path(folder) / "samples.csv"
    if not path.exists():
        raise InputError(folder, "holds no samples.csv", "make the set with `fleeting synth recordings`")
    grouped: dict[str, list[dict[str, Any]]] = {}
    for _, cells in read_table(path, required=COLUMNS):
        grouped.setdefault(cells["path"], []).append(numbers_of(cells))
    return SynthRecordings(
        [
            StoredRecording(
                Path(folder) / name,
                rows[0]["subject"],
                rows[0]["fps"],
                rows[0]["frames"],
                tuple(row for row in rows if row["kind"]),
            )
            for name, rows in grouped.items()
        ]
    )


def _draw(sitter: Sitter, wanted: RecordingSettings, seed: int, index: int, k: int) -> SynthRecording:
    rng = np.random.default_rng((seed, index, 1877, k + 1))
    length_s = wanted.minutes * 60
    script = write_script(rng, sitter, wanted, length_s)
    clip = film(
        sitter,
        [one.plant for one in script.expressions],
        script.life,
        length_s=length_s,
        seed=int(rng.integers(2**31)),
        basis=wanted.filming.basis,
    )
    return SynthRecording(clip, _rows(clip, script, sitter, _folder_of(index, k)))


def _rows(clip: PlantedClip, script: Script, sitter: Sitter, name: str) -> list[dict[str, Any]]:
    """Lines of a recording; where nothing was planted, one that says so."""
    stem = name.replace("/", "_")
    path = f"{name}/{stem}.mp4"
    told = {"recording": stem, "frames": len(clip), "iod_px": round(clip.iod_px, 2)}
    if not script.expressions:
        nothing = dict.fromkeys(COLUMNS, "")
        return [{**nothing, **told, "path": path, "subject": sitter.subject, "fps": sitter.fps, "clip": stem}]
    words = {one.plant.at_s: one for one in script.expressions}  # one at a time
    rows = []
    for at, planted in enumerate(clip.truth):
        one = words[planted.plant.at_s]
        row = event_row(planted, sitter, path, emotion=one.emotion, aus=planted.aus)
        own = {
            "sample": f"{sitter.subject}/{stem}/{at:02d}",
            "clip": f"{stem}_{at:02d}",
            "label_3": one.label,
        }
        rows.append({**row, **own, **told})
    return rows


def _truth(row: dict[str, Any]) -> dict[str, Any]:
    told = {"video": row["recording"], "type": row["kind"], "emotion": row["label_3"]}
    return {name: row[name] for name in TRUTH_COLUMNS if name in row} | told


def _folder_of(index: int, k: int) -> str:
    return f"p{index:04d}/{k:02d}"


def _write_subject(
    folder: Path,
    parts: list[int],
    seed: int,
    wanted: RecordingSettings,
    portraits: tuple[str, ...],
    index: int,
) -> None:
    missing = [k for k in range(parts[index]) if not (folder / _folder_of(index, k)).is_dir()]
    if not missing:
        return
    sitter = open_sitter(index, seed, wanted.filming, portraits)
    for k in missing:
        whole_folder(folder / _folder_of(index, k), partial(_fill, sitter, wanted, seed, index, k))


def _fill(sitter: Sitter, wanted: RecordingSettings, seed: int, index: int, k: int, part: Path) -> None:
    made = _draw(sitter, wanted, seed, index, k)
    write_film(made.planted, part, _folder_of(index, k).replace("/", "_"), made.rows)
