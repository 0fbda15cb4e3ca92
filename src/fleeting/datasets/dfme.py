"""DFME (2023): 7,526 micro-expressions at 200, 300 or 500 fps; three sheets are public, 2,629 rows."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import InputError
from fleeting.datasets.base import DatasetInfo, Finding
from fleeting.datasets.folders import find_sheets, squeeze
from fleeting.datasets.labels import emotion_word, plain, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import Table, find_table, number, text

EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
PARTS = {
    "train": r"dfmetrain.*|training|train(ing)?fullwithau.*",
    "testA": r"dfmetesta.*|testa|testafullwithau.*",
    "testB": r"dfmetestb.*|testb|testbfullwithau.*",
}


@reader
class Dfme(SheetDataset):
    """Reader of DFME: one sheet for each part; the part is ``Sample.split``."""

    info = DatasetInfo(
        name="dfme",
        title="DFME, Dynamic Facial Micro-Expressions",
        clips="1856 train, 474 testA, 299 testB (7,526 filmed)",
        subjects="176, 42 and 41",
        fps="200, 300, 500 (a column of the sheet)",
        licence="licence agreement, research only",
        request="Ask the authors (University of Science and Technology of China; signed licence).",
        citation="Zhao, Tang, Mao, Liu, Zhang, Wang, Xu, Chen: DFME. IEEE Trans. Affective Computing, 2023.",
        layout=("DFME_train/sub0003_01/00012.png", "or sub0003/sub0003_01/00012.png"),
        sheets=("training_full_with_AU.xlsx", "testA_full_with_AU.xlsx", "testB_full_with_AU.xlsx"),
        labels={3: three(("anger", "contempt", "disgust", "fear", "sadness")), 7: plain(*EMOTIONS)},
        expect={"samples": (2629, 1856, 2330, 2155), "subjects": (259, 176, 218, 217)},
        notes=("the labels of testA and testB were held out in the challenge: say so with every number",),
    )
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("OnsetFrame", "Onset"),
        "apex": ("ApexFrame", "Apex"),
        "offset": ("OffsetFrame", "Offset"),
        "emotion": ("Emotion",),
        "fps": ("Fps", "Frame rate"),
        "aus": ("AU", "AUs", "Action Units"),
    }
    optional = ("aus",)

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """Sheets by part.

        Raises
        ------
        InputError
            Where none of the three is there.
        """
        if self.sheet is not None:
            part = next((p for p, name in PARTS.items() if re.fullmatch(name, squeeze(self.sheet.stem))), "")
            return {part: find_table(self.sheet, self.columns, optional=self.optional)}
        found = {part: find_sheets(self.folder, (pattern,)) for part, pattern in PARTS.items()}
        tables = {
            part: find_table(paths[0], self.columns, optional=self.optional)
            for part, paths in found.items()
            if paths
        }
        if not tables:
            raise InputError(
                self.root,
                "no sheet of dfme found",
                f"expected {' or '.join(self.info.sheets)} in it or below. {self.info.request}",
            )
        return tables

    def read_rows(self) -> Iterable[Row]:
        """Rows of all parts."""
        for part, table in self.tables.items():
            for index, cells in zip(table.numbers, table.rows, strict=True):
                row = self.read_row(index, {**cells, "split": part})
                if row is not None:
                    yield row

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        clip = text(cells["clip"])
        found = re.match(r"(sub\d+)", clip, re.IGNORECASE) or re.match(
            r"(sub\d+)", text(cells["subject"]), re.IGNORECASE
        )
        if found is None:
            return None
        return Row(
            index,
            found[1],
            clip,
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells["emotion"]),
            text(cells.get("aus")),
            fps=number(cells["fps"]),
            split=text(cells.get("split")),
        )

    def source(self, row: Row) -> Path | None:
        """Folder of the clip, filed by clip or by subject."""
        return self.anywhere(row.clip) or self.anywhere(row.subject, row.clip)

    def own_findings(self) -> list[Finding]:
        """Say which of the three sheets are there."""
        lines = []
        for part, name in zip(PARTS, self.info.sheets, strict=True):
            table = self.tables.get(part)
            found, state = (str(table.path), "ok") if table else ("not there", "note")
            lines.append(Finding(f"sheet {part}", name, found, state))
        return lines
