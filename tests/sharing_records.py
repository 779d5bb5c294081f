"""Records of sharing for the tests of the store: an agreement, a project, people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from londata.access import Subject
from londata.records import Agreement, Entry, Grant, Project, entry_from_dict
from londata_hub.store import AccessStore, RegisterStore

#: The tests' time, after the machine's own, so that what takes that one does not come later.
NOW = dt.datetime(2096, 6, 1, 9, 0, tzinfo=dt.UTC)
ADA = Subject("ada", frozenset({"analysts", "org-camden"}))
BOLA = Subject("bola", frozenset({"analysts", "org-camden"}))
CHEN = Subject("chen", frozenset({"stewards", "org-education"}))
DORA = Subject("dora", frozenset({"stewards", "org-education"}))


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self.time = now

    def __call__(self) -> dt.datetime:
        return self.time

    def pass_by(self, **span: float) -> None:
        self.time += dt.timedelta(**span)


def an_entry(slug: str = "rolls", **fields: Any) -> Entry:
    values = {
        "kind": "dataset",
        "id": slug,
        "title": "School rolls by pupil",
        "publisher": {"id": "education", "name": "Schools and Learning"},
        "access": "closed",
    }
    return entry_from_dict(values | fields)


def an_agreement(**fields: Any) -> Agreement:
    values = {
        "id": "ISA-014",
        "title": "School rolls",
        "status": "signed",
        "mirror_of": {"system": "ISG", "reference": "1", "confirmed_on": "2096-01-01"},
        "parties": [
            {"organisation": "education", "role": "controller"},
            {"organisation": "camden", "role": "recipient"},
        ],
        "purposes": ["school-place-planning"],
        "legal_basis": {"article_6": "6(1)(e)"},
        "covers": [{"entry": "rolls", "columns": ["borough", "year"]}],
        "outputs": "aggregate-only",
        "start": "2096-01-01",
        "review_by": "2097-03-01",
        "end": "2097-06-01",
    }
    return Agreement.from_dict(values | fields)


def a_project(**fields: Any) -> Project:
    values = {
        "id": "places",
        "title": "School places",
        "purpose": "school-place-planning",
        "public_benefit": "Every child has a place.",
        "members": ["ada", "bola"],
        "agreements": ["ISA-014"],
        "end": "2097-04-01",
    }
    return Project.from_dict(values | fields)


def a_grant(name: str = "g-1", subject: str = "ada", *, until: dt.datetime | None = None, **fields: Any) -> Grant:
    values = {
        "id": name,
        "subject": subject,
        "entry": "rolls",
        "project": "places",
        "agreement": "ISA-014",
        "until": until or NOW + dt.timedelta(days=60),
        "granted_by": "chen",
        "granted_at": NOW,
    }
    return Grant(**(values | fields))


def register(address: str, folder: Path, *entries: Entry) -> None:
    """Put entries into a register."""
    with RegisterStore(address, folder / "index") as store:
        store.upsert(entries or [an_entry()], source="the borough")


def opened(address: str, folder: Path, **options: Any) -> AccessStore:
    """Open what is kept of sharing."""
    return AccessStore(address, folder / "audit-anchors", **options)


def arranged(address: str, folder: Path, **options: Any) -> AccessStore:
    """Open a register with one closed entry, an agreement about it and a project under that."""
    register(address, folder)
    store = opened(address, folder, **options)
    store.record(an_agreement(), "operator")
    store.record(a_project(), "operator")
    return store
