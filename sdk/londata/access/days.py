"""Days and moments: agreements are written in days, decisions made at moments. A day begins at midnight in London."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
#: In English, whatever the machine speaks.
_MONTHS = "January February March April May June July August September October November December".split()


@lru_cache(maxsize=4096)
def midnight(day: dt.date) -> dt.datetime:
    """Tell when a day begins in London, in UTC."""
    return dt.datetime.combine(day, dt.time(), LONDON).astimezone(dt.UTC)


def day(moment: dt.datetime) -> str:
    """Write the day of a moment in London as people do: ``3 March 2026``."""
    return in_words(_there(moment))


def last_day(moment: dt.datetime) -> str:
    """Write the last day on which something holds that is over at a moment.

    What is over when 1 April begins holds until 31 March.
    """
    there = _there(moment)
    if there.time() == dt.time() and there.date() > dt.date.min:
        return in_words(there.date() - dt.timedelta(days=1))
    return in_words(there)


def days_left(end: dt.datetime, now: dt.datetime) -> int:
    """Count the days up to an end, one that has begun among them; 0 when it is over."""
    return max(0, -((now - end) // dt.timedelta(days=1)))


def until_in_words(end: dt.datetime, now: dt.datetime) -> str:
    """Say until when something holds that ends soon: ``until 31 March 2026: 9 days are left``."""
    days = days_left(end, now)
    return f"until {last_day(end)}: {'1 day is' if days == 1 else f'{days} days are'} left"


def in_words(date: dt.date) -> str:
    """Write a date as people do: ``3 March 2026``."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def _there(moment: dt.datetime) -> dt.datetime:
    """Give a moment as clocks in London show it."""
    try:
        return moment.astimezone(LONDON)
    except OverflowError:  # before the first or after the last day that there is
        return moment
