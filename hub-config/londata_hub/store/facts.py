"""What is known of the register as a whole: its name, how often it was written, its themes."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from londata_hub.store.tables import facts

#: Made with the tables: which register this is, and how often it was written.
IDENTITY, GENERATION = "identity", "generation"


def get(connection: Connection, name: str) -> Any:
    """Look up one fact; ``None`` when it is not there."""
    found = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
    return None if found is None else json.loads(found)


def put(connection: Connection, name: str, value: Any) -> None:
    """Write one fact, replacing what was there.

    Parameters
    ----------
    connection
        An open transaction that may write.
    name
        What the fact is called.
    value
        Anything that JSON can hold.
    """
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=json.dumps(value)))


def state(connection: Connection) -> tuple[str, int]:
    """Tell which register this is and how often it was written."""
    return str(get(connection, IDENTITY)), int(get(connection, GENERATION))
