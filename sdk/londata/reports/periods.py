"""Periods of whole months, as people write them: ``2026``, ``2026-Q1``, ``2025/26``, ``2026-01..2026-06``, ``2026-03``.

``2025/26`` is the financial year of councils and police, from April to March; a quarter is one of the calendar year.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

#: How each form is written, for whoever has to be told.
FORMS = "2026, 2026-Q1, 2025/26, 2026-01..2026-06 or 2026-03"
_MONTHS_OF_LONGEST = 600
_OF_LENGTH = {
    1: "2026-03",
    3: "2026-Q1 or 2026-02..2026-04",
    12: "2026, 2025/26 or 2025-07..2026-06",
}


@dataclass(frozen=True)
class Period:
    """Whole months, the first and the last included; ``text`` is how the period is written."""

    text: str
    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return self.text

    @property
    def months(self) -> tuple[str, ...]:
        """The months in order, each like ``2026-01``."""
        start = _count(self.first)
        return tuple(f"{_month(start + number):%Y-%m}" for number in range(_count(self.last) - start + 1))

    @property
    def end(self) -> dt.date:
        """The last day."""
        return self.last.replace(day=calendar.monthrange(self.last.year, self.last.month)[1])

    @property
    def words(self) -> str:
        """The period as one says it: “April 2025 to March 2026”."""
        first, last = (f"{calendar.month_name[each.month]} {each.year}" for each in (self.first, self.last))
        return first if first == last else f"{first} to {last}"

    def earlier(self, years: int = 1) -> Period:
        """Give the same months so many years before, written as a range."""
        first, last = (_month(_count(each) - 12 * years) for each in (self.first, self.last))
        return Period(f"{first:%Y-%m}..{last:%Y-%m}", first, last)


def forms(months: int | None = None) -> str:
    """Say how a period is written, or one of so many months."""
    return FORMS if months is None else _OF_LENGTH.get(months, "2026-01..2026-06")


def parse(text: str) -> Period:
    """Read a period.

    Raises
    ------
    ValueError
        It is written in none of the forms, runs backwards, or is longer than fifty years.
    """
    clean = text.strip()
    if found := re.fullmatch(r"(\d{4})", clean):
        first, last = _first_of(found[1], "01"), _first_of(found[1], "12")
    elif found := re.fullmatch(r"(\d{4})-[Qq]([1-4])", clean):
        clean = clean.upper()
        quarter = int(found[2])
        first, last = _first_of(found[1], 3 * quarter - 2), _first_of(found[1], 3 * quarter)
    elif found := re.fullmatch(r"(\d{4})/(\d{2})", clean):
        year = int(found[1])
        if (year + 1) % 100 != int(found[2]):
            raise ValueError("a financial year ends in the year after it begins")
        first, last = _first_of(year, 4), _first_of(year + 1, 3)
    elif found := re.fullmatch(r"(\d{4})-(\d{2})(?:\.\.(\d{4})-(\d{2}))?", clean):
        first = _first_of(found[1], found[2])
        last = _first_of(found[3], found[4]) if found[3] else first
    else:
        raise ValueError(f"a period is written like {FORMS}")
    if not 0 <= _count(last) - _count(first) < _MONTHS_OF_LONGEST:
        raise ValueError("a period runs forwards, and for at most fifty years")
    return Period(clean, first, last)


def _first_of(year: str | int, month: str | int) -> dt.date:
    return dt.date(int(year), int(month), 1)


def _count(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _month(count: int) -> dt.date:
    return dt.date(count // 12, count % 12 + 1, 1)
