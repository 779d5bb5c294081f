"""What has changed under a version since it was published: sentences that anybody who may open it can read. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from londata.access.days import day, midnight
from londata.records import Entry, Insight, entry_from_dict
from londata.records.publications import RestsOn, Version
from londata.reports import quality
from londata_hub.store import Change

#: Fields of an entry that say which data it is. Another description of the same data changes nothing.
DATA = ("distributions", "updated", "columns", "keys", "period", "grain", "endpoint", "version")
#: Most sentences about one publication.
MOST = 5
#: What happened to an entry, oldest first.
History = Callable[[str], list[Change]]
#: SHA-256 of an entry's bytes as anybody at this hub read them last; empty where that cannot be told.
Bytes = Callable[[Entry], str]


def changed(
    version: Version, used: Mapping[str, Entry], history: History, now: dt.datetime, read_last: Bytes = lambda _: ""
) -> list[str]:
    """Say what of the data beneath a version is not as it was when it was published.

    Parameters
    ----------
    version
        The version.
    used
        What it rests on, as the register has it; what is gone is not spoken of here.
    history
        Of an entry, by its name.
    now
        When; what is late is late from then on.
    read_last
        What the bytes of an entry were when they were read last: they may change and the record say nothing of it.

    Returns
    -------
    list of str
        A sentence for each entry of which there is something to say. An entry that is not listed for everybody is not
        named.
    """
    found = []
    for each in first_of_each(version.rests_on):
        if entry := used.get(each.entry):
            told = list(_of_entry(each, entry, history(each.entry), version.published_at, now))
            hashes = {read.sha256 for read in version.rests_on if read.entry == each.entry}
            if not told and "" not in hashes and (last := read_last(entry)) and last not in hashes:
                told = [f"{named(entry)} has changed since this was made."]
            found += told
    found = list(dict.fromkeys(found))
    return found[:MOST] + ([f"{len(found) - MOST} more things have changed."] if len(found) > MOST else [])


def _of_entry(
    rests_on: RestsOn, entry: Entry, history: Iterable[Change], since: dt.datetime, now: dt.datetime
) -> Iterator[str]:
    name = named(entry)
    before = as_it_was(entry, history, since)
    if before is not None and _data(before) != _data(entry):
        when = f" (updated {day(midnight(entry.updated))})" if entry.updated else ""
        yield f"{name} has changed since this was made{when}."
    elif rests_on.access != entry.access:
        yield f"{name} is {entry.access} now, and was {rests_on.access} when this was made."
    if isinstance(entry, Insight) and entry.stale:
        yield f"{name}, on which it rests, is not up to date itself."
    if failing := _failing(before, entry, since, now):
        yield f"The record of {name} fails checks of quality that it passed: {', '.join(failing)}."


def as_it_was(entry: Entry, history: Iterable[Change], since: dt.datetime) -> Entry | None:
    """Undo what was changed in an entry since a moment; ``None`` where that cannot be told.

    Parameters
    ----------
    entry
        As it is.
    history
        What happened to it, oldest first.
    since
        The moment.
    """
    values: dict[str, Any] = entry.to_dict()
    for change in reversed(list(history)):
        if dt.datetime.fromisoformat(change.at) <= since:
            break
        if change.what == "added":
            return None
        for field, (old, _) in change.fields.items():
            if old is None:
                values.pop(field, None)
            else:
                values[field] = old
    try:
        return entry_from_dict(values)
    except ValidationError:
        return None


def named(entry: Entry) -> str:
    """Name an entry to anybody: by its title, where everybody may know of it."""
    return f"“{entry.title}”" if entry.listing == "public" else "Data that it rests on"


def first_of_each(rests_on: Iterable[RestsOn]) -> list[RestsOn]:
    """Take one reading of each entry."""
    return list({each.entry: each for each in reversed(list(rests_on))}.values())[::-1]


def _data(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in DATA if hasattr(entry, name)}


def _failing(before: Entry | None, entry: Entry, since: dt.datetime, now: dt.datetime) -> list[str]:
    """Name the questions that a record answered well when it was read, and does not now."""
    if before is None:
        return []
    then, today = quality.answers(before, since.date()), quality.answers(entry, now.date())
    return [name.lower() for name, answer in today.items() if answer is False and then[name] is True]
