"""Times of day and time zones in what people write: found, taken out, and never guessed."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from londata.errors import ScheduleError

_TIME = re.compile(
    r"(?<![\w:.])(?:at\s+)?(?:(?P<hour>\d{1,2})[:.](?P<minute>\d{2})\s*(?P<half>[ap]\.?m\b\.?)?"
    r"|(?P<only>\d{1,2})\s*(?P<side>[ap]\.?m\b\.?)|(?P<name>noon|midday|midnight)\b)(?![\w:])",
    re.IGNORECASE,
)
_NAMED = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
_ZONE = re.compile(r"\(?\b(?P<zone>[A-Za-z]+(?:/[A-Za-z_+\-0-9]+)+|UTC|GMT|BST)\b\)?")
_LONDON_TIME = re.compile(r"\b(london|uk) time\b", re.IGNORECASE)


def take_zone(text: str, otherwise: str) -> tuple[str, str]:
    """Take the time zone out of a text.

    Parameters
    ----------
    text
        What somebody wrote.
    otherwise
        The zone that is meant when they name none.

    Returns
    -------
    tuple of str and str
        The rest, and the zone's name.

    Raises
    ------
    ScheduleError
        There is no such zone, or there are two.
    """
    text = _LONDON_TIME.sub("Europe/London", text)
    named = [match["zone"] for match in _ZONE.finditer(text)]
    if len(named) > 1:
        raise ScheduleError(f"Two time zones are named: {named[0]} and {named[1]}.", hint="Name one.")
    return _ZONE.sub(" ", text), checked_zone(named[0] if named else otherwise)


def checked_zone(name: str) -> str:
    """Check the name of a time zone; raises ScheduleError with what is near."""
    if name == "BST":
        raise ScheduleError(
            "BST is half of London's year, and elsewhere something else.", hint="Say Europe/London, which knows both."
        )
    every = _zones()
    try:
        if name not in every:
            raise ValueError(name)
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        lower = {zone.lower(): zone for zone in every}
        last = {zone.rpartition("/")[2].lower(): zone for zone in sorted(every, reverse=True)}
        near = get_close_matches(name.lower(), lower, 2, 0.75)
        found = [lower[each] for each in near] or [last[each] for each in get_close_matches(_city(name), last, 2, 0.8)]
        raise ScheduleError(
            f"There is no time zone {name[:60]!r}.",
            hint=f"Did you mean {' or '.join(found)}?" if found else "Say, for example, Europe/London.",
        ) from error
    return name


@cache
def _zones() -> frozenset[str]:
    """Name all time zones; looked up once, for it goes through many files."""
    return frozenset(available_timezones())


def _city(name: str) -> str:
    return name.rpartition("/")[2].lower().replace(" ", "_")


def take_times(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Take the times of day out of a text.

    Returns
    -------
    tuple of str and list
        The rest, and hours with minutes in order.

    Raises
    ------
    ScheduleError
        One of them is on no clock.
    """
    found = sorted({_read(match) for match in _TIME.finditer(text)})
    return _TIME.sub(" ", text), found


def _read(match: re.Match[str]) -> tuple[int, int]:
    if match["name"]:
        return _NAMED[match["name"].lower()]
    hour, minute = int(match["hour"] or match["only"]), int(match["minute"] or 0)
    half = (match["half"] or match["side"] or "").lower()
    if hour > (12 if half else 23) or (half and hour == 0) or minute > 59:
        raise ScheduleError(
            f"No clock shows {match[0].strip()}.", hint="Write the time as 07:30, 18:30 or 6am; midnight is 00:00."
        )
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return hour, minute
