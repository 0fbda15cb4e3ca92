"""SMIC (2013): three cameras, trimmed clips (HS, VIS, NIR) and the extended, untrimmed version E."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import InputError
from fleeting.datasets.base import ClassKey, DatasetInfo, Finding, LabelMap, Recording
from fleeting.datasets.folders import file_number, find_base, list_frames, subfolders
from fleeting.datasets.labels import emotion_word, three
from fleeting.datasets.policies import Settled
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.smic_names import EMOTIONS, clip_name, clip_parts, unlisted_clips
from fleeting.datasets.tables import Table, number, text

SMIC_GATE = "licence agreement with the University of Oulu; research only"
SMIC_REQUEST = "Ask the Center for Machine Vision and Signal Analysis, University of Oulu (signed licence)."
SMIC_CITATION = (
    "Li, Pfister, Huang, Zhao, Pietikäinen: A spontaneous micro-expression database. IEEE FG 2013."
)
CODES = ("negative", "positive", "surprise")
LABELS: Mapping[ClassKey, LabelMap] = {3: three(("negative",), ("positive",))}
CAMERAS = ("HS", "VIS", "NIR")


class _Smic(SheetDataset):
    """What all six have in common."""

    camera: ClassVar[str] = "HS"
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename", "Material", "Clip", "Video"),
        "onset": ("OnsetF", "OnsetFrame", "Onset"),
        "offset": ("OffsetF", "OffsetFrame", "Offset"),
        "apex": ("ApexF", "ApexFrame", "Apex"),
        "emotion": ("Emotion", "Label"),
        "onset2": ("Onset2F",),
        "offset2": ("Offset2F",),
        "onset3": ("Onset3F",),
        "offset3": ("Offset3F",),
        "first": ("FirstF", "FirstFrame"),
        "last": ("LastF", "LastFrame"),
    }
    optional: ClassVar[tuple[str, ...]] = (
        "apex",
        "emotion",
        "onset2",
        "offset2",
        "onset3",
        "offset3",
        "first",
        "last",
    )
    marker = r"s\d{1,2}"

    @cached_property
    def table(self) -> Table:
        """The sheet; in those of the slow cameras the frames of that camera have columns of their own."""
        columns = {
            ours: (*(f"{name} {self.camera}" for name in theirs), *theirs)
            for ours, theirs in self.columns.items()
        }
        return self.find_table(self.patterns, columns, self.optional)

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read the first movement of a line; see :meth:`SheetDataset.read_row`."""
        parts = clip_parts(text(cells["clip"]))
        if parts is None:
            return None
        subject, kind, _ = parts
        word = emotion_word(cells.get("emotion"))
        word = CODES[int(word)] if word in ("0", "1", "2") else word
        notes: tuple[str, ...] = ()
        if word and word != EMOTIONS[kind]:
            notes = (f"the sheet says {word}, the name of the clip {EMOTIONS[kind]}: the name is used",)
        return Row(
            index,
            f"s{subject:02d}",
            clip_name(*parts),
            number(cells.get("onset")),
            number(cells.get("apex")),
            number(cells.get("offset")),
            EMOTIONS[kind],
            first_number=int(number(cells.get("first")) or number(cells.get("onset")) or 1),
            recording=f"s{subject:02d}/{clip_name(*parts)}" if number(cells.get("first")) else "",
            notes=notes,
        )

    def more_movements(self, row: Row, cells: Mapping[str, Any]) -> list[tuple[float, float]]:
        """Give the second and third movement that the E sheets file in the same line."""
        pairs = ((number(cells.get(f"onset{n}")), number(cells.get(f"offset{n}"))) for n in (2, 3))
        return [(a, b) for a, b in pairs if a and b]

    @cached_property
    def extended_base(self) -> Path | None:
        """Folder of this camera in the E version, whose subjects hold the videos."""
        prefer = (f"SMIC_{self.camera}_E", self.camera)
        others = [name for c in CAMERAS if c != self.camera for name in (c, f"SMIC_{c}_E", f"{c}_long")]
        return find_base(self.folder, self.marker, prefer, others, lambda folder: not _is_trimmed(folder))

    def folder_of(self, base: Path | None, subject: str, *tails: str) -> Path | None:
        """Find ``s03/...`` or ``s3/...`` below a base, clips with or without leading zeros."""
        if base is None:
            return None
        short = f"s{int(subject[1:])}"
        for head in (subject, short):
            for tail in (tails, (*tails[:-1], tails[-1].replace(subject + "_", short + "_", 1))):
                path = base.joinpath(head, *tail)
                if path.is_dir():
                    return path
        return None


