"""The gateway's doors: ``POST /readings``, ``GET`` and ``HEAD /data/…``, ``GET /health``; everything else is shut.

An address is compared as it was sent, letter by letter: nothing in it is decoded, joined or put right, so there is no
second way to write one.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import orjson
from aiohttp import web
from starlette.exceptions import HTTPException

from londata.access import Subject
from londata.access.subject import APP
from londata.errors import QueryError
from londata.records.identifiers import SLUG
from londata_hub.auth import Authenticate, insight_named, token_of
from londata_hub.gateway.beginning import Asked, Beginning
from londata_hub.gateway.ranges import still_the_same, wanted
from londata_hub.gateway.readings import Reading, Readings
from londata_hub.gateway.sessions import Peer, peer_of
from londata_hub.gateway.streams import Stream
from londata_hub.web import HEAD_TIMEOUT_S, SECURITY_HEADERS, error_response

API = "/api/v1"
#: Longest body of a request, in bytes.
MAX_BODY = 16 * 1024
#: How aiohttp reads requests: a head has at most 32 lines of 4 KB and 20 seconds, and nothing is unpacked.
BOUNDS: dict[str, Any] = {
    "max_line_size": 4096,
    "max_field_size": 4096,
    "max_headers": 32,
    "keepalive_timeout": HEAD_TIMEOUT_S,
    "lingering_time": 1,
    "auto_decompress": False,
    "access_log": None,  # it would hold what people read
}
_SLUG = SLUG.pattern.removeprefix("^").removesuffix(r"\Z").removesuffix("$")
_HEADERS = {name.decode().title(): value.decode() for name, value in SECURITY_HEADERS.items()} | {"Server": "londata"}


class _ShutError(HTTPException):
    """What is asked for is not there, or not in this way."""

    hint = "There are POST /readings, GET and HEAD /data/<entry>/<distribution>, and GET /health."


class Doors:
    """Answers requests.

    Parameters
    ----------
    authenticate
        The hub's token → subject; raises for a token that is not accepted.
    beginning
        Begins readings.
    readings
        Those that have begun.
    prefix
        The path before every address, as the hub gives it (``/services/gateway``).
    """

    def __init__(self, authenticate: Authenticate, beginning: Beginning, readings: Readings, prefix: str = "") -> None:
        self._authenticate, self._beginning, self._readings = authenticate, beginning, readings
        self._base = prefix.rstrip("/") + API
        self._data = re.compile(rf"{re.escape(self._base)}/data/({_SLUG})/({_SLUG})")

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; no exception gets out."""
        request_id = secrets.token_hex(8)
        try:
            return await self._answer(request, request_id)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets the one shape and the log the rest
            return _refused(error, request_id)

    async def _answer(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        path = request.raw_path
        if path == f"{self._base}/health":
            _only(request, "GET", "HEAD")
            return _json({"ok": True}, 200, request_id)
        if path == f"{self._base}/readings":
            _only(request, "POST")
            return await self._begin(request, request_id)
        if found := self._data.fullmatch(path):
            _only(request, "GET", "HEAD")
            return await self._send(request, found[1], found[2], request_id)
        raise _ShutError(404, "There is no such address")

    async def _begin(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        again = partial(self._caller, _lowered(request))
        await again()  # whoever has no good token is told so first
        peer = _peer(request)
        asked = Asked.of(await _body(request))
        token, reading = await self._beginning.begin(again, peer, asked)
        return _json(await self._beginning.told(token, reading), 201, request_id)

    async def _caller(self, headers: list[tuple[bytes, bytes]]) -> Subject:
        """Say who asks: whoever holds the token, or the insight in whose name one of our services does."""
        subject = await self._authenticate(token_of(headers))
        slug = insight_named(headers, subject)
        return Subject(f"{APP}{slug}") if slug else subject

    async def _send(
        self, request: web.BaseRequest, entry: str, distribution: str, request_id: str
    ) -> web.StreamResponse:
        token, peer = token_of(_lowered(request)), _peer(request)
        reading = await self._readings.find(token, peer, entry, distribution)
        size = reading.opened.size_bytes
        part = None
        if request.method == "GET" and still_the_same(request.headers.getall("If-Range", ()), _etag(reading)):
            part = wanted(request.headers.getall("Range", ()), size)
        start, stop = part or (0, size)
        answer = web.StreamResponse(status=206 if part else 200, headers=_about(reading, request_id))
        answer.content_length = stop - start
        if part:
            answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        if request.method == "HEAD":
            return answer
        stream = Stream(reading.opened, start, stop, reading.mark)
        await self._readings.begin(reading, stream)
        try:
            await stream.send(answer, request)
        finally:
            self._readings.leave(reading, stream)
        return answer


class Connection(web.RequestHandler):
    """One connection; what is no HTTP is answered in the one shape of errors, too."""

    #: The session at the other end; ``False`` until somebody looked.
    peer: Peer | bool | None = False

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what could not be understood.

        Parameters
        ----------
        request, status, exc, message
            As aiohttp hands them over; of all this only the status is shown.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        answer = _refused(_ShutError(status, "The request is not one that can be answered"), secrets.token_hex(8))
        answer.force_close()
        return answer


class Server(web.Server):
    """Accepts connections, with bounds on what comes in."""

    def __init__(self, doors: Callable[[web.BaseRequest], Any], **bounds: Any) -> None:
        self._bounds = BOUNDS | bounds
        super().__init__(doors)

    def __call__(self) -> web.RequestHandler:
        """Make the handler of a new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._bounds)


def _peer(request: web.BaseRequest) -> Peer | None:
    """Tell from which session a connection comes; looked up once, for the process that opened it."""
    connection = cast(Connection, request.protocol)
    if isinstance(connection.peer, bool):
        transport = request.transport
        connection.peer = peer_of(transport.get_extra_info("socket") if transport else None)
    return connection.peer


async def _body(request: web.BaseRequest) -> Any:
    """Read a small JSON body.

    Raises
    ------
    QueryError
        It is longer, comes too slowly, or is no JSON.
    """
    read = b""
    too_slow = QueryError("The body of the request does not come.", hint="Send it together with the head.")
    try:
        async with asyncio.timeout(HEAD_TIMEOUT_S):
            while piece := await request.content.read(MAX_BODY):
                read += piece
                if len(read) > MAX_BODY:
                    raise QueryError(f"The body of the request is longer than {MAX_BODY:,} bytes.")
        return json.loads(read)
    except TimeoutError:
        raise too_slow from None
    except (ValueError, RecursionError):
        raise QueryError("The body of the request is no JSON.") from None


def _only(request: web.BaseRequest, *methods: str) -> None:
    if request.method not in methods:
        raise _ShutError(405, "There is nothing to be had in this way", {"allow": ", ".join(methods)})


def _lowered(request: web.BaseRequest) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in request.raw_headers]


def _about(reading: Reading, request_id: str) -> dict[str, str]:
    return _HEADERS | {
        "Content-Type": reading.opened.media_type,
        "Accept-Ranges": "bytes",
        "ETag": _etag(reading),
        "X-Request-Id": request_id,
    }


def _etag(reading: Reading) -> str:
    return f'"{reading.opened.sha256}"'


def _json(content: Any, status: int, request_id: str) -> web.Response:
    headers = _HEADERS | {"X-Request-Id": request_id}
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json", headers=headers)


def _refused(error: Exception, request_id: str) -> web.Response:
    told = error_response(error, request_id)
    headers = {name.title(): value for name, value in told.headers.items() if name != "content-length"}
    return web.Response(
        body=bytes(told.body), status=told.status_code, headers=_HEADERS | headers | {"X-Request-Id": request_id}
    )
