"""The catalog that analysts touch, over catalogue files and over the register's service."""

from __future__ import annotations

import pytest

from londata import open_catalog
from londata.catalog_files import FileRegister
from londata.client import RegisterClient
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import RegisterStore
from register_service import BASE, TOKEN, only_ada, served


@pytest.fixture(scope="module")
def service(shared_catalog, tmp_path_factory):
    """The register's real service over a real store, on a port of its own."""
    state = tmp_path_factory.mktemp("service")
    files = FileRegister(shared_catalog)
    with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store:
        store.upsert(files.loaded.entries, source="files")
        store.note(themes=files.loaded.themes, aliases=files.loaded.aliases)
        with served(create_app(store, only_ada, Content(shared_catalog), prefix=f"{BASE}/")) as address:
            yield address


@pytest.fixture(scope="module", params=["files", "service"])
def address(request, shared_catalog):
    return str(shared_catalog) if request.param == "files" else request.getfixturevalue("service")


@pytest.fixture
def catalog(address, tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_TOKEN", TOKEN)
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    catalog = open_catalog(address)
    yield catalog
    if isinstance(catalog.register, RegisterClient):
        catalog.register.close()
