"""The gateway of the tests: a real one in a thread, on a port or on a unix socket, over a real register and real files.

``World`` is what there is: three entries of one school authority, an agreement for each way to share, people and their
grants. ``served_gateway(world)`` runs the gateway and gives a handle; ``python -m gateway_service`` runs it as a
process of its own, to be killed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import datetime as dt
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from londata.access import Subject
from londata.client import unix_address
from londata.errors import NotAuthenticatedError
from londata.records import Agreement, Entry, Grant, Project, entry_from_dict
from londata_hub.gateway.insights import Insights
from londata_hub.gateway.opening import Opener
from londata_hub.services.gateway import Gateway
from londata_hub.store import AccessStore, Holding, RegisterStore
from londata_hub.store.publication_store import PublicationStore

BASE = "/services/gateway"
BOROUGHS = ("Barnet", "Camden", "Hackney")
GROUPS = {"ada": {"analysts", "org-camden"}, "bola": {"analysts", "org-camden"}, "eve": {"analysts", "org-elsewhere"}}
TOKENS = {f"token-of-{name}": name for name in (*GROUPS, "service/report", "service/apps", "service/insights")}


def table(rows: int) -> pa.Table:
    """Make rolls up: one row per pupil."""
    random = np.random.default_rng(3)
    return pa.table(
        {
            "pupil": pa.array([f"P{number:07}" for number in range(rows)]),
            "borough": pa.array(BOROUGHS).take(pa.array(np.sort(random.integers(0, 3, rows)))),
            "age": pa.array(random.integers(4, 19, rows)),
            "distance": pa.array(random.random(rows).round(3)),
        }
    )


def an_entry(slug: str, formats: dict[str, str], **more: Any) -> Entry:
    """Describe an entry whose data comes through the gateway."""
    through = [{"id": name, "media_type": kind, "through": "gateway"} for name, kind in formats.items()]
    publisher = {"id": "camden", "name": "London Borough of Camden", "kind": "borough"}
    values = {"kind": "dataset", "id": slug, "title": slug.title(), "publisher": publisher, "access": "closed"}
    return entry_from_dict(values | {"distributions": through} | more)


def an_agreement(name: str, covers: list[dict[str, Any]], today: dt.date, **more: Any) -> Agreement:
    """Sign an agreement that runs for a year."""
    values: dict[str, Any] = {
        "id": name,
        "title": f"Agreement {name}",
        "status": "signed",
        "mirror_of": {"system": "paper", "reference": name, "confirmed_on": today},
        "parties": [{"organisation": "camden", "role": "controller"}],
        "purposes": ["school-place-planning"],
        "legal_basis": {},
        "covers": covers,
        "outputs": "aggregate-only",
        "start": today - dt.timedelta(days=10),
        "review_by": today + dt.timedelta(days=300),
        "end": today + dt.timedelta(days=360),
    }
    return Agreement.model_validate(values | more)


_MADE: dict[int, World] = {}


@dataclass
class World:
    """A folder with a register, a log, holders' files, and what is arranged about them."""

    folder: Path
    rows: int = 60_000

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'register.sqlite'}"

    @property
    def holders(self) -> Path:
        return self.folder / "holders"

    @property
    def rolls(self) -> Path:
        """The file that may be read whole."""
        return self.holders / "rolls.parquet"

    def make(self) -> World:
        """Write everything down, or copy what was written before."""
        if self.rows not in _MADE:
            _MADE[self.rows] = World(Path(tempfile.mkdtemp(prefix="world-")), self.rows)._make()
            atexit.register(shutil.rmtree, _MADE[self.rows].folder, ignore_errors=True)
        shutil.copytree(_MADE[self.rows].folder, self.folder, dirs_exist_ok=True)
        return self

    def _make(self) -> World:
        self.holders.mkdir(parents=True)
        data = table(self.rows)
        pq.write_table(data, self.rolls, row_group_size=10_000)
        data.slice(0, 3_000).to_pandas().to_csv(self.holders / "rolls.csv", index=False)
        parquet, csv = {"parquet": "application/vnd.apache.parquet"}, {"csv": "text/csv"}
        entries = [
            an_entry("rolls", parquet | csv),
            an_entry("ages", parquet),
            an_entry("secret", parquet, listing="hidden"),
            an_entry("plain", parquet, access="open"),
        ]
        with RegisterStore(self.database, self.folder / "index") as register:
            register.upsert(entries, source="tests")
        with self.store() as store:
            self.arrange(store)
        return self

    def arrange(self, store: AccessStore) -> None:
        """Sign, found, grant and hold."""
        now = store.now()
        today, until = now.date(), now + dt.timedelta(days=200)
        some = {"columns": ["borough", "age"], "rows": {"conditions": [{"column": "borough", "values": ["Camden"]}]}}
        store.record(an_agreement("ISA-1", [{"entry": "rolls"}, {"entry": "secret"}], today), "operator")
        store.record(an_agreement("ISA-2", [{"entry": "ages", **some}], today), "operator")
        for name, people in (("places", ("ada", "bola")), ("routes", ("ada",))):
            values = {"title": name, "purpose": "school-place-planning", "public_benefit": "Good.", "end": until.date()}
            agreements = ("ISA-1", "ISA-2")
            store.record(Project(id=name, members=people, agreements=agreements, **values), "operator")
        for person, entry, project in (
            ("ada", "rolls", "places"),
            ("ada", "rolls", "routes"),
            ("ada", "ages", "places"),
            ("ada", "secret", "places"),
            ("bola", "rolls", "places"),
        ):
            agreement = "ISA-2" if entry == "ages" else "ISA-1"
            values = {"subject": person, "entry": entry, "project": project, "agreement": agreement, "until": until}
            name = f"{person}-{entry}-{project}"
            store.grant(Grant(id=name, granted_by="chen", granted_at=now, **values), "operator")
        for entry, distribution, name in (
            ("rolls", "parquet", "rolls.parquet"),
            ("rolls", "csv", "rolls.csv"),
            ("ages", "parquet", "rolls.parquet"),
            ("secret", "parquet", "rolls.parquet"),
        ):
            store.hold(Holding(entry, distribution, "file", name), "operator")

    def store(self, **more: Any) -> AccessStore:
        return AccessStore(self.database, self.folder / "audit-anchors", **more)

    def publications(self, **more: Any) -> PublicationStore:
        return PublicationStore(self.database, self.folder / "audit-anchors", **more)


