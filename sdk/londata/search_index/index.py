"""The index itself: in memory or in a folder, built aside and swapped, read by many processes."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import tantivy

from londata.errors import QueryError
from londata.query import FACETS, Query
from londata.records import Entry
from londata.search_index import asking
from londata.search_index.counting import Counts, counted
from londata.search_index.folder import IndexFolder, Marker
from londata.search_index.schema import (
    SCHEMA_VERSION,
    document_of,
    is_slug_text,
    prepare,
    schema,
)

SMALL_HEAP, LARGE_HEAP = 15_000_000, 1_000_000_000
#: Answers that are remembered while the index stays as it is; a second page needs no second count.
MOST_ANSWERS = 500
FIRST_PAGE, PAGE_GROWTH = 100, 10


@dataclass(frozen=True)
class _View:
    """One state of the index, and what was counted in it."""

    searcher: tantivy.Searcher
    counted: dict[tuple[Query, tuple[str, ...]], tuple[int, Counts]] = field(default_factory=dict)


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
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = IndexFolder(folder) if folder else None
        self._lock = threading.RLock()
        self._seen: object = None
        self._index: tantivy.Index = _new_index(None)
        self._view = _View(self._index.searcher())
        self._state: str | None = None

    @classmethod
    def in_memory(cls) -> SearchIndex:
        """Make an empty index in memory."""
        return cls(None)

    @classmethod
    def open(cls, folder: Path) -> SearchIndex:
        """Open the index in a folder; where there is none of this version yet it is empty until it is rebuilt."""
        return cls(folder)

    @property
    def state(self) -> str | None:
        """What the last writer said that the index shows; ``None`` when it was never built by this schema."""
        self._refresh()
        return self._state

    def rebuild(self, entries: Iterable[Entry], *, state: str = "") -> None:
        """Build the index anew; readers see the old one until the new one is complete.

        Parameters
        ----------
        entries
            All of them.
        state
            A name for what they are the state of; :attr:`state` gives it back.
        """
        if self._folder is None:
            with self._lock:
                index = _new_index(None)
                _write(index, entries, (), SMALL_HEAP)
                self._index, self._view, self._state = index, _View(index.searcher()), state
            return
        with self._folder.writing():
            name = f"index-{uuid.uuid4().hex[:12]}"
            path = self._folder.path / name
            path.mkdir()
            try:
                _write(_new_index(path), entries, (), LARGE_HEAP)
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise
            self._folder.point_to(Marker(name, SCHEMA_VERSION, state))

    def update(
        self, entries: Iterable[Entry], removed: Iterable[str] = (), *, state: str = "", after: str | None = None
    ) -> bool:
        """Put entries into the index, replacing those of the same slug, and take out those that are removed.

        Parameters
        ----------
        entries, removed
            What is new or changed, and the slugs that are gone.
        state
            A name for what the index shows then.
        after
            Only when the index shows this now; another process may have been here.

        Returns
        -------
        bool
            Whether it was done. It is not when the index was never built, or shows something else than ``after``.
        """
        if self._folder is None:
            with self._lock:
                if self._state is None or after not in (None, self._state):
                    return False
                _write(self._index, entries, removed, SMALL_HEAP, replacing=True)
                self._view, self._state = _View(self._index.searcher()), state
            return True
        with self._folder.writing():
            opened, marker = self._folder.open(), self._folder.marker()
            if opened is None or marker is None or after not in (None, marker.state):
                return False
            _write(opened[0], entries, removed, SMALL_HEAP, replacing=True)
            self._folder.point_to(replace(marker, state=state))
        return True

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> IndexPage:
        """Search; best first when the query has words, else in alphabetical order of slugs.

        Parameters
        ----------
        query
            The words and filters that must hold.
        limit, offset
            The page: how many slugs, and how many stand before it.
        facets
            What to count over all that fits.

        Returns
        -------
        IndexPage
            The page, the number of all entries that fit, and the counts.

        Raises
        ------
        QueryError
            Something is to be counted that is no facet.
        """
        if unknown := [name for name in facets if name not in FACETS]:
            raise QueryError(f"There is no facet {unknown[0]!r}.", hint=f"Facets are {', '.join(FACETS)}.")
        view = self._refresh()
        asked = asking.question(query, view.searcher)
        if asked is None:
            return IndexPage(0, (), dict.fromkeys(facets, ()))
        total, counts = _counted(view, query, asked, tuple(facets))
        return IndexPage(total, _page(view.searcher, asked, limit, offset), counts)

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        view = self._refresh()
        if query == Query():
            return int(view.searcher.num_docs)
        asked = asking.question(query, view.searcher)
        return 0 if asked is None else _counted(view, query, asked, ())[0]

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit, in the order of :meth:`search`, from one state of the index.

        Parameters
        ----------
        query
            The words and filters that must hold.
        prefix
            What the slugs begin with.
        limit
            The most to give; ``None`` for all.

        Returns
        -------
        Iterator of str
            Slugs, each once.
        """
        searcher = self._refresh().searcher
        asked = asking.question(query, searcher)
        if asked is None or not is_slug_text(prefix):
            return
        if prefix:
            asked = asked.narrowed(asking.slug_begins_with(prefix))
        offset, size = 0, FIRST_PAGE
        while limit is None or offset < limit:
            size = size if limit is None else min(size, limit - offset)
            page = _page(searcher, asked, size, offset)
            yield from page
            if len(page) < size:
                return
            offset, size = offset + size, size * PAGE_GROWTH

    def near(self, slug: str, limit: int = 3, without: frozenset[str] = frozenset()) -> list[str]:
        """Suggest the slugs that are written most like this one; closest first.

        Parameters
        ----------
        slug
            What somebody wrote; any text.
        limit
            The most to give.
        without
            Slugs that are not suggested.

        Returns
        -------
        list of str
            Slugs.
        """
        return asking.near(self._refresh().searcher, slug, limit, without)

    def _refresh(self) -> _View:
        """Give a view of the newest state, also when another process wrote it. Costs two looks at the disk."""
        if self._folder is None or (stamp := self._folder.stamp()) == self._seen:
            return self._view
        with self._lock:
            opened = self._folder.open()
            if opened is None:
                self._index, self._state = _new_index(None), None
            else:
                self._index, self._state = opened
            self._view, self._seen = _View(self._index.searcher()), stamp
            return self._view


