"""Where a browser's request meets an app: the address must exist, the viewer be known, the kernel be theirs.

What does not exist for this viewer is 404, whether or not it exists for somebody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from londata.errors import LondataError
from londata_hub.apps import gallery, messages, paths
from londata_hub.apps.ledger import FullError, Kernel
from londata_hub.apps.process import AppUnavailableError
from londata_hub.apps.shelf import App
from londata_hub.apps.theatre import Theatre

log = logging.getLogger(__name__)

#: Of an app's answer, what reaches the browser.
_PASSED_BACK = frozenset({"content-type", "content-length", "etag", "last-modified"})
_PASSED_ON = ("If-None-Match", "If-Modified-Since")
_LONGEST_QUERY = 500
_POLICY_VIOLATION = 1008
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Guarded(HubOAuthenticated, RequestHandler):  # type: ignore[misc]  # jupyterhub has no types
    """Lets in only people whom the hub knows and who may open apps; says so in the same headers on every answer."""

    @property
    def theatre(self) -> Theatre:
        """What this service is made of."""
        theatre: Theatre = self.settings["theatre"]
        return theatre

    @property
    def viewer(self) -> str:
        """The name of whoever asks."""
        return str(self.current_user["name"])

    def set_default_headers(self) -> None:
        """Put the security headers on every answer, errors included."""
        for name, value in _HEADERS.items():
            self.set_header(name, value)
        policy = paths.content_security_policy(self.request.host, self.settings["prefix"])
        self.set_header("Content-Security-Policy", policy)
        self.clear_header("Server")

    def check_xsrf_cookie(self) -> None:
        """Take a cookie only from our own pages (or from somebody who follows a link to one).

        A request that changes something is looked at again, by its handler.
        """
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise HTTPError(403)

    async def prepare(self) -> None:
        """Find out who asks, and turn away whoever may not."""
        self._hub_auth_user_cache = None
        model = await self.hub_auth.get_user(self, sync=False)
        if model is not None:
            try:
                self._hub_auth_user_cache = self.check_hub_user(model)
            except UserNotAllowed:
                raise HTTPError(403) from None
            if model.get("kind", "user") != "user":
                raise HTTPError(403)

    def require_viewer(self) -> None:
        """Stop with 403 unless somebody is logged in."""
        if not self.current_user:
            raise HTTPError(403)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what went wrong in one sentence."""
        title, sentence = {
            403: ("Not for you", "You are not logged in, or you may not open insights."),
            404: ("Not here", "There is no such insight or page."),
            503: ("Not just now", "This insight cannot be opened just now. Please try again in a minute."),
        }.get(status_code, ("That did not work", "Something went wrong. Please try again."))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(gallery.notice(title, sentence, self.settings["prefix"]))


class Nothing(Guarded):
    """Every address that is not in the table."""

    async def prepare(self) -> None:
        """Say 404, to everybody and whatever the method."""
        raise HTTPError(404)


class Index(Guarded):
    """The list of apps."""

    async def get(self) -> None:
        """Show it, or send to the hub's login. Each viewer is shown what the register lists for them."""
        if not self.current_user:
            self.redirect(self.get_login_url())
            return
        apps = await self.theatre.viewing.seen(self.theatre.apps.values(), self.current_user)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(gallery.index(apps, self.settings["prefix"], self.hub_auth.hub_prefix))


class Front(Guarded):
    """An app's address without the slash at its end."""

    async def get(self, slug: str) -> None:
        """Lead to the page, with what was asked of it."""
        app = self.theatre.apps.get(slug)
        if app is None or not await self.theatre.viewing.may_see(app, self.current_user):
            raise HTTPError(404)
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.settings['prefix']}{slug}/{query}")


