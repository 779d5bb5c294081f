"""The register as the service asks it: from memory, else at once where that is quick, else from a thread.

What was asked before is answered from memory for as long as the register does not change. What is left out is part of
the question, so people who see different things never share an answer. Of the rest, one page of a
register on this machine is looked up at once: it takes a millisecond or so, and handing it to a thread and back took
longer. Everything that may wait or take long goes to a few threads, so that it holds up nobody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, TypeVar

import anyio
import orjson

from londata.query import Query, SearchResult
from londata.records import Entry
from londata.register import Register

T = TypeVar("T")
#: Lookups that run at a time. More threads would only take the interpreter from each other.
LOOKUPS = 4
#: Most answers that are remembered, and most rows in one of them.
MOST_ANSWERS, MOST_ROWS = 4_096, 100
#: How deep a page may end and still be looked up at once, and how many letters a beginning needs for that.
MOST_QUICK, TYPED = 200, 3
#: Most entries whose JSON is kept, and longest of them in bytes.
MOST_WRITTEN, LONGEST_WRITTEN = 10_000, 50_000


class Answers:
    """Answers from a register.

    Parameters
    ----------
    register
        What is asked. If it has a ``state`` that is different after every change, answers are remembered until then;
        if it says ``is_local``, it is asked without a thread.
    """

    def __init__(self, register: Register) -> None:
        self._register = register
        self._lookups = anyio.CapacityLimiter(LOOKUPS)
        self._is_local: bool = getattr(register, "is_local", False)
        self._state: object = None
        self._remembered: OrderedDict[Hashable, Any] = OrderedDict()
        self._written: OrderedDict[int, tuple[Entry, bytes]] = OrderedDict()

    async def find(self, slug: str) -> Entry | None:
        """Find one entry."""
        return await self._answer(("find", slug), 1, lambda: self._register.find(slug), is_quick=True)

    async def search(self, query: Query, limit: int, offset: int, facets: tuple[str, ...]) -> SearchResult:
        """Search; one page."""
        key = ("search", query, limit, offset, facets)
        return await self._answer(
            key,
            limit,
            lambda: self._register.search(query, limit=limit, offset=offset, facets=facets),
            is_quick=offset + limit <= MOST_QUICK,
        )

    async def count(self, query: Query) -> int:
        """Count the entries that fit."""
        return await self._answer(("count", query), 1, lambda: self._register.count(query), is_quick=True)

    async def slugs(self, query: Query, prefix: str, limit: int, offset: int) -> tuple[int, list[str]]:
        """Give one page of slugs, and how many there are in all."""

        def look_up() -> tuple[int, list[str]]:
            wanted = offset + limit
            found = list(islice(self._register.slugs(query, prefix=prefix, limit=wanted + 1), offset, wanted + 1))
            if 0 < len(found) <= limit or (not found and not offset):
                return offset + len(found), found
            if not prefix:
                return self._register.count(query), found[:limit]
            return sum(1 for _ in self._register.slugs(query, prefix=prefix)), found[:limit]

        is_quick = len(prefix) >= TYPED and offset + limit <= MOST_QUICK
        return await self._answer(("slugs", query, prefix, limit, offset), limit, look_up, is_quick=is_quick)

    async def near(self, slug: str, limit: int, without: frozenset[str]) -> list[str]:
        """Suggest slugs that are written alike, but none of those to leave out."""
        key = ("near", slug, limit, without)
        return await self._answer(key, limit, lambda: self._register.near(slug, limit, without=without))

    async def themes(self) -> dict[str, str]:
        """Name the themes and their titles."""
        return await self._answer(("themes",), 1, self._register.themes)

    def written(self, entry: Entry) -> bytes:
        """Write an entry as JSON, once for each that is asked for often."""
        known = self._written.get(id(entry))
        if known is not None and known[0] is entry:
            return known[1]
        text = orjson.dumps(entry.to_dict())
        if len(text) <= LONGEST_WRITTEN:
            self._written[id(entry)] = (entry, text)
            if len(self._written) > MOST_WRITTEN:
                self._written.popitem(last=False)
        return text

    async def _answer(self, key: Hashable, rows: int, look_up: Callable[[], T], *, is_quick: bool = False) -> T:
        state = getattr(self._register, "state", None)
        if state is None or rows > MOST_ROWS:
            return await self._off_loop(look_up)
        if state != self._state:
            self._state = state
            self._remembered.clear()
        if key in self._remembered:
            self._remembered.move_to_end(key)
            remembered: T = self._remembered[key]
            return remembered
        answer = look_up() if is_quick and self._is_local else await self._off_loop(look_up)
        if state == self._state:  # else the register changed while we looked, and this may be of before
            self._remembered[key] = answer
            if len(self._remembered) > MOST_ANSWERS:
                self._remembered.popitem(last=False)
        return answer

    async def _off_loop(self, look_up: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(look_up, limiter=self._lookups)
