"""What coders say of recordings, as one page to read, to print and to save as PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fleeting.io import Annotation, CodedRecording, units_text
from fleeting.report.page import environment, policy
from fleeting.report.pictures import data_uri
from fleeting.report.words import clock

SIDE = 180  # px of each picture


@dataclass(frozen=True)
class PicturedRecording:
    """One coder's annotations of a recording, each with its pictures at onset and apex if there are any."""

    coded: CodedRecording
    pictures: Sequence[tuple[np.ndarray, ...]] = ()


def render_coding(recordings: Sequence[PicturedRecording], *, version: str = "", title: str = "") -> str:
    """Render coders' annotations as one self-contained HTML page, laid out for A4.

    Parameters
    ----------
    recordings
        One for each recording and coder. ``pictures`` holds for each annotation RGB pictures ``(H, W, 3)``,
        or is empty.
    version
        Of fleeting.
    title
        Of the page.

    Returns
    -------
    str
        HTML without script and without any outside resource.

    Examples
    --------
    >>> from fleeting.core import VideoInfo
    >>> video = VideoInfo("a.mp4", "0" * 64, 64, 48, 100, 4.0, 25.0, False)
    >>> moment = Annotation("k", 0, "micro", 10, None, 19, note="<script>")
    >>> coded = CodedRecording("a", video, "anna", [moment], lambda n: n / 25)
    >>> page = render_coding([PicturedRecording(coded)])
    >>> "&lt;script&gt;" in page, "<script" in page
    (True, False)
    """
    sections = [_section(one) for one in recordings]
    pictured = any(row["pictures"] for section in sections for row in section["rows"])
    return (
        environment()
        .get_template("coding.html.j2")
        .render(
            title=title or "Annotations",
            sections=sections,
            version=version,
            policy=policy(pictures=pictured),
        )
    )


def _section(one: PicturedRecording) -> dict[str, Any]:
    coded = one.coded
    pictures = list(one.pictures) or [()] * len(coded.annotations)
    rows = [
        _row(number, annotation, coded, shown)
        for number, (annotation, shown) in enumerate(zip(coded.annotations, pictures, strict=True), start=1)
    ]
    verdicts = [annotation.verdict for annotation in coded.annotations]
    return {
        "name": coded.name,
        "coder": coded.coder,
        "frames": coded.video.frames,
        "fps": f"{coded.video.fps:.4g}",
        "rows": rows,
        "accepted": verdicts.count("accepted"),
        "rejected": verdicts.count("rejected"),
        "counted": sum(annotation.counts for annotation in coded.annotations),
    }


def _row(
    number: int, annotation: Annotation, coded: CodedRecording, shown: Sequence[np.ndarray]
) -> dict[str, object]:
    def at(frame: int | None) -> str:
        seconds = None if frame is None else coded.seconds(frame)
        if frame is None:
            return "–"
        return f"{frame}" + (f" ({clock(seconds, coded.video.duration_s)})" if seconds is not None else "")

    return {
        "number": number,
        "kind": annotation.kind,
        "face": annotation.face,
        "onset": at(annotation.onset),
        "apex": at(annotation.apex),
        "offset": at(annotation.offset),
        "units": units_text(sorted(annotation.aus, key=lambda unit: unit.au)) or "–",
        "emotion": annotation.emotion or "–",
        "confidence": "–" if annotation.confidence is None else f"{annotation.confidence:.2f}",
        "verdict": annotation.verdict or ("–" if annotation.source_key else "added"),
        "note": annotation.note,
        "pictures": [data_uri(picture, SIDE) for picture in shown],
    }
