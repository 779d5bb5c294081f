"""The arrangements as they stand, kept in memory and followed line by line as they change."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Table, select

from londata.access import Arrangements
from londata.errors import RegisterUnavailableError
from londata.records import Agreement, Grant, GrantEnd, Project, Record, ServiceAccount, problems_of
from londata_hub.store import facts, tables

#: The fact that names the last line of the log that changed the arrangements.
MARK = "arrangements"

_R = TypeVar("_R", bound=Record)


def as_document(values: dict[str, Any]) -> str:
    """Write a document in the one way that gives one digest."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def mark(connection: Connection) -> int:
    """Tell which line of the log changed the arrangements last; 0 while there are none."""
    return int(facts.get(connection, MARK) or 0)


class Arranging:
    """What was read of the arrangements so far; only what is new is read.

    Parameters
    ----------
    isolated
        Whether users are kept apart here.
    """

    def __init__(self, isolated: bool) -> None:
        self._isolated = isolated
        self._lock = threading.Lock()
        self._mark = 0
        self._agreements: dict[str, Agreement] = {}
        self._projects: dict[str, Project] = {}
        self._accounts: dict[str, ServiceAccount] = {}
        self._grants: list[Grant] = []
        self._ends: list[GrantEnd] = []
        self._made: tuple[int, Arrangements] = (0, self._make())

    def kept(self, at: int) -> Arrangements | None:
        """Give the arrangements if they are still those of this mark."""
        arrangements = self._made
        return arrangements[1] if arrangements[0] == at else None

    def read(self, connection: Connection) -> Arrangements:
        """Give the arrangements as a transaction sees them. It must not have changed them itself."""
        now = mark(connection)
        if kept := self.kept(now):
            return kept
        with self._lock:
            if now < self._mark:  # an older copy of the database was put in place
                self._forget()
            if now > self._mark:
                self._follow(connection)
                self._mark = now
            self._made = (now, self._make())
            return self._made[1]

    def _forget(self) -> None:
        self._mark = 0
        for kept in (self._agreements, self._projects, self._accounts, self._grants, self._ends):
            kept.clear()

    def _make(self) -> Arrangements:
        return Arrangements(
            self._agreements.values(),
            self._projects.values(),
            self._grants,
            self._ends,
            self._accounts.values(),
            isolated=self._isolated,
        )

    def _follow(self, connection: Connection) -> None:
        """Read what was added since; later versions take the place of earlier ones."""
        self._agreements.update((each.id, each) for each in self._new(connection, tables.agreements, Agreement))
        self._projects.update((each.id, each) for each in self._new(connection, tables.projects, Project))
        self._accounts.update((each.name, each) for each in self._new(connection, tables.accounts, ServiceAccount))
        self._grants.extend(self._new(connection, tables.grants, Grant))
        self._ends.extend(self._new(connection, tables.grant_ends, GrantEnd))

    def _new(self, connection: Connection, table: Table, kind: type[_R]) -> Iterable[_R]:
        wanted = select(table.c.document).where(table.c.line > self._mark).order_by(table.c.line)
        try:
            return [kind.model_validate_json(document) for document in connection.execute(wanted).scalars()]
        except ValidationError as error:  # nothing is decided by half of what is arranged
            raise RegisterUnavailableError(
                f"A record in the table {table.name} is none: {problems_of(error)[0]}.",
                hint="Somebody altered the database, or a newer londata wrote it: see `londata-hub audit verify`.",
            ) from error
