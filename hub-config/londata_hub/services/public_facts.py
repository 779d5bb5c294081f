"""What everybody may know of agreements: who shares what, why, on which grounds, until when. Pure, and without people.

Nothing here names a person, and no entry is named that is not listed for everybody. A number of people that is smaller
than five is said as such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from londata.access import Arrangements, days_left, in_words, last_day, midnight
from londata.records import Agreement, Entry, Project
from londata.records.legal import CODE_LISTS, OUTPUTS, purpose_title

#: Fewer people than this are not counted out.
FEWEST = 5
#: From so many days before it ends, the days that are left of a live agreement are said.
NEAR_DAYS = 90
ROLES = {"controller": "controller", "joint": "joint controller", "processor": "processor", "recipient": "recipient"}
#: How the public list is ordered: what is in force first.
ORDER = {"live": 0, "coming": 1, "suspended": 2, "ended": 3}


@dataclass(frozen=True)
class PublicProject:
    """A project under an agreement, without its people."""

    title: str
    purpose: str
    public_benefit: str
    ended: bool


@dataclass(frozen=True)
class PublicAgreement:
    """One agreement in words. ``state`` is a key of :data:`ORDER`, ``said`` the sentence for it.

    ``parties`` are names and roles, ``covers`` titles of entries that everybody may see, ``people`` the number of those
    who were ever given access, as text.
    """

    id: str
    title: str
    description: str
    state: str
    said: str
    parties: tuple[tuple[str, str], ...]
    purposes: tuple[str, ...]
    legal_power: str
    legal_bases: tuple[str, ...]
    covers: tuple[tuple[str, str], ...]
    outputs: str
    start: dt.date
    review_by: dt.date
    end: dt.date
    kept_in: str
    confirmed_on: dt.date
    projects: tuple[PublicProject, ...]
    people: str
    readings: int

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return asdict(self)


def public_agreements(
    arrangements: Arrangements,
    now: dt.datetime,
    find: Callable[[str], Entry | None],
    names: Mapping[str, str],
    readings: Mapping[str, int],
) -> list[PublicAgreement]:
    """Say of every agreement what everybody may know; drafts are not agreements yet and are left out.

    Parameters
    ----------
    arrangements
        As they stand.
    now
        The time for which it is said.
    find
        Finds an entry by its slug.
    names
        Publisher's id → name.
    readings
        Agreement → how many readings were begun under it.

    Returns
    -------
    list of PublicAgreement
        Those in force first, then by title.
    """
    people: dict[str, set[str]] = {}
    for term in arrangements.all_terms():
        people.setdefault(term.grant.agreement, set()).add(term.grant.subject)
    told = [
        _told(each, arrangements, now, find, names, len(people.get(each.id, ())), readings.get(each.id, 0))
        for each in arrangements.agreements.values()
        if each.status != "draft"
    ]
    return sorted(told, key=lambda each: (ORDER[each.state], each.title.casefold(), each.id))


def _told(
    agreement: Agreement,
    arrangements: Arrangements,
    now: dt.datetime,
    find: Callable[[str], Entry | None],
    names: Mapping[str, str],
    people: int,
    readings: int,
) -> PublicAgreement:
    state, said = state_of(agreement, now)
    entries = filter(None, map(find, (cover.entry for cover in agreement.covers)))
    parties = agreement.parties
    under = [each for each in arrangements.projects.values() if agreement.id in each.agreements]
    return PublicAgreement(
        id=agreement.id,
        title=agreement.title,
        description=agreement.description,
        state=state,
        said=said,
        parties=tuple((names.get(each.organisation, each.organisation), ROLES[each.role]) for each in parties),
        purposes=tuple(purpose_title(code) for code in agreement.purposes),
        legal_power=agreement.legal_basis.power,
        legal_bases=tuple(_bases(agreement)),
        covers=tuple((each.id, each.title) for each in entries if each.listing == "public"),
        outputs=OUTPUTS[agreement.outputs],
        start=agreement.start,
        review_by=agreement.review_by,
        end=agreement.end,
        kept_in=f"{agreement.mirror_of.system}, {agreement.mirror_of.reference}",
        confirmed_on=agreement.mirror_of.confirmed_on,
        projects=tuple(_project(each, now) for each in sorted(under, key=lambda each: each.title.casefold())),
        people=f"{people:,}" if people >= FEWEST else f"fewer than {FEWEST}",
        readings=readings,
    )


def state_of(agreement: Agreement, now: dt.datetime) -> tuple[str, str]:
    """Say in words how an agreement stands at a moment; a review that is due stops it."""
    stop = min(agreement.end, agreement.review_by)
    why = "" if agreement.end <= agreement.review_by else ", when it was due to be reviewed and was not"
    if now >= midnight(stop):
        return "ended", f"Ended on {in_words(stop)}{why}."
    if agreement.status == "ended":
        return "ended", "Ended."
    if agreement.status == "suspended":
        return "suspended", "Suspended: nothing can be read under it for now."
    if now < midnight(agreement.start):
        return "coming", f"Signed; it begins on {in_words(agreement.start)}."
    days = days_left(midnight(stop), now)
    left = "" if days > NEAR_DAYS else ": 1 day is left" if days == 1 else f": {days} days are left"
    return "live", f"Live until {last_day(midnight(stop))}{_unless(agreement)}{left}."


def _unless(agreement: Agreement) -> str:
    return "" if agreement.end <= agreement.review_by else ", unless it is reviewed by then"


def _bases(agreement: Agreement) -> Iterator[str]:
    basis, lists = agreement.legal_basis, CODE_LISTS[agreement.legal_basis.codes]
    for code, known in ((basis.article_6, lists.article_6), (basis.article_9_10, lists.article_9_10)):
        if code:
            yield f"UK GDPR article {code}: {known[code]}"


def _project(project: Project, now: dt.datetime) -> PublicProject:
    ended = now >= midnight(project.end)
    return PublicProject(project.title, purpose_title(project.purpose), project.public_benefit, ended)
