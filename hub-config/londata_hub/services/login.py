"""How a browser is known to a service: the hub logs people in, and a cookie stands for what it said.

A cookie is good for pages only, and holds nothing but a random name; the token that it stands for stays in this
process and is asked of the hub every half minute. What changes anything needs a second secret out of the page itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urlsplit

import httpx
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from londata.access import Subject
from londata.client import Endpoint
from londata.errors import AccessDeniedError, NotAuthenticatedError, RegisterUnavailableError
from londata_hub.auth import Acting, Authenticate, in_whose_name, token_of
from londata_hub.services.look import STYLE, page, policy, safe

#: Seconds that a browser is known, and that a log-in may take; most of either that are kept.
KNOWN_S, STATE_S, MOST = 12 * 3600, 600, 10_000
#: A cookie that the hub gives to browsers that are logged in there. It proves nothing here.
HUB_COOKIE = "jupyterhub-session-id"


@dataclass(frozen=True)
class Visit:
    """A browser that is logged in: the name in its cookie, the token that it stands for, and since when."""

    name: str
    token: str
    since: float


class Login:
    """The way through the hub's log-in and back.

    Parameters
    ----------
    prefix
        The path of the service, with a slash at its end.
    client, secret
        What the service is called at the hub, and its token.
    api_url
        The hub's API as the service reaches it.
    authorize
        The hub's page for it, as a browser reaches it.
    encrypted
        Whether people come by https; the cookies are then kept from anything else.
    transport
        A seam for tests.
    """

    def __init__(
        self,
        prefix: str,
        client: str,
        secret: str,
        api_url: str,
        authorize: str,
        *,
        encrypted: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.prefix, self._client, self._secret, self._authorize = prefix, client, secret, authorize
        self.cookie = f"londata-{prefix.strip('/').rpartition('/')[2]}"
        self.state_cookie = f"{self.cookie}-state"
        self._hub = Endpoint.of(api_url)
        self._encrypted, self._transport = encrypted, transport
        self._key = secrets.token_bytes(32)
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._begun: OrderedDict[str, tuple[float, str, str]] = OrderedDict()

    @classmethod
    def of(cls, environ: Mapping[str, str], name: str) -> Login:
        """Make the log-in of a service that the hub started.

        Parameters
        ----------
        environ
            What the hub told it.
        name
            What the service is called, where the hub does not say it.

        Returns
        -------
        Login
            For the pages of this service.
        """
        return cls(
            environ.get("JUPYTERHUB_SERVICE_PREFIX", f"/services/{name}/"),
            environ.get("JUPYTERHUB_CLIENT_ID", f"service-{environ.get('JUPYTERHUB_SERVICE_NAME', name)}"),
            environ["JUPYTERHUB_API_TOKEN"],
            environ["JUPYTERHUB_API_URL"],
            f"{environ.get('JUPYTERHUB_BASE_URL', '/')}hub/api/oauth2/authorize",
            encrypted=environ.get("JUPYTERHUB_PUBLIC_URL", "").startswith("https:"),
        )

    @property
    def callback(self) -> str:
        """Where the hub sends people back to."""
        return f"{self.prefix}oauth_callback"

    def visit_of(self, scope: Scope) -> Visit | None:
        """Find who is known by a request's cookie."""
        found = self._visits.get(_cookie(scope, self.cookie))
        return found if found and time.monotonic() - found.since < KNOWN_S else None

    def forget(self, visit: Visit) -> None:
        """Know a browser no more."""
        self._visits.pop(visit.name, None)

    def secret_of(self, visit: Visit) -> str:
        """Make the secret that forms of this visit's pages hold."""
        return hmac.new(self._key, visit.name.encode(), "sha256").hexdigest()

    def is_from_our_page(self, visit: Visit, scope: Scope, said: str) -> bool:
        """Tell whether a form came from a page of this service that this very visitor was shown.

        Parameters
        ----------
        visit
            Who sent it, by their cookie.
        scope
            The request.
        said
            The secret in the form.
        """
        headers = _headers(scope)
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        if (origin := headers.get("origin")) is not None and urlsplit(origin).netloc != headers.get("host"):
            return False
        return hmac.compare_digest(said.encode(), self.secret_of(visit).encode())

    def begin(self, scope: Scope, where: str = "") -> Response:
        """Send a browser to the hub, and remember where it wanted to go.

        Parameters
        ----------
        scope
            The request.
        where
            The path to come back to, if it is one of this service; that of the request when not given.

        Returns
        -------
        Response
            A redirection.
        """
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        asked_for = scope["query_string"].decode("latin-1")
        where = where or (f"{scope['path']}?{asked_for}" if asked_for else str(scope["path"]))
        self._begun[state] = (time.monotonic(), where if where.startswith(self.prefix) else self.prefix, verifier)
        _keep_the_newest(self._begun)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": self._client,
            "redirect_uri": self.callback,
            "response_type": "code",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        answer = RedirectResponse(f"{self._authorize}?{urlencode(asked)}", 302)
        self._set(answer, self.state_cookie, state, STATE_S)
        return answer

    async def finish(self, scope: Scope, query: Mapping[str, str]) -> Response:
        """Take a browser back from the hub, if this is the browser that was sent there.

        Raises
        ------
        NotAuthenticatedError
            It is not, or the hub does not know the code.
        """
        state = query.get("state", "")
        begun = self._begun.pop(state, None)
        if begun is None or time.monotonic() - begun[0] > STATE_S or _cookie(scope, self.state_cookie) != state:
            raise NotAuthenticatedError("This log-in was not begun here, or too long ago.", hint="Open the page again.")
        _, where, verifier = begun
        visit = Visit(secrets.token_urlsafe(32), await self._token(query.get("code", ""), verifier), time.monotonic())
        self._visits[visit.name] = visit
        _keep_the_newest(self._visits)
        answer = RedirectResponse(where, 302)
        self._set(answer, self.cookie, visit.name, KNOWN_S)
        answer.delete_cookie(self.state_cookie, path=self.prefix)
        return answer

    async def _token(self, code: str, verifier: str) -> str:
        asked = {
            "client_id": self._client,
            "client_secret": self._secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
        }
        transport = self._transport or (httpx.AsyncHTTPTransport(uds=self._hub.socket) if self._hub.socket else None)
        try:
            async with httpx.AsyncClient(transport=transport, timeout=10, trust_env=False) as client:
                answer = await client.post(f"{self._hub.base}/oauth2/token", data=asked)
                token = answer.json()["access_token"] if answer.status_code == 200 else ""
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RegisterUnavailableError(
                "The hub does not say who you are.", hint="Try again in a minute."
            ) from error
        if not token:
            raise NotAuthenticatedError("The hub did not log you in.", hint="Open the page again.")
        return str(token)

    def _set(self, answer: Response, name: str, value: str, seconds: int) -> None:
        # Lax: whoever follows a link to a page is known, and a form of another site is not.
        answer.set_cookie(
            name, value, max_age=seconds, path=self.prefix, httponly=True, samesite="lax", secure=self._encrypted
        )