class _Trimmed(_Smic):
    """Trimmed clips. SMIC has no sheet for them: the folders are the truth, a sheet of the user's helps."""

    # A list of names is enough for the classes.
    optional = (*_Smic.optional, "subject", "onset", "offset")

    def settle(self, row: Row) -> Settled:
        """Apply the policies; a clip of which only the name is known stays in the set, without frames."""
        done = super().settle(row)
        if done.dropped and row.onset is None:
            at = row.first_number
            return Settled(at, None, at, notes=("only its name is known: onset and offset are placeholders",))
        return done

    @cached_property
    def base(self) -> Path | None:
        """Folder of the camera whose subjects hold ``micro/negative/...``."""
        if self.frame_root is not None:
            return self.frame_root
        others = [c for c in CAMERAS if c != self.camera]
        for avoid in ((*others, "SMIC_all_cropped"), others):  # raw frames before cropped ones
            found = find_base(self.folder, self.marker, (self.camera,), avoid, _is_trimmed)
            if found is not None:
                return found
        return None

    def read_rows(self) -> Iterable[Row]:
        """Rows of the folders if they are there, else of a sheet."""
        if self.base is not None and self.sheet is None:
            return self._rows_of_folders(self.base)
        if self.sheet is None and not self.patterns:
            raise InputError(self.root, f"no clips of {self.info.name} found", f"expected {self.expected()}")
        return self._rows_of_sheet()

    def _rows_of_folders(self, base: Path) -> list[Row]:
        rows: list[Row] = []
        for subject in subfolders(base):
            for kind in CODES:
                folder = subject / "micro" / kind
                for clip in subfolders(folder) if folder.is_dir() else []:
                    row = _folder_row(len(rows), clip, kind)
                    rows += [row] if row else []
        return rows

    def _rows_of_sheet(self) -> list[Row]:
        rows, extras = [], []
        for index, cells in zip(self.table.numbers, self.table.rows, strict=True):
            row = self.read_row(index, cells)
            if row is not None:
                rows.append(row)
                extras += [(row, pair) for pair in self.more_movements(row, cells)]
        if not {"first", "onset2"} & set(self.table.rows[0]):
            return rows  # the user's own list: what is not in it is not meant
        return rows + unlisted_clips(rows, extras, self.info.expect["samples"][0])

    def source(self, row: Row) -> Path | None:
        """Folder of the clip; without one, that of the video of the E version that shows it."""
        trimmed = self.folder_of(self.base, row.subject, "micro", row.emotion, row.clip)
        if trimmed is not None or not row.recording:
            return trimmed
        return self.folder_of(self.extended_base, *row.recording.split("/"))

    def recordings(self) -> tuple[Recording, ...]:
        """Give none: the clips are trimmed; the E version has recordings."""
        return ()

    def own_findings(self) -> list[Finding]:
        """Say whether folders or a sheet were read."""
        if self.base is not None and self.sheet is None:
            return [Finding("clips from", "folders (SMIC has no sheet for them)", str(self.base))]
        return super().own_findings()


def _is_trimmed(base: Path) -> bool:
    return any((child / "micro").is_dir() for child in subfolders(base))


def _folder_row(index: int, clip: Path, kind: str) -> Row | None:
    parts = clip_parts(clip.name)
    if parts is None:
        return None
    frames = list_frames(clip, clip.name)
    numbers = [n for n in (file_number(f) for f in frames) if n is not None]
    if not numbers:
        raise InputError(clip, "its pictures carry no numbers", "expected names such as image090823.bmp")
    first, last = min(numbers), max(numbers)
    notes = (
        () if EMOTIONS[parts[1]] == kind else (f"filed under {kind}, named {parts[1]}: the folder is used",)
    )
    return Row(
        index, f"s{parts[0]:02d}", clip_name(*parts), first, None, last, kind, first_number=first, notes=notes
    )


