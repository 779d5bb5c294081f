"""Cron expressions: the five fields, checked, with an answer that says which one is wrong and why."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from londata.errors import ScheduleError

#: Minutes that lie at least between two occurrences.
LEAST_MINUTES = 5
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
#: Field → what it may hold.
FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31, L for the last day, LW for the last weekday",
    "month": "1 to 12 or JAN to DEC",
    "day of the week": "0 (Sunday) to 6 or SUN to SAT, MON#1 for the first Monday, 5L for the last Friday",
}
#: Nothing is said about years, so any year serves to find out whether it ever comes round.
_ANY = dt.datetime(2026, 1, 1)


def looks_like_cron(text: str) -> bool:
    """Tell a cron expression, perhaps a wrong one, from plain words."""
    fields = text.split()
    return text.startswith("@") or (len(fields) >= 4 and all(set(each) & set("*0123456789") for each in fields[:2]))


def checked(expression: str) -> str:
    """Check a cron expression.

    Returns
    -------
    str
        Its five fields with single spaces, letters in capitals.

    Raises
    ------
    ScheduleError
        It is none, never comes round, or comes round too often; the message names the field.
    """
    text = MACROS.get(expression.lower(), expression).upper()
    fields = text.split()
    if text.startswith("@"):
        raise ScheduleError(f"There is no {expression[:40]!r}.", hint=f"There are {', '.join(MACROS)}.")
    if len(fields) != len(FIELDS):
        raise ScheduleError(
            f"A cron expression has five fields; {expression[:80]!r} has {len(fields)}.",
            hint=f"They are {', '.join(FIELDS)}: 30 18 * * 1-5 is 18:30 from Monday to Friday.",
        )
    for position, (name, allowed) in enumerate(FIELDS.items()):
        _check_field(fields[position], position, name, allowed)
    text = " ".join(fields)
    _check_that_it_comes(text)
    _check_that_it_waits(text)
    return text


def _check_field(value: str, position: int, name: str, allowed: str) -> None:
    from cronsim import CronSim, CronSimError

    alone = ["*"] * len(FIELDS)
    alone[position] = value
    try:
        CronSim(" ".join(alone), _ANY)
    except (CronSimError, ValueError, AssertionError) as error:
        raise ScheduleError(
            f"The {name} of a cron expression cannot be {value[:40]!r}.", hint=f"It may hold {allowed}."
        ) from error


def _check_that_it_comes(text: str) -> None:
    from cronsim import CronSim, CronSimError

    try:
        found = next(CronSim(text, _ANY), None)
    except CronSimError:  # each field is good by itself: together they name a day that no month has
        found = None
    if found is None:
        raise ScheduleError(
            "That day never comes round: no month that is named has it.",
            hint="Name a day that the month has, or L for its last day.",
        )


def _check_that_it_waits(text: str) -> None:
    from cronsim import CronSim

    simulated = CronSim(text, _ANY)
    minutes, hours = sorted(simulated.minutes), sorted(simulated.hours)
    times = [hour * 60 + minute for hour in hours for minute in minutes]
    least = min(later - sooner for sooner, later in pairwise([*times, times[0] + 24 * 60]))
    if least < LEAST_MINUTES:
        raise ScheduleError(
            f"A report may come round every {LEAST_MINUTES} minutes at most; this one would after {least}.",
            hint=f"Say, for example, every {LEAST_MINUTES} minutes, or hourly.",
        )
