"""What the hub has to tell: ends that come near, requests that were decided, requests that wait."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass

from londata.access import day, last_day
from londata.sharing.display.listing import Listing
from londata.sharing.display.words import plain, safe

_KINDS = {
    "ending": "Ends soon",
    "approved": "Approved",
    "refused": "Refused",
    "ended": "Ended",
    "request": "Waits for you",
    "insight": "Your insight",
}


@dataclass(frozen=True)
class Notice:
    """One thing to know. ``kind`` is ``ending``, ``approved``, ``refused``, ``ended``, ``request`` or ``insight``."""

    id: str
    kind: str
    text: str
    entry: str = ""
    project: str = ""
    at: dt.datetime | None = None
    days: int | None = None

    @property
    def heading(self) -> str:
        """Say its kind in words."""
        return _KINDS.get(self.kind, "Mind")

    @property
    def day(self) -> str:
        """Name its day: of an end the last day that it leaves, as in "until"; empty where there is none."""
        if self.at is None:
            return ""
        return last_day(self.at) if self.kind in ("ending", "ended") else day(self.at)

    def __str__(self) -> str:
        return f"{self.heading}: {plain(self.text, 600)}"


class Notices(Listing[Notice]):
    """What there is to know, newest first."""

    headers = ("What", "Notice", "Day")

    def headline(self) -> str:
        """Say how many there are."""
        if not self:
            return "No notices."
        return "1 notice" if len(self) == 1 else f"{len(self)} notices"

    def line(self, item: Notice) -> str:
        """Write one notice for a terminal."""
        return f"  {item}"

    def cells(self, item: Notice) -> Sequence[str]:
        """Write one notice for the table."""
        return html.escape(item.heading), safe(item.text, 600), html.escape(item.day)
