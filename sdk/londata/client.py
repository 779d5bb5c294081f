"""The register behind its service: what a kernel in the hub, or anybody with a token, talks to.

:class:`RegisterClient` is a :class:`~londata.register.Register` over HTTP. Its token goes to the address it was
given and nowhere else: redirects are not followed, and neither ``repr`` nor pickle carries it.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from londata import errors, settings
from londata.access import Decision
from londata.errors import EntryNotFoundError, LondataError, RegisterUnavailableError, SettingsError
from londata.query import Query, SearchResult
from londata.records import Distribution, Entry, entry_from_dict, slugify
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.register import LocalCopy

if TYPE_CHECKING:
    import httpx

#: Most rows that the service hands out at once.
PAGE = 1000
#: Seconds to wait before each further try when nobody listens yet, for instance because the service restarts.
BACK_OFF = (0.1, 0.4)

Params = Sequence[tuple[str, str | int]]


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens: the base of its addresses, and the unix socket to dial, if it is one."""

    base: str
    socket: str | None = None

    @classmethod
    def of(cls, address: str) -> Endpoint:
        """Read ``https://host/base`` or ``http+unix://%2Fpath%2Fto.sock/base``.

        Raises
        ------
        SettingsError
            It is neither.
        """
        parts = urlsplit(address)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme in ("http", "https") and parts.hostname and plain:
            return cls(address.rstrip("/"))
        socket = unquote(parts.netloc)
        if parts.scheme == "http+unix" and socket.startswith("/") and not (parts.query or parts.fragment):
            return cls(f"http://localhost{parts.path.rstrip('/')}", socket)
        raise SettingsError(
            "The register's address cannot be used.",
            hint="Write https://host/base or http+unix://%2Fpath%2Fto.sock/base, without a password or a query.",
        )


class RegisterClient:
    """A register behind a service; entries come on demand.

    Parameters
    ----------
    address
        ``http://host/base``, ``https://host/base`` or ``http+unix://%2Fpath%2Fregister.sock/base``.
    token
        The hub's token; the setting ``TOKEN`` or ``JUPYTERHUB_API_TOKEN`` when not given.
    timeout
        Seconds without an answer after which a question is given up; the setting ``TIMEOUT_S`` when not given.
    transport
        An ``httpx`` transport to use instead of the network (for tests that run the service in-process).

    Raises
    ------
    SettingsError
        The address or the token cannot be used.
    RegisterUnavailableError, NotAuthenticatedError
        From every method: nobody answers; the token is not accepted.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        timeout: float | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._address = address.rstrip("/")
        self._connection = _Connection(Endpoint.of(address), token or _own_token(), timeout, transport)

    @property
    def address(self) -> str:
        """Where the service is."""
        return self._address

    def find(self, slug: str) -> Entry | None:
        """Find one entry by its slug."""
        if not _is_slug(slug):
            return None
        try:
            return _entry(self._connection.get(f"/entries/{slug}"))
        except EntryNotFoundError:
            return None

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit, a page at a time and to the end.

        Raises
        ------
        RegisterUnavailableError
            The service counts more or fewer slugs than it sent; nothing is cut off in silence.
        """
        for page in self._pages("/slugs", [*query.to_params(), ("prefix", prefix)], "slugs", limit=limit):
            yield from page["slugs"]

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        return int(self._connection.get("/count", query.to_params())["total"])

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; more than the service hands out at once is fetched page by page."""
        params = [*query.to_params(), *(("facets", name) for name in facets)]
        pages = list(self._pages("/search", params, "entries", limit=limit, offset=offset))
        entries = tuple(_entry(values) for page in pages for values in page["entries"])
        counts = {name: tuple((value, n) for value, n in pairs) for name, pairs in pages[0]["facets"].items()}
        return SearchResult(pages[0]["total"], entries, counts)

    def near(self, slug: str, limit: int = 3) -> list[str]:
        """Suggest the slugs that are written most like this one."""
        clean = slug if _is_slug(slug) else slugify(slug)
        return list(self._connection.get(f"/entries/{clean}/near", [("limit", limit)])["slugs"])

    def themes(self) -> dict[str, str]:
        """Name the themes by which the register is ordered, and their titles."""
        return dict(self._connection.get("/themes")["themes"])

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring the bytes of one distribution to this machine. Needs a decision that allows it."""
        decision.require()
        raise NotImplementedError

    def _pages(self, path: str, params: Params, rows: str, *, limit: int | None, offset: int = 0) -> Iterator[Any]:
        """Ask for page after page, and compare each with the service's own count."""
        counted, received = None, 0
        while True:
            size = PAGE if limit is None else min(PAGE, limit - received)
            page = self._connection.get(path, [*params, ("offset", offset + received), ("limit", size)])
            due = max(0, min(size, page["total"] - offset - received))
            if len(page[rows]) != due or counted not in (None, page["total"]):
                raise RegisterUnavailableError(
                    f"The register counts {page['total']:,} entries and did not send all of them: "
                    "it changed while it was read.",
                    hint="Ask again.",
                )
            yield page
            counted, received = page["total"], received + due
            if received == limit or offset + received >= counted:
                return

    def close(self) -> None:
        """Close the connections; the client opens new ones when it is used again."""
        self._connection.close()

    def __repr__(self) -> str:
        return f"RegisterClient({self._address!r})"

    def __reduce__(self) -> tuple[type[RegisterClient], tuple[str]]:
        """Pickle the address only: whoever loads it uses a token of their own."""
        return RegisterClient, (self._address,)


