"""An app's way to the hub's services: sockets that ask on its behalf, so that no token has to be inside the app.

What passes is in :mod:`londata_hub.apps.passing`. The relay puts the service's token and the insight's name on it, and
takes off whatever the app put there. It stands where an app cannot reach, so it is what knows which data an app read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from londata.client.register_client import CONTENT_TIMEOUT_S
from londata.errors import (
    FetchError,
    LondataError,
    NotAuthenticatedError,
    QueryError,
    RegisterUnavailableError,
    TooLargeError,
)
from londata.records.publications import RestsOn
from londata_hub.apps.passing import (
    DOORS,
    Acting,
    Door,
    Question,
    asks_as_itself,
    question,
    refusal,
    refusal_of_reading,
)

log = logging.getLogger(__name__)

#: Seconds between two pieces of an answer: as long as an app itself waits for bytes that the hub has to fetch first.
PATIENCE = CONTENT_TIMEOUT_S
#: Questions of one app that are under way at a time, and readings that it can hold.
AT_ONCE, MOST_READINGS = 32, 200
#: Longest question, in bytes: its body, and what follows a question mark.
MAX_BODY, MAX_QUERY = 16 * 1024, 8 * 1024
#: The most that is taken of an answer that is looked at here.
MOST_LOOKED_AT = 1024 * 1024
#: Seconds that an app has to send a body.
BODY_TIMEOUT_S = 20.0
APP = "X-Londata-App"
#: Of which version of it the tables are asked for: one that is served goes on until its viewers have gone.
APP_VERSION = "X-Londata-App-Version"
#: Of an app's question, and of the answer to it, what passes on.
_ASKED = ("Accept", "If-None-Match", "If-Range", "Range")
_ANSWERED = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "X-Londata-Version",
    "X-Request-Id",
)
_BOUNDS: dict[str, Any] = {"max_line_size": 16 * 1024, "max_field_size": 4096, "max_headers": 64, "access_log": None}


class Relay:
    """Passes questions of apps on to the hub's services.

    Parameters
    ----------
    doors
        The folder of the services' sockets: ``register.sock``, ``gateway.sock`` and ``insights.sock``.
    token
        The token of the service that asks; it does not leave this process except to those sockets.
    """

    def __init__(self, doors: Path, token: str) -> None:
        self._doors, self._token = doors, token
        self._sessions: dict[Door, aiohttp.ClientSession] = {}
        self._listening: dict[Path, list[web.AppRunner]] = {}
        self._seen: dict[tuple[str, int], dict[object, RestsOn]] = {}

    async def listen(self, folder: Path, acting: Acting) -> None:
        """Open the three sockets in a folder that only one app sees.

        Parameters
        ----------
        folder
            Where; what is open there already is closed.
        acting
            As what the app asks.
        """
        await self.leave(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        asking = _Asking(self, acting)
        runners = self._listening[folder] = []
        for door in DOORS:
            runners.append(await asking.listen(door, folder / f"{door}.sock"))

    async def leave(self, folder: Path) -> None:
        """Close the sockets of a folder. What was seen is kept."""
        for runner in self._listening.pop(folder, ()):
            await runner.cleanup()

    async def close(self) -> None:
        """Close everything."""
        for folder in list(self._listening):
            await self.leave(folder)
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def seen(self, slug: str, version: int) -> tuple[RestsOn, ...]:
        """List what a version has read so far, in the order of the entries' names."""
        found = self._seen.get((slug, version), {}).values()
        return tuple(sorted(found, key=lambda each: (each.entry, each.version, each.sha256)))

    def forget(self, slug: str, version: int) -> None:
        """Forget what a version has read."""
        self._seen.pop((slug, version), None)

    def note(self, acting: Acting, read: RestsOn) -> None:
        """Remember what was read: while it is checked everything, afterwards the last of each entry."""
        notes = self._seen.setdefault((acting.slug, acting.version), {})
        notes[read if acting.allowed is None else read.entry] = read

    async def send(
        self, door: Door, method: str, address: str, headers: dict[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """Ask a service; the answer is closed by whoever called.

        Parameters
        ----------
        door, method, address
            Which service, and what: path and query as they are.
        headers
            What to send along; the service's own token where it has no ``Authorization``.
        body
            What to send, if anything.

        Raises
        ------
        FetchError, RegisterUnavailableError
            It does not answer.
        """
        url = URL(f"http://{door}{address}", encoded=True)
        headers = {"Authorization": f"Bearer {self._token}", "Accept-Encoding": "identity"} | headers
        try:
            return await self._session(door).request(method, url, headers=headers, data=body, allow_redirects=False)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the %s does not answer: %s", door, error)
            silent = RegisterUnavailableError if door == "register" else FetchError
            raise silent(f"The {door} does not answer.", hint="Try again in a minute.") from error

    def _session(self, door: Door) -> aiohttp.ClientSession:
        if door not in self._sessions:
            self._sessions[door] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._doors / f"{door}.sock"), limit=0),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=PATIENCE),
            )
        return self._sessions[door]


