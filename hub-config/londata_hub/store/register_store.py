"""The register: entries with their history in a database, found through a search index derived from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from londata.access import Decision
from londata.query import Query, SearchResult
from londata.records import Distribution, Entry, entry_from_json
from londata.register import LocalCopy
from londata.search_index import SearchIndex
from londata_hub.store import facts, indexing, writing
from londata_hub.store.database import Database
from londata_hub.store.reports import Change, Known, Original, UpsertReport
from londata_hub.store.tables import entries as table
from londata_hub.store.tables import history, originals

if TYPE_CHECKING:
    from londata.catalog_files import FileRegister

#: Entries that are kept at hand after they were read.
MOST_KEPT = 10_000
#: Slugs that are taken from the database in one question.
LISTED_AT_ONCE = 1_000


class RegisterStore:
    """A :class:`~londata.register.Register` in a database.

    Opening it makes or mends whatever is not there or behind: the tables, and the index.

    Parameters
    ----------
    database
        ``sqlite:///path`` or ``postgresql://…``.
    index
        Folder of the search index.
    """

    def __init__(self, database: str, index: Path) -> None:
        self._database = Database(database)
        self._index = SearchIndex.open(index)
        self._kept: tuple[str | None, dict[str, Entry]] = (None, {})
        self._restricted: tuple[str | None, dict[str, str]] = (None, {})
        self._lock = threading.Lock()
        try:
            indexing.catch_up(self._database, self._index)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RegisterStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    @property
    def address(self) -> str:
        """The address of the database, without its password."""
        return self._database.shown

    @property
    def state(self) -> str | None:
        """The name of the state that answers show; another one after every change."""
        return self._index.state

    @property
    def is_local(self) -> bool:
        """Whether everything is in files of this machine, so that no answer waits for another one."""
        return self._database.is_sqlite

    def find(self, slug: str) -> Entry | None:
        """Find one entry by its slug; ``None`` when there is none, or it was withdrawn."""
        return next(iter(self._find_all([slug])), None)

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit: best first when the query has words, else in alphabetical order."""
        if not (query.text or query.filters or prefix):
            return islice((slug for slug in self._listed() if slug not in query.without), limit)
        return self._index.slugs(self._resolved(query), prefix=prefix, limit=limit)

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        return self._index.count(self._resolved(query))

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; best first when the query has words, else in alphabetical order of slugs."""
        page = self._index.search(self._resolved(query), limit=limit, offset=offset, facets=facets)
        return SearchResult(page.total, tuple(self._find_all(page.slugs)), page.facets)

    def near(self, slug: str, limit: int = 3, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Suggest the slugs that are written most like this one, but none of those to leave out."""
        return self._index.near(slug, limit, without)

    def themes(self) -> dict[str, str]:
        """Name the themes by which the register is ordered, and their titles."""
        return dict(self.fact("themes") or {})

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring the bytes of one distribution to this machine. Needs a decision that allows it."""
        return self._files.fetch(entry, distribution, decision)

    def upsert(
        self,
        entries: Iterable[Entry],
        *,
        source: str,
        originals: Mapping[str, Original] | None = None,
        complete: bool = False,
        unchanged: Iterable[str] = (),
    ) -> UpsertReport:
        """Put entries in: all of them in one transaction, with their history, then into the index.

        Parameters
        ----------
        entries
            New, changed or the same; the same leaves no trace.
        source
            Where they come from. A slug belongs to the source that brought it first; others are refused.
        originals
            By slug: the source's own record, kept whole.
        complete
            These are all entries that the source has: withdraw the others.
        unchanged
            Slugs that the source still has, and that the caller knows to be as they are here (see :meth:`known`).

        Returns
        -------
        UpsertReport
            How many were added, changed, withdrawn …, and which were refused and why.
        """
        with self._database.writing() as connection:
            report = writing.upsert(connection, entries, source, originals or {}, complete=complete, same=unchanged)
        indexing.catch_up(self._database, self._index)
        return report

    def withdraw(self, slugs: Iterable[str], *, source: str) -> UpsertReport:
        """Withdraw entries of a source, with their history, and leave its others as they are.

        Parameters
        ----------
        slugs
            Which entries; one that is not shown, or is another source's, is left out.
        source
            Where they came from.

        Returns
        -------
        UpsertReport
            How many were withdrawn.
        """
        with self._database.writing() as connection:
            report = writing.withdraw(connection, slugs, source)
        indexing.catch_up(self._database, self._index)
        return report

    def history(self, slug: str) -> list[Change]:
        """Tell what happened to an entry, oldest first; also of one that was withdrawn."""
        wanted = select(history.c.at, history.c.source, history.c.what, history.c.fields)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.where(history.c.slug == slug).order_by(history.c.id)).all()
        return [
            Change(at, source, what, {name: (old, new) for name, (old, new) in json.loads(fields).items()})
            for at, source, what, fields in rows
        ]

    def originals(self, slug: str) -> list[str]:
        """Give every version of the source's own record of an entry, oldest first, as JSON text."""
        wanted = select(originals.c.record).where(originals.c.slug == slug).order_by(originals.c.seen_at)
        with self._database.reading() as connection:
            return list(connection.execute(wanted).scalars())

    def names(self, source: str) -> dict[str, str]:
        """Map the identifiers of a source to the slugs that its entries have here, withdrawn ones included."""
        wanted = select(table.c.source_id, table.c.slug).where(table.c.source == source)
        with self._database.reading() as connection:
            return {row.source_id: row.slug for row in connection.execute(wanted)}

    def known(self, source: str) -> dict[str, Known]:
        """Map the identifiers of a source to what the register shows of their records."""
        with self._database.reading() as connection:
            return writing.known(connection, source)

    def taken(self, slugs: Iterable[str]) -> set[str]:
        """Tell which of these slugs are in use, by any source."""
        with self._database.reading() as connection:
            return {row.slug for row in writing.rows(connection, (table.c.slug,), list(slugs))}

    def fact(self, name: str) -> Any:
        """Look up what is known of the register as a whole; ``None`` when it is not known."""
        with self._database.reading() as connection:
            return facts.get(connection, name)

    def note(self, **values: Any) -> None:
        """Write down what is known of the register as a whole (themes, aliases, …).

        Answers depend on it, so it changes :attr:`state` as an entry would.
        """
        with self._database.writing() as connection:
            _, generation = facts.state(connection)
            for name, value in (values | {facts.GENERATION: generation + 1}).items():
                facts.put(connection, name, value)
            writing.log_note(connection, values, generation + 1)
        indexing.catch_up(self._database, self._index)

    def restricted(self) -> dict[str, str]:
        """Map the slugs of the entries that not everybody may see to who may: ``members`` or ``hidden``.

        It is kept for as long as the index shows the same state of the register.
        """
        state = self._index.state
        with self._lock:
            if state is not None and self._restricted[0] == state:
                return self._restricted[1]
        with self._database.reading() as connection:
            found = writing.restricted(connection)
        with self._lock:
            self._restricted = (state, found)
        return found

    def rebuild_index(self) -> int:
        """Build the index anew from the database, and tell how many entries it has."""
        indexing.rebuild(self._database, self._index)
        return self._index.count(Query())

    def differences(self) -> tuple[int, int]:
        """Compare the index with the database: how many slugs it lacks, and how many it has that are gone."""
        wanted = select(table.c.slug).where(table.c.withdrawn_at.is_(None))
        with self._database.reading() as connection:
            there = set(connection.execute(wanted).scalars())
        indexed = set(self._index.slugs(Query()))
        return len(there - indexed), len(indexed - there)

    @cached_property
    def _files(self) -> FileRegister:
        from londata.catalog_files import FileRegister

        return FileRegister()

    def _listed(self) -> Iterator[str]:
        """List every slug from the database, whose first page costs the same at any size; the index sorts them all."""
        last = ""
        while True:
            wanted = select(table.c.slug).where(table.c.slug > last, table.c.withdrawn_at.is_(None))
            with self._database.reading() as connection:
                page = list(connection.execute(wanted.order_by(table.c.slug).limit(LISTED_AT_ONCE)).scalars())
            yield from page
            if len(page) < LISTED_AT_ONCE:
                return
            last = page[-1]

    def _resolved(self, query: Query) -> Query:
        """Put a publisher's id where another spelling of it was asked for."""
        if not query.publisher:
            return query
        known = self.fact("aliases") or {}  # looked up each time: another process may have noted new ones
        return replace(query, publisher=tuple(known.get(name.casefold(), name) for name in query.publisher))

    def _find_all(self, slugs: Sequence[str]) -> Iterator[Entry]:
        """Give entries in the order of their slugs, leaving out what was withdrawn meanwhile.

        What was read before is kept for as long as the index shows the same state of the register.
        """
        kept = self._entries_of(self._index.state)
        found = {slug: entry for slug in slugs if (entry := kept.get(slug))}
        missing = [slug for slug in slugs if slug not in found]
        if missing:
            with self._database.reading() as connection:
                for row in writing.rows(connection, (table.c.document, table.c.withdrawn_at), missing):
                    if row.withdrawn_at is None:
                        entry = entry_from_json(row.document)
                        found[entry.id] = entry
        with self._lock:
            if len(kept) > MOST_KEPT:
                kept.clear()
            kept.update(found)
        return (found[slug] for slug in slugs if slug in found)

    def _entries_of(self, state: str | None) -> dict[str, Entry]:
        with self._lock:
            if self._kept[0] != state:
                self._kept = (state, {})
            return self._kept[1]
