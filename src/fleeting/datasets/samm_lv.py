"""SAMM Long Videos (2020): 147 long videos at 200 fps with 343 macro- and 159 micro-movements."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fleeting.core import InputError
from fleeting.datasets.base import DatasetInfo, Finding
from fleeting.datasets.coding import class_number
from fleeting.datasets.folders import find_sheets, subfolders
from fleeting.datasets.labels import emotion_word
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.samm import COLUMNS, PATTERNS, SAMM_GATE, SAMM_REQUEST, Samm
from fleeting.datasets.sheet import Columns, SheetDataset
from fleeting.datasets.tables import find_table, number, text


@reader
class SammLv(SheetDataset):
    """Reader of SAMM-LV. Emotions of the micro-movements come from the SAMM sheet, if it is there too."""

    info = DatasetInfo(
        name="samm-lv",
        title="SAMM Long Videos",
        clips="159 micro, 343 macro",
        subjects="30 (29 with a micro-expression)",
        fps="200",
        licence=SAMM_GATE,
        request=SAMM_REQUEST,
        citation="Yap, Kendrick, Yap: SAMM Long Videos. IEEE FG 2020.",
        url="http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php",
        layout=("SAMM_longvideos/006_1/006_1_0001.jpg",),
        sheets=(
            "SAMM_LongVideos_V3_Release.xlsx (or V2, V1)",
            "SAMM_Micro_FACS_Codes_v2.xlsx for the emotions",
        ),
        labels=Samm.info.labels,
        expect={"samples": (502,), "subjects": (30,), "micro": (159,), "macro": (343,)},
        people="samm",
        notes=(
            "the older release has fractional frames and onset 0; in V3 apex -1 means 'not given'",
            "some macro-movements span the whole video (onset 1); they are kept, with a note",
        ),
    )
    patterns = (r"sammlongvideosv3.*", r"sammlongvideosv2.*", r"sammlongvideos.*", r"sammlv.*")
    columns: ClassVar[Columns] = {
        "subject": ("Subject",),
        "clip": ("Filename",),
        "onset": ("Onset", "Onset Frame"),
        "apex": ("Apex", "Apex Frame"),
        "offset": ("Offset", "Offset Frame"),
        "type": ("Type",),
        "aus": ("Action Units", "AUs"),
        "notes": ("Notes",),
    }
    optional = ("notes",)
    marker = r"\d{3}_\d+"
    prefer = ("SAMM_longvideos",)
    fps = 200.0

    @cached_property
    def _micro(self) -> tuple[Path | None, Mapping[str, tuple[str, int | None]]]:
        """Path of the SAMM sheet, and emotion and objective class by file name."""
        for path in find_sheets(self.folder, PATTERNS):
            try:
                table = find_table(path, COLUMNS, optional=("objective", "aus", "apex"))
            except InputError:
                # A sheet of that name with other columns is not the SAMM sheet; `check` says it is missing.
                continue
            found = {}
            for cells in table.rows:
                found[text(cells["clip"])] = (
                    emotion_word(cells["emotion"]),
                    class_number(cells.get("objective")),
                )
            return path, found
        return None, {}

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Read one line; see :meth:`SheetDataset.read_row`."""
        clip, kind = text(cells["clip"]), text(cells["type"]).lower()
        if not re.fullmatch(r"\d{3}_\d+_\d+\w*", clip):
            return None
        macro = kind.startswith("macro")
        emotion, objective = ("", None) if macro else self._micro[1].get(clip, ("", None))
        video = "_".join(clip.split("_")[:2])
        onset = number(cells["onset"])
        long = macro and onset is not None and onset <= 1
        return Row(
            index,
            clip[:3],
            clip,
            onset,
            number(cells["apex"]),
            number(cells["offset"]),
            emotion,
            text(cells["aus"]),
            kind="macro" if macro else "micro",
            objective=objective,
            recording=f"{clip[:3]}/{video}",
            notes=("starts with the video: some published scores leave it out",) if long else (),
        )

    def source(self, row: Row) -> Path | None:
        """Folder of the long video."""
        return self.below(row.recording.split("/")[1])

    def videos_on_disk(self) -> Mapping[str, Path]:
        """All long videos on disk."""
        folders = subfolders(self.base) if self.base else []
        return {f"{f.name[:3]}/{f.name}": f for f in folders if re.fullmatch(self.marker, f.name)}

    def own_findings(self) -> list[Finding]:
        """Say which sheets were read and how many videos are there."""
        videos = len(self.videos_on_disk())
        return [
            *super().own_findings(),
            Finding("emotions from", self.info.sheets[1], str(self._micro[0] or "not there"), "note"),
            Finding("long videos", "147", str(videos), "ok" if videos == 147 else "note"),
        ]
