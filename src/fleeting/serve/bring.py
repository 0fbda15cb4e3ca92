"""What is brought in from elsewhere: ELAN files, exports of our own, CSV of other tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleeting.core import InputError, UnknownNameError, UsageError
from fleeting.io import (
    Annotation,
    EafCoding,
    Edit,
    Import,
    ReadCoding,
    SeriesTrack,
    checked_text,
    read_coding_csv,
    read_coding_eaf,
    read_coding_json,
    read_series,
)
from fleeting.serve.desk import Desk, log_name, report_of
from fleeting.serve.library import Recording

EAF, SERIES = "eaf", "series"


@dataclass(frozen=True)
class Track:
    """One track beside ours: lines of another tool's numbers, or the tiers of an ELAN file."""

    id: str
    name: str
    kind: str
    columns: Sequence[str] = ()
    intervals: Sequence[dict[str, Any]] = ()

    def document(self) -> dict[str, Any]:
        """Lay it out for the page."""
        rows = {"columns": list(self.columns), "intervals": list(self.intervals)}
        return {"id": self.id, "name": self.name, "kind": self.kind, **rows}


def bring(desk: Desk, number: str, name: str, coder: str, data: bytes) -> dict[str, Any]:
    """Take a file in.

    Returns
    -------
    dict
        ``tracks``: those that are new; ``annotations``: how many changed; ``messages`` and ``message``.

    Raises
    ------
    InputError
        Where the file is none that can be taken; nothing is changed then.
    """
    one = desk.library.get(number)
    name = checked_text(name, "name", 255)
    ending = name.lower().rpartition(".")[2]
    if not data:
        raise InputError(name, "is empty", "choose another file")
    if ending == "eaf":
        return _bring_eaf(desk, one, name, data)
    if ending == "json":
        return _bring_codings(desk, one, coder, read_coding_json(data, name))
    if ending != "csv":
        raise InputError(name, "is none of .eaf, .json, .csv", "give an ELAN file, an export or a tool's CSV")
    if _is_export(data):
        return _bring_codings(desk, one, coder, read_coding_csv(data, name))
    _, messages = _series(desk, one, name, data)
    key = desk.log.add_import(log_name(one), name, SERIES, data)
    made = [track.document() for track in tracks(desk, one) if track.id.split(".")[0] == str(key)]
    return _said(made, 0, messages)


def _is_export(data: bytes) -> bool:
    header = data[:4096].decode("utf-8-sig", "replace").partition("\n")[0]
    return {"coder", "verdict", "key", "onset", "offset"} <= {
        cell.strip().lower() for cell in header.split(",")
    }


def _bring_eaf(desk: Desk, one: Recording, name: str, data: bytes) -> dict[str, Any]:
    found = read_coding_eaf(data, desk.times(one), name=name)
    key = desk.log.add_import(log_name(one), name, EAF, data)
    changed = sum(_put(desk, one, coder, rows) for coder, rows in found.codings.items())
    made = [track.document() for track in tracks(desk, one) if track.id == str(key)]
    return _said(made, changed, [])


def _bring_codings(desk: Desk, one: Recording, coder: str, rows: Sequence[ReadCoding]) -> dict[str, Any]:
    info = report_of(one).video
    mine = [row for row in rows if row.sha256 == info.sha256 or (not row.sha256 and row.name == one.name)]
    if coder:
        mine = [row for row in mine if row.coder == coder]
    if not mine:
        who = f" by {coder}" if coder else ""
        raise InputError(one.name, f"the file holds nothing of it{who}", "choose the recording that it is of")
    for row in mine:
        late = [a.offset for a in row.annotations if a.offset >= info.frames > 0]
        if late:
            what = f"the file speaks of frame {late[0]}, but the video has {info.frames} frames"
            raise InputError(one.name, what, "give the file that belongs to this video")
    return _said([], sum(_put(desk, one, row.coder, row.annotations) for row in mine), [])


def _put(desk: Desk, one: Recording, coder: str, rows: Sequence[Annotation]) -> int:
    """Enter annotations as one change: those with a known key change, others are new. Says how many."""
    name = log_name(one)
    made: list[Edit] = []

    def edits(state: Mapping[str, Annotation]) -> list[Edit]:
        made[:] = [Edit(state.get(row.key), row) for row in rows if state.get(row.key) != row]
        return made

    coder = desk.log.add_coder(coder)
    desk.log.change(name, coder, desk.log.coding(name, coder).revision, "import", edits)
    return len(made)


def _said(made: list[dict[str, Any]], changed: int, messages: list[str]) -> dict[str, Any]:
    parts = [(len(made), "track beside yours", "tracks beside yours"), (changed, "annotation", "annotations")]
    taken = " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)
    line = f"Imported: {taken}." if taken else "Imported: nothing that was not there before."
    return {
        "tracks": made,
        "annotations": changed,
        "messages": messages,
        "message": " ".join([line, *messages]),
    }


def last_eaf(desk: Desk, one: Recording) -> Import | None:
    """Give the ELAN file that was brought in last, into which exports go."""
    found = [held for held in desk.log.imports(log_name(one)) if held.kind == EAF]
    return found[-1] if found else None


def tracks(desk: Desk, one: Recording) -> list[Track]:
    """List all tracks of a recording."""
    listed: list[Track] = []
    for held in desk.log.imports(log_name(one)):
        if held.kind == EAF:
            rows = [
                {"tier": o.tier, "onset_s": o.begin_ms / 1000, "offset_s": o.end_ms / 1000, "text": o.text}
                for o in _eaf(desk, one, held).others
            ]
            listed.append(Track(str(held.id), held.name, "intervals", (), rows))
            continue
        for place, track in enumerate(_held(desk, one, held)):
            name = f"{held.name} ({track.source}{f', face {track.face}' if track.face else ''})"
            listed.append(Track(f"{held.id}.{place}", name, "series", track.columns))
    return listed


def series(desk: Desk, one: Recording, track: str) -> SeriesTrack:
    """Give the numbers of a track.

    Raises
    ------
    UnknownNameError
        Where there is none of that name.
    """
    for held in desk.log.imports(log_name(one)):
        if held.kind == SERIES:
            for place, found in enumerate(_held(desk, one, held)):
                if track == f"{held.id}.{place}":
                    return found
    raise UnknownNameError("there is no such track; load the page again")


def remove(desk: Desk, one: Recording, track: str) -> None:
    """Take the file that a track came from out of use.

    Raises
    ------
    UnknownNameError
        Where there is none.
    """
    number = track.partition(".")[0]
    if not number.isdecimal() or not desk.log.remove_import(log_name(one), int(number)):
        raise UnknownNameError("there is no such track; load the page again")


def _held(desk: Desk, one: Recording, held: Import) -> list[SeriesTrack]:
    key = ("series", one.id, held.id)
    return desk.derived(key, lambda: _series(desk, one, held.name, held.data)[0])


def _eaf(desk: Desk, one: Recording, held: Import) -> EafCoding:
    key = ("eaf", one.id, held.id)
    return desk.derived(key, lambda: read_coding_eaf(held.data, desk.times(one), name=held.name))


def _series(desk: Desk, one: Recording, name: str, data: bytes) -> tuple[list[SeriesTrack], list[str]]:
    try:
        times = desk.times(one)
    except (InputError, UsageError):  # the video is not there: the tool's own times must do
        times = None
    return read_series(data, name, times=times, fps=report_of(one).video.fps)
