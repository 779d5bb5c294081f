"""Where a browser's request meets an app: the address exists, the insight is there for the viewer, the kernel theirs.

Each request is decided anew, of whatever kind. What does not exist for this viewer is 404, whether or not it exists for
somebody else. Whoever is not logged in is a visitor: known by a cookie of one app, which says nothing about them.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp
from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from londata.access import Subject
from londata.errors import LondataError
from londata.records.identifiers import MAX_SLUG
from londata_hub.apps import farewells, gallery, paths
from londata_hub.apps.ledger import VISITOR, FullError, Kernel
from londata_hub.apps.process import AppUnavailableError
from londata_hub.apps.shelf import App
from londata_hub.apps.sight import NOBODY, Look
from londata_hub.apps.theatre import Theatre

log = logging.getLogger(__name__)

#: Of an app's answer, what reaches the browser.
_PASSED_BACK = frozenset({"content-type", "content-length", "etag", "last-modified"})
_OF_A_PAGE = frozenset({"content-type"})
_PASSED_ON = ("If-None-Match", "If-Modified-Since")
COOKIE, _VALUE = "londata-visitor", re.compile(r"[A-Za-z0-9_-]{43}")
_STATES = {"paused": "Paused", "withdrawn": "Withdrawn"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Guarded(HubOAuthenticated, RequestHandler):  # type: ignore[misc]  # jupyterhub has no types
    """Finds out who asks: somebody whom the hub knows and who may open apps, or a visitor. Answers carry the policy."""

    said = ("", "")

    @property
    def theatre(self) -> Theatre:
        """What this service is made of."""
        theatre: Theatre = self.settings["theatre"]
        return theatre

    @property
    def subject(self) -> Subject:
        """Who asks, as decisions are made about them."""
        user = self.current_user
        return Subject(str(user["name"]), frozenset(map(str, user.get("groups") or ()))) if user else NOBODY

    @property
    def viewer(self) -> str:
        """Whose kernels are theirs: a person's name, or what a visitor's browser was given; empty before that."""
        if self.current_user:
            return str(self.current_user["name"])
        value = self.get_cookie(COOKIE) or ""
        return VISITOR + value if _VALUE.fullmatch(value) else ""

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

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what went wrong in one sentence."""
        title, sentence = {
            403: self.said if self.said[0] else ("Not for you", "You are not logged in, or you may not open insights."),
            404: ("Not here", "There is no such insight or page."),
            503: ("Not just now", "This insight cannot be opened just now. Please try again in a minute."),
        }.get(status_code, ("That did not work", "Something went wrong. Please try again."))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(gallery.notice(title, sentence, self.settings["insights"]))


class Nothing(Guarded):
    """Every address that is not in the table."""

    async def prepare(self) -> None:
        """Say 404, to everybody and whatever the method."""
        raise HTTPError(404)


class Index(Guarded):
    """The list of insights is another service's; nothing is listed here."""

    async def prepare(self) -> None:
        """Ask nobody who they are."""

    async def get(self) -> None:
        """Lead there."""
        self.redirect(self.settings["insights"])


class Front(Guarded):
    """An app's address without the slash at its end."""

    async def prepare(self) -> None:
        """Ask nobody who they are: the address itself is asked about at its other end."""

    async def get(self, slug: str) -> None:
        """Lead to the page, with what was asked of it, whether or not there is one."""
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.settings['prefix']}{slug}/{query}")


