"""The last sentence of a denial: what to do next."""

from __future__ import annotations

import datetime as dt

from londata.access.arrangements import Arrangements, Term
from londata.access.conditions import either, in_force, is_party
from londata.access.subject import Subject
from londata.records import Entry


def next_step(
    subject: Subject,
    entry: Entry,
    project: str | None,
    now: dt.datetime | None,
    arrangements: Arrangements,
    *,
    term: Term | None = None,
) -> str:
    """Say what somebody can do who was denied: choose a project, ask for access by code, or whom to write to.

    Parameters
    ----------
    subject, entry, project, now, arrangements
        As they were asked about.
    term
        The grant that comes nearest, where there is one.

    Returns
    -------
    str
        One sentence or two.
    """
    contact = term.agreement.contact if term and term.agreement and term.agreement.contact.email else entry.contact
    held = f"{entry.publisher.name}{f': {entry.landing_page}' if entry.landing_page else ''}"
    people = f"{contact.name or entry.publisher.name} ({contact.email})" if contact and contact.email else held
    if not arrangements.isolated:
        return f"Whoever runs the hub can mend that. Ask {people}."
    elsewhere = [each for each in arrangements.terms(subject.person, entry.id) if now and now < each.end.at]
    if term is None and elsewhere and not subject.owner:
        chosen = elsewhere[0].grant.project
        where = "Choose one" if project is None else "Start another kernel and choose a project that has one there"
        return f'{where}: londata.use_project("{chosen}").'
    covering = [each for each in arrangements.covering(entry.id) if now and in_force(each, now)]
    if mine := [each.id for each in covering if is_party(subject, each)]:
        names = either(mine)
        return f'Ask for access with catalog.{entry.key}.request_access(why="…"): {names} covers it. Or ask {people}.'
    if covering:
        return f"{either([each.id for each in covering])} covers it, for other bodies than yours. Ask {people}."
    return f"Ask {people}."
