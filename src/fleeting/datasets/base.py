"""What every dataset is turned into: samples, recordings, facts about the dataset, a check report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fleeting.core import Interval, UsageError
from fleeting.datasets.folders import VIDEO_SUFFIXES, file_number, frame_for, list_frames
from fleeting.facs import CodedUnit, ParsedCodes

ClassKey = int | str


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded movement with its labels.

    Frames are zero-based and inclusive, in the numbering of the source: index = number in the file
    name minus ``first_number``, or the position in the natural order of the folder (or in decode
    order of the video) where ``first_number`` is ``None``. No file is touched to know them.

    Parameters
    ----------
    id
        Unique in the dataset: ``dataset/subject/clip``.
    subject
        Always ``dataset/subject``, so that "01" of two sets stays two people.
    person
        The same, but equal for people filmed in several sets of one family (SAMM and SAMM-LV).
    path
        Folder of frames or a video file; ``None`` where it is not on disk.
    fps
        Frames per second; ``None`` where neither the dataset nor its paper says so.
    onset, apex, offset
        Frame indices; ``apex`` is ``None`` only with the apex policy ``none``.
    kind
        ``micro`` or ``macro`` as the dataset says; ``None`` lets the duration decide.
    emotion
        The dataset's own word in lower case.
    label, target
        Class under the protocol that was asked for, as a word and as its place in
        :meth:`Dataset.classes`; ``None`` where no protocol was asked for.
    objective
        Objective class 1 to 7 (Davison et al. 2018), ``None`` where unknown.
    codes
        Action units as read by :func:`fleeting.facs.parse`.
    au_text, unread
        What the sheet says, and which of its parts could not be read.
    recording
        Key of the untrimmed video it was cut from, empty where there is none.
    split
        The organisers' part (``train``, ``testA``...), empty where there is none.
    notes
        Fixes and policies that changed this row.

    Examples
    --------
    >>> one = Sample(id="demo/s1/a", dataset="demo", subject="demo/s1", clip="a", fps=50.0,
    ...              onset=10, apex=14, offset=19)
    >>> one.interval.duration_s, one.interval.kind
    (0.2, 'micro')
    """

    id: str
    dataset: str
    subject: str
    clip: str
    fps: float | None
    onset: int
    apex: int | None
    offset: int
    path: Path | None = None
    first_number: int | None = None
    kind: str | None = None
    emotion: str = ""
    label: str | None = None
    target: int | None = None
    objective: int | None = None
    codes: tuple[CodedUnit, ...] = ()
    au_text: str = ""
    unread: tuple[str, ...] = ()
    recording: str = ""
    split: str = ""
    person: str = ""
    notes: tuple[str, ...] = ()

    @property
    def interval(self) -> Interval | None:
        """Onset, apex and offset with times; ``None`` where the frame rate is unknown."""
        if not self.fps:
            return None
        return Interval.from_frames(
            self.onset,
            self.offset,
            fps=self.fps,
            apex=self.apex,
            kind=self.kind,  # type: ignore[arg-type]
        )

    @property
    def aus(self) -> tuple[int, ...]:
        """Numbers of the units that were shown, rising; see :meth:`fleeting.facs.ParsedCodes.numbers`."""
        return ParsedCodes(self.codes).numbers()

    @property
    def is_video(self) -> bool:
        """Whether the source is a video file rather than a folder of frames."""
        return self.path is not None and self.path.suffix.lower() in VIDEO_SUFFIXES

    def frames(self) -> list[Path]:
        """List all frame files of the source in natural order; read from disk at each call.

        Raises
        ------
        InputError
            Where the source is not on disk, is a video, or holds no pictures.
        """
        return list_frames(self.path, self.id)

    def frame(self, index: int) -> Path:
        """Give the file of one frame index; raises InputError where it was dropped from the folder."""
        return frame_for(self.frames(), index, self.first_number, self.id)

    def coded_frames(self) -> list[Path]:
        """List the files from onset to offset; those that were dropped from the release are not in it."""
        return [path for _, path in self.indexed_frames()]

    def indexed_frames(self) -> list[tuple[int, Path]]:
        """List index and file of the frames from onset to offset; dropped ones are not in it."""
        frames = self.frames()
        if self.first_number is None:
            return list(enumerate(frames))[self.onset : self.offset + 1]
        numbered = ((file_number(path), path) for path in frames)
        pairs = [(at - self.first_number, path) for at, path in numbered if at is not None]
        return [(at, path) for at, path in pairs if self.onset <= at <= self.offset]

    def labelled(self, label: str, target: int) -> "Sample":
        """Copy with the class of a protocol."""
        return replace(self, label=label, target=target)


