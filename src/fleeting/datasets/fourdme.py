"""4DME (2022): 267 micro-expressions with several labels each; the grey video at 60 fps is read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.labels import plain, protocol
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import number, text

EMOTIONS = ("positive", "negative", "surprise", "repression", "others")


@reader
class FourDme(SheetDataset):
    """Reader of 4DME. A clip with two labels has both as its emotion and takes no part in the protocols."""

    info = DatasetInfo(
        name="4dme",
        title="4DME",
        clips="267",
        subjects="41 (recalled, not checked)",
        fps="60 (grey and 4D; recalled, not checked)",
        licence="licence agreement with the University of Oulu; research only",
        request="Ask the Center for Machine Vision and Signal Analysis, University of Oulu (signed licence).",
        citation="Li, Cheng, Li, Behzad, Shen, Zafeiriou, Pantic, Zhao: 4DME. "
        "IEEE Trans. Affective Computing 14(4), 2023.",
        layout=("gray_micro/{sub_ID}/{fold_name}/*.jpg",),
        sheets=("4DME_Labelling_Micro_release v1.xlsx",),
        labels={
            3: protocol(negative=("negative", "repression"), positive=("positive",), surprise=("surprise",)),
            4: protocol(
                negative=("negative", "repression"),
                positive=("positive",),
                surprise=("surprise",),
                others=("others",),
            ),
            5: plain(*EMOTIONS),
        },
        expect={"samples": (267,)},
        notes=(
            "protocols use clips with one label only; two labels are joined by '+' in Sample.emotion",
            "action units marked (k) are uncertain and not in Sample.aus",
            "only the grey video is read; depth, colour and 4D meshes are not",
        ),
    )
    patterns = (r"4dmelabellingmicro.*", r"4dme.*")
    columns: ClassVar[Columns] = {
        "subject": ("sub_ID",),
        "clip": ("fold_name",),
        "onset": ("Onset",),
        "apex": ("Apex",),
        "offset": ("Offset",),
        "aus": ("AUs",),
        "emotion": ("Emotion",),
        **{word: (word.title(),) for word in EMOTIONS},
    }
    optional = EMOTIONS
    prefer = ("gray_micro", "gray_micro_crop")
    avoid = ("gray_macro",)
    fps = 60.0

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        subject, clip = text(cells["subject"]), text(cells["clip"])
        if not subject or not clip or number(cells["onset"]) is None:
            return None
        flags = [word for word in EMOTIONS if number(cells.get(word))]
        words = flags or [w for w in re.split(r"[+,/ ]+", text(cells["emotion"]).lower()) if w]
        return Row(
            index,
            subject,
            clip,
            number(cells["onset"]),
            number(cells["apex"]),
            number(cells["offset"]),
            "+".join(words),
            text(cells["aus"]),
        )

    def source(self, row: Row) -> Path | None:
        """Folder of the clip."""
        return self.anywhere(row.subject, row.clip)
