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
        """Iterate over the slugs that fit: best first when the query has words, else in alphabetical order."""

    def count(self, query: Query) -> int:
        """Count the entries that fit."""

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; best first when the query has words, else in alphabetical order of slugs."""

    def near(self, slug: str, limit: int = 3) -> list[str]:
        """Suggest the slugs that are written most like this one."""

    def themes(self) -> dict[str, str]:
        """Name the themes by which the register is ordered, and their titles."""

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring the bytes of one distribution to this machine. Needs a decision that allows it."""
