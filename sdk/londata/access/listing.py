"""What a record says to somebody who may not know of every entry, or of everybody for whom it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable

from londata.access.arrangements import NOTHING, Arrangements
from londata.access.days import midnight
from londata.access.deciding import decide
from londata.access.subject import Subject
from londata.records import Entry, Insight

_PERSON, _COUNTED = "person:", "people:"


def as_shown(entry: Entry, hidden: Container[str]) -> Entry:
    """Give an entry as it reads without others that its reader may not see: an insight does not name them.

    Parameters
    ----------
    entry
        The entry, which itself may be seen.
    hidden
        Slugs of the entries that may not.

    Returns
    -------
    Entry
        The same object where it names none of them.
    """
    if not isinstance(entry, Insight) or not any(slug in hidden for slug in (*entry.uses, entry.series)):
        return entry
    uses = tuple(slug for slug in entry.uses if slug not in hidden)
    return entry.model_copy(update={"uses": uses, "series": "" if entry.series in hidden else entry.series})


def without_names(entry: Entry, reader: Subject) -> Entry:
    """Give an entry as it reads to somebody whom it is no business who else is named among those who may open it.

    Names are for the owner, a steward of the body that publishes it, and each named person for themselves.

    Parameters
    ----------
    entry
        The entry, which itself may be seen.
    reader
        Who reads it; what acts for somebody else shows on what it reads, so it gets no names.

    Returns
    -------
    Entry
        The same object where nobody is named whom they may not know of.
    """
    if not isinstance(entry, Insight) or not any(each.startswith(_PERSON) for each in entry.audience):
        return entry
    by_name = may_know_names(reader, entry.owner, None) or decide(reader, "steward", entry).allowed
    shown = readers_shown(entry.audience, reader, by_name=by_name)
    return entry if shown == entry.audience else entry.model_copy(update={"audience": shown})


def may_know_names(
    reader: Subject,
    owner: str,
    project: str | None,
    now: dt.datetime | None = None,
    arrangements: Arrangements = NOTHING,
) -> bool:
    """Tell whether somebody may know by name who may open an insight: its owner, and the members of its project.

    Parameters
    ----------
    reader
        Who asks.
    owner, project
        Of the insight.
    now, arrangements
        When, and the projects as they stand; without them nobody is a member.
    """
    if not reader.name or reader.owner:
        return False
    if reader.name == owner:
        return True
    found = arrangements.projects.get(project or "")
    return found is not None and now is not None and reader.name in found.members and now < midnight(found.end)


def readers_shown(audience: Iterable[str], reader: Subject, *, by_name: bool) -> tuple[str, ...]:
    """Give an audience as somebody may know it: people other than themselves are counted, and not named.

    Parameters
    ----------
    audience
        ``public``, ``hub``, ``person:ada``, ``group:org-camden``, ``project:school-places``.
    reader
        Who reads it.
    by_name
        Whether they may know the names.

    Returns
    -------
    tuple of str
        With ``people:3`` in the place of three people who are not named.
    """
    chosen = tuple(dict.fromkeys(audience))
    mine = f"{_PERSON}{reader.name}" if reader.name and not reader.owner else ""
    shown = tuple(each for each in chosen if by_name or not each.startswith(_PERSON) or each == mine)
    left_out = len(chosen) - len(shown)
    return (*shown, f"{_COUNTED}{left_out}") if left_out else shown
