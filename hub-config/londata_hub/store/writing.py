"""How entries go into the database: compare with what is there, write what differs, keep what was."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Row, bindparam, func, insert, select, update

from londata.records import Entry
from londata_hub import audit
from londata_hub.store import facts
from londata_hub.store.reports import Known, Original, Refusal, UpsertReport
from londata_hub.store.tables import entries as table
from londata_hub.store.tables import history, originals, sources

#: Rows that are compared and written at a time; also below every database's limit of parameters.
BATCH = 500

_KNOWN = (table.c.slug, table.c.source, table.c.content_hash, table.c.document, table.c.withdrawn_at)


def rows(connection: Connection, columns: Sequence[Column[Any]], slugs: Sequence[str]) -> Iterator[Row[Any]]:
    """Read rows of entries by their slugs.

    Parameters
    ----------
    connection
        An open transaction.
    columns
        Which columns of the table of entries.
    slugs
        Which entries, withdrawn ones included; a slug that is not there is left out.

    Returns
    -------
    Iterator of Row
        One row per entry that is there, in no order.
    """
    remaining = iter(slugs)
    while some := list(islice(remaining, BATCH)):
        yield from connection.execute(select(*columns).where(table.c.slug.in_(some)))


def known(connection: Connection, source: str) -> dict[str, Known]:
    """Read what the register shows of a source's records."""
    versions = select(originals.c.slug, func.min(originals.c.content_hash)).join(
        table, table.c.slug == originals.c.slug
    )
    versions = versions.where(table.c.source == source).group_by(originals.c.slug).having(func.count() == 1)
    hashes = {row[0]: row[1] for row in connection.execute(versions)}
    shown = select(table.c.source_id, table.c.slug, table.c.document)
    rows = connection.execute(shown.where(table.c.source == source, table.c.withdrawn_at.is_(None)))
    return {
        identifier: Known(slug, hashes.get(slug, ""), tuple(orjson.loads(document).get("flags", ())))
        for identifier, slug, document in rows
    }


def restricted(connection: Connection) -> dict[str, str]:
    """Read which entries not everybody may see, and who may."""
    wanted = select(table.c.slug, table.c.listing).where(table.c.listing.in_(("members", "hidden")))
    found = connection.execute(wanted.where(table.c.withdrawn_at.is_(None)))
    return {row.slug: row.listing for row in found}


def log_note(connection: Connection, values: Mapping[str, Any], generation: int) -> None:
    """Write the line that says what was noted of the register as a whole.

    Parameters
    ----------
    connection
        An open transaction, alone among writers.
    values
        What was noted, by its name.
    generation
        Of the register, with this.
    """
    noted = {name: audit.digest(json.dumps(value)) for name, value in values.items()}
    event = audit.Event("register.changed", "londata-hub", details={"generation": generation, "noted": noted})
    audit.append(connection, [event], dt.datetime.now(dt.UTC))


def upsert(
    connection: Connection,
    entries: Iterable[Entry],
    source: str,
    records: Mapping[str, Original],
    *,
    complete: bool,
    same: Iterable[str],
) -> UpsertReport:
    """Write entries and their history in the transaction of ``connection``.

    Parameters
    ----------
    connection
        An open transaction, alone among writers.
    entries
        New, changed or the same; they are taken batch by batch.
    source
        Where they come from.
    records
        By slug: the source's own record, kept whole.
    complete
        Whether these, and those in ``same``, are all that the source has: the others are withdrawn.
    same
        Slugs that are known to be as they are here.

    Returns
    -------
    UpsertReport
        How many were added, changed, withdrawn …, and which were refused and why.
    """
    work = _Upsert(connection, source, records)
    work.pass_over(same)
    remaining = iter(entries)
    while some := list(islice(remaining, BATCH)):
        work.take(some)
    if complete:
        work.withdraw_the_others()
    return work.report()


def withdraw(connection: Connection, slugs: Iterable[str], source: str) -> UpsertReport:
    """Withdraw entries of a source in the transaction of ``connection``, and leave its others as they are.

    Parameters
    ----------
    connection
        An open transaction, alone among writers.
    slugs
        Which entries; one that is not shown, or is another source's, is left out.
    source
        Where they came from.

    Returns
    -------
    UpsertReport
        How many were withdrawn.
    """
    work = _Upsert(connection, source, {})
    work.withdraw(frozenset(slugs))
    return work.report()


