"""Readers whose truth is an annotation sheet: sheet to rows, fixes, policies, samples."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import InputError
from fleeting.datasets.base import Finding, Sample
from fleeting.datasets.coding import objective_class, read_codes
from fleeting.datasets.dataset import Dataset, unique_ids
from fleeting.datasets.fixes import apply_fixes, fixes_for
from fleeting.datasets.folders import find_base, find_sheets, squeeze, walk_folders
from fleeting.datasets.policies import Settled, check_policies, settle
from fleeting.datasets.rows import Row
from fleeting.datasets.tables import Table, find_table

Columns = Mapping[str, Sequence[str]]


class SheetDataset(Dataset):
    """A dataset with one annotation sheet and folders of frames.

    Parameters
    ----------
    root
        Folder that holds the sheet and the frames, at any depth that the release has.
    sheet
        The sheet itself, where it lies elsewhere or has another name.
    frames
        Folder whose children are the subjects, to choose between raw and cropped frames.
    apex, offset
        Policies for missing values; see :func:`fleeting.datasets.settle`.
    """

    patterns: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[Columns] = {}
    optional: ClassVar[tuple[str, ...]] = ()
    marker: ClassVar[str] = ""
    prefer: ClassVar[tuple[str, ...]] = ()
    avoid: ClassVar[tuple[str, ...]] = ()
    fps: ClassVar[float | None] = None

    def __init__(
        self,
        root: str | Path,
        *,
        sheet: str | Path | None = None,
        frames: str | Path | None = None,
        apex: str = "midpoint",
        offset: str = "apex",
    ) -> None:
        check_policies(apex, offset)
        super().__init__(root)
        self.sheet = Path(sheet) if sheet else None
        self.frame_root = Path(frames) if frames else None
        if self.frame_root is not None and not self.frame_root.is_dir():
            raise InputError(frames, "no such folder of frames", f"expected {self.expected()}")
        self.apex_policy, self.offset_policy = apex, offset

    @abstractmethod
    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Turn one line of the sheet into a row; ``None`` for text under the table."""

    def source(self, row: Row) -> Path | None:
        """Give the folder or video that holds the frames of a row, ``None`` where it is not on disk."""
        return self.below(row.subject, row.clip)

    # The sheet -----------------------------------------------------------------------------------

    @cached_property
    def table(self) -> Table:
        """The sheet, found under the root or as given.

        Raises
        ------
        InputError
            Naming the file names tried, or the columns expected and found.
        """
        return self.find_table(self.patterns, self.columns, self.optional)

    def find_table(self, patterns: Sequence[str], columns: Columns, optional: Sequence[str] = ()) -> Table:
        """Find the first sheet whose name and columns fit."""
        candidates = [self.sheet] if self.sheet else find_sheets(self.folder, patterns)
        failed: list[InputError] = []
        for path in candidates:
            try:
                return find_table(path, columns, optional=optional)
            except InputError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        raise InputError(
            self.root,
            f"no sheet of {self.info.name} found",
            f"expected {' or '.join(self.info.sheets)} in it or below. {self.info.request}",
        )

    @property
    def folder(self) -> Path:
        """The root, or the folder of the file that was given as root."""
        return self.root if self.root.is_dir() else self.root.parent

    def read_rows(self) -> Iterable[Row]:
        """Give the rows as published."""
        for index, cells in zip(self.table.numbers, self.table.rows, strict=True):
            row = self.read_row(index, cells)
            if row is not None:
                yield row

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Rows of the sheet with all fixes applied."""
        rows = list(self.read_rows())
        if not rows:
            raise InputError(
                self.root, f"the sheet of {self.info.name} holds no row that can be read", self.expected()
            )
        return tuple(apply_fixes(rows, fixes_for(self.info.name)))

    def ready(self) -> None:
        """Read the sheet now; raises InputError."""
        _ = self.rows

    # Rows to samples -------------------------------------------------------------------------------

    def settle(self, row: Row) -> Settled:
        """Apply the policies to one row."""
        return settle(
            row.onset,
            row.apex,
            row.offset,
            first=row.first_number,
            apex_policy=self.apex_policy,
            offset_policy=self.offset_policy,
        )

    @cached_property
    def _settled(self) -> tuple[tuple[str, Row, Settled], ...]:
        ids = unique_ids(f"{self.info.name}/{row.key}" for row in self.rows)
        return tuple((i, row, self.settle(row)) for i, row in zip(ids, self.rows, strict=True))

    @property
    def dropped(self) -> tuple[tuple[str, str], ...]:
        """Sample ids of the rows that cannot be used, with the reason."""
        return tuple((i, done.dropped) for i, _, done in self._settled if done.dropped)

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        return tuple(self._sample(i, row, done) for i, row, done in self._settled if not done.dropped)

    def all_samples(self) -> Sequence[Sample]:
        """Give every usable row as a sample."""
        return self._samples

    def _sample(self, name: str, row: Row, done: Settled) -> Sample:
        codes, unread = read_codes(row.aus)
        first = row.first_number
        return Sample(
            id=name,
            dataset=self.info.name,
            subject=f"{self.info.name}/{row.subject}",
            clip=name.removeprefix(f"{self.info.name}/{row.subject}/"),
            fps=row.fps or self.fps,
            onset=done.onset - first,
            apex=None if done.apex is None else done.apex - first,
            offset=done.offset - first,
            path=self.source(row),
            first_number=first,
            kind=row.kind,
            emotion=row.emotion,
            objective=row.objective or objective_class(codes),
            codes=codes,
            au_text=row.aus,
            unread=unread,
            recording=row.recording,
            split=row.split,
            person=f"{self.info.people or self.info.name}/{row.subject}",
            notes=(*row.notes, *done.notes),
        )

    def default_fps(self) -> float | None:
        """Give the frame rate of the dataset."""
        return self.fps

    # Frames ------------------------------------------------------------------------------------------

    @cached_property
    def base(self) -> Path | None:
        """Folder whose children are the subjects; ``None`` where no frames are on disk."""
        if self.frame_root is not None:
            return self.frame_root
        return find_base(self.folder, self.marker, self.prefer, self.avoid) if self.marker else None

    @cached_property
    def _anywhere(self) -> tuple[Path, ...]:
        if self.frame_root is not None:
            return (self.frame_root,)
        unwanted = {squeeze(name) for name in self.avoid}
        wanted = [squeeze(name) for name in self.prefer]
        folders = [f for f in walk_folders(self.folder) if squeeze(f.name) not in unwanted]
        return tuple(sorted(folders, key=lambda f: squeeze(f.name) not in wanted))

    def anywhere(self, *tails: str) -> Path | None:
        """Give a folder below any folder of the root if it exists: for parts in folders of their own."""
        for base in self._anywhere:
            path = base.joinpath(*tails)
            if path.is_dir():
                return path
        return None

    def below(self, *tails: str) -> Path | None:
        """Give a folder or file below the base of the frames if it exists."""
        path = None if self.base is None else self.base.joinpath(*tails)
        return path if path is not None and path.exists() else None

    def own_findings(self) -> list[Finding]:
        """Say which sheet was read."""
        return [Finding("sheet", " or ".join(self.info.sheets), str(self.table.path))]