def _new_index(path: Path | None) -> tantivy.Index:
    index = tantivy.Index(schema(), path=str(path) if path else None, sort_by_field="slug")
    prepare(index)
    return index


def _write(
    index: tantivy.Index,
    entries: Iterable[Entry],
    removed: Iterable[str],
    heap: int,
    *,
    replacing: bool = False,
) -> None:
    """Write documents and commit once. One thread, so that the same entries always give the same index."""
    writer = index.writer(heap, 1)
    try:
        for slug in removed:
            writer.delete_documents_by_term("slug", slug)
        for entry in entries:
            if replacing:
                writer.delete_documents_by_term("slug", entry.id)
            writer.add_document(document_of(entry))
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    finally:
        writer.wait_merging_threads()
    index.reload()


def _counted(view: _View, query: Query, asked: asking.Question, facets: tuple[str, ...]) -> tuple[int, Counts]:
    known = view.counted.get((query, facets))
    if known is None:
        known = counted(view.searcher, asked.match, facets)
        if len(view.counted) >= MOST_ANSWERS:
            view.counted.clear()
        view.counted[query, facets] = known
    return known


def _page(searcher: tantivy.Searcher, asked: asking.Question, limit: int, offset: int) -> tuple[str, ...]:
    """Give the slugs of one page: step by step when the question ranks, else in alphabetical order."""
    if limit < 1:
        return ()
    if not asked.steps:
        found = searcher.search(
            asked.match, limit, count=False, offset=offset, order_by_field="slug", order=tantivy.Order.Asc
        )
        return tuple(slug for slug, _ in found.hits)
    addresses: list[tantivy.DocAddress] = []
    before = 0
    for step in asked.steps:
        found = searcher.search(step, limit - len(addresses), offset=max(0, offset - before))
        addresses += [address for _, address in found.hits]
        before += int(found.count)
        if len(addresses) == limit:
            break
    return tuple(searcher.doc(address)["slug"][0] for address in addresses)
