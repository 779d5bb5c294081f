"""The channel between a page and its kernel: lets pass what widgets need, and is shut when its viewer may not be there.

Shut is what it is in every doubt: where nobody answers, and where something goes wrong that nobody foresaw.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import aiohttp
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from londata.access import Subject
from londata.errors import LondataError
from londata_hub.apps import farewells, messages
from londata_hub.apps.handlers import AppHandler, which
from londata_hub.apps.pace import Pace, TooMuchError
from londata_hub.apps.process import AppUnavailableError
from londata_hub.apps.usher import Usher

log = logging.getLogger(__name__)

#: Open channels to one kernel: a page has one, and another while it comes back.
_CHANNELS = 3


class Channels(AppHandler, WebSocketHandler):  # type: ignore[misc]  # tornado is untyped here
    """The channel between a page and its kernel; lets pass what widgets need."""

    upstream: aiohttp.ClientWebSocketResponse | None = None
    reader: asyncio.Task[None] | None = None

    async def get(self, *args: Any) -> None:
        """Become a websocket, once the app is there."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise HTTPError(404)
        if not self.request.headers.get("Origin"):  # one that does not match is refused by tornado, none at all is not
            raise HTTPError(403)
        if self.kernel is not None and self.kernel.connections >= _CHANNELS:
            raise HTTPError(503)
        await WebSocketHandler.get(self, *args)

    def select_subprotocol(self, subprotocols: list[str]) -> None:
        """Choose none: the binary framing is not offered, so every message is text that can be looked at."""
        return

    async def open(self, *_: str) -> None:
        """Connect to the kernel."""
        assert self.kernel is not None  # noqa: S101
        self.token = self.hub_auth.get_token(self) if self.current_user else None
        self.who, self.pace = self.subject, Pace()
        self.theatre.connected(self.kernel, self)
        self.usher.seat(self)
        try:
            self.upstream = await self.theatre.channel(self.app, self.kernel)
        except (AppUnavailableError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("app %s: no channel to a kernel: %r", self.app.slug, error)
            self.close(farewells.GOES_AWAY, farewells.OUT_OF_REACH)
            return
        self.reader = asyncio.create_task(self._from_kernel(self.upstream))

    async def on_message(self, frame: str | bytes) -> None:
        """Pass a message of the browser on, if it is one that a widget needs."""
        assert self.kernel is not None  # noqa: S101
        try:
            self.pace.take(frame)
            passed = messages.from_browser(frame)
            if passed is None:
                log.warning("app %s: a message of %s was dropped", self.app.slug, self.kernel.viewer)
            elif self.upstream is not None:
                with contextlib.suppress(ConnectionError):
                    await self.upstream.send_str(passed)
        except (messages.NotAMessageError, TooMuchError) as error:
            log.warning("app %s: %s is shown out: %s", self.app.slug, self.kernel.viewer, error)
            why = farewells.TOO_MUCH if isinstance(error, TooMuchError) else farewells.NO_MESSAGE
            self.close(farewells.MAY_NOT, why)
        except Exception:
            log.exception("app %s: a message of %s could not be looked at", self.app.slug, self.kernel.viewer)
            self.close(farewells.MAY_NOT, farewells.NO_MESSAGE)

    async def _from_kernel(self, upstream: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in upstream:
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    break
                if messages.from_kernel(message.data):
                    binary = message.type is aiohttp.WSMsgType.BINARY
                    await self.write_message(message.data, binary=binary)
        except (WebSocketClosedError, aiohttp.ClientError):
            pass  # one of the two ends has gone
        except Exception:
            log.exception("app %s: what a kernel said could not be looked at", self.app.slug)
        self.close(farewells.GOES_AWAY, farewells.STOPPED)

    def on_close(self) -> None:
        """Let go of the kernel; it stays for a while, in case the page comes back."""
        assert self.kernel is not None  # noqa: S101
        self.usher.leave(self)
        self.theatre.disconnected(self.kernel, self)
        if self.reader is not None:
            self.reader.cancel()
        if self.upstream is not None:
            self.closing = asyncio.create_task(self.upstream.close())  # kept, or the loop may forget it

    @property
    def usher(self) -> Usher:
        """Who watches over those who look."""
        usher: Usher = self.settings["usher"]
        return usher

    @property
    def slug(self) -> str:
        """Which insight is looked at."""
        return self.app.slug

    async def why_not(self) -> str:
        """Ask again whether this viewer may be here and see this insight, and say why not; empty where they may."""
        try:
            if self.token is not None:
                model = await self.hub_auth.user_for_token(self.token, use_cache=False, sync=False)
                if not model:
                    return farewells.LOGGED_OUT
                if not self.hub_auth.check_scopes(self.hub_auth.access_scopes, model):
                    return farewells.NO_INSIGHTS
                self.who = Subject(str(model["name"]), frozenset(map(str, model.get("groups") or ())))
            return await self._why_not_look()
        except (HTTPError, LondataError) as error:
            log.warning("app %s: nobody says whether its viewer may be here: %s", self.app.slug, error)
        except Exception:
            log.exception("app %s: whether its viewer may be here could not be asked", self.app.slug)
        return farewells.NOT_KNOWN

    async def look_again(self) -> None:
        """Decide anew by what is arranged now, and end it if they may no longer be here."""
        try:
            why = await self._why_not_look()
        except Exception:
            log.exception("app %s: whether its viewer may be here could not be decided", self.app.slug)
            why = farewells.NOT_KNOWN
        if why and self.kernel is not None:
            log.info("%s may no longer see app %s", self.kernel.viewer, self.app.slug)
            self.close(farewells.MAY_NOT, why)
            await self.theatre.shut_down(self.kernel)

    async def _why_not_look(self) -> str:
        look = await self.theatre.viewing.look(self.app.slug, self.who, *which(self.app))
        why = farewells.of(look, is_known=bool(self.who.name))
        changed = self.kernel is not None and not self.theatre.shows_the_same(self.kernel)
        return why or (farewells.CHANGED if changed else "")
