"""Routes: what there is, its frames, its video, its sound, its signals."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response, StreamingResponse

from fleeting.core import InputError, UsageError
from fleeting.io import DecodedFrame, jpeg, sound_wav
from fleeting.serve.answers import Json
from fleeting.serve.desk import Desk, log_name, numbers, report_of
from fleeting.serve.documents import recording_document, recording_row

MOST_TIMES = 50_000
PART = struct.Struct(">IId")  # bytes of the JPEG, frame index, seconds


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/api/recordings", default_response_class=Json)

    @router.get("")
    def recordings() -> Response:
        return Json([recording_row(desk, one) for one in desk.library.recordings()])

    @router.get("/{number}")
    def recording(number: str, *, blind: bool = False, coder: str = "") -> Response:
        one = desk.library.get(number)
        desk.prepare(one)
        return Json(recording_document(desk, one, blind=blind, coder=coder))

    @router.get("/{number}/times")
    def times(
        number: str,
        first: int = Query(0, alias="from"),
        to: int | None = None,
        step: int = Query(1, ge=1, le=MOST_TIMES),
        at: float | None = None,
    ) -> Response:
        one = desk.library.get(number)
        if at is not None:
            index, time_s = desk.frames(one).nearest(at)
            return Json({"frame": index, "time": time_s})
        count = report_of(one).video.frames
        last = min(first + MOST_TIMES * step, count if to is None else to + 1, count)
        if not 0 <= first < last:
            raise UsageError(f"times: expected 0 <= from <= to, and from below {count} frames")
        found = desk.times(one)[first:last:step]
        return Json({"from": first, "step": step, "times": numbers(found), "total": count})

    @router.get("/{number}/video")
    def video(number: str) -> Response:
        path = desk.find_video(desk.library.get(number))
        if not path.is_file():
            raise InputError("video", "is a folder of images, which nothing plays", "step through its frames")
        return FileResponse(path)

    @router.get("/{number}/audio")
    def audio(number: str, to: float, start: float = Query(0.0, alias="from")) -> Response:
        path = desk.find_video(desk.library.get(number))
        return Response(sound_wav(path, start, to), media_type="audio/wav")

    _frame_routes(router, desk)
    _signal_routes(router, desk)
    return router


def _frame_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/{number}/frame/{index}")
    def frame(number: str, index: int, width: int | None = None) -> Response:
        found = desk.frames(desk.library.get(number)).get(index)
        return _picture(found, jpeg(found.rgb(), width=width))

    @router.get("/{number}/frames")
    def frames(
        number: str, to: int, first: int = Query(0, alias="from"), step: int = 1, width: int | None = None
    ) -> Response:
        one = desk.library.get(number)
        wanted = desk.span(one, first, to, step)
        access = desk.frames(one)

        def parts() -> Iterator[bytes]:
            for index in wanted:
                found = access.get(index)
                yield part(index, float(found.time), jpeg(found.rgb(), width=width))

        return StreamingResponse(parts(), media_type="application/octet-stream")


def part(index: int, time_s: float, picture: bytes) -> bytes:
    """Pack one picture of a stream: lengths first, so that the page can cut it.

    Examples
    --------
    >>> part(7, 0.5, b"abc").hex()
    '00000003000000073fe0000000000000616263'
    """
    return PART.pack(len(picture), index, time_s) + picture


def _picture(frame: DecodedFrame, data: bytes) -> Response:
    headers = {"X-Frame-Index": str(frame.index), "X-Frame-Time": f"{float(frame.time):.9f}"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _signal_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/{number}/signals")
    def signals(
        number: str,
        *,
        face: int = 0,
        start: float = Query(0.0, alias="from"),
        to: float | None = None,
        points: int = 1000,
        blind: bool = False,
        coder: str = "",
    ) -> Response:
        one = desk.library.get(number)
        stop = report_of(one).video.duration_s if to is None else to
        if not 1 <= points <= 5000 or not 0 <= start <= stop:
            raise UsageError("signals: expected 0 <= from <= to seconds and 1..5000 points")
        if is_hidden(desk, log_name(one), blind=blind, coder=coder):
            return Json({**_no_signals(start, stop), "hidden": True})
        file = desk.signals(one)
        if file is None or f"face{face}_curve" not in file:
            return Json(_no_signals(start, stop))
        names = [str(name) for name in file["region_names"]]
        lines = desk.lines(file, face)
        seconds, low, high = lines.between(start, stop, points)
        threshold = float(file["threshold"]) if "threshold" in file else None
        rows = [
            {"name": name, "min": numbers(low[:, place]), "max": numbers(high[:, place])}
            for place, name in enumerate(names, start=1)
        ]
        return Json(
            {
                **_no_signals(start, stop),
                "times": numbers(seconds),
                "curve": {"min": numbers(low[:, 0]), "max": numbers(high[:, 0])},
                "regions": rows,
                "threshold": threshold,
                "exact": bool(np.array_equal(low, high, equal_nan=True)),
            }
        )


def is_hidden(desk: Desk, recording: str, *, blind: bool, coder: str) -> bool:
    """Say whether the machine's answer is to be kept from a coder."""
    if not (desk.blind or blind):
        return False
    return not coder or desk.log.revealed_at(recording, coder) is None


def _no_signals(start: float, stop: float) -> dict[str, Any]:
    empty: dict[str, Any] = {"times": [], "curve": {"min": [], "max": []}, "regions": [], "threshold": None}
    return {**empty, "from": start, "to": stop, "exact": True, "hidden": False}
