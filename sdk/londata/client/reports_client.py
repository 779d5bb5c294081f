"""The hub's service of reports as a client asks it: schedules, their runs and logs, and what is on the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from londata import settings
from londata.client.connection import Connection, Endpoint, Service
from londata.client.register_client import own_token
from londata.errors import RegisterUnavailableError, SettingsError

if TYPE_CHECKING:
    import httpx

REPORTS = Service("service of reports", "LONDATA_REPORTS", RegisterUnavailableError, RegisterUnavailableError)


class ReportsClient:
    """Schedules and reports behind the hub's service; what it says comes back as plain values.

    Parameters
    ----------
    address
        ``http://host/base``, ``https://host/base`` or ``http+unix://%2Fpath%2Freports.sock/base``.
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

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        timeout: float | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        endpoint = Endpoint.of(address, REPORTS)
        self._address = endpoint.address
        self._connection = Connection(endpoint, token or own_token(), timeout, transport, REPORTS)

    def add(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Make a schedule."""
        return self._mapping(self._connection.post("/schedules", wanted))

    def schedules(self) -> list[dict[str, Any]]:
        """List one's schedules."""
        return self._list(self._connection.get("/schedules"), "schedules")

    def schedule(self, name: str) -> dict[str, Any]:
        """Find a schedule by its id."""
        return self._mapping(self._connection.get(f"/schedules/{_part(name)}"))

    def change(self, name: str, what: str, reason: str = "") -> dict[str, Any]:
        """Pause, resume, run or end a schedule.

        Parameters
        ----------
        name
            Its id.
        what
            ``pause``, ``resume``, ``run`` or ``end``.
        reason
            Why it is paused or ended.
        """
        body = {"reason": reason} if what in ("pause", "end") else {}
        return self._mapping(self._connection.post(f"/schedules/{_part(name)}/{what}", body))

    def runs(self, name: str, most: int = 20) -> list[dict[str, Any]]:
        """List the runs of a schedule, the newest first."""
        return self._list(self._connection.get(f"/schedules/{_part(name)}/runs", [("most", most)]), "runs")

    def stop(self, run: str) -> dict[str, Any]:
        """Stop a run that waits or runs."""
        return self._mapping(self._connection.post(f"/runs/{_part(run)}/stop", {}))

    def log(self, run: str) -> str:
        """Give the end of a run's log."""
        return str(self._mapping(self._connection.get(f"/runs/{_part(run)}/log")).get("log", ""))

    def reports(self) -> list[dict[str, Any]]:
        """List the reports that one may open, the newest first."""
        return self._list(self._connection.get("/reports"), "reports")

    def close(self) -> None:
        """Close the connections; they are opened again when something is asked."""
        self._connection.close()

    def __repr__(self) -> str:
        return f"ReportsClient({self._address!r})"

    def __reduce__(self) -> tuple[type[ReportsClient], tuple[str]]:
        """Pickle the address only: whoever loads it uses a token of their own."""
        return ReportsClient, (self._address,)

    def _mapping(self, said: Any) -> dict[str, Any]:
        if not isinstance(said, dict):
            raise self._connection.strange()
        return said

    def _list(self, said: Any, name: str) -> list[dict[str, Any]]:
        found = self._mapping(said).get(name)
        if not isinstance(found, list):
            raise self._connection.strange()
        return [self._mapping(each) for each in found]


def reports_client() -> ReportsClient:
    """Find the service that this process talks to.

    Raises
    ------
    SettingsError
        There is none here.
    """
    address = settings.get("REPORTS")
    if not address:
        raise SettingsError(
            "Schedules are kept and run by the hub, and there is no hub here.",
            hint=f"Work in the hub's Lab, or set {settings.PREFIX}REPORTS to the address of its service of reports.",
        )
    return _client_at(address, own_token())


@lru_cache(maxsize=8)
def _client_at(address: str, token: str) -> ReportsClient:
    return ReportsClient(address, token)


def _part(name: str) -> str:
    """Write a name as one part of an address."""
    return quote(name, safe="") or "-"
