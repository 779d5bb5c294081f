"""Who may do what: one pure, total function that denies unless a rule allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from londata.access.arrangements import NOTHING, Arrangements
from londata.access.audience import among
from londata.access.barring import barred
from londata.access.conditions import either, failing, in_force
from londata.access.days import midnight
from londata.access.decision import Action, Decision
from londata.access.next_step import Asked
from londata.access.subject import STEWARDS, Subject
from londata.access.term import Failing, Term
from londata.records import Agreement, Entry, Insight, RowFilter

EVERY_ROW = RowFilter()


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
        Who asks; somebody without a name is nobody, and gets nothing but an insight that is open to all.
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
        if action in ("see", "read") and _is_open_to_all(entry):
            return Decision(True, action, "", entry.id, ("It is open to everybody.",))
        return Decision(False, action, "", entry.id, ("Nobody is logged in.", "Log in first."))
    known = now if now is not None and now.utcoffset() is not None else None
    if action == "see":
        return _see(subject, entry, known, arrangements)
    if action == "read":
        if isinstance(entry, Insight) and entry.audience:
            return _read_as_audience(subject, entry, project, known, arrangements)
        if entry.access == "open":
            return Decision(True, action, subject.name, entry.id, ("The data is open.",), project=project)
        return _read(subject, entry, project, known, arrangements)
    if action == "steward":
        return _steward(subject, entry)
    said = (f"There is no rule by which anybody may {action} “{entry.title}”.", "What can be asked is see and read.")
    return Decision(False, action, subject.name, entry.id, said)


def _is_open_to_all(entry: Entry) -> bool:
    """Tell whether an insight lets in visitors who are not logged in; a record that says two things lets in nobody."""
    return (
        isinstance(entry, Insight)
        and entry.open_to_all
        and entry.access == "open"
        and entry.listing == "public"
        and not entry.audience
    )


def _see(subject: Subject, entry: Entry, now: dt.datetime | None, arrangements: Arrangements) -> Decision:
    def answer(allowed: bool, reason: str) -> Decision:
        return Decision(allowed, "see", subject.name, entry.id, (reason,))

    if isinstance(entry, Insight) and entry.audience:
        why = among(subject, entry.audience, now, arrangements)
        return answer(bool(why), why or "It is not listed for you.")
    if entry.listing == "public":
        return answer(True, "Every entry is listed for everybody, unless its record says otherwise.")
    if _is_steward(subject, entry):
        return answer(True, f"You are a steward of {entry.publisher.name}.")
    if now is None:
        return answer(False, "The time of the question is not known.")
    if any(not failing(subject, now, term) for term in arrangements.terms(subject.person, entry.id)):
        return answer(True, "You hold a grant for it.")
    mine = subject.organisations
    if entry.listing == "members" and any(
        not mine.isdisjoint(arrangements.parties(agreement.id)) or _is_member(subject, agreement, now, arrangements)
        for agreement in arrangements.covering(entry.id)
        if in_force(agreement, now)
    ):
        return answer(True, "An agreement about it names your organisation or one of your projects.")
    return answer(False, "It is not listed for you.")


def _read_as_audience(
    subject: Subject, entry: Insight, project: str | None, now: dt.datetime | None, arrangements: Arrangements
) -> Decision:
    """Decide about what was made for some people: they may open it, and a grant to anything else is none to it."""
    why = among(subject, entry.audience, now, arrangements)
    if why and entry.access != "open" and not arrangements.isolated:
        shut = f"“{entry.title}” rests on {entry.access} data, and people are not kept apart on this hub."
        said = (shut, "Ask whoever runs the hub.")
        return Decision(False, "read", subject.name, entry.id, said, project=project)
    said = (why, "") if why else (f"“{entry.title}” was not made for you.", f"Ask {entry.owner}.")
    return Decision(bool(why), "read", subject.name, entry.id, tuple(filter(None, said)), project=project)


def _steward(subject: Subject, entry: Entry) -> Decision:
    held = f"a steward of {entry.publisher.name}, which holds “{entry.title}”."
    if _is_steward(subject, entry):
        return Decision(True, "steward", subject.name, entry.id, (f"You are {held}",))
    who = f"Ask whoever runs the hub who is: stewards are in the group {STEWARDS} and work for the body that holds it."
    return Decision(False, "steward", subject.name, entry.id, (f"You are not {held}", who))


def _is_steward(subject: Subject, entry: Entry) -> bool:
    return STEWARDS in subject.groups and not subject.owner and entry.publisher.id in subject.organisations


def _read(
    subject: Subject, entry: Entry, project: str | None, now: dt.datetime | None, arrangements: Arrangements
) -> Decision:
    fails = barred(subject, project, arrangements)
    terms = [term for term in arrangements.terms(subject.person, entry.id) if term.grant.project == project]
    if not fails and not terms:
        fails.append(Failing(0, _no_grant(subject, entry, project, now, arrangements), "grant"))
    elif now is None:
        fails.append(Failing(0, "the time of the question is not known", "hub"))
    if fails or now is None:
        return _denied(entry, project, fails, Asked(subject, entry, now, arrangements))
    return _by_grant(subject, entry, terms, now, arrangements)


def _by_grant(
    subject: Subject, entry: Entry, terms: Sequence[Term], now: dt.datetime, arrangements: Arrangements
) -> Decision:
    """Allow by the grant that lasts longest of those that hold; else deny by the one that comes nearest to it."""
    tried = [(term, failing(subject, now, term)) for term in terms]
    if holding := [term for term, fails in tried if not fails]:
        return _allowed(subject, entry, max(holding, key=lambda term: (term.end.at, term.grant.id)))
    term, fails = min(tried, key=lambda each: (len(each[1]), -each[0].end.at.timestamp(), each[0].grant.id))
    asked = Asked(subject, entry, now, arrangements, term)
    return _denied(entry, term.grant.project, fails, asked, ended=_has_ended(term, now))


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
        rows=cover.rows if cover else EVERY_ROW,
    )


def _has_ended(term: Term, now: dt.datetime) -> bool:
    """Tell whether a grant gave access that is over, rather than none so far."""
    stopped = term.agreement is not None and term.agreement.status in ("suspended", "ended")
    return now >= term.end.at or (stopped and now >= term.start)


def _denied(
    entry: Entry, project: str | None, fails: Sequence[Failing], asked: Asked, *, ended: bool = False
) -> Decision:
    """Say what failed, first what weighs most, and at the end what to do next."""
    first, *others = fails
    said = [f"You can see “{entry.title}” but not read it: {first.said}."]
    said += [f"Also, {other.said}." for other in others]
    return Decision(
        False,
        "read",
        asked.subject.name,
        entry.id,
        (*said, asked.next_step(first.mend, project)),
        agreement=asked.term.grant.agreement if asked.term else None,
        project=project,
        grant=asked.term.grant.id if asked.term else None,
        ended=ended,
    )


def _no_grant(
    subject: Subject, entry: Entry, project: str | None, now: dt.datetime | None, arrangements: Arrangements
) -> str:
    held = arrangements.terms(subject.person, entry.id)
    elsewhere = sorted({term.grant.project for term in held if now is None or now < term.end.at})
    over = "" if elsewhere else either(sorted({term.grant.project for term in held}))
    if project is None and elsewhere:
        return f"no project is chosen in this session, and your grants for it are for {either(elsewhere)}"
    if project is None:
        had = f"your access to it for {over} is over" if over else "you have no grant for it"
        return f"its access is {entry.access}, and {had}"
    others = f"; you have one for {either(elsewhere)}" if elsewhere else ""
    others = f"; your access to it for {over} is over" if over else others
    return f"you have no grant for it in the project {project}{others}"


def _is_member(subject: Subject, agreement: Agreement, now: dt.datetime, arrangements: Arrangements) -> bool:
    return any(
        agreement.id in project.agreements and now < midnight(project.end)
        for project in arrangements.projects_of(subject.person)
    )
