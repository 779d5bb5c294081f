"""What somebody should be told: that access ends soon or has ended, what became of requests, what waits for them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from londata.access import STEWARDS, Arrangements, Subject, Term, days_left, decide, last_day, until_in_words, who
from londata.access.conditions import failing
from londata.access.next_step import Asked
from londata.access.releasing import TIGHTENED
from londata.records import AccessRequest, Agreement, Entry
from londata.records.publications import Publication, Release
from londata_hub import audit
from londata_hub.store.covering import why_no_longer
from londata_hub.store.publication_rows import HUB, found, last_releases, readable
from londata_hub.store.suspending import why_suspended
from londata_hub.store.tables import audit as log
from londata_hub.store.tables import publications

#: Days before an end at which a warning is given anew.
THRESHOLDS = (7, 30, 90)
#: Days for which news stays news.
NEWS = 30

_UNCOVERED = " (No agreement covers it for that project, so it cannot be approved before there is one.)"
Kind = Literal["ending", "approved", "refused", "ended", "request", "insight"]
Find = Callable[[str], Entry | None]


@dataclass(frozen=True)
class Notice:
    """One thing to be told. ``at`` is when it happened or will; ``days`` are those left, where something ends."""

    id: str
    kind: Kind
    text: str
    entry: str
    project: str
    at: dt.datetime
    days: int | None = None


def notices(
    subject: Subject, now: dt.datetime, arrangements: Arrangements, requests: Sequence[AccessRequest], find: Find
) -> list[Notice]:
    """Gather what somebody should be told: first what waits for them, then what ends, then what is new.

    Parameters
    ----------
    subject
        Who is told.
    now
        The time.
    arrangements
        As they stand.
    requests
        Everybody's.
    find
        Finds an entry by its slug.

    Returns
    -------
    list of Notice
        Nothing for nobody.
    """
    if not subject.name:
        return []
    return [
        *_to_decide(subject, requests, find),
        *_of_agreements(subject, now, arrangements, find),
        *_of_grants(subject, now, arrangements, find),
        *_decided(subject, now, arrangements, requests, find),
    ]


def not_logged(connection: Connection, subject: Subject, told: Sequence[Notice]) -> list[audit.Event]:
    """Give the events of those warnings of which the log has none yet.

    Parameters
    ----------
    connection
        An open transaction.
    subject
        Who is told.
    told
        What they are told.

    Returns
    -------
    list of Event
        One per grant and threshold.
    """
    warnings = {each.id: each for each in told if each.kind == "ending"}
    if not warnings:
        return []
    person = audit.as_column(subject.person)
    wanted = select(log.c.line).where(log.c.what == "warning.given", log.c.subject == person)
    for line in connection.execute(wanted).scalars():
        details = json.loads(line)["details"]
        warnings.pop(_name(details["grant"], details["days"]), None)
    return [
        audit.Event(
            "warning.given",
            subject.name,
            subject=subject.person,
            entry=each.entry,
            project=each.project,
            details=dict(zip(("grant", "days"), _parts(each.id), strict=True)),
        )
        for each in warnings.values()
    ]


def of_insights(connection: Connection, subject: Subject) -> list[Notice]:
    """Tell an owner which of their insights the hub has paused, or found not to be up to date any more.

    Those who checked a release are told where its tables show what its owner hides by now.

    Parameters
    ----------
    connection
        An open transaction.
    subject
        Who is told; what acts for somebody owns nothing.
    """
    if not subject.name or subject.owner:
        return []
    wanted = select(publications.c.document, log.c.at).join(log, log.c.seq == publications.c.line)
    wanted = wanted.where(publications.c.owner == audit.as_column(subject.name), publications.c.state != "withdrawn")
    rows = connection.execute(wanted.order_by(log.c.seq.desc())).all()
    theirs = ((each, at) for document, at in rows for each in readable(Publication, [document]))
    mine = [notice for each, at in theirs if (notice := _of_insight(each, dt.datetime.fromisoformat(at)))]
    return [*mine, *_checked_by(connection, subject)]


def _checked_by(connection: Connection, subject: Subject) -> Iterator[Notice]:
    """Tell somebody of releases that they checked and whose owner hides more by now."""
    if STEWARDS not in subject.groups:
        return
    for release in readable(Release, connection.execute(last_releases()).scalars()):
        said_yes = {step.by for step in release.steps if step.to in ("reviewed", "approved")}
        publication = found(connection, release.publication) if subject.name in said_yes else None
        if (
            publication is None
            or publication.state == "withdrawn"
            or (release.state, release.version) != ("released", publication.current)
            or TIGHTENED not in publication.stale
        ):
            continue
        text = f"The insight {publication.slug}, whose release you checked: {TIGHTENED}"
        at = release.steps[-1].at
        yield Notice(f"release-{publication.slug}", "insight", text, publication.slug, publication.project or "", at)


def _of_insight(publication: Publication, at: dt.datetime) -> Notice | None:
    if publication.shipped or (publication.changed_by == publication.owner and publication.state == "paused"):
        return None
    by = "" if publication.changed_by == HUB else f" by {who(publication.changed_by)}"
    said = [f"It is paused{by}: {publication.reason}"] if publication.state == "paused" else []
    said += [publication.stale] if publication.stale else []
    if not said:
        return None
    text = f"Your insight {publication.slug}: {' '.join(said)}"
    return Notice(f"insight-{publication.slug}", "insight", text, publication.slug, publication.project or "", at)


def _name(grant: str, days: int) -> str:
    return f"ending-{grant}-{days}"


def _parts(name: str) -> tuple[str, int]:
    grant, _, days = name.removeprefix("ending-").rpartition("-")
    return grant, int(days)


def _of_grants(subject: Subject, now: dt.datetime, arrangements: Arrangements, find: Find) -> Iterator[Notice]:
    """Tell of what ends, ended or is halted; of several grants for one thing, of the one that a decision rests on."""
    longest: dict[tuple[str, str], Term] = {}
    for term in arrangements.terms_of(subject.person):
        key = (term.grant.entry, term.grant.project)
        longest[key] = max(longest.get(key, term), term, key=lambda each: each.end.at)
    for term in sorted(longest.values(), key=lambda each: each.end.at):
        grant, left = term.grant, term.end.at - now
        title = _title(find, grant.entry)
        work = f"for the project “{term.project.title if term.project else grant.project}”"
        if dt.timedelta(days=-NEWS) < left <= dt.timedelta():
            text = f"Your access to {title} {work} is over: {term.end.said}."
            yield Notice(f"ended-{grant.id}", "ended", text, grant.entry, grant.project, term.end.at)
        elif left > dt.timedelta() and (why := _halted(subject, now, arrangements, find, term)):
            text = f"Your access to {title} {work} is suspended, because {why}"
            yield Notice(f"halted-{grant.id}", "ended", text, grant.entry, grant.project, now)
        elif dt.timedelta() < left <= dt.timedelta(days=THRESHOLDS[-1]):
            days = days_left(term.end.at, now)
            step = next(each for each in THRESHOLDS if days <= each)
            when = until_in_words(term.end.at, now)
            text = f"Your access to {title} {work} is {when}. {_longer(subject, now, arrangements, find, term)}"
            yield Notice(_name(grant.id, step), "ending", text, grant.entry, grant.project, term.end.at, days)


def _longer(subject: Subject, now: dt.datetime, arrangements: Arrangements, find: Find, term: Term) -> str:
    """Say what to do before access ends: ask for longer, where that can be given."""
    entry = find(term.grant.entry)
    why = why_no_longer(Asked(subject, entry, now, arrangements, term)) if entry else ()
    return " ".join(filter(None, why)) or "Ask for it anew if you still need it."


def _halted(subject: Subject, now: dt.datetime, arrangements: Arrangements, find: Find, term: Term) -> str:
    """Say why a grant that is not over allows nothing now, and what to do; empty where it does, or another one does."""
    entry = find(term.grant.entry)
    if entry is None:
        return "it is not in the register any more."
    decision = decide(subject, "read", entry, term.grant.project, now, arrangements)
    if decision.allowed:
        return ""
    nearest = arrangements.term(decision.grant or "") or term
    fails = [each.said for each in failing(subject, now, nearest)]
    if not fails:  # it is not about this grant
        return " ".join(decision.reasons)
    return f"{fails[0]}{_reason(nearest.agreement)}. {decision.reasons[-1]}"


def _reason(agreement: Agreement | None) -> str:
    why = why_suspended(agreement) if agreement else ""
    return f" (“{why.rstrip('.')}”)" if why else ""


def _of_agreements(subject: Subject, now: dt.datetime, arrangements: Arrangements, find: Find) -> Iterator[Notice]:
    """Tell stewards of their data that nobody can read any more because of the agreement, though people have grants."""
    if STEWARDS not in subject.groups:
        return
    held: dict[tuple[str, str, str], list[Term]] = {}
    for term in arrangements.all_terms():
        said = _stopped_by_agreement(term, now)
        if said:
            held.setdefault((term.grant.entry, term.grant.agreement, said), []).append(term)
    for (slug, agreement, said), terms in sorted(held.items()):
        entry = find(slug)
        if entry and decide(subject, "steward", entry).allowed:
            people = len({each.grant.subject for each in terms})
            holders = "1 person holds a grant" if people == 1 else f"{people} people hold grants"
            text = f"“{entry.title}” cannot be read under {agreement}: {said}. {holders} for it under that agreement."
            at = min(now, terms[0].end.at)
            yield Notice(f"halted-{agreement}-{slug}", "ended", text, slug, "", at)


def _stopped_by_agreement(term: Term, now: dt.datetime) -> str:
    """Say why nobody can read by a grant because of its agreement, where that is so now or since lately."""
    if now < term.end.at:
        said = next((flaw.said for flaw in term.flaws if flaw.mend == "agreement"), "")
        return said and f"{said}{_reason(term.agreement)}"
    return term.end.said if term.end.mend == "agreement" and now - term.end.at < dt.timedelta(days=NEWS) else ""


def _decided(
    subject: Subject, now: dt.datetime, arrangements: Arrangements, requests: Sequence[AccessRequest], find: Find
) -> Iterator[Notice]:
    for each in requests:
        at = each.decided_at
        if each.subject != subject.person or at is None or now - at > dt.timedelta(days=NEWS):
            continue
        asked = f"Your request for {_title(find, each.entry)} was {each.state} by {who(each.decided_by)}"
        if each.state == "approved" and _can_read(subject, now, arrangements, find(each.entry), each.project):
            until = f" until {last_day(each.until)}" if each.until else ""
            text = f'{asked}{until}. Read it with londata.use_project("{each.project}").'
            yield Notice(f"approved-{each.id}", "approved", text, each.entry, each.project, at)
        elif each.state == "refused":
            yield Notice(f"refused-{each.id}", "refused", f"{asked}: {each.reason}", each.entry, each.project, at)


def _can_read(
    subject: Subject, now: dt.datetime, arrangements: Arrangements, entry: Entry | None, project: str
) -> bool:
    return entry is not None and decide(subject, "read", entry, project, now, arrangements).allowed


def _to_decide(subject: Subject, requests: Sequence[AccessRequest], find: Find) -> Iterator[Notice]:
    for each in requests:
        if each.state != "open" or each.subject == subject.person:
            continue
        entry = find(each.entry)
        if entry and decide(subject, "steward", entry).allowed:
            text = f"{each.subject} asks for “{entry.title}” for the project {each.project}: {each.why}"
            text += "" if each.agreement else _UNCOVERED
            yield Notice(f"request-{each.id}", "request", text, each.entry, each.project, each.made_at)


def _title(find: Find, slug: str) -> str:
    entry = find(slug)
    return f"“{entry.title}”" if entry else slug