class _Connection:
    """Keep-alive connections to one service: one pool per process, retries, and errors as londata's own."""

    def __init__(
        self, endpoint: Endpoint, token: str, timeout: float | None, transport: httpx.BaseTransport | None
    ) -> None:
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise SettingsError("The token has characters that no token has.", hint="Copy it again from the hub.")
        self._endpoint = endpoint
        self._token = token
        self._timeout = settings.get("TIMEOUT_S") if timeout is None else timeout
        self._transport = transport
        # By process: a fork must not speak on its parent's connections, nor close them.
        self._pools: dict[int, httpx.Client] = {}
        weakref.finalize(self, _close_pool, self._pools)

    def get(self, path: str, params: Params = ()) -> Any:
        """Ask one question; returns the decoded JSON."""
        response = self.send(path, params)
        try:
            return response.json()
        except ValueError as error:
            raise self._not_a_register() from error

    def send(self, path: str, params: Params = (), headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a GET, again while nobody listens, and raise what the service says went wrong."""
        import httpx

        url = f"{self._endpoint.base}/api/v1{path}"
        for pause in (*BACK_OFF, None):
            try:
                response = self._pool().get(url, params=list(params), headers=headers)
            except (httpx.ConnectError, httpx.RemoteProtocolError) as error:
                if pause is None:
                    raise RegisterUnavailableError(
                        f"The register at {self._endpoint.base} does not answer.",
                        hint="It may be starting: try again in a minute, else tell whoever runs the hub.",
                    ) from error
                time.sleep(pause)
            except httpx.TimeoutException as error:
                raise RegisterUnavailableError(
                    f"The register did not answer within {self._timeout:g} seconds.", hint="Try again in a minute."
                ) from error
            except httpx.HTTPError as error:
                raise RegisterUnavailableError(f"The register broke off: {error}.", hint="Try again.") from error
            else:
                if response.status_code not in (200, 304):
                    raise self._error(response)
                return response
        raise AssertionError("unreachable")  # pragma: no cover

    def close(self) -> None:
        _close_pool(self._pools)

    def _pool(self) -> httpx.Client:
        process = os.getpid()
        if process not in self._pools:
            import httpx

            socket = self._endpoint.socket
            transport = self._transport or (httpx.HTTPTransport(uds=socket) if socket else None)
            self._pools[process] = httpx.Client(
                transport=transport,
                headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
                timeout=self._timeout,
                # A proxy would see the token of a plain connection; of an encrypted one it sees nothing.
                trust_env=self._endpoint.base.startswith("https:"),
            )
        return self._pools[process]

    def _error(self, response: httpx.Response) -> LondataError:
        """Make the same error as the service raised."""
        try:
            said = response.json()["error"]
            kind = _errors_by_code()[said["code"]]
            return kind(str(said["message"]), hint=str(said["hint"]))
        except (ValueError, KeyError, TypeError):
            return self._not_a_register(f" (status {response.status_code})")

    def _not_a_register(self, detail: str = "") -> RegisterUnavailableError:
        return RegisterUnavailableError(
            f"What answers at {self._endpoint.base} is not a register that this londata understands{detail}.",
            hint="Check the setting LONDATA_REGISTER, and whether londata is as new as the hub.",
        )


def _close_pool(pools: dict[int, httpx.Client]) -> None:
    if pool := pools.pop(os.getpid(), None):
        pool.close()


def _own_token() -> str:
    return settings.get("TOKEN") or os.environ.get("JUPYTERHUB_API_TOKEN", "")


def _is_slug(text: str) -> bool:
    return len(text) <= MAX_SLUG and SLUG.match(text) is not None


def _entry(values: Any) -> Entry:
    try:
        return entry_from_dict(values)
    except ValidationError as error:
        raise RegisterUnavailableError(
            "The register describes an entry in a way that this version of londata does not know.",
            hint="Install the version of londata that the hub runs.",
        ) from error


def _errors_by_code(kinds: Iterable[type[LondataError]] = (LondataError,)) -> dict[str, type[LondataError]]:
    """Map each code to its class, but for classes whose message is more than a sentence."""
    found: dict[str, type[LondataError]] = {}
    for kind in kinds:
        if kind is not errors.CatalogFileError:
            found |= {kind.code: kind} | _errors_by_code(kind.__subclasses__())
    return found
