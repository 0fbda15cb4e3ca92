"""CASME II (2014): 255 trimmed micro-expressions at 200 fps."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.casme import CASME_GATE
from fleeting.datasets.coding import class_number
from fleeting.datasets.folders import find_sheets
from fleeting.datasets.labels import emotion_word, four, plain, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import find_table, number, text

NEGATIVE = ("disgust", "repression")
OBJECTIVE_COLUMNS = {"subject": ("Subject",), "clip": ("Filename",), "objective": ("Objective Class",)}


@reader
class Casme2(SheetDataset):
    """Reader of CASME II; a missing apex is written "/".

    Objective classes come from ``CASME2-ObjectiveClasses.xlsx`` where it is there, else they are
    derived from the action units.
    """

    info = DatasetInfo(
        name="casme2",
        title="CASME II",
        clips="255 (256 in one release, 250 in one copy)",
        subjects="26",
        fps="200",
        licence=CASME_GATE,
        request="Ask at http://casme.psych.ac.cn/casme/e2 (form and signed licence).",
        citation="Yan, Li, Wang, Zhao, Liu, Chen, Fu: CASME II. PLoS ONE 9(1) e86041, 2014.",
        url="http://casme.psych.ac.cn/casme/e2",
        layout=(
            "CASME2_RAW_selected/sub01/EP02_01f/img46.jpg",
            "or Cropped/sub01/EP02_01f/reg_img46.jpg",
        ),
        sheets=("CASME2-coding-20140508.xlsx", "CASME2_label_Ver_2.xls"),
        labels={
            3: three(NEGATIVE),
            4: four(NEGATIVE),
            5: plain("disgust", "happiness", "repression", "surprise", "others"),
            7: plain("disgust", "fear", "happiness", "repression", "sadness", "surprise", "others"),
        },
        expect={"samples": (255, 256, 250), "subjects": (26,)},
        class_counts={
            5: {"disgust": 63, "happiness": 32, "repression": 27, "surprise": 25, "others": 99},
        },
        notes=(
            "pictures of some subjects must not be printed: see the licence",
            "3 classes as in MEGC 2019: fear, sadness and others are left out",
        ),
    )
    patterns = (r"casme2coding20140508", r"casme2coding.*", r"casme2label.*", r"casme(2|ii)")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("OnsetFrame", "Onset"),
        "apex": ("ApexFrame", "Apex"),
        "offset": ("OffsetFrame", "Offset"),
        "aus": ("Action Units", "AU", "AUs"),
        "emotion": ("Estimated Emotion", "Emotion"),
    }
    optional = ("aus",)
    marker = r"sub\d{2}"
    prefer = ("CASME2_RAW_selected", "CASME2-RAW", "CASME2_RAW", "CASME2", "Cropped")
    avoid = ("CASME_raw_selected",)
    fps = 200.0

    @cached_property
    def stored_classes(self) -> Mapping[tuple[str, str], int]:
        """Objective classes of the second sheet by subject and clip; empty where it is not there."""
        for path in find_sheets(self.folder, (r"casme2objectiveclass.*",)):
            table = find_table(path, OBJECTIVE_COLUMNS)
            read = (
                (subject_name(r["subject"]), text(r["clip"]), class_number(r["objective"]))
                for r in table.rows
            )
            return {(s, c): n for s, c, n in read if s and n is not None}
        return {}

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        subject, clip = subject_name(cells["subject"]), text(cells["clip"])
        if not subject or not clip:
            return None
        return Row(
            index,
            subject,
            clip,
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells["emotion"]),
            text(cells.get("aus")),
            objective=self.stored_classes.get((subject, clip)),
        )


def subject_name(cell: object) -> str:
    """Give a CASME II subject as its folder is called; empty where the cell holds none.

    Examples
    --------
    >>> subject_name(1), subject_name("17"), subject_name("sub05"), subject_name("note")
    ('sub01', 'sub17', 'sub05', '')
    """
    digits = text(cell).lower().removeprefix("sub")
    return f"sub{int(digits):02d}" if digits.isdigit() else ""
