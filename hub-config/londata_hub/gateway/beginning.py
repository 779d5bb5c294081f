"""How a reading begins: decided and written down, for one project of one session, then opened."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from londata.access import Decision, Subject, days_left, until_in_words
from londata.errors import (
    AccessDeniedError,
    AmbiguousDistributionError,
    EntryNotFoundError,
    LondataError,
    QueryError,
    RegisterUnavailableError,
    UsageError,
)
from londata.records import Distribution, Entry
from londata.records.identifiers import MAX_SLUG, SLUG
from londata_hub.audit import Event
from londata_hub.gateway.accounts import Accounts, Again, Bound
from londata_hub.gateway.opening import Opened, Opener
from londata_hub.gateway.readings import Reading, Readings, reading_of, session_of
from londata_hub.gateway.sessions import Peer, Projects, another_project
from londata_hub.store import AccessStore
from londata_hub.store.noticing import THRESHOLDS

#: Days before an end from which on a reading comes with a warning; notices begin then, too.
WARN_DAYS = max(THRESHOLDS)
#: How often a reading is opened anew because what is arranged changed meanwhile.
TRIES = 3


@dataclass(frozen=True)
class Asked:
    """What somebody asks to read, and for which project."""

    entry: str
    distribution: str = ""
    project: str | None = None

    @classmethod
    def of(cls, said: Any) -> Asked:
        """Take a request's body.

        Raises
        ------
        QueryError
            It has other fields than these, or other values than slugs.
        """
        if not isinstance(said, Mapping):
            raise QueryError("The body of the request is no JSON object.", hint=_SHAPE)
        if unknown := sorted(set(said) - {"entry", "distribution", "project"}):
            raise QueryError(f"There is no parameter {unknown[0][:80]!r}.", hint=_SHAPE)
        for name, value in said.items():
            wanted = isinstance(value, str) and len(value) <= MAX_SLUG and SLUG.match(value)
            if not wanted and (value is not None or name == "entry"):
                raise QueryError(f"The parameter {name} is not a name as the catalog writes it.", hint=_SHAPE)
        if "entry" not in said:
            raise QueryError("The parameter entry is missing.", hint=_SHAPE)
        return cls(said["entry"], said.get("distribution") or "", said.get("project"))


_SHAPE = 'Send {"entry": "…", "distribution": "…", "project": "…"}; the distribution may be left out.'


class Beginning:
    """Begins readings.

    Parameters
    ----------
    store
        Decides, and keeps the log.
    opener
        Opens the bytes.
    accounts
        Knows for whom somebody acts.
    projects
        Knows which session works for which project.
    readings
        Where what begins is entered.
    """

    def __init__(
        self, store: AccessStore, opener: Opener, accounts: Accounts, projects: Projects, readings: Readings
    ) -> None:
        self._store, self._opener, self._accounts = store, opener, accounts
        self._projects, self._readings = projects, readings

    async def begin(self, again: Again, peer: Peer | None, asked: Asked) -> tuple[str, Reading]:
        """Begin a reading.

        Parameters
        ----------
        again
            Asks the hub who the caller is: now, and as long as the reading lasts.
        peer
            From which session, where that can be told.
        asked
            What for.

        Returns
        -------
        tuple of str and Reading
            The token, which is kept nowhere, and what it is good for.

        Raises
        ------
        EntryNotFoundError
            There is no such entry or distribution, or nobody tells the caller that there is.
        AccessDeniedError
            It may not be read, or the session works for another project.
        FetchError
            The bytes cannot be had.
        """
        subject, bound = await self._accounts.acting(await again())
        if subject.insight and asked.project is None and bound:
            asked = replace(asked, project=bound.project)
        entry = await asyncio.to_thread(self._store.entry, asked.entry)
        if entry is None:
            await self._deny(subject, asked, peer, "There is no such entry.")
            raise _no_such_entry(asked.entry)
        refusal = self._refusal(subject, peer, asked, bound, is_open=entry.access == "open")
        if refusal:
            await self._deny(subject, asked, peer, refusal.message)
            raise refusal if await self._sees(subject, entry) else _no_such_entry(asked.entry)
        for _ in range(TRIES):
            if reading := await self._begun(subject, entry, again, peer, asked):
                token = secrets.token_urlsafe(32)
                await self._readings.add(token, reading)
                return token, reading
        raise RegisterUnavailableError("What is arranged about this data is being changed.", hint="Ask again.")

    async def _begun(
        self, subject: Subject, entry: Entry, again: Again, peer: Peer | None, asked: Asked
    ) -> Reading | None:
        """Open the bytes, then decide and write down in one that they may leave; ``None`` if other terms came between.

        The bytes are opened by a decision that nobody wrote down yet: nothing leaves by it.
        """
        trial = await asyncio.to_thread(self._store.decide, subject, "read", entry, asked.project)
        if not trial.allowed:
            decision, *_ = await self._write_down(subject, entry, peer, asked)
            if not decision.allowed and not await self._sees(subject, entry):
                raise _no_such_entry(asked.entry)
            decision.require()
            return None
        await self._claim(subject, peer, asked, trial)
        try:
            distribution = _chosen(entry, asked.distribution)
            opened = await self._opener.open(entry, distribution, trial)
        except Exception as error:
            why = error.message if isinstance(error, LondataError) else type(error).__name__
            await self._write_down(subject, entry, peer, asked, failed=why)
            raise
        more = {"decision": trial, "line": 0, "opened": opened, "again": again, "now": self._store.now()}
        reading = reading_of(subject, peer, entry, distribution, **more)
        decision, _, begun = await self._write_down(subject, entry, peer, asked, reading.allowed_by)
        decision.require()
        if not begun:
            return None
        reading.is_begun(begun)
        return reading

    async def _write_down(
        self,
        subject: Subject,
        entry: Entry,
        peer: Peer | None,
        asked: Asked,
        begun: Callable[[Decision, int], Event | None] = lambda *_: None,
        **more: Any,
    ) -> tuple[Decision, int, int]:
        session = session_of(subject, peer.own if peer else None)
        details = {"distribution": asked.distribution, "session": session} | more
        decide = partial(self._store.decide_and_begin, subject, entry, asked.project, begun, **details)
        return await asyncio.to_thread(decide)

    async def told(self, token: str, reading: Reading) -> dict[str, Any]:
        """Write down for the caller what may be read, and until when."""
        agreements = await asyncio.to_thread(lambda: self._store.arrangements().agreements)
        opened, decision, entry = reading.opened, reading.decision, reading.entry
        agreement = agreements.get(decision.agreement or "")
        return {
            "token": token,
            "expires_at": reading.expires_at.isoformat(),
            "decision": reading.line,
            "path": f"/data/{entry.id}/{reading.distribution.id}",
            "entry": entry.id,
            "title": entry.title,
            "access": entry.access,
            "distribution": reading.distribution.id,
            "media_type": opened.media_type,
            "size_bytes": opened.size_bytes,
            "sha256": opened.sha256,
            "version": opened.version,
            "rows": opened.rows,
            "columns": None if opened.columns is None else list(opened.columns),
            "row_filter": str(decision.rows),
            "agreement": decision.agreement,
            "project": decision.project,
            "purpose": decision.purpose,
            "grant": decision.grant,
            "until": decision.until.isoformat() if decision.until else None,
            "outputs": agreement.outputs if agreement else None,
            "policy_version": decision.policy_version,
            "direct": _direct(opened, self._store.now()),
            "warning": self._warning(reading),
        }

    def _warning(self, reading: Reading) -> str | None:
        until, now = reading.decision.until, self._store.now()
        if until is None or days_left(until, now) > WARN_DAYS:
            return None
        return f"Your access to “{reading.entry.title}” is {until_in_words(until, now)}."

    def _refusal(
        self, subject: Subject, peer: Peer | None, asked: Asked, bound: Bound | None, *, is_open: bool
    ) -> AccessDeniedError | None:
        """Say why it cannot be asked for this project, whatever the grants."""
        if is_open or asked.project is None:
            return None
        if bound is not None and asked.project != bound.project:
            only = f"for the project {bound.project}, and for no other" if bound.project else "for no project"
            hint = "Use the account of the other project, or ask whoever runs the hub for one."
            return AccessDeniedError(
                f"This {bound.what} acts {only}.",
                hint="Publish it for the other project." if subject.insight else hint,
            )
        if subject.insight:  # a session of its own, beside all others of the service that asks for it
            return None
        works_for = self._projects.other(peer, asked.project)
        return another_project(works_for, asked.project) if works_for else None

    async def _claim(self, subject: Subject, peer: Peer | None, asked: Asked, decision: Decision) -> None:
        """Fix the session's project; of two that come at the same time, one is refused."""
        if decision.agreement and decision.project and not subject.insight:
            try:
                self._projects.claim(peer, decision.project)
            except AccessDeniedError as refusal:
                await self._deny(subject, asked, peer, refusal.message)
                raise

    async def _sees(self, subject: Subject, entry: Entry) -> bool:
        return (await asyncio.to_thread(self._store.decide, subject, "see", entry)).allowed

    async def _deny(self, subject: Subject, asked: Asked, peer: Peer | None, reason: str) -> None:
        details = {
            "action": "read",
            "reasons": [reason],
            "ended": False,
            "distribution": asked.distribution,
            "session": session_of(subject, peer.own if peer else None),
        }
        event = Event(
            "decision.denied",
            subject.name,
            subject=subject.person,
            entry=asked.entry,
            project=asked.project or "",
            details=details,
        )
        await asyncio.to_thread(self._store.log, event)