class People:
    """The hub of the tests: who holds which token, and who is in which groups."""

    def __init__(self) -> None:
        self.groups: dict[str, frozenset[str] | None] = {name: frozenset(each) for name, each in GROUPS.items()}

    async def authenticate(self, token: str) -> Subject:
        if self.groups.get(TOKENS.get(token, ""), frozenset()) is None or token not in TOKENS:
            raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
        name = TOKENS[token]
        return Subject(name, self.groups.get(name) or frozenset())

    async def groups_of(self, name: str) -> frozenset[str] | None:
        return self.groups.get(name)


@dataclass
class RunningGateway:
    """A gateway that runs."""

    world: World
    address: str
    store: AccessStore
    gateway: Gateway
    people: People
    loop: asyncio.AbstractEventLoop
    publications: PublicationStore

    def client(self, token: str = "", **more: Any) -> httpx.Client:
        """A client of the gateway's API with a token; over the socket, if it listens on one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        more |= {"verify": False, "timeout": 60}  # there is nothing to verify, and certificates take long to load
        if self.address.startswith("http+unix"):
            socket = self.world.folder / "gateway.sock"
            transport, base = httpx.HTTPTransport(uds=str(socket), verify=False), f"http://localhost{BASE}"
            return httpx.Client(transport=transport, base_url=f"{base}/api/v1", headers=headers, **more)
        return httpx.Client(base_url=f"{self.address}/api/v1", headers=headers, **more)

    def ask(self, entry: str = "rolls", who: str = "ada", **more: Any) -> httpx.Response:
        """Ask for a reading; over a connection of its own."""
        body = {"entry": entry, "project": "places"} | ({"distribution": "parquet"} if entry == "rolls" else {})
        with self.client(f"token-of-{who}") as client:
            return client.post("/readings", json=body | more)

    def begin(self, entry: str = "rolls", who: str = "ada", **more: Any) -> dict[str, Any]:
        """Begin a reading."""
        answer = self.ask(entry, who, **more)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def url(self, reading: dict[str, Any]) -> str:
        return f"{self.address}/api/v1{reading['path']}"

    def get(self, reading: dict[str, Any], method: str = "GET", **headers: str) -> httpx.Response:
        """Send one request for a reading's bytes."""
        with self.client(reading["token"]) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.request(method, reading["path"], headers=named)

    def run(self, coroutine: Any) -> Any:
        """Run something where the gateway runs."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def log(self, *kinds: str) -> list[dict[str, Any]]:
        return log_lines(self.world, *kinds)


ASK = """
import json, sys, httpx
base = "http://localhost/services/gateway/api/v1"
client = httpx.Client(transport=httpx.HTTPTransport(uds=sys.argv[1], verify=False), base_url=base)
for line in sys.stdin:
    asked = json.loads(line)
    if "token" in asked:
        answer = client.get(asked["path"], headers={"Authorization": f"Bearer {asked['token']}", "Range": "bytes=0-9"})
    else:
        answer = client.post("/readings", json=asked, headers={"Authorization": f"Bearer token-of-{sys.argv[2]}"})
    said = {} if answer.status_code == 206 else answer.json()
    print(json.dumps({"status": answer.status_code, **said}), flush=True)