class _Asking:
    """One app that asks. A reading's token stays here: the app gets another one, which is good at this door alone."""

    def __init__(self, relay: Relay, acting: Acting) -> None:
        self._relay, self._acting = relay, acting
        self._readings: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._under_way = 0

    async def listen(self, door: Door, socket: Path) -> web.AppRunner:
        """Listen at one door."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(door, request)

        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, **_BOUNDS)
        await runner.setup()
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        return runner

    async def _answer(self, door: Door, request: web.Request) -> web.StreamResponse:
        if self._under_way >= AT_ONCE:
            return _refused(RegisterUnavailableError("This insight asks too much at a time.", hint="Ask again."))
        self._under_way += 1
        try:
            return await self._answer_one(door, request)
        except LondataError as error:
            return _refused(error)
        finally:
            self._under_way -= 1

    async def _answer_one(self, door: Door, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        asked = question(door, request.method, path)
        if asked is None or len(query) > MAX_QUERY:
            return _not_there()
        body = await _body(request) if request.method == "POST" else None
        if asked.kind == "begin":
            asked = Question("begin", _entry_named(body))
        if error := refusal(self._acting, asked):
            raise error
        headers = {name: value for name in _ASKED if (value := request.headers.get(name))}
        if asks_as_itself(self._acting, asked):
            headers[APP] = self._acting.slug
        if asked.kind == "tables":
            headers[APP_VERSION] = str(self._acting.version)
        if asked.kind == "data":
            headers["Authorization"] = f"Bearer {self._token_for(request, asked.entry)}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        address = f"{path}?{query}" if query else path
        answer = await self._relay.send(door, request.method, address, headers, body)
        async with answer:
            if asked.kind == "begin" and answer.status == 201:
                return await self._begun(asked, answer)
            if asked.kind == "content" and answer.status in (200, 304):
                self._relay.note(self._acting, _content_read(asked, answer))
            return await _passed_on(request, answer)

    async def _begun(self, asked: Question, answer: aiohttp.ClientResponse) -> web.Response:
        """Note a reading that begins, and keep its token and the holder's own address from the app."""
        said = await _looked_at(answer)
        if not said or said.get("entry") != asked.entry or not isinstance(said.get("token"), str):
            raise FetchError("The gateway does not answer as a gateway does.", hint="Tell whoever runs the hub.")
        read = RestsOn(
            entry=asked.entry,
            # Whatever comes through the gateway without a word about it counts as what is kept most closely
            access=said.get("access") or "closed",
            version=said.get("version") or "",
            sha256=said.get("sha256") or "",
            agreement=said.get("agreement") or "",
        )
        if error := refusal_of_reading(self._acting, read.entry, read.access, read.agreement):
            raise error
        self._relay.note(self._acting, read)
        mine = secrets.token_urlsafe(32)
        self._readings[mine] = said["token"], asked.entry
        while len(self._readings) > MOST_READINGS:
            self._readings.popitem(last=False)
        return web.json_response(said | {"token": mine, "direct": None}, status=201)

    def _token_for(self, request: web.Request, entry: str) -> str:
        mine = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token, of = self._readings.get(mine, ("", ""))
        if of != entry:
            raise NotAuthenticatedError(
                "This token is good for no reading of this insight.", hint="Begin the reading again."
            )
        return token


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise QueryError("The body of the request does not come.", hint="Send it together with the head.") from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLargeError(f"The body of the request is longer than {MAX_BODY:,} bytes.") from None


def _entry_named(body: bytes | None) -> str:
    """Find which entry a reading is asked for. A key that stands twice has two meanings, and is taken for none."""
    try:
        said = json.loads(body or b"", object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError):
        said = None
    entry = said.get("entry") if isinstance(said, dict) else None
    if not isinstance(entry, str):
        raise QueryError("The body of the request names no entry.", hint='Send {"entry": "…"}.')
    return entry


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _content_read(asked: Question, answer: aiohttp.ClientResponse) -> RestsOn:
    return RestsOn(
        entry=asked.entry,
        access="open",  # the register hands out nothing else
        version=answer.headers.get("X-Londata-Version", ""),
        sha256=answer.headers.get("ETag", "").strip('"'),
    )


async def _looked_at(answer: aiohttp.ClientResponse) -> dict[str, Any] | None:
    text = b""
    async for piece in answer.content.iter_any():
        text += piece
        if len(text) > MOST_LOOKED_AT:
            return None
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


async def _passed_on(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Hand the answer out piece by piece. When it breaks off, so does ours: another answer cannot follow it."""
    passed = {name: value for name in _ANSWERED if (value := answer.headers.get(name)) is not None}
    response = web.StreamResponse(status=answer.status, headers=passed)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_chunked(1 << 18):
            await response.write(chunk)
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("an answer to an app broke off: %s", error)
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


def _refused(error: LondataError) -> web.Response:
    """Say no in the one shape of errors, so that the app's own londata raises the same sentence."""
    said = {"code": error.code, "message": error.message, "hint": error.hint, "request_id": secrets.token_hex(8)}
    return web.json_response({"error": said}, status=error.http_status)


def _not_there() -> web.Response:
    said = {"code": "no_such_address", "message": "There is nothing at this address.", "hint": "", "request_id": ""}
    return web.json_response({"error": said}, status=404)
