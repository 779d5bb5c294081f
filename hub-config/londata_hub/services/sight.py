"""Who may see which entries: what a door leaves out of every answer to somebody.

Nearly everything is listed for everybody. Where everything is, this costs one comparison a request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypeVar

import anyio

from londata.access import NOTHING, Arrangements, Subject, decide
from londata.records import Entry
from londata.register import Register
from londata_hub.store import AccessStore

T = TypeVar("T")
NONE: frozenset[str] = frozenset()
#: Most people whose sight is remembered, and seconds for which it is: as long as an end that passes may go unnoticed
#: in a count. An entry itself is decided about each time that it is shown.
MOST_PEOPLE, KEEP_S = 4_096, 60


class Sight:
    """Works out what each person may not see, and remembers it until anything changes.

    Parameters
    ----------
    register
        What is looked at. Its ``restricted()`` names the entries that are not listed for everybody; a register
        without one has none.
    access
        The arrangements; without them nobody holds any.
    """

    def __init__(self, register: Register, access: AccessStore | None = None) -> None:
        self._register = register
        self._access = access
        self._is_local: bool = getattr(register, "is_local", False)
        self._restricted: Callable[[], Iterable[str]] | None = getattr(register, "restricted", None)
        #: A state of the register, and the entries that were restricted then: always both together.
        self._looked: tuple[object, tuple[Entry, ...]] = (None, ())
        self._basis: object = None
        self._arrangements: Arrangements = NOTHING
        self._hidden: dict[Subject, frozenset[str]] = {}
        self._same: dict[frozenset[str], frozenset[str]] = {}

    async def hidden(self, subject: Subject) -> frozenset[str]:
        """Name the entries that somebody may not see; the same object for people who see the same."""
        if self._restricted is None:
            return NONE
        state = getattr(self._register, "state", None)
        known_as, entries = self._looked
        if state is None or state != known_as:
            entries = await self._asked(self._look)
            self._looked = state, entries
        if not entries:
            return NONE
        arrangements, now = await self._arranged()
        basis = (state, id(arrangements), int(now.timestamp()) // KEEP_S)
        if state is None or basis != self._basis:
            self._basis, self._arrangements = basis, arrangements  # kept, so that no other takes its id
            self._hidden, self._same = {}, {}
        known = self._hidden.get(subject)
        if known is None:
            found = (each for each in entries if not decide(subject, "see", each, None, now, arrangements).allowed)
            without = frozenset(each.id for each in found)
            if len(self._hidden) >= MOST_PEOPLE:
                self._hidden.clear()
            known = self._hidden[subject] = self._same.setdefault(without, without)
        return known

    async def may_see(self, subject: Subject, entry: Entry) -> bool:
        """Tell whether somebody may see an entry, at this moment."""
        if entry.listing == "public":
            return decide(subject, "see", entry).allowed
        arrangements, now = await self._arranged()
        return decide(subject, "see", entry, None, now, arrangements).allowed

    async def _arranged(self) -> tuple[Arrangements, dt.datetime]:
        if self._access is None:
            return NOTHING, dt.datetime.now(dt.UTC)
        return await self._asked(self._access.arrangements), self._access.now()

    def _look(self) -> tuple[Entry, ...]:
        slugs = sorted(self._restricted() if self._restricted else ())
        return tuple(entry for slug in slugs if (entry := self._register.find(slug)) is not None)

    async def _asked(self, question: Callable[[], T]) -> T:
        """Ask at once what is answered from files of this machine, and on a thread what may wait."""
        if self._is_local:
            return question()
        return await anyio.to_thread.run_sync(question)