class Gate:
    """Middleware that knows everybody who gets through: by a token, or, for a page, by a cookie.

    Parameters
    ----------
    authenticate
        Token → subject.
    login
        Knows browsers.
    api
        The path below which only a token counts.
    open_paths
        The only paths that need neither.
    strangers
        Whether pages are shown to somebody who is not logged in, too. Each page then says what is there for nobody.
    for_all
        Tells of a path of the API whether it is answered without a token, too: to nobody.
    acting
        As whom a published insight asks, where insights ask here; otherwise whoever names one is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticate,
        login: Login,
        api: str,
        open_paths: list[str],
        *,
        strangers: bool = False,
        for_all: Callable[[str], object] = lambda _: False,
        acting: Acting | None = None,
    ) -> None:
        self.app, self.authenticate, self.login = app, authenticate, login
        self.api, self.open_paths, self.strangers, self.acting = api, frozenset(open_paths), strangers, acting
        self.for_all = for_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through with its subject, send a browser to the log-in, or raise."""
        if scope["type"] == "lifespan" or scope["path"] in self.open_paths:
            await self.app(scope, receive, send)
            return
        is_page = scope["type"] == "http" and not f"{scope['path']}/".startswith(f"{self.api}/")
        has_token = any(name == b"authorization" for name, _ in scope["headers"])
        if is_page and not has_token:
            subject = await self._visitor(scope)
            if subject is None and self._is_stranger(scope):
                subject = Subject("")
            if subject is None:
                await self._to_log_in(scope)(scope, receive, send)
                return
        elif not has_token and scope["type"] == "http" and scope["method"] == "GET" and self.for_all(scope["path"]):
            subject = Subject("")  # whatever cookie comes along
        else:
            subject = await self.authenticate(token_of(scope["headers"]))
        scope.setdefault("state", {})["subject"] = await in_whose_name(scope["headers"], subject, self.acting)
        await self.app(scope, receive, send)

    async def _visitor(self, scope: Scope) -> Subject | None:
        visit = self.login.visit_of(scope)
        if visit is None:
            return None
        try:
            subject = await self.authenticate(visit.token)
        except NotAuthenticatedError:  # logged out, or gone from the hub
            self.login.forget(visit)
            return None
        scope.setdefault("state", {})["visit"] = visit
        return subject

    def _is_stranger(self, scope: Scope) -> bool:
        """Tell whether somebody looks at a page who is not logged in at the hub either; who is, is asked for there."""
        return self.strangers and scope["method"] in ("GET", "HEAD") and not _cookie(scope, HUB_COOKIE)

    def _to_log_in(self, scope: Scope) -> Response:
        if scope["method"] in ("GET", "HEAD"):
            return self.login.begin(scope)
        error = AccessDeniedError("You are not logged in any more, so nothing was done.", hint="Open the page again.")
        if "text/html" not in _headers(scope).get("accept", ""):
            raise error
        text = page("That did not work", f"<p>{safe(str(error))}</p>", [(self.login.prefix, "Log in and begin again")])
        return HTMLResponse(text, error.http_status, headers={"Content-Security-Policy": policy(STYLE)})


def _keep_the_newest(
    items: OrderedDict[str, object] | OrderedDict[str, Visit] | OrderedDict[str, tuple[float, str, str]],
) -> None:
    while len(items) > MOST:
        items.popitem(last=False)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _cookie(scope: Scope, name: str) -> str:
    try:
        found = SimpleCookie(_headers(scope).get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
