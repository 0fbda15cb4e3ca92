"""MMEW (2021): 300 trimmed micro-expressions at 90 fps; its macro-expressions are single pictures."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.folders import file_number, find_base, list_frames
from fleeting.datasets.labels import emotion_word, four, plain, three
from fleeting.datasets.policies import Settled
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import number, text

NEGATIVE = ("anger", "disgust", "fear", "sadness")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "others")


@reader
class Mmew(SheetDataset):
    """Reader of MMEW: frames by emotion or by subject; 16 rows have neither apex nor offset."""

    info = DatasetInfo(
        name="mmew",
        title="MMEW, Micro-and-Macro Expression Warehouse",
        clips="300",
        subjects="36 (30 with a micro-expression); recalled, not checked",
        fps="90 (recalled, not checked)",
        licence="licence agreement, research only",
        request="Send the signed licence to the address on http://www.dpailab.com/database.html.",
        citation="Ben, Ren, Zhang, Wang, Kpalma, Meng, Liu: Video-based facial micro-expression analysis. "
        "IEEE TPAMI 2021.",
        url="http://www.dpailab.com/database.html",
        layout=("Micro_Expression/happiness/S03-01-002/1.jpg", "or S03/happiness/S03-01-002/1.jpg"),
        sheets=("MMEW_Micro_Exp.xlsx",),
        labels={3: three(NEGATIVE), 4: four(NEGATIVE), 7: plain(*EMOTIONS)},
        expect={"samples": (300,)},
        notes=("a row with neither apex nor offset ends at the last picture of its folder",),
    )
    patterns = (r"mmewmicroexp.*", r"mmew.*")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("OnsetFrame", "Onset"),
        "apex": ("ApexFrame", "Apex"),
        "offset": ("OffsetFrame", "Offset"),
        "aus": ("Action Units", "AUs", "AU"),
        "emotion": ("Estimated Emotion", "Emotion"),
    }
    marker = "|".join(EMOTIONS)
    prefer = ("Micro_Expression",)
    avoid = ("Macro_Expression",)
    fps = 90.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        clip = text(cells["clip"])
        found = re.match(r"s(\d+)-", clip, re.IGNORECASE)
        if found is None:
            return None
        return Row(
            index,
            f"S{int(found[1]):02d}",
            clip,
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells["emotion"]),
            text(cells["aus"]),
        )

    @cached_property
    def subject_base(self) -> Path | None:
        """Folder whose children are subjects, in the layout of the web page."""
        return find_base(self.folder, r"S\d{2}", self.prefer, self.avoid)

    def source(self, row: Row) -> Path | None:
        """Folder of the clip in either layout; the folder of ``others`` is called "repression" in one."""
        emotions = (row.emotion, *(("repression", "other") if row.emotion == "others" else ()))
        for emotion in emotions:
            by_subject = self.subject_base and self.subject_base / row.subject / emotion / row.clip
            for path in (self.below(emotion, row.clip), by_subject):
                if path is not None and path.is_dir():
                    return path
        return None

    def settle(self, row: Row) -> Settled:
        """Apply the policies; a row without apex and offset ends with its folder."""
        done = super().settle(row)
        folder = self.source(row) if done.dropped == "neither apex nor offset" else None
        last = file_number(list_frames(folder, row.key)[-1]) if folder else None
        if last is None:
            return done
        ended = super().settle(replace(row, offset=last))
        return replace(ended, notes=("no offset: last picture of the folder", *ended.notes))
