"""Say a cron expression in plain English, so that it can be read back where plain words can say it."""

from __future__ import annotations

import datetime as dt
import re

from londata.schedules.vocabulary import MONTHS, ORDINALS, QUARTERS, WEEKDAYS


def words(cron: str, timezone: str) -> str:
    """Say when a schedule comes round.

    Parameters
    ----------
    cron
        Five fields that were checked.
    timezone
        Whose clock is meant; it comes last.

    Returns
    -------
    str
        As ``at 07:00 on the first Monday of every month (Europe/London)``.
    """
    minute, hour, date, month, weekday = cron.split()
    time, often = _time(minute, hour)
    days = _days(date, month, weekday)
    if time is None or days is None:
        return f"{_explained(cron)} ({timezone})"
    said = time if often and days == "every day" else f"{time} {days}"
    return f"{said} ({timezone})"


def _explained(cron: str) -> str:
    from cronsim import CronSim

    said = CronSim(cron, dt.datetime(2026, 1, 1)).explain()
    return f"{said[:1].lower()}{said[1:]}"


def _time(minute: str, hour: str) -> tuple[str | None, bool]:
    """Say the first two fields, and whether they are an interval; ``None`` where plain words have no way to."""
    step = re.fullmatch(r"\*/(\d+)", minute)
    if step and hour == "*" and 60 % int(step[1]) == 0:
        return f"every {step[1]} minutes", True
    if not minute.isdigit():
        return None, False
    past = f" at {int(minute)} minutes past" if int(minute) else ""
    every = re.fullmatch(r"\*/(\d+)", hour)
    if hour == "*":
        return f"every hour{past}", True
    if every and 24 % int(every[1]) == 0:
        return f"every {every[1]} hours{past}", True
    if re.fullmatch(r"\d+(,\d+)*", hour):
        return f"at {_listed([f'{each:02}:{int(minute):02}' for each in _numbers(hour)])}", False
    return None, False


def _days(date: str, month: str, weekday: str) -> str | None:
    within = _months(month)
    if within is None or (date != "*" and weekday != "*"):
        return None
    if date == weekday == "*":
        return "every day" if month == "*" else f"every day in {within}" if month != QUARTERS else None
    of = "every month" if month == "*" else "every quarter" if month == QUARTERS else within
    if weekday == "*":
        which = _dates(date)
        return which and f"on the {which} of {of}"
    if nths := _nths(weekday):
        return f"on the {nths} of {of}"
    plain = "from Monday to Friday" if weekday in ("1-5", "MON-FRI") else _weekdays(weekday)
    if plain is None or month == QUARTERS:
        return None
    return plain if month == "*" else f"{plain} in {within}"


def _months(field: str) -> str | None:
    if field == "*":
        return ""
    short = {name[:3].upper(): name for name in MONTHS}
    named = [short.get(each) or (MONTHS[int(each) - 1] if each.isdigit() else None) for each in field.split(",")]
    return None if None in named else _listed([each for each in named if each])


def _dates(field: str) -> str | None:
    if field in ("L", "LW"):
        return "last day" if field == "L" else "last working day"
    return _listed([_nth(each) for each in _numbers(field)]) if re.fullmatch(r"\d+(,\d+)*", field) else None


def _nth(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _nths(field: str) -> str:
    """Say ``MON#1,MON#3`` and ``5L``; nothing where one of the parts is something else."""
    said = []
    for part in field.split(","):
        found = re.fullmatch(r"([A-Z]{3}|\d)(?:#([1-5])|L)", part)
        if not found:
            return ""
        said.append(f"{ORDINALS[int(found[2]) - 1] if found[2] else 'last'} {_weekday(found[1])}")
    return _listed(said)


def _weekdays(field: str) -> str | None:
    if not re.fullmatch(r"([A-Z]{3}|\d)(,([A-Z]{3}|\d))*", field):
        return None
    return f"on {_listed([f'{_weekday(each)}s' for each in field.split(',')])}"


def _weekday(text: str) -> str:
    if text.isdigit():
        return WEEKDAYS[int(text) % 7]
    return next(name for name in WEEKDAYS if name[:3].upper() == text)


def _numbers(field: str) -> list[int]:
    return sorted({int(each) for each in field.split(",")})


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
