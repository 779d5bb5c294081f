"""What a form did, in words, for the page to which its sender is led back: said once, and to nobody else."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from weakref import WeakValueDictionary

#: Sentences that wait to be read.
MOST = 1_000
#: What a form of the owner's asks for → what is said when it is done.
DONE = {
    "rollback": "Version {number} is the one that is shown from now on.",
    "forget": "The files of version {number} are removed.",
    "withdraw": "It is withdrawn for good.",
    "pause": "It is paused.",
    "resume": "It is open again.",
    "audience": "It is for those whom you chose from now on.",
    "thresholds": "Small numbers are shown less in what is published from now on.",
}
#: Where a release went → the same.
MOVED = {
    "draft": "A release is begun.",
    "submitted": "A check of its tables is asked for.",
    "released": "Its tables are released.",
    "withdrawn": "The release is withdrawn.",
}


def done(what: str, said: Mapping[str, str]) -> str:
    """Say what a form did.

    Parameters
    ----------
    what
        What it asked for.
    said
        Its fields; they were accepted.
    """
    if what == "release":
        return MOVED.get(said.get("to", ""), "")
    return DONE.get(what, "").format(number=said.get("number", ""))


class Said:
    """Sentences for visitors who are led back to a page of theirs, with the forms that they are about."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], tuple[str, Mapping[str, str]]] = OrderedDict()
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def turn(self, visit: str, slug: str) -> asyncio.Lock:
        """Give what one form of a page holds until it is done: a button that is pressed twice sends two."""
        lock = self._turns.get((visit, slug))
        if lock is None:
            lock = self._turns[visit, slug] = asyncio.Lock()
        return lock

    def keep(self, visit: str, slug: str, what: str, said: Mapping[str, str]) -> None:
        """Keep what a form did until the page is shown.

        Parameters
        ----------
        visit
            The name of the visit.
        slug
            Whose page it is.
        what, said
            What the form asked for, and its fields.
        """
        self._waiting[visit, slug] = what, said
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)

    def was_done(self, visit: str, slug: str, what: str, said: Mapping[str, str]) -> bool:
        """Tell whether the very same form was done just now, and the page has not been shown since.

        Parameters
        ----------
        visit, slug, what, said
            As :meth:`keep` takes them.
        """
        return self._waiting.get((visit, slug)) == (what, said)

    def take(self, visit: str, slug: str) -> str:
        """Give what is to be said to a visitor on the page of an insight, once; nothing where there is nothing."""
        what, said = self._waiting.pop((visit, slug), ("", {}))
        return done(what, said)
