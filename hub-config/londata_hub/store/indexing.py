"""How the index follows the database: after every write, and whenever a store is opened.

The index carries the name of the state that it shows, ``<register>@<generation>``. Whatever it misses, because it is
new, from another register, or because somebody stopped between the database's commit and the index's, is made up here.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from londata.records import Entry, entry_from_json
from londata.search_index import SearchIndex
from londata_hub.store import facts
from londata_hub.store.database import Database
from londata_hub.store.tables import entries as table

#: Rows that are read at a time.
CHUNK = 2_000
#: An index that misses more than this share of all entries is built anew.
MUCH = 0.3


def catch_up(database: Database, index: SearchIndex) -> None:
    """Bring the index to the state of the database; costs one look when it is there."""
    while True:
        with database.reading() as connection:
            register, generation = facts.state(connection)
            before = index.state
            if before == f"{register}@{generation}":
                return
            behind = _behind(connection, before, register)
            if behind is not None:
                missing = select(table.c.document, table.c.slug, table.c.withdrawn_at)
                rows = connection.execute(missing.where(table.c.generation > behind)).all()
                entries = (entry_from_json(row.document) for row in rows if row.withdrawn_at is None)
                gone = [row.slug for row in rows if row.withdrawn_at is not None]
                index.update(entries, gone, state=f"{register}@{generation}", after=before)
                continue
        rebuild(database, index)


def rebuild(database: Database, index: SearchIndex) -> None:
    """Build the index anew from one state of the database."""
    with database.reading() as connection:
        register, generation = facts.state(connection)
        index.rebuild(_all(connection), state=f"{register}@{generation}")


def _behind(connection: Connection, state: str | None, register: str) -> int | None:
    """Tell from which generation on the index misses something; ``None`` when it is better built anew."""
    name, _, number = (state or "").rpartition("@")
    if name != register or not number.isdigit():
        return None
    missing = connection.execute(select(func.count()).where(table.c.generation > int(number))).scalar_one()
    every = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return int(number) if missing <= every * MUCH else None


def _all(connection: Connection) -> Iterator[Entry]:
    wanted = select(table.c.document).where(table.c.withdrawn_at.is_(None)).order_by(table.c.slug)
    found = connection.execution_options(yield_per=CHUNK).execute(wanted)
    for document in found.scalars():
        yield entry_from_json(document)
