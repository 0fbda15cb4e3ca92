"""CASME (2013): 195 trimmed micro-expressions at 60 fps."""

from collections.abc import Mapping
from typing import Any, ClassVar

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.labels import emotion_word, four, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import number, text

CASME_GATE = "licence agreement, signed by a full-time member of a research institution; research only"
NEGATIVE = ("contempt", "disgust", "fear", "repression", "sadness")


@reader
class Casme(SheetDataset):
    """Reader of CASME. The apex is ``ApexF1``; a second one (``ApexF2``) is not used."""

    info = DatasetInfo(
        name="casme",
        title="CASME, Chinese Academy of Sciences Micro-Expression database",
        clips="195 (189 in a later sheet)",
        subjects="19",
        fps="60",
        licence=CASME_GATE,
        request="Ask at http://casme.psych.ac.cn/casme/e1 (form and signed licence).",
        citation="Yan, Wu, Liu, Wang, Fu: CASME database. IEEE FG 2013.",
        url="http://casme.psych.ac.cn/casme/e1",
        layout=("sub01/EP01_8/ with numbered .jpg",),
        sheets=("a sheet named casme*.xlsx",),
        labels={3: three(NEGATIVE), 4: four(NEGATIVE, others=("tense",))},
        expect={"samples": (195, 189), "subjects": (19,)},
        notes=("no 5 or 7 class protocol is in use; 'tense' is the fourth class with classes=4",),
    )
    patterns = (r"casme", r"casme1?(coding|code|label|raw).*")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("OnsetF", "OnsetFrame", "Onset"),
        "apex": ("ApexF1", "ApexF", "ApexFrame", "Apex"),
        "offset": ("OffsetF", "OffsetFrame", "Offset"),
        "aus": ("AU", "AUs", "Action Units"),
        "emotion": ("Emotion", "Estimated Emotion"),
    }
    marker = r"sub\d{2}"
    prefer = ("CASME_raw_selected", "CASME_raw", "CASME")
    avoid = ("CASME2", "CASMEII", "CASME2_RAW_selected", "CASME2-RAW")
    fps = 60.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        subject = number(cells["subject"])
        if subject is None or not text(cells["clip"]):
            return None
        return Row(
            index,
            f"sub{int(subject):02d}",
            text(cells["clip"]),
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells["emotion"]),
            text(cells["aus"]),
        )
