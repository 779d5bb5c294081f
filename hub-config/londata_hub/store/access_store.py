"""Sharing: agreements, projects, grants, requests and holdings, the one decision over them, and the log of it all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from londata.access import Action, Arrangements, Decision, Subject, day, decide
from londata.errors import UsageError
from londata.records import Agreement, Entry, Grant, GrantEnd, Project, ServiceAccount, entry_from_json
from londata_hub import audit
from londata_hub.store import facts, tables
from londata_hub.store.arranging import Arranging, as_document
from londata_hub.store.changing import Change
from londata_hub.store.clock import Clock, wall
from londata_hub.store.database import Database
from londata_hub.store.holdings import Holding
from londata_hub.store.turns import Turns

#: Entries that are kept at hand after they were read.
MOST_KEPT = 1_000


class AccessStore:
    """Agreements, projects, grants, requests, holdings and the log, in the register's database.

    Every change is one transaction together with its line in the log.

    Parameters
    ----------
    database
        ``sqlite:///path`` or ``postgresql://…``.
    anchors
        Folder in which the end of the log is noted, outside the database.
    isolated
        Whether users are kept apart here; where they are not, open data is all that anybody may read.
    clock
        Who tells the time (aware).
    """

    def __init__(
        self,
        database: str,
        anchors: Path,
        *,
        isolated: bool = True,
        clock: Callable[[], dt.datetime] = wall,
    ) -> None:
        self._database = Database(database)
        self._arranging = Arranging(isolated)
        self._turns = Turns(self._changing)
        self._kept: dict[str, tuple[str, Entry]] = {}
        try:
            with self._database.reading() as connection:
                register, _ = facts.state(connection)
                last = audit.end(connection)
        except BaseException:
            self.close()
            raise
        self._anchors = audit.Anchors(anchors, register)
        self._clock = Clock(clock)
        self._learn(last)

    def __enter__(self) -> AccessStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def now(self) -> dt.datetime:
        """Tell the time in UTC. It never goes back: not when the machine's does, and not before the log's end."""
        return self._clock.now()

    def arrangements(self) -> Arrangements:
        """Give the arrangements as they stand, whoever changed them."""
        found = self._database.glance(_MARK)
        if kept := self._arranging.kept(int(json.loads(found)) if found else 0):
            return kept
        with self._database.reading() as connection:
            self._learn(audit.end(connection))  # what was ended by a faster clock is over by ours, too
            return self._arranging.read(connection)

    def entry(self, slug: str) -> Entry | None:
        """Find an entry in the table of entries; ``None`` when there is none, or it was withdrawn."""
        wanted = select(tables.entries.c.document, tables.entries.c.content_hash)
        wanted = wanted.where(tables.entries.c.slug == slug, tables.entries.c.withdrawn_at.is_(None))
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            return None
        kept = self._kept.get(slug)
        if kept is None or kept[0] != found.content_hash:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[slug] = (found.content_hash, entry_from_json(found.document))
        return kept[1]

    def decide(self, subject: Subject, action: Action, entry: Entry, project: str | None = None) -> Decision:
        """Decide by the arrangements as they stand, now. Not logged.

        Parameters
        ----------
        subject, action, entry, project
            As :func:`londata.access.decide` takes them.

        Returns
        -------
        Decision
            With its reasons.
        """
        arrangements = self.arrangements()
        return decide(subject, action, entry, project, self.now(), arrangements)

    def decide_and_log(
        self, subject: Subject, action: Action, entry: Entry, project: str | None = None, **details: Any
    ) -> tuple[Decision, int]:
        """Decide and write it down, whatever the answer.

        It is decided alone among writers: no grant that was ended by a line before this one allows anything.

        Parameters
        ----------
        subject, action, entry, project
            As :func:`londata.access.decide` takes them.
        details
            What else the line should say.

        Returns
        -------
        tuple of Decision and int
            The decision, and the number of its line; the line is committed.
        """

        def work(change: Change) -> tuple[Decision, int]:
            arrangements = self._arranging.read(change.connection)
            decision = decide(subject, action, entry, project, change.now, arrangements)
            return decision, change.log.add(_decided(subject, decision, details))

        return self._turns.share(work)

    def log(self, *events: audit.Event) -> int:
        """Write lines and tell the number of the last one; they are committed when this returns."""

        def work(change: Change) -> int:
            for event in events:
                change.log.add(event)
            return change.log.end.seq

        return self._turns.share(work)

    def record(self, record: Agreement | Project | ServiceAccount, by: str) -> bool:
        """Record an agreement, a project or a service account: a new version, if it differs from the newest one.

        Returns
        -------
        bool
            Whether it differed.
        """
        kind, table = _KINDS[type(record)]
        name = record.name if isinstance(record, ServiceAccount) else record.id
        document = as_document(record.to_dict())
        with self._alone() as change:
            newest = select(table.c.version, table.c.document).where(table.c.id == name)
            before = change.connection.execute(newest.order_by(table.c.version.desc()).limit(1)).one_or_none()
            if before and before.document == document:
                return False
            version = before.version + 1 if before else 1
            details = {"id": name, "version": version, "digest": audit.digest(document)}
            event = audit.Event(f"{kind}.recorded", by, details=details, **_about(record))
            values = {"id": name, "version": version, "document": document}
            written = audit.written(change.now)
            change.add(table, event, values | {"recorded_at": written, "recorded_by": by}, arranged=True)
        return True

    def account(self, name: str) -> ServiceAccount | None:
        """Find a service account."""
        return self.arrangements().accounts.get(name)

    def grant(self, grant: Grant, by: str) -> Grant:
        """Write a grant down as it is given, for operators and demonstrations; people's come from requests.

        Raises
        ------
        UsageError
            There is a grant of this id already.
        """
        with self._alone() as change:
            found = select(tables.grants.c.id).where(tables.grants.c.id == grant.id)
            if change.connection.execute(found).first():
                raise UsageError(f"There is a grant {grant.id!r} already.", hint="Give the new one another id.")
            change.grant(grant, by)
        return grant

    def end_grant(self, grant: str, by: str, reason: str) -> GrantEnd:
        """End a grant before its time.

        Parameters
        ----------
        grant
            Its id.
        by
            Who ends it.
        reason
            Why, as the person who held it will be told.

        Returns
        -------
        GrantEnd
            The record that ends it.

        Raises
        ------
        UsageError
            There is no such grant, or it is over already.
        """
        with self._alone() as change:
            found = select(tables.grants.c.document).where(tables.grants.c.id == grant)
            document = change.connection.execute(found).scalar()
            if document is None:
                raise UsageError(f"There is no grant {grant!r}.")
            ended = Grant.model_validate_json(document)
            over = next(
                each
                for each in self._arranging.read(change.connection).terms(ended.subject, ended.entry)
                if each.grant.id == grant
            ).end
            if over.at <= change.now:
                raise UsageError(f"The grant is over already: {over.what} ended on {day(over.at)}.")
            end = GrantEnd(grant=grant, ended_by=by, ended_at=change.now, reason=reason)
            change.end_grant(end, ended)
        return end

    def hold(self, holding: Holding, by: str) -> None:
        """Record where the bytes of a distribution are."""
        with self._alone() as change:
            change.hold(holding, by)

    def holding(self, entry: str, distribution: str) -> Holding | None:
        """Find where the bytes of a distribution are; ``None`` when nobody said."""
        table = tables.holdings
        wanted = select(table.c.document).where(table.c.entry == entry, table.c.distribution == distribution)
        with self._database.reading() as connection:
            document = connection.execute(wanted).scalar()
        return None if document is None else Holding(**json.loads(document))

    def holdings(self) -> list[Holding]:
        """List where all bytes are that the gateway serves."""
        wanted = select(tables.holdings.c.document).order_by(tables.holdings.c.entry, tables.holdings.c.distribution)
        with self._database.reading() as connection:
            return [Holding(**json.loads(document)) for document in connection.execute(wanted).scalars()]

    @contextmanager
    def _alone(self) -> Iterator[Change]:
        """Open a change that shares its transaction with nobody, because it may be refused half-way."""
        with self._turns.alone(), self._changing() as change:
            yield change

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """Open a change; afterwards note outside the database where the log ends."""
        with self._database.writing() as connection:
            change = Change(connection, self.now())
            yield change
            last = change.finish()
        self._learn(last)
        if last != change.log.before:
            self._anchor(change.log.before, last)

    def _learn(self, last: audit.End) -> None:
        """Learn from the end of the log how late it is at least."""
        if last.at:
            self._clock.not_before(dt.datetime.fromisoformat(last.at))

    def _anchor(self, before: audit.End, last: audit.End) -> None:
        def hash_of(seq: int) -> str | None:
            with self._database.reading() as connection:
                return audit.hash_of(connection, seq)

        self._anchors.move(audit.Anchor(last.seq, last.hash), audit.Anchor(before.seq, before.hash), hash_of)


_MARK = "SELECT value FROM facts WHERE name = 'arrangements'"
_KINDS: dict[type, tuple[str, Table]] = {
    Agreement: ("agreement", tables.agreements),
    Project: ("project", tables.projects),
    ServiceAccount: ("account", tables.accounts),
}


def _about(record: Agreement | Project | ServiceAccount) -> dict[str, str]:
    if isinstance(record, Agreement):
        return {"agreement": record.id}
    if isinstance(record, Project):
        return {"project": record.id}
    return {"subject": record.owner, "project": record.project}


def _decided(subject: Subject, decision: Decision, details: dict[str, Any]) -> audit.Event:
    said: dict[str, Any] = {"action": decision.action, "policy_version": decision.policy_version}
    if decision.grant:
        said["grant"] = decision.grant
    if decision.allowed:
        said |= {
            "purpose": decision.purpose,
            "until": decision.until,
            "columns": decision.columns,
            "rows": decision.rows.to_dict(),
        }
    else:
        said |= {"reasons": decision.reasons, "ended": decision.ended}
    return audit.Event(
        "decision.allowed" if decision.allowed else "decision.denied",
        subject.name,
        subject=subject.person,
        entry=decision.entry_id,
        project=decision.project or "",
        agreement=decision.agreement or "",
        details=details | said,
    )
