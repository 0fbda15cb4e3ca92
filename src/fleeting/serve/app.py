"""The viewer as one web application, and how it is run."""

import mimetypes
import socket
import zlib
from collections.abc import Callable
from importlib import resources
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.responses import FileResponse, Response

from fleeting.core import InputError, UsageError
from fleeting.serve import coding, exchange, pictures, recordings
from fleeting.serve.access import App, Guard, new_token
from fleeting.serve.answers import Json, install
from fleeting.serve.desk import Desk
from fleeting.serve.documents import vocabulary

# Name in addresses -> installed package and file in it. Nothing of it is copied into our own.
VENDOR = {"plotly.min.js": ("plotly", "package_data/plotly.min.js")}
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
LOOPBACK = "127.0.0.1"


def create_app(desk: Desk, *, token: str, port: int) -> App:
    """Put the application together, behind its guard.

    Parameters
    ----------
    desk
        What is shown.
    token
        The secret of this start.
    port
        Where it will listen; ``Host`` and ``Origin`` must name it.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, default_response_class=Json)
    install(app)
    for room in (recordings, pictures, coding, exchange):
        app.include_router(room.routes(desk))

    @app.get("/")
    def index() -> Response:
        return _static("index.html")

    @app.get("/static/{path:path}")
    def static(path: str) -> Response:
        return _static(path)

    @app.get("/vendor/{name}")
    def vendor(name: str) -> Response:
        return _vendor(name)

    @app.get("/api/server")
    def server() -> Response:
        from fleeting import __version__

        return Json({"version": __version__, "folder": desk.library.folder.name, "blind": desk.blind})

    @app.get("/api/words")
    def words() -> Response:
        return Json(vocabulary())

    return Guard(app, token=token, port=port)


def _static(path: str) -> Response:
    folder = Path(str(resources.files("fleeting.serve"))) / "static"
    parts = PurePosixPath(path).parts
    place = folder.joinpath(*parts) if parts and all(_is_plain(one) for one in parts) else None
    if place is None or not place.is_file() or not place.resolve().is_relative_to(folder.resolve()):
        return Json({"error": "there is no such part of the page; install fleeting again"}, 404)
    return FileResponse(place, media_type=_type_of(place))


def _vendor(name: str) -> Response:
    package, inside = VENDOR.get(name, ("", ""))
    spec = find_spec(package) if package else None
    if spec is None or spec.origin is None:
        hint = "pip install 'fleeting[serve]'"
        return Json({"error": f"{name}: is not installed; install it with: {hint}"}, 404)
    place = Path(spec.origin).parent / inside
    return FileResponse(
        place, media_type=_type_of(place), headers={"cache-control": "private, max-age=86400"}
    )


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and not any(letter in part for letter in "\\/:\0")


def _type_of(path: Path) -> str:
    known = TYPES.get(path.suffix)
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def serve(
    place: Path,
    *,
    videos: Path | None = None,
    port: int = 0,
    blind: bool = False,
    started: Callable[[str], None] | None = None,
) -> None:
    """Run the viewer until it is stopped.

    Parameters
    ----------
    place
        A folder with results, or one result.
    videos
        A further folder with videos.
    port
        Where to listen, on the loopback alone; 0 takes the one that this folder had last time, or a free one.
    blind
        Hide the machine's answer from every coder until she asks for it.
    started
        Called with the address to open, once it answers.

    Raises
    ------
    InputError
        Where there is no result.
    UsageError
        Where the port is taken.
    """
    import uvicorn

    desk = Desk(place, videos, blind=blind)
    try:
        listener = _listen(port) if port else _listen_somewhere(desk.library.folder)
        number = listener.getsockname()[1]
        token = new_token()
        desk.finder.warm()
        config = uvicorn.Config(
            create_app(desk, token=token, port=number),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        if started is not None:
            started(f"http://{LOOPBACK}:{number}/?token={token}")
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        desk.close()


def _listen_somewhere(folder: Path) -> socket.socket:
    """Take the port that this folder had last time too, where it is free, else any.

    A browser keeps what a page notes for itself by port: the coder's name, a change not sent yet.
    """
    usual = 49152 + zlib.crc32(str(folder).encode("utf-8", "surrogateescape")) % 16000
    try:
        return _listen(usual)
    except InputError:
        return _listen(0)


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(f"--port: expected 0..65535, got {port}")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        what = f"cannot be listened on ({error.strerror})"
        raise InputError(f"port {port}", what, "give another with --port, or leave it out") from error
    return listener
