"""The days that plain words name, gathered word by word, as the last three fields of a cron expression."""

from __future__ import annotations

from londata.errors import ScheduleError
from londata.schedules.vocabulary import EXAMPLES, FILLERS, MONTH, MONTHS, ORDINAL, QUARTERS, SPANS, WEEKDAY, WEEKDAYS

_HINT = f"Say, for example, {'; '.join(EXAMPLES)}."
_LENGTHS = {
    **dict.fromkeys(("day", "days", "daily"), "day"),
    **dict.fromkeys(("week", "weeks", "weekly"), "week"),
    **dict.fromkeys(("month", "months", "monthly"), "month"),
    **dict.fromkeys(("quarter", "quarters", "quarterly"), "quarter"),
    **dict.fromkeys(("year", "years", "yearly", "annually"), "year"),
}


class Days:
    """Gathers words about days. What could mean two things is refused."""

    def __init__(self) -> None:
        #: Numbers and ordinals whose noun has not come yet; 0 is “last”. ``_bare``: one was written without its “th”.
        self._waiting: list[int] = []
        self._bare = self._working = self._ranging = False
        self._dates: list[str] = []
        self._nths: list[str] = []
        self._weekdays: list[int] = []
        self._months: list[int] = []
        self._lengths: set[str] = set()
        #: The kinds of what came, in order: ``d`` for a day, ``m`` for a month.
        self._order = ""

    def take(self, word: str) -> None:
        """Take the next word; raises ScheduleError where it makes no sense after the others."""
        if self._working and word not in ("day", "days"):
            raise ScheduleError("“Working” goes with “day”.", hint=_HINT)
        if word in ("to", "through"):
            self._ranging = True
        elif self._ranging and word not in WEEKDAY and word not in MONTH:
            raise ScheduleError("A range goes from one weekday or month to another: Monday to Friday.", hint=_HINT)
        elif word in WEEKDAY:
            self._take_weekday(WEEKDAY[word])
        elif word in MONTH:
            self._take_month(MONTH[word])
        elif word in ORDINAL or word[0].isdigit():
            self._take_number(word)
        elif word in SPANS:
            self._take_span(word)
        elif word in _LENGTHS:
            self._take_length(_LENGTHS[word])
        elif word not in FILLERS:
            raise ScheduleError(f"The word {word!r} does not fit in here.", hint=_HINT)

    def _take_weekday(self, number: int) -> None:
        if self._waiting:
            if max(self._waiting) > 5 or self._bare:
                raise ScheduleError(
                    f"A month has five {WEEKDAYS[number]}s at most, and a day is said by its date or by its name.",
                    hint="Say, for example, first Monday, or 13th of the month.",
                )
            self._nths += [
                f"{number}L" if nth == 0 else f"{WEEKDAYS[number][:3].upper()}#{nth}" for nth in self._waiting
            ]
            self._waiting = []
        else:
            self._weekdays += self._up_to(self._weekdays, number, 7) if self._ranging else [number]
        self._ranging = False
        self._order += "d"

    def _take_month(self, number: int) -> None:
        self._months += self._up_to(self._months, number, 12) if self._ranging else [number]
        self._ranging = False
        self._order += "m"

    def _up_to(self, before: list[int], last: int, of: int) -> list[int]:
        """Go on from what came before, around the end of the week or year if need be."""
        if not before:
            raise ScheduleError("A range needs a beginning: Monday to Friday.", hint=_HINT)
        least = 0 if of == 7 else 1
        first, found = before[-1], []
        while first != last:
            first = least + (first - least + 1) % of
            found.append(first)
        return found

    def _take_number(self, word: str) -> None:
        number = ORDINAL[word] if word in ORDINAL else int(word.rstrip("stndrh"))
        if number > 31 or (number == 0 and word not in ORDINAL):
            raise ScheduleError(f"No month has a day {word}.", hint=_HINT)
        self._bare = self._bare or word.isdigit()
        self._waiting.append(number)
        self._order += "d"

    def _take_span(self, word: str) -> None:
        if word in ("working", "business"):
            self._working = True
        elif word.startswith("weekend"):
            self._take_weekend()
        else:
            self._take_working_day()

    def _take_working_day(self) -> None:
        self._order += "d"
        if not self._waiting:
            self._weekdays += [1, 2, 3, 4, 5]
        elif self._waiting == [0]:
            self._dates, self._waiting = ["LW"], []
        else:
            raise ScheduleError(
                "Of a month's working days, only the last can be said.",
                hint="Say last working day, or first Monday.",
            )

    def _take_weekend(self) -> None:
        if self._waiting:
            raise ScheduleError("A weekend has two days.", hint="Say first Saturday, or last Sunday.")
        self._weekdays += [6, 0]
        self._order += "d"

    def _take_length(self, length: str) -> None:
        if length == "day" and self._working:
            self._working = False
            self._take_working_day()
        elif length == "day" and self._waiting == [0]:
            self._dates, self._waiting = ["L"], []
        elif self._waiting and length == "day":
            self._take_dates()
        else:
            self._lengths.add(length)

    def _take_dates(self) -> None:
        if 0 in self._waiting:
            raise ScheduleError("It does not say the last of what.", hint="Say last Friday, or last day of the month.")
        self._dates += [str(each) for each in self._waiting]
        self._waiting = []

    def fields(self, *, often: bool) -> str:
        """Give the day of the month, the month and the day of the week.

        Parameters
        ----------
        often
            Whether the times are an interval, which goes with every day where none is named.

        Raises
        ------
        ScheduleError
            No day is named, or what is named could mean several.
        """
        if self._ranging or self._working:
            raise ScheduleError("It ends in the middle.", hint=_HINT)
        if self._bare and not (self._months or "month" in self._lengths):
            raise ScheduleError("It holds a number that could be a time or a day.", hint="Write 07:00, or 7th.")
        self._take_dates()
        self._check_order()
        dates = ",".join(dict.fromkeys(self._dates)) or "*"
        return f"{dates} {self._month_field()} {self._weekday_field(often)}"

    def _check_order(self) -> None:
        named = [kind for kind in (self._dates, self._nths, self._weekdays) if kind]
        if len(named) > 1:
            raise ScheduleError(
                "It names days in two ways, and could mean either or both.", hint="Make a schedule for each."
            )
        turns = sum(one != other for one, other in zip(self._order, self._order[1:], strict=False))
        if turns > 1:
            raise ScheduleError(
                "Several days of several months cannot be said in one schedule.", hint="Make a schedule for each."
            )
        if self._weekdays and self._lengths & {"month", "quarter", "year"}:
            day = WEEKDAYS[self._weekdays[0]]
            raise ScheduleError(f"It does not say which {day} of them.", hint=f"Say first {day}, or last {day}.")
        if self._lengths & {"week", "day"} and (self._dates or self._nths):
            raise ScheduleError("It names a week or every day, and a day of a month.", hint=_HINT)

    def _month_field(self) -> str:
        if len(self._lengths & {"month", "quarter", "year"}) > 1 or (self._months and "quarter" in self._lengths):
            raise ScheduleError("It names months in two ways.", hint=_HINT)
        if self._months:
            return ",".join(str(each) for each in sorted(set(self._months)))
        if "year" in self._lengths:
            raise ScheduleError("It does not say in which month of the year.", hint=f"Say 1 {MONTHS[3]}, for example.")
        return QUARTERS if "quarter" in self._lengths else "*"

    def _weekday_field(self, often: bool) -> str:
        if self._nths:
            return ",".join(dict.fromkeys(self._nths))
        if self._weekdays:
            days = sorted(set(self._weekdays), key=_from_monday)
            return "1-5" if days == [1, 2, 3, 4, 5] else "*" if len(days) == 7 else ",".join(map(str, days))
        if not (self._dates or "day" in self._lengths or (often and not self._lengths)):
            raise ScheduleError("It does not say on which days.", hint=_HINT)
        return "*"


def _from_monday(day: int) -> int:
    return (day - 1) % 7
