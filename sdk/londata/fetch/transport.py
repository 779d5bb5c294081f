"""Dial exactly the machine that was checked, and lose patience with one that drips.

The rules sit at the socket, not above it: whatever leads to a connection (a redirect, a name with two
answers) passes here. The name stays the one that TLS verifies and that the server is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from londata.errors import FetchError
from londata.fetch import addresses

#: Slowest rate, in bytes per second, that is waited for.
SLOWEST = 1000
CONNECT_TIMEOUT_S = 10.0


class Patience:
    """How long one fetch may take, counted over all its connections.

    Parameters
    ----------
    timeout
        Seconds of waiting in which something worth the wait must arrive, at :data:`SLOWEST` bytes per second.
    deadline
        Seconds for the fetch in all.
    """

    def __init__(self, timeout: float, deadline: float) -> None:
        self.timeout = timeout
        self.deadline = deadline
        self._started = time.monotonic()
        self._waited = 0.0
        self._received = 0

    def note(self, received: int, waited: float) -> None:
        """Note what arrived and how long it was waited for.

        Raises
        ------
        FetchError
            It takes too long.
        """
        if time.monotonic() - self._started > self.deadline:
            raise FetchError(
                f"The fetch was given up after {self.deadline:g} seconds; nothing was kept.",
                hint="Raise LONDATA_DEADLINE_S if the file is really that large.",
            )
        self._received += received
        self._waited += waited
        if self._waited < self.timeout:
            return
        if self._received < SLOWEST * self._waited:
            raise FetchError(
                f"The holder sends fewer than {SLOWEST:,} bytes a second, so the fetch was given up; nothing was kept.",
                hint="Try again later; a larger LONDATA_TIMEOUT_S waits longer.",
            )
        self._received, self._waited = 0, 0.0


class _PatientStream(httpcore.NetworkStream):
    """A connection that is read with patience."""

    def __init__(self, stream: httpcore.NetworkStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        started = time.monotonic()
        piece = self._stream.read(max_bytes, timeout)
        self._patience.note(len(piece), time.monotonic() - started)
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _PatientStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks every answer, and dials a checked one."""

    def __init__(self, allowed: addresses.Allowance, patience: Patience) -> None:
        self._allowed = allowed
        self._patience = patience
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for number in addresses.resolve(host, port, self._allowed):
            try:
                stream = self._backend.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _PatientStream(stream, self._patience)
        raise failure or httpcore.ConnectError(f"{host} has no address")


class CheckedTransport(httpx.BaseTransport):
    """What an httpx client sends through, so that it only ever reaches addresses that were checked."""

    def __init__(self, allowed: addresses.Allowance, patience: Patience) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(), network_backend=_CheckedBackend(allowed, patience)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and hand back the response as a stream."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@lru_cache(maxsize=1)
def _ssl_context() -> SSLContext:
    """Load the certificate authorities once; that takes longer than most requests."""
    return httpx.create_ssl_context()
