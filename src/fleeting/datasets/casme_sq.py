"""CAS(ME)^2 (2018): long videos at 30 fps with 300 macro- and 57 micro-expressions."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from fleeting.core import InputError
from fleeting.datasets.base import DatasetInfo, Finding
from fleeting.datasets.casme import CASME_GATE
from fleeting.datasets.folders import find_sheets, subfolders
from fleeting.datasets.labels import emotion_word, protocol, three
from fleeting.datasets.registry import reader
from fleeting.datasets.rows import Row
from fleeting.datasets.sheet import SheetDataset
from fleeting.datasets.tables import number, read_cells, text

COLUMN_NAMES = "subject number, video, onset, apex, offset, AU, emotion, type, self-report"


@reader
class CasmeSq(SheetDataset):
    """Reader of CAS(ME)^2. The sheet has no header; two more tabs name subjects and videos."""

    info = DatasetInfo(
        name="casme-sq",
        title="CAS(ME)^2",
        clips="57 micro, 300 macro (298 in the updated sheet)",
        subjects="22",
        fps="30",
        licence=CASME_GATE,
        request="Ask at http://casme.psych.ac.cn/casme/e3 (form and signed licence).",
        citation="Qu, Wang, Yan, Li, Wu, Fu: CAS(ME)^2. IEEE Trans. Affective Computing 9(4), 2018.",
        url="http://casme.psych.ac.cn/casme/e3",
        layout=("rawpic/s15/15_0101disgustingteeth/img*.jpg",),
        sheets=("CAS(ME)^2code_final.xlsx", "code_final.xlsx"),
        labels={
            3: three(("negative",), ("positive",)),
            4: protocol(
                negative=("negative",), positive=("positive",), surprise=("surprise",), others=("others",)
            ),
        },
        expect={"samples": (357, 355), "subjects": (22,), "micro": (57,), "macro": (300, 298)},
        notes=(
            "44 macro-expressions have offset 0: the offset policy applies to them",
            "98 videos, 95 of them with rows: the silent ones count as recordings where they are on disk",
        ),
    )
    patterns = (r"casme2codefinal.*", r"codefinal.*", r"casmesq.*")
    marker = r"s\d{2}"
    prefer = ("rawpic", "longVideoFaceCropped", "rawpic_crop")
    avoid = ("selectedpic", "cropped")
    fps = 30.0

    @cached_property
    def tabs(self) -> tuple[Path, list[list[Any]], dict[int, str], dict[str, str]]:
        """Path, coded rows, subject folder by number, video code by name."""
        candidates = [self.sheet] if self.sheet else find_sheets(self.folder, self.patterns)
        if not candidates:
            raise InputError(
                self.root,
                f"no sheet of {self.info.name} found",
                f"expected {' or '.join(self.info.sheets)} in it or below. {self.info.request}",
            )
        path = candidates[0]
        return path, read_cells(path, 0), subject_names(read_cells(path, 1)), video_codes(read_cells(path, 2))

    def read_rows(self) -> Iterable[Row]:
        """Rows of the first tab."""
        path, cells, subjects, videos = self.tabs
        made = []
        for index, row in enumerate(cells):
            who = number(row[0]) if row else None
            if who is None or len(row) < 8 or not text(row[1]):
                continue
            name = text(row[1]).split("_")[0]
            if int(who) not in subjects or name not in videos:
                raise InputError(
                    path, f"row {index + 1}: subject {who:g} or video {name!r} is not in tabs 2 and 3",
                    "use the sheet as it was released, with its three tabs",
                )  # fmt: skip
            made.append(_row(index, row, subjects[int(who)], videos[name]))
        if not made:
            raise InputError(path, "no coded row in its first tab", f"expected 9 columns: {COLUMN_NAMES}")
        return made

    def read_row(self, index: int, cells: Mapping[str, Any]) -> Row | None:
        """Not used: the sheet has no header."""
        raise NotImplementedError

    @cached_property
    def _videos(self) -> dict[str, Path]:
        """Folders of the long videos by ``s15/15_0101``."""
        found: dict[str, Path] = {}
        for subject in subfolders(self.base) if self.base else []:
            for video in subfolders(subject):
                code = re.match(r"(\d{2}_\d{4})", video.name)
                if code and re.fullmatch(self.marker, subject.name):
                    found[f"{subject.name}/{code[1]}"] = video
        return found

    def source(self, row: Row) -> Path | None:
        """Folder of the long video."""
        return self._videos.get(row.recording)

    def videos_on_disk(self) -> Mapping[str, Path]:
        """All long videos on disk."""
        return self._videos

    def own_findings(self) -> list[Finding]:
        """Say which sheet was read and how many long videos are there."""
        videos = str(len(self._videos))
        state = "ok" if len(self._videos) == 98 else "note"
        return [
            Finding("sheet", " or ".join(self.info.sheets), str(self.tabs[0])),
            Finding("long videos", "98", videos, state),
        ]


def subject_names(cells: list[list[Any]]) -> dict[int, str]:
    """Read the second tab: subject number to folder name.

    Examples
    --------
    >>> subject_names([["1", "s15", 1], ["2", "s16", 2]])
    {1: 's15', 2: 's16'}
    """
    names = {}
    for row in cells:
        folder = next((text(c).lower() for c in row if re.fullmatch(r"s\d+", text(c), re.IGNORECASE)), "")
        numbers = [n for n in (number(c) for c in row) if n is not None]
        if folder and numbers:
            names[int(numbers[-1])] = folder
    return names


def video_codes(cells: list[list[Any]]) -> dict[str, str]:
    """Read the third tab: video name to the four digits in its folder's name.

    Examples
    --------
    >>> video_codes([[101, "disgust1"], ["0401", "anger1"]])
    {'disgust1': '0101', 'anger1': '0401'}
    """
    codes = {}
    for row in cells:
        digits = next((text(c) for c in row if text(c).isdigit()), "")
        name = next((text(c) for c in row if re.fullmatch(r"[A-Za-z]+\d+", text(c))), "")
        if digits and name:
            codes[name] = digits.zfill(4)
    return codes


def _row(index: int, cells: list[Any], subject: str, code: str) -> Row:
    return Row(
        index,
        subject,
        text(cells[1]),
        number(cells[2]),
        number(cells[3]),
        number(cells[4]),
        emotion_word(cells[6]),
        text(cells[5]),
        kind="macro" if text(cells[7]).lower().startswith("macro") else "micro",
        recording=f"{subject}/{subject[1:]}_{code}",
    )
