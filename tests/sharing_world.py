"""A small world of sharing for tests: entries of every listing, an agreement, a project, and every kind of person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from londata.access import Subject, midnight
from londata.errors import NotAuthenticatedError
from londata.records import Agreement, Entry, Grant, Project, entry_from_dict
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import AccessStore, RegisterStore
from register_service import BASE

TODAY = dt.datetime.now(dt.UTC).date()
PUBLISHERS = {"gla": "Greater London Authority", "camden": "London Borough of Camden", "tfl": "Transport for London"}
#: Each is in the title of one entry and nowhere else; the search index has them as words.
MEMBERS_WORD, HIDDEN_WORD, DRAFT_WORD = "zanzibar", "quixotic", "jabberwock"


def days(number: int) -> dt.date:
    """Give the day so many days from today."""
    return TODAY + dt.timedelta(days=number)


def entry(slug: str, title: str, publisher: str = "gla", **more: Any) -> Entry:
    """Make an entry; closed and listed for everybody unless said otherwise."""
    values = {
        "kind": "dataset",
        "id": slug,
        "title": title,
        "publisher": {"id": publisher, "name": PUBLISHERS.get(publisher, publisher)},
        "access": "closed",
        "licence": "ogl-3",
        "topics": ["people"],
    }
    return entry_from_dict(values | more)


def insight(slug: str, title: str, uses: list[str], **more: Any) -> Entry:
    """Make an insight that is open."""
    values = {"kind": "insight", "form": "app", "owner": "City", "public_benefit": "Better.", "uses": uses}
    return entry(slug, title, **{"access": "open", "address": f"/services/apps/{slug}/"} | values | more)


CSV = {"id": "csv", "path": "data/boroughs.csv", "media_type": "text/csv"}
GATEWAY = {"id": "csv", "through": "gateway", "media_type": "text/csv"}
ENTRIES = (
    entry("open-figures", "Open figures of people", access="open", distributions=[CSV]),
    entry("open-journeys", "Open journeys of people", "tfl", access="open", topics=["transport"]),
    entry("pupils", "Pupils by school", distributions=[GATEWAY]),
    entry("pupils-members", f"Pupils {MEMBERS_WORD}", listing="members", access="shared", topics=["people", "schools"]),
    entry("pupils-hidden", f"Pupils {HIDDEN_WORD} figures", listing="hidden", publisher="camden"),
    insight("story-of-both", "A story of both", ["open-figures", "pupils-hidden"]),
    insight("story-of-hidden", "A story of one", ["pupils-hidden"]),
    insight("story-in-draft", f"A story {DRAFT_WORD}", ["open-figures"], listing="hidden", publisher="camden"),
    insight(
        "report-for-camden", "A report of pupils", ["pupils"], form="report", series="story-of-hidden",
        access="closed", listing="members", audience=["person:mo", "group:org-camden"],
    ),
)  # fmt: skip
RESTRICTED = frozenset(each.id for each in ENTRIES if each.listing != "public")
COVERED = ("pupils", "pupils-members", "pupils-hidden", "story-in-draft")


def agreement(**more: Any) -> Agreement:
    """Make the agreement between the GLA, Camden and nobody else."""
    values: dict[str, Any] = {
        "id": "ISA-1",
        "title": "Pupils for planning",
        "status": "signed",
        "mirror_of": {"system": "ISG", "reference": "1", "confirmed_on": days(-5)},
        "parties": [
            {"organisation": "gla", "role": "controller", "signed_by": "Gwendolyn Signatory"},
            {"organisation": "camden", "role": "recipient"},
        ],
        "purposes": ["school-place-planning"],
        "legal_basis": {"power": "Education Act 1996, section 14", "article_6": "6(1)(e)", "article_9_10": "9(2)(g)"},
        "covers": [{"entry": slug} for slug in COVERED],
        "outputs": "aggregate-only",
        "start": days(-30),
        "review_by": days(200),
        "end": days(300),
        "contact": {"name": "Gwendolyn Signatory", "email": "gwendolyn@gla.example"},
    }
    return Agreement.model_validate(values | more)


def project(**more: Any) -> Project:
    """Make the project that works under it."""
    values: dict[str, Any] = {
        "id": "school-places",
        "title": "Places at school",
        "purpose": "school-place-planning",
        "public_benefit": "Children find a school near home.",
        "members": ["ada", "mo"],
        "agreements": ["ISA-1"],
        "end": days(250),
        "owner": "ada",
    }
    return Project.model_validate(values | more)


def grant(subject: str, slug: str, **more: Any) -> Grant:
    """Make a grant in that project."""
    values: dict[str, Any] = {
        "id": f"grant-{subject}-{slug}",
        "subject": subject,
        "entry": slug,
        "project": "school-places",
        "agreement": "ISA-1",
        "until": midnight(days(100)),
        "granted_by": "stu",
        "granted_at": midnight(days(-10)),
    }
    return Grant.model_validate(values | more)


#: Every kind of person, and the restricted entries that they see.
PEOPLE: Mapping[str, Subject] = {
    "sid": Subject("sid", frozenset({"analysts"})),
    "pat": Subject("pat", frozenset({"analysts", "org-camden"})),
    "mo": Subject("mo", frozenset({"analysts"})),
    "ada": Subject("ada", frozenset({"analysts", "org-camden"})),
    "eve": Subject("eve", frozenset({"analysts", "org-hackney"})),
    "stu": Subject("stu", frozenset({"stewards", "org-camden"})),
    "sue": Subject("sue", frozenset({"stewards", "org-tfl"})),
    "robot": Subject("service/nightly"),
}
#: Tokens of the hub's own services, which ask in the name of insights.
SERVICES: Mapping[str, Subject] = {name: Subject(f"service/{name}") for name in ("apps", "insights")}
SEES: Mapping[str, frozenset[str]] = {
    "sid": frozenset(),
    "pat": frozenset({"pupils-members", "report-for-camden"}),
    "mo": frozenset({"pupils-members", "report-for-camden"}),
    "ada": frozenset({"pupils-members", "pupils-hidden", "report-for-camden"}),
    "eve": frozenset(),
    "stu": RESTRICTED,
    "sue": frozenset(),
    "robot": frozenset(),
}
KINDS = {
    "sid": "a stranger",
    "pat": "of a party",
    "mo": "a member of the project",
    "ada": "who holds a grant",
    "eve": "whose grant has ended",
    "stu": "a steward",
    "sue": "a steward of other data",
    "robot": "a service",
}


def fill(access: AccessStore) -> None:
    """Record the agreement, the project and the grants."""
    access.record(agreement(), "tests")
    access.record(project(), "tests")
    for slug in ("pupils", "pupils-members", "pupils-hidden"):
        access.grant(grant("ada", slug), "tests")
    access.grant(grant("eve", "pupils-hidden"), "tests")
    access.end_grant("grant-eve-pupils-hidden", "stu", "left the team")


@contextmanager
def stores(
    folder: Path, entries: tuple[Entry, ...] = ENTRIES, database: str = ""
) -> Iterator[tuple[RegisterStore, AccessStore]]:
    """Open a register with some entries, and the arrangements beside it; in SQLite unless said otherwise."""
    database = database or f"sqlite:///{folder / 'register.sqlite'}"
    with RegisterStore(database, folder / "index") as register:
        register.upsert(entries, source="tests")
        publishers = {name: {"id": name, "name": title} for name, title in PUBLISHERS.items()}
        register.note(themes={"people": "People"}, aliases={}, publishers=publishers)
        with AccessStore(database, folder / "anchors") as access:
            fill(access)
            yield register, access


async def by_name(token: str) -> Subject:
    """Let in everybody of this world: a person's token is their name."""
    if token in SERVICES:
        return SERVICES[token]
    if token not in PEOPLE:
        raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
    return PEOPLE[token]


def app_over(register: Any, access: AccessStore | None, catalogs: Path, **more: Any) -> Any:
    """Make the register service."""
    return create_app(register, by_name, Content(catalogs), prefix=f"{BASE}/", access=access, **more)
