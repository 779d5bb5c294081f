"""Checks of insights for tests: a real register behind a real relay, and snapshots to check in a real sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from londata.access import Subject
from londata.catalog_files import FileRegister
from londata.records.publications import Publication, Version
from londata_hub import sandbox
from londata_hub.apps.relay import Relay
from londata_hub.publishing.checked import Checked
from londata_hub.publishing.checking import Bounds, SandboxChecker
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import RegisterStore
from register_service import BASE, TOKEN, served

WHEN = dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.UTC)
READS = "from londata import catalog\nprofile = catalog.borough_profile.read()"
RECORD = {
    "title": "Sizes of boroughs",
    "summary": "How many live where.",
    "public_benefit": "Everybody knows.",
    "friction": "Nobody had added them up.",
    "method": "Counted.",
    "limits": "Generated.",
    "licence": "ogl-3",
}


@contextlib.contextmanager
def doors(catalog: Path) -> Iterator[Path]:
    """Serve the small catalogue on a socket, in a folder of doors that a relay can use."""
    files = FileRegister(catalog)
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as short:
        state, sockets = Path(short), Path(short) / "d"
        sockets.mkdir()
        with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store:
            store.upsert(files.loaded.entries, source="tests")
            store.note(themes=files.loaded.themes, aliases=files.loaded.aliases)
            app = create_app(store, _the_service, Content(catalog), prefix=f"{BASE}/", acting=_as_insight)
            with served(app, sockets / "register.sock"):
                yield sockets


async def _the_service(token: str) -> Subject:
    assert token == TOKEN
    return Subject("service/insights")


async def _as_insight(slug: str) -> Subject:
    return Subject(f"app/{slug}", owner="ada")


def snapshot(folder: Path, *cells: str, files: Mapping[str, bytes] | None = None, **record: Any) -> Version:
    """Write a snapshot, and say what it is."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    folder.mkdir(parents=True)
    written = {"app.ipynb": nbformat.writes(content).encode(), **(files or {})}
    for name, content_of in written.items():
        (folder / name).write_bytes(content_of)
    hashes = {name: hashlib.sha256(each).hexdigest() for name, each in written.items()}
    return Version(
        publication="sizes", number=1, files=hashes, record=RECORD | record, published_by="ada", published_at=WHEN
    )


def check(
    sockets: Path, version: Version, folder: Path, bounds: Bounds | None = None, say: Any = lambda _: None
) -> Checked:
    """Check a version as the hub does."""
    why_not = sandbox.why_not()
    assert not why_not, f"this test needs a sandbox: {why_not}"
    publication = Publication(slug="sizes", owner="ada", audience=("hub",), created_at=WHEN)

    async def story() -> Checked:
        relay = Relay(sockets, TOKEN)
        loop = asyncio.get_running_loop()
        checker = SandboxChecker(relay, loop, isolated=True, bounds=bounds or Bounds(seconds=60))
        try:
            return await asyncio.to_thread(checker.check, publication, version, folder, say)
        finally:
            await relay.close()

    return asyncio.run(story())


def said(checked: Checked, weight: str = "must") -> list[tuple[str, str]]:
    """List what was found of a weight: which check, and its sentence."""
    return [(each.check, each.sentence) for each in checked.findings if each.weight == weight]
