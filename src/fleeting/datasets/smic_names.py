"""Names of SMIC clips, and which names the lines of the E sheet leave out."""

import re

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


def name_extras(rows: list[Row], extras: list[tuple[Row, tuple[float, float]]]) -> list[Row]:
    """Name the second and third movements of a line after the clips that are missing from the sheet.

    The E sheet has 157 lines for 164 movements: where a video shows two, the second one has no line,
    and its number is a gap in the numbering of that subject and kind (clips are numbered without
    gaps from 1).

    Examples
    --------
    >>> lines = [Row(0, "s03", "s03_ne_01", 5, None, 9, "negative"),
    ...          Row(1, "s03", "s03_ne_03", 5, None, 9, "negative")]
    >>> [row.clip for row in name_extras(lines, [(lines[0], (20, 25))])]
    ['s03_ne_02']
    """
    taken = {row.clip for row in rows}
    named: list[Row] = []
    for row, (onset, offset) in extras:
        subject, kind, at = clip_parts(row.clip) or (0, "", 0)
        while clip_name(subject, kind, at) in taken:
            at += 1
        clip = clip_name(subject, kind, at)
        taken.add(clip)
        named.append(
            Row(
                len(rows) + len(named), row.subject, clip, onset, None, offset, row.emotion,
                first_number=int(onset),
                notes=(f"another movement in the line of {row.clip}, named by the gap in the numbering",),
            )
        )  # fmt: skip
    return named


def name_lost(rows: list[Row]) -> list[Row]:
    """Name the clips that are in no line at all: what is still a gap in the numbering.

    The videos of two clips were lost before the E version was cut. Such a clip keeps its class, which
    is in its name, but has no frames.

    Examples
    --------
    >>> line = Row(0, "s03", "s03_ne_02", 5, None, 9, "negative")
    >>> [(row.clip, row.onset) for row in name_lost([line])]
    [('s03_ne_01', None)]
    """
    taken = {row.clip for row in rows}
    most: dict[tuple[int, str], int] = {}
    for row in rows:
        subject, kind, at = clip_parts(row.clip) or (0, "", 0)
        most[subject, kind] = max(at, most.get((subject, kind), 0))
    names = [clip_name(s, kind, at) for (s, kind), top in most.items() for at in range(1, top)]
    return [
        Row(
            len(rows) + at, name.split("_")[0], name, None, None, None, EMOTIONS[name.split("_")[1]],
            notes=("not in the sheet: named by a gap in the numbering",),
        )
        for at, name in enumerate(n for n in names if n not in taken)
    ]  # fmt: skip
