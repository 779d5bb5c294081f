"""A hub that publishes, without its sandbox: the real store, register and snapshots; a check says what a test wants."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from londata.access import Subject
from londata.records import Entry, Insight
from londata.records.publications import Finding, Publication, RestsOn, Version
from londata_hub.publishing.asking import Asked
from londata_hub.publishing.checked import Checked, Say
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.snapshots import RECEIPT, Snapshots
from londata_hub.store import AccessStore, RegisterStore
from londata_hub.store.publication_store import PublicationStore
from published import RECORD
from sharing_records import NOW, Clock, a_grant, a_project, an_agreement, an_entry

SOURCE = "the borough"
LIBRARIES = {
    "title": "Libraries",
    "publisher": {"id": "gla", "name": "Greater London Authority"},
    "access": "open",
    "licence": "ogl-3",
    "topics": ["culture"],
}


def a_notebook(*cells: str, outputs: list[dict[str, Any]] | None = None) -> bytes:
    made = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": code, "outputs": outputs or [],
         "execution_count": None}
        for number, code in enumerate(cells or ("1 + 1",))
    ]  # fmt: skip
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def asked(slug: str = "library-visits", **fields: Any) -> Asked:
    values: dict[str, Any] = {"files": {"app.ipynb": a_notebook()}, "record": RECORD, "slug": slug}
    return Asked(**(values | fields))


@dataclass
class Scripted:
    """Says that a version read ``reads``, and finds ``findings``; waits for ``go`` where it is not set."""

    store: PublicationStore
    reads: tuple[str, ...] = ("libraries",)
    sha256: str = ""
    findings: tuple[Finding, ...] = ()
    error: Exception | None = None
    go: threading.Event = field(default_factory=threading.Event)
    at_work: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, int, str, bytes]] = field(default_factory=list)

    def check(self, publication: Publication, version: Version, folder: Path, say: Say) -> Checked:
        notebook = (folder / "app.ipynb").read_bytes()
        self.seen.append((version.publication, version.number, publication.project or "", notebook))
        say("Running the notebook from top to bottom.")
        self.at_work.set()
        assert self.go.wait(120)
        if self.error:
            raise self.error
        rests_on = tuple(self._read(publication, name) for name in self.reads)
        return Checked(self.findings, rests_on, (), {RECEIPT: b"{}"}, "e" * 64)

    def _read(self, publication: Publication, name: str) -> RestsOn:
        entry = self.store.entry(name)
        assert entry is not None
        covering = self.store.arrangements().covering(name)
        agreement = covering[0].id if covering and entry.access != "open" else ""
        return RestsOn(entry=name, access=entry.access, version="1", sha256=self.sha256, agreement=agreement)


@dataclass
class World:
    """Everything of one hub."""

    folder: Path
    address: str
    clock: Clock
    access: AccessStore
    store: PublicationStore
    register: RegisterStore
    checker: Scripted
    publisher: Publisher

    def publish(self, subject: Subject, slug: str = "library-visits", **fields: Any) -> Version:
        """Publish and wait for the end of the check."""
        version = self.publisher.publish(subject, asked(slug, **fields))
        self.publisher.wait(slug, version.number, 120)
        after = self.store.version(slug, version.number)
        assert after is not None
        return after

    def entry(self, slug: str = "library-visits") -> Insight:
        found = self.store.entry(slug)
        assert isinstance(found, Insight)
        return found

    def publication(self, slug: str = "library-visits") -> Publication:
        found = self.store.find(slug)
        assert found is not None
        return found

    def put(self, *entries: Entry, complete: bool = False) -> None:
        self.register.upsert(entries, source=SOURCE, complete=complete)


@contextmanager
def a_world(folder: Path, address: str = "", now: dt.datetime = NOW) -> Iterator[World]:
    """Make a hub with an open, and a closed set that ada and bola may read for a project."""
    address = address or f"sqlite:///{folder / 'register.sqlite'}"
    clock = Clock(now)
    year, days = dt.timedelta(days=365), dt.timedelta(days=60)
    ends = {"review_by": (now + year).date(), "end": (now + year).date()}
    anchors = folder / "anchors"
    with (
        RegisterStore(address, folder / "index") as register,
        AccessStore(address, anchors, clock=clock) as access,
        PublicationStore(address, anchors, clock=clock) as store,
    ):
        register.upsert([an_entry(), an_entry("libraries", **LIBRARIES)], source=SOURCE)
        access.record(an_agreement(covers=[{"entry": "rolls"}], start=(now - year).date(), **ends), "operator")
        access.record(a_project(end=ends["end"]), "operator")
        for number, person in enumerate(("ada", "bola")):
            access.grant(a_grant(f"g-{number}", person, until=now + days, granted_at=now), "operator")
        checker = Scripted(store)
        checker.go.set()
        publisher = Publisher(store, register, Snapshots(folder / "insights"), checker)
        publisher.start()
        try:
            yield World(folder, address, clock, access, store, register, checker, publisher)
        finally:
            checker.go.set()
            publisher.close()
