"""The words in which schedules are said, and the numbers that they stand for."""

from __future__ import annotations

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = tuple("January February March April May June July August September October November December".split())
ORDINALS = ("first", "second", "third", "fourth", "fifth")
#: The first months of the quarters, as cron says them.
QUARTERS = "1,4,7,10"

EXAMPLES = (
    "first Monday 07:00 Europe/London",
    "weekdays 18:30",
    "every day at 6am",
    "Mondays and Thursdays 7:30",
    "last working day of the month 17:00",
    "1st of the month 09:00",
    "every quarter on the 1st 08:00",
    "every 15 minutes",
    "0 7 * * MON#1",
)

#: Word → number of the weekday, with what people shorten it to and its plural.
WEEKDAY: dict[str, int] = {}
for _number, _name in enumerate(name.lower() for name in WEEKDAYS):
    WEEKDAY |= dict.fromkeys((_name, f"{_name}s", _name[:3]), _number)
WEEKDAY |= {"tues": 2, "weds": 3, "thur": 4, "thurs": 4}

MONTH: dict[str, int] = {}
for _number, _name in enumerate((name.lower() for name in MONTHS), start=1):
    MONTH |= dict.fromkeys((_name, _name[:3]), _number)
MONTH["sept"] = 9

#: Word → which one; ``0`` is the last.
ORDINAL: dict[str, int] = {word: number for number, word in enumerate(ORDINALS, start=1)} | {"last": 0}

#: Words that carry nothing once the others are there.
FILLERS = frozenset("a an and at each every for from in of on the time to through".split())
PERIODS = frozenset(
    "day days daily week weeks weekly month months monthly quarter quarters quarterly year years".split()
)
PERIODS |= {"yearly", "annually", "hourly", "hour", "hours", "minute", "minutes", "min", "mins"}
SPANS = frozenset("weekday weekdays weekend weekends working business".split())
#: What a five-field expression cannot say → what to say instead.
CANNOT = {
    "fortnightly": "first and third Monday 07:00",
    "fortnight": "first and third Monday 07:00",
    "other": "first and third Monday 07:00",
    "biweekly": "first and third Monday 07:00",
    "alternate": "first and third Monday 07:00",
    "minute": "every 5 minutes",
    "except": "weekdays 07:00",
    "until": "weekdays 07:00",
}
KNOWN = frozenset({*WEEKDAY, *MONTH, *ORDINAL, *FILLERS, *PERIODS, *SPANS, "noon", "midday", "midnight"})
