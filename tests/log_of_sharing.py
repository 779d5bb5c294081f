"""The log of sharing as a test looks at it: its lines, and what verifying it finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text

from londata_hub import audit
from londata_hub.store.database import Database


def lines(address: str) -> list[dict[str, Any]]:
    """Read the log."""
    opened = Database(address)
    with opened.reading() as connection:
        found = [json.loads(line) for line in connection.execute(text("SELECT line FROM audit ORDER BY seq")).scalars()]
    opened.close()
    return found


def whats(address: str) -> list[str]:
    return [line["what"] for line in lines(address)]


def findings(address: str, folder: Path) -> list[str]:
    """Verify the log."""
    opened = Database(address)
    with opened.reading() as connection:
        name = json.loads(connection.execute(text("SELECT value FROM facts WHERE name = 'identity'")).scalar_one())
        anchors = audit.Anchors(folder / "audit-anchors", name).read()
        found = [each.text for each in audit.verify(connection, anchors)]
    opened.close()
    return found
