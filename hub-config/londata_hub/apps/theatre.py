"""The apps that run, their kernels, and who is watching: what the handlers ask, and what is tidied up in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Protocol

import aiohttp
from aiohttp.client import _RequestContextManager as Answer
from yarl import URL

from londata_hub.apps import farewells
from londata_hub.apps.ledger import Kernel, Ledger
from londata_hub.apps.messages import LONGEST
from londata_hub.apps.passing import Acting
from londata_hub.apps.process import AppProcess, AppUnavailableError, Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import App, Shelf
from londata_hub.apps.sight import Viewing

log = logging.getLogger(__name__)

_KERNEL = re.compile(r"(?:voila/)?api/(?:kernels|shutdown)/([0-9a-f-]{36})(?:/.*)?")
#: Seconds between two rounds of tidying.
ROUND = 15.0
#: Seconds without a kernel after which an app's process is stopped.
IDLE_AFTER = 600.0
#: Seconds between two pieces of an answer; a page says nothing while its notebook computes.
PATIENCE = 180.0


class Seat(Protocol):
    """Somebody's open channel, as far as tidying up is concerned."""

    async def why_not(self) -> str:
        """Say why the viewer may not be here any more; empty where they may."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End it."""


class Theatre:
    """All apps of one service.

    Parameters
    ----------
    apps
        The apps that can be opened now, by slug; looked at anew each time.
    prefix
        The path of the service, with a slash at both ends.
    places
        Where app processes find and leave things.
    relay
        The apps' way to the hub's services.
    ledger
        Which kernel belongs to whom.
    viewing
        Which insight is there for whom.
    """

    def __init__(
        self,
        apps: Mapping[str, App],
        prefix: str,
        places: Places,
        relay: Relay,
        ledger: Ledger | None = None,
        viewing: Viewing | None = None,
    ) -> None:
        self.apps = apps
        self.viewing = viewing or Viewing()
        self.ledger = ledger or Ledger()
        self._prefix, self._places, self._relay = prefix, places, relay
        self._seats: dict[Seat, Kernel] = {}
        self._used: dict[str, float] = {}
        self._processes: dict[str, AppProcess] = {}
        self._plays: dict[str, tuple[App, float]] = {}
        self._opening = asyncio.Lock()
        self._later: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make ready; an app starts when somebody comes."""
        self._places.logs.mkdir(parents=True, exist_ok=True)

    async def stop(self) -> None:
        """End everything."""
        for seat in list(self._seats):
            seat.close(farewells.GOES_AWAY, farewells.HUB_STOPS)
        await asyncio.gather(*(process.stop() for process in self._processes.values()))
        await self._relay.close()

    def app_of(self, kernel: Kernel) -> App | None:
        """Tell of which version a kernel is; that may no longer be the current one."""
        app, _ = self._plays.get(kernel.id, (None, 0.0))
        return app or self.apps.get(kernel.app)

    def shows_the_same(self, kernel: Kernel) -> bool:
        """Tell whether a kernel's version may still be shown as it was when the kernel was made.

        It may not where it was released since, or an agreement covers something else: the kernel holds what was read.
        That holds for an earlier version as well, which goes on for those who were looking at it.
        """
        app, now = self.app_of(kernel), self.apps.get(kernel.app)
        if app is None or now is None:
            return True
        if app.version and now.version != app.version and isinstance(self.apps, Shelf):
            now = self.apps.one(app.slug, app.version)
        return now is not None and (now.version != app.version or now.key == app.key)

    def open(self, app: App, viewer: str) -> Kernel:
        """Enter a new kernel; the viewer's oldest makes room where there are too many.

        Raises
        ------
        FullError
            There are as many kernels as may be.
        """
        kernel, leaving = self.ledger.open(app.slug, viewer)
        self._plays[kernel.id] = app, time.monotonic()
        for old in leaving:
            self._soon(old, farewells.MAKES_ROOM)
        return kernel

    async def ask(self, method: str, app: App, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        """Send a request to an app; the answer is a context manager.

        Parameters
        ----------
        method
            The method of HTTP.
        app
            Which app; it is started if it does not run.
        path, query
            What to ask it for, below its own address, as they stand in an address.
        headers
            The headers to send with it.

        Returns
        -------
        Answer
            Open it with ``async with``; redirects are not followed.

        Raises
        ------
        AppUnavailableError
            The app does not start.
        """
        if named := _KERNEL.fullmatch(path):  # a page that is open stays with its version
            app, _ = self._plays.get(named[1], (app, 0.0))
        session = await self._session(app)
        return session.request(
            method,
            self._address(app, path, query),
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=PATIENCE),
        )

    async def channel(self, app: App, kernel: Kernel) -> aiohttp.ClientWebSocketResponse:
        """Open a websocket to a kernel."""
        session = await self._session(self.app_of(kernel) or app)
        address = self._address(app, f"api/kernels/{kernel.id}/channels", "")
        return await session.ws_connect(address, max_msg_size=50 * LONGEST, heartbeat=30)

    async def shut_down(self, kernel: Kernel, why: str = "") -> None:
        """Shut a kernel down. It is gone for its viewer at once, whatever the app says.

        Parameters
        ----------
        kernel
            Which.
        why
            What an open page is told; without it, that its kernel has stopped.
        """
        self.ledger.close(kernel)
        app, _ = self._plays.pop(kernel.id, (None, 0.0))
        for seat in [seat for seat, held in self._seats.items() if held is kernel] if why else ():
            seat.close(farewells.GOES_AWAY, why)
        app = app or self.apps.get(kernel.app)
        if app is None or not (process := self._processes.get(app.key)) or not process.runs:
            return
        with contextlib.suppress(AppUnavailableError, aiohttp.ClientError, TimeoutError):
            session = await process.session()
            async with session.delete(self._address(app, f"api/kernels/{kernel.id}", "")) as answer:
                if answer.status not in (204, 404):
                    log.warning("app %s answers %s when a kernel is to end", app.slug, answer.status)

    def connected(self, kernel: Kernel, seat: Seat) -> None:
        """Note an open channel."""
        self.ledger.connected(kernel, +1)
        self._seats[seat] = kernel

    def disconnected(self, kernel: Kernel, seat: Seat) -> None:
        """Note that a channel is closed."""
        if self._seats.pop(seat, None):
            self.ledger.connected(kernel, -1)

    async def tidy_for_ever(self) -> None:
        """Tidy up, again and again."""
        while True:
            await asyncio.sleep(ROUND)
            try:
                await self.tidy()
            except Exception:  # one bad round must not be the last
                log.exception("tidying up failed")

    async def tidy(self) -> None:
        """Show out whoever may no longer be here, end kernels without a viewer and apps without a kernel."""
        for seat, kernel in list(self._seats.items()):
            await self._whatever_comes(self._show_out_if_due(seat, kernel))
        for kernel in self.ledger.abandoned():
            await self._whatever_comes(self.shut_down(kernel))
        for slug in {app.slug for app, _ in self._plays.values()}:
            for kernel in self.ledger.of(slug):
                await self._whatever_comes(self._end_if_due(kernel))
        for key, process in list(self._processes.items()):
            await self._whatever_comes(self._rest(key, process))

    async def _whatever_comes(self, part: Awaitable[None]) -> None:
        """Do one part of the round; an error in it is no reason to leave the rest undone."""
        try:
            await part
        except Exception:
            log.exception("a part of tidying up failed")

    async def _show_out_if_due(self, seat: Seat, kernel: Kernel) -> None:
        """Close the channel of somebody who may not be here any more; where that cannot be told, they may not."""
        try:
            why = await seat.why_not()
        except Exception:
            log.exception("whether %s may still see app %s could not be asked", kernel.viewer, kernel.app)
            why = farewells.NOT_KNOWN
        if why:
            log.info("%s may no longer see app %s", kernel.viewer, kernel.app)
            seat.close(farewells.MAY_NOT, why)
            self._soon(kernel)

    async def _end_if_due(self, kernel: Kernel) -> None:
        """End a kernel that has run for as long as one may, or holds what is not for its viewers any more."""
        why = ""
        try:
            if not self.shows_the_same(kernel):
                why = farewells.CHANGED
        except Exception:
            log.exception("whether app %s may still be shown could not be asked", kernel.app)
            why = farewells.NOT_KNOWN
        app, since = self._plays.get(kernel.id, (None, 0.0))
        if not why and app is not None and time.monotonic() - since > app.limits.kernel_s:
            why = farewells.LONG_ENOUGH
        if why:
            log.info("a kernel of app %s is ended: %s", kernel.app, why)
            await self.shut_down(kernel, why)

    async def _rest(self, key: str, process: AppProcess) -> None:
        """Stop a process without kernels: at once if its version is no longer current, else after a while."""
        app, now = process.app, time.monotonic()
        alive = {kernel.id for kernel in self.ledger.of(app.slug)}
        self._plays = {name: play for name, play in self._plays.items() if play[0].slug != app.slug or name in alive}
        if any(play[0].key == key for play in self._plays.values()):
            return
        current = self.apps.get(app.slug)
        is_past = current is None or current.key != key
        if process.runs and (is_past or now - self._used.get(key, now) > IDLE_AFTER):
            log.info("app %s is %s and is stopped", key, "past" if is_past else "idle")
            await process.stop()
        if is_past and not process.runs:
            self._processes.pop(key, None)
            await self._relay.leave(self._places.doors(app))

    def _forget(self, app: App) -> None:
        """Strike out the kernels of a version whose process has ended."""
        for kernel in self.ledger.of(app.slug):
            play, _ = self._plays.get(kernel.id, (app, 0.0))
            if play.key == app.key:
                self.ledger.close(kernel)
                self._plays.pop(kernel.id, None)

    async def _session(self, app: App) -> aiohttp.ClientSession:
        """Give a connection to the process of a version; the first time its doors are opened."""
        self._used[app.key] = time.monotonic()
        async with self._opening:
            process = self._processes.get(app.key)
            if process is None:
                acting = app.acting or Acting(app.slug, app.version)
                await self._relay.listen(self._places.doors(app), acting)
                process = AppProcess(app, f"{self._prefix}{app.slug}/", self._places, self._forget)
                self._processes[app.key] = process
        return await process.session()

    def _address(self, app: App, path: str, query: str) -> URL:
        return URL(f"http://app{self._prefix}{app.slug}/{path}{'?' if query else ''}{query}", encoded=True)

    def _soon(self, kernel: Kernel, why: str = "") -> None:
        task = asyncio.create_task(self._whatever_comes(self.shut_down(kernel, why)))
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def private_folder(folder: Path) -> Path:
    """Make a folder that only this user can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder
