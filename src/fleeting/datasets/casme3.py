"""CAS(ME)^3 (2022): part A (videos by film clip, 30 fps, depth) and part C (mock crime)."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import InputError
from fleeting.datasets.base import ClassKey, DatasetInfo, Finding, LabelMap
from fleeting.datasets.casme import CASME_GATE
from fleeting.datasets.coding import class_number
from fleeting.datasets.folders import find_base, find_sheets, subfolders
from fleeting.datasets.labels import emotion_word, four, plain, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import Table, find_table, number, text

CITATION = "Li, Dong, Lu, Wang, Yan, Ma, Liu, Huang, Fu: CAS(ME)^3. IEEE TPAMI 45(3), 2023."
REQUEST = "Ask at http://casme.psych.ac.cn/casme/e4 (form and signed licence)."
NEGATIVE = ("anger", "disgust", "fear", "sadness")
LABELS: Mapping[ClassKey, LabelMap] = {
    3: three(NEGATIVE),
    4: four(NEGATIVE),
    7: plain("anger", "disgust", "fear", "happiness", "sadness", "surprise", "others"),
}
FULL_COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename", "Video"),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "aus": ("AU", "AUs"),
    "type": ("Expression type", "Type", "Expression"),
}


@reader
class Casme3A(SheetDataset):
    """Part A: 860 micro-expressions with emotion, and the macro-expressions of the full sheet if there."""

    info = DatasetInfo(
        name="casme3-a",
        title="CAS(ME)^3 part A",
        clips="860 micro, 3346 macro",
        subjects="100 filmed, 94 with a micro-expression",
        fps="30",
        licence=CASME_GATE,
        request=REQUEST,
        citation=CITATION,
        url="http://casme.psych.ac.cn/casme/e4",
        layout=("spNO.1/a/color/175.jpg (depth beside it)", "or frame/spNO.1_a_116/116.jpg (cut clips)"),
        sheets=(
            "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
            "CAS(ME)3_part_A_v2.xls for the macro-expressions",
        ),
        labels=LABELS,
        expect={"micro": (860,)},
        class_counts={
            7: {
                "disgust": 250,
                "surprise": 187,
                "others": 161,
                "fear": 86,
                "anger": 64,
                "sadness": 57,
                "happiness": 55,
            },
        },
        notes=(
            "some pictures were dropped in the release: Sample.frame says which is not there",
            "the clip is the letter of the film and the onset, as in the released cut clips",
        ),
    )
    patterns = (r"casme3partamelabel.*", r"casme3(table|label).*")
    full_patterns = (r"casme3partamaelabel.*emotion", r"casme3parta(v\d)?")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename", "Video"),
        "onset": ("Onset",),
        "apex": ("Apex",),
        "offset": ("Offset",),
        "aus": ("AU", "AUs"),
        "objective": ("Objective class", "Objective classes"),
        "emotion": ("emotion", "Estimated Emotion"),
    }
    optional = ("objective",)
    marker = r"spNO\.\d+"
    prefer = ("part_A",)
    fps = 30.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        subject, letter = text(cells["subject"]), text(cells["clip"])
        onset = number(cells["onset"])
        if not re.fullmatch(self.marker, subject, re.IGNORECASE) or not letter:
            return None
        return Row(
            index,
            subject,
            f"{letter}_{onset:.0f}" if onset is not None else letter,
            onset,
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells.get("emotion")),
            text(cells["aus"]),
            kind="macro" if text(cells.get("type")).lower().startswith("macro") else "micro",
            objective=class_number(cells.get("objective")),
            recording=f"{subject}/{letter}",
        )

    @cached_property
    def full_table(self) -> tuple[Table | None, str]:
        """The sheet with macro-expressions and where it lies, or nothing and the reason."""
        reason = "not there: no macro-expressions"
        for path in find_sheets(self.folder, self.full_patterns):
            only_macro = "mae" in path.stem.lower()
            columns = dict(FULL_COLUMNS, emotion=("emotion",))
            try:
                table = find_table(
                    path, columns, optional=("emotion", "type") if only_macro else ("emotion",)
                )
            except InputError as error:
                reason = f"not used: {error}"  # the micro-expressions do not need it; `check` shows why
                continue
            return table, str(path)
        return None, reason

    def read_rows(self) -> Iterable[Row]:
        """Rows of the micro sheet, then the macro rows of the full one."""
        yield from super().read_rows()
        full, _ = self.full_table
        if full is None:
            return
        for index, cells in zip(full.numbers, full.rows, strict=True):
            row = self.read_row(index, {"type": "macro", **cells})
            if row is not None and row.kind == "macro":
                # Fixes are keyed to the micro sheet: rows of the other one must not be taken for its rows.
                yield Row(**{**_fields(row), "index": -1 - index})

    @cached_property
    def cut_base(self) -> Path | None:
        """Folder of the released cut clips, ``spNO.1_a_116``."""
        return find_base(self.folder, r"spNO\.\d+_[a-z]_\d+", ("frame",), ("depth",))

    def source(self, row: Row) -> Path | None:
        """Colour frames of the video, or of the cut clip."""
        letter = row.recording.split("/")[1]
        path = self.below(row.subject, letter, "color") or self.below(row.subject, letter)
        if path is None and self.cut_base is not None:
            cut = self.cut_base / f"{row.subject}_{row.clip}"
            path = cut if cut.is_dir() else None
        return path

    def videos_on_disk(self) -> Mapping[str, Path]:
        """All videos on disk."""
        found: dict[str, Path] = {}
        for subject in subfolders(self.base) if self.base else []:
            if re.fullmatch(self.marker, subject.name, re.IGNORECASE):
                for video in subfolders(subject):
                    colour = video / "color"
                    found[f"{subject.name}/{video.name}"] = colour if colour.is_dir() else video
        return found

    def own_findings(self) -> list[Finding]:
        """Say which sheets were read."""
        macro = Finding("sheet with macro", self.info.sheets[1], self.full_table[1], "note")
        return [*super().own_findings(), macro]


def _fields(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}


@reader
class Casme3C(SheetDataset):
    """Part C: 166 micro-expressions in one long video a person; no apex, action units with a comma."""

    info = DatasetInfo(
        name="casme3-c",
        title="CAS(ME)^3 part C",
        clips="166 (recalled, not checked)",
        subjects="31",
        fps="30",
        licence=CASME_GATE,
        request=REQUEST,
        citation=CITATION,
        url="http://casme.psych.ac.cn/casme/e4",
        layout=("part_C/01/a/color/1.jpg",),
        sheets=("CAS(ME)3_part_C_ME.xlsx",),
        labels=LABELS,
        notes=("no apex was coded: the apex policy applies to every row",),
    )
    patterns = (r"casme3partc.*",)
    columns: ClassVar[Columns] = {
        "subject": ("sub", "Subject"),
        "clip": ("count",),
        "onset": ("onset",),
        "apex": ("apex",),
        "offset": ("offset",),
        "aus": ("au", "aus"),
        "emotion": ("emotion",),
    }
    optional = ("emotion", "apex")
    marker = r"\d{2}"
    prefer = ("part_C",)
    fps = 30.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        who = number(cells["subject"])
        if who is None:
            return None
        subject = f"{who:02.0f}"
        return Row(
            index,
            subject,
            text(cells["clip"]) or str(index),
            number(cells["onset"]),
            number(cells.get("apex")),
            number(cells["offset"]),
            emotion_word(cells.get("emotion")),
            text(cells["aus"]),
            recording=subject,
        )

    def source(self, row: Row) -> Path | None:
        """Colour frames of the one video of a person, in a folder whose name is not fixed."""
        return self._colour(self.below(row.subject))

    def _colour(self, person: Path | None) -> Path | None:
        if person is None:
            return None
        inner = subfolders(person)
        if len(inner) > 1 and not (person / "color").is_dir():
            raise InputError(person, f"holds {len(inner)} folders", "expected one, with color/ in it")
        colour = [p / "color" for p in (person, *inner) if (p / "color").is_dir()]
        return colour[0] if colour else (inner[0] if inner else person)

    def videos_on_disk(self) -> Mapping[str, Path]:
        """All videos on disk."""
        people = subfolders(self.base) if self.base else []
        found = {p.name: self._colour(p) for p in people if re.fullmatch(self.marker, p.name)}
        return {name: path for name, path in found.items() if path is not None}