class AppHandler(Guarded):
    """Everything of an app that is not its kernel's channel."""

    SUPPORTED_METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")

    kernel: Kernel | None = None

    async def prepare(self) -> None:
        """Check that the address exists for this viewer; nobody is led to log in for what they may not know of."""
        slug, path = self.path_args
        target = paths.target(self.request.method or "", path)
        if target is None or len(slug) > MAX_SLUG:
            raise HTTPError(404)
        self.target: paths.Target = target
        refused: HTTPError | None = None
        try:
            await super().prepare()
        except HTTPError as error:
            refused = error
        if target.kernel:
            self.kernel = self.theatre.ledger.find(slug, target.kernel, self.viewer) if self.viewer else None
        app = self.theatre.app_of(self.kernel) if self.kernel else self.theatre.apps.get(slug)
        if self.kernel and not self.theatre.shows_the_same(self.kernel):
            await self.theatre.shut_down(self.kernel, farewells.CHANGED)
            raise HTTPError(404)
        # Decided about what is shown, which for half a second need not be what is current
        look = await self.theatre.viewing.look(slug, self.subject, *which(app))
        if app is None and not look.version:  # nobody has heard of it
            raise HTTPError(404)
        if not self._let_in(look, refused):
            return
        if app is None and look.state == "paused":  # its owner may look at everything but the app itself
            self.said = "Paused", "This insight is paused; its page among the insights says why."
            raise HTTPError(403)
        if app is None or (target.kernel and self.kernel is None):
            raise HTTPError(404)
        self.app: App = app
        self.look: Look = look

    def _let_in(self, look: Look, refused: HTTPError | None) -> bool:
        """Tell whether the viewer may go on; they are told why not, or sent to log in."""
        if refused is not None:
            raise HTTPError(403 if look.is_listed else 404)
        if look.view.allowed:
            return True
        if look.view.is_there:
            self.said = _STATES.get(look.state, "Not for you"), look.view.reason
            raise HTTPError(403)
        if self.current_user or not look.is_listed:
            raise HTTPError(404)
        if self.target.kind != "page":
            raise HTTPError(403)
        self.redirect(self.get_login_url())
        return False

    async def get(self, _slug: str, path: str) -> None:
        """Pass on the page, a file of it, or the model of one's own kernel."""
        query, headers = "", {name: value for name in _PASSED_ON if (value := self.request.headers.get(name))}
        if self.target.kind == "page":
            query = self.request.query
            if not paths.is_query(query):
                raise HTTPError(404)
            headers = await self._open()
        elif self.target.kind == "static":
            self.set_header("Cache-Control", "private, max-age=3600")
        await self._pass_on(path, query, headers)

    async def delete(self, _slug: str, _path: str) -> None:
        """Shut one's own kernel down."""
        await self._shut_down()

    async def post(self, _slug: str, _path: str) -> None:
        """Shut one's own kernel down: what a page says when it is left."""
        await self._shut_down()

    async def _open(self) -> dict[str, str]:
        """Enter the kernel that this page will have, and write down what has to be."""
        viewer = self.viewer
        if not viewer:
            value = secrets.token_urlsafe(32)
            where = f"{self.settings['prefix']}{self.app.slug}/"
            self.set_cookie(COOKIE, value, path=where, httponly=True, samesite="Lax")
            viewer = VISITOR + value
        try:
            self.kernel = self.theatre.open(self.app, viewer)
        except FullError:
            raise HTTPError(503) from None
        try:
            await self.theatre.viewing.opened(self.app.slug, self.look, self.subject.name)
        except LondataError as error:  # what cannot be written down is not shown
            log.error("app %s cannot be opened: %s", self.app.slug, error.message)
            await self.theatre.shut_down(self.kernel)
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
                is_page = self.target.kind == "page"
                above = gallery.Above(self.look.stale if is_page else "")
                for name, value in answer.headers.items():
                    if name.lower() in (_OF_A_PAGE if is_page else _PASSED_BACK):
                        self.set_header(name, value)
                async for chunk in answer.content.iter_any():
                    if piece := above.feed(chunk):
                        self.write(piece)
                        await self.flush()
                self.write(above.rest())
        except StreamClosedError:
            return  # the browser has gone; its kernel goes when nobody has connected to it for a while
        except (AppUnavailableError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("app %s does not answer: %r", self.app.slug, error)
            if not self._headers_written:
                raise HTTPError(503) from error


def which(app: App | None) -> tuple[int, bool | None]:
    """Name the version that is shown, and whether as its released tables."""
    return (app.version, app.acting.released if app.acting else None) if app else (0, None)
