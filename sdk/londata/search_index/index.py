"""The index itself: in memory or in a folder, built aside and swapped, read by many processes."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from londata.query import FACETS, Query
from londata.records import Entry
from londata.search_index import asking
from londata.search_index.folder import IndexFolder, Marker
from londata.search_index.schema import (
    SCHEMA_VERSION,
    SEPARATOR,
    Aliases,
    document_of,
    is_slug_text,
    register_analyzers,
    schema,
)

SMALL_HEAP, LARGE_HEAP = 15_000_000, 1_000_000_000
#: More distinct sets of values than any register of London will have.
MOST_SETS = 60_000
FIRST_PAGE, PAGE_GROWTH = 100, 10


@dataclass(frozen=True)
class IndexPage:
    """One page of answers: how many in all, the slugs of this page, counts per facet value (most frequent first)."""

    total: int
    slugs: tuple[str, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]


class SearchIndex:
    """A search index over entries. Make one with :meth:`in_memory` or :meth:`open`.

    Parameters
    ----------
    folder
        Where the index is kept; ``None`` keeps it in memory.
    aliases
        Further spellings of publishers, by publisher id. They count from the next time that an entry is indexed.
    """

    def __init__(self, folder: Path | None, aliases: Aliases | None = None) -> None:
        self.aliases: Aliases = aliases or {}
        self._folder = IndexFolder(folder) if folder else None
        self._lock = threading.RLock()
        self._seen: object = None
        self._index: tantivy.Index = _new_index(None)
        self._searcher: tantivy.Searcher = self._index.searcher()
        self._generation: int | None = None

    @classmethod
    def in_memory(cls, aliases: Aliases | None = None) -> SearchIndex:
        """Make an empty index in memory."""
        return cls(None, aliases)

    @classmethod
    def open(cls, folder: Path, aliases: Aliases | None = None) -> SearchIndex:
        """Open the index in a folder; where there is none of this version yet it is empty until it is rebuilt."""
        return cls(folder, aliases)

    @property
    def generation(self) -> int | None:
        """The state of the database that the index shows; ``None`` when it was never built."""
        self._refresh()
        return self._generation

    def rebuild(self, entries: Iterable[Entry], *, generation: int = 0) -> None:
        """Build the index anew; readers see the old one until the new one is complete."""
        if self._folder is None:
            with self._lock:
                index = _new_index(None)
                _write(index, entries, (), self.aliases, SMALL_HEAP)
                self._index, self._searcher, self._generation = index, index.searcher(), generation
            return
        with self._folder.writing():
            self._build(self._folder, entries, generation)

    def _build(self, folder: IndexFolder, entries: Iterable[Entry], generation: int) -> None:
        name = f"index-{uuid.uuid4().hex[:12]}"
        path = folder.path / name
        path.mkdir()
        try:
            _write(_new_index(path), entries, (), self.aliases, LARGE_HEAP)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        folder.point_to(Marker(name, SCHEMA_VERSION, generation))

    def update(self, entries: Iterable[Entry], removed: Iterable[str] = (), *, generation: int = 0) -> None:
        """Put entries into the index, replacing those of the same slug, and take out those that are removed."""
        if self._folder is None:
            with self._lock:
                _write(self._index, entries, removed, self.aliases, SMALL_HEAP, replace=True)
                self._searcher, self._generation = self._index.searcher(), generation
            return
        with self._folder.writing():
            marker = self._folder.marker()
            if marker is None or marker.schema != SCHEMA_VERSION:
                self._build(self._folder, entries, generation)
                return
            index = tantivy.Index.open(str(self._folder.path / marker.name))
            register_analyzers(index)
            _write(index, entries, removed, self.aliases, SMALL_HEAP, replace=True)
            self._folder.point_to(Marker(marker.name, SCHEMA_VERSION, generation))

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> IndexPage:
        """Search; best first when the query has words, else in alphabetical order of slugs."""
        searcher = self._refresh()
        wanted = asking.question(query, searcher)
        if wanted is None:
            return IndexPage(0, (), dict.fromkeys(facets, ()))
        total, slugs = _page(searcher, wanted, limit, offset, ranked=bool(query.text.strip()))
        return IndexPage(total, slugs, _counted(searcher, wanted, facets))

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        searcher = self._refresh()
        if query == Query():
            return int(searcher.num_docs)
        wanted = asking.question(query, searcher)
        return 0 if wanted is None else int(searcher.search(wanted, 1).count)

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit, in the order of :meth:`search`, from one state of the index."""
        searcher = self._refresh()
        wanted = asking.question(query, searcher)
        if wanted is None or not is_slug_text(prefix):
            return
        if prefix:
            begins = tantivy.Query.const_score_query(asking.slug_begins_with(prefix), 0.0)
            wanted = wanted.and_must_match(begins)
        offset, size = 0, FIRST_PAGE
        while limit is None or offset < limit:
            size = size if limit is None else min(size, limit - offset)
            total, page = _page(searcher, wanted, size, offset, ranked=bool(query.text.strip()))
            yield from page
            offset, size = offset + size, size * PAGE_GROWTH
            if offset >= total:
                return

    def near(self, slug: str, limit: int = 3) -> list[str]:
        """Suggest the slugs that are written most like this one; closest first."""
        return asking.near(self._refresh(), slug, limit)

    def _refresh(self) -> tantivy.Searcher:
        """Give a searcher over the newest state, also when another process wrote it. Costs two looks at the disk."""
        if self._folder is None or (stamp := self._folder.stamp()) == self._seen:
            return self._searcher
        with self._lock:
            opened = self._folder.open()
            if opened is None:
                self._index, self._generation = _new_index(None), None
            else:
                self._index, self._generation = opened
                register_analyzers(self._index)
            self._searcher, self._seen = self._index.searcher(), stamp
            return self._searcher


