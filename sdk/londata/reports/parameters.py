"""Parameters of a report: declared, typed, bounded, and checked before anything runs.

papermill pastes parameters into the notebook as code, so only declared names with checked values reach it. What a
notebook gets is plain: text, whole numbers, numbers, true or false; a date is text in the form ``2026-11-22`` (also
where somebody says ``today``), a month ``2026-11``, and a period one of the forms of :mod:`londata.reports.periods`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import keyword
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from londata.errors import ParameterError
from londata.records import Record
from londata.reports import periods

Value = str | int | float | bool
#: What the register counts entries by, as far as reports can be made for each.
Facet = Literal["publisher", "topic", "licence"]
ParameterType = Literal["choice", "text", "integer", "number", "date", "month", "period", "boolean"]

#: type → the bounds that mean something for it.
_BOUNDS: dict[str, frozenset[str]] = {
    "choice": frozenset({"values", "values_from", "also"}),
    "text": frozenset({"max_length", "pattern"}),
    "integer": frozenset({"min", "max", "unit"}),
    "number": frozenset({"min", "max", "unit"}),
    "date": frozenset({"min", "max"}),
    "month": frozenset({"min", "max"}),
    "period": frozenset({"min", "max", "months"}),
    "boolean": frozenset(),
}
_PLURAL = {"publisher": "publishers", "topic": "topics", "licence": "licences"}
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAX_TEXT = 200


class ValuesFrom(Record):
    """Where choices are looked up: a column of an entry (its distinct values), or a facet of the register itself.

    ``{facet: publisher}`` gives the names of those whose entries whoever runs the report may see.
    """

    entry: str = ""
    column: str = ""
    facet: Facet | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.entry and self.column) == bool(self.facet) or bool(self.entry) != bool(self.column):
            raise ValueError("values_from needs either entry and column, or facet")
        return self

    def __str__(self) -> str:
        return f"{_PLURAL[self.facet]} of the register" if self.facet else f"values of {self.entry}, {self.column}"


class Parameter(Record):
    """One declared parameter of a template.

    ``default`` is the value in the notebook's parameters cell; a parameter without one must be given. ``min`` and
    ``max`` are included; ``pattern`` must fit the whole text. ``also`` are choices beside those of the register, and
    stand before them. The bounds of a period are months that it may not go beyond; ``months`` is how long it must be.
    """

    name: str
    type: ParameterType
    label: str = Field(min_length=1)
    help: str = ""
    default: Value | None = None
    values: tuple[str, ...] = ()
    values_from: ValuesFrom | None = None
    also: tuple[str, ...] = ()
    max_length: int = Field(default=_MAX_TEXT, ge=1)
    pattern: str = ""
    min: int | float | str | None = None
    max: int | float | str | None = None
    unit: str = ""
    months: int | None = Field(default=None, ge=1)

    @field_validator("name")
    @classmethod
    def _identifier(cls, value: str) -> str:
        if not value.isidentifier() or not value.isascii() or value.startswith("_") or keyword.iskeyword(value):
            raise ValueError("is not a plain Python name")
        return value

    @field_validator("default", "min", "max", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return value.isoformat() if isinstance(value, dt.date) else value

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        bounds = self.model_fields_set & frozenset().union(*_BOUNDS.values())
        if foreign := sorted(bounds - _BOUNDS[self.type]):
            raise ValueError(f"a {self.type} has no {' or '.join(foreign)}")
        if self.type == "choice" and bool(self.values) == bool(self.values_from):
            raise ValueError("a choice needs either values or values_from, and not both")
        if self.also and not self.values_from:
            raise ValueError("also names choices beside those of values_from, and there are none")
        try:
            re.compile(self.pattern)
            low, high = self._bound(self.min), self._bound(self.max)
        except (re.error, ValueError) as error:
            raise ValueError(f"has a bound that cannot be read: {error}") from error
        if low is not None and high is not None and low > high:
            raise ValueError(f"has a min of {self.min}, which is more than its max of {self.max}")
        return self

    def _bound(self, value: Any) -> Any:
        return None if value is None else _READERS["month" if self.type == "period" else self.type](value)

    def choices(self, choices_of: Callable[[ValuesFrom], tuple[str, ...]]) -> tuple[str, ...]:
        """List what a choice may be; ``choices_of`` looks up those that the register holds, if there are any."""
        return (*self.also, *choices_of(self.values_from)) if self.values_from else self.values

    def check(self, value: Any, choices: tuple[str, ...] = ()) -> Value:
        """Turn a given value into the plain value that the notebook gets.

        Parameters
        ----------
        value
            Text from a command line, or a Python value.
        choices
            What a choice may be; its own ``values`` when not given.

        Raises
        ------
        ParameterError
            The value is not allowed; the message says what is.
        """
        if self.type == "choice":
            return self._choose(value, choices or self.values)
        try:
            plain = _READERS[self.type](self._without_unit(value))
        except (ValueError, TypeError, OverflowError):
            raise self._refusal(value) from None
        if not self._within(plain):
            raise self._refusal(value)
        return cast(Value, plain)

    def _without_unit(self, value: Any) -> Any:
        """Take off the unit, where somebody wrote it behind the number; any other unit stays, and is refused."""
        if not self.unit or not isinstance(value, str):
            return value
        micro, mu = "\u00b5", "\u03bc"  # two characters that look the same
        return value.replace(mu, micro).strip().removesuffix(self.unit.replace(mu, micro))

    def _within(self, plain: Any) -> bool:
        """Whether a value keeps to the bounds."""
        first = last = plain
        if self.type == "text":
            return len(plain) <= self.max_length and bool(not self.pattern or re.fullmatch(self.pattern, plain))
        if self.type == "period":
            months = periods.parse(plain).months
            first, last = months[0], months[-1]
            if self.months is not None and len(months) != self.months:
                return False
        low, high = self._bound(self.min), self._bound(self.max)
        return (low is None or first >= low) and (high is None or last <= high)

    def _choose(self, value: Any, choices: tuple[str, ...]) -> str:
        text = str(value).strip()
        if text in choices:
            return text
        same = [choice for choice in choices if choice.casefold() == text.casefold()]
        if len(same) == 1:
            return same[0]
        near = difflib.get_close_matches(text.casefold(), [choice.casefold() for choice in choices], n=1)
        meant = next((choice for choice in choices if near and choice.casefold() == near[0]), "")
        guess = f"; did you mean {meant}?" if meant else "."
        raise ParameterError(
            f"{self.name} cannot be {_shown(value)}{guess}", hint=f"It is one of {', '.join(choices)}."
        )

    def _refusal(self, value: Any) -> ParameterError:
        return ParameterError(f"{self.name} cannot be {_shown(value)}.", hint=f"It is {self.allowed}.")

    @property
    def allowed(self) -> str:
        """What the value may be, in words that follow “It is …”."""
        unit = f" {self.unit}" if self.unit else ""
        between = {
            (True, True): f" from {self.min} to {self.max}{unit}",
            (True, False): f" of at least {self.min}{unit}",
            (False, True): f" of at most {self.max}{unit}",
            (False, False): f" in {self.unit}" if unit else "",
        }[self.min is not None, self.max is not None]
        if self.type == "choice":
            source = self.values_from
            beside = "".join(f"{choice}, or " for choice in self.also)
            return f"{beside}one of the {source}" if source else f"one of {', '.join(self.values)}"
        if self.type == "text":
            return f"text of at most {self.max_length} characters" + (
                f" that fits {self.pattern}" if self.pattern else ""
            )
        words = {
            "integer": "a whole number",
            "number": "a number",
            "date": "today or a date like 2026-11-22",
            "month": "a month like 2026-11",
            "period": f"a period{self._length} like {periods.forms(self.months)}",
            "boolean": "true or false",
        }
        return words[self.type] + between

    def words(self, value: Value) -> str:
        """Write a value as one says it: “March 2025”, “30 September 2025”, “yes”; a number without its unit."""
        text = str(value)
        try:
            if self.type in ("month", "period"):
                return periods.parse(text).words
            if self.type == "date":
                day = dt.date.fromisoformat(text)
                return f"{day.day} {day:%B %Y}"
        except ValueError:  # was never checked
            return text
        if self.type == "boolean":
            return "yes" if value is True else "no"
        return text.removesuffix(".0") if self.type == "number" else text

    @property
    def _length(self) -> str:
        return "" if self.months is None else f" of {self.months} month{'s' if self.months > 1 else ''}"


def check_all(
    template: str,
    declared: tuple[Parameter, ...],
    given: Mapping[str, Any],
    choices_of: Callable[[ValuesFrom], tuple[str, ...]],
) -> dict[str, Value]:
    """Check what was given against what is declared, and fill in the defaults.

    Parameters
    ----------
    template
        The template's name, for the messages.
    declared, given
        The declaration, and the values by name.
    choices_of
        Looks up the choices that the register holds; asked only for such parameters.

    Returns
    -------
    dict
        A plain value for every declared parameter, in declared order.

    Raises
    ------
    ParameterError
        A name is unknown, a value is not allowed, or one that has no default is missing.
    """
    names = [parameter.name for parameter in declared]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            guess = f"; did you mean {near[0]}?" if near else "."
            takes = f"It takes {', '.join(names)}." if names else "It takes none."
            raise ParameterError(f"The template {template} has no parameter {name!r}{guess}", hint=takes)
    checked: dict[str, Value] = {}
    for parameter in declared:
        value = given.get(parameter.name, parameter.default)
        if value is None:
            raise ParameterError(f"{parameter.name} must be given.", hint=f"It is {parameter.allowed}.")
        checked[parameter.name] = parameter.check(value, parameter.choices(choices_of))
    return checked


def as_given(
    declared: tuple[Parameter, ...], given: Mapping[str, Any], checked: Mapping[str, Value]
) -> dict[str, Value]:
    """Keep of checked parameters those that were given, and a time in the words in which it was given.

    “Today” is another day at each run, and so is a default that says when.

    Parameters
    ----------
    declared
        The declaration.
    given, checked
        The values before and after they were checked.
    """
    times = {parameter.name for parameter in declared if parameter.type in ("date", "month", "period")}
    return {
        name: given[name] if name in times and isinstance(given[name], str) else checked[name]
        for name in checked
        if name in given
    }


def _text(value: Any) -> str:
    if not isinstance(value, str) or any(ord(character) < 32 for character in value.replace("\t", " ")):
        raise ValueError("text")
    value.encode("utf-8")  # half a character, as a terminal may hand over, raises a ValueError
    return value.strip()


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, bool) or value != int(value):
        raise ValueError("integer")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise ValueError("number")
    return number


def _date(value: Any) -> str:
    """Read a day; ``today`` is the day on this machine's clock, so that a schedule need not be told the date."""
    if isinstance(value, str) and value.strip().lower() == "today":
        return dt.date.today().isoformat()
    if isinstance(value, dt.datetime):
        value = value.date()
    return dt.date.fromisoformat(str(value).strip()).isoformat()


def _month(value: Any) -> str:
    text = f"{value:%Y-%m}" if isinstance(value, dt.date) else str(value).strip()
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise ValueError("month")
    return _date(f"{text}-01")[:7]


def _period(value: Any) -> str:
    year = isinstance(value, int) and not isinstance(value, bool)
    return periods.parse(str(value) if year else _text(value)).text


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _YES_NO:
        raise ValueError("boolean")
    return _YES_NO[word]


#: type → reads a given value; raises ``ValueError`` or ``TypeError`` for what it is not.
_READERS: dict[str, Callable[[Any], Any]] = {
    "choice": str,
    "text": _text,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "month": _month,
    "period": _period,
    "boolean": _boolean,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}… ({len(text)} characters)"
