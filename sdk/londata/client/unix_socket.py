"""HTTP over a unix socket, without leaving a socket open that could not be connected (as httpcore 1.0 does)."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx


class UnixTransport(httpx.HTTPTransport):
    """What an httpx client sends through to reach a service behind a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__(uds=path, verify=False)
        self._pool = httpcore.ConnectionPool(uds=path, keepalive_expiry=5, network_backend=_ProbingBackend())


class _ProbingBackend(httpcore.SyncBackend):
    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Connect, if somebody listens; costs one more call for each connection, not for each request."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(timeout)
            try:
                probe.connect(path)
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error
        return super().connect_unix_socket(path, timeout, socket_options)
