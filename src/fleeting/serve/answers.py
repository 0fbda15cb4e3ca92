"""How the viewer answers: JSON that any name survives, and errors in one plain line."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fleeting.core import FleetingError, InputError, UnknownNameError, UsageError
from fleeting.io import Coding, StaleRevisionError, as_document
from fleeting.serve.access import BodyTooLargeError


class Json(Response):
    """JSON in ASCII: file names that are no proper Unicode get through, and NaN is a mistake."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write it."""
        return json.dumps(content, allow_nan=False).encode("ascii")


Seconds = Callable[[int], float | None]


def coding_document(coding: Coding, seconds: Seconds | None = None) -> dict[str, Any]:
    """Lay out a coder's annotations; where the times of frames are known, with these."""
    rows = [as_document(one) for one in coding.annotations]
    for row in rows:
        for name in ("onset", "apex", "offset") if seconds is not None else ():
            row[f"{name}_s"] = None if row[name] is None else seconds(row[name])  # type: ignore[misc]
    return {
        "coder": coding.coder,
        "revision": coding.revision,
        "can_undo": coding.can_undo,
        "can_redo": coding.can_redo,
        "annotations": rows,
    }


def status_of(error: FleetingError) -> int:
    """Choose the HTTP status of an error."""
    if isinstance(error, StaleRevisionError):
        return 409
    if isinstance(error, UnknownNameError):
        return 404
    if isinstance(error, UsageError):
        return 422
    storage = isinstance(error, InputError) and error.where.endswith(".sqlite")
    return 503 if storage else 404


def install(app: FastAPI) -> None:
    """Have every error answered as ``{"error": "..."}``."""

    @app.exception_handler(FleetingError)
    def _ours(_: Request, error: FleetingError) -> Response:
        content: dict[str, Any] = {"error": str(error)}
        if isinstance(error, StaleRevisionError):
            content |= coding_document(error.coding)
        return Json(content, status_of(error))

    @app.exception_handler(RequestValidationError)
    def _wrong(_: Request, error: RequestValidationError) -> Response:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
        return Json({"error": f"{name}: {fault['msg']}; load the page again"}, 422)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, BodyTooLargeError):  # so FastAPI tells of trouble in reading
            return _large(request, error.__cause__)
        hint = {404: "there is nothing at this address", 405: "this cannot be done here"}
        text = hint.get(error.status_code, str(error.detail))
        return Json({"error": f"{text}; go back to the list of recordings"}, error.status_code)

    @app.exception_handler(BodyTooLargeError)
    def _large(_: Request, __: BodyTooLargeError) -> Response:
        return Json({"error": "the file is too large for the viewer; cut it into parts"}, 413)