class _Extended(_Smic):
    """Untrimmed version E: one line is one video with up to three movements."""

    @cached_property
    def base(self) -> Path | None:
        """Folder of the camera whose subjects hold the clips."""
        return self.frame_root or self.extended_base

    def read_rows(self) -> Iterable[Row]:
        """Rows of all movements of all lines."""
        for index, cells in zip(self.table.numbers, self.table.rows, strict=True):
            row = self.read_row(index, cells)
            if row is None:
                continue
            key = f"{row.subject}/{row.clip}"
            movements = [(row.onset, row.offset), *self.more_movements(row, cells)]
            for onset, offset in movements:
                yield Row(
                    index, row.subject, row.clip, onset, None, offset, row.emotion,
                    first_number=row.first_number, recording=key, notes=row.notes,
                )  # fmt: skip

    def source(self, row: Row) -> Path | None:
        """Folder of the video."""
        return self.folder_of(self.base, row.subject, row.clip)


def _info(camera: str, fps: int, clips: int, subjects: int, *, extended: bool) -> DatasetInfo:
    low = camera.lower()
    lines = {"HS": 157}.get(camera, 71)
    sheet = f"SMIC-{camera}-E_annotation.xlsx"
    counts = {"HS": (70, 51, 43)}.get(camera, (24, 28, 19))
    return DatasetInfo(
        name=f"smic-e-{low}" if extended else f"smic-{low}",
        title=f"SMIC-E-{camera} (untrimmed)" if extended else f"SMIC-{camera}",
        clips=f"{lines} videos" if extended else str(clips),
        subjects=str(subjects),
        fps=str(fps),
        licence=SMIC_GATE,
        request=SMIC_REQUEST,
        citation=SMIC_CITATION,
        url="https://www.oulu.fi/cmvs/node/41319",
        layout=(
            (f"SMIC_{camera}_E/s20/s20_ne_01/image17581039.jpg",)
            if extended
            else (f"{camera}/s1/micro/negative/s1_ne_01/image090823.bmp",)
        ),
        sheets=(sheet,) if extended else (f"no sheet is needed; {sheet} is used where no folders are",),
        labels=LABELS,
        expect={"subjects": (subjects,)} if extended else {"samples": (clips,), "subjects": (subjects,)},
        class_counts={} if extended else {3: dict(zip(CODES, counts, strict=True))},
        people="smic",
        notes=(
            "no apex and no action units were coded: the apex policy applies to every row",
            "the three cameras film the same people: group by Sample.person",
            *(("text under the table is left out",) if extended else ()),
        ),
    )


def _patterns(camera: str, *, extended: bool) -> tuple[str, ...]:
    low = camera.lower()
    official = rf"smic{low}e?annotation.*"
    own = (r"smicapex", r"smic") if camera == "HS" else ()
    return (official,) if extended else (rf"smic{low}", *own, official)


@reader
class SmicHs(_Trimmed):
    """SMIC-HS: 164 clips at 100 fps."""

    info = _info("HS", 100, 164, 16, extended=False)
    patterns = _patterns("HS", extended=False)
    fps = 100.0


@reader
class SmicVis(_Trimmed):
    """SMIC-VIS: 71 clips at 25 fps."""

    camera = "VIS"
    info = _info("VIS", 25, 71, 8, extended=False)
    patterns = _patterns("VIS", extended=False)
    fps = 25.0


@reader
class SmicNir(_Trimmed):
    """SMIC-NIR: 71 clips at 25 fps, near infrared."""

    camera = "NIR"
    info = _info("NIR", 25, 71, 8, extended=False)
    patterns = _patterns("NIR", extended=False)
    fps = 25.0


@reader
class SmicEHs(_Extended):
    """SMIC-E-HS: 157 untrimmed videos at 100 fps."""

    info = _info("HS", 100, 164, 16, extended=True)
    patterns = _patterns("HS", extended=True)
    fps = 100.0


@reader
class SmicEVis(_Extended):
    """SMIC-E-VIS: 71 untrimmed videos at 25 fps."""

    camera = "VIS"
    info = _info("VIS", 25, 71, 8, extended=True)
    patterns = _patterns("VIS", extended=True)
    fps = 25.0


@reader
class SmicENir(_Extended):
    """SMIC-E-NIR: 71 untrimmed videos at 25 fps, near infrared."""

    camera = "NIR"
    info = _info("NIR", 25, 71, 8, extended=True)
    patterns = _patterns("NIR", extended=True)
    fps = 25.0
