"""The service of insights over a small world: real stores, real snapshots, publications as checks leave them."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

import sharing_world as world
from londata import insights
from londata.access import Subject
from londata.errors import NotAuthenticatedError
from londata.records.publications import Label, Publication, RestsOn, Thresholds, Version
from londata_hub.publishing import entries as register_entries
from londata_hub.publishing.checked import Checked, Say
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.releasing import Gathered, gather
from londata_hub.publishing.snapshots import PICTURE, RECEIPT
from londata_hub.services.insights import create_app
from londata_hub.services.insights_counter import Counter
from londata_hub.services.login import Login, Visit
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import PublicationStore
from register_service import served

PREFIX, COOKIE = "/services/insights/", "londata-insights"
API = f"{PREFIX}api/v1"
#: Would run, if it were ever taken for more than text.
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
PEOPLE = {
    **world.PEOPLE,
    "zed": Subject("zed", frozenset({"analysts", "org-tfl"})),
    "gil": Subject("gil", frozenset({"stewards", "org-gla"})),
    "dot": Subject("dot", frozenset({"stewards", "org-camden"})),
    "apps": Subject("service/apps"),
    "acting": Subject("service/nightly", frozenset({"analysts"}), owner="ada"),
}
RECORD = {
    "title": "Library visits by borough",
    "form": "app",
    "summary": "How often people go to their library, by borough and month, since 2019.",
    "public_benefit": "Councillors see where opening hours are worth their money before a budget is set.",
    "friction": "Visits stood in 33 spreadsheets with different months and spellings.",
    "method": "Monthly counts of the doors, added up by borough, for every 1,000 residents.",
    "limits": "Doors count staff, too. The City of London does not count.",
    "licence": "ogl-3",
    "topics": ["people"],
    "tags": ["libraries"],
}


async def by_name(token: str) -> Subject:
    """Let in everybody of this world: a person's token is their name."""
    if token not in PEOPLE:
        raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
    return PEOPLE[token]


async def as_insight(slug: str) -> Subject:
    """Let an insight act as itself."""
    return Subject(f"app/{slug}", owner="ada")


class Passes:
    """A check that finds nothing but what was read: the sandbox has tests of its own."""

    def check(self, publication: Publication, version: Version, folder: Path, say: Say) -> Checked:
        """Say that it passes."""
        say("Running the notebook from top to bottom.")
        rests_on = (RestsOn(entry="open-figures", access="open", version="1", sha256="c" * 64),)
        return Checked((), rests_on, files={RECEIPT: b"{}", PICTURE: picture()})


