"""Lines and how they hang together: each hash is made of the one before it and of the line's own text."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from londata_hub.audit.events import Event
from londata_hub.audit.tables import audit as table

#: What stands before the first line.
BEGINNING = "0" * 64
#: The parts of a line that are repeated in columns.
COLUMNS = ("what", "actor", "subject", "entry", "project", "agreement")
_LAST = select(table.c.seq, table.c.hash, table.c.at).order_by(table.c.seq.desc()).limit(1)
_INSERTING = insert(table)


@dataclass(frozen=True)
class End:
    """The last line of a log: its number (0: there is none), its hash and its time."""

    seq: int
    hash: str
    at: str


def end(connection: Connection) -> End:
    """Look up the last line."""
    found = connection.execute(_LAST).one_or_none()
    return End(found.seq, found.hash, found.at) if found else End(0, BEGINNING, "")


def hash_of(connection: Connection, seq: int) -> str | None:
    """Look up the hash of a line; ``None`` when there is no such line."""
    return connection.execute(select(table.c.hash).where(table.c.seq == seq)).scalar()


def digest(document: str) -> str:
    """Make the SHA-256 by which a line proves a row's document."""
    return hashlib.sha256(document.encode()).hexdigest()


def chained(previous: str, line: str) -> str:
    """Make the hash of a line."""
    return hashlib.sha256((previous + line).encode()).hexdigest()


def written(moment: dt.datetime) -> str:
    """Write a time so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def as_column(text: str) -> str:
    """Write text so that every database takes it: no name may keep a line from being written."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class Appending:
    """Lines that are being added in one transaction, which must be alone among writers.

    Parameters
    ----------
    connection
        The open transaction.
    now
        The time of the lines; they carry a later one when the log has got further already.
    """

    def __init__(self, connection: Connection, now: dt.datetime) -> None:
        self._connection = connection
        self.before = end(connection)
        self.end = self.before
        self.at = max(written(now), self.before.at)
        self._rows: list[dict[str, Any]] = []

    def add(self, event: Event) -> int:
        """Add a line and tell its number. It is in the database after :meth:`write`."""
        seq = self.end.seq + 1
        parts = {name: str(getattr(event, name)) for name in COLUMNS}
        details = dict(event.details)
        line = _canonical({"seq": seq, "at": self.at, **parts, "details": details})
        self.end = End(seq, chained(self.end.hash, line), self.at)
        columns = {name: as_column(value) for name, value in parts.items()}
        self._rows.append({"seq": seq, "at": self.at, **columns, "line": line, "hash": self.end.hash})
        return seq

    def write(self) -> End:
        """Put the lines into the database; to be called once, before the transaction's end."""
        if self._rows:
            self._connection.execute(_INSERTING, self._rows)
        return self.end


def append(connection: Connection, events: Iterable[Event], now: dt.datetime) -> End:
    """Add lines within a transaction that is alone among writers.

    Parameters
    ----------
    connection
        The open transaction.
    events
        What happened, in order.
    now
        The time of the lines.

    Returns
    -------
    End
        The last line.
    """
    appending = Appending(connection, now)
    for event in events:
        appending.add(event)
    return appending.write()


def _canonical(values: dict[str, Any]) -> str:
    """Write JSON in the one way that gives one hash: keys sorted, no spaces, every other letter escaped."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    return str(value)
