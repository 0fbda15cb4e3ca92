"""Routes: coders, their annotations, undo and redo, the blind, agreement."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from starlette.responses import Response

from fleeting.core import UsageError
from fleeting.io import Coding, checked_text, edits_of
from fleeting.serve.answers import Json, coding_document
from fleeting.serve.desk import Desk, expressions_of, log_name, report_of
from fleeting.serve.library import Recording
from fleeting.serve.recordings import is_hidden

Request = Annotated[dict[str, Any], Body()]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/api", default_response_class=Json)

    @router.get("/coders")
    def coders() -> Response:
        return Json(desk.log.coders())

    @router.post("/coders")
    def add_coder(request: Request) -> Response:
        return Json({"name": desk.log.add_coder(request.get("name", ""))})

    _annotation_routes(router, desk)
    _step_routes(router, desk)
    return router


def _annotation_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/recordings/{number}/annotations")
    def annotations(number: str, coder: str) -> Response:
        name = checked_text(coder, "coder")
        one = desk.library.get(number)
        return _answer(desk, one, desk.log.coding(log_name(one), name))

    @router.post("/recordings/{number}/annotations")
    def change(number: str, request: Request) -> Response:
        one = desk.library.get(number)
        coder, revision, op = _who(request), _revision(request), request.get("op")
        name, frames = log_name(one), report_of(one).video.frames
        if not isinstance(op, str):
            raise UsageError("op: expected the name of an operation")
        if request.get("source_key") is not None and is_hidden(desk, name, blind=False, coder=coder):
            raise UsageError("blind: the machine's answer is hidden; give yours first, then have it shown")
        machine = expressions_of(one)
        done = desk.log.change(
            name,
            coder,
            revision,
            op,
            lambda state: edits_of(op, state, request, frames=frames or None, machine=machine),
        )
        return _answer(desk, one, done)


def _step_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/recordings/{number}/undo")
    def undo(number: str, request: Request) -> Response:
        one = desk.library.get(number)
        return _answer(desk, one, desk.log.undo(log_name(one), _who(request), _revision(request)))

    @router.post("/recordings/{number}/redo")
    def redo(number: str, request: Request) -> Response:
        one = desk.library.get(number)
        return _answer(desk, one, desk.log.redo(log_name(one), _who(request), _revision(request)))

    @router.post("/recordings/{number}/annotations/undo")
    def undo_here(number: str, request: Request) -> Response:
        return undo(number, request)

    @router.post("/recordings/{number}/annotations/redo")
    def redo_here(number: str, request: Request) -> Response:
        return redo(number, request)

    @router.post("/recordings/{number}/reveal")
    def reveal(number: str, request: Request) -> Response:
        desk.log.reveal(log_name(desk.library.get(number)), _who(request))
        return Json({"revealed": True})


def _answer(desk: Desk, one: Recording, coding: Coding) -> Response:
    return Json({**coding_document(coding, desk.seconds(one)), "recording": one.id})


def _who(request: dict[str, Any]) -> str:
    coder = " ".join(checked_text(request.get("coder", ""), "coder").split())
    if not coder:
        raise UsageError("coder: who is coding? choose or type a name first")
    return coder


def _revision(request: dict[str, Any]) -> int:
    revision = request.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool):
        raise UsageError("revision: expected the number that came with the annotations; load the page again")
    return revision
