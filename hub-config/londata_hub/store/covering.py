"""What a grant would rest on: the agreement that covers it, how long it can last at most, and if it would hold."""

from __future__ import annotations

import datetime as dt

from londata.access import Arrangements, Decision, Stop, Subject, decide, midnight
from londata.access.next_step import Asked
from londata.records import Agreement, Entry, Grant, Project


def latest(agreement: str, project: str, arrangements: Arrangements) -> Stop | None:
    """Tell what ends first of all that a grant would rest on.

    Parameters
    ----------
    agreement, project
        Under which and for which it would be made.
    arrangements
        As they stand.

    Returns
    -------
    Stop or None
        ``None`` where one of the two is not there.
    """
    terms, work = arrangements.agreements.get(agreement), arrangements.projects.get(project)
    if terms is None or work is None:
        return None
    stops = [
        Stop(midnight(work.end), f"the project “{work.title}”", mend="project"),
        Stop(midnight(terms.end), f"the agreement {terms.id}"),
        Stop(midnight(terms.review_by), f"the time until the review of the agreement {terms.id}"),
    ]
    return min(stops, key=lambda stop: stop.at)


def latest_until(agreement: Agreement | None, project: Project | None) -> dt.date | None:
    """Tell the last day until which a request can be approved; ``None`` where nothing covers it."""
    if agreement is None or project is None:
        return None
    return min(agreement.end, agreement.review_by, project.end) - dt.timedelta(days=1)


def end_of(day: dt.date, agreement: Agreement | None, project: Project | None) -> dt.datetime:
    """Tell when an approval “until 31 March” is over: when 1 April begins in London.

    Where the agreement, its review or the project stops at the beginning of that very day, it is over then.

    Parameters
    ----------
    day
        The last day.
    agreement, project
        What the grant would rest on; ``None`` where there is none.
    """
    stop = latest_until(agreement, project)
    if day == dt.date.max or (stop is not None and day == stop + dt.timedelta(days=1)):
        return midnight(day)
    return midnight(day + dt.timedelta(days=1))


def of_anybody(end: Stop) -> str:
    """Say that a grant has ended to somebody who did not hold it."""
    return end.said.replace("your grant", "the grant", 1)


def covering(subject: Subject, entry: Entry, project: Project, arrangements: Arrangements, now: dt.datetime) -> str:
    """Choose the agreement that would cover a request: one under which it would hold, and that lasts longest.

    Where none would do, the project's own that names the entry, so that a steward sees what is wrong with it.

    Parameters
    ----------
    subject, entry, project
        Who asks for what, for which project.
    arrangements, now
        As they stand, and when.

    Returns
    -------
    str
        Its id; empty where no agreement of the project names the entry.
    """
    own = [each for each in arrangements.covering(entry.id) if each.id in project.agreements]

    def rank(agreement: Agreement) -> tuple[bool, dt.datetime]:
        stop = latest(agreement.id, project.id, arrangements)
        until = stop.at if stop else now
        grant = Grant(
            id="trial",
            subject=subject.person,
            entry=entry.id,
            project=project.id,
            agreement=agreement.id,
            until=until,
            granted_by="",
            granted_at=now,
        )
        return tried(subject, entry, grant, arrangements, now).allowed, until

    return max(own, key=rank).id if own else ""


def tried(subject: Subject, entry: Entry, grant: Grant, arrangements: Arrangements, now: dt.datetime) -> Decision:
    """Decide as if a grant were made, and no other were there.

    Parameters
    ----------
    subject, entry
        Whom it would let read what.
    grant
        The grant.
    arrangements, now
        As they stand, and when.
    """
    agreement, project = arrangements.agreements.get(grant.agreement), arrangements.projects.get(grant.project)
    trial = Arrangements(
        [agreement] if agreement else [], [project] if project else [], [grant], isolated=arrangements.isolated
    )
    return decide(subject, "read", entry, grant.project, now, trial)


def why_no_longer(held: Asked) -> tuple[str, str]:
    """Say why nobody can give access for longer than somebody has it, and whom to ask about that.

    Parameters
    ----------
    held
        What they may read, with the grant by which they may.

    Returns
    -------
    tuple of str
        Two sentences; empty where it is worth asking for longer.
    """
    term, now = held.term, held.now
    if term is None or term.project is None or now is None:
        return "", ""
    agreement = covering(held.subject, held.entry, term.project, held.arrangements, now)
    stop = latest(agreement, term.project.id, held.arrangements)
    if stop is None or term.end.at < stop.at:
        return "", ""
    return f"Nobody can give longer, because it ends with {stop.what}.", held.whom(stop.mend)
