"""Shows out at once whoever may no longer look at an insight, when anything about it changes.

The round of the theatre asks the hub about everybody, which takes a while; this asks only the register's database.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from londata_hub.apps.sight import Viewing

log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_S = 1.0


class Watched(Protocol):
    """Somebody's open channel."""

    @property
    def slug(self) -> str:
        """Which insight they look at."""

    async def look_again(self) -> None:
        """Decide anew, and end it if they may no longer be here."""


class Usher:
    """Knows who looks at what, and asks again once that has changed.

    Parameters
    ----------
    viewing
        Tells whether an insight is there for somebody.
    """

    def __init__(self, viewing: Viewing) -> None:
        self._viewing = viewing
        self._watched: set[Watched] = set()
        self._marks: dict[str, object] = {}

    def seat(self, watched: Watched) -> None:
        """Watch over an open channel."""
        self._watched.add(watched)

    def leave(self, watched: Watched) -> None:
        """Watch over it no longer."""
        self._watched.discard(watched)

    async def look(self) -> None:
        """Ask again about everybody who looks at something that is not as it was, or of which that cannot be told."""
        slugs = frozenset(each.slug for each in self._watched)
        try:
            marks = await self._viewing.marks(slugs)
        except Exception:
            log.exception("what has changed could not be asked, so it is asked about everybody")
            marks = {}
        changed = {slug for slug in slugs if slug not in marks or self._marks.get(slug) != marks[slug]}
        asked = (each.look_again() for each in list(self._watched) if each.slug in changed)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, Exception):
                log.error("somebody could not be shown out", exc_info=answer)
        self._marks = marks

    async def for_ever(self) -> None:
        """Look again and again. What goes wrong once is reported and tried again."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                log.exception("nobody could be asked whether viewers may still be here")
                self._marks = {}
