"""What the clients of the hub's services have in common: an address, a token, and answers of a known shape."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import quote

from londata import settings
from londata.client.connection import Connection, Endpoint, Service
from londata.errors import SettingsError

if TYPE_CHECKING:
    import httpx


class ServiceClient:
    """One service of the hub; what it says comes back as plain values.

    Parameters
    ----------
    address
        ``http://host/base``, ``https://host/base`` or ``http+unix://%2Fpath%2Fname.sock/base``.
    token
        The hub's token; the setting ``TOKEN`` or ``JUPYTERHUB_API_TOKEN`` when not given.
    timeout
        Seconds without an answer after which a question is given up.
    transport
        An ``httpx`` transport to use instead of the network.

    Raises
    ------
    RegisterUnavailableError, NotAuthenticatedError
        From every method: nobody answers; the token is not accepted.
    """

    #: What is dialled, and what is said where this process knows no address of it.
    service: ClassVar[Service]
    missing: ClassVar[str] = ""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        timeout: float | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        endpoint = Endpoint.of(address, self.service)
        self._address = endpoint.address
        self._connection = Connection(endpoint, token or own_token(), timeout, transport, self.service)

    @classmethod
    def here(cls) -> Self:
        """Find the service that this process talks to.

        Raises
        ------
        SettingsError
            There is none here.
        """
        address = settings.get(cls.service.setting.removeprefix(settings.PREFIX))
        if not address:
            raise SettingsError(
                cls.missing,
                hint=f"Work in the hub's Lab, or set {cls.service.setting} to the address of its {cls.service.name}.",
            )
        return cls.at(address)

    @classmethod
    def at(cls, address: str) -> Self:
        """Give the client of one address with one's own token: the same one to everybody in this process."""
        kind: Any = cls
        found: Self = _client_at(kind, address, own_token())
        return found

    @property
    def address(self) -> str:
        """Where the service is."""
        return self._address

    def close(self) -> None:
        """Close the connections; they are opened again when something is asked."""
        self._connection.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        """Pickle the address only: whoever loads it uses a token of their own."""
        return type(self), (self._address,)

    def _mapping(self, said: Any) -> dict[str, Any]:
        if not isinstance(said, dict):
            raise self._connection.strange()
        return said

    def _list(self, said: Any, name: str) -> list[dict[str, Any]]:
        found = self._mapping(said).get(name)
        if not isinstance(found, list):
            raise self._connection.strange()
        return [self._mapping(each) for each in found]


@lru_cache(maxsize=16)
def _client_at(kind: type[Any], address: str, token: str) -> Any:
    return kind(address, token)


def own_token() -> str:
    """Find the token of whoever runs this: the setting ``TOKEN``, else the one that the hub gave their server."""
    return settings.get("TOKEN") or os.environ.get("JUPYTERHUB_API_TOKEN", "")


def part(name: str) -> str:
    """Write a name as one part of an address."""
    return quote(name, safe="") or "-"