@dataclass
class World:
    """Where the service listens, what it keeps, and ways to ask it as somebody."""

    address: str
    state: Path
    database: str
    store: PublicationStore
    register: RegisterStore
    hall: Counter
    login: Login

    def client(self, person: str = "", **more: Any) -> httpx.Client:
        """Ask with a token; without one where nobody asks."""
        headers = {"Authorization": f"Bearer {person}"} if person else {}
        return httpx.Client(base_url=self.address, headers=headers | more, trust_env=False)

    def browser(self, person: str) -> httpx.Client:
        """Ask as a browser does that is logged in."""
        visit = Visit(f"visit-of-{person}", person, time.monotonic())
        self.login._visits[visit.name] = visit
        headers = {"Accept": "text/html"}
        return httpx.Client(base_url=self.address, cookies={COOKIE: visit.name}, headers=headers, trust_env=False)

    def secret(self, person: str) -> str:
        """Give the secret in the forms of somebody's pages."""
        return self.login.secret_of(self.login._visits[f"visit-of-{person}"])

    def published(
        self, slug: str, uses: tuple[str, ...] = ("open-figures",), tables: tuple[str, ...] = (), **more: Any
    ) -> Version:
        """Leave an insight as a check leaves it that it passed.

        ``more`` are fields of the publication (owner, audience, project), ``record`` those that its author gave, and
        ``version`` fields of the version, ``sent`` what came along with the notebook.
        """
        record, fields = RECORD | more.pop("record", {}), more.pop("version", {})
        files, sent = more.pop("files", {}), {"app.ipynb": b"{}"} | more.pop("sent", {})
        values = {"slug": slug, "owner": "ada", "audience": ("hub",), "created_at": self.store.now()} | more
        if self.store.find(slug) is None:
            self.store.add(Publication.model_validate(values))
        by = str(values["owner"])
        draft = Version(
            publication=slug, number=1, files=dict.fromkeys(sent, "0" * 64), record=record, published_by=by,
            published_at=self.store.now(),
        )  # fmt: skip
        version = self.store.add_version(draft)
        found = {name: self.store.entry(name) for name in uses}
        rests_on = tuple(
            RestsOn(entry=name, access=entry.access, version="2026-10", sha256="a" * 64,
                    agreement="" if entry.access == "open" else "ISA-1")
            for name, entry in found.items() if entry
        )  # fmt: skip
        closed = any(entry and entry.access != "open" for entry in found.values())
        label = Label(
            access="closed", agreements=("ISA-1",), parties=("gla", "camden"), purposes=("school-place-planning",),
            outputs="aggregate-only", personal=True,
        ) if closed else Label()  # fmt: skip
        left = gathered(tables, label.access)
        passed = version.model_copy(update={"rests_on": rests_on, "label": label, "tables": left.tables, **fields})
        self.hall.snapshots.put(slug, version.number, sent)
        added = {RECEIPT: json.dumps({"@graph": []}).encode(), PICTURE: picture()}
        hashes = self.hall.snapshots.add(slug, version.number, {**added, **left.files, **files})
        ready = self.store.accept(passed.model_copy(update={"files": {**passed.files, **hashes}}), by)
        self.shelve(slug)
        return ready

    def shelve(self, slug: str) -> None:
        """Write its entry into the register."""
        publication = self.store.find(slug)
        version = self.store.version(slug, publication.current)
        used = {each.entry: self.store.entry(each.entry) for each in version.rests_on}
        entry = register_entries.entry_of(publication, version, version.label, used)
        report = self.register.upsert([entry], source=register_entries.source_of(publication))
        assert not report.refused, report.refused


@contextmanager
def insights_world(folder: Path) -> Iterator[World]:
    """Serve it."""
    database = f"sqlite:///{folder / 'register.sqlite'}"
    with (
        world.stores(folder, database=database) as (register, _),
        PublicationStore(database, folder / "anchors") as store,
    ):
        login = Login(PREFIX, "service-insights", "secret", "http://127.0.0.1:9/hub/api", "/hub/api/oauth2/authorize")
        hall = Counter(register, store, folder)

        @asynccontextmanager
        async def running() -> AsyncIterator[Publisher]:
            groups = {name: subject.groups for name, subject in PEOPLE.items()}
            publisher = Publisher(store, register, hall.snapshots, Passes(), people=lambda: groups)
            try:
                yield publisher
            finally:
                publisher.close()

        app = create_app(hall, by_name, login, running, acting=as_insight)
        with served(app, base="") as address:
            yield World(address, folder, database, store, register, hall, login)


def picture(width: int = 640, height: int = 400) -> bytes:
    """Draw a real PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\x2b\x6c\x8f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def gathered(names: tuple[str, ...], access: str) -> Gathered:
    """Leave real tables of invented people, as a check does, and take them in as the hub does."""
    import pandas as pd

    if not names:
        return Gathered()
    people = pd.DataFrame({"ward": ["Abbey"] * 43 + ["Brook"] * 58 + ["Castle"] * 4})
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"LONDATA_OUTPUT_TABLES": folder}):
        for name in names:
            insights.table(name, lambda: people, title=f"Pupils by ward ({name})", unit="pupils", by="ward")
        return gather(Path(folder), Thresholds(), access)
