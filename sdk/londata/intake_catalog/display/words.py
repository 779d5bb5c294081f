"""Text for people: strangers' text made safe to show, dates and freshness in words. Pure."""

from __future__ import annotations

import datetime as dt
import html
import unicodedata

from londata.records import Entry
from londata.records.vocabulary import NOT_STATED

#: Characters that reorder the text around them. Shown text is isolated instead.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
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


def clean(text: str, limit: int = 250) -> str:
    """Make one line of a stranger's text: no control or reordering characters, at most ``limit`` long."""
    head = text[: limit * 4]
    shown = "".join(" " if character.isspace() else character for character in head if not _is_control(character))
    line = " ".join(shown.split())
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int = 250) -> str:
    """Make a stranger's text safe for a terminal; right-to-left text cannot reach beyond itself."""
    line = clean(text, limit)
    reaches = any(unicodedata.bidirectional(character) in ("R", "AL") for character in line)
    return f"{_ISOLATE}{line}{_END_ISOLATE}" if reaches else line


def safe(text: str, limit: int = 250) -> str:
    """Make a stranger's text safe for HTML: escaped, and isolated from the text around it."""
    return f'<bdi dir="auto">{html.escape(clean(text, limit))}</bdi>' if text else ""


def link(address: str, text: str = "") -> str:
    """Link to an address that a record holds; shown as text when it is neither web nor of this site."""
    shown = safe(text or address, 120)
    if not address.startswith(("https://", "http://")) and not (
        address.startswith("/") and not address.startswith("//")
    ):
        return shown
    return f'<a href="{html.escape(address, quote=True)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def day(date: dt.date) -> str:
    """Write a date as ``31 January 2026``."""
    return f"{date.day} {date:%B %Y}"


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
    parts = [f"updated {day(record.updated)}, {ago(days)}", often]
    due = _DAYS.get(frequency)
    if due and days > 2 * due + 7:
        parts.append("overdue, as far as the register knows")
    return "; ".join(part for part in parts if part)


def _is_control(character: str) -> bool:
    return character in _REORDERING or (
        unicodedata.category(character) in ("Cc", "Cs", "Co") and not character.isspace()
    )
