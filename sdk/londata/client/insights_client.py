"""The hub's service of insights as a client asks it: publishing, versions, who may open what, releases, tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from londata.client.connection import Service
from londata.client.service_client import ServiceClient, part
from londata.errors import RegisterUnavailableError

INSIGHTS = Service("service of insights", "LONDATA_INSIGHTS", RegisterUnavailableError, RegisterUnavailableError)
#: Seconds to wait for an answer to what is sent with files.
UPLOAD_S = 120.0


class InsightsClient(ServiceClient):
    """Published insights behind the hub's service."""

    service = INSIGHTS
    missing = "Insights are published by the hub, and there is no hub here."

    def publish(self, files: Mapping[str, bytes], record: Mapping[str, Any], **how: Any) -> dict[str, Any]:
        """Publish an insight, or a new version of one; returns the version, which is checked from now on.

        Parameters
        ----------
        files
            Name → content; the notebook is ``app.ipynb``.
        record
            Fields of the insight.
        **how
            ``slug``, ``project``, ``audience`` and ``start``, as the service takes them; nothing is sent for ``None``.
        """
        encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
        said = {name: value for name, value in how.items() if value is not None}
        body = {"files": encoded, "record": dict(record), **said}
        return self._mapping(self._connection.send("/insights", body=body, patience=UPLOAD_S).json())

    def insights(self) -> list[dict[str, Any]]:
        """List what was published here and is there for the caller."""
        return self._list(self._connection.get("/insights"), "insights")

    def insight(self, slug: str) -> dict[str, Any]:
        """Find one by its slug."""
        return self._mapping(self._connection.get(f"/insights/{part(slug)}"))

    def versions(self, slug: str) -> list[dict[str, Any]]:
        """List the versions of one, the newest first."""
        return self._list(self._connection.get(f"/insights/{part(slug)}/versions"), "versions")

    def version(self, slug: str, number: int) -> dict[str, Any]:
        """Find one version, with how its check goes."""
        return self._mapping(self._connection.get(f"/insights/{part(slug)}/versions/{int(number)}"))

    def change(self, slug: str, what: str, **said: Any) -> dict[str, Any]:
        """Change one of one's own; returns it as it stands then.

        Parameters
        ----------
        slug
            Which one.
        what
            ``rollback``, ``forget``, ``withdraw``, ``pause``, ``resume``, ``audience`` or ``thresholds``.
        **said
            What that takes: ``version``, ``reason``, ``audience``, or thresholds by name.
        """
        return self._mapping(self._connection.post(f"/insights/{part(slug)}/{part(what)}", said))

    def receipt(self, slug: str) -> dict[str, Any]:
        """Give the receipt of the current version, an RO-Crate."""
        return self._mapping(self._connection.get(f"/insights/{part(slug)}/receipt"))

    def tables(self, slug: str) -> tuple[int, list[dict[str, Any]]]:
        """List the tables of the current version that may be had, and say which version that is."""
        said = self._mapping(self._connection.get(f"/insights/{part(slug)}/tables"))
        return int(said.get("version") or 0), self._list(said, "tables")

    def table(self, slug: str, name: str) -> tuple[bytes, str]:
        """Give one table as Parquet, and the SHA-256 that the service states."""
        response = self._connection.send(f"/insights/{part(slug)}/tables/{part(name)}")
        return response.content, response.headers.get("etag", "").strip('"')

    def impact(self, entry: str) -> dict[str, Any]:
        """List the insights that rest on an entry."""
        return self._mapping(self._connection.get(f"/impact/{part(entry)}"))

    def releases(self) -> list[dict[str, Any]]:
        """List the releases that one asked for, or may check."""
        return self._list(self._connection.get("/releases"), "releases")

    def step(self, slug: str, number: int, to: str, why: str, audience: Sequence[str] = ()) -> dict[str, Any]:
        """Let a release take its next step.

        Parameters
        ----------
        slug, number
            Of which version of which insight.
        to
            The state to which it goes.
        why
            Why, in words that are kept.
        audience
            To whom it is to be opened, where it begins.
        """
        body = {"to": to, "why": why, "audience": list(audience)}
        return self._mapping(self._connection.post(f"/insights/{part(slug)}/releases/{int(number)}/steps", body))

    def workings(self, slug: str, number: int) -> dict[str, Any]:
        """Give the numbers that show why each cell is safe; to those who check the release alone."""
        said = self._mapping(self._connection.get(f"/insights/{part(slug)}/releases/{int(number)}/workings"))
        return self._mapping(said.get("workings"))


def insights_client() -> InsightsClient:
    """Find the service that this process talks to; raises ``SettingsError`` where there is none."""
    return InsightsClient.here()
