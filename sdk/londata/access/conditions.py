"""The conditions of a grant, each with the words for when it fails. All must hold; one that fails denies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from londata.access.days import day, midnight
from londata.access.subject import Subject
from londata.access.term import Failing, Term
from londata.records import Agreement
from londata.records.legal import purpose_title

#: Says what fails; empty where the condition holds. One kind depends on who asks and when, the other on neither.
Personal = Callable[[Subject, dt.datetime, Term], str]
Fixed = Callable[[Term], str]


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


def _agreement_known(term: Term) -> str:
    return "" if term.agreement else f"the agreement {term.grant.agreement} is not in the register"


def _signed(term: Term) -> str:
    agreement = term.agreement
    if agreement is None or agreement.status == "signed":
        return ""
    return f"the agreement {agreement.id} {_NOT_SIGNED[agreement.status]}"


def _covered(term: Term) -> str:
    if term.agreement is None or term.cover is not None:
        return ""
    return f"the agreement {term.agreement.id} does not cover it"


def _of_a_party(subject: Subject, _: dt.datetime, term: Term) -> str:
    agreement = term.agreement
    if agreement is None or not subject.organisations.isdisjoint(term.parties):
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


def _in_this_workbench(term: Term) -> str:
    if term.agreement is None or "workbench" in term.agreement.settings:
        return ""
    return f"the agreement {term.agreement.id} does not allow its data to be used in this workbench"


def _project_known(term: Term) -> str:
    return "" if term.project else f"the project {term.grant.project} is not in the register"


def _member(subject: Subject, _: dt.datetime, term: Term) -> str:
    if term.project is None or subject.person in term.members:
        return ""
    return f"{subject.person} is not a member of the project “{term.project.title}”"


def _project_under_agreement(term: Term) -> str:
    if term.project is None or term.grant.agreement in term.project.agreements:
        return ""
    return f"the project “{term.project.title}” does not work under the agreement {term.grant.agreement}"


def _purpose_agreed(term: Term) -> str:
    project, agreement = term.project, term.agreement
    if project is None or agreement is None or project.purpose in agreement.purposes:
        return ""
    return f"the agreement {agreement.id} does not allow the project's purpose, “{purpose_title(project.purpose)}”"


#: Each with who could mend it (empty: its moment says), in the order in which they weigh: what is said first is what is
#: best mended first.
CONDITIONS: tuple[tuple[Personal | None, Fixed | None, str], ...] = (
    (_not_over, None, ""),
    (_begun, None, "agreement"),
    (None, _agreement_known, "hub"),
    (None, _signed, "agreement"),
    (None, _covered, "agreement"),
    (_of_a_party, None, "agreement"),
    (_among_those_who_may, None, "agreement"),
    (None, _in_this_workbench, "agreement"),
    (None, _project_known, "hub"),
    (_member, None, "project"),
    (None, _project_under_agreement, "project"),
    (None, _purpose_agreed, "project"),
)
_PERSONAL = [(weight, personal, mend) for weight, (personal, _, mend) in enumerate(CONDITIONS) if personal]
_FIXED = [(weight, fixed, mend) for weight, (_, fixed, mend) in enumerate(CONDITIONS) if fixed]


def flaws_of(term: Term) -> tuple[Failing, ...]:
    """Say every condition of a grant that holds for nobody at no time."""
    return tuple(Failing(weight, said, mend) for weight, fixed, mend in _FIXED if (said := fixed(term)))


def failing(subject: Subject, now: dt.datetime, term: Term) -> list[Failing]:
    """Say every condition of a grant that does not hold.

    Parameters
    ----------
    subject
        Who asks.
    now
        When.
    term
        The grant, with what bears on it.

    Returns
    -------
    list of Failing
        What weighs most first; nothing when the grant allows.
    """
    found = [
        Failing(weight, said, mend or term.end.mend)
        for weight, personal, mend in _PERSONAL
        if (said := personal(subject, now, term))
    ]
    return sorted([*found, *_not_said_yet(now, term)]) if term.flaws else found


def _not_said_yet(now: dt.datetime, term: Term) -> list[Failing]:
    """Leave out that the agreement has ended where the day of its end is said."""
    agreement = term.agreement
    said = agreement and agreement.status == "ended" and now >= term.end.at == midnight(agreement.end)
    return [flaw for flaw in term.flaws if not (said and flaw.said == _signed(term))]
