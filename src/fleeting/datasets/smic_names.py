"""Names of SMIC clips, and which names the lines of the E sheet leave out."""

import re
from dataclasses import replace

from fleeting.datasets.rows import Row

EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
CLIP = re.compile(r"s(\d+)_(ne|po|sur)_(\d+)", re.IGNORECASE)


def clip_parts(name: str) -> tuple[int, str, int] | None:
    """Read subject, kind and number out of a clip name, with or without leading zeros.

    Examples
    --------
    >>> clip_parts("s3_ne_03"), clip_parts("s03_sur_12"), clip_parts("Note: lost videos")
    ((3, 'ne', 3), (3, 'sur', 12), None)
    """
    found = CLIP.fullmatch(name.strip())
    return (int(found[1]), found[2].lower(), int(found[3])) if found else None


def clip_name(subject: int, kind: str, at: int) -> str:
    """Write a clip name as MEGC 2019 does.

    Examples
    --------
    >>> clip_name(3, "ne", 3)
    's03_ne_03'
    """
    return f"s{subject:02d}_{kind}_{at:02d}"


def unlisted_clips(
    rows: list[Row], extras: list[tuple[Row, tuple[float, float]]], published: int
) -> list[Row]:
    """Name the clips that have no line of their own in the E sheet.

    Clips of a subject and kind are numbered from 1 without gaps. The E sheet has 157 lines for 164
    clips: where a video shows two movements, the second has no line, and a few videos were lost. So
    each gap in the numbering is a clip. It gets the next further movement of an earlier line, if there
    is one; else it keeps its class, which is in its name, but has no frames. Further movements for
    which no gap is left go behind the last number, as long as fewer clips than ``published`` are named.

    Parameters
    ----------
    rows
        One for each line.
    extras
        Onset and offset of the second and third movements, with the row of their line.
    published
        Number of clips of the trimmed set.

    Examples
    --------
    >>> lines = [Row(n, "s03", f"s03_ne_{at:02d}", 5, None, 9, "negative") for n, at in enumerate((1, 3, 5))]
    >>> [(row.clip, row.onset) for row in unlisted_clips(lines, [(lines[0], (20, 25))], 5)]
    [('s03_ne_02', 20), ('s03_ne_04', None)]
    """
    if len(rows) >= published:
        return []
    taken = [parts for row in rows if (parts := clip_parts(row.clip))]
    most = {(s, k): max(n for a, b, n in taken if (a, b) == (s, k)) for s, k, _ in taken}
    gaps = [
        (s, k, n) for (s, k), top in sorted(most.items()) for n in range(1, top) if (s, k, n) not in taken
    ]
    waiting = list(extras)
    found: list[Row] = []
    for gap in gaps:
        at = next((i for i, (row, _) in enumerate(waiting) if _before(row, gap)), None)
        found.append(_extra(gap, *waiting.pop(at)) if at is not None else _lost(gap))
    for row, times in waiting[: max(published - len(rows) - len(found), 0)]:
        subject, kind, _ = clip_parts(row.clip) or (0, "ne", 0)
        most[subject, kind] += 1
        found.append(_extra((subject, kind, most[subject, kind]), row, times))
    return [replace(row, index=len(rows) + at) for at, row in enumerate(found)]


def _before(row: Row, gap: tuple[int, str, int]) -> bool:
    parts = clip_parts(row.clip)
    return parts is not None and parts[:2] == gap[:2] and parts[2] < gap[2]


def _extra(name: tuple[int, str, int], row: Row, times: tuple[float, float]) -> Row:
    note = f"another movement in the line of {row.clip}, named by the gap in the numbering"
    return Row(
        0, row.subject, clip_name(*name), times[0], None, times[1], row.emotion,
        first_number=row.first_number, recording=row.recording, notes=(note,),
    )  # fmt: skip


def _lost(name: tuple[int, str, int]) -> Row:
    clip = clip_name(*name)
    note = "not in the sheet: named by a gap in the numbering"
    return Row(0, clip.split("_")[0], clip, None, None, None, EMOTIONS[name[1]], notes=(note,))
