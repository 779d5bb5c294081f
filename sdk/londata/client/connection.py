"""One service, dialled: keep-alive connections, retries, and its errors as londata's own."""

from __future__ import annotations

import json
import os
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from londata import settings
from londata.errors import FetchError, LondataError, OfflineError, RegisterUnavailableError, SettingsError

if TYPE_CHECKING:
    import httpx

#: Seconds to wait before each further try when nobody listens yet, for instance because the service restarts.
BACK_OFF = (0.1, 0.4)
#: What a service says of an address that it does not have: whoever asked took it for another one.
NO_SUCH_ADDRESS = "no_such_address"
#: The most that is read of an answer that says what went wrong.
MOST_OF_AN_ERROR = 64 * 1024

Params = Sequence[tuple[str, str | int]]


def unix_address(socket: Path, base: str = "") -> str:
    """Write the path of a unix socket as an address, ``http+unix://%2Frun%2F…``; :meth:`Endpoint.of` reads it."""
    return f"http+unix://{quote(str(socket), safe='')}{base}"


@dataclass(frozen=True)
class Service:
    """What is dialled: its name in sentences, the setting that holds its address, and what is raised without it."""

    name: str
    setting: str
    silent: type[LondataError]
    strange: type[LondataError]


REGISTER = Service("register", "LONDATA_REGISTER", RegisterUnavailableError, RegisterUnavailableError)
GATEWAY = Service("gateway", "LONDATA_GATEWAY", OfflineError, FetchError)


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens: its address as people write it, the base of its URLs, the unix socket to dial if any."""

    address: str
    base: str
    socket: str | None = None

    @classmethod
    def of(cls, address: str, service: Service = REGISTER) -> Endpoint:
        """Read ``https://host/base`` or ``http+unix://%2Fpath%2Fto.sock/base``.

        Raises
        ------
        SettingsError
            It is neither.
        """
        parts = urlsplit(address)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme in ("http", "https") and parts.hostname and plain:
            return cls(address.rstrip("/"), address.rstrip("/"))
        socket = unquote(parts.netloc)
        if parts.scheme == "http+unix" and socket.startswith("/") and not (parts.query or parts.fragment):
            return cls(address.rstrip("/"), f"http://localhost{parts.path.rstrip('/')}", socket)
        raise SettingsError(
            f"The {service.name}'s address cannot be used.",
            hint="Write https://host/base or http+unix://%2Fpath%2Fto.sock/base, without a password or a query.",
        )


class Connection:
    """Keep-alive connections to one service: one pool per process, retries, and errors as londata's own."""

    def __init__(
        self,
        endpoint: Endpoint,
        token: str,
        timeout: float | None,
        transport: httpx.BaseTransport | None,
        service: Service = REGISTER,
    ) -> None:
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise SettingsError("The token has characters that no token has.", hint="Copy it again from the hub.")
        self._endpoint = endpoint
        self._service = service
        self._token = token
        self._timeout = settings.get("TIMEOUT_S") if timeout is None else timeout
        self._transport = transport
        # By process: a fork must not speak on its parent's connections, nor close them.
        self._pools: dict[int, httpx.Client] = {}
        weakref.finalize(self, _close_pool, self._pools)

    def get(self, path: str, params: Params = ()) -> Any:
        """Ask one question; returns the decoded JSON."""
        return self._decoded(self.send(path, params))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask for a change; returns the decoded JSON. Sent again only while nobody listens, so never done twice."""
        return self._decoded(self.send(path, body=body))

    def send(
        self,
        path: str,
        params: Params = (),
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        patience: float | None = None,
    ) -> httpx.Response:
        """Send a GET, again while nobody listens, and raise what the service says went wrong.

        Parameters
        ----------
        path, params
            What is asked.
        body
            What to send as JSON; it makes the question a POST.
        headers
            Further headers, or others than those of every request.
        stream
            Leave the body to the caller, who closes the response.
        patience
            Seconds to wait for the answer, where it takes longer than usual.
        """
        import httpx

        url = f"{self._endpoint.base}/api/v1{path}"
        timeout = httpx.Timeout(self._timeout, read=patience or self._timeout)
        method = "GET" if body is None else "POST"
        for pause in (*BACK_OFF, None):
            request = self._pool().build_request(
                method, url, params=list(params), json=body, headers=headers, timeout=timeout
            )
            try:
                response = self._pool().send(request, stream=stream)
                if response.status_code not in (200, 201, 202, 206, 304):
                    raise self._error(response)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if pause is None or (body is not None and not isinstance(error, httpx.ConnectError)):
                    raise self._silent(error) from tokenless(error)
                time.sleep(pause)
            except httpx.HTTPError as error:
                raise self._silent(error) from tokenless(error)
            else:
                return response
        raise AssertionError("unreachable")  # pragma: no cover

    def _decoded(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self.strange() from error

    def close(self) -> None:
        """Close this process's connections; the next question opens new ones."""
        _close_pool(self._pools)

    def _pool(self) -> httpx.Client:
        process = os.getpid()
        if (pool := self._pools.get(process)) is None:
            import httpx

            from londata.client.unix_socket import UnixTransport

            socket, encrypted = self._endpoint.socket, self._endpoint.base.startswith("https:")
            made = httpx.Client(
                transport=self._transport or (UnixTransport(socket) if socket else None),
                headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
                timeout=self._timeout,
                # Without encryption there are no certificates to load, which would take longer than an answer, and
                # a proxy would see the token.
                verify=encrypted,
                trust_env=encrypted,
            )
            pool = self._pools.setdefault(process, made)
            if pool is not made:  # another thread was first
                made.close()
        return pool

    def _error(self, response: httpx.Response) -> LondataError:
        """Make the same error as the service raised."""
        try:
            said = json.loads(beginning(response, MOST_OF_AN_ERROR))["error"]
            code, message, hint = said["code"], str(said["message"]), str(said["hint"])
        except (ValueError, KeyError, TypeError):
            code = NO_SUCH_ADDRESS
        if code == NO_SUCH_ADDRESS:
            return self.strange(f" (status {response.status_code})")
        return _errors_by_code().get(code, LondataError)(message, hint=hint)

    def _silent(self, error: httpx.HTTPError) -> LondataError:
        return self._service.silent(
            f"The {self._service.name} at {self._endpoint.address} does not answer ({error or type(error).__name__}).",
            hint="It may be starting: try again in a minute, else tell whoever runs the hub.",
        )

    def strange(self, detail: str = "") -> LondataError:
        """Make the error for an answer that the service would not give."""
        name = self._service.name
        return self._service.strange(
            f"What answers at {self._endpoint.address} is not a {name} that this londata understands{detail}.",
            hint=f"Check the setting {self._service.setting}, and whether londata is as new as the hub.",
        )


def tokenless(error: httpx.HTTPError) -> httpx.HTTPError:
    """Take out of an error the request whose headers hold a token.

    Dask, and whatever else packs errors to send them to another process, packs that with them.
    """
    import httpx

    with suppress(RuntimeError):  # an error that knows no request
        error.request = httpx.Request(error.request.method, error.request.url)
    return error


def beginning(response: httpx.Response, most: int) -> bytes:
    """Read the body of an answer until it is longer than it may be, and no further; closes the answer."""
    found = b""
    with closing(response):
        for piece in response.iter_bytes():
            found += piece
            if len(found) > most:
                break
    return found


def _close_pool(pools: dict[int, httpx.Client]) -> None:
    if pool := pools.pop(os.getpid(), None):
        pool.close()


def _errors_by_code(kinds: Iterable[type[LondataError]] = (LondataError,)) -> dict[str, type[LondataError]]:
    """Map each code to its class, leaving out classes that take more than a sentence and a hint.

    Where a class takes its code over from another one, the code means the other.
    """
    found: dict[str, type[LondataError]] = {}
    for kind in kinds:
        found |= _errors_by_code(kind.__subclasses__())
        if kind.__init__ is LondataError.__init__:
            found[kind.code] = kind
    return found
