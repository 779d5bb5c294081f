"""A picture of an app's page, taken as a viewer sees it: by Chromium in a sandbox that can reach nothing else.

The page that it reaches is that of one version, through a socket of its own. What passes there is what passes for any
viewer (:mod:`londata_hub.apps.paths`, :mod:`londata_hub.apps.messages`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web

from londata.errors import LondataError, MissingExtraError
from londata.reports.pdf import find_browser
from londata_hub import sandbox
from londata_hub.apps import messages, paths
from londata_hub.apps.ledger import FullError, Kernel
from londata_hub.apps.process import AppUnavailableError, Places
from londata_hub.apps.shelf import App
from londata_hub.apps.theatre import Theatre, private_folder
from londata_hub.settings import REPOSITORY

log = logging.getLogger(__name__)

#: As whom the picture is taken; nobody can be called that, because a name has no space.
VIEWER = "the picture"
SIZE = (1200, 750)
#: Seconds that an app has to draw its page, and after which the browser is ended in any case.
DRAW_S, LIMIT_S = 90, 120
#: The largest picture that is taken.
MOST_BYTES = 3_000_000
_ENTER = REPOSITORY / "hub-config" / "voila" / "picture.py"
_USER = "picture"
_PASSED_BACK = ("Content-Type", "ETag")


class Thumbnails:
    """Takes pictures of apps, one at a time.

    Parameters
    ----------
    theatre
        Where the apps run.
    prefix
        The path of the service, with a slash at both ends.
    places
        Where there is room.
    """

    def __init__(self, theatre: Theatre, prefix: str, places: Places) -> None:
        self._theatre, self._prefix, self._places = theatre, prefix, places
        self._one_at_a_time = asyncio.Lock()

    async def take(self, app: App, picture: Path) -> str:
        """Take the picture of a version.

        Parameters
        ----------
        app
            The version.
        picture
            The file to write; it is there whole or not at all.

        Returns
        -------
        str
            Empty, or a sentence that says why there is no picture.
        """
        try:
            browser = find_browser()
        except MissingExtraError:
            return "There is no picture of the page, because there is no Chromium on this machine."
        if not self._places.isolated:
            return "There is no picture of the page, because this machine cannot make the sandbox for it."
        async with self._one_at_a_time:
            folder = private_folder(self._places.folder(app) / "picture")
            try:
                data = await self._taken(app, browser, folder)
            except (OSError, ValueError, LondataError, TimeoutError) as problem:
                log.warning("no picture of app %s: %s", app.key, problem)
                return f"There is no picture of the page: {problem}."
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        part = picture.with_name(f".{picture.name}.part")
        picture.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(picture)
        return ""

    async def _taken(self, app: App, browser: str, folder: Path) -> bytes:
        home, doors = private_folder(folder / "home"), private_folder(folder / "doors")
        async with showing(self._theatre, app, self._prefix, doors / "page.sock"):
            inside = sandbox.HOMES / _USER
            words = [sys.executable, _ENTER, browser, sandbox.DOORS / "page.sock", f"{self._prefix}{app.slug}/"]
            words += [*SIZE, DRAW_S, inside / "picture.png"]
            command = sandbox.Sandbox(
                user=_USER,
                home=home,
                doors=doors,
                accounts=sandbox.write_accounts(folder, _USER),
                read_only=(*sandbox.interpreter(), *sandbox.outside_usr((_ENTER.parent,))),
            ).command_line([str(word) for word in words])
            await self._run(command, inside, app)
        with os.fdopen(os.open(home / "picture.png", os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES or data[:8] != b"\x89PNG\r\n\x1a\n" or struct.unpack("!II", data[16:24]) != SIZE:
            raise ValueError("the browser left something else")
        return data

    async def _run(self, command: list[str], home: Path, app: App) -> None:
        with (self._places.logs / f"picture-{app.key}.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={"HOME": str(home), "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = await asyncio.wait_for(process.wait(), LIMIT_S)
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()
        if code:
            raise ValueError("it was not drawn")


@contextlib.asynccontextmanager
async def showing(theatre: Theatre, app: App, prefix: str, path: Path) -> AsyncIterator[None]:
    """Show one version's page at a socket.

    Parameters
    ----------
    theatre
        Where it runs.
    app
        The version.
    prefix
        The path of the service.
    path
        The socket; whoever can open it sees the page.
    """
    booth = Booth(theatre, app, prefix)
    runner = web.AppRunner(booth.application(), access_log=None)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(path)).start()
        yield
    finally:
        await runner.cleanup()
        await booth.close()


class Booth:
    """Shows the page of one version to one viewer, who need not log in.

    Parameters
    ----------
    theatre, app, prefix
        As :func:`showing` takes them.
    viewer
        In whose name.
    """

    def __init__(self, theatre: Theatre, app: App, prefix: str, viewer: str = VIEWER) -> None:
        self._theatre, self._app, self._prefix, self._viewer = theatre, app, prefix, viewer

    def application(self) -> web.Application:
        """Make the web application."""
        application = web.Application()
        application.router.add_route("*", f"{self._prefix}{self._app.slug}/{{path:.*}}", self._answer)
        return application

    async def close(self) -> None:
        """End what was opened."""
        for kernel in self._theatre.ledger.of(self._app.slug):
            if kernel.viewer == self._viewer:
                await self._theatre.shut_down(kernel)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix(f"{self._prefix}{self._app.slug}/")
        target = paths.target(request.method, path)
        if target is None:
            raise web.HTTPNotFound
        kernel = self._theatre.ledger.find(self._app.slug, target.kernel, self._viewer) if target.kernel else None
        if target.kernel and kernel is None:
            raise web.HTTPNotFound
        if kernel is not None and target.kind == "shutdown":
            await self._theatre.shut_down(kernel)
            return web.Response(status=204)
        try:
            if kernel is not None and target.kind == "channels":
                return await self._channel(request, kernel)
            headers, query = {}, ""
            if target.kind == "page":
                opened = self._theatre.open(self._app, self._viewer)
                headers, query = {"X-Londata-Kernel": opened.id, "Host": request.host}, request.rel_url.raw_query_string
            return await self._passed_on(request, path, query, headers)
        except (AppUnavailableError, FullError, aiohttp.ClientError, TimeoutError):
            raise web.HTTPServiceUnavailable from None

    async def _passed_on(
        self, request: web.Request, path: str, query: str, headers: dict[str, str]
    ) -> web.StreamResponse:
        async with await self._theatre.ask("GET", self._app, path, query, headers) as answer:
            passed = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
            passed["Content-Security-Policy"] = paths.content_security_policy(request.host, self._prefix)
            response = web.StreamResponse(status=answer.status, headers=passed)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
        return response

    async def _channel(self, request: web.Request, kernel: Kernel) -> web.WebSocketResponse:
        ours = web.WebSocketResponse(max_msg_size=messages.LONGEST)
        theirs = await self._theatre.channel(self._app, kernel)
        await ours.prepare(request)

        async def to_page() -> None:
            async for message in theirs:
                if message.type is aiohttp.WSMsgType.TEXT and messages.from_kernel(message.data):
                    await ours.send_str(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY and messages.from_kernel(message.data):
                    await ours.send_bytes(message.data)
            await ours.close()

        passing = asyncio.create_task(to_page())
        self._theatre.ledger.connected(kernel, +1)
        try:
            async for message in ours:
                if message.type is aiohttp.WSMsgType.TEXT and (text := messages.from_browser(message.data)):
                    await theirs.send_str(text)
        finally:
            self._theatre.ledger.connected(kernel, -1)
            passing.cancel()
            await theirs.close()
        return ours
