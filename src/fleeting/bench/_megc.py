"""Files of the spot-then-recognise task of the micro-expression grand challenge (MEGC 2025): write, check."""

import csv
import io
from collections.abc import Iterable, Mapping

from fleeting.core import COARSE, UsageError
from fleeting.evaluation import Span

COLUMNS = ("subject", "video", "onset", "offset", "emotion")


def megc_submission(spans: Iterable[Span]) -> str:
    """Write predictions as the challenge's scorer reads them.

    One row for each interval: ``subject,video,onset,offset,emotion``, native frame numbers counted from 1 (as
    the frames of the sets are named), emotions of three. Intervals called otherwise are left out, as the
    task has no others.

    Parameters
    ----------
    spans
        In native frames counted from 0, as everywhere in this package.

    Returns
    -------
    str
        CSV with a head line, sorted.

    Examples
    --------
    >>> print(megc_submission([Span("001_2", 9, 19, subject="001", emotion="positive")]), end="")
    subject,video,onset,offset,emotion
    001,001_2,10,20,positive
    """
    kept = [one for one in spans if one.emotion in COARSE]
    early = [one for one in kept if one.onset < 0]
    if early:
        raise UsageError(f"{early[0].video}: onset {early[0].onset} lies before the first frame; cut it to 0")
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in sorted(kept, key=lambda s: (s.subject, s.video, s.onset, s.offset)):
        table.writerow([one.subject, one.video, one.onset + 1, one.offset + 1, one.emotion])
    return file.getvalue()


def check_megc_submission(text: str, frames: Mapping[str, int] | None = None) -> list[Span]:
    r"""Read a submission and hold it to the rules.

    Parameters
    ----------
    text
        The file.
    frames
        How many frames each video has, by name; those it does not name are unknown to the task.

    Returns
    -------
    list of Span
        Frames counted from 0.

    Raises
    ------
    UsageError
        For other columns, a frame that is no number or outside its video, an offset before the onset, an
        emotion that the task does not have, or the same interval twice.

    Examples
    --------
    >>> check_megc_submission("subject,video,onset,offset,emotion\n001,001_2,10,20,positive\n")[0].onset
    9
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise UsageError(
            f"line 1: expected {','.join(COLUMNS)}, got {','.join(rows[0]) if rows else 'nothing'}"
        )
    found: list[Span] = []
    for line, row in enumerate(rows[1:], 2):
        span = _row(line, row)
        if frames is not None and (span.video not in frames or span.offset >= frames[span.video]):
            known = f"it has {frames[span.video]} frames" if span.video in frames else "no such video"
            raise UsageError(f"line {line}: {span.video}: frame {span.offset + 1}: {known}")
        if any(one.key == span.key and (one.onset, one.offset) == (span.onset, span.offset) for one in found):
            raise UsageError(f"line {line}: the interval stands there already")
        found.append(span)
    return found


def _row(line: int, row: list[str]) -> Span:
    if len(row) != len(COLUMNS):
        raise UsageError(f"line {line}: expected {len(COLUMNS)} cells, got {len(row)}")
    subject, video, first, last, emotion = (cell.strip() for cell in row)
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise UsageError(f"line {line}: expected 1 <= onset <= offset, whole numbers, got {first} and {last}")
    if emotion not in COARSE or not subject or not video:
        raise UsageError(
            f"line {line}: expected a subject, a video and one of {', '.join(COARSE)}, got {row}"
        )
    return Span(video, int(first) - 1, int(last) - 1, "micro", subject, emotion=emotion)
