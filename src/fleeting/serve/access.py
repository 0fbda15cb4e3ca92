"""Who may talk to the viewer: this page in this browser, with the token of this start, and nobody else."""

import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 256 * 2**20  # bytes; an hour of OpenFace at 60 fps with all columns is about that
LARGEST_JSON = 1 * 2**20  # of all else that is sent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
CLOSED = "<!doctype html><meta charset=utf-8><title>fleeting</title><p>{}</p>"
ASK = "Open the address that `fleeting view` printed: this page is for the person who started it."


class Guard:
    """Lets a request through only where its host, origin and token are right.

    ``Host`` must name the loopback at our port (else a foreign name that points here, by DNS rebinding, would
    do); an ``Origin`` that is given must be ours, and ``Sec-Fetch-Site`` must not say that another site asks;
    the token comes as a cookie or as ``X-Fleeting-Token``. ``/?token=...`` sets the cookie and leads on.

    Parameters
    ----------
    app
        What answers.
    token
        The secret of this start.
    port
        Where we listen.
    """

    def __init__(self, app: App, *, token: str, port: int) -> None:
        self.app, self._token, self._port = app, token, port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._cookie = f"fleeting_{port}"  # cookies know no ports: two viewers must not share one

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = _headers(scope["headers"])
        fault = self._fault(headers)
        if fault:
            await _refuse(scope, send, 403, fault)
        elif self._is_start(scope):
            await self._start(send)
        elif not self._knows(headers):
            await _refuse(scope, send, 403, ASK)
        else:
            most = LARGEST_BODY if scope["path"] == "/api/import" else LARGEST_JSON
            await self.app(scope, _limited(receive, most), _with_headers(send))

    def _fault(self, headers: dict[str, list[str]]) -> str:
        host, origin = headers.get("host", []), headers.get("origin", [])
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return f"Host: this viewer answers at 127.0.0.1:{self._port} alone; open the address it printed"
        if any(one.lower() not in self._origins for one in origin):
            return "Origin: another page asked; the viewer answers its own page alone"
        if headers.get("sec-fetch-site", ["none"])[0] not in ("same-origin", "none"):
            return "another site asked; open the address that `fleeting view` printed in a tab of its own"
        return ""

    def _is_start(self, scope: Scope) -> bool:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [])
        return scope["path"] == "/" and scope["method"] == "GET" and len(given) == 1 and self._right(given[0])

    async def _start(self, send: Send) -> None:
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        headers = {"location": "/", "set-cookie": cookie, "cache-control": "no-store", **HEADERS}
        await _answer(send, 303, headers, b"")

    def _knows(self, headers: dict[str, list[str]]) -> bool:
        if any(self._right(given) for given in headers.get("x-fleeting-token", [])):
            return True
        # By hand: the standard library gives up a whole line for one odd cookie of another page on this host.
        pairs = [
            pair.strip().partition("=") for line in headers.get("cookie", []) for pair in line.split(";")
        ]
        return any(name == self._cookie and self._right(value) for name, _, value in pairs)

    def _right(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), self._token.encode())


def new_token() -> str:
    """Make the secret of one start: 256 bits."""
    return secrets.token_urlsafe(32)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in raw:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _limited(receive: Receive, most: int) -> Receive:
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise BodyTooLargeError
        return message

    return take


class BodyTooLargeError(Exception):
    """Somebody sends more than a viewer has use for."""


def _with_headers(send: Send) -> Send:
    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            here = {name.lower() for name, _ in message.get("headers", [])}
            more = {**HEADERS, "cache-control": "no-store"}
            added = [(n.encode(), v.encode()) for n, v in more.items() if n.encode() not in here]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return give


async def _refuse(scope: Scope, send: Send, status: int, why: str) -> None:
    if scope["path"] == "/":
        kind, body = "text/html; charset=utf-8", CLOSED.format(why).encode()
    else:
        kind, body = "application/json", json.dumps({"error": why}).encode()
    await _answer(send, status, {"content-type": kind, "cache-control": "no-store", **HEADERS}, body)


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
