"""The register as it stands in catalogue files: no service, no network, nothing to start."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from londata import settings
from londata.access import Decision, Subject, as_shown, decide
from londata.catalog_files.loading import LoadedCatalog, load_catalog
from londata.catalog_files.local_files import local_file
from londata.errors import FetchError
from londata.query import Query, SearchResult
from londata.records import Distribution, Entry
from londata.register import LocalCopy

if TYPE_CHECKING:
    from londata.search_index import SearchIndex


#: Whoever opens catalogue files: where no agreement is known, everybody is shown the same.
ANYBODY = Subject("anybody")


class FileRegister:
    """A :class:`~londata.register.Register` over a folder of catalogue files.

    It shows what everybody may see: nothing is known here of agreements, so an entry that is listed for members or
    hidden is not there. Its record can still be read in the file itself.

    Making one reads nothing. The files are read on first use, and the search index is built when the first
    search needs it.

    Parameters
    ----------
    folder
        Folder with ``london.yaml``, or one file; the shipped catalogue (or the setting ``CATALOGS``) when not given.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder else settings.shipped("catalogs")

    @property
    def address(self) -> str:
        """The folder (or file), as an absolute path."""
        return str(self.folder.resolve())

    @cached_property
    def loaded(self) -> LoadedCatalog:
        """What the files say; raises :class:`~londata.errors.CatalogFileError` with every problem."""
        return load_catalog(self.folder)

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        shown = {entry.id: entry for entry in self.loaded.entries if decide(ANYBODY, "see", entry).allowed}
        hidden = {entry.id for entry in self.loaded.entries} - set(shown)
        return {slug: as_shown(entry, hidden) for slug, entry in shown.items()} if hidden else shown

    @cached_property
    def _slugs(self) -> list[str]:
        return sorted(self._entries)

    @cached_property
    def _index(self) -> SearchIndex:
        from londata.search_index import SearchIndex

        index = SearchIndex.in_memory()
        index.rebuild(self._entries.values())
        return index

    def find(self, slug: str) -> Entry | None:
        """Find one entry by its slug."""
        return self._entries.get(slug)

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit: best first when the query has words, else in alphabetical order."""
        if query != Query():
            return self._index.slugs(self._resolved(query), prefix=prefix, limit=limit)
        start = bisect_left(self._slugs, prefix)
        end = bisect_left(self._slugs, prefix + "\x7f")
        return islice(self._slugs, start, end if limit is None else min(end, start + limit))

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        return len(self._slugs) if query == Query() else self._index.count(self._resolved(query))

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; best first when the query has words, else in alphabetical order of slugs."""
        if query == Query() and not facets:
            page = self._slugs[offset : offset + limit]
            return SearchResult(len(self._slugs), tuple(self._entries[slug] for slug in page), {})
        found = self._index.search(self._resolved(query), limit=limit, offset=offset, facets=tuple(facets))
        return SearchResult(found.total, tuple(self._entries[slug] for slug in found.slugs), found.facets)

    def near(self, slug: str, limit: int = 3, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Suggest the slugs that are written most like this one, but none of those to leave out."""
        return self._index.near(slug, limit, without)

    def themes(self) -> dict[str, str]:
        """Name the themes and their titles, in the order of the root file."""
        return dict(self.loaded.themes)

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Find the bytes of a ``path`` distribution in place, or fetch a ``url``.

        Raises
        ------
        AccessDeniedError
            The decision denies, is about something else, or the distribution is not the entry's.
        FetchError
            The file is not there, is empty or is not the one that the record describes; or a hub writes it.
        """
        decision.require_for("read", entry, distribution)
        if distribution.through in ("register", "insights"):
            raise FetchError(
                f"“{entry.title}” is written by a service of a hub, and there is none here.",
                hint="Read it at the hub.",
            )
        if distribution.url:
            from londata.fetch import fetch

            return fetch(distribution.url)
        return local_file(self.loaded.folder, entry, distribution)

    def _resolved(self, query: Query) -> Query:
        """Put a publisher's id where one of its aliases was asked for."""
        known = self.loaded.aliases
        return replace(query, publisher=tuple(known.get(name.casefold(), name) for name in query.publisher))
