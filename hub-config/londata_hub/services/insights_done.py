"""What a form did, in words, for the page to which its sender is led back: said once, and to nobody else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

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
    """Sentences for visitors who are led back to a page of theirs."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], str] = OrderedDict()

    def keep(self, visit: str, slug: str, sentence: str) -> None:
        """Keep a sentence until the page is shown.

        Parameters
        ----------
        visit
            The name of the visit.
        slug
            Whose page it is.
        sentence
            What is said there.
        """
        self._waiting[visit, slug] = sentence
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)

    def take(self, visit: str, slug: str) -> str:
        """Give what is to be said to a visitor on the page of an insight, once; nothing where there is nothing."""
        return self._waiting.pop((visit, slug), "")
