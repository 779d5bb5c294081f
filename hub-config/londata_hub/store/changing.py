"""One change: rows and the lines about them, in one transaction that is alone among writers."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, delete, insert

from londata.records import Grant, GrantEnd
from londata_hub import audit
from londata_hub.store import arranging, facts, tables
from londata_hub.store.arranging import as_document
from londata_hub.store.holdings import Holding


class Change:
    """What one transaction changes, at one moment. Each row names the line of the log that is about it.

    Parameters
    ----------
    connection
        The open transaction.
    now
        The time of all that it does.
    """

    def __init__(self, connection: Connection, now: dt.datetime) -> None:
        self.connection = connection
        self.log = audit.Appending(connection, now)
        #: To the millisecond, as the log writes it: who reads the log knows exactly when an end took effect.
        self.now = dt.datetime.fromisoformat(self.log.at)
        self._arranged = 0

    def add(self, table: Table, event: audit.Event, values: dict[str, Any], *, arranged: bool = False) -> None:
        """Add a row and the line about it.

        Parameters
        ----------
        table
            Where the row goes.
        event
            What the line says; it has the digest of the row's document.
        values
            The row, without the number of the line.
        arranged
            Whether decisions depend on it.
        """
        line = self.log.add(event)
        self.connection.execute(insert(table).values(line=line, **values))
        if arranged:
            self._arranged = line

    def grant(self, grant: Grant, by: str) -> None:
        """Make a grant."""
        document = as_document(grant.to_dict())
        event = audit.Event(
            "grant.made",
            by,
            subject=grant.subject,
            entry=grant.entry,
            project=grant.project,
            agreement=grant.agreement,
            details={"id": grant.id, "until": grant.until, "digest": audit.digest(document)},
        )
        self.add(tables.grants, event, {"id": grant.id, "document": document}, arranged=True)

    def end_grant(self, end: GrantEnd, grant: Grant) -> None:
        """End a grant before its time."""
        document = as_document(end.to_dict())
        event = audit.Event(
            "grant.ended",
            end.ended_by,
            subject=grant.subject,
            entry=grant.entry,
            project=grant.project,
            agreement=grant.agreement,
            details={"id": grant.id, "reason": end.reason, "digest": audit.digest(document)},
        )
        self.add(tables.grant_ends, event, {"grant_id": grant.id, "document": document}, arranged=True)

    def hold(self, holding: Holding, by: str) -> None:
        """Record where bytes are, in the place of what was recorded before."""
        document, table = as_document(asdict(holding)), tables.holdings
        where = (table.c.entry == holding.entry, table.c.distribution == holding.distribution)
        self.connection.execute(delete(table).where(*where))
        details = {"distribution": holding.distribution, "holder": holding.kind, "digest": audit.digest(document)}
        event = audit.Event("holding.recorded", by, entry=holding.entry, details=details)
        values = {"entry": holding.entry, "distribution": holding.distribution, "document": document}
        self.add(table, event, values)

    def finish(self) -> audit.End:
        """Write the lines; to be called once, before the transaction's end."""
        if self._arranged:
            facts.put(self.connection, arranging.MARK, self._arranged)
        return self.log.write()
