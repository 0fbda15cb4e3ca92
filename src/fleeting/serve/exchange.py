"""Routes: annotations out and in, tracks of other tools, agreement."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from fleeting.core import FleetingError, UnknownNameError, UsageError
from fleeting.io import CodedRecording, checked_text, coding_csv, coding_json, extremes, merge_eaf
from fleeting.report import PicturedRecording, render_coding
from fleeting.serve import bring
from fleeting.serve.agree import agreement_csv, agreement_document, folder_agreement
from fleeting.serve.answers import Json
from fleeting.serve.desk import Desk, log_name, numbers, report_of
from fleeting.serve.library import Recording
from fleeting.serve.pictures import view_of

MOST_PICTURED = 150  # annotations with pictures in one report
FORMATS = ("csv", "json", "eaf", "html")


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/api", default_response_class=Json)

    @router.get("/export")
    def export(format: str = "csv", coder: str = "", recording: str = "") -> Response:
        return _export(desk, format, coder, recording)

    @router.post("/import")
    async def take(request: Request, recording: str, name: str = "file", coder: str = "") -> Response:
        data = await request.body()
        return Json(await run_in_threadpool(bring.bring, desk, recording, name, coder, data))

    @router.get("/agreement")
    def agreement(*, threshold: float = 0.5, blind: bool = False, coder: str = "") -> Response:
        return Json(
            agreement_document(folder_agreement(desk, threshold, blind=blind, coder=coder), threshold)
        )

    @router.get("/agreement.csv")
    def table(*, threshold: float = 0.5, blind: bool = False, coder: str = "") -> Response:
        text = agreement_csv(folder_agreement(desk, threshold, blind=blind, coder=coder), threshold)
        return _file(text.encode(), "text/csv; charset=utf-8", "agreement.csv")

    _track_routes(router, desk)
    return router


def _track_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/recordings/{number}/tracks")
    def tracks(number: str) -> Response:
        return Json([one.document() for one in bring.tracks(desk, desk.library.get(number))])

    @router.get("/recordings/{number}/tracks/{track}")
    def track(
        number: str,
        track: str,
        columns: str = "",
        start: float = Query(0.0, alias="from"),
        to: float | None = None,
        points: int = 1000,
    ) -> Response:
        one = desk.library.get(number)
        stop = report_of(one).video.duration_s if to is None else to
        if not 1 <= points <= 5000 or not 0 <= start <= stop:
            raise UsageError("tracks: expected 0 <= from <= to seconds and 1..5000 points")
        found = bring.series(desk, one, track)
        wanted = [name for name in columns.split(",") if name] or list(found.columns)
        unknown = [name for name in wanted if name not in found.columns]
        if unknown:
            raise UnknownNameError(f"track: has no column {unknown[0]!r:.60}; load the page again")
        values = found.values[:, [found.columns.index(name) for name in wanted]]
        times, low, high = extremes(found.times, values, start, stop, points)
        rows = [
            {"name": name, "min": numbers(low[:, place]), "max": numbers(high[:, place])}
            for place, name in enumerate(wanted)
        ]
        return Json({"times": numbers(times), "columns": rows})

    @router.delete("/recordings/{number}/tracks/{track}")
    def remove(number: str, track: str) -> Response:
        bring.remove(desk, desk.library.get(number), track)
        return Json({"removed": True})


def _export(desk: Desk, kind: str, coder: str, number: str) -> Response:
    if kind not in FORMATS:
        raise UsageError(f"format: expected {', '.join(FORMATS)}, got {kind!r:.40}")
    whole = [desk.library.get(number)] if number else desk.library.recordings()
    recordings = [one for one in whole if one.report is not None]
    coded = [pair for one in recordings for pair in coded_by(desk, one, coder)]
    stem = (recordings[0].name if number else desk.library.folder.name) + (f".{coder}" if coder else "")
    if kind == "csv":
        text = "\ufeff" + coding_csv([found for _, found in coded])  # so that spreadsheets see UTF-8
        return _file(
            text.encode("utf-8", "backslashreplace"), "text/csv; charset=utf-8", f"{stem}.annotations.csv"
        )
    if kind == "json":
        text = coding_json([found for _, found in coded])
        return _file(text.encode(), "application/json", f"{stem}.annotations.json")
    if kind == "html":
        return _file(
            _page(desk, coded, stem).encode(), "text/html; charset=utf-8", f"{stem}.annotations.html"
        )
    files = {one.name: _eaf(desk, one, coder).encode() for one in recordings}
    if number:
        return _file(files[recordings[0].name], "text/xml; charset=utf-8", f"{stem}.eaf")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.encode("utf-8", "backslashreplace").decode() + ".eaf", data)
    return _file(packed.getvalue(), "application/zip", f"{stem}.eaf.zip")


def coded_by(desk: Desk, one: Recording, coder: str = "") -> list[tuple[Recording, CodedRecording]]:
    """Give what was coded of a recording, by one coder or by all."""
    name = log_name(one)
    who = [checked_text(coder, "coder")] if coder else desk.log.coded(name)
    seconds, video = desk.seconds(one), report_of(one).video
    return [
        (one, CodedRecording(one.name, video, c, desk.log.coding(name, c).annotations, seconds)) for c in who
    ]


def _eaf(desk: Desk, one: Recording, coder: str) -> str:
    info = report_of(one).video
    codings = {found.coder: found.annotations for _, found in coded_by(desk, one, coder)}
    base = bring.last_eaf(desk, one)
    found = desk.finder.find(one).path
    return merge_eaf(
        codings,
        desk.times(one),
        1 / info.fps if info.fps > 0 else 0.04,
        existing=base.data if base else None,
        video=str(found) if found else PurePath(info.path).name,
        name=base.name if base else one.name,
    )


def _page(desk: Desk, coded: Sequence[tuple[Recording, CodedRecording]], title: str) -> str:
    from fleeting import __version__

    total = sum(len(found.annotations) for _, found in coded)
    rows = [
        PicturedRecording(found, _pictures(desk, one, found) if total <= MOST_PICTURED else ())
        for one, found in coded
    ]
    return render_coding(rows, version=__version__, title=f"Annotations: {title}")


def _pictures(desk: Desk, one: Recording, found: CodedRecording) -> list[tuple[np.ndarray, ...]]:
    """Crops at onset and apex; nothing where the video or the face is not there."""
    shown: list[tuple[np.ndarray, ...]] = []
    for annotation in found.annotations:
        try:
            view = view_of(desk, one, annotation.onset, annotation.face)
            frames = [annotation.onset, *([] if annotation.apex is None else [annotation.apex])]
            shown.append(tuple(view.crop(desk.frames(one).get(index).rgb()) for index in frames))
        except FleetingError:  # a report without that picture is better than none
            shown.append(())
    return shown


def _file(data: bytes, kind: str, name: str) -> Response:
    """Answer with a file to save; the name is data, whatever it holds."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    full = quote(name.encode("utf-8", "backslashreplace"), safe="")
    headers = {"content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"}
    return Response(data, media_type=kind, headers=headers)
