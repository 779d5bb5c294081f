"""The rows that lines of the log are about: each must be there, as it was when its line was written."""

from __future__ import annotations

import bisect
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from londata_hub.audit.history import HistoryDigest, history
from londata_hub.audit.insight_proofs import InsightProofs

_F = TypeVar("_F")

#: Kinds of lines that are each about one row: the table, and the column that has the row's name.
_ROWS = {
    "agreement.recorded": ("agreements", "id"),
    "project.recorded": ("projects", "id"),
    "account.recorded": ("accounts", "id"),
    "grant.made": ("grants", "id"),
    "grant.ended": ("grant_ends", "grant_id"),
    "request.made": ("requests", "id"),
    "request.approved": ("request_decisions", "request_id"),
    "request.refused": ("request_decisions", "request_id"),
    "request.withdrawn": ("request_decisions", "request_id"),
    "holding.recorded": ("holdings", "distribution"),
    "schedule.recorded": ("schedules", "id"),
    "schedule.paused": ("schedules", "id"),
    "schedule.resumed": ("schedules", "id"),
    "schedule.ended": ("schedules", "id"),
}
#: Tables of what stands now: of several lines about a row, the one that it names has its digest.
_REPLACED = ("holdings", "schedules")
#: Those on which decisions depend; the last one is noted beside them.
_ARRANGING = ("agreement.recorded", "project.recorded", "account.recorded", "grant.made", "grant.ended")
_FACTS = sa.table("facts", sa.column("name"), sa.column("value"))
_ENTRIES = sa.table("entries", *(sa.column(name) for name in ("slug", "document", "withdrawn_at", "listing", "access")))


class Proofs:
    """What the lines say about rows, gathered while going over them."""

    takes = frozenset((*_ROWS, *InsightProofs.takes, "register.changed"))

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, tuple[str, str]]] = {}
        self._generations: list[int] = []
        self._history: list[tuple[int, str]] = []
        self._noted: dict[str, tuple[int, str]] = {}
        self._arranged = 0
        self._insights = InsightProofs()

    def take(self, seq: int, values: Mapping[str, Any]) -> None:
        """Remember what a line says of rows, if it says anything of them."""
        what, details = values.get("what"), values.get("details", {})
        if what not in self.takes:
            return
        if what in self._insights.takes:
            self._insights.take(seq, values)
            return
        if what == "register.changed":
            if "history" in details:
                self._generations.append(details["generation"])
                self._history.append((seq, details["history"]))
            self._noted.update((name, (seq, digest)) for name, digest in details.get("noted", {}).items())
            return
        table, _ = _ROWS[what]
        name = details.get("distribution" if table == "holdings" else "id", "")
        self._rows.setdefault(table, {})[seq] = (str(name), details.get("digest", ""))
        if what in _ARRANGING:
            self._arranged = seq

    def compare(self, connection: Connection, finding: Callable[[int, str], _F]) -> Iterator[_F]:
        """Find rows that are not as the lines say.

        Parameters
        ----------
        connection
            The transaction in which the lines were read.
        finding
            Makes a finding of a line's number and a text.

        Yields
        ------
        finding
            One for each row.
        """
        for line, text in self._wrong(connection):
            yield finding(line, text)

    def _wrong(self, connection: Connection) -> Iterator[tuple[int, str]]:
        for name, key in sorted(set(_ROWS.values())):
            yield from self._of_table(connection, name, key)
        latest = yield from self._of_history(connection)
        yield from self._of_entries(connection, latest)
        yield from self._of_facts(connection)
        yield from self._insights.wrong(connection)

    def _of_table(self, connection: Connection, name: str, key: str) -> Iterator[tuple[int, str]]:
        proved, there = self._rows.get(name, {}), set()
        table = sa.table(name, sa.column(key), sa.column("line"), sa.column("document"))
        for row in connection.execute(sa.select(table.c[key], table.c.line, table.c.document)):
            said = proved.pop(row.line, None)
            there.add(str(row[0]))
            if said is None:
                yield row.line, f"no line is about {row[0]} in the table {name}: somebody put it there"
            elif said != (row[0], hashlib.sha256(row.document.encode()).hexdigest()):
                yield row.line, f"{row[0]} in the table {name} is not what line {row.line:,} says of it"
        for line, (gone, _) in sorted(proved.items()):
            if name not in _REPLACED or gone not in there:
                yield line, f"{gone}, which line {line:,} is about, was removed from the table {name}"

    def _of_history(self, connection: Connection) -> Any:
        """Compare the history with the lines about it, and give the last line of each entry."""
        made = [HistoryDigest() for _ in self._history]
        latest: dict[str, tuple[str, str | None]] = {}
        rows = connection.execution_options(yield_per=5_000).execute(sa.select(history).order_by(history.c.id))
        for row in rows.mappings():
            latest[row["slug"]] = (row["what"], row["content_hash"])
            place = bisect.bisect_left(self._generations, row["generation"])
            if place < len(made):
                made[place].add(row)
            else:
                yield 0, f"no line is about change {row['id']:,} in the history of {row['slug']}"
        for (line, digest), found in zip(self._history, made, strict=True):
            if digest != found.hexdigest():
                yield line, f"the history of the register is not what line {line:,} says: rows were altered"
        return latest

    def _of_entries(
        self, connection: Connection, latest: Mapping[str, tuple[str, str | None]]
    ) -> Iterator[tuple[int, str]]:
        """Compare each entry with the last line of its history."""
        rows = connection.execution_options(yield_per=1_000).execute(sa.select(_ENTRIES))
        seen = set()
        for slug, document, withdrawn_at, listing, access in rows:
            seen.add(slug)
            what, content_hash = latest.get(slug, ("", ""))
            digest = hashlib.sha256(document.encode()).hexdigest()
            if not what:
                yield 0, f"the entry {slug} has no history: somebody put it there"
            elif content_hash is not None and digest != content_hash:
                yield 0, f"the entry {slug} is not what its history says"
            elif (what == "withdrawn") != (withdrawn_at is not None):
                yield 0, f"the entry {slug} was withdrawn or restored, and its history does not say so"
            else:
                values = json.loads(document)
                if (values.get("listing", "public"), values.get("access")) != (listing, access):
                    yield 0, f"the columns beside the entry {slug} say something else than the entry"
        for slug in sorted(latest.keys() - seen):
            yield 0, f"the entry {slug}, which has a history, was removed"

    def _of_facts(self, connection: Connection) -> Iterator[tuple[int, str]]:
        known = {row.name: row.value for row in connection.execute(sa.select(_FACTS))}
        for name, (line, digest) in sorted(self._noted.items()):
            if hashlib.sha256(known.get(name, "").encode()).hexdigest() != digest:
                yield line, f"what is known of the register as {name} is not what line {line:,} says"
        if int(known.get("arrangements", "0")) != self._arranged:
            yield self._arranged, "the number of the last change of the arrangements was altered"
