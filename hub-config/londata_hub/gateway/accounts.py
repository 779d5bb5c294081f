"""For whom a caller acts, and for which bodies that person works as of now.

The hub says who holds a token. Of a service account it knows no person; the register does, by the account's record,
and the hub then says in which groups that person is. A published insight has an owner in the same way: see
:mod:`londata_hub.gateway.insights`. What the hub says is believed for seconds, so that leaving a group acts on a
reading that is under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from londata.access import Subject
from londata.client import Endpoint
from londata.errors import AccessError, RegisterUnavailableError
from londata.records import ServiceAccount
from londata_hub.gateway.insights import Groups, Insights
from londata_hub.store import AccessStore

#: How the hub names what is no person.
SERVICE = "service/"
#: Asks the hub again who somebody is.
Again = Callable[[], Awaitable[Subject]]


@dataclass(frozen=True)
class Bound:
    """Something that acts for a person, for this one project; ``what`` it is, in words."""

    what: str
    project: str | None


class HubGroups:
    """Asks the hub in which groups somebody is. Call it with a name.

    Parameters
    ----------
    api_url
        The hub's API (``JUPYTERHUB_API_URL``).
    token
        The gateway's own token, which may read the groups of people and nothing else.
    keep_s
        Seconds for which the hub's answer is believed without asking again.
    most
        Most answers that are kept.
    """

    def __init__(self, api_url: str, token: str, *, keep_s: float = 10, most: int = 4096) -> None:
        self._hub = Endpoint.of(api_url)
        self._keep_s, self._most = keep_s, most
        self._known: dict[str, tuple[float, frozenset[str] | None]] = {}
        transport = httpx.AsyncHTTPTransport(uds=self._hub.socket) if self._hub.socket else None
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={"Authorization": f"token {token}"},
            timeout=5,
            trust_env=False,
            verify=self._hub.base.startswith("https:"),
        )

    async def __call__(self, person: str) -> frozenset[str] | None:
        """Name somebody's groups.

        Raises
        ------
        RegisterUnavailableError
            The hub does not answer.
        """
        asked_at, known = self._known.get(person, (float("-inf"), None))
        if time.monotonic() - asked_at < self._keep_s:
            return known
        asked_at = time.monotonic()
        groups = await self._ask(person)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[person] = (asked_at, groups)
        return groups

    async def _ask(self, person: str) -> frozenset[str] | None:
        try:
            answer = await self._client.get(f"{self._hub.base}/users/{quote(person, safe='')}")
            if answer.status_code == 404:
                return None
            said = answer.raise_for_status().json()
            if said["name"] != person or not all(isinstance(group, str) for group in said["groups"]):
                raise ValueError(person)
            return frozenset(said["groups"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RegisterUnavailableError(
                "The hub does not say for which body somebody works, so the gateway opens nothing for them.",
                hint="Try again in a minute; if that does not help, tell whoever runs the hub.",
            ) from error

    async def aclose(self) -> None:
        """Close the connections to the hub."""
        await self._client.aclose()


class Accounts:
    """Finds the person behind a caller.

    Parameters
    ----------
    store
        Where service accounts are recorded.
    groups
        In which groups a person is; :class:`HubGroups` in the hub.
    insights
        As whom published insights ask; without it none does.
    """

    def __init__(self, store: AccessStore, groups: Groups, insights: Insights | None = None) -> None:
        self._store = store
        self._groups = groups
        self._insights = insights

    async def acting(self, subject: Subject) -> tuple[Subject, Bound | None]:
        """Complete what the hub says about a caller: a service or an insight gets its owner, and the owner's groups.

        A service that no account names stays without an owner, and gets nothing that is not open.

        Raises
        ------
        AccessDeniedError
            It is an insight that is not there, or not any more.
        """
        if subject.insight and self._insights:
            found, publication = await self._insights.acting(subject.insight)
            return found, Bound("insight", publication.project)
        if not subject.name.startswith(SERVICE):
            return subject, None
        account = await self._account(subject.name)
        if account is None:
            return Subject(subject.name), None
        groups = await self._groups(account.owner)
        if groups is None:  # the owner has left
            return Subject(subject.name), None
        return Subject(subject.name, groups, account.owner), Bound("service account", account.project)

    async def now(self, subject: Subject, again: Again, project: str | None) -> Subject:
        """Tell what has become of a caller since they were let in.

        Parameters
        ----------
        subject
            The caller, completed.
        again
            Asks the hub again who they are: so a token that was revoked, or a group that was left, acts here.
        project
            The project for which they read.

        Returns
        -------
        Subject
            With the groups of now; nobody where they are no longer who they were.
        """
        try:
            current, bound = await self.acting(await again())
        except AccessError:
            return Subject("")
        if subject.owner and (bound is None or bound.project != project):
            return Subject(subject.name)
        return current if (current.name, current.owner) == (subject.name, subject.owner) else Subject("")

    async def _account(self, name: str) -> ServiceAccount | None:
        """Find the account of a service, by the hub's whole name for it or by the service's own."""
        for each in (name, name.removeprefix(SERVICE)):
            if found := await asyncio.to_thread(self._store.account, each):
                return found
        return None
