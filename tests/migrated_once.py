"""The steps of the register's database, taken once for each kind of database and then done again as they were.

Several hundred tests begin with a new database. The first of a process goes through the migrations; what these wrote
into an empty database is noted, and written into every later empty one, which only gets an identity of its own. A
database that is not empty, because it is of a step before, always goes through the migrations themselves.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event, inspect, text

from londata_hub.store import database

_NOTED: dict[str, list[tuple[str, Any]]] = {}
_LOOKS = ("SELECT", "PRAGMA")
_migrate: Callable[[Connection], None] = database._upgrade


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest step."""
    kind = connection.dialect.name
    if inspect(connection).get_table_names():
        _migrate(connection)
    elif kind not in _NOTED:
        _NOTED[kind] = _noted(connection)
    else:
        for statement, parameters in _NOTED[kind]:
            connection.exec_driver_sql(statement, parameters)
        own = {"value": f'"{uuid.uuid4().hex}"'}
        changed = connection.execute(text("UPDATE facts SET value = :value WHERE name = 'identity'"), own)
        assert changed.rowcount == 1


def _noted(connection: Connection) -> list[tuple[str, Any]]:
    """Migrate, and give every statement that changed something."""
    statements: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if not statement.lstrip().upper().startswith(_LOOKS):
            statements.append((statement, parameters or None))

    event.listen(connection, "before_cursor_execute", note)
    try:
        _migrate(connection)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return statements
