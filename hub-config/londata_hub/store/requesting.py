"""Asking for access, and deciding about it: each request is decided once, by a steward who did not make it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from londata.access import Arrangements, Decision, Subject, day, days_left, decide, last_day, midnight, who
from londata.access.next_step import Asked
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.records import AccessRequest, Entry, Grant, Project
from londata_hub import audit
from londata_hub.store.arranging import as_document
from londata_hub.store.changing import Change
from londata_hub.store.covering import covering, latest, tried, why_no_longer
from londata_hub.store.tables import request_decisions, requests

#: Longest that somebody may be told why, in characters; what :class:`~londata.records.AccessRequest` takes.
LONGEST = 2_000
#: Days before the end of a grant from which on one can ask for longer.
ASK_ANEW = 90
#: What a row holds beside the request itself: the groups of the person at that time.
GROUPS = "groups"
_BOTH = (
    select(requests.c.id, requests.c.document, request_decisions.c.document.label("decision"))
    .select_from(requests.outerjoin(request_decisions, request_decisions.c.request_id == requests.c.id))
    .order_by(requests.c.line.desc())
)


def listed(connection: Connection, *, subject: str | None = None) -> list[AccessRequest]:
    """List requests as they stand, newest first; of one person, or all."""
    wanted = _BOTH if subject is None else _BOTH.where(requests.c.subject == subject)
    return [_read(row.document, row.decision)[0] for row in connection.execute(wanted)]


def ask(
    change: Change, arrangements: Arrangements, subject: Subject, entry: Entry, project: str, why: str
) -> AccessRequest:
    """Write down what somebody asks for.

    Parameters
    ----------
    change
        The open change.
    arrangements
        As they stand.
    subject, entry, project, why
        Who asks for what, for which project, and why.

    Returns
    -------
    AccessRequest
        Open.
    """
    if not decide(subject, "see", entry, None, change.now, arrangements).allowed:
        raise EntryNotFoundError(f"There is no entry {entry.id!r} in the register.")
    if entry.access == "open":
        raise UsageError(f"The data of “{entry.title}” is open: there is nothing to ask for.", hint="Read it.")
    if subject.owner:
        raise UsageError(
            f"{subject.name} acts for {subject.owner} and cannot ask for access.", hint=f"{subject.owner} can."
        )
    found = arrangements.projects.get(project)
    if found is None or subject.person not in found.members:
        mine = ", ".join(each.id for each in arrangements.projects_of(subject.person))
        raise UsageError(
            f"You are not a member of a project {project!r}.",
            hint=f"Your projects: {mine}." if mine else "You are in no project yet; ask who leads it to enter you.",
        )
    _refuse_what_is_pointless(change, subject, entry, found)
    asked = ("Say why you need it", f"{entry.key}.request_access(why=…)")
    why = _for_longer(change, arrangements, subject, entry, project) + _told(why, *asked)
    request = AccessRequest(
        id=uuid.uuid4().hex[:16],
        subject=subject.person,
        organisations=tuple(sorted(subject.organisations)),
        entry=entry.id,
        project=project,
        purpose=found.purpose,
        why=_told(why, *asked),
        agreement=covering(subject, entry, found, arrangements, change.now),
        made_at=change.now,
    )
    document = as_document({"request": request.to_dict(), GROUPS: sorted(subject.groups)})
    event = _event("request.made", subject, request, why=request.why, digest=audit.digest(document))
    values = {"id": request.id, "subject": subject.person, "entry": entry.id, "project": project}
    change.add(requests, event, values | {"document": document})
    return request


def _refuse_what_is_pointless(change: Change, subject: Subject, entry: Entry, project: Project) -> None:
    if midnight(project.end) <= change.now:
        raise UsageError(f"The project “{project.title}” ended on {day(midnight(project.end))}.")
    same = (requests.c.subject == subject.person, requests.c.entry == entry.id, requests.c.project == project.id)
    if change.connection.execute(_BOTH.where(*same, request_decisions.c.request_id.is_(None))).first():
        raise UsageError(
            f"You have asked for “{entry.title}” for this project already, and nobody has decided yet.",
            hint="Wait for the decision, or withdraw the request to ask anew.",
        )


def _for_longer(change: Change, arrangements: Arrangements, subject: Subject, entry: Entry, project: str) -> str:
    """Say that a request is for longer than they may read now; refuse one that comes before the end is near."""
    held = decide(subject, "read", entry, project, change.now, arrangements)
    if not held.allowed or held.until is None:
        return ""
    until = last_day(held.until)
    if days_left(held.until, change.now) > ASK_ANEW:
        raise UsageError(
            f"You may read “{entry.title}” until {until} already, for this project.",
            hint=f"Ask for longer in the last {ASK_ANEW} days before that.",
        )
    why, whom = why_no_longer(Asked(subject, entry, change.now, arrangements, arrangements.term(held.grant or "")))
    if why:
        raise UsageError(f"You may read “{entry.title}” until {until} already, for this project. {why}", hint=whom)
    return f"For longer than until {until}: "


def to_decide(
    change: Change, steward: Subject, request: str, find: Callable[[str], Entry | None]
) -> tuple[AccessRequest, frozenset[str], Entry]:
    """Look up a request that somebody is about to decide.

    Parameters
    ----------
    change
        The open change.
    steward
        Who is about to decide.
    request
        The request's id.
    find
        Finds an entry by its slug.

    Returns
    -------
    tuple of AccessRequest, frozenset of str and Entry
        The request, the groups of the person at that time, and the entry.

    Raises
    ------
    AccessDeniedError
        They are no steward of the entry, or it is their own request.
    UsageError
        There is no such request, or it is decided already.
    """
    found, groups = _find(change.connection, request)
    entry = find(found.entry)
    if entry is None:
        raise UsageError(f"The entry {found.entry} is no longer in the register.", hint="The request can be withdrawn.")
    may = decide(steward, "steward", entry)
    if not may.allowed:
        raise AccessDeniedError(may.reasons[0], hint=f"Ask {entry.publisher.name}.")
    if steward.person == found.subject:
        raise AccessDeniedError("Nobody decides about their own request.", hint="Ask another steward.")
    _still_open(found)
    return found, groups, entry


def approve(
    change: Change,
    arrangements: Arrangements,
    decided: tuple[AccessRequest, frozenset[str], Entry],
    steward: Subject,
    until: dt.datetime,
) -> AccessRequest:
    """Make the grant that was asked for, if with it the person could read.

    Parameters
    ----------
    change
        The open change.
    arrangements
        As they stand.
    decided
        What :func:`to_decide` found.
    steward
        Who approves.
    until
        When the grant is to end.

    Returns
    -------
    AccessRequest
        Approved.
    """
    request, groups, entry = decided
    if until.utcoffset() is None:
        raise UsageError("It is not clear when the grant is to end: the time has no time zone.")
    if until <= change.now:
        raise UsageError(f"{last_day(until)} is past.", hint="Give a later day.")
    person = Subject(request.subject, groups)
    project = arrangements.projects.get(request.project)
    agreement = request.agreement
    if project and not agreement:  # it may have come since
        agreement = covering(person, entry, project, arrangements, change.now)
    if not agreement:
        raise UsageError(
            f"No agreement covers “{entry.title}” for the project {request.project}.",
            hint="Record the agreement first, and enter it in the project.",
        )
    grant = Grant(
        id=uuid.uuid4().hex[:16],
        subject=request.subject,
        entry=entry.id,
        project=request.project,
        agreement=agreement,
        until=until,
        granted_by=steward.person,
        granted_at=change.now,
        request=request.id,
    )
    _refuse_what_would_not_hold(tried(person, entry, grant, arrangements, change.now), grant, arrangements)
    change.grant(grant, steward.person)
    facts = {"until": until, "grant": grant.id, "agreement": agreement}
    return _decide(change, steward, request, "approved", **facts)


def _refuse_what_would_not_hold(trial: Decision, grant: Grant, arrangements: Arrangements) -> None:
    if not trial.allowed:
        raise UsageError(
            f"With this grant {grant.subject} would still be told: {' '.join(trial.reasons[:-1])}",
            hint="Mend that first, then approve the request.",
        )
    stop = latest(grant.agreement, grant.project, arrangements)
    if stop and grant.until > stop.at:
        raise UsageError(
            f"A grant until {last_day(grant.until)} would end earlier, with {stop.what}.",
            hint=f"Approve it until {last_day(stop.at)} at the latest.",
        )


def refuse(
    change: Change, decided: tuple[AccessRequest, frozenset[str], Entry], steward: Subject, reason: str
) -> AccessRequest:
    """Refuse a request.

    Parameters
    ----------
    change
        The open change.
    decided
        What :func:`to_decide` found.
    steward
        Who refuses.
    reason
        Why.

    Returns
    -------
    AccessRequest
        Refused.
    """
    told = _told(reason, "Say why it is refused", "the person who asked will read it")
    return _decide(change, steward, decided[0], "refused", reason=told)


def withdraw(change: Change, subject: Subject, request: str) -> AccessRequest:
    """Take a request back.

    Parameters
    ----------
    change
        The open change.
    subject
        Who made it.
    request
        Its id.

    Returns
    -------
    AccessRequest
        Withdrawn.
    """
    found, _ = _find(change.connection, request, of=subject.person)
    _still_open(found)
    return _decide(change, subject, found, "withdrawn")


def _find(connection: Connection, request: str, *, of: str | None = None) -> tuple[AccessRequest, frozenset[str]]:
    wanted = _BOTH.where(requests.c.id == request)
    row = connection.execute(wanted if of is None else wanted.where(requests.c.subject == of)).one_or_none()
    if row is None:
        raise UsageError(
            f"There is no request {request!r}." if of is None else f"You have made no request {request!r}."
        )
    return _read(row.document, row.decision)


def _read(document: str, decision: str | None) -> tuple[AccessRequest, frozenset[str]]:
    values = json.loads(document)
    later = json.loads(decision) if decision else {}
    return AccessRequest.from_dict(values["request"] | later), frozenset(values[GROUPS])


def _still_open(request: AccessRequest) -> None:
    if request.state != "open":
        when = f" on {day(request.decided_at)}" if request.decided_at else ""
        raise UsageError(f"The request was {request.state} by {who(request.decided_by)}{when} already.")


def _decide(change: Change, by: Subject, request: AccessRequest, state: str, **values: Any) -> AccessRequest:
    """Write down what became of a request."""
    made = AccessRequest.model_validate(
        request.model_dump() | {"state": state, "decided_by": by.person, "decided_at": change.now} | values
    )
    names = ("state", "decided_by", "decided_at", *values)
    plain = made.model_dump(mode="json")
    document = as_document({name: plain[name] for name in names})
    told = {name: plain[name] for name in values if name != "agreement"}
    event = _event(f"request.{state}", by, made, **told, digest=audit.digest(document))
    change.add(request_decisions, event, {"request_id": request.id, "document": document})
    return made


def _event(what: str, by: Subject, request: AccessRequest, **details: Any) -> audit.Event:
    return audit.Event(
        what,
        by.person,
        subject=request.subject,
        entry=request.entry,
        project=request.project,
        agreement=request.agreement,
        details={"id": request.id} | details,
    )


def _told(text: str, wanted: str, hint: str) -> str:
    text = text.strip()
    if not text:
        raise UsageError(f"{wanted}.", hint=f"{hint[:1].upper()}{hint[1:]}.")
    if len(text) > LONGEST:
        raise UsageError(f"{wanted} in at most {LONGEST:,} characters; these are {len(text):,}.")
    return text
