"""MMME (2025): micro- and macro-expressions with EEG and peripheral signals; times are in seconds."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.datasets.base import DatasetInfo, Recording, Sample
from fleeting.datasets.folders import VIDEO_SUFFIXES, walk_folders
from fleeting.datasets.labels import emotion_word, four, plain, three
from fleeting.datasets.policies import Settled
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import number, text

NEGATIVE = ("anger", "disgust", "fear", "sadness")
CLIP_FILE = re.compile(r"video_([a-z]+)_(.+)_(\d{3})_([\d.]+)_([\d.]+)_([\d.]+)_(\d+)", re.IGNORECASE)
TICKS = 1000  # a row is kept in whole milliseconds until a clip tells its frame rate
MICRO_LIMIT = 0.5


def pseudonym(name: str) -> str:
    """Replace a participant's name by the first 8 hex digits of its sha256.

    This keeps names out of tables and logs. It does not protect against somebody who has a list of
    names to try.

    Examples
    --------
    >>> pseudonym("A. Person") == pseudonym(" a. person "), len(pseudonym("A. Person"))
    (True, 9)
    """
    return "p" + hashlib.sha256(name.strip().lower().encode()).hexdigest()[:8]


@reader
class Mmme(SheetDataset):
    """Reader of MMME. Rows are times in a one-minute film; trimmed .avi clips are found by their times."""

    info = DatasetInfo(
        name="mmme",
        title="MMME, Multi-Modal Micro-Expressions",
        clips="634 micro, 2841 macro (944 events of 16 people in the public part of the sheet)",
        subjects="not stated in the sheet",
        fps="the last number in a clip's file name, about 140 to 150 (inferred)",
        licence="release agreement, academic use",
        request="Ask the authors at https://github.com/Mac0504/MMME (signed release agreement).",
        citation="Ma et al.: MMME. arXiv 2506.09834, 2025.",
        url="https://github.com/Mac0504/MMME",
        layout=("MEs/video_{emotion}_{person}_{marker}_{onset}_{apex}_{offset}_{fps}.avi",),
        sheets=("coding_file.xlsx",),
        labels={
            3: three((*NEGATIVE, "tense")),
            4: four(NEGATIVE, others=("tense",)),
            7: plain("anger", "disgust", "fear", "happiness", "sadness", "surprise", "tense"),
        },
        notes=(
            "the sheet names the participants: they are replaced by hashes on reading",
            "file names hold names too, and so does the path column of a manifest: keep it with the data",
            "no type is given: up to half a second counts as micro",
            "without the clip the frames of a sample are milliseconds of the film (fps 1000)",
            "EEG and peripheral signals are not read here",
        ),
    )
    patterns = (r"codingfile.*", r"mmme.*")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "film": ("Filename",),
        "marker": ("Marker",),
        "onset": ("OnsetTime",),
        "apex": ("ApexTime",),
        "offset": ("OffsetTime",),
        "aus": ("Action Units", "AU"),
        "emotion": ("Estimated Emotion", "Emotion"),
    }
    optional = ("film",)
    fps = float(TICKS)

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; its frames are milliseconds of the film."""
        who, onset = text(cells["subject"]), number(cells["onset"])
        if not who or onset is None:
            return None
        apex, offset = number(cells["apex"]), number(cells["offset"])
        long = offset is not None and offset - onset > MICRO_LIMIT + 1e-9
        return Row(
            index,
            pseudonym(who),
            f"{text(cells['marker'])}_{onset:.2f}",
            round(onset * TICKS),
            None if apex is None else round(apex * TICKS),
            None if offset is None else round(offset * TICKS),
            emotion_word(cells["emotion"]),
            text(cells["aus"]),
            kind="macro" if long else "micro",
            first_number=0,
        )

    @cached_property
    def clips_on_disk(self) -> Mapping[tuple[str, str, str], tuple[Path, float]]:
        """Trimmed clips by film and marker, onset and offset time, with their frame rate."""
        found: dict[tuple[str, str, str], tuple[Path, float]] = {}
        for folder in walk_folders(self.frame_root or self.folder):
            for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES):
                parts = CLIP_FILE.fullmatch(path.stem)
                if parts is not None:
                    times = (f"{float(parts[4]):.2f}", f"{float(parts[6]):.2f}")
                    for name in film_names(parts[2]):
                        found[f"{name}/{parts[3]}", *times] = (path, float(parts[7]))
        return found

    @cached_property
    def _films(self) -> Mapping[int, tuple[str, ...]]:
        """Hashed names of the film of each line."""
        pairs = zip(self.table.numbers, self.table.rows, strict=True)
        return {at: film_names(text(cells.get("film"))) for at, cells in pairs}

    def _sample(self, name: str, row: Row, done: Settled) -> Sample:
        one = super()._sample(name, row, done)
        marker = row.clip.split("_")[0]
        times = (f"{done.onset / TICKS:.2f}", f"{done.offset / TICKS:.2f}")
        keys = ((f"{film}/{marker}", *times) for film in (*self._films[row.index], row.subject))
        found = next((self.clips_on_disk[key] for key in keys if key in self.clips_on_disk), None)
        if found is None:
            return replace(one, first_number=None)
        path, fps = found
        onset, apex, offset = clip_frames(done, fps)
        return replace(one, path=path, fps=fps, first_number=None, onset=onset, apex=apex, offset=offset)

    def source(self, row: Row) -> Path | None:
        """Found with its times; see ``clips_on_disk``."""
        return None

    def recordings(self) -> tuple[Recording, ...]:
        """Give none: the one-minute films and their frame rate are not in the public part."""
        return ()


def film_names(name: str) -> tuple[str, ...]:
    """Give the hashes under which a film is known: with and without the date behind the person's name."""
    return (pseudonym(name), pseudonym(re.sub(r"\d+$", "", name))) if name else ()


def clip_frames(done: Settled, fps: float) -> tuple[int, int | None, int]:
    """Turn milliseconds of the film into frames of the trimmed clip, whose first frame is the onset.

    Examples
    --------
    >>> clip_frames(Settled(1000, 1100, 1300), 100.0)
    (0, 10, 30)
    """
    apex = None if done.apex is None else math.floor((done.apex - done.onset) / TICKS * fps + 0.5)
    return 0, apex, math.floor((done.offset - done.onset) / TICKS * fps + 0.5)
