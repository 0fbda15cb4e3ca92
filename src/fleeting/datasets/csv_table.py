"""A researcher's own dataset from one plain table: no code needed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import COARSE, InputError, UnknownNameError
from fleeting.datasets.base import ClassKey, DatasetInfo, Finding, LabelMap, Recording, Sample
from fleeting.datasets.folders import SHEET_SUFFIXES, find_sheets
from fleeting.datasets.labels import emotion_word, plain, protocol
from fleeting.datasets.policies import Settled
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import Table, number, text
from fleeting.facs import coarse_emotion

NEEDED = ("path", "subject", "onset", "apex", "offset", "fps", "label", "aus")
LABEL_COLUMNS = {f"label_{n}": n for n in (3, 4, 5, 7)}
MORE = (
    "sample",
    "dataset",
    "clip",
    "kind",
    "recording",
    "first_number",
    "objective",
    "split",
    *LABEL_COLUMNS,
)


class TableDataset(SheetDataset):
    """Reader of one plain table.

    The columns are ``path, subject, onset, apex, offset, fps, label, aus``; see
    ``docs/add-a-dataset.md``. Frames are zero-based and inclusive: positions in the natural order of
    the folder, or in decode order of the video. A manifest written by fleeting is such a table. A line
    without onset, apex and offset names a video in which nothing was coded.
    """

    columns: ClassVar[Columns] = {name: (name,) for name in (*NEEDED, *MORE)}
    optional = ("apex", "label", "aus", *MORE)

    def find_table(self, patterns: Sequence[str], columns: Columns, optional: Sequence[str] = ()) -> Table:
        """Take the root itself where it is a table, else look for one in it."""
        if self.sheet is None and self.root.is_file():
            if self.root.suffix.lower() not in SHEET_SUFFIXES:
                raise InputError(self.root, "is not a table", "expected .csv, .xlsx or .xls")
            self.sheet = self.root
        names = (self.info.name, "samples", "manifest")
        if self.sheet is None and not find_sheets(self.folder, names):
            hint = (
                f"expected {self.info.name}.csv, samples.csv or manifest.csv in it, or give the table itself"
            )
            raise InputError(self.root, "no table found", f"{hint}. {self.info.request}")
        return super().find_table(names, columns, optional)

    # Lines -----------------------------------------------------------------------------------------

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; raises InputError naming line and column of what cannot be read."""
        if not text(cells["subject"]):
            raise self._wrong(index, "subject", None, "every line needs one")
        onset, apex, offset = (self._frame(index, name, cells) for name in ("onset", "apex", "offset"))
        fps = self._number(index, "fps", cells)
        if fps is not None and fps <= 0:
            raise self._wrong(index, "fps", cells["fps"], "expected a number above 0, or nothing")
        kind = text(cells.get("kind")).lower() or None
        if kind not in ("micro", "macro", None):
            raise self._wrong(index, "kind", kind, "expected micro, macro or nothing")
        objective = self._number(index, "objective", cells)
        if objective is not None and objective not in range(1, 8):
            raise self._wrong(index, "objective", objective, "expected 1 to 7, or nothing")
        return Row(
            index,
            text(cells["subject"]),
            text(cells.get("clip")) or Path(text(cells["path"])).stem or str(index),
            onset,
            apex,
            offset,
            emotion_word(cells.get("label")),
            text(cells.get("aus")),
            kind=kind,
            fps=fps,
            first_number=0,
            objective=None if objective is None else int(objective),
            split=text(cells.get("split")),
        )

    def _frame(self, index: int, name: str, cells: Mapping[str, Any]) -> float | None:
        found = self._number(index, name, cells)
        if found is not None and (found < 0 or found != int(found)):
            raise self._wrong(index, name, cells[name], "frames are whole numbers counted from 0")
        return found

    def _number(self, index: int, name: str, cells: Mapping[str, Any]) -> float | None:
        found = number(cells.get(name))
        if found is None and text(cells.get(name)):
            raise self._wrong(index, name, cells[name], "expected a number or nothing")
        return found

    def _wrong(self, index: int, name: str, value: object, hint: str) -> InputError:
        what = f"line {self.table.line + index}, column {name}: {text(value)!r}"
        return InputError(self.table.path, what, hint)

    @cached_property
    def _cells(self) -> dict[int, Mapping[str, Any]]:
        return dict(zip(self.table.numbers, self.table.rows, strict=True))

    def source(self, row: Row) -> Path | None:
        """Path of the line, taken from the folder of the table unless it is absolute."""
        given = text(self._cells[row.index]["path"])
        path = self.table.path.parent / Path(given).expanduser()
        return path if given and path.exists() else None

    def _is_silent(self, row: Row) -> bool:
        return row.onset is None and row.apex is None and row.offset is None

    @cached_property
    def _settled(self) -> tuple[tuple[str, Row, Settled], ...]:
        return tuple(one for one in super()._settled if not self._is_silent(one[1]))

    def _full_subject(self, row: Row) -> str:
        dataset = text(self._cells[row.index].get("dataset")) or self.info.name
        return row.subject if "/" in row.subject else f"{dataset}/{row.subject}"

    def _sample(self, name: str, row: Row, done: Settled) -> Sample:
        one, cells = super()._sample(name, row, done), self._cells[row.index]
        subject, first = self._full_subject(row), number(cells.get("first_number"))
        return replace(
            one,
            id=text(cells.get("sample")) or f"{subject}/{one.clip}",
            dataset=subject.split("/")[0],
            subject=subject,
            person=subject,
            first_number=None if first is None else int(first),
            recording=self._video(row),
        )

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        made = super()._samples
        twice = [name for name, count in Counter(one.id for one in made).items() if count > 1]
        if twice:
            raise InputError(
                self.table.path, f"sample {twice[0]!r} stands in it twice", "each needs its own name"
            )
        return made

    # Recordings ------------------------------------------------------------------------------------

    def _video(self, row: Row) -> str:
        cells = self._cells[row.index]
        return text(cells.get("recording")) or text(cells["path"]) or row.clip

    def recordings(self) -> tuple[Recording, ...]:
        """Give one recording for each ``recording`` name, or for each path where there is no such column."""
        made: dict[tuple[str, str], Recording] = {}
        for one in self.all_samples():
            made.setdefault(
                (one.subject, one.recording), _empty(one.subject, one.recording, one.path, one.fps)
            )
        for row in self.rows:
            key = (self._full_subject(row), self._video(row))
            if key not in made and self._is_silent(row):
                made[key] = _empty(*key, self.source(row), row.fps)
        events: dict[tuple[str, str], list[Sample]] = {}
        for one in self.all_samples():
            events.setdefault((one.subject, one.recording), []).append(one)
        return tuple(
            replace(
                found,
                events=tuple(sorted(events.get(key, ()), key=lambda e: (e.onset, e.offset))),
                first_number=events[key][0].first_number if key in events else None,
            )
            for key, found in sorted(made.items())
        )

    # Labels ----------------------------------------------------------------------------------------

    def protocols(self) -> Mapping[ClassKey, LabelMap]:
        """Give the protocols of the table.

        A column ``label_N`` gives the protocol with N classes. Without it, the labels themselves are
        the protocol with as many classes as there are labels; but where all are known emotions, the
        one with 3 sorts them into negative, positive and surprise.
        """
        have: dict[ClassKey, LabelMap] = dict(super().protocols())
        words = sorted({one.emotion for one in self.all_samples() if one.emotion})
        if words:
            have.setdefault(len(words), plain(*words))
            coarse = _coarse(words)
            if coarse is not None:
                have[3] = coarse
        for column, labels in self._own_labels.items():
            have[LABEL_COLUMNS[column]] = _ordered(set(labels.values()))
        return have

    def label_of(self, sample: Sample, classes: ClassKey) -> str | None:
        """Give the label of the column ``label_N`` where the table has one."""
        own = self._own_labels.get(f"label_{classes}")
        return own.get(sample.id) if own else super().label_of(sample, classes)

    @cached_property
    def _own_labels(self) -> Mapping[str, Mapping[str, str]]:
        """Label by sample for each column ``label_N`` that holds any."""
        usable = (self._cells[row.index] for _, row, done in self._settled if not done.dropped)
        pairs = list(zip(self.all_samples(), usable, strict=True))
        columns = {c: {one.id: text(cells.get(c)) for one, cells in pairs} for c in LABEL_COLUMNS}
        filled = {c: {name: label for name, label in found.items() if label} for c, found in columns.items()}
        return {c: found for c, found in filled.items() if found}

    def own_findings(self) -> list[Finding]:
        """Say which table was read."""
        return [Finding("table", "columns " + ", ".join(NEEDED), str(self.table.path))]


