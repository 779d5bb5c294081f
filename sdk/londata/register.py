"""What anything that keeps entries promises, whether in catalogue files or behind a service.

One behaviour suite (``tests/behaviour``) runs on every implementation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from londata.access import Decision
from londata.query import Query, SearchResult
from londata.records import Distribution, Entry


@dataclass(frozen=True)
class LocalCopy:
    """Bytes that are on this machine now: where, their SHA-256, how many, and the version that the holder states."""

    path: Path
    sha256: str
    size_bytes: int
    version: str = ""


class Register(Protocol):
    """What anything that keeps entries promises."""

    @property
    def address(self) -> str:
        """Where the register is; :func:`londata.open_catalog` opens it again from this."""

    def find(self, slug: str) -> Entry | None:
        """Find one entry by its slug."""

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit: best first when the query has words, else in alphabetical order.

        Parameters
        ----------
        query
            The words and filters that must hold; ``Query()`` for everything.
        prefix
            What the slugs begin with.
        limit
            The most to give; ``None`` for all.

        Returns
        -------
        Iterator of str
            Slugs, each once.

        Raises
        ------
        RegisterUnavailableError
            The register does not answer, or breaks off.
        """

    def count(self, query: Query) -> int:
        """Count the entries that fit."""

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; best first when the query has words, else in alphabetical order of slugs.

        Parameters
        ----------
        query
            The words and filters that must hold; ``Query()`` for everything.
        limit, offset
            The page: how many entries, and how many stand before it.
        facets
            Which of :data:`~londata.query.FACETS` to count over all that fits.

        Returns
        -------
        SearchResult
            The page, the number of all entries that fit, and the counts.

        Raises
        ------
        QueryError
            Something is to be counted that is no facet.
        RegisterUnavailableError
            The register does not answer, or breaks off.
        """

    def near(self, slug: str, limit: int = 3, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Suggest the slugs that are written most like this one.

        Parameters
        ----------
        slug
            What somebody wrote; any text.
        limit
            The most to give.
        without
            Slugs that are not suggested, as in :class:`~londata.query.Query`.

        Returns
        -------
        list of str
            Slugs, closest first.
        """

    def themes(self) -> dict[str, str]:
        """Name the themes by which the register is ordered, and their titles."""

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring the bytes of one distribution to this machine. Needs a decision that allows it.

        Parameters
        ----------
        entry
            The entry.
        distribution
            One of its distributions, as it lists it.
        decision
            That the caller may read this entry.

        Returns
        -------
        LocalCopy
            Where the bytes are, and how to recognise them.

        Raises
        ------
        AccessDeniedError
            The decision denies, is about something else, or the distribution is not the entry's.
        FetchError
            The bytes cannot be had, or are not those that the register describes.
        """
