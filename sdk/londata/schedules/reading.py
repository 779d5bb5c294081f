"""Read what people write: a cron expression, or plain words such as “first Monday 07:00 Europe/London”."""

from __future__ import annotations

import re
from difflib import get_close_matches

from londata.errors import ScheduleError
from londata.schedules import cron, telling
from londata.schedules.clock_times import checked_zone, take_times, take_zone
from londata.schedules.days import Days
from londata.schedules.rule import Rule
from londata.schedules.vocabulary import CANNOT, EXAMPLES, KNOWN

LONGEST = 200
_HINT = f"Say, for example, {'; '.join(EXAMPLES)}."
_EVERY = re.compile(r"(?:every\s+)?(?P<number>\d+|half|quarter of an)[\s-]*(?P<unit>minutes?|mins?|hours?)\b", re.I)
_PAST = re.compile(r"(?:at\s+)?(?P<minute>\d{1,2})\s*(?:minutes?|mins?)\s*past\b(?:\s+the\s+hour)?", re.I)
_BARE = re.compile(r"\bat\s+0?([1-9]|1[01])\b", re.I)
_HOURLY = re.compile(r"\b(?:hourly|(?:every|each)\s+hour)\b(?:,?\s+on\s+the\s+hour)?", re.I)


def parse(text: str, timezone: str = "Europe/London") -> Rule:
    """Read when a schedule comes round.

    Parameters
    ----------
    text
        A cron expression of five fields, or plain words: ``first Monday 07:00 Europe/London``, ``weekdays 18:30``,
        ``every 15 minutes``, ``last working day of the month 17:00``.
    timezone
        IANA name of the place whose clock is meant, where the text names none.

    Returns
    -------
    Rule
        With the same in plain English.

    Raises
    ------
    ScheduleError
        It cannot be read, never comes round, or comes round more often than every five minutes; the hint says what
        can be written instead.
    """
    if not text.strip() or len(text) > LONGEST:
        raise ScheduleError("A schedule is a short text, and this is none.", hint=_HINT)
    if cron.looks_like_cron(text.strip()):
        expression, zone = _cron_with_zone(text.split(), timezone)
    else:
        rest, zone = take_zone(text, timezone)
        expression = _words(rest)
    expression = cron.checked(expression)
    return Rule(expression, zone, telling.words(expression, zone))


def _cron_with_zone(fields: list[str], timezone: str) -> tuple[str, str]:
    """Let a time zone follow the expression, as after plain words."""
    if ("/" in fields[-1] and fields[-1][0].isalpha()) or fields[-1] == "UTC":
        return " ".join(fields[:-1]), checked_zone(fields[-1])
    return " ".join(fields), checked_zone(timezone)


def _words(text: str) -> str:
    rest, times = _interval(text)
    often = times is not None
    of_day: list[tuple[int, int]] = []
    if not often:
        rest, of_day = take_times(rest)
    ranged = re.sub(r"(?<=[a-z])[-–](?=[a-z])", " to ", rest, flags=re.IGNORECASE)
    days = Days()
    for word in [_known(each.lower().strip(".'’")) for each in re.findall(r"[^\s,;&+()]+", ranged)]:
        days.take(word)
    return f"{times or _clock(of_day, text)} {days.fields(often=often)}"


def _interval(text: str) -> tuple[str, str | None]:
    """Take “every 15 minutes”, “every 2 hours” or “hourly” out of the text, as cron's first two fields."""
    rest, past = text, 0
    if found := _PAST.search(rest):
        rest, past = _cut(rest, found), int(found["minute"])
    if hourly := _HOURLY.search(rest):
        return _cut(rest, hourly), f"{past} *"
    found = _EVERY.search(rest)
    if not found:
        if past:
            raise ScheduleError("It says how many minutes past, but not past which hour.", hint=_HINT)
        return text, None
    number = {"half": 30, "quarter of an": 15}.get(found["number"].lower()) or _whole(found["number"])
    in_hours = found["unit"].lower().startswith("h") and found["number"].isdigit()
    whole = 24 if in_hours else 60
    if number == 0 or number > whole or whole % number:
        raise _uneven(number, in_hours, whole)
    if in_hours:
        return _cut(rest, found), f"{past} {'*' if number == 1 else '0' if number == 24 else f'*/{number}'}"
    return _cut(rest, found), f"{'0' if number == 60 else f'*/{number}'} *"


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _whole(text: str) -> int:
    return int(text) if len(text) < 5 else 0


def _uneven(number: int, in_hours: bool, whole: int) -> ScheduleError:
    fitting = [each for each in range(1 if in_hours else cron.LEAST_MINUTES, whole) if whole % each == 0]
    unit = "hours" if in_hours else "minutes"
    near = sorted(sorted(fitting, key=lambda each: abs(each - number))[:2])
    return ScheduleError(
        f"{number} {unit} do not go evenly into {'a day' if in_hours else 'an hour'}.",
        hint=f"Say every {near[0]} or every {near[1]} {unit}.",
    )


def _clock(times: list[tuple[int, int]], text: str) -> str:
    if not times:
        bare = _BARE.search(text)
        hint = f"Write {bare[1]} as {int(bare[1]):02}:00, or as {bare[1]}pm." if bare else _HINT
        raise ScheduleError("It does not say at what time.", hint=hint)
    minutes = {minute for _, minute in times}
    if len(minutes) > 1:
        raise ScheduleError(
            "Times of one schedule must be the same minutes past the hour, as 07:30 and 19:30.",
            hint="Make a schedule for each time.",
        )
    return f"{minutes.pop()} {','.join(str(hour) for hour, _ in times)}"


def _known(word: str) -> str:
    """Give a word back that means something here; raises ScheduleError with what is near it."""
    if word in CANNOT:
        raise ScheduleError(f"{word!r} cannot be said as a schedule.", hint=f"Say, for example, {CANNOT[word]}.")
    if word in KNOWN or re.fullmatch(r"\d{1,2}(st|nd|rd|th)?", word):
        return word
    near = sorted(get_close_matches(word, KNOWN, 3, 0.75), key=lambda each: each[0] != word[0])
    said = f"The word {word[:40]!r} means nothing in a schedule."
    raise ScheduleError(said, hint=f"Did you mean {near[0]}? {_HINT}" if near else _HINT)