def _empty(subject: str, video: str, path: Path | None, fps: float | None) -> Recording:
    return Recording(f"{subject}/{video}", subject.split("/")[0], subject, fps, path=path, person=subject)


def _coarse(words: Sequence[str]) -> LabelMap | None:
    """Sort known emotions into three classes; ``None`` where a word is no emotion or one class is left."""
    try:
        groups = {word: coarse_emotion(word) for word in words}
    except UnknownNameError:
        return None
    kept = {name: [w for w, group in groups.items() if group == name] for name in COARSE}
    return protocol(**kept) if sum(map(bool, kept.values())) > 1 else None


def _ordered(labels: set[str]) -> LabelMap:
    """Classes in the order negative, positive, surprise; all others after them by name."""
    known = [name for name in COARSE if name in labels]
    others = sorted(labels - set(known) - {"others"})
    return plain(*known, *others, *(("others",) if "others" in labels else ()))


@reader
class CsvTable(TableDataset):
    """The dataset ``csv``."""

    info = DatasetInfo(
        name="csv",
        title="your own dataset, from one table",
        clips="as many as the table has lines",
        subjects="as in the table",
        fps="a column of the table",
        licence="yours",
        request="The page docs/add-a-dataset.md explains the columns.",
        citation="none",
        layout=("folders of frames or video files, anywhere: the table gives the paths",),
        sheets=("a .csv or .xlsx with the columns " + ", ".join(NEEDED),),
        notes=(
            "frames are zero-based and inclusive",
            "a manifest written by fleeting is such a table",
        ),
    )