"""


class Kernel:
    """A process that asks over the socket as somebody, in a session of its own or in that of whoever starts it."""

    def __init__(self, gateway: RunningGateway, who: str = "ada", before: Sequence[str] = ()) -> None:
        path = str(gateway.world.folder / "gateway.sock")
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", ASK, path, who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, **asked: Any) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def begin(self, project: str = "places") -> dict[str, Any]:
        return self.ask(entry="rolls", distribution="parquet", project=project)

    def get(self, reading: dict[str, Any]) -> dict[str, Any]:
        return self.ask(token=reading["token"], path=reading["path"])

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)


def log_lines(world: World, *kinds: str) -> list[dict[str, Any]]:
    """Read the log as it is in the database: every line, or those of some kinds."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(world.folder / "register.sqlite")) as database:
        lines = [json.loads(line) for (line,) in database.execute("SELECT line FROM audit ORDER BY seq")]
    return [line for line in lines if not kinds or line["what"] in kinds]


@contextlib.contextmanager
def served_gateway(world: World, *, on_socket: bool = False, **store: Any) -> Iterator[RunningGateway]:
    """Run a gateway over a world; it is stopped in order at the end."""
    people = People()
    with world.store(**store) as opened, world.publications(**store) as publications:
        opener = Opener(opened, world.folder / "gateway", world.folder / "gateway" / "holders.key")
        notes = world.folder / "sessions"
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def run(coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

        async def made() -> Gateway:
            insights = Insights(publications.find, people.groups_of)
            more = {"prefix": BASE, "notes": notes, "insights": insights}
            return Gateway(opened, opener, people.authenticate, people.groups_of, **more)

        gateway = run(made())
        try:
            address = unix_address(world.folder / "gateway.sock", BASE) if on_socket else f"http://127.0.0.1{BASE}"
            listening = run(gateway.start(address if on_socket else "http://127.0.0.1:0"))
            if not on_socket:
                address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}{BASE}"
            yield RunningGateway(world, address, opened, gateway, people, loop, publications)
        finally:
            run(gateway.stop())
            run(loop.shutdown_default_executor())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(60)
            loop.close()
            opener.close()


def main(folder: str) -> None:
    """Serve a world on its socket until killed."""
    with served_gateway(World(Path(folder)), on_socket=True):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
