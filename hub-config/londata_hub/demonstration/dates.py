"""Dates that are said from the day of loading on: ``in 24 days``, ``30 days ago``, ``today``, or a date itself."""

from __future__ import annotations

import datetime as dt
import re

from londata.errors import SettingsError

_SAID = re.compile(r"in (?P<ahead>[0-9]{1,4}) days?|(?P<ago>[0-9]{1,4}) days? ago|(?P<today>today)")


def day(said: object, today: dt.date) -> dt.date:
    """Tell which day is meant.

    Raises
    ------
    SettingsError
        It is neither a date nor said in the one way that there is.
    """
    if isinstance(said, dt.date):
        return said
    text = str(said)
    if found := _SAID.fullmatch(text):
        return today + dt.timedelta(days=int(found["ahead"] or 0) - int(found["ago"] or 0))
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{text[:60]!r} is no day.", hint="Say 2026-03-03, “in 24 days”, “30 days ago” or “today”."
        ) from None
