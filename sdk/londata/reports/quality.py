"""How well data is described and kept up: checks of a record, and of a table against its record.

Every check is a question with a plain answer. A score is the share of questions that were answered well, of those that
apply; nothing is weighed, so whoever reads it can count it again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.readers import READERS
from londata.records import Column, Entry, Service, signs_of

if TYPE_CHECKING:
    import pandas as pd

#: How long a description has to be to say something.
ENOUGH = 60
#: How often → the most days between two updates; a quarter of it is allowed on top.
DAYS: Mapping[str, int] = {
    "continuous": 1,
    "hourly": 1,
    "daily": 1,
    "weekly": 7,
    "monthly": 31,
    "quarterly": 92,
    "termly": 122,
    "biannual": 184,
    "annual": 366,
    "biennial": 731,
    "decennial": 3653,
}
#: How data stands on a day, as :func:`freshness` says it.
FRESHNESS = (
    "on time",
    "overdue",
    "updated irregularly",
    "not updated any more",
    "no date stated",
    "no frequency stated",
)


@dataclass(frozen=True)
class Question:
    """One check of a record: what is asked, what to do where the answer is no, and who gains by it.

    ``holds`` gives the answer for an entry on a day; ``None`` where the question does not apply.
    """

    name: str
    mend: str
    gains: str
    holds: Callable[[Entry, dt.date], bool | None]


def freshness(entry: Entry, day: dt.date) -> str:
    """Say how an entry stands on a day; one of :data:`FRESHNESS`."""
    often = entry.update_frequency
    if often in ("never", "irregular"):
        return "not updated any more" if often == "never" else "updated irregularly"
    if often == "not stated":
        return "no frequency stated"
    if entry.updated is None:
        return "no date stated"
    return "on time" if day <= due(entry) else "overdue"


def due(entry: Entry) -> dt.date:
    """Tell by which day an entry with a date and a frequency has to be updated; it is overdue on the day after."""
    days, updated = DAYS[entry.update_frequency], entry.updated or dt.date.min
    return updated + min(dt.timedelta(days=days + -(-days // 4)), dt.date.max - updated)


def _in_time(entry: Entry, day: dt.date) -> bool | None:
    state = freshness(entry, day)
    return state == "on time" if state in ("on time", "overdue") else None


def _dated(entry: Entry, day: dt.date) -> bool | None:
    return entry.updated is not None if not isinstance(entry, Service) else None


def _reachable(entry: Entry, day: dt.date) -> bool:
    endpoint = getattr(entry, "endpoint", "") or getattr(entry, "documentation", "")
    return bool(entry.distributions or endpoint)


def _readable(entry: Entry, day: dt.date) -> bool | None:
    if isinstance(entry, Service) or not entry.distributions:
        return None
    return any(each.media_type in READERS for each in entry.distributions)


def _columns(entry: Entry, day: dt.date) -> bool | None:
    if isinstance(entry, Service):
        return None
    return bool(entry.columns) and all(column.meaning for column in entry.columns)


#: The questions, in the order in which a report asks them.
QUESTIONS = (
    Question(
        "Says what it is",
        f"Describe it in {ENOUGH} characters or more: what is in it, what is missing, what not to compare it with",
        "Everybody who searches: they see at once whether it is what they need",
        lambda entry, day: len(entry.description) >= ENOUGH,
    ),
    Question(
        "States its licence",
        "Name the licence, by its identifier where it has one",
        "Everybody who wants to use it: without a licence they may not",
        lambda entry, day: entry.licence is not None,
    ),
    Question(
        "Names a contact",
        "Give the name or the address of a team that answers",
        "Whoever finds an error, or has a question that the description leaves open",
        lambda entry, day: bool(entry.contact and (entry.contact.name or entry.contact.email)),
    ),
    Question(
        "Says which areas it speaks of",
        "State the level of geography, and the year of its boundaries",
        "Whoever draws a map or joins it to other data",
        lambda entry, day: entry.geography.level != "not stated",
    ),
    Question(
        "Says how often it is updated",
        "State the frequency; “irregular” and “never” are answers too",
        "Whoever builds something that has to go on working",
        lambda entry, day: entry.update_frequency != "not stated",
    ),
    Question(
        "Says when it was last updated",
        "Give the date of the last update",
        "Whoever has to say how old a figure is",
        _dated,
    ),
    Question(
        "Is updated in time",
        "Publish the next edition, or correct the frequency or the date",
        "Everybody who decides by its figures",
        _in_time,
    ),
    Question(
        "Says where the data is",
        "Add the address of a file or of a service, beside that of a page",
        "Whoever would otherwise look for the file by hand, every time",
        _reachable,
    ),
    Question(
        "Can be read by a program",
        "Add a CSV, Parquet, GeoJSON or Excel file",
        "Analysts: one line of code in the place of copying",
        _readable,
    ),
    Question(
        "Explains its columns",
        "List the columns with what each means, and its unit",
        "Whoever reads a column name and has to guess",
        _columns,
    ),
)


def answers(entry: Entry, day: dt.date) -> dict[str, bool | None]:
    """Ask every question of an entry: name of the question → yes, no, or ``None`` where it does not apply."""
    return {question.name: question.holds(entry, day) for question in QUESTIONS}


def score(answered: Mapping[str, bool | None]) -> float:
    """Share of the questions that apply and were answered well, in per cent."""
    known = [answer for answer in answered.values() if answer is not None]
    return 100 * sum(known) / len(known)


@dataclass(frozen=True)
class Finding:
    """What is wrong in a table: where, what, and how many of how many rows; ``rows`` is ``None`` for a whole column."""

    column: str
    what: str
    rows: int | None
    of: int


def examine(table: pd.DataFrame, columns: Iterable[Column], keys: Iterable[str] = ()) -> list[Finding]:
    """Compare a table with what its record declares.

    Parameters
    ----------
    table
        What was read.
    columns
        What the record declares.
    keys
        Columns that join to other data, in which a gap is counted whatever is declared.

    Returns
    -------
    list of Finding
        Empty where table and record agree.
    """
    declared = {column.name: column for column in columns}
    found = [str(name) for name in table.columns]
    lines = [Finding(name, "is declared and not there", None, len(table)) for name in declared if name not in found]
    if declared:
        lines += [
            Finding(name, "is there and not declared", None, len(table)) for name in found if name not in declared
        ]
    for name in found:
        column = declared.get(name)
        if column is not None and column.type != "geometry":
            lines += _of_column(table[name], column, name in set(keys))
    plain = table.drop(columns=[name for name in found if declared.get(name, _ANY).type == "geometry"])
    if len(plain.columns) == len(found) and (twice := int(plain.duplicated().sum())):
        lines.append(Finding("(whole row)", "stands in the table more than once", twice, len(table)))
    return lines


_ANY = Column(name="any")


def _of_column(values: pd.Series[Any], column: Column, is_key: bool) -> list[Finding]:
    known = values.dropna()
    wrong = {
        "has no value, and joins to other data" if is_key else "has no value, and no gap is declared": (
            0 if column.missing and not is_key else len(values) - len(known)
        ),
        "is no single value, and should be": int(known.duplicated().sum()) if column.unique else 0,
        "is not among the declared codes": _count(known, lambda value: value not in column.codes)
        if column.codes
        else 0,
        "does not look as declared": _unlike(known, column.pattern) if column.pattern else 0,
        f"is below the declared minimum of {column.minimum}": _beyond(known, column.minimum, below=True),
        f"is above the declared maximum of {column.maximum}": _beyond(known, column.maximum, below=False),
    }
    return [Finding(column.name, what, count, len(values)) for what, count in wrong.items() if count]


def _count(values: pd.Series[Any], is_wrong: Callable[[Any], bool]) -> int:
    """Count by distinct value: a column has far fewer of them than rows."""
    return int(sum(count for value, count in values.value_counts().items() if is_wrong(value)))


def _unlike(values: pd.Series[Any], pattern: str) -> int:
    form = "".join({"9": "[0-9]", "A": "[A-Z]"}.get(sign, re.escape(sign[-1])) for sign in signs_of(pattern))
    return _count(values.astype(str), lambda value: re.fullmatch(form, value) is None)


def _beyond(values: pd.Series[Any], bound: float | str | None, *, below: bool) -> int:
    """Count what lies beyond a bound; days and moments are compared as they are written."""
    if bound is None or values.empty:
        return 0
    if isinstance(bound, str):
        values = values.map(lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value))
        values = values.str[: len(bound)]
    elif values.dtype.kind not in "iuf":
        return 0
    return int(((values < bound) if below else (values > bound)).sum())
