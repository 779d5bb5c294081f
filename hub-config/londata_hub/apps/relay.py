"""An app's way to the register: a socket that asks on its behalf, so that no token has to be inside the app.

Only reading passes, and only of what the service itself may read: open data, as the role of this service says.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from londata.client.register_client import CONTENT_TIMEOUT_S

log = logging.getLogger(__name__)

#: Seconds between two pieces of an answer: as long as an app itself waits for bytes that the hub has to fetch first.
PATIENCE = CONTENT_TIMEOUT_S
#: The register's answers that name the connection, not the content.
_NOT_PASSED = frozenset({"connection", "keep-alive", "set-cookie", "transfer-encoding", "date", "server"})
_ASKED = frozenset({"accept", "if-none-match"})
#: Of the register's service only its API. A percent sign fits nothing, so nothing is hidden behind one.
_PATH = re.compile(r"/services/register/api/v1(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")


class RegisterRelay:
    """Passes questions of one app on to the register.

    Parameters
    ----------
    register
        The register's socket.
    token
        The token of this service; it does not leave this process except to the register.
    """

    def __init__(self, register: Path, token: str) -> None:
        self._register = register
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self._runners: list[web.AppRunner] = []

    async def listen(self, socket: Path) -> None:
        """Listen on a socket, in the folder that only one app sees."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._register)),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=PATIENCE),
            )
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer, allow_head=False)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        self._runners.append(runner)

    async def close(self) -> None:
        """Stop listening."""
        for runner in self._runners:
            await runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if not _PATH.fullmatch(path) or self._session is None:
            raise web.HTTPNotFound
        asked = {name: value for name, value in request.headers.items() if name.lower() in _ASKED}
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        address = URL(f"http://register{path}{query}", encoded=True)
        try:
            answer = await self._session.get(
                address, headers={**asked, "Authorization": f"Bearer {self._token}"}, allow_redirects=False
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the register does not answer: %s", error)
            raise web.HTTPServiceUnavailable from error
        async with answer:
            return await self._pass_on(request, answer)

    async def _pass_on(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """Hand the answer out piece by piece. When it breaks off, so does ours: another answer cannot follow it."""
        passed = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED}
        response = web.StreamResponse(status=answer.status, headers=passed)
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_chunked(1 << 18):
                await response.write(chunk)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the register broke off: %s", error)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response
