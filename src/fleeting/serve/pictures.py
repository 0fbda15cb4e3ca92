"""Routes: the aligned face, two moments compared, a movement magnified."""

from collections.abc import Iterator

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from fleeting.analysis import FaceView, compared, find_view, magnified
from fleeting.core import InputError, UsageError
from fleeting.io import jpeg, png
from fleeting.report import comparison
from fleeting.serve.answers import Json
from fleeting.serve.desk import Desk, report_of
from fleeting.serve.library import Recording
from fleeting.serve.recordings import part

MOST_MAGNIFIED = 1500  # frames at a time


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/api/recordings", default_response_class=Json)

    @router.get("/{number}/crop/{index}")
    def crop(number: str, index: int, face: int = 0, reference: int | None = None) -> Response:
        one = desk.library.get(number)
        anchor = index if reference is None else reference
        view = view_of(desk, one, anchor, face)
        image = desk.frames(one).get(index).rgb()
        if anchor == index:
            shown = view.crop(image)
        else:  # held still on the reference, so that only the face moves when the two alternate
            shown = compared(view, desk.frames(one).get(anchor).rgb(), image)[1]
        return _answer(jpeg(shown, quality=95), "image/jpeg", index)

    @router.get("/{number}/compare")
    def compare(number: str, onset: int, apex: int, face: int = 0, kind: str = "difference") -> Response:
        one = desk.library.get(number)
        view = view_of(desk, one, onset, face)
        frames = desk.frames(one)
        first, second, flow = desk.derived(
            ("pair", one.id, onset, apex, face),
            lambda: compared(view, frames.get(onset).rgb(), frames.get(apex).rgb()),
        )
        if kind == "flicker":
            return _answer(png(second), "image/png", apex)
        image, scale = comparison(kind, first, second, flow, view.mesh)
        return _answer(png(image), "image/png", apex, scale)

    @router.get("/{number}/magnified")
    def magnify(number: str, onset: int, offset: int, face: int = 0, gain: float = 10.0) -> Response:
        one = desk.library.get(number)
        if offset - onset >= MOST_MAGNIFIED:
            raise UsageError(f"magnified: expected at most {MOST_MAGNIFIED} frames, got {offset - onset + 1}")
        wanted = desk.span(one, onset, offset)
        frames = desk.frames(one)
        view = view_of(desk, one, onset, face)
        pictures = magnified(
            view, frames.get(onset).rgb(), (frames.get(index).rgb() for index in wanted), gain
        )

        def parts() -> Iterator[bytes]:
            for index, picture in zip(wanted, pictures, strict=True):
                yield part(index, float(frames.get(index).time), jpeg(picture, quality=92))

        return StreamingResponse(parts(), media_type="application/octet-stream")

    return router


def view_of(desk: Desk, one: Recording, index: int, face: int) -> FaceView:
    """Find a face in a frame, once.

    Raises
    ------
    InputError
        Where it is not to be seen there.
    """
    if face not in {known.id for known in report_of(one).faces} | {0}:
        raise UsageError(f"face: there is no face {face} in this recording")
    near = _box(desk, one, index, face)
    view = desk.derived(
        ("view", one.id, index, face), lambda: find_view(desk.frames(one).get(index).rgb(), near)
    )
    if view is None:
        raise InputError(f"frame {index}", f"face {face} cannot be found in it", "choose another frame")
    return view


def _box(desk: Desk, one: Recording, index: int, face: int) -> np.ndarray | None:
    """Where the face was about then, as the result tells; None where it does not."""
    file = desk.signals(one)
    if file is None or f"face{face}_boxes" not in file:
        return None
    frames, boxes = file[f"face{face}_box_frames"], file[f"face{face}_boxes"]
    return boxes[int(np.argmin(np.abs(frames - index)))] if len(frames) else None


def _answer(data: bytes, kind: str, index: int, scale: float | None = None) -> Response:
    headers = {"X-Frame-Index": str(index)}
    if scale is not None:
        headers["X-Scale"] = f"{scale:.4g}"
    return Response(data, media_type=kind, headers=headers)
