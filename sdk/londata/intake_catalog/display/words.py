"""Dates and freshness in words, beside what makes strangers' text safe to show. Pure."""

from __future__ import annotations

import datetime as dt

from londata.access import in_words
from londata.records import Entry
from londata.records.vocabulary import NOT_STATED
from londata.sharing.display.words import clean, link, plain, safe

__all__ = ["ago", "clean", "freshness", "link", "plain", "safe"]

#: How many days may pass before the next update is due.
_DAYS = {
    "continuous": 1,
    "hourly": 1,
    "daily": 1,
    "weekly": 7,
    "monthly": 31,
    "quarterly": 92,
    "termly": 122,
    "biannual": 183,
    "annual": 366,
    "biennial": 731,
    "decennial": 3653,
}
_HOW_OFTEN = {
    "biannual": "twice a year",
    "annual": "every year",
    "biennial": "every two years",
    "decennial": "every ten years",
    "termly": "every term",
    "irregular": "at no fixed times",
    "continuous": "all the time",
}


def ago(days: int) -> str:
    """Say how long ago something was."""
    for size, name in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= size * (2 if name in ("month", "week") else 1):
            count = days // size
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "today" if days >= 0 else "in the future"


def freshness(record: Entry, today: dt.date) -> str:
    """Say when an entry was updated, how often it should be, and whether that time has passed."""
    frequency = record.update_frequency
    often = "" if frequency in (NOT_STATED, "never") else f"meant to be updated {_HOW_OFTEN.get(frequency, frequency)}"
    if frequency == "never":
        often = "not updated any more"
    if record.updated is None:
        return f"date of last update not stated{f'; {often}' if often else ''}"
    days = (today - record.updated).days
    parts = [f"updated {in_words(record.updated)}, {ago(days)}", often]
    due = _DAYS.get(frequency)
    if due and days > 2 * due + 7:
        parts.append("overdue, as far as the register knows")
    return "; ".join(part for part in parts if part)