@dataclass(frozen=True, slots=True)
class Recording:
    """An untrimmed video with all its coded movements, micro and macro.

    ``events`` are rising by onset. A video that is on disk but has no row in the sheet is a
    recording with no event: false alarms in it must count.
    """

    id: str
    dataset: str
    subject: str
    fps: float | None
    events: tuple[Sample, ...] = ()
    path: Path | None = None
    first_number: int | None = None
    person: str = ""

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Intervals of all events; empty where the frame rate is unknown."""
        found = (event.interval for event in self.events)
        return tuple(one for one in found if one is not None)

    def frames(self) -> list[Path]:
        """List all frame files in natural order; see :meth:`Sample.frames`."""
        return list_frames(self.path, self.id)

    def numbers(self) -> list[int]:
        """Give the frame index of each file of a folder, as the sheet counts; see :class:`Sample`."""
        read = [file_number(path) for path in self.frames()]
        if self.first_number is None or None in read:
            return list(range(len(read)))
        return [at - self.first_number for at in read if at is not None]

    def clamped(self, frames: int) -> "Recording":
        """Copy for a video of so many frames: later events are left out, longer ones end with it.

        Examples
        --------
        >>> one = Sample(id="d/s/a", dataset="d", subject="d/s", clip="a", fps=50, onset=5, apex=8, offset=20)
        >>> late = replace(one, id="d/s/b", onset=12, apex=14)
        >>> [event.offset for event in Recording("d/s/v", "d", "d/s", 50.0, (one, late)).clamped(10).events]
        [9]
        """
        last = frames - 1
        kept = (
            replace(one, offset=min(one.offset, last), apex=None if one.apex is None else min(one.apex, last))
            for one in self.events
            if one.onset <= last
        )
        return replace(self, events=tuple(kept))


@dataclass(frozen=True, slots=True)
class LabelMap:
    """One protocol: the class names in order, and which own word goes to which class.

    A word that is not in ``words`` is left out of the protocol.
    """

    classes: tuple[str, ...]
    words: Mapping[str, str]

    def __post_init__(self) -> None:
        stray = set(self.words.values()) - set(self.classes)
        if stray:
            raise UsageError(f"label map: {sorted(stray)} are not among the classes {self.classes}")


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Facts about one dataset, with their sources.

    ``clips`` and ``subjects`` are those of the published sheet. ``licence`` says what must be signed;
    ``request`` how to ask. ``layout`` and ``sheets`` are what the reader looks for. ``expect`` holds the
    counts of ``samples``, ``subjects``, ``micro`` and ``macro`` in the published releases of the sheet,
    ``class_counts`` those of the classes under a protocol. ``people`` names the family of sets that
    filmed the same people; empty means the dataset itself.
    """

    name: str
    title: str
    clips: str
    subjects: str
    fps: str
    licence: str
    request: str
    citation: str
    url: str = ""
    layout: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    labels: Mapping[ClassKey, LabelMap] = field(default_factory=dict)
    expect: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    class_counts: Mapping[ClassKey, Mapping[str, int]] = field(default_factory=dict)
    people: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: what was looked for, what was expected, what is there, and whether it is right."""

    what: str
    expected: str
    found: str
    state: str = "ok"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What ``datasets check`` found.

    Parameters
    ----------
    findings
        Lines of the table, ``state`` one of ``ok``, ``missing``, ``differs``, ``note``.
    unread
        Sample id and the part of its action unit text that could not be read.
    dropped
        Sample id and why the row is not used.
    changed
        Sample id and the fix or policy that changed it.
    request
        How to ask for the dataset.
    """

    dataset: str
    root: str
    findings: tuple[Finding, ...]
    unread: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    request: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is missing and nothing differs."""
        return all(one.state in ("ok", "note") for one in self.findings)
