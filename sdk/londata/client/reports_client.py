"""The hub's service of reports as a client asks it: schedules, their runs and logs, and what is on the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from londata.client.connection import Service
from londata.client.service_client import ServiceClient, part
from londata.errors import RegisterUnavailableError

REPORTS = Service("service of reports", "LONDATA_REPORTS", RegisterUnavailableError, RegisterUnavailableError)


class ReportsClient(ServiceClient):
    """Schedules and reports behind the hub's service; what it says comes back as plain values."""

    service = REPORTS
    missing = "Schedules are kept and run by the hub, and there is no hub here."

    def add(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Make a schedule."""
        return self._mapping(self._connection.post("/schedules", wanted))

    def schedules(self) -> list[dict[str, Any]]:
        """List one's schedules."""
        return self._list(self._connection.get("/schedules"), "schedules")

    def schedule(self, name: str) -> dict[str, Any]:
        """Find a schedule by its id."""
        return self._mapping(self._connection.get(f"/schedules/{part(name)}"))

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
        return self._mapping(self._connection.post(f"/schedules/{part(name)}/{what}", body))

    def runs(self, name: str, most: int = 20) -> list[dict[str, Any]]:
        """List the runs of a schedule, the newest first."""
        return self._list(self._connection.get(f"/schedules/{part(name)}/runs", [("most", most)]), "runs")

    def stop(self, run: str) -> dict[str, Any]:
        """Stop a run that waits or runs."""
        return self._mapping(self._connection.post(f"/runs/{part(run)}/stop", {}))

    def log(self, run: str) -> str:
        """Give the end of a run's log."""
        return str(self._mapping(self._connection.get(f"/runs/{part(run)}/log")).get("log", ""))

    def reports(self) -> list[dict[str, Any]]:
        """List the reports that one may open, the newest first."""
        return self._list(self._connection.get("/reports"), "reports")

    def withdraw(self, report: str, reason: str = "") -> dict[str, Any]:
        """Take a report of one's own off the shelf."""
        return self._mapping(self._connection.post(f"/reports/{part(report)}/withdraw", {"reason": reason}))


def reports_client() -> ReportsClient:
    """Find the service that this process talks to; raises ``SettingsError`` where there is none."""
    return ReportsClient.here()