class _Upsert:
    """One upsert: what it saw, and what it will report."""

    def __init__(self, connection: Connection, source: str, records: Mapping[str, Original]) -> None:
        self.connection, self.source, self.records = connection, source, records
        self.now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        self.generation = facts.state(connection)[1] + 1
        self.seen: set[str] = set()
        self.refused: list[Refusal] = []
        self.written = audit.HistoryDigest()
        self.counts = dict.fromkeys(("added", "changed", "unchanged", "withdrawn", "flagged"), 0)
        self._see_source()

    def _see_source(self) -> None:
        known = self.connection.execute(select(sources.c.name).where(sources.c.name == self.source)).scalar()
        if known is None:
            self.connection.execute(insert(sources).values(name=self.source, last_seen=self.now))

    def pass_over(self, same: Iterable[str]) -> None:
        """Count entries that are known to be as they are here."""
        self.seen.update(same)
        self.counts["unchanged"] += len(self.seen)

    def take(self, some: Sequence[Entry]) -> None:
        """Compare and write one batch."""
        known = {row.slug: row for row in rows(self.connection, _KNOWN, [entry.id for entry in some])}
        added: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        lines: list[dict[str, Any]] = []
        for entry in some:
            before = known.get(entry.id)
            if reason := self._refusal(entry, before):
                self.refused.append(Refusal(entry.id, reason))
                continue
            self.seen.add(entry.id)
            self.counts["flagged"] += bool(entry.flags)
            row = self._row(entry)
            if before and before.content_hash == row["content_hash"] and before.withdrawn_at is None:
                self.counts["unchanged"] += 1
                continue
            what = "added" if before is None else "restored" if before.withdrawn_at else "changed"
            self.counts["added" if before is None else "changed"] += 1
            (added if before is None else changed).append(row)
            old = before.document if before else "{}"
            lines.append(self._line(entry.id, what, old, row["document"], row["content_hash"]))
        self._write(added, changed, lines)
        self._keep_originals([entry.id for entry in some if entry.id in self.seen])

    def _refusal(self, entry: Entry, before: Row[Any] | None) -> str:
        if entry.id in self.seen:
            return "the same name is used twice in one import"
        if before and before.source != self.source:
            return f"the name belongs to an entry from {before.source}"
        return ""

    def _row(self, entry: Entry) -> dict[str, Any]:
        document = orjson.dumps(entry.to_dict(), option=orjson.OPT_SORT_KEYS)
        original = self.records.get(entry.id)
        return {
            "slug": entry.id,
            "kind": entry.kind,
            "title": entry.title.replace("\0", ""),
            "publisher": entry.publisher.id,
            "access": entry.access,
            "source": self.source,
            "source_id": original.source_id if original else entry.id,
            "document": document.decode(),
            "content_hash": hashlib.sha256(document).hexdigest(),
            "generation": self.generation,
            "first_seen": self.now,
            "updated_at": self.now,
            "withdrawn_at": None,
            "listing": entry.listing,
        }

    def _line(self, slug: str, what: str, old: str, new: str, content_hash: str | None) -> dict[str, Any]:
        before, after = orjson.loads(old), orjson.loads(new)
        names = [name for name in sorted(before | after) if before.get(name) != after.get(name)]
        fields = {} if what == "added" else {name: [before.get(name), after.get(name)] for name in names}
        return {
            "slug": slug,
            "at": self.now,
            "source": self.source,
            "what": what,
            "fields": json.dumps(fields, ensure_ascii=True),
            "generation": self.generation,
            "content_hash": content_hash,
        }

    def _write(self, added: list[dict[str, Any]], changed: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        if added:
            self.connection.execute(insert(table), added)
        if changed:
            columns = [name for name in changed[0] if name not in ("slug", "first_seen", "source")]
            values = [{f"new_{name}": row[name] for name in ("slug", *columns)} for row in changed]
            changes = update(table).where(table.c.slug == bindparam("new_slug"))
            self.connection.execute(changes.values({name: bindparam(f"new_{name}") for name in columns}), values)
        self._tell(lines)

    def _tell(self, lines: list[dict[str, Any]]) -> None:
        """Add to the history, and to the digest that the log will have of it."""
        if lines:
            self.connection.execute(insert(history), lines)
            for line in lines:
                self.written.add(line)

    def _keep_originals(self, slugs: Sequence[str]) -> None:
        kept = {slug: self.records[slug] for slug in slugs if slug in self.records}
        if not kept:
            return
        hashes = {slug: original.hash for slug, original in kept.items()}
        wanted = select(originals.c.slug, originals.c.content_hash).where(originals.c.slug.in_(kept))
        there = {(slug, content) for slug, content in self.connection.execute(wanted)}
        new = [
            {"slug": slug, "content_hash": hashes[slug], "seen_at": self.now, "record": original.record}
            for slug, original in kept.items()
            if (slug, hashes[slug]) not in there
        ]
        if new:
            self.connection.execute(insert(originals), new)

    def withdraw_the_others(self) -> None:
        """Withdraw every entry of the source that was not seen."""
        there = self._shown()
        self._withdraw({slug: there[slug] for slug in there.keys() - self.seen})

    def withdraw(self, slugs: frozenset[str]) -> None:
        """Withdraw these entries, as far as the source has them."""
        there = self._shown()
        self._withdraw({slug: there[slug] for slug in there.keys() & slugs})

    def _shown(self) -> dict[str, str]:
        wanted = select(table.c.slug, table.c.content_hash)
        wanted = wanted.where(table.c.source == self.source, table.c.withdrawn_at.is_(None))
        return {row.slug: row.content_hash for row in self.connection.execute(wanted)}

    def _withdraw(self, there: Mapping[str, str]) -> None:
        gone = sorted(there)
        self.counts["withdrawn"] = len(gone)
        if not gone:
            return
        marked = update(table).where(table.c.slug == bindparam("gone"))
        marked = marked.values(withdrawn_at=self.now, updated_at=self.now, generation=self.generation)
        self.connection.execute(marked, [{"gone": slug} for slug in gone])
        self._tell([self._line(slug, "withdrawn", "{}", "{}", there[slug]) for slug in gone])

    def report(self) -> UpsertReport:
        """Sum up, and count this write when it changed anything."""
        if any(self.counts[what] for what in ("added", "changed", "withdrawn")):
            facts.put(self.connection, facts.GENERATION, self.generation)
            self._log()
        seen = update(sources).where(sources.c.name == self.source).values(last_seen=self.now)
        self.connection.execute(seen)
        return UpsertReport(**self.counts, refused=tuple(self.refused))

    def _log(self) -> None:
        """Write the line that says what changed, and by which the rows of the history can be proved."""
        changes = {what: self.counts[what] for what in ("added", "changed", "withdrawn")}
        details = {"generation": self.generation, "counts": changes, "history": self.written.hexdigest()}
        event = audit.Event("register.changed", self.source, details=details)
        audit.append(self.connection, [event], dt.datetime.fromisoformat(self.now))
