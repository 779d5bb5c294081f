"""Who is calling: the hub's answer about a token, kept for seconds, and never guessed.

The service asks the hub ``GET /user`` with the caller's own token. Whoever the hub does not know, or whose token lacks
the scope ``access:services!service=…``, gets nothing. While the hub does not answer, nobody is let in. A token that is
revoked at the hub is refused here as soon as what is kept about it is older than ``keep_s`` (30 seconds).

Tokens are never kept and never logged: what is kept is found by their SHA-256.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Generic, TypeVar

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from londata.access import Subject
from londata.client import Endpoint
from londata.errors import AccessDeniedError, AccessError, NotAuthenticatedError, RegisterUnavailableError
from londata.records.identifiers import MAX_SLUG, SLUG

#: ``Authorization: Bearer …`` (or ``token …``, as JupyterHub writes it), and nothing beside it.
_CREDENTIALS = re.compile(rb"(?:bearer|token) ([A-Za-z0-9._~+/=-]{1,512})", re.IGNORECASE)
Authenticate = Callable[[str], Awaitable[Subject]]
#: The slug of an insight → as whom it asks.
Acting = Callable[[str], Awaitable[Subject]]
#: The header that names an insight, and the only services that may send it.
INSIGHT, MAY_ACT = b"x-londata-app", frozenset({"service/apps", "service/insights"})
T = TypeVar("T")


class Gate:
    """Middleware that lets nobody through whom the hub does not know.

    Parameters
    ----------
    authenticate
        Token → subject; raises for a token that is not accepted.
    open_paths
        The only paths that need no token.
    acting
        As whom an insight asks, where insights ask here; otherwise whoever names one is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticate,
        open_paths: Iterable[str] = (),
        acting: Acting | None = None,
    ) -> None:
        self.app = app
        self.authenticate = authenticate
        self.open_paths = frozenset(open_paths)
        self.acting = acting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request (of any kind, a websocket too) through, with its subject, or raise."""
        if scope["type"] != "lifespan" and scope["path"] not in self.open_paths:
            subject = await self.authenticate(token_of(scope["headers"]))
            scope.setdefault("state", {})["subject"] = await in_whose_name(scope["headers"], subject, self.acting)
        await self.app(scope, receive, send)


def token_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Find the token in a request's headers; nowhere else is looked.

    Raises
    ------
    NotAuthenticatedError
        There is no ``Authorization`` header, more than one, or it holds no token.
    """
    found = [value for name, value in headers if name == b"authorization"]
    match = _CREDENTIALS.fullmatch(found[0]) if len(found) == 1 else None
    if match is None:
        raise NotAuthenticatedError(
            "The request carries no token.", hint="Send one header, `Authorization: Bearer <token of the hub>`."
        )
    return match[1].decode()


async def in_whose_name(headers: Iterable[tuple[bytes, bytes]], subject: Subject, acting: Acting | None) -> Subject:
    """Find out as whom a request counts: as the insight that it names, or as whoever sent it.

    Parameters
    ----------
    headers
        Of the request.
    subject
        Who sent it.
    acting
        As whom an insight asks, where insights ask at all.

    Raises
    ------
    AccessDeniedError
        Somebody names an insight who may not, or where none asks.
    """
    slug = insight_named(headers, subject)
    if not slug:
        return subject
    if acting is None:
        raise AccessDeniedError("No insight asks for anything here.")
    return await acting(slug)


def insight_named(headers: Iterable[tuple[bytes, bytes]], subject: Subject) -> str:
    """Find the insight in whose name a service asks; empty where it asks in its own.

    Parameters
    ----------
    headers
        Of the request.
    subject
        Who sent it.

    Raises
    ------
    AccessDeniedError
        Somebody names an insight who is none of the services that may; nobody's header is passed over in silence.
    """
    found = [value for name, value in headers if name == INSIGHT]
    if not found:
        return ""
    if subject.name not in MAY_ACT:
        raise AccessDeniedError(
            "Only the hub's own services ask for data in the name of a published insight.",
            hint="Leave the header X-Londata-App out.",
        )
    slug = found[0].decode("latin-1") if len(found) == 1 else ""
    if len(slug) > MAX_SLUG or not SLUG.match(slug):
        raise AccessDeniedError("The header X-Londata-App names no insight.")
    return slug


