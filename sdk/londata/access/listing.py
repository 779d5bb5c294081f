"""What a record says to somebody who may not know of every entry."""

from __future__ import annotations

from collections.abc import Container

from londata.records import Entry, Insight


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