def _new_index(path: Path | None) -> tantivy.Index:
    index = tantivy.Index(schema(), path=str(path) if path else None, sort_by_field="slug")
    register_analyzers(index)
    return index


def _write(
    index: tantivy.Index,
    entries: Iterable[Entry],
    removed: Iterable[str],
    aliases: Aliases,
    heap: int,
    *,
    replace: bool = False,
) -> None:
    """Write documents and commit once. One thread, so that the same entries always give the same index."""
    writer = index.writer(heap, 1)
    try:
        for slug in removed:
            writer.delete_documents_by_term("slug", slug)
        for entry in entries:
            if replace:
                writer.delete_documents_by_term("slug", entry.id)
            writer.add_document(document_of(entry, aliases))
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    finally:
        writer.wait_merging_threads()
    index.reload()


def _page(
    searcher: tantivy.Searcher, wanted: tantivy.Query, limit: int, offset: int, *, ranked: bool
) -> tuple[int, tuple[str, ...]]:
    if limit < 1:
        return int(searcher.search(wanted, 1).count), ()
    if not ranked:
        found = searcher.search(wanted, limit, offset=offset, order_by_field="slug", order=tantivy.Order.Asc)
        return int(found.count), tuple(slug for slug, _ in found.hits)
    found = searcher.search(wanted, limit, offset=offset)
    return int(found.count), tuple(searcher.doc(address)["slug"][0] for _, address in found.hits)


def _counted(
    searcher: tantivy.Searcher, wanted: tantivy.Query, facets: Sequence[str]
) -> dict[str, tuple[tuple[str, int], ...]]:
    """Count the sets of values of each facet's column, then the values in them."""
    if not facets:
        return {}
    columns = {name: {"terms": {"field": f"{name}_set", "size": MOST_SETS}} for name in facets if name in FACETS}
    answer = searcher.aggregate(wanted, columns)
    counted = {}
    for name in columns:
        counts: Counter[str] = Counter()
        for bucket in answer[name]["buckets"]:
            for value in filter(None, bucket["key"].split(SEPARATOR)):
                counts[value] += bucket["doc_count"]
        counted[name] = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return counted