class HubAuth:
    """Asks the hub who holds a token. Call it with a token; it returns the subject or raises.

    Parameters
    ----------
    api_url
        The hub's API (``JUPYTERHUB_API_URL``): ``http://…/hub/api`` or ``http+unix://%2Fhub.sock/hub/api``.
    service
        Name of the service at the hub, as callers are told of it; they need the scope
        ``access:services!service=<name>``.
    keep_s, keep_refusal_s
        Seconds for which the hub's answer is believed without asking again.
    size
        Most answers that are kept.
    transport, clock
        Seams for tests.
    """

    def __init__(
        self,
        api_url: str,
        service: str = "register",
        *,
        keep_s: float = 30,
        keep_refusal_s: float = 5,
        size: int = 4096,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = Endpoint.of(api_url)
        self._service = service
        self._scopes = {"access:services", f"access:services!service={service}"}
        # Apart, so that a flood of forged tokens cannot push out what is known of good ones.
        self._known: _Recent[Subject] = _Recent(size, keep_s, clock)
        self._refused: _Recent[Callable[[], AccessError]] = _Recent(size, keep_refusal_s, clock)
        self._asking: dict[bytes, asyncio.Task[Subject]] = {}
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, token: str) -> Subject:
        """Say who holds a token.

        Raises
        ------
        NotAuthenticatedError
            The hub does not know the token.
        AccessDeniedError
            The token may not use this service.
        RegisterUnavailableError
            The hub does not answer; nobody is let in.
        """
        digest = hashlib.sha256(token.encode()).digest()
        if subject := self._known.get(digest):
            return subject
        if refusal := self._refused.get(digest):
            raise refusal()
        # Requests that come together with one token share one question. It is a task of its own, so that a
        # caller who goes away does not take the answer from the others.
        if digest not in self._asking:
            task = asyncio.create_task(self._ask(digest, token))
            self._asking[digest] = task
            task.add_done_callback(lambda _: self._asking.pop(digest, None))
        return await asyncio.shield(self._asking[digest])

    async def aclose(self) -> None:
        """Close the connections to the hub."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(self, digest: bytes, token: str) -> Subject:
        asked_at = self._known.now()
        try:
            response = await self._pool().get(
                f"{self._hub.base}/user", headers={"Authorization": f"token {token}"}, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise _hub_is_silent(self._service) from error
        if response.status_code in (401, 403, 404):
            self._refused.put(digest, _unknown, asked_at)
            raise _unknown()
        try:
            subject, scopes = _read_answer(response)
        except ValueError as error:
            raise _hub_is_silent(self._service) from error
        if not self._scopes & scopes:
            refusal = partial(_without_scope, self._service)
            self._refused.put(digest, refusal, asked_at)
            raise refusal()
        self._known.put(digest, subject, asked_at)
        return subject

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = self._transport or (
                httpx.AsyncHTTPTransport(uds=self._hub.socket) if self._hub.socket else None
            )
            encrypted = self._hub.base.startswith("https:")
            self._client = httpx.AsyncClient(transport=transport, timeout=5, trust_env=False, verify=encrypted)
        return self._client


class _Recent(Generic[T]):
    """A bounded memory of what was learnt in the last seconds."""

    def __init__(self, size: int, keep_s: float, clock: Callable[[], float]) -> None:
        self.now = clock
        self._size = size
        self._keep_s = keep_s
        self._items: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def get(self, key: bytes) -> T | None:
        item = self._items.get(key)
        return item[1] if item and self.now() - item[0] < self._keep_s else None

    def put(self, key: bytes, value: T, learnt_at: float) -> None:
        self._items[key] = (learnt_at, value)
        self._items.move_to_end(key)
        if len(self._items) > self._size:
            self._items.popitem(last=False)


def _read_answer(response: httpx.Response) -> tuple[Subject, set[str]]:
    """Read the hub's model of a user (or of another service).

    Raises
    ------
    ValueError
        It is anything else; that lets nobody in.
    """
    try:
        said: dict[str, Any] = response.json() if response.status_code == 200 else {}
        name, groups, scopes = said["name"], said.get("groups", []), set(said["scopes"])
        if not name or not all(isinstance(text, str) for text in (name, *groups, *scopes)):
            raise ValueError(name)
    except (KeyError, TypeError) as error:
        raise ValueError("no model of a user") from error
    # No user's name has a slash in it, so a service never passes for a user.
    return Subject(name if said.get("kind") == "user" else f"service/{name}", frozenset(groups)), scopes


def _unknown() -> AccessError:
    return NotAuthenticatedError(
        "The hub does not know this token: it is wrong, has expired or was revoked.",
        hint="Restart your server from the hub's control panel to get a new one.",
    )


def _without_scope(service: str) -> AccessError:
    return AccessDeniedError(
        f"This token may not be used for the {service}.",
        hint="Use the token of your server, or ask whoever runs the hub for the scope to access this service.",
    )


def _hub_is_silent(service: str) -> RegisterUnavailableError:
    return RegisterUnavailableError(
        f"The hub does not say who you are, so the {service} lets nobody in.", hint="Try again in a minute."
    )
