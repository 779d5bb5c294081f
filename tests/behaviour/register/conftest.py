"""A register with thousands of entries behind its real service, on a port and on a socket."""

import tempfile
from pathlib import Path

import httpx
import pytest

from data_holder import Holder
from londata.catalog_files import FileRegister
from londata.client import Endpoint, RegisterClient
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import RegisterStore
from numbered_entries import MANY, made_up
from register_service import BASE, TOKEN, only_ada, served

ANOTHER_FILE = {"id": "csv", "path": "data/boroughs.csv", "media_type": "text/csv", "sha256": "0a" * 32}


@pytest.fixture(scope="session")
def holder():
    with Holder() as holder:
        yield holder


@pytest.fixture(scope="session")
def store(shared_catalog, holder, tmp_path_factory):
    """A real store: the small catalogue, many more entries, and some whose bytes are elsewhere."""
    state = tmp_path_factory.mktemp("store")
    elsewhere = [
        {"id": "good", "url": holder.url("/good.csv"), "media_type": "text/csv"},
        {"id": "moved", "url": holder.url("/moved.csv"), "media_type": "text/csv"},
        {"id": "private", "url": "http://127.0.0.1:9/x.csv", "media_type": "text/csv"},
    ]
    more = [
        made_up(MANY, id="held-elsewhere", title="Held elsewhere", distributions=elsewhere),
        made_up(MANY, id="lost", distributions=[{"id": "csv", "path": "data/lost.csv", "media_type": "text/csv"}]),
        made_up(MANY, id="led-out", distributions=[{"id": "csv", "path": "data/out.csv", "media_type": "text/csv"}]),
        made_up(MANY, id="another-file", distributions=[ANOTHER_FILE]),
        made_up(MANY, id="markup", title="<script>alert(1)</script> مدارس 🏫", access="closed"),
    ]
    outside = shared_catalog.parent / "outside.csv"
    outside.write_text("secret\n")
    (shared_catalog / "data" / "out.csv").symlink_to(outside)
    files = FileRegister(shared_catalog)
    with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store:
        store.upsert([*files.loaded.entries, *map(made_up, range(MANY)), *more], source="tests")
        store.note(themes=files.loaded.themes, aliases=files.loaded.aliases)
        yield store


@pytest.fixture(scope="module", params=["port", "socket"])
def address(request, store, shared_catalog):
    app = create_app(store, only_ada, Content(shared_catalog), prefix=f"{BASE}/")
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "register.sock" if request.param == "socket" else None
        with served(app, socket) as address:
            yield address


@pytest.fixture
def client(address):
    client = RegisterClient(address, TOKEN)
    yield client
    client.close()


@pytest.fixture(scope="module")
def ask(address):
    """Ask the service as any program would; gives the plain answer."""
    endpoint = Endpoint.of(address)
    transport = httpx.HTTPTransport(uds=endpoint.socket)
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(transport=transport, headers=headers, base_url=f"{endpoint.base}/api/v1", timeout=30) as http:
        yield http.get


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LONDATA_TOKEN", raising=False)
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
