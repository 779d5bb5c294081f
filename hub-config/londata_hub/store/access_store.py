"""Sharing: agreements, projects, grants, requests and holdings, on top of the one decision and the log of it all."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial

from sqlalchemy import Table, select

from londata.access import STEWARDS, Subject
from londata.errors import UsageError
from londata.records import AccessRequest, Agreement, Entry, Grant, GrantEnd, Project, ServiceAccount
from londata_hub import audit
from londata_hub.store import noticing, requesting, tables
from londata_hub.store.arranging import as_document
from londata_hub.store.covering import of_anybody
from londata_hub.store.holdings import Holding
from londata_hub.store.ledger import Ledger
from londata_hub.store.noticing import Notice


class AccessStore(Ledger):
    """Agreements, projects, grants, requests, holdings and the log, in the register's database.

    Every change is one transaction together with its line in the log. It is opened as a
    :class:`~londata_hub.store.ledger.Ledger` is.
    """

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
            change.add(
                table, event, values | {"recorded_at": written, "recorded_by": audit.as_column(by)}, arranged=True
            )
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
            term = self._arranging.read(change.connection).term(grant)
            if term is None:
                raise UsageError(f"There is no grant {grant!r}.")
            if term.end.at <= change.now:
                raise UsageError(f"It is over already: {of_anybody(term.end)}.")
            end = GrantEnd(grant=grant, ended_by=by, ended_at=change.now, reason=reason)
            change.end_grant(end, term.grant)
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

    def ask(self, subject: Subject, entry: Entry, project: str, why: str) -> AccessRequest:
        """Ask for access to an entry's data, for a project.

        Parameters
        ----------
        subject
            Who asks; what groups they are in is kept with the request.
        entry
            For what.
        project
            For which of their projects.
        why
            What it is needed for, in their own words.

        Returns
        -------
        AccessRequest
            With the project's purpose, and the agreement that would cover it.

        Raises
        ------
        EntryNotFoundError
            They may not see the entry.
        UsageError
            The data is open, they are not a member of the project, or have asked already.
        """
        with self._alone() as change:
            return requesting.ask(change, self._arranging.read(change.connection), subject, entry, project, why)

    def requests(self, *, state: str | None = None, subject: str | None = None) -> list[AccessRequest]:
        """List requests, newest first.

        Parameters
        ----------
        state
            Only those that are ``open``, ``approved``, ``refused`` or ``withdrawn``.
        subject
            Only those of this person.

        Returns
        -------
        list of AccessRequest
            With what became of each.
        """
        with self._database.reading() as connection:
            found = requesting.listed(connection, subject=subject)
        return [each for each in found if state in (None, each.state)]

    def approve(self, steward: Subject, request: str, until: dt.datetime) -> AccessRequest:
        """Approve a request: make the grant.

        Parameters
        ----------
        steward
            Who decides.
        request
            Its id.
        until
            When the grant is to end (aware).

        Returns
        -------
        AccessRequest
            As it stands now, with the grant's id.

        Raises
        ------
        AccessDeniedError
            They are no steward of the entry, or it is their own request.
        UsageError
            It is decided already, ``until`` is past or later than what it rests on allows, or the grant would not
            let them read: no agreement covers it, or another condition fails.
        """
        with self._alone() as change:
            decided = requesting.to_decide(change, steward, request, partial(self._find, change.connection))
            return requesting.approve(change, self._arranging.read(change.connection), decided, steward, until)

    def refuse(self, steward: Subject, request: str, reason: str) -> AccessRequest:
        """Refuse a request.

        Parameters
        ----------
        steward
            Who decides.
        request
            Its id.
        reason
            Why, as the person who asked will be told.

        Returns
        -------
        AccessRequest
            As it stands now.

        Raises
        ------
        AccessDeniedError
            They are no steward of the entry, or it is their own request.
        UsageError
            It is decided already, or there is no reason.
        """
        with self._alone() as change:
            decided = requesting.to_decide(change, steward, request, partial(self._find, change.connection))
            return requesting.refuse(change, decided, steward, reason)

    def withdraw(self, subject: Subject, request: str) -> AccessRequest:
        """Take a request back.

        Raises
        ------
        UsageError
            They have made no such request, or it is decided already.
        """
        with self._alone() as change:
            return requesting.withdraw(change, subject, request)

    def counts(self) -> dict[str, audit.Counts]:
        """Count, per agreement, the projects, people, readings, bytes and denials that the log tells of."""
        with self._counting, self._database.reading() as connection:
            return self._tally.counts(connection)

    def notices(self, subject: Subject) -> list[Notice]:
        """Tell somebody what is new: grants that end soon or ended, requests decided, and requests to decide.

        That a grant ends soon is logged the first time that it is told, for each of 90, 30 and 7 days.
        """
        arrangements, now = self.arrangements(), self.now()
        requests = self.requests() if STEWARDS in subject.groups else self.requests(subject=subject.person)
        told = noticing.notices(subject, now, arrangements, requests, self.entry)
        with self._database.reading() as connection:
            told += noticing.of_insights(connection, subject)
            new = noticing.not_logged(connection, subject, told)
        if new:
            with self._alone() as change:
                for event in noticing.not_logged(change.connection, subject, told):
                    change.log.add(event)
        return told


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
