"""People who ask for data and decide about it, over the real register service: for tests of what they see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata.access import Subject
from londata.errors import NotAuthenticatedError
from londata.records import Agreement, Project, entry_from_dict
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import AccessStore, RegisterStore
from register_service import BASE, served

#: Would run, if it were ever taken for more than text.
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><b>Rolls</b>"
TODAY = dt.datetime.now(dt.UTC).date()
LAST_DAY = TODAY + dt.timedelta(days=199)
#: Whoever holds a token is the person of that name.
PEOPLE = {
    "ada": Subject("ada", frozenset({"analysts", "org-camden"})),
    "bola": Subject("bola", frozenset({"analysts", "org-camden"})),
    "dora": Subject("dora", frozenset({"analysts", "org-camden"})),
    "chen": Subject("chen", frozenset({"stewards", "org-education"})),
}


def _entry(slug: str, title: str, access: str, **more: Any) -> Any:
    way = {"path": "data/boroughs.csv"} if access == "open" else {"through": "gateway"}
    values = {
        "kind": "dataset",
        "id": slug,
        "title": title,
        "publisher": {"id": "education", "name": "Schools and Learning"},
        "access": access,
        "columns": [{"name": "pupil"}, {"name": "borough"}, {"name": "year", "type": "integer"}],
        "distributions": [{"id": "csv", "media_type": "text/csv", **way}],
    }
    return entry_from_dict(values | more)


ENTRIES = (
    _entry("school-rolls", "School rolls by pupil", "closed", personal_data="personal"),
    _entry("exclusions", HOSTILE, "closed", personal_data="special category"),
    _entry("term-dates", "Term dates", "open", columns=[]),
)


def agreement(**more: Any) -> Agreement:
    """Make the agreement that covers both closed sets, one of them in part."""
    values: dict[str, Any] = {
        "id": "ISA-014",
        "title": "School rolls for planning",
        "status": "signed",
        "mirror_of": {"system": "ISG", "reference": "14", "confirmed_on": TODAY},
        "parties": [
            {"organisation": "education", "role": "controller"},
            {"organisation": "camden", "role": "recipient"},
        ],
        "purposes": ["school-place-planning"],
        "legal_basis": {"power": "Education Act 1996, section 14", "article_6": "6(1)(e)"},
        "covers": [
            {
                "entry": "school-rolls",
                "columns": ["borough", "year"],
                "rows": {"conditions": [{"column": "borough", "values": ["Camden"]}]},
            },
            {"entry": "exclusions"},
        ],
        "outputs": "aggregate-only",
        "start": TODAY - dt.timedelta(days=30),
        "review_by": TODAY + dt.timedelta(days=200),
        "end": TODAY + dt.timedelta(days=300),
    }
    return Agreement.model_validate(values | more)


def project(**more: Any) -> Project:
    """Make the project of ada and dora."""
    values: dict[str, Any] = {
        "id": "school-places",
        "title": "School places",
        "purpose": "school-place-planning",
        "public_benefit": "Every child has a place near home.",
        "members": ["ada", "dora"],
        "agreements": ["ISA-014"],
        "end": TODAY + dt.timedelta(days=400),
    }
    return Project.model_validate(values | more)


@dataclass
class World:
    """Where the service listens, and what it keeps."""

    address: str
    access: AccessStore
    register: RegisterStore


@contextmanager
def asking_world(folder: Path, catalogs: Path, socket: Path | None = None) -> Iterator[World]:
    """Serve a register with an agreement and two projects.

    ada is a member of one project, dora of both, bola of none; chen is the steward. Nobody holds a grant.
    """
    database = f"sqlite:///{folder / 'register.sqlite'}"
    with (
        RegisterStore(database, folder / "index") as register,
        AccessStore(database, folder / "anchors") as access,
    ):
        register.upsert(ENTRIES, source="tests")
        access.record(agreement(), "tests")
        access.record(project(), "tests")
        access.record(
            project(id="commuting", title=HOSTILE, members=["dora"], agreements=[], purpose="research"), "tests"
        )
        app = create_app(register, _by_name, Content(catalogs), prefix=f"{BASE}/", access=access)
        with served(app, socket) as address:
            yield World(address, access, register)


async def _by_name(token: str) -> Subject:
    if token not in PEOPLE:
        raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
    return PEOPLE[token]
