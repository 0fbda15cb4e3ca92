"""SAMM (2018): 159 trimmed micro-expressions at 200 fps, grey, with stored objective classes."""

import re
from collections.abc import Mapping
from typing import Any

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.coding import class_number
from fleeting.datasets.labels import emotion_word, four, plain, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import SheetDataset
from fleeting.datasets.tables import number, text

SAMM_GATE = "release agreement with Manchester Metropolitan University; academic, non-commercial"
SAMM_REQUEST = "Ask at http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php (signed agreement by mail)."
NEGATIVE = ("anger", "contempt", "disgust", "fear", "sadness")
SHEETS = ("SAMM_Micro_FACS_Codes_v2.xlsx",)
PATTERNS = (r"samm.*microfacscodes.*", r"samm")
COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("Onset Frame", "OnsetFrame", "Onset"),
    "apex": ("Apex Frame", "ApexFrame", "Apex"),
    "offset": ("Offset Frame", "OffsetFrame", "Offset"),
    "aus": ("Action Units", "AU", "AUs"),
    "emotion": ("Estimated Emotion", "Emotion"),
    "objective": ("Objective Classes", "Objective Class"),
}


@reader
class Samm(SheetDataset):
    """Reader of SAMM: text above the header, frame numbers of the long video, five digits in file names."""

    info = DatasetInfo(
        name="samm",
        title="SAMM, Spontaneous Actions and Micro-Movements",
        clips="159",
        subjects="29 (32 filmed)",
        fps="200",
        licence=SAMM_GATE,
        request=SAMM_REQUEST,
        citation="Davison, Lansley, Costen, Tan, Yap: SAMM. IEEE Trans. Affective Computing 9(1), 2018.",
        url="http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php",
        layout=("006/006_1_2/006_05562.jpg",),
        sheets=SHEETS,
        labels={
            3: three(NEGATIVE),
            4: four(NEGATIVE),
            5: plain("anger", "contempt", "happiness", "surprise", "others"),
            7: plain("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"),
        },
        expect={"samples": (159,), "subjects": (29,)},
        class_counts={
            3: {"negative": 92, "positive": 26, "surprise": 15},
            5: {"anger": 57, "contempt": 12, "happiness": 26, "surprise": 15, "others": 26},
        },
        notes=("SAMM-LV films the same people: group by Sample.person when both are used",),
    )
    patterns = PATTERNS
    columns = COLUMNS
    optional = ("objective", "aus")
    marker = r"\d{3}"
    prefer = ("SAMM", "SAMM_CROP")
    avoid = ("SAMM_longvideos",)
    fps = 200.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        clip = text(cells["clip"])
        if not re.fullmatch(r"\d+_\d+_\d+\w*", clip):
            return None
        return Row(
            index,
            clip.split("_")[0].zfill(3),
            clip,
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            emotion_word(cells["emotion"]),
            text(cells.get("aus")),
            objective=class_number(cells.get("objective")),
        )
