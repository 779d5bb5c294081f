"""The conditions of a grant, each with the words for when it fails. All must hold; one that fails denies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

from londata.access.arrangements import Arrangements, Term
from londata.access.days import day, midnight
from londata.access.subject import Subject
from londata.records import Agreement
from londata.records.legal import purpose_title

#: Says what fails; empty where the condition holds.
Condition = Callable[[Subject, dt.datetime, Term], str]


class Failing(NamedTuple):
    """A condition that does not hold: what is said, and who could mend it.

    ``mend`` is ``grant`` (asking for access), ``project`` (whoever leads it), ``agreement`` (whom its record names) or
    ``hub`` (whoever runs the hub).
    """

    said: str
    mend: str


_NOT_SIGNED = {"draft": "is not signed yet", "suspended": "is suspended", "ended": "has ended"}


def in_force(agreement: Agreement, now: dt.datetime) -> bool:
    """Tell whether an agreement is signed, has begun and is not over; a review that is due ends it."""
    stop = min(agreement.end, agreement.review_by)
    return agreement.status == "signed" and midnight(agreement.start) <= now < midnight(stop)


def either(names: Sequence[str]) -> str:
    """Write a list of which one counts."""
    return " or ".join(names)


def _not_over(_: Subject, now: dt.datetime, term: Term) -> str:
    return term.end.said if now >= term.end.at else ""


def _begun(_: Subject, now: dt.datetime, term: Term) -> str:
    return f"the agreement {term.grant.agreement} begins on {day(term.start)}" if now < term.start else ""


def _agreement_known(_: Subject, __: dt.datetime, term: Term) -> str:
    return "" if term.agreement else f"the agreement {term.grant.agreement} is not in the register"


def _signed(_: Subject, __: dt.datetime, term: Term) -> str:
    agreement = term.agreement
    if agreement is None or agreement.status == "signed":
        return ""
    return f"the agreement {agreement.id} {_NOT_SIGNED[agreement.status]}"


def _covered(_: Subject, __: dt.datetime, term: Term) -> str:
    if term.agreement is None or term.cover is not None:
        return ""
    return f"the agreement {term.agreement.id} does not cover it"


def _of_a_party(subject: Subject, _: dt.datetime, term: Term) -> str:
    agreement = term.agreement
    if agreement is None or is_party(subject, agreement):
        return ""
    parties = " and ".join(dict.fromkeys(party.organisation for party in agreement.parties))
    if not subject.organisations:
        return f"the agreement {agreement.id} is between {parties}, and the hub does not know for whom you work"
    return (
        f"the agreement {agreement.id} is between {parties}, and you work for {either(sorted(subject.organisations))}"
    )


def _among_those_who_may(subject: Subject, _: dt.datetime, term: Term) -> str:
    agreement = term.agreement
    if agreement is None or not agreement.who_may or not subject.groups.isdisjoint(agreement.who_may):
        return ""
    groups = either(agreement.who_may)
    return f"the agreement {agreement.id} is for people in the group {groups}, and you are not in it"


def _in_this_workbench(_: Subject, __: dt.datetime, term: Term) -> str:
    if term.agreement is None or "workbench" in term.agreement.settings:
        return ""
    return f"the agreement {term.agreement.id} does not allow its data to be used in this workbench"


def _project_known(_: Subject, __: dt.datetime, term: Term) -> str:
    return "" if term.project else f"the project {term.grant.project} is not in the register"


def _member(subject: Subject, _: dt.datetime, term: Term) -> str:
    if term.project is None or subject.person in term.project.members:
        return ""
    return f"{subject.person} is not a member of the project “{term.project.title}”"


def _project_under_agreement(_: Subject, __: dt.datetime, term: Term) -> str:
    if term.project is None or term.grant.agreement in term.project.agreements:
        return ""
    return f"the project “{term.project.title}” does not work under the agreement {term.grant.agreement}"


def _purpose_agreed(_: Subject, __: dt.datetime, term: Term) -> str:
    project, agreement = term.project, term.agreement
    if project is None or agreement is None or project.purpose in agreement.purposes:
        return ""
    return f"the agreement {agreement.id} does not allow the project's purpose, “{purpose_title(project.purpose)}”"


#: Each with who could mend it (empty: its moment says), in the order in which they weigh: what is said first is what is
#: best mended first.
CONDITIONS: tuple[tuple[Condition, str], ...] = (
    (_not_over, ""),
    (_begun, "agreement"),
    (_agreement_known, "hub"),
    (_signed, "agreement"),
    (_covered, "agreement"),
    (_of_a_party, "agreement"),
    (_among_those_who_may, "agreement"),
    (_in_this_workbench, "agreement"),
    (_project_known, "hub"),
    (_member, "project"),
    (_project_under_agreement, "project"),
    (_purpose_agreed, "project"),
)


def failing(subject: Subject, now: dt.datetime, term: Term) -> list[Failing]:
    """Say every condition of a grant that does not hold now; nothing when it allows."""
    return [
        Failing(said, mend or term.end.mend)
        for condition, mend in CONDITIONS
        if (said := condition(subject, now, term))
    ]


def barred(subject: Subject, project: str | None, arrangements: Arrangements) -> list[Failing]:
    """Say what keeps somebody from all data that is not open, whatever the grants.

    Parameters
    ----------
    subject
        Who asks.
    project
        The project for which it is asked.
    arrangements
        As they stand.

    Returns
    -------
    list of Failing
        Nothing where nothing does.
    """
    found: list[str] = []
    if not arrangements.isolated:
        found.append("users are not kept apart on this hub, so it serves open data only")
    if subject.owner:
        found += _account_failing(subject, project, arrangements)
    elif subject.name.startswith(SERVICE):
        found.append("a service that no named person owns may read open data only")
    return [Failing(said, "hub") for said in found]


def _account_failing(subject: Subject, project: str | None, arrangements: Arrangements) -> list[str]:
    """Say what is wrong with something that acts for a person: it is entered, for this person, for one project."""
    account = arrangements.accounts.get(subject.name) or arrangements.accounts.get(subject.name.removeprefix(SERVICE))
    if account is None or account.owner != subject.owner:
        return [f"{subject.name} is not entered as a service account of {subject.owner}"]
    if account.project != project:
        asked = f"the project {project}" if project else "no project"
        return [f"the service account {account.name} works for the project {account.project}, and this is for {asked}"]
    return []


#: What the names of services begin with; no person's name has a slash.
SERVICE = "service/"


def is_party(subject: Subject, agreement: Agreement) -> bool:
    """Tell whether the body that somebody works for is a party."""
    mine = subject.organisations
    return any(party.organisation in mine for party in agreement.parties)
