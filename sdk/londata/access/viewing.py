"""Who may open a published insight: one pure answer, asked at every request and again while somebody looks at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from londata.access.arrangements import Arrangements
from londata.access.audience import among
from londata.access.conditions import failing
from londata.access.deciding import decide
from londata.access.decision import Decision
from londata.access.labels import access_of, shows_released_tables
from londata.access.subject import Subject
from londata.records import Cover, Entry
from londata.records.publications import Publication, Version


@dataclass(frozen=True)
class View:
    """Whether somebody may open a version of an insight.

    ``is_there`` tells whether they may know that it exists; ``reason`` is a sentence for them. ``decisions`` are those
    about the data that is not open, which were made about them.
    """

    allowed: bool
    is_there: bool
    reason: str
    decisions: tuple[Decision, ...] = ()


NOT_THERE = View(False, False, "There is no such insight or page.")


def welcome(subject: Subject, audience: Iterable[str], now: dt.datetime | None, arrangements: Arrangements) -> str:
    """Say why somebody is among those whom an insight was published for; empty where they are not.

    Parameters
    ----------
    subject
        Who asks; nobody has no name.
    audience
        ``public``, ``hub``, ``person:ada``, ``group:org-camden``, ``project:school-places``.
    now
        When.
    arrangements
        The projects as they stand.
    """
    chosen = frozenset(audience)
    if "public" in chosen:
        return "It is for everybody."
    if not subject.name:
        return ""
    if "hub" in chosen:
        return "It is for everybody at the hub."
    return among(subject, chosen, now, arrangements)


def may_view(
    subject: Subject,
    publication: Publication,
    version: Version,
    entries: Mapping[str, Entry],
    now: dt.datetime,
    arrangements: Arrangements,
) -> View:
    """Decide whether somebody may open a version of an insight.

    Its audience must name them. Where it shows data that is not open, they must be allowed to read that data
    themselves, for the insight's project, and as much of it as the insight reads; unless its tables were released, and
    are all that it shows.

    Parameters
    ----------
    subject
        Who asks; nobody has no name.
    publication, version
        What they want to open.
    entries
        What the version rests on, as the register has it now; what is missing is shut.
    now
        When (aware).
    arrangements
        As they stand.

    Returns
    -------
    View
        Whether, and why.
    """
    is_owner = bool(subject.name) and not publication.shipped and subject.person == publication.owner
    if not is_owner and not welcome(subject, publication.audience, now, arrangements):
        return NOT_THERE
    if publication.state == "withdrawn":
        return View(False, True, f"This insight was withdrawn{_because(publication)}.")
    if publication.state == "paused" and not is_owner:
        return View(False, True, f"This insight is paused{_because(publication)}.")
    decisions: list[Decision] = []
    names = () if shows_released_tables(version) else dict.fromkeys(each.entry for each in version.rests_on)
    for name in names:
        entry = entries.get(name)
        if all(access_of(each, entry) == "open" for each in version.rests_on if each.entry == name):
            continue
        if entry is None:
            return View(False, True, "Data that this insight rests on is not in the register any more.")
        decision = decide(subject, "read", entry, publication.project, now, arrangements)
        decisions.append(decision)
        if not decision.allowed:
            return View(False, True, _refused(entry, subject, now, arrangements, decision), tuple(decisions))
        if decision.agreement and not _reads_as_much(subject, publication, version, entry, now, arrangements):
            return View(False, True, f"It shows more of “{entry.title}” than you may read.", tuple(decisions))
    return View(True, True, "", tuple(decisions))


def _reads_as_much(
    subject: Subject,
    publication: Publication,
    version: Version,
    entry: Entry,
    now: dt.datetime,
    arrangements: Arrangements,
) -> bool:
    """Tell whether somebody may read the columns and rows of an entry that an insight reads under its agreements."""
    held = [
        term.cover
        for term in arrangements.terms(subject.person, entry.id)
        if term.grant.project == publication.project and not failing(subject, now, term)
    ]
    named = {each.agreement for each in version.rests_on if each.entry == entry.id}
    read = [found.cover_of(entry.id) if (found := arrangements.agreements.get(name)) else None for name in named]
    return all(any(_covers(mine, theirs) for mine in held) for theirs in read)


def _covers(mine: Cover | None, theirs: Cover | None) -> bool:
    """Tell whether one cover is at least another; one that is not known is everything."""
    if mine is None:
        return False
    columns = theirs.columns if theirs else None
    has_columns = mine.columns is None or (columns is not None and set(columns) <= set(mine.columns))
    return has_columns and (not mine.rows or (theirs is not None and mine.rows == theirs.rows))


def _because(publication: Publication) -> str:
    return f": {publication.reason.rstrip('.')}" if publication.reason else ""


def _refused(entry: Entry, subject: Subject, now: dt.datetime, arrangements: Arrangements, decision: Decision) -> str:
    """Say why, and name the data only to somebody who may know of it."""
    if not decide(subject, "see", entry, None, now, arrangements).allowed:
        return "It shows data that you may not read."
    return f"It shows data that you may not read. {' '.join(decision.reasons)}"
