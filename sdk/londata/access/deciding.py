"""Who may do what: one pure, total function that denies unless a rule allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from londata.access.arrangements import LONDON, NOTHING, Arrangements, Term
from londata.access.decision import Action, Decision
from londata.access.subject import STEWARDS, Subject
from londata.records import Agreement, Entry, Project, RowFilter
from londata.records.legal import purpose_title


def decide(
    subject: Subject,
    action: Action,
    entry: Entry,
    project: str | None = None,
    now: dt.datetime | None = None,
    arrangements: Arrangements = NOTHING,
) -> Decision:
    """Decide whether a subject may do something with an entry. Never raises; denies by default.

    Parameters
    ----------
    subject
        Who asks; somebody without a name is nobody, and gets nothing.
    action
        ``"see"`` (that it is in the register, and what its record says), ``"read"`` (its data) or ``"steward"``
        (grant or refuse access to it); any other is denied.
    entry
        What is asked for.
    project
        The project for which it is asked; without one, only open data can be read.
    now
        The time of the question (aware); without one, nothing that begins or ends is allowed.
    arrangements
        The agreements, projects and grants as they stand; without them, only open data can be read.

    Returns
    -------
    Decision
        With its reasons. Whoever opens data requires it, by :meth:`Decision.require_for`.
    """
    if not subject.name:
        return Decision(False, action, "", entry.id, ("Nobody is logged in.", "Log in first."))
    if action == "see":
        return _see(subject, entry, now, arrangements)
    if action == "read":
        if entry.access == "open":
            return Decision(True, action, subject.name, entry.id, ("The data is open.",), project=project)
        return _read(subject, entry, project, now, arrangements)
    if action == "steward":
        return _steward(subject, entry)
    return Decision(False, action, subject.name, entry.id, (f"There is no rule that allows to {action} anything.",))


def _see(subject: Subject, entry: Entry, now: dt.datetime | None, arrangements: Arrangements) -> Decision:
    def answer(allowed: bool, reason: str) -> Decision:
        return Decision(allowed, "see", subject.name, entry.id, (reason,))

    if entry.listing == "public":
        return answer(True, "Every entry is listed for everybody, unless its record says otherwise.")
    if _steward(subject, entry).allowed:
        return answer(True, f"You are a steward of {entry.publisher.name}.")
    if now is None or now.tzinfo is None:
        return answer(False, "The time of the question is not known.")
    terms = arrangements.terms(subject.person, entry.id)
    if any(not _failing(subject, now, term) for term in terms):
        return answer(True, "You hold a grant for it.")
    if entry.listing == "members" and any(
        _is_party(subject, agreement) or _is_member(subject, agreement, arrangements)
        for agreement in arrangements.covering(entry.id)
        if agreement.status == "signed"
    ):
        return answer(True, "An agreement about it names your organisation or one of your projects.")
    return answer(False, "It is not listed for you.")


def _steward(subject: Subject, entry: Entry) -> Decision:
    allowed = STEWARDS in subject.groups and entry.publisher.id in subject.organisations and not subject.owner
    reason = "You are" if allowed else "You are not"
    said = (f"{reason} a steward of {entry.publisher.name}, which holds “{entry.title}”.",)
    return Decision(allowed, "steward", subject.name, entry.id, said)


def _read(
    subject: Subject, entry: Entry, project: str | None, now: dt.datetime | None, arrangements: Arrangements
) -> Decision:
    barred = _barred(subject, arrangements)
    terms = [term for term in arrangements.terms(subject.person, entry.id) if term.grant.project == project]
    if not barred and not terms:
        barred.append(_no_grant(subject, entry, project, arrangements))
    elif now is None or now.tzinfo is None:
        barred.append("the time of the question is not known")
    if barred or now is None:
        return _denied(subject, entry, project, barred, arrangements)
    return _by_grant(subject, entry, terms, now, arrangements)


def _by_grant(
    subject: Subject, entry: Entry, terms: Sequence[Term], now: dt.datetime, arrangements: Arrangements
) -> Decision:
    """Allow by the first grant whose conditions all hold; else deny by the one that comes nearest to it."""
    tried = [(term, _failing(subject, now, term)) for term in terms]
    for term, failing in tried:
        if not failing:
            return _allowed(subject, entry, term)
    term, failing = min(tried, key=lambda each: (len(each[1]), -each[0].end.at.timestamp()))
    project = term.grant.project
    return _denied(subject, entry, project, failing, arrangements, term=term, ended=now >= term.end.at)


def _barred(subject: Subject, arrangements: Arrangements) -> list[str]:
    """Say what keeps anybody from data that is not open, whatever their grants."""
    barred = []
    if not arrangements.isolated:
        barred.append("users are not kept apart on this hub, so it serves open data only")
    if subject.name.startswith("service/") and not subject.owner:
        barred.append("a service that no named person owns may read open data only")
    return barred


def _allowed(subject: Subject, entry: Entry, term: Term) -> Decision:
    grant, cover = term.grant, term.cover
    return Decision(
        True,
        "read",
        subject.name,
        entry.id,
        (f"The agreement {grant.agreement} covers it, and there is a grant for the project {grant.project}.",),
        agreement=grant.agreement,
        until=term.end.at,
        project=grant.project,
        purpose=term.project.purpose if term.project else None,
        grant=grant.id,
        columns=cover.columns if cover else (),
        rows=cover.rows if cover else RowFilter(),
    )


def _failing(subject: Subject, now: dt.datetime, term: Term) -> list[str]:
    """Say every condition of a grant that does not hold now; nothing when it allows."""
    project, agreement, name = term.project, term.agreement, term.grant.agreement
    failing = []
    if now >= term.end.at:
        failing.append(f"{term.end.what} ended on {day(term.end.at)}")
    if now < term.start:
        failing.append(f"the agreement {name} does not begin before {day(term.start)}")
    if agreement is None:
        failing.append(f"the agreement {name} is not in the register")
    else:
        failing.extend(_agreement_failing(subject, agreement, term))
    if project is None:
        failing.append(f"the project {term.grant.project} is not in the register")
    else:
        if subject.person not in project.members:
            failing.append(f"{subject.person} is not a member of the project “{project.title}”")
        if name not in project.agreements:
            failing.append(f"the project “{project.title}” does not work under the agreement {name}")
        if agreement and project.purpose not in agreement.purposes:
            purpose = purpose_title(project.purpose)
            failing.append(f"the agreement {name} does not allow the project's purpose, “{purpose}”")
    return failing


def _agreement_failing(subject: Subject, agreement: Agreement, term: Term) -> Iterator[str]:
    name = agreement.id
    if agreement.status != "signed":
        state = {"draft": "not signed yet", "suspended": "suspended", "ended": "ended"}[agreement.status]
        yield f"the agreement {name} is {state}"
    if term.cover is None:
        yield f"the agreement {name} does not cover it"
    if not _is_party(subject, agreement):
        yield f"the agreement {name} is not with {_bodies(subject)}"
    if agreement.who_may and not subject.groups.intersection(agreement.who_may):
        yield f"the agreement {name} is for {_either(agreement.who_may)} only"
    if "workbench" not in agreement.settings:
        yield f"the agreement {name} does not allow the use in this workbench"


def _denied(
    subject: Subject,
    entry: Entry,
    project: str | None,
    reasons: Sequence[str],
    arrangements: Arrangements,
    *,
    term: Term | None = None,
    ended: bool = False,
) -> Decision:
    """Say what failed, first what weighs most, and at the end what to do next."""
    first, *others = reasons
    said = [f"You can see “{entry.title}” but not read it: {first}."]
    said += [f"Also, {reason}." for reason in others]
    return Decision(
        False,
        "read",
        subject.name,
        entry.id,
        (*said, _whom_to_ask(entry, term.agreement if term else None, arrangements)),
        agreement=term.grant.agreement if term else None,
        project=project,
        grant=term.grant.id if term else None,
        ended=ended,
    )


def _no_grant(subject: Subject, entry: Entry, project: str | None, arrangements: Arrangements) -> str:
    elsewhere = sorted({term.grant.project for term in arrangements.terms(subject.person, entry.id)})
    others = f"; your grants for it are for {_either(elsewhere)}" if elsewhere else ""
    if project is None and elsewhere:
        return f"no project is chosen in this session{others}"
    if project is None:
        return f"its access is {entry.access}, and no agreement gives you a grant"
    return f"you have no grant for it in the project {project}{others}"


def _whom_to_ask(entry: Entry, agreement: Agreement | None, arrangements: Arrangements) -> str:
    """Say what to do next: the code that asks for access, and the people who decide."""
    contact = agreement.contact if agreement and agreement.contact.email else entry.contact
    signed = [each for each in arrangements.covering(entry.id) if each.status == "signed"]
    people = f"{contact.name or entry.publisher.name} ({contact.email})" if contact and contact.email else ""
    people = people or f"{entry.publisher.name}{f': {entry.landing_page}' if entry.landing_page else ''}"
    if signed or agreement:
        covering = f" {_either([each.id for each in signed])} covers it." if signed else ""
        return f'Ask for access with catalog.{entry.key}.request_access(why="…").{covering} Or ask {people}.'
    return f"Ask {people}."


def _is_party(subject: Subject, agreement: Agreement) -> bool:
    return any(party.organisation in subject.organisations for party in agreement.parties)


def _is_member(subject: Subject, agreement: Agreement, arrangements: Arrangements) -> bool:
    projects: list[Project] = arrangements.projects_of(subject.person)
    return any(agreement.id in project.agreements for project in projects)


def _bodies(subject: Subject) -> str:
    return _either(sorted(subject.organisations)) or "any body that you work for (none is known)"


def _either(names: Sequence[str]) -> str:
    return " or ".join(names)


def day(moment: dt.datetime) -> str:
    """Write the day of a moment in London as people do: ``3 March 2026``."""
    there = moment.astimezone(LONDON)
    return f"{there.day} {there:%B %Y}"
