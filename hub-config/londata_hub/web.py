"""What the hub's web services share: one shape of errors, request ids, security headers, health.

Every answer that is not a success is ``{"error": {"code", "message", "hint", "request_id"}}``; ``code`` is that of a
class in :mod:`londata.errors`, so that a client raises the same error that the service raised.
"""

from __future__ import annotations

import gc
import logging
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from londata.client.connection import NO_SUCH_ADDRESS, Endpoint
from londata.errors import LondataError, QueryError

log = logging.getLogger(__name__)

#: Longest query string that is looked at, in bytes; a search text of 500 characters needs at most 6,000.
MAX_QUERY_STRING = 16_384
#: Longest head of a request (its address and headers) in bytes, and the seconds that a client has to send it.
MAX_HEAD, HEAD_TIMEOUT_S = 65_536, 20
#: New objects until Python looks for garbage among the young ones, and seconds that a thread may keep the interpreter.
COLLECT_AFTER, SWITCH_S = 200_000, 0.0005
_HEAD_IS_OVER = b"\r\n\r\n"
_HTTP_CODES = {404: NO_SUCH_ADDRESS, 405: "method_not_allowed"}
#: On every answer, unless the answer says otherwise itself.
SECURITY_HEADERS: dict[bytes, bytes] = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; sandbox",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class ErrorDetail(BaseModel):
    """What went wrong and what to do next."""

    code: str = Field(description="Which error it is, for programs: the `code` of a class in `londata.errors`")
    message: str = Field(description="One sentence: what went wrong and what it means")
    hint: str = Field(description="What to do next; may be empty")
    request_id: str = Field(description="Quote this when you report a problem")


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail


class JSON(Response):
    """Anything that is plain JSON; ``bytes`` are taken to be JSON already."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content as JSON."""
        return content if isinstance(content, bytes) else orjson.dumps(content)


def application(
    title: str,
    description: str,
    version: str,
    *,
    prefix: str,
    routers: Sequence[APIRouter],
    gate: Middleware,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """Make a service: errors in one shape, everything behind the gate, an OpenAPI page.

    Parameters
    ----------
    title, description, version
        What the OpenAPI page says.
    prefix
        The path before every route, without a slash at its end.
    routers
        The routes.
    gate
        Middleware that lets callers in or raises; it stands before every route, even those that do not exist.
    lifespan
        What to do when the service starts and when it stops.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Envelope), gate],
        lifespan=lifespan,
        exception_handlers={HTTPException: _on_error, RequestValidationError: _on_error, LondataError: _on_error},
    )
    for router in routers:
        app.include_router(router, prefix=prefix)
    return app


def serve(app: FastAPI, address: str) -> None:
    """Run a service until it is told to stop.

    Parameters
    ----------
    address
        Where to listen: ``http://127.0.0.1:port/…`` or ``http+unix://%2Fpath%2Fto.sock/…``. Everybody on the machine
        may dial the socket, as they may dial a port: the token of each request is the lock, not the file's mode.
    """
    endpoint = Endpoint.of(address)
    if endpoint.socket:
        if (left_behind := Path(endpoint.socket)).is_socket():
            left_behind.unlink()
        where: dict[str, Any] = {"uds": endpoint.socket}
    else:
        parts = urlsplit(endpoint.base)
        where = {"host": parts.hostname, "port": parts.port}
    _steady_the_interpreter()
    uvicorn.run(app, **where, **SERVER_OPTIONS)


def _steady_the_interpreter() -> None:
    """Keep Python's own pauses short: they were most of what the slowest answers waited for.

    Going through everything that was ever imported, in search of garbage, stops the service for tens of milliseconds;
    and a thread that works may keep the interpreter from the event loop for five, unless it is told less.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 50, 100)
    sys.setswitchinterval(SWITCH_S)


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, but nobody sends a head without end, or takes for ever to send one."""

    def connection_made(self, transport: Any) -> None:
        """Give a new connection some time to ask its first question."""
        super().connection_made(transport)
        self._head_size, self._end = 0, b""
        self._too_slow = self.loop.call_later(HEAD_TIMEOUT_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._too_slow.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in some bytes, unless they make the head too long. What comes with it of the body does not count."""
        if not self._too_slow.cancelled():
            there = self._end + data
            over = there.find(_HEAD_IS_OVER)
            self._head_size += len(data) if over < 0 else max(0, over - len(self._end))
            self._end = there[-3:]
        if not self._too_slow.cancelled() and self._head_size > MAX_HEAD:
            self.send_400_response("The head of the request is too long.")
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Start the clock for one head."""
        self._too_slow.cancel()
        self._head_size, self._too_slow = 0, self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop the clock: the head is whole."""
        self._too_slow.cancel()
        super().on_headers_complete()


#: How uvicorn runs a service. No access log: it would hold what people search for. No proxy's headers: nothing here
#: trusts them.
SERVER_OPTIONS: dict[str, Any] = {
    "http": BoundedProtocol,
    "ws": "none",
    "log_level": "warning",
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
}


class Envelope:
    """The outermost layer: gives each request an id, adds the security headers, and lets no exception out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def send_in_envelope(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = message["headers"]
                present = {name for name, _ in headers}
                added = [pair for pair in SECURITY_HEADERS.items() if pair[0] not in present]
                message["headers"] = [*headers, *added, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            if len(scope["query_string"]) > MAX_QUERY_STRING:
                raise QueryError("The address is too long.", hint="Use fewer or shorter filters.")
            await self.app(scope, receive, send_in_envelope)
        except Exception as error:  # whatever it is, the caller gets the one shape and the log the rest
            if begun:
                raise
            await error_response(error, request_id)(scope, receive, send_in_envelope)


def error_response(error: Exception, request_id: str) -> JSON:
    """Write any exception in the one shape. What londata does not raise on purpose is logged, not shown."""
    told = _told(error)
    if told is None:
        log.error("request %s failed", request_id, exc_info=error)
        told = LondataError("Something went wrong in the service.", hint=f"Report it and quote request {request_id}.")
    status = getattr(error, "status_code", told.http_status)
    code = _HTTP_CODES.get(status, "http") if isinstance(error, HTTPException) else told.code
    headers = dict(getattr(error, "headers", None) or {})
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    body = {"error": {"code": code, "message": told.message, "hint": told.hint, "request_id": request_id}}
    return JSON(body, status, headers)


def _told(error: Exception) -> LondataError | None:
    """Say it as one of londata's errors; ``None`` for what nobody foresaw."""
    if isinstance(error, LondataError):
        return error
    if isinstance(error, RequestValidationError):
        return QueryError(_problem(error), hint="See openapi.json for what may be asked.")
    if isinstance(error, HTTPException):
        return LondataError(f"{error.detail}.", hint=getattr(error, "hint", "See openapi.json for what there is."))
    return None


async def _on_error(request: Request, error: Exception) -> JSON:
    return error_response(error, request.scope["state"]["request_id"])


def _problem(error: RequestValidationError) -> str:
    """Say the first problem of a request as a sentence."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])[:80]
    if first["type"] == "extra_forbidden":
        return f"There is no parameter {name!r}."
    if first["type"] == "missing":
        return f"The parameter {name} is missing."
    given = repr(first.get("input"))
    shown = given if len(given) <= 80 else f"{given[:80]}… ({len(given):,} characters)"
    return f"The parameter {name} cannot be {shown}: {first['msg'][:1].lower()}{first['msg'][1:]}."
