"""What is asked of a schedule, checked in the analyst's words before anything is sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from londata.errors import UsageError
from londata.records.schedules import Missed, Place
from londata.reports.job import FORMATS

LONGEST_TITLE, LONGEST_NAME, MOST_RETRIES = 200, 120, 10
#: Of what may be longer than a name.
_LONGEST = {"title": LONGEST_TITLE, "when": LONGEST_TITLE, "reason": 2_000}
#: Most of each list, as the hub takes it.
MOST = {"audience": 50, "notify": 10, "formats": len(FORMATS)}
#: What the items of each list are.
WORDS = {
    "audience": "groups and people, as org-camden, org-{each}, person:ada or project:school-places",
    "notify": "mailto:… or https://… addresses",
    "formats": f"formats: {', '.join(FORMATS)}",
}
#: A body's group by its name, or anybody who says what they are.
_READER = re.compile(r"(?:org-|(?:person|group|project):)[A-Za-z0-9@._+-]*(?:\{each\}[A-Za-z0-9@._+-]*)?\Z")
_PLACE: TypeAdapter[str] = TypeAdapter(Place)


def several(name: str, items: object) -> list[str]:
    """Read a list of texts; one text is a list of one.

    Parameters
    ----------
    name
        ``audience``, ``notify`` or ``formats``.
    items
        What was given.

    Returns
    -------
    list of str
        Each of them is what it should be.

    Raises
    ------
    UsageError
        It is no such list, or one of them cannot be.
    """
    given = [items] if isinstance(items, str) else list(items) if isinstance(items, Iterable) else None
    if given is None or not all(isinstance(each, str) for each in given):
        raise UsageError(f"{name} is a list of {WORDS[name]}, not {items!r:.80}.", hint=f"Leave {name} out for none.")
    if len(given) > MOST[name]:
        raise UsageError(f"{name} has {len(given)} items; {MOST[name]} can be given.", hint="Leave some out.")
    check = {"audience": _check_reader, "notify": _check_place, "formats": _check_format}[name]
    for each in given:
        check(each)
    return given


def _check_reader(name: str) -> None:
    if len(name) > LONGEST_NAME or not _READER.match(name):
        raise UsageError(
            f"The audience cannot be {name[:80]!r}: that is neither a body's group nor a person.",
            hint="Write org-camden (org-{each}: the body of each report's place), person:ada or project:school-places.",
        )


def _check_place(place: str) -> None:
    try:
        _PLACE.validate_python(place)
    except ValidationError as error:
        raise UsageError(
            f"notify cannot be {place[:80]!r}: nobody can be told there; it takes mailto:name@example.org, one plain "
            "address, or https://….",
            hint=f"notify is a list of {WORDS['notify']}.",
        ) from error


def _check_format(name: str) -> None:
    if name not in FORMATS:
        raise UsageError(f"formats cannot be {name[:80]!r}.", hint=f"Choose from {', '.join(FORMATS)}.")


def check_texts(**texts: object) -> None:
    """Refuse what should be a text and is none, or is too long.

    Raises
    ------
    UsageError
        With the name of what it is.
    """
    for name, text in texts.items():
        if not isinstance(text, str):
            raise UsageError(f"{name} is a text, not {text!r:.80}.", hint=_EXAMPLES.get(name, "Write it in quotes."))
        longest = _LONGEST.get(name, LONGEST_NAME)
        if len(text) > longest:
            raise UsageError(f"{name} has {len(text):,} characters; it may have {longest:,}.", hint="Make it shorter.")


_EXAMPLES = {"when": "Write it as “first Monday 07:00”, or as a cron expression."}


def check_ways(*, missed: object, retries: object, notify_when: object) -> None:
    """Refuse a way of running that there is not.

    Parameters
    ----------
    missed
        What becomes of missed occurrences.
    retries
        How often a failed run is tried again.
    notify_when
        When somebody is told.

    Raises
    ------
    UsageError
        One of them cannot be.
    """
    choices: dict[str, tuple[Any, tuple[str, ...]]] = {
        "missed": (missed, get_args(Missed)),
        "notify_when": (notify_when, ("failure", "always")),
    }
    for name, (given, possible) in choices.items():
        if given not in possible:
            raise UsageError(f"{name} cannot be {given!r:.80}.", hint=f"Choose {' or '.join(possible)}.")
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
        raise UsageError(f"retries is a whole number from 0 to {MOST_RETRIES}, not {retries!r:.80}.", hint="Write 2.")