def _chosen(entry: Entry, name: str) -> Distribution:
    """Choose a distribution: the one that is named, or the only one that comes through the gateway."""
    offered = [each for each in entry.distributions if each.through == "gateway"]
    there = ", ".join(each.id for each in offered) or "none"
    if name:
        for distribution in offered:
            if distribution.id == name:
                return distribution
        raise EntryNotFoundError(
            f"{entry.id} has no distribution {name!r} that comes through the gateway.", hint=f"It has: {there}."
        )
    if len(offered) > 1:
        raise AmbiguousDistributionError(f"{entry.id} has several distributions.", hint=f"Name one of: {there}.")
    if not offered:
        raise UsageError(
            f"No data of “{entry.title}” comes through the gateway.", hint="Its record says where it can be had."
        )
    return offered[0]


def _direct(opened: Opened, now: dt.datetime) -> dict[str, str] | None:
    """Hand out the address at the holder's store, where there is one that is still good."""
    if not opened.direct or opened.direct_until is None or now >= opened.direct_until:
        return None
    return {"address": opened.direct_address(now), "until": opened.direct_until.isoformat()}


def _no_such_entry(slug: str) -> LondataError:
    return EntryNotFoundError(f"There is no entry {slug!r}.", hint="Search for it, or ask what is near.")
