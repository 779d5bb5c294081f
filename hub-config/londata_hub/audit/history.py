"""How a line of the log proves the rows of the register's history that its change wrote."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from londata_hub.audit.chain import append, end
from londata_hub.audit.events import Event

PARTS = ("slug", "at", "source", "what", "fields", "generation", "content_hash")
#: The table as far as the log knows it; it belongs to the register.
history = sa.table("history", sa.column("id"), *(sa.column(name) for name in PARTS))


class HistoryDigest:
    """SHA-256 over rows of the history, in the order in which they were written."""

    def __init__(self) -> None:
        self._made = hashlib.sha256()
        self.rows = 0

    def add(self, row: Mapping[str, Any] | RowMapping) -> None:
        """Take in the next row."""
        self._made.update(json.dumps([row[name] for name in PARTS]).encode())
        self._made.update(b"\n")
        self.rows += 1

    def hexdigest(self) -> str:
        """Give the digest of the rows so far."""
        return self._made.hexdigest()


def take_over(connection: Connection) -> None:
    """Begin the log of a register that was there before it: one line that proves the history so far.

    ``connection`` is an open transaction, alone among writers.
    """
    if end(connection).seq:
        return
    digest, generation = HistoryDigest(), 0
    for row in connection.execute(sa.select(history).order_by(history.c.id)).mappings():
        digest.add(row)
        generation = max(generation, row["generation"])
    if digest.rows:
        details = {"generation": generation, "since": 0, "rows": digest.rows, "history": digest.hexdigest()}
        append(connection, [Event("register.changed", "londata-hub", details=details)], dt.datetime.now(dt.UTC))