class AppHandler(Guarded):
    """Everything of an app that is not its kernel's channel."""

    SUPPORTED_METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")

    async def prepare(self) -> None:
        """Check first that the address exists for this viewer, so that nobody is sent to log in for nothing."""
        slug, path = self.path_args
        target = paths.target(self.request.method or "", path)
        app = self.theatre.apps.get(slug)
        if app is None or target is None:
            raise HTTPError(404)
        self.app: App = app
        self.target: paths.Target = target
        listed = await self.theatre.viewing.may_see(app, None)
        try:
            await super().prepare()
        except HTTPError:
            raise HTTPError(403 if listed else 404) from None
        if not listed and not await self.theatre.viewing.may_see(app, self.current_user):
            raise HTTPError(404)
        if target.kind == "page" and not self.current_user:
            self.redirect(self.get_login_url())
            return
        self.require_viewer()
        self.kernel: Kernel | None = None
        if target.kernel:
            self.kernel = self.theatre.ledger.find(app.slug, target.kernel, self.viewer)
            if self.kernel is None:
                raise HTTPError(404)

    async def get(self, _slug: str, path: str) -> None:
        """Pass on the page, a file of it, or the model of one's own kernel."""
        query, headers = "", {name: value for name in _PASSED_ON if (value := self.request.headers.get(name))}
        if self.target.kind == "page":
            headers, query = self._open(), self.request.query
            if len(query) > _LONGEST_QUERY:
                raise HTTPError(404)
        elif self.target.kind == "static":
            self.set_header("Cache-Control", "private, max-age=3600")
        await self._pass_on(path, query, headers)

    async def delete(self, _slug: str, _path: str) -> None:
        """Shut one's own kernel down."""
        await self._shut_down()

    async def post(self, _slug: str, _path: str) -> None:
        """Shut one's own kernel down: what a page says when it is left."""
        await self._shut_down()

    def _open(self) -> dict[str, str]:
        """Enter the kernel that this page will have."""
        try:
            self.kernel = self.theatre.open(self.app, self.viewer)
        except FullError:
            raise HTTPError(503) from None
        return {"X-Londata-Kernel": self.kernel.id, "Host": self.request.host}

    async def _shut_down(self) -> None:
        asked = self.request.headers
        if not paths.is_same_origin(asked.get("Sec-Fetch-Site", ""), asked.get("Origin", ""), self.request.host):
            raise HTTPError(403)
        if self.kernel is not None:
            await self.theatre.shut_down(self.kernel)
        self.set_status(204)

    async def _pass_on(self, path: str, query: str, headers: Mapping[str, str]) -> None:
        """Fetch from the app's process and hand it out piece by piece, as it comes."""
        try:
            async with await self.theatre.ask("GET", self.app, path, query, headers) as answer:
                if answer.status not in (200, 304):
                    log.warning("app %s answers %s to %s", self.app.slug, answer.status, self.target.kind)
                    raise HTTPError(404 if answer.status < 500 else 503)
                self.set_status(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() in _PASSED_BACK:
                        self.set_header(name, value)
                async for chunk in answer.content.iter_any():
                    self.write(chunk)
                    await self.flush()
        except StreamClosedError:
            return  # the browser has gone; its kernel goes when nobody has connected to it for a while
        except (AppUnavailableError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("app %s does not answer: %r", self.app.slug, error)
            if not self._headers_written:
                raise HTTPError(503) from error


class Channels(AppHandler, WebSocketHandler):  # type: ignore[misc]  # tornado is untyped here
    """The channel between a page and its kernel; lets pass what widgets need."""

    async def get(self, *args: Any) -> None:
        """Become a websocket, once the app is there."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise HTTPError(404)
        if not self.request.headers.get("Origin"):  # one that does not match is refused by tornado, none at all is not
            raise HTTPError(403)
        await WebSocketHandler.get(self, *args)

    def select_subprotocol(self, subprotocols: list[str]) -> None:
        """Choose none: the binary framing is not offered, so every message is text that can be looked at."""
        return

    async def open(self, *_: str) -> None:
        """Connect to the kernel."""
        assert self.kernel is not None  # noqa: S101
        self.token = self.hub_auth.get_token(self)
        self.upstream: aiohttp.ClientWebSocketResponse | None = None
        self.theatre.connected(self.kernel, self)
        try:
            self.upstream = await self.theatre.channel(self.app, self.kernel)
        except (AppUnavailableError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("app %s: no channel to a kernel: %r", self.app.slug, error)
            self.close()
            return
        self.reader = asyncio.create_task(self._from_kernel(self.upstream))

    async def on_message(self, frame: str | bytes) -> None:
        """Pass a message of the browser on, if it is one that a widget needs."""
        assert self.kernel is not None  # noqa: S101
        try:
            passed = messages.from_browser(frame)
        except messages.NotAMessageError as error:
            log.warning("app %s: %s sent what is no message: %s", self.app.slug, self.viewer, error)
            self.close(_POLICY_VIOLATION)
            return
        if passed is None:
            log.warning("app %s: a message of %s was dropped", self.app.slug, self.viewer)
        elif self.upstream is not None:
            with contextlib.suppress(ConnectionError):
                await self.upstream.send_str(passed)

    async def _from_kernel(self, upstream: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(WebSocketClosedError, aiohttp.ClientError):
            async for message in upstream:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    if messages.from_kernel(message.data):
                        binary = message.type is aiohttp.WSMsgType.BINARY
                        await self.write_message(message.data, binary=binary)
                else:
                    break
        self.close()

    def on_close(self) -> None:
        """Let go of the kernel; it stays for a while, in case the page comes back."""
        assert self.kernel is not None  # noqa: S101
        self.theatre.disconnected(self.kernel, self)
        if self.upstream is not None:
            self.reader.cancel()
            self.closing = asyncio.create_task(self.upstream.close())  # kept, or the loop may forget it

    async def still_allowed(self) -> bool:
        """Ask again whether this viewer may be here and see this insight; where nobody answers, they may not."""
        try:
            model = await self.hub_auth.user_for_token(self.token, use_cache=False, sync=False)
            allowed = bool(model) and bool(self.hub_auth.check_scopes(self.hub_auth.access_scopes, model))
            return allowed and await self.theatre.viewing.may_see(self.app, model)
        except (HTTPError, LondataError):
            return False
